//! After the label: undone, handed over, tracked to its end.

use crate::booking::ONE_PARCEL;
use crate::stage::{Api, MERCHANT, Outcome, Stage, bristol, is};
use crate::{Scenario, row};
use waybill_domain::OrderId;
use waybill_domain::exception::Reason;
use waybill_domain::manifest::{Manifest, Progress};
use waybill_domain::order::Status;
use waybill_domain::shipment::{Booking, Transit, Voiding};
use waybill_runtime::Step;
use waybill_sandbox::royal_mail::Fate;
use waybill_sandbox::{Call, FaultKind};
use waybill_store::{Queue, Work};

pub fn rows() -> Vec<Scenario> {
    vec![
        row!("void before the manifest: gone at the carrier and here", void_before)
            .not_at_dpd("undoes nothing: see below"),
        row!("void whose reply is lost: gone once, no trace", void_lost_reply)
            .not_at_dpd("undoes nothing: see below"),
        row!("void after our manifest: refused without a call", void_after)
            .not_at_dpd("has no manifest: see below")
            .not_at_pro("has no manifest: see below"),
        row!("void after a manifest made on the site: the carrier says so", void_after_site)
            .not_at_dpd("has no manifest: see below"),
        row!("cancelled while the create is uncertain: found and voided", void_uncertain)
            .not_at_dpd("undoes nothing: see below"),
        row!("manifest on the seller's word, once, document kept", manifest)
            .not_at_dpd("has no manifest: see below")
            .not_at_pro("has no manifest: see below"),
        row!("manifest that takes time (202): polled to its document", manifest_later)
            .not_at_dpd("has no manifest: see below")
            .not_at_pro("has no manifest: see below"),
        row!("manifest whose reply is lost: never asked twice", manifest_lost)
            .not_at_dpd("has no manifest: see below")
            .not_at_pro("has no manifest: see below"),
        row!("manifest with nothing to hand over: refused, said so", manifest_empty)
            .not_at_dpd("has no manifest: see below")
            .not_at_pro("has no manifest: see below"),
        row!("tracked to delivered", delivered),
        row!("tracked to failed", failed),
        row!("tracked to returned", returned),
        row!("not scanned: stuck at 5 days, lost at 20", lost),
        row!("tracking knows nothing of the number: pending", unknown),
        row!("three parcels: delivered when the last one is", three).not_at_pro(ONE_PARCEL),
    ]
}

pub async fn booked(stage: &Stage) -> Result<OrderId, String> {
    let id = stage.order().await;
    stage.ship(&id).await?;
    // Its calls are out of the account's budget.
    stage.advance(1);
    stage.queues.take();
    Ok(id)
}

pub async fn cancel(stage: &Stage, id: &OrderId) -> Outcome {
    stage.change(id, |order| order.status = Status::Cancelled).await;
    for _ in 0..20 {
        let end = stage.once(id).await;
        let order = stage.see(id).await;
        if end == Ok(Step::Done) && (order.shipments == 0 || !order.exceptions.is_empty()) {
            return Ok(());
        }
        stage.advance(90);
    }
    Err("the void does not come to an end".to_owned())
}

async fn gone(stage: &Stage, id: &OrderId) -> Outcome {
    is("at the carrier", stage.at_carrier().0, 0)?;
    is("stock goes back", stage.queues.take().iter().any(|sent| sent.queue == Queue::Allocate), true)?;
    is("labels kept", stage.documents.all().len(), 0)?;
    is("exceptions", stage.see(id).await.exceptions.len(), 0)
}

async fn void_before(stage: &Stage) -> Outcome {
    let id = booked(stage).await?;
    is("open", stage.shipment(&id).await?.voiding(None), Voiding::Open)?;
    cancel(stage, &id).await?;
    is("voided", stage.shipment(&id).await?.booking, Booking::Voided)?;
    gone(stage, &id).await
}

async fn void_lost_reply(stage: &Stage) -> Outcome {
    let id = booked(stage).await?;
    stage.sandbox.add_fault(stage.fault("delete", FaultKind::LoseReply { hold_seconds: 1 }).times(1));
    cancel(stage, &id).await?;
    gone(stage, &id).await
}

fn wish(stage: &Stage, id: &str) -> Work {
    Work::Manifest {
        manifest: id.parse().unwrap(),
        merchant: MERCHANT.parse().unwrap(),
        connection: stage.connection(),
        warehouse: "wh_north".parse().unwrap(),
        carrier_name: "Royal Mail OBA".into(),
        at: stage.now(),
    }
}

