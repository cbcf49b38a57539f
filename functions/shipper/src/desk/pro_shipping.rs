//! Royal Mail by Pro Shipping: created without a label, looked for among the shipments of some days, printed apart,
//! cancelled until the carrier's manifest, which is made on its site alone.

use super::{Booking, Found, Held, Printed, Undone};
use http::Response;
use jiff::civil::Date;
use jiff::tz::Offset;
use waybill_carriers::error::CannotBuild;
use waybill_carriers::pro_shipping::cancel::{self, Reason};
use waybill_carriers::pro_shipping::{Account, find as search, label as print};
use waybill_carriers::royal_mail::cancel::Voided;
use waybill_domain::advice::Advice;
use waybill_domain::exception;
use waybill_domain::time::{after, days};
use waybill_runtime::line::Line;
use waybill_runtime::remote::Told;

type Reply = Response<Vec<u8>>;

/// How far back a booking of ours can lie: nobody is kept longer after shipping (DESIGN section 5, "Purge time").
const BACK: i64 = 30;
/// Pages that are read before a person looks: 20,000 shipments.
const PAGES: u64 = 40;

/// The days that are searched. The day after today is of those whose clock is ahead of ours.
fn span(line: &Line<'_, Account>) -> (Date, Date) {
    let day = |shift| Offset::UTC.to_datetime(after(line.now, days(shift))).date();
    (day(-BACK), day(1))
}

pub(super) async fn find(line: &Line<'_, Account>, reference: &str) -> Result<Found, Told> {
    let mut found = Vec::new();
    for page in 1..=PAGES {
        let build = |token: &_| search::build_page(line.account, token, span(line), page);
        let read = |r: &Reply| search::read_page(reference, page, r.status(), r.headers(), r.body());
        let seen = line.exchange(build, read).await?;
        found.extend(seen.found);
        if !seen.more {
            return Ok(match (found.pop(), found.is_empty()) {
                (None, _) => Found::None,
                (Some(carrier_order), true) => Found::One(Held { carrier_order, numbers: Vec::new() }),
                (Some(_), false) => Found::Unclear("reference_exists_twice"),
            });
        }
    }
    Ok(Found::Unproven("too_many_shipments_to_search"))
}

pub(super) async fn create(line: &Line<'_, Account>, booking: &Booking<'_>) -> Result<Held, Told> {
    if booking.customs.is_some() {
        return Err(CannotBuild::Unsupported { what: "goods that pass customs by this adapter" }.into());
    }
    let build = |token: &_| print::build_create(line.account, token, booking.shipment, booking.to);
    let read = |r: &Reply| print::read_create(r.status(), r.headers(), r.body());
    let carrier_order = line.exchange(build, read).await?;
    Ok(Held { carrier_order, numbers: Vec::new() })
}

pub(super) async fn label(line: &Line<'_, Account>, held: &Held) -> Result<Printed, Told> {
    let printer = line.account.printer;
    let build = |token: &_| print::build_label(line.account, token, &held.carrier_order);
    let read = |r: &Reply| print::read_label(printer, r.status(), r.headers(), r.body());
    let label = line.exchange(build, read).await?;
    let numbers = label.number.into_iter().collect();
    Ok(Printed { format: printer.format(), bytes: label.bytes, numbers })
}

/// We cancel when an order is cancelled, and for no other reason.
pub(super) async fn delete(line: &Line<'_, Account>, carrier_order: &str) -> Result<Undone, Told> {
    let build = |token: &_| cancel::build_cancel(line.account, token, carrier_order, Reason::OrderCancelled);
    let read = |r: &Reply| cancel::read_cancel(r.status(), r.headers(), r.body());
    Ok(match line.exchange(build, read).await? {
        Voided::Done => Undone::Done,
        Voided::Refused { code } => Undone::Refused(code),
    })
}

/// Its API has no manifest (contracts/royal-mail, `shipping-v4.openapi.yaml`).
pub(super) fn no_manifest() -> Told {
    let text =
        "this account's parcels are handed over on the carrier's site: make the manifest there".to_owned();
    Told { advice: Advice::AskPerson(exception::Reason::CarrierRefused), text }
}
