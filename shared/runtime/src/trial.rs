//! Trying a carrier's account: questions that book nothing and tell the carrier nothing of any buyer.

use crate::channel::NotDone;
use crate::directory::Account;
use crate::line::Line;
use crate::remote::{Told, exchange};
use crate::token::Tokens;
use http::Response;
use jiff::Timestamp;
use waybill_carriers::account::{self, TrackingAccount};
use waybill_carriers::dpd::{self, services};
use waybill_carriers::error::CannotRead;
use waybill_carriers::pro_shipping::accounts;
use waybill_carriers::royal_mail::{label, track};
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_privacy::disclosure::Disclosed;
use waybill_privacy::{Recipient, Sensitive};
use waybill_store::budget::EVERY_CALL;

/// A reference of no shipment. Click & Drop's `GET /version` takes no key (contracts/royal-mail, "Click & Drop:
/// basics"), so it would say that a wrong one works.
const NO_REFERENCE: &str = "waybill-connection-test";
/// A number in the shape of Royal Mail's, of no parcel.
const NO_PARCEL: &str = "AA000000005GB";
/// The weight of the parcel that DPD is asked about.
const GRAMS: u32 = 1000;

type Reply = Response<Vec<u8>>;

/// Asks an account what only its owner may ask: Click & Drop for a reference nobody has, Pro Shipping for its
/// shipping accounts, DPD for what is on offer from the seller to the seller; and Royal Mail's tracking, where the
/// account has it, for a parcel that is not.
///
/// # Errors
/// `Told` with a code when the account does not work, or to wait for its budget of calls; `Store` as AWS answers.
pub async fn try_carrier(way: Tokens<'_>, account: &Account, now: Timestamp) -> Result<(), NotDone> {
    let connection = &account.connection.id;
    let carrier = account.carrier().ok_or_else(|| refused("the connection is not a carrier's"))?;
    if let Some(rate) = carrier.rate()
        && let Some(wait) = way.db.take_calls(connection, EVERY_CALL, rate, 1, now).await?
    {
        let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
        let text = "the account's budget of calls is spent: try again".to_owned();
        return Err(Told { advice: Advice::Wait { seconds }, text }.into());
    }
    match &carrier {
        account::Account::ClickAndDrop(account) => {
            let read = |r: &Reply| label::read_find(r.status(), r.headers(), r.body());
            exchange(way.outbound, label::build_find(account, NO_REFERENCE), read).await?;
        }
        account::Account::ProShipping(account) => {
            let account = account.as_ref();
            let line =
                Line { db: way.db, vault: way.vault, outbound: way.outbound, connection, account, now };
            let read = |r: &Reply| accounts::read_accounts(account, r.status(), r.headers(), r.body());
            line.exchange(|token| accounts::build_accounts(account, token), read).await?;
        }
        account::Account::Dpd(account) => {
            let account = account.as_ref();
            let line =
                Line { db: way.db, vault: way.vault, outbound: way.outbound, connection, account, now };
            let to = seller(account);
            let read = |r: &Reply| services::read_offers(r.status(), r.headers(), r.body());
            let offers =
                line.exchange(|token| services::build_offers(account, token, &to, &[GRAMS]), read).await?;
            if offers.is_empty() {
                return Err(Told::from(CannotRead::Refused { code: "nothing_on_offer".to_owned() }).into());
            }
        }
    }
    if let Some(TrackingAccount::RoyalMail(account)) = account.carrier_tracking() {
        let read = |r: &Reply| track::read_events(r.status(), r.headers(), r.body());
        let seen = exchange(way.outbound, track::build_events(&account, NO_PARCEL), read).await;
        seen.map_err(|told| Told { text: format!("tracking: {}", told.text), ..told })?;
    }
    Ok(())
}

fn refused(text: &str) -> Told {
    Told { advice: Advice::AskPerson(Reason::ConnectionRefused), text: text.to_owned() }
}

/// The seller as a place to deliver to.
fn seller(account: &dpd::Account) -> Disclosed {
    let place = Recipient {
        city: Some(Sensitive::new(account.sender.town.clone())),
        postcode: Some(Sensitive::new(account.sender.postcode.clone())),
        country: Some("GB".to_owned()),
        ..Recipient::default()
    };
    Disclosed::new(place, dpd::allowed_fields(""))
}