pub async fn say(stage: &Stage, id: &str) -> Result<Step, String> {
    waybill_shipper::work_on(&stage.shipper, wish(stage, id)).await.map_err(|e| e.to_string())
}

pub async fn sheet(stage: &Stage, id: &str) -> Result<Manifest, String> {
    let found = stage.db.manifest(&stage.connection(), &id.parse().unwrap()).await;
    found.map_err(|e| e.to_string())?.ok_or_else(|| "no manifest".to_owned())
}

async fn void_after(stage: &Stage) -> Outcome {
    let id = booked(stage).await?;
    stage.advance(60);
    say(stage, "man_1").await?;
    cancel(stage, &id).await?;
    is("detail", stage.asks(&id, Reason::VoidRefused).await?, "manifested".to_owned())?;
    is("calls", stage.asked("delete"), 0)?;
    // A label made after the manifest can still be undone.
    stage.advance(60);
    let later = booked(stage).await?;
    cancel(stage, &later).await?;
    is("voided", stage.shipment(&later).await?.booking, Booking::Voided)
}

async fn void_after_site(stage: &Stage) -> Outcome {
    let id = booked(stage).await?;
    if stage.brand.api == Api::ProShipping {
        is("made on the site", stage.sandbox.with_state(|state| state.pro_shipping.hand_over()), 1)?;
        cancel(stage, &id).await?;
        let detail = stage.asks(&id, Reason::VoidRefused).await?;
        return is("detail", detail, "already_manifested".to_owned());
    }
    let key = waybill_sandbox::royal_mail::DEFAULT_KEY;
    let mut call = Call::new(http::Method::POST, "/royal-mail/api/v1/manifests")
        .header("authorization", &format!("Bearer {key}"));
    call.body = br#"{"carrierName":"Royal Mail OBA"}"#.to_vec().into();
    is("made on the site", stage.sandbox.answer(&call).status, 201)?;
    cancel(stage, &id).await?;
    is("detail", stage.asks(&id, Reason::VoidRefused).await?, "OrderAlreadyManifested".to_owned())
}

async fn void_uncertain(stage: &Stage) -> Outcome {
    stage.sandbox.add_fault(stage.fault("create", FaultKind::LoseReply { hold_seconds: 1 }).times(1));
    let id = stage.order().await;
    let _ = stage.once(&id).await;
    is("at the carrier", stage.at_carrier().0, 1)?;
    stage.advance(200);
    cancel(stage, &id).await?;
    gone(stage, &id).await
}

async fn manifest(stage: &Stage) -> Outcome {
    booked(stage).await?;
    is("before the word", stage.asked("manifest"), 0)?;
    is("done", say(stage, "man_1").await?, Step::Done)?;
    is("again", say(stage, "man_1").await?, Step::Done)?;
    is("asked", stage.asked("manifest"), 1)?;
    let sheet = sheet(stage, "man_1").await?;
    is("state", matches!(sheet.progress, Progress::Done { .. }), true)?;
    let document = stage.documents.all().remove(&sheet.document()).ok_or("no document")?;
    is("a PDF", document.starts_with(b"%PDF-"), true)
}

async fn manifest_later(stage: &Stage) -> Outcome {
    stage.sandbox.with_state(|state| {
        for account in state.royal_mail.accounts.values_mut() {
            account.manifest_later = true;
        }
    });
    booked(stage).await?;
    let step = say(stage, "man_1").await?;
    is("comes back", matches!(step, Step::Again { .. }), true)?;
    is("state", matches!(sheet(stage, "man_1").await?.progress, Progress::Working { .. }), true)?;
    is("too early", matches!(say(stage, "man_1").await?, Step::Again { .. }), true)?;
    stage.advance(31);
    is("done", say(stage, "man_1").await?, Step::Done)?;
    let sheet = sheet(stage, "man_1").await?;
    is("kept", stage.documents.all().contains_key(&sheet.document()), true)?;
    is("asked", stage.asked("manifest"), 1)
}

async fn manifest_lost(stage: &Stage) -> Outcome {
    booked(stage).await?;
    stage.sandbox.add_fault(stage.fault("manifest", FaultKind::LoseReply { hold_seconds: 1 }).times(1));
    is("ends", say(stage, "man_1").await?, Step::Done)?;
    is("state", sheet(stage, "man_1").await?.progress, Progress::Uncertain)?;
    stage.advance(600);
    say(stage, "man_1").await?;
    is("asked", stage.asked("manifest"), 1)
}

