//! A label that the merchant's own people want undone, whether or not the shop was told of it.

use crate::leaving::booked;
use crate::stage::{Api, Outcome, Stage, is};
use crate::{Scenario, row};
use waybill_domain::exception::Reason;
use waybill_domain::instructions::{cancel, void};
use waybill_domain::order::{PersonalData, Status};
use waybill_domain::remedy::{Remedy, settle};
use waybill_domain::shipment::{Booking, Shipment, WriteBack};
use waybill_domain::{OrderId, ShipmentId};
use waybill_runtime::Step;
use waybill_sandbox::royal_mail::DEFAULT_KEY;
use waybill_sandbox::{Call, Fault, FaultKind};
use waybill_store::StoreError;

const NO_VOID: &str = "undoes nothing: see below";

pub fn rows() -> Vec<Scenario> {
    vec![
        row!("label voided by hand after the shop was told, booked again", again).not_at_dpd(NO_VOID),
        row!("label voided by hand, reply lost: gone once", lost).not_at_dpd(NO_VOID),
        row!("label voided by hand, process dies at each step", dies).not_at_dpd(NO_VOID),
        row!("label voided by hand while the carrier is down: waits", down).not_at_dpd(NO_VOID),
        row!("label voided by hand too late: said so, and it goes on", late).not_at_dpd(NO_VOID),
        row!("voided while its shop was about to be told: it cannot be", fenced).not_at_dpd(NO_VOID),
        row!("cancelled while its shop was told: voided, and a person knows", told).not_at_dpd(NO_VOID),
        row!("booked while its order was forgotten: voided, its keys gone", forgotten).not_at_dpd(NO_VOID),
    ]
}

/// A dispatched order whose people want its label undone.
async fn asked(stage: &Stage) -> Result<OrderId, String> {
    let id = booked(stage).await?;
    let shipment = stage.shipment(&id).await?;
    let now = stage.now();
    stage
        .change(&id, |order| {
            (order.status, order.stock_settled) = (Status::Dispatched, true);
            order.milestones.shipped = Some(now);
            void(order, &shipment, shipment.voiding(None), now).unwrap();
        })
        .await;
    Ok(id)
}

async fn undone(stage: &Stage, id: &OrderId) -> Outcome {
    is("at the carrier", stage.at_carrier().0, 0)?;
    is("labels kept", stage.documents.all().len(), 0)?;
    is("voided", stage.shipment(id).await?.booking, Booking::Voided)?;
    let order = stage.see(id).await;
    is("status", (order.status, order.instructions.void), (Status::Held, None))?;
    stage.asks(id, Reason::LabelVoided).await?;
    // Nobody is due to look at it but its people.
    is("sent on", (order.due_at, stage.queues.take().len()), (None, 0))
}

async fn shipment(stage: &Stage, id: &OrderId, n: usize) -> Result<Shipment, String> {
    let all = stage.db.shipments(id).await.map_err(|e| e.to_string())?;
    let id = ShipmentId::of(id, n);
    all.into_iter().find(|one| one.id == id).ok_or_else(|| format!("no {id}"))
}

async fn again(stage: &Stage) -> Outcome {
    let id = asked(stage).await?;
    is("ends", stage.once(&id).await, Ok(Step::Done))?;
    undone(stage, &id).await?;
    let now = stage.now();
    stage
        .change(&id, |order| {
            settle(order, &mut [], Reason::LabelVoided, Remedy::Retry, now).unwrap();
        })
        .await;
    stage.ship(&id).await?;
    is("status", stage.see(&id).await.status, Status::Booked)?;
    is("at the carrier", stage.at_carrier(), (1, 2, 0))?;
    is("the first", shipment(stage, &id, 1).await?.booking, Booking::Voided)?;
    let second = shipment(stage, &id, 2).await?;
    is("the second", second.has_label(), true)?;
    is("goods", second.lines, shipment(stage, &id, 1).await?.lines)?;
    is("its goods left once", stage.see(&id).await.stock_settled, true)
}

async fn lost(stage: &Stage) -> Outcome {
    let id = asked(stage).await?;
    stage.sandbox.add_fault(stage.fault("delete", FaultKind::LoseReply { hold_seconds: 1 }).times(1));
    is("comes back", stage.once(&id).await.is_err(), true)?;
    is("not said yet", stage.see(&id).await.status, Status::Dispatched)?;
    is("ends", stage.once(&id).await, Ok(Step::Done))?;
    undone(stage, &id).await
}

