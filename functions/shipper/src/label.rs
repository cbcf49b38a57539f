//! Fetching a label, sealing it under its own data key, and recording the shipment as labelled.

use crate::Env;
use jiff::Timestamp;
use waybill_carriers::royal_mail::{self, label};
use waybill_domain::advice::Advice;
use waybill_domain::shipment::{Booking, Shipment};
use waybill_privacy::seal::{Binding, FieldSet, seal_bytes};
use waybill_runtime::Failure;
use waybill_runtime::remote::{Told, exchange};
use waybill_store::labels::label_name;

/// Fetches and stores the label of what the carrier holds as `carrier_order`. Repeating it buys nothing: the
/// same call is the reprint (contracts/royal-mail, Operations).
pub(crate) async fn fetch(
    env: &Env,
    account: &royal_mail::Account,
    shipment: &mut Shipment,
    carrier_order: &str,
    now: Timestamp,
) -> Result<Result<(), Told>, Failure> {
    let out = env.outbound.as_ref();
    let read_label = |r: &http::Response<Vec<u8>>| label::read_label(r.status(), r.headers(), r.body());
    let pdf = match exchange(out, label::build_label(account, carrier_order), read_label).await {
        Ok(pdf) => pdf,
        Err(told) => return Ok(Err(told)),
    };
    // The tracking number exists only once the label does.
    let read_find = |r: &http::Response<Vec<u8>>| label::read_find(r.status(), r.headers(), r.body());
    let tracking = match exchange(out, label::build_get(account, carrier_order), read_find).await {
        Ok(label::Found::One { tracking: Some(tracking), .. }) => tracking,
        Ok(_) => {
            let text = "the carrier shows no tracking number yet".to_owned();
            return Ok(Err(Told { advice: Advice::Wait { seconds: 30 }, text }));
        }
        Err(told) => return Ok(Err(told)),
    };
    let key = env.make_keys.make(&shipment.merchant, &shipment.order).await?;
    let id = shipment.id.as_str();
    let to = Binding { merchant: &shipment.merchant, order: &shipment.order, field_set: FieldSet::Label(id) };
    let sealed =
        seal_bytes(&key.plain, to, &pdf).map_err(|_| Failure::Fault("the label cannot be sealed"))?;
    env.db.save_label_key(&shipment.order, &shipment.id, &key.wrapped).await?;
    env.documents.put(&label_name(&shipment.order, &shipment.id), sealed).await?;
    shipment.booking = Booking::Labelled { carrier_order: carrier_order.to_owned(), tracking };
    shipment.labelled_at = Some(now);
    env.db.save_shipment(shipment).await?;
    Ok(Ok(()))
}