async fn manifest_empty(stage: &Stage) -> Outcome {
    is("ends", say(stage, "man_1").await?, Step::Done)?;
    is("state", matches!(sheet(stage, "man_1").await?.progress, Progress::Refused { .. }), true)?;
    let void = stage.db.manifested(&stage.connection()).await.map_err(|e| e.to_string())?;
    is("nothing was handed over", void, None)
}

/// A dispatched order whose parcels end so.
async fn sent(stage: &Stage, grams: u32, fate: Fate) -> Result<OrderId, String> {
    let id = stage.order_to(bristol(), grams).await;
    stage.ship(&id).await?;
    stage.tell(fate);
    let now = stage.now();
    stage
        .change(&id, |order| {
            order.status = Status::Dispatched;
            order.stock_settled = true;
            order.milestones.shipped = Some(now);
        })
        .await;
    Ok(id)
}

async fn look(stage: &Stage, id: &OrderId) -> Outcome {
    waybill_tracker::work_on(&stage.tracker, stage.work(id)).await.map(|_| ()).map_err(|e| e.to_string())
}

async fn delivered(stage: &Stage) -> Outcome {
    let id = sent(stage, 600, Fate::Deliver).await?;
    stage.hours(24);
    look(stage, &id).await?;
    is("on its way", stage.shipment(&id).await?.transit, Transit::Moving)?;
    stage.hours(24);
    look(stage, &id).await?;
    is("status", stage.see(&id).await.status, Status::Delivered)?;
    is("when", stage.shipment(&id).await?.delivered_at.is_some(), true)
}

async fn failed(stage: &Stage) -> Outcome {
    let id = sent(stage, 600, Fate::Fail).await?;
    stage.hours(80);
    look(stage, &id).await?;
    is("transit", stage.shipment(&id).await?.transit, Transit::Failed)?;
    is("detail", stage.asks(&id, Reason::DeliveryFailed).await?, "failed".to_owned())
}

async fn returned(stage: &Stage) -> Outcome {
    let id = sent(stage, 600, Fate::Return).await?;
    stage.hours(80);
    look(stage, &id).await?;
    is("status", stage.see(&id).await.status, Status::Returned)?;
    is("detail", stage.asks(&id, Reason::DeliveryFailed).await?, "returned".to_owned())
}

async fn lost(stage: &Stage) -> Outcome {
    let id = sent(stage, 600, Fate::Lose).await?;
    stage.hours(24 * 4);
    look(stage, &id).await?;
    is("quiet", stage.see(&id).await.exceptions.len(), 0)?;
    stage.hours(24 * 3);
    look(stage, &id).await?;
    stage.asks(&id, Reason::ParcelStuck).await?;
    is("still on its way", stage.shipment(&id).await?.transit, Transit::Moving)?;
    stage.hours(24 * 15);
    look(stage, &id).await?;
    is("transit", stage.shipment(&id).await?.transit, Transit::Lost)?;
    is("detail", stage.asks(&id, Reason::DeliveryFailed).await?, "lost".to_owned())?;
    is("settled", stage.see(&id).await.exceptions.len(), 1)
}

async fn unknown(stage: &Stage) -> Outcome {
    let id = sent(stage, 600, Fate::Keep).await?;
    stage.sandbox.with_state(|state| {
        state.royal_mail.parcels.clear();
        state.dpd.accounts.values_mut().for_each(|account| account.shipments.clear());
    });
    stage.hours(24);
    look(stage, &id).await?;
    is("transit", stage.shipment(&id).await?.transit, Transit::Pending)?;
    is("status", stage.see(&id).await.status, Status::Dispatched)?;
    is("looked at again", stage.see(&id).await.due_at.is_some(), true)
}

async fn three(stage: &Stage) -> Outcome {
    let mut rule = stage.rule(&["GB"], stage.brand.home);
    rule.way.parcel_grams = Some(20_000);
    stage.set_shipping(vec![rule].into()).await;
    let id = sent(stage, 45_000, Fate::Deliver).await?;
    stage.tell_last(Fate::Lose);
    stage.hours(48);
    look(stage, &id).await?;
    is("one is missing", stage.shipment(&id).await?.transit, Transit::Moving)?;
    stage.tell(Fate::Deliver);
    look(stage, &id).await?;
    is("status", stage.see(&id).await.status, Status::Delivered)
}
