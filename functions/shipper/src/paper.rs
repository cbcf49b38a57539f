//! Papers that somebody asked for beside the label: printed at the carrier, sealed as the label is, and kept beside it.
//!
//! Despatch notes and customs declarations are printed as often as they are asked for. A return label is booked, and a
//! carrier shows no returns by reference: claim, call, record, and where the answer is lost a person looks before it is
//! asked for again.

use crate::desk::{Closed, Desk};
use crate::{Env, TRIES, book};
use jiff::{SignedDuration, Timestamp};
use waybill_carriers::royal_mail::returns::{ALLOWED, ReturnRequest};
use waybill_domain::advice::Advice;
use waybill_domain::booking::LEASE;
use waybill_domain::exception::Reason;
use waybill_domain::paper::{Paper, Printed, Progress};
use waybill_domain::service::Returns;
use waybill_domain::shipment::{Booking, Shipment};
use waybill_domain::time::after;
use waybill_domain::{ConnectionId, ShipmentId};
use waybill_privacy::disclosure::Disclosed;
use waybill_privacy::seal::{Binding, FieldSet, seal_bytes};
use waybill_runtime::remote::Told;
use waybill_runtime::{Failure, Step};
use waybill_store::StoreError;
use waybill_store::labels::{paper_id, paper_name};
use waybill_store::registry::ConnectionState;

/// What somebody asked for.
pub(crate) struct Wanted {
    pub(crate) shipment: ShipmentId,
    pub(crate) paper: Paper,
    /// They looked in the carrier's account.
    pub(crate) looked: bool,
    /// When they asked.
    pub(crate) at: Timestamp,
}

/// What the carrier printed.
struct Sheet {
    bytes: Vec<u8>,
    tracking: Option<String>,
}

fn again(wait: SignedDuration) -> Step {
    Step::Again { seconds: u32::try_from(wait.as_secs().clamp(1, 900)).unwrap_or(900) }
}

/// Brings one paper forward.
pub(crate) async fn work_on(env: &Env, wanted: &Wanted, now: Timestamp) -> Result<Step, Failure> {
    for _ in 0..TRIES {
        match once(env, wanted, now).await {
            Err(failure) if failure.is_race() => continue,
            other => return other,
        }
    }
    Err(Failure::Fault("the shipment keeps changing"))
}

async fn once(env: &Env, wanted: &Wanted, now: Timestamp) -> Result<Step, Failure> {
    let Some(mut shipment) = env.db.shipment(&wanted.shipment).await? else { return Ok(Step::Done) };
    let Booking::Labelled { carrier_order, .. } = &shipment.booking else { return Ok(Step::Done) };
    let carrier_order = carrier_order.clone();
    if let Some(held) = shipment.paper(wanted.paper) {
        match held.progress {
            Progress::Made => return Ok(Step::Done),
            // It came of this very message, or of a later one.
            Progress::Refused(_) | Progress::Uncertain if held.at >= wanted.at => return Ok(Step::Done),
            Progress::Uncertain if !wanted.looked => return Ok(Step::Done),
            Progress::Asked if wanted.paper.is_booked() => {
                if now < after(held.at, LEASE) {
                    return Ok(again(LEASE));
                }
                let lost = Printed { progress: Progress::Uncertain, ..held.clone() };
                tracing::warn!(shipment = %shipment.id, "whether a return is booked is not known; a person must look");
                shipment.note(lost);
                env.db.save_shipment(&mut shipment).await?;
                return Ok(Step::Done);
            }
            Progress::Asked | Progress::Refused(_) | Progress::Uncertain => {}
        }
    }
    let printed = |carrier: &ConnectionId, progress| Printed {
        paper: wanted.paper,
        progress,
        at: now,
        carrier: carrier.clone(),
        tracking: None,
        disclosed: Vec::new(),
    };
    if wanted.paper.is_booked() {
        return send_back(env, shipment, wanted, now).await;
    }
    let desk = match Desk::open(env, &shipment.carrier, now).await? {
        Ok(desk) => desk,
        Err(closed) => return Ok(wait(&closed, now)),
    };
    // From here on erasure knows that there may be such an object.
    let carrier = shipment.carrier.clone();
    shipment.note(printed(&carrier, Progress::Asked));
    env.db.save_shipment(&mut shipment).await?;
    match desk.paper(env, &carrier_order, wanted.paper).await {
        Ok(bytes) => {
            let sheet = Sheet { bytes, tracking: None };
            keep(env, shipment, printed(&carrier, Progress::Made), Some(sheet)).await
        }
        Err(told) => match told.advice {
            Advice::Retry | Advice::Wait { .. } => told.step(),
            Advice::AskPerson(_) | Advice::GiveUp => {
                refused(env, shipment, printed(&carrier, Progress::Refused(told.text.clone())), &told).await
            }
        },
    }
}

