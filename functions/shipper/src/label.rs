//! Fetching a label, sealing it under its own data key, and recording the shipment as labelled.

use crate::Env;
use crate::desk::{Desk, Held, not_yet};
use jiff::Timestamp;
use waybill_domain::shipment::{Booking, Shipment};
use waybill_privacy::seal::{Binding, FieldSet, seal_bytes};
use waybill_runtime::Failure;
use waybill_runtime::remote::Told;
use waybill_store::labels::label_name;

/// Fetches and stores the label of what the carrier holds. Repeating it buys nothing: the same call is the reprint
/// (contracts/royal-mail, Operations). The bytes are sealed as the carrier sent them.
pub(crate) async fn fetch(
    env: &Env,
    desk: &Desk,
    shipment: &mut Shipment,
    held: &Held,
    customs: bool,
    now: Timestamp,
) -> Result<Result<(), Told>, Failure> {
    let printed = match desk.label(env, held, customs).await {
        Ok(printed) => printed,
        Err(told) => return Ok(Err(told)),
    };
    let mut numbers = printed.numbers.into_iter();
    let Some(tracking) = numbers.next() else {
        return Ok(Err(not_yet("the carrier shows no tracking number yet")));
    };
    let key = env.make_keys.make(&shipment.merchant, &shipment.order).await?;
    let id = shipment.id.as_str();
    let to = Binding { merchant: &shipment.merchant, order: &shipment.order, field_set: FieldSet::Label(id) };
    let sealed = seal_bytes(&key.plain, to, &printed.bytes)
        .map_err(|_| Failure::Fault("the label cannot be sealed"))?;
    env.db.save_label_key(&shipment.order, &shipment.id, &key.wrapped).await?;
    env.documents.put(&label_name(&shipment.order, &shipment.id), sealed).await?;
    shipment.booking =
        Booking::Labelled { carrier_order: held.carrier_order.clone(), tracking, others: numbers.collect() };
    shipment.label_format = printed.format;
    shipment.labelled_at = Some(now);
    env.db.save_shipment(shipment).await?;
    Ok(Ok(()))
}
