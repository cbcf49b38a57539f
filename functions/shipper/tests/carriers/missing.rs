//! Goods that were promised are not found while a carrier is being asked for their label.

use crate::stage::{Outcome, Stage, is};
use crate::{Scenario, row};
use waybill_domain::OrderId;
use waybill_domain::exception::Reason;
use waybill_domain::order::{Allocation, Status};
use waybill_sandbox::FaultKind;
use waybill_store::Queue;

/// Why DPD does not play them.
const NOT_FOUND: &str = "shows no bookings and undoes none";

pub fn rows() -> Vec<Scenario> {
    vec![
        row!("all goods missing while the create is uncertain: for a person", all_missing)
            .not_at_dpd(NOT_FOUND),
        row!("...and cancelled then: voided, and nothing is due", then_cancelled).not_at_dpd(NOT_FOUND),
        row!("one warehouse's goods missing: no other parcel takes its label", one_missing)
            .not_at_dpd(NOT_FOUND),
        row!("...and cancelled then: every number is voided", both_cancelled).not_at_dpd(NOT_FOUND),
        row!("rest cancelled: what left before is not voided, told or not", left_before)
            .not_at_dpd(NOT_FOUND),
    ]
}

fn lose_creates(stage: &Stage, times: u32) {
    let lost = stage.fault("create", FaultKind::LoseReply { hold_seconds: 1 });
    stage.sandbox.add_fault(lost.times(times));
}

/// The picker finds nothing at a warehouse.
async fn not_found(stage: &Stage, id: &OrderId, warehouse: &str) {
    let now = stage.now();
    stage
        .change(id, |order| {
            order.lines[0].allocations.retain(|a| a.warehouse.as_str() != warehouse);
            order.raise(Reason::ShortPicked, None, now);
        })
        .await;
    stage.advance(200);
}

async fn asks_what_was_booked(stage: &Stage, id: &OrderId) -> Outcome {
    let end = stage.once(id).await;
    is("ends", end.is_ok(), true)?;
    is("status", stage.see(id).await.status, Status::Held)?;
    is("detail", stage.asks(id, Reason::UncertainBooking).await?, "goods_were_missing".to_owned())
}

async fn cancelled(stage: &Stage, id: &OrderId) -> Outcome {
    stage.queues.take();
    stage.change(id, |order| order.status = Status::Cancelled).await;
    stage.once(id).await.map_err(|e| e.to_string())?;
    let order = stage.see(id).await;
    is("at the carrier", stage.at_carrier().0, 0)?;
    is("shipments", order.shipments, 0)?;
    is("claim", order.claim.is_none(), true)
}

/// One order of one piece, whose label was asked for and whose only piece is then not there.
async fn emptied(stage: &Stage) -> Result<OrderId, String> {
    lose_creates(stage, 1);
    let id = stage.order().await;
    let _ = stage.once(&id).await;
    is("at the carrier", stage.at_carrier().0, 1)?;
    not_found(stage, &id, "wh_north").await;
    Ok(id)
}

async fn all_missing(stage: &Stage) -> Outcome {
    let id = emptied(stage).await?;
    asks_what_was_booked(stage, &id).await?;
    is("no parcel", stage.db.shipments(&id).await.map_err(|e| e.to_string())?.len(), 0)
}

async fn then_cancelled(stage: &Stage) -> Outcome {
    let id = emptied(stage).await?;
    asks_what_was_booked(stage, &id).await?;
    cancelled(stage, &id).await?;
    is("due", stage.see(&id).await.due_at, None)?;
    is("stock goes back", stage.queues.take().iter().any(|sent| sent.queue == Queue::Allocate), false)
}

/// An order from two warehouses: the first has its label, the second's was asked for; the first's goods are not there.
async fn halved(stage: &Stage) -> Result<OrderId, String> {
    let id = stage.order().await;
    let from = |name: &str| Allocation { warehouse: name.parse().unwrap(), quantity: 1 };
    let both = vec![from("wh_north"), from("wh_south")];
    stage
        .change(&id, |order| {
            order.lines[0].quantity = 2;
            order.lines[0].allocations = both;
        })
        .await;
    lose_creates(stage, 2);
    // The first's, lost; the first's label; the second's, lost: each as the account's limit lets it be asked for.
    for _ in 0..3 {
        if stage.at_carrier().0 == 2 {
            break;
        }
        let _ = stage.once(&id).await;
        stage.advance(200);
    }
    is("at the carrier", stage.at_carrier().0, 2)?;
    is("labelled", stage.shipment(&id).await?.warehouse.as_str(), "wh_north")?;
    not_found(stage, &id, "wh_north").await;
    Ok(id)
}

async fn one_missing(stage: &Stage) -> Outcome {
    let id = halved(stage).await?;
    asks_what_was_booked(stage, &id).await?;
    is("bought", stage.at_carrier(), (2, 1, 0))
}

async fn both_cancelled(stage: &Stage) -> Outcome {
    let id = halved(stage).await?;
    asks_what_was_booked(stage, &id).await?;
    cancelled(stage, &id).await?;
    is("stock goes back", stage.queues.take().iter().any(|sent| sent.queue == Queue::Allocate), true)
}

async fn left_before(stage: &Stage) -> Outcome {
    let id = stage.order().await;
    stage.ship(&id).await?;
    stage.advance(1);
    stage
        .change(&id, |order| {
            order.status = Status::Cancelled;
            (order.rounds, order.shipments) = (1, 1);
        })
        .await;
    stage.once(&id).await.map_err(|e| e.to_string())?;
    is("done", stage.see(&id).await.shipments, 0)?;
    is("still with the carrier", stage.at_carrier().0, 1)?;
    is("labelled", stage.shipment(&id).await?.has_label(), true)
}