async fn dies(stage: &Stage) -> Outcome {
    for n in 0..100 {
        let fresh = Stage::set(stage.brand).await;
        let id = asked(&fresh).await?;
        let died = fresh.dies(&id, n).await;
        is("ends", fresh.once(&id).await, Ok(Step::Done)).map_err(|why| format!("step {n}: {why}"))?;
        undone(&fresh, &id).await.map_err(|why| format!("step {n}: {why}"))?;
        if !died {
            return is("steps", n > 5, true);
        }
    }
    Err("it never came to its end".to_owned())
}

async fn down(stage: &Stage) -> Outcome {
    let id = asked(stage).await?;
    let every = if stage.brand.api == Api::ProShipping { "pro-shipping.*" } else { "royal-mail.*" };
    stage.sandbox.add_fault(Fault::new(every, FaultKind::ServerError));
    for _ in 0..5 {
        let _ = stage.once(&id).await;
        stage.advance(1);
    }
    is("calls while it is down", stage.asked("delete"), 3)?;
    let order = stage.see(&id).await;
    is("still wanted", order.instructions.void.is_some() && order.due_at.is_some(), true)?;
    stage.sandbox.clear_faults();
    stage.advance(900);
    is("ends", stage.once(&id).await, Ok(Step::Done))?;
    undone(stage, &id).await
}

async fn late(stage: &Stage) -> Outcome {
    let id = asked(stage).await?;
    if stage.brand.api == Api::ProShipping {
        stage.sandbox.with_state(|state| state.pro_shipping.hand_over());
    } else {
        let mut call = Call::new(http::Method::POST, "/royal-mail/api/v1/manifests")
            .header("authorization", &format!("Bearer {DEFAULT_KEY}"));
        call.body = br#"{"carrierName":"Royal Mail OBA"}"#.to_vec().into();
        is("made on the site", stage.sandbox.answer(&call).status, 201)?;
    }
    is("ends", stage.once(&id).await, Ok(Step::Done))?;
    let detail = stage.asks(&id, Reason::VoidRefused).await?;
    is(&detail, detail.ends_with("anifested"), true)?;
    let mut order = stage.see(&id).await;
    is("status", (order.status, order.due_at), (Status::Dispatched, Some(stage.now())))?;
    is("still has its label", stage.shipment(&id).await?.has_label(), true)?;
    // A person who has seen it is not asked again.
    settle(&mut order, &mut [], Reason::VoidRefused, Remedy::Seen, stage.now()).map_err(|e| e.to_string())?;
    is("open", order.exceptions.len(), 0)
}

/// Who tells the shop has read the shipment before its people wanted it undone, and the carrier does not answer yet.
async fn fenced(stage: &Stage) -> Outcome {
    let id = booked(stage).await?;
    let (mut read, now) = (stage.shipment(&id).await?, stage.now());
    stage.change(&id, |order| void(order, &read, read.voiding(None), now).unwrap()).await;
    let every = if stage.brand.api == Api::ProShipping { "pro-shipping.*" } else { "royal-mail.*" };
    stage.sandbox.add_fault(Fault::new(every, FaultKind::ServerError));
    let _ = stage.once(&id).await;
    is("still has its label", stage.shipment(&id).await?.has_label(), true)?;
    read.write_back = WriteBack::Claimed { at: now };
    let told = stage.db.save_shipment(&mut read).await;
    is("its turn was taken", matches!(told, Err(StoreError::Condition { .. })), true)
}

async fn told(stage: &Stage) -> Outcome {
    let id = booked(stage).await?;
    let (mut shipment, now) = (stage.shipment(&id).await?, stage.now());
    shipment.write_back = WriteBack::Claimed { at: now };
    stage.db.save_shipment(&mut shipment).await.map_err(|e| e.to_string())?;
    stage.change(&id, |order| cancel(order, now).unwrap()).await;
    is("ends", stage.once(&id).await, Ok(Step::Done))?;
    is("at the carrier", stage.at_carrier().0, 0)?;
    is("voided", stage.shipment(&id).await?.booking, Booking::Voided)?;
    is("detail", stage.asks(&id, Reason::CancelledAfterDispatch).await?.as_str(), "told_meanwhile")
}

async fn forgotten(stage: &Stage) -> Outcome {
    let id = booked(stage).await?;
    let now = stage.now();
    stage
        .change(&id, |order| {
            cancel(order, now).unwrap();
            order.personal = PersonalData::Erased;
        })
        .await;
    is("ends", stage.once(&id).await, Ok(Step::Done))?;
    is("at the carrier", stage.at_carrier().0, 0)?;
    let shipment = stage.shipment(&id).await?;
    is("voided", (shipment.booking, shipment.reference.as_str()), (Booking::Voided, ""))
}
