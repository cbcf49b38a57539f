//! Royal Mail and Parcelforce, both on Click & Drop.

use super::pace::Pace;
use super::{Booking, Found, Held, Printed, Sheet, Undone, not_yet};
use crate::Env;
use http::{Request, Response, StatusCode};
use waybill_carriers::error::{CannotBuild, CannotRead};
use waybill_carriers::royal_mail::returns::{Return, ReturnRequest};
use waybill_carriers::royal_mail::{Account, cancel, documents, label, manifest, returns};
use waybill_domain::advice::Advice;
use waybill_domain::paper::Paper;
use waybill_domain::shipment::{Booking as Booked, LabelFormat, Shipment};
use waybill_runtime::remote::{Told, exchange};

type Reply = Response<Vec<u8>>;

/// The way to one account.
pub(super) struct Line<'a> {
    pub(super) env: &'a Env,
    pub(super) account: &'a Account,
    pub(super) pace: &'a Pace,
}

impl Line<'_> {
    /// One exchange, when the account's pace lets it be made.
    async fn exchange<T>(
        &self,
        request: Result<Request<Vec<u8>>, CannotBuild>,
        read: impl FnOnce(&Reply) -> Result<T, CannotRead>,
    ) -> Result<T, Told> {
        let request = request?;
        self.pace.call(self.env).await?;
        let mut throttled = false;
        let end = exchange(self.env.outbound.as_ref(), Ok::<_, CannotBuild>(request), |reply| {
            throttled = reply.status() == StatusCode::TOO_MANY_REQUESTS;
            read(reply)
        });
        let end = end.await;
        if let Err(Told { advice: Advice::Wait { seconds }, .. }) = &end
            && throttled
        {
            self.pace.told_to_wait(self.env, *seconds).await;
        }
        end
    }
}

/// How many calls it takes to get a shipment its label, when all goes well. `asks` says that it is looked for first.
pub(super) fn calls(shipment: &Shipment, asks: bool) -> u32 {
    // The label, and the numbers.
    match shipment.booking {
        Booked::Planned => 3 + u32::from(asks),
        _ => 2,
    }
}

pub(super) async fn find(line: &Line<'_>, reference: &str) -> Result<Found, Told> {
    let read = |r: &Reply| label::read_find(r.status(), r.headers(), r.body());
    Ok(match line.exchange(label::build_find(line.account, reference), read).await? {
        label::Found::None => Found::None,
        label::Found::One { carrier_order, .. } => Found::One(Held { carrier_order, numbers: Vec::new() }),
        label::Found::Many => Found::Unclear("reference_exists_twice"),
    })
}

pub(super) async fn create(line: &Line<'_>, booking: &Booking<'_>) -> Result<Held, Told> {
    let request = label::BookingRequest {
        shipment: booking.shipment,
        to: booking.to,
        placed_at: booking.order.placed_at,
        customs: booking.customs,
    };
    let read = |r: &Reply| label::read_create(r.status(), r.headers(), r.body());
    let made = line.exchange(label::build_create(line.account, &request), read).await?;
    Ok(Held { carrier_order: made.carrier_order, numbers: Vec::new() })
}

/// The label, then the numbers: they exist only once the label does.
pub(super) async fn label(line: &Line<'_>, held: &Held, customs: bool) -> Result<Printed, Told> {
    let key = &held.carrier_order;
    let read_label = |r: &Reply| label::read_label(r.status(), r.headers(), r.body());
    let bytes = line.exchange(label::build_label(line.account, key, customs), read_label).await?;
    let read_find = |r: &Reply| label::read_find(r.status(), r.headers(), r.body());
    match line.exchange(label::build_get(line.account, key), read_find).await? {
        label::Found::One { tracking: Some(first), others, .. } => {
            let numbers = std::iter::once(first).chain(others).collect();
            Ok(Printed { format: LabelFormat::Pdf, bytes, numbers })
        }
        _ => Err(not_yet("the carrier shows no tracking number yet")),
    }
}

pub(super) async fn delete(line: &Line<'_>, carrier_order: &str) -> Result<Undone, Told> {
    let read = |r: &Reply| cancel::read_delete(r.status(), r.headers(), r.body());
    Ok(match line.exchange(cancel::build_delete(line.account, carrier_order), read).await? {
        cancel::Voided::Done => Undone::Done,
        cancel::Voided::Refused { code } => Undone::Refused(code),
    })
}

pub(super) async fn paper(line: &Line<'_>, carrier_order: &str, paper: Paper) -> Result<Vec<u8>, Told> {
    let read = |r: &Reply| label::read_label(r.status(), r.headers(), r.body());
    line.exchange(documents::build_paper(line.account, carrier_order, paper), read).await
}

pub(super) async fn send_back(line: &Line<'_>, request: &ReturnRequest<'_>) -> Result<Return, Told> {
    let read = |r: &Reply| returns::read_return(r.status(), r.headers(), r.body());
    line.exchange(returns::build_return(line.account, request), read).await
}

pub(super) async fn manifest(line: &Line<'_>, carrier_name: &str) -> Result<Sheet, Told> {
    let read = |r: &Reply| manifest::read_manifest(r.status(), r.headers(), r.body());
    Ok(sheet(line.exchange(manifest::build_manifest(line.account, carrier_name), read).await?))
}

pub(super) async fn manifest_status(line: &Line<'_>, number: u64) -> Result<Sheet, Told> {
    let read = |r: &Reply| manifest::read_status(r.status(), r.headers(), r.body());
    Ok(sheet(line.exchange(manifest::build_status(line.account, number), read).await?))
}

fn sheet(made: manifest::Manifest) -> Sheet {
    match made {
        manifest::Manifest::Done { number, pdf } => Sheet::Done { number, pdf },
        manifest::Manifest::Working { number } => Sheet::Working { number },
    }
}
