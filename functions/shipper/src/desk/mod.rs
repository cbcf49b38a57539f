//! The one place that knows which carrier is spoken to: every call to a carrier goes through a [`Desk`], which
//! matches on the account's kind, and minds how the account has been answering.

mod click_and_drop;
mod dpd;
mod pace;
mod pro_shipping;
mod watch;

use crate::Env;
use jiff::{SignedDuration, Timestamp};
use pace::Pace;
pub(crate) use pace::seconds;
use std::sync::Arc;
use watch::Watch;
use waybill_carriers::account::Account;
use waybill_carriers::error::CannotBuild;
use waybill_carriers::royal_mail::label::Declaration;
use waybill_carriers::royal_mail::returns::{Return, ReturnRequest};
use waybill_domain::ConnectionId;
use waybill_domain::advice::Advice;
use waybill_domain::breaker::Gate;
use waybill_domain::exception::Reason;
use waybill_domain::order::Order;
use waybill_domain::paper::Paper;
use waybill_domain::service::ServiceChoice;
use waybill_domain::shipment::{LabelFormat, Shipment};
use waybill_privacy::Recipient;
use waybill_privacy::disclosure::{Disclosed, Field};
use waybill_runtime::Failure;
use waybill_runtime::directory;
use waybill_runtime::line::Line;
use waybill_runtime::metrics::Platform;
use waybill_runtime::remote::Told;
use waybill_store::StoreError;
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
    /// No telling: more than one. A person must look.
    Unclear(&'static str),
    /// The carrier shows no bookings by reference, so its silence proves nothing: once it may have been asked to
    /// book, a person must look.
    Unproven(&'static str),
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
    connection: ConnectionId,
    now: Timestamp,
    watch: Watch,
    pace: Pace,
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
        let (watch, gate) = Watch::start(env, id, platform(&carrier), now).await?;
        Ok(match gate {
            Gate::Closed | Gate::Trying => {
                let pace = Pace::new(id, carrier.rate());
                Ok(Self { account: carrier, connection: id.clone(), now, watch, pace })
            }
            Gate::Open { seconds } => Err(Closed::Until(waybill_domain::time::after(
                now,
                SignedDuration::from_secs(i64::from(seconds)),
            ))),
        })
    }

    /// The personal fields a service may be given here.
    pub(crate) fn allowed_fields(&self, service: &ServiceChoice) -> Vec<Field> {
        self.account.allowed_fields(service)
    }

    /// A recipient cut down to what this account is given for a service.
    pub(crate) fn disclose(&self, who: Recipient, service: &ServiceChoice) -> Disclosed {
        self.account.disclose(who, service)
    }

    /// The service is one of this account's platform.
    fn check(&self, service: &ServiceChoice) -> Result<(), Told> {
        Ok(self.account.for_service(service).map(|_| ())?)
    }

    /// The way to an account that logs in.
    fn line<'a, A>(&'a self, env: &'a Env, account: &'a A) -> Line<'a, A> {
        Line {
            db: &env.db,
            vault: env.vault.as_ref(),
            outbound: env.outbound.as_ref(),
            connection: &self.connection,
            account,
            now: self.now,
        }
    }

    fn click_and_drop<'a>(
        &'a self,
        env: &'a Env,
        account: &'a waybill_carriers::royal_mail::Account,
    ) -> click_and_drop::Line<'a> {
        click_and_drop::Line { env, account, pace: &self.pace }
    }

    /// Takes out of the account's budget the calls that get a shipment its label: nothing, or how long until there
    /// are as many. `asks` says that the shipment is looked for before it is created.
    pub(crate) async fn reserve(
        &self,
        env: &Env,
        shipment: &Shipment,
        asks: bool,
    ) -> Result<Option<SignedDuration>, StoreError> {
        match self.account {
            Account::ClickAndDrop(_) => self.pace.take(env, click_and_drop::calls(shipment, asks)).await,
            // They document no limit: see `Account::rate`.
            Account::ProShipping(_) | Account::Dpd(_) => Ok(None),
        }
    }

    /// The carrier shows what was booked under a reference. One that does not tells its own key once, in the reply
    /// to the create.
    pub(crate) fn shows_bookings(&self) -> bool {
        match self.account {
            Account::ClickAndDrop(_) | Account::ProShipping(_) => true,
            Account::Dpd(_) => false,
        }
    }

    /// What the carrier holds under our reference; `to` is the recipient, where we may still read it.
    pub(crate) async fn find(
        &self,
        env: &Env,
        reference: &str,
        to: Option<&Disclosed>,
    ) -> Result<Found, Told> {
        let asked = async {
            match &self.account {
                Account::ClickAndDrop(account) => {
                    click_and_drop::find(&self.click_and_drop(env, account), reference).await
                }
                Account::ProShipping(account) => {
                    pro_shipping::find(&self.line(env, account.as_ref()), reference).await
                }
                Account::Dpd(account) => dpd::find(&self.line(env, account.as_ref()), reference, to).await,
            }
        };
        self.watch.over(env, asked).await
    }

    /// Books, without a label.
    pub(crate) async fn create(&self, env: &Env, booking: &Booking<'_>) -> Result<Held, Told> {
        self.check(&booking.shipment.service)?;
        let account = match &self.account {
            Account::ClickAndDrop(account) => {
                let line = self.click_and_drop(env, account);
                return self.watch.over(env, click_and_drop::create(&line, booking)).await;
            }
            Account::ProShipping(account) => {
                let line = self.line(env, account.as_ref());
                return self.watch.over(env, pro_shipping::create(&line, booking)).await;
            }
            Account::Dpd(account) => account,
        };
        let line = self.line(env, account.as_ref());
        let goods = dpd::goods(account, booking)?;
        for _ in 0..2 {
            let key = dpd::service(&line, booking, &goods);
            // Nothing is booked by asking: this may be done again from the beginning.
            let key = self.watch.over(env, key).await.map_err(nothing_asked_yet)?;
            let made = dpd::create(&line, booking, &goods, &key);
            if let Some(held) = self.watch.over(env, made).await? {
                return Ok(held);
            }
        }
        Err(dpd::stale())
    }

    /// Makes the label of what the carrier holds, or prints it again: repeating it buys nothing.
    pub(crate) async fn label(&self, env: &Env, held: &Held, customs: bool) -> Result<Printed, Told> {
        let printed = async {
            match &self.account {
                Account::ClickAndDrop(account) => {
                    click_and_drop::label(&self.click_and_drop(env, account), held, customs).await
                }
                Account::ProShipping(account) => {
                    pro_shipping::label(&self.line(env, account.as_ref()), held).await
                }
                Account::Dpd(account) => dpd::labels(&self.line(env, account.as_ref()), held).await,
            }
        };
        self.watch.over(env, printed).await
    }

    /// Undoes a label.
    pub(crate) async fn delete(&self, env: &Env, carrier_order: &str) -> Result<Undone, Told> {
        let undone = async {
            match &self.account {
                Account::ClickAndDrop(account) => {
                    click_and_drop::delete(&self.click_and_drop(env, account), carrier_order).await
                }
                Account::ProShipping(account) => {
                    pro_shipping::delete(&self.line(env, account.as_ref()), carrier_order).await
                }
                Account::Dpd(_) => Ok(dpd::delete()),
            }
        };
        self.watch.over(env, undone).await
    }

    /// A paper of what the carrier holds. Asking again prints it again.
    pub(crate) async fn paper(&self, env: &Env, carrier_order: &str, paper: Paper) -> Result<Vec<u8>, Told> {
        let printed = async {
            match &self.account {
                Account::ClickAndDrop(account) => {
                    click_and_drop::paper(&self.click_and_drop(env, account), carrier_order, paper).await
                }
                Account::ProShipping(_) | Account::Dpd(_) => Err(not_offered("papers apart from the label")),
            }
        };
        self.watch.over(env, printed).await
    }

    /// Books a return label. Asking again books another.
    pub(crate) async fn send_back(&self, env: &Env, request: &ReturnRequest<'_>) -> Result<Return, Told> {
        let made = async {
            match &self.account {
                Account::ClickAndDrop(account) => {
                    click_and_drop::send_back(&self.click_and_drop(env, account), request).await
                }
                Account::ProShipping(_) | Account::Dpd(_) => Err(not_offered("return labels")),
            }
        };
        self.watch.over(env, made).await
    }

    /// Hands every label of the account over.
    pub(crate) async fn manifest(&self, env: &Env, carrier_name: &str) -> Result<Sheet, Told> {
        let made = async {
            match &self.account {
                Account::ClickAndDrop(account) => {
                    click_and_drop::manifest(&self.click_and_drop(env, account), carrier_name).await
                }
                Account::ProShipping(_) => Err(pro_shipping::no_manifest()),
                Account::Dpd(_) => Err(dpd::no_manifest()),
            }
        };
        self.watch.over(env, made).await
    }

    /// How far a manifest is.
    pub(crate) async fn manifest_status(&self, env: &Env, number: u64) -> Result<Sheet, Told> {
        let seen = async {
            match &self.account {
                Account::ClickAndDrop(account) => {
                    click_and_drop::manifest_status(&self.click_and_drop(env, account), number).await
                }
                Account::ProShipping(_) => Err(pro_shipping::no_manifest()),
                Account::Dpd(_) => Err(dpd::no_manifest()),
            }
        };
        self.watch.over(env, seen).await
    }
}

/// How CloudWatch tells platforms apart.
fn platform(account: &Account) -> Platform {
    match account {
        Account::ClickAndDrop(_) => Platform::ClickAndDrop,
        Account::ProShipping(_) => Platform::ProShipping,
        Account::Dpd(_) => Platform::Dpd,
    }
}

/// Nobody has seen this carrier do it.
fn not_offered(what: &'static str) -> Told {
    CannotBuild::Unsupported { what }.into()
}

/// A carrier that has what was booked and does not show it yet.
pub(crate) fn not_yet(text: &str) -> Told {
    Told { advice: Advice::Wait { seconds: 30 }, text: text.to_owned() }
}

/// A question that went unanswered before anything was booked: it is put again, by whoever comes, as if for the
/// first time.
fn nothing_asked_yet(told: Told) -> Told {
    match told.advice {
        Advice::Retry => Told { advice: Advice::Wait { seconds: 30 }, ..told },
        _ => told,
    }
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