/// Books a return label, once.
async fn send_back(
    env: &Env,
    mut shipment: Shipment,
    wanted: &Wanted,
    now: Timestamp,
) -> Result<Step, Failure> {
    let merchant = env.merchants.get(&shipment.merchant, now).await?;
    let mut printed = Printed {
        paper: wanted.paper,
        progress: Progress::Asked,
        at: now,
        carrier: shipment.carrier.clone(),
        tracking: None,
        disclosed: Vec::new(),
    };
    let refuse =
        |printed: Printed, why: &str| Printed { progress: Progress::Refused(why.to_owned()), ..printed };
    let Some(Returns { connection, service, to }) = &merchant.services.returns else {
        return keep(env, shipment, refuse(printed, "no_returns"), None).await;
    };
    printed.carrier = connection.clone();
    let Some((order, sealed)) = env.db.order_with_sealed(&shipment.order).await? else {
        return Ok(Step::Done);
    };
    if book::not_assessed(env, &order, &[connection.clone()].into(), now).await?.is_some() {
        return keep(env, shipment, refuse(printed, "not_assessed"), None).await;
    }
    let desk = match Desk::open(env, connection, now).await? {
        Ok(desk) => desk,
        Err(closed) => return Ok(wait(&closed, now)),
    };
    let fields = ALLOWED.iter().map(|field| field.as_str().to_owned()).collect();
    let Some(recipient) = book::recipient(env, &order, sealed, fields, now).await? else {
        return keep(env, shipment, refuse(printed, "no_recipient"), None).await;
    };
    let from = Disclosed::new(recipient, ALLOWED);
    // Written before the call: what may have been given is on record, whatever becomes of the answer.
    printed.disclosed = from.fields().iter().map(|field| (*field).to_owned()).collect();
    shipment.note(printed.clone());
    env.db.save_shipment(&mut shipment).await?;
    let reference = format!("{}-R", shipment.reference);
    let request = ReturnRequest { reference: &reference, service, from: &from, to };
    let told = match desk.send_back(env, &request).await {
        Ok(made) => {
            tracing::info!(shipment = %shipment.id, fields = ?printed.disclosed, "disclosed to the carrier");
            let sheet = Sheet { bytes: made.pdf, tracking: Some(made.tracking) };
            return keep(env, shipment, Printed { progress: Progress::Made, ..printed }, Some(sheet)).await;
        }
        Err(told) => told,
    };
    match told.advice {
        // It was not carried out, and may be asked for once more.
        Advice::Wait { seconds } => {
            let nothing = Printed { disclosed: Vec::new(), ..refuse(printed, "busy") };
            // So that this very message may ask again.
            let before = Printed { at: Timestamp::UNIX_EPOCH, ..nothing };
            keep(env, shipment, before, None).await?;
            Ok(Step::Again { seconds })
        }
        Advice::Retry => {
            tracing::warn!(shipment = %shipment.id, error = %told, "whether a return is booked is not known");
            keep(env, shipment, Printed { progress: Progress::Uncertain, ..printed }, None).await
        }
        Advice::AskPerson(_) | Advice::GiveUp => {
            let printed = refuse(printed, &told.text);
            refused(env, shipment, printed, &told).await
        }
    }
}

fn wait(closed: &Closed, now: Timestamp) -> Step {
    match closed {
        Closed::Until(at) => again(at.duration_since(now)),
        Closed::Paused => again(SignedDuration::from_mins(5)),
    }
}

async fn refused(env: &Env, shipment: Shipment, printed: Printed, told: &Told) -> Result<Step, Failure> {
    tracing::warn!(shipment = %shipment.id, paper = printed.paper.as_str(), error = %told, "no paper");
    if told.advice == Advice::AskPerson(Reason::ConnectionRefused) {
        env.db.set_connection_state(&printed.carrier, ConnectionState::Refused).await?;
    }
    keep(env, shipment, printed, None).await
}

/// Keeps a paper and what is known of it. The carrier has answered by now and may not be asked again, so a shipment that
/// changed meanwhile is read anew and nothing but this is written into it.
async fn keep(
    env: &Env,
    mut shipment: Shipment,
    mut printed: Printed,
    sheet: Option<Sheet>,
) -> Result<Step, Failure> {
    let name = paper_name(&shipment.order, &shipment.id, printed.paper);
    if let Some(Sheet { bytes, tracking }) = sheet {
        printed.tracking = tracking;
        store(env, &shipment, printed.paper, &name, &bytes).await?;
    }
    for _ in 0..TRIES {
        shipment.note(printed.clone());
        match env.db.save_shipment(&mut shipment).await {
            Ok(()) => return Ok(Step::Done),
            Err(StoreError::Condition { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let Some(held) = env.db.shipment(&shipment.id).await? else { return Ok(Step::Done) };
        if held.paper(printed.paper) == Some(&printed) {
            return Ok(Step::Done);
        }
        if !held.has_label() {
            // Voided or forgotten meanwhile: nobody prints it any more.
            env.documents.delete(&name).await?;
            return Ok(Step::Done);
        }
        shipment = held;
    }
    Err(Failure::Fault("the shipment keeps changing"))
}

async fn store(
    env: &Env,
    shipment: &Shipment,
    paper: Paper,
    name: &str,
    bytes: &[u8],
) -> Result<(), Failure> {
    let Shipment { merchant, order, id, .. } = shipment;
    let key = env.make_keys.make(merchant, order).await?;
    let sealed_as = paper_id(id, paper);
    let to = Binding { merchant, order, field_set: FieldSet::Label(&sealed_as) };
    let sealed =
        seal_bytes(&key.plain, to, bytes).map_err(|_| Failure::Fault("the paper cannot be sealed"))?;
    env.db.save_paper_key(order, id, paper, &key.wrapped).await?;
    env.documents.put(name, sealed).await?;
    Ok(())
}
