//! The one place that knows which carrier is spoken to: every call to a carrier goes through a [`Desk`], which
//! matches on the account's kind, and minds how the account has been answering.

mod click_and_drop;
mod watch;

use crate::Env;
use jiff::Timestamp;
use std::sync::Arc;
use watch::Watch;
use waybill_carriers::account::Account;
use waybill_carriers::royal_mail::label::Declaration;
use waybill_domain::ConnectionId;
use waybill_domain::advice::Advice;
use waybill_domain::breaker::Gate;
use waybill_domain::exception::Reason;
use waybill_domain::order::Order;
use waybill_domain::service::ServiceChoice;
use waybill_domain::shipment::{LabelFormat, Shipment};
use waybill_privacy::disclosure::Disclosed;
use waybill_runtime::Failure;
use waybill_runtime::directory;
use waybill_runtime::remote::Told;
use waybill_store::registry::ConnectionState;

/// What is booked: the shipment, and no more of its recipient than the service may have.
pub(crate) struct Booking<'a> {
    pub(crate) order: &'a Order,
    pub(crate) shipment: &'a Shipment,
    pub(crate) to: &'a Disclosed,
    pub(crate) customs: Option<Declaration<'a>>,
}

/// What a carrier holds of a shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// The carrier's own key for it.
    pub(crate) carrier_order: String,
    /// The numbers of its parcels, where the carrier gives them before the label.
    pub(crate) numbers: Vec<String>,
}

/// What a carrier holds under our reference.
pub(crate) enum Found {
    /// Nothing.
    None,
    /// One booking.
    One(Held),
    /// No telling: more than one, or the carrier cannot be asked by reference. A person must look.
    Unclear(&'static str),
}

/// A label as the carrier made it, with the number of every parcel.
pub(crate) struct Printed {
    pub(crate) format: LabelFormat,
    pub(crate) bytes: Vec<u8>,
    pub(crate) numbers: Vec<String>,
}

/// What became of undoing a label.
pub(crate) enum Undone {
    /// The carrier has nothing of it any more.
    Done,
    /// It keeps it; its code.
    Refused(String),
}

/// A manifest as far as the carrier is with it.
pub(crate) enum Sheet {
    /// Made, with its document.
    Done { number: u64, pdf: Vec<u8> },
    /// Being made.
    Working { number: u64 },
}

/// Why an account cannot be spoken to now.
pub(crate) enum Closed {
    /// Its connection is paused: the clock brings the work back once it is not.
    Paused,
    /// The carrier has not been answering.
    Until(Timestamp),
}

/// A carrier account that may be called.
pub(crate) struct Desk {
    account: Account,
    watch: Watch,
}

impl Desk {
    /// Opens the desk of a connection.
    pub(crate) async fn open(
        env: &Env,
        id: &ConnectionId,
        now: Timestamp,
    ) -> Result<Result<Self, Closed>, Failure> {
        let account: Arc<directory::Account> =
            env.directory.account(id, now).await?.ok_or(Failure::Fault("no such carrier connection"))?;
        if account.connection.state != ConnectionState::Active {
            return Ok(Err(Closed::Paused));
        }
        let carrier = account.carrier().ok_or(Failure::Fault("the connection is not a carrier's"))?;
        let (watch, gate) = Watch::start(env, id, now).await?;
        Ok(match gate {
            Gate::Closed | Gate::Trying => Ok(Self { account: carrier, watch }),
            Gate::Open { seconds } => Err(Closed::Until(waybill_domain::time::after(
                now,
                jiff::SignedDuration::from_secs(i64::from(seconds)),
            ))),
        })
    }

    /// The service is one of this account's platform.
    fn check(&self, service: &ServiceChoice) -> Result<(), Told> {
        Ok(self.account.for_service(service).map(|_| ())?)
    }

    /// What the carrier holds under our reference.
    pub(crate) async fn find(&self, env: &Env, reference: &str) -> Result<Found, Told> {
        let asked = match &self.account {
            Account::ClickAndDrop(account) => click_and_drop::find(env, account, reference).await,
        };
        self.watch.note(env, asked).await
    }

    /// Books, without a label.
    pub(crate) async fn create(&self, env: &Env, booking: &Booking<'_>) -> Result<Held, Told> {
        self.check(&booking.shipment.service)?;
        let made = match &self.account {
            Account::ClickAndDrop(account) => click_and_drop::create(env, account, booking).await,
        };
        self.watch.note(env, made).await
    }

    /// Makes the label of what the carrier holds, or prints it again: repeating it buys nothing.
    pub(crate) async fn label(&self, env: &Env, held: &Held, customs: bool) -> Result<Printed, Told> {
        let printed = match &self.account {
            Account::ClickAndDrop(account) => click_and_drop::label(env, account, held, customs).await,
        };
        self.watch.note(env, printed).await
    }

    /// Undoes a label.
    pub(crate) async fn delete(&self, env: &Env, carrier_order: &str) -> Result<Undone, Told> {
        let undone = match &self.account {
            Account::ClickAndDrop(account) => click_and_drop::delete(env, account, carrier_order).await,
        };
        self.watch.note(env, undone).await
    }

    /// Hands every label of the account over.
    pub(crate) async fn manifest(&self, env: &Env, carrier_name: &str) -> Result<Sheet, Told> {
        let made = match &self.account {
            Account::ClickAndDrop(account) => click_and_drop::manifest(env, account, carrier_name).await,
        };
        self.watch.note(env, made).await
    }

    /// How far a manifest is.
    pub(crate) async fn manifest_status(&self, env: &Env, number: u64) -> Result<Sheet, Told> {
        let seen = match &self.account {
            Account::ClickAndDrop(account) => click_and_drop::manifest_status(env, account, number).await,
        };
        self.watch.note(env, seen).await
    }
}

/// A carrier that has what was booked and does not show it yet.
pub(crate) fn not_yet(text: &str) -> Told {
    Told { advice: Advice::Wait { seconds: 30 }, text: text.to_owned() }
}

/// Reasons that a request gave before anything was booked: the carrier holds nothing because of it.
pub(crate) fn booked_nothing(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::CarrierRefused
            | Reason::CreditAccountNeeded
            | Reason::CustomsIncomplete
            | Reason::NoService
            | Reason::NotAssessed
    )
}
