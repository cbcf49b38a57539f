//! Royal Mail and Parcelforce, both on Click & Drop.

use super::{Booking, Found, Held, Printed, Sheet, Undone, not_yet};
use crate::Env;
use http::Response;
use waybill_carriers::royal_mail::{Account, cancel, label, manifest};
use waybill_domain::shipment::LabelFormat;
use waybill_runtime::remote::{Told, exchange};

type Reply = Response<Vec<u8>>;

pub(super) async fn find(env: &Env, account: &Account, reference: &str) -> Result<Found, Told> {
    let read = |r: &Reply| label::read_find(r.status(), r.headers(), r.body());
    Ok(match exchange(env.outbound.as_ref(), label::build_find(account, reference), read).await? {
        label::Found::None => Found::None,
        label::Found::One { carrier_order, .. } => Found::One(Held { carrier_order, numbers: Vec::new() }),
        label::Found::Many => Found::Unclear("reference_exists_twice"),
    })
}

pub(super) async fn create(env: &Env, account: &Account, booking: &Booking<'_>) -> Result<Held, Told> {
    let request = label::BookingRequest {
        shipment: booking.shipment,
        to: booking.to,
        placed_at: booking.order.placed_at,
        customs: booking.customs,
    };
    let read = |r: &Reply| label::read_create(r.status(), r.headers(), r.body());
    let made = exchange(env.outbound.as_ref(), label::build_create(account, &request), read).await?;
    Ok(Held { carrier_order: made.carrier_order, numbers: Vec::new() })
}

/// The label, then the numbers: they exist only once the label does.
pub(super) async fn label(env: &Env, account: &Account, held: &Held, customs: bool) -> Result<Printed, Told> {
    let out = env.outbound.as_ref();
    let key = &held.carrier_order;
    let read_label = |r: &Reply| label::read_label(r.status(), r.headers(), r.body());
    let bytes = exchange(out, label::build_label(account, key, customs), read_label).await?;
    let read_find = |r: &Reply| label::read_find(r.status(), r.headers(), r.body());
    match exchange(out, label::build_get(account, key), read_find).await? {
        label::Found::One { tracking: Some(first), others, .. } => {
            let numbers = std::iter::once(first).chain(others).collect();
            Ok(Printed { format: LabelFormat::Pdf, bytes, numbers })
        }
        _ => Err(not_yet("the carrier shows no tracking number yet")),
    }
}

pub(super) async fn delete(env: &Env, account: &Account, carrier_order: &str) -> Result<Undone, Told> {
    let read = |r: &Reply| cancel::read_delete(r.status(), r.headers(), r.body());
    Ok(match exchange(env.outbound.as_ref(), cancel::build_delete(account, carrier_order), read).await? {
        cancel::Voided::Done => Undone::Done,
        cancel::Voided::Refused { code } => Undone::Refused(code),
    })
}

pub(super) async fn manifest(env: &Env, account: &Account, carrier_name: &str) -> Result<Sheet, Told> {
    let read = |r: &Reply| manifest::read_manifest(r.status(), r.headers(), r.body());
    Ok(sheet(exchange(env.outbound.as_ref(), manifest::build_manifest(account, carrier_name), read).await?))
}

pub(super) async fn manifest_status(env: &Env, account: &Account, number: u64) -> Result<Sheet, Told> {
    let read = |r: &Reply| manifest::read_status(r.status(), r.headers(), r.body());
    Ok(sheet(exchange(env.outbound.as_ref(), manifest::build_status(account, number), read).await?))
}

fn sheet(made: manifest::Manifest) -> Sheet {
    match made {
        manifest::Manifest::Done { number, pdf } => Sheet::Done { number, pdf },
        manifest::Manifest::Working { number } => Sheet::Working { number },
    }
}
