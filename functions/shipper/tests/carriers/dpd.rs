//! What is DPD's own: it shows no bookings, undoes nothing, hands nothing over, and gives tokens that end.

use crate::leaving::{booked, cancel, say, sheet};
use crate::stage::{ACCOUNT, Api, Outcome, Stage, bristol, is};
use crate::{Scenario, row};
use serde_json::json;
use waybill_domain::OrderId;
use waybill_domain::customs::Product;
use waybill_domain::exception::Reason;
use waybill_domain::manifest::Progress;
use waybill_domain::order::Status;
use waybill_domain::shipment::Voiding;
use waybill_privacy::{Recipient, Sensitive};
use waybill_sandbox::{Call, FaultKind, Sandbox};
use waybill_store::Queue;
use waybill_store::memory::Verdict;

pub fn rows() -> Vec<Scenario> {
    [
        row!("reply lost after the create: a person, nothing bought twice", lost_reply),
        row!("create lost on its way: a person, never created again", lost_request),
        row!("error after the work is done: a person, never created again", error_after_work),
        row!("died between the reply and the label: its key was kept", died_before_label),
        row!("login or offers unanswered: booked later, no person", lost_question),
        row!("our reference is booked already: a person", exists),
        row!("service key changes between offer and booking: asked again", stale),
        row!("service key refused though on offer: the rule is named", stale_twice),
        row!("labels unanswered after the booking: printed later", label_lost),
        row!("token ends: one login for all that follows", token_ends),
        row!("token refused early: one login, the booking made once", token_revoked),
        row!("token refused again: the account is paused", token_refused_again),
        row!("three parcels: their labels byte for byte, in order", three_labels),
        row!("Ireland: goods declared once they are known", ireland),
        row!("beyond Ireland: refused before any call, said so", beyond),
        row!("phone hidden: the seller's own number and mail", phone_hidden),
        row!("void: not offered, said so, no call", void),
        row!("cancelled before anything was booked: gone, no person", cancelled_first),
        row!("cancelled while the create is uncertain: a person", cancelled_uncertain),
        row!("manifest: refused, said so", manifest),
    ]
    .map(|row| row.alone(Api::Dpd))
    .into()
}

/// A person is told, with what DPD's tracking says; nothing is created again however long we wait.
async fn uncertain(stage: &Stage, id: &OrderId, detail: &str, there: usize) -> Outcome {
    is("detail", stage.asks(id, Reason::UncertainBooking).await?, detail.to_owned())?;
    is("status", stage.see(id).await.status, Status::Held)?;
    stage.hours(48);
    stage.change(id, |order| order.status = Status::Allocated).await;
    stage.change(id, |order| order.exceptions.clear()).await;
    stage.ship(id).await?;
    stage.asks(id, Reason::UncertainBooking).await?;
    is("at the carrier", stage.at_carrier(), (there, 0, 0))
}

async fn lost_reply(stage: &Stage) -> Outcome {
    let fault = stage.fault("create", FaultKind::LoseReply { hold_seconds: 1 }).times(1);
    stage.sandbox.add_fault(fault);
    let id = stage.order().await;
    stage.ship(&id).await?;
    uncertain(stage, &id, "booked_label_only_on_carriers_site", 1).await
}

async fn lost_request(stage: &Stage) -> Outcome {
    stage.hand.next("carrier:create", Verdict::Refuse("lost"));
    let id = stage.order().await;
    stage.ship(&id).await?;
    is("creates", stage.asked("create"), 0)?;
    uncertain(stage, &id, "carrier_knows_nothing_yet", 0).await?;
    is("creates", stage.asked("create"), 0)
}

async fn error_after_work(stage: &Stage) -> Outcome {
    stage.set_account(&json!({"tracks_unscanned": false}));
    stage.sandbox.add_fault(stage.fault("create", FaultKind::ErrorAfterWork).times(1));
    let id = stage.order().await;
    stage.ship(&id).await?;
    // DPD does not show what nobody has scanned: its silence proves nothing.
    is("detail", stage.asks(&id, Reason::UncertainBooking).await?, "carrier_knows_nothing_yet".to_owned())?;
    uncertain(stage, &id, "carrier_knows_nothing_yet", 1).await
}

async fn died_before_label(stage: &Stage) -> Outcome {
    for n in 0..200 {
        let fresh = Stage::set(stage.brand).await;
        let id = fresh.order().await;
        let died = fresh.dies(&id, n).await;
        if fresh.shipment(&id).await.is_ok_and(|s| s.rev == 1) {
            is("died", died, true)?;
            is("before the label", fresh.asked("label"), 0)?;
            fresh.ship(&id).await?;
            return fresh.one_label(&id).await;
        }
    }
    Err("the key was never kept before the label".to_owned())
}

async fn lost_question(stage: &Stage) -> Outcome {
    stage.hand.next("carrier:login", Verdict::Refuse("lost"));
    let id = stage.order().await;
    stage.ship(&id).await?;
    stage.one_label(&id).await?;
    let other = stage.order().await;
    stage.hand.next("carrier:offers", Verdict::LoseReply);
    stage.ship(&other).await?;
    is("booked", stage.shipment(&other).await?.has_label(), true)?;
    is("at the carrier", stage.at_carrier(), (2, 2, 0))
}

async fn exists(stage: &Stage) -> Outcome {
    stage.set_account(&json!({"unique_references": true, "refuses_under_200": true}));
    let id = stage.order().await;
    stage.ship(&id).await?;
    // Somebody forgot here what is booked there.
    stage.change(&id, |order| order.status = Status::Allocated).await;
    let mut shipment = stage.shipment(&id).await?;
    shipment.booking = waybill_domain::shipment::Booking::Planned;
    stage.db.save_shipment(&mut shipment).await.unwrap();
    stage.ship(&id).await?;
    is("detail", stage.asks(&id, Reason::UncertainBooking).await?, "reference_exists".to_owned())?;
    is("at the carrier", stage.at_carrier().0, 1)
}

/// What a person at DPD does to the account.
fn does(sandbox: &Sandbox, what: &str, body: serde_json::Value) {
    let call = Call::new(http::Method::POST, &format!("/control/dpd/{ACCOUNT}/{what}"));
    assert_eq!(sandbox.answer(&call.json(&body)).status, 200);
}

async fn stale(stage: &Stage) -> Outcome {
    let sandbox = stage.sandbox.clone();
    stage.hand.then("carrier:offers", 1, move || does(&sandbox, "rotate", json!({})));
    let id = stage.order().await;
    stage.ship(&id).await?;
    is("asked", (stage.asked("services"), stage.asked("create")), (2, 2))?;
    stage.one_label(&id).await
}

async fn stale_twice(stage: &Stage) -> Outcome {
    let sandbox = stage.sandbox.clone();
    stage.hand.then("carrier:offers", 2, move || does(&sandbox, "rotate", json!({})));
    let id = stage.order().await;
    stage.ship(&id).await?;
    let want = "service_refused_though_on_offer".to_owned();
    is("detail", stage.asks(&id, Reason::NoService).await?, want)?;
    is("asked", (stage.asked("services"), stage.asked("create")), (2, 2))?;
    is("at the carrier", stage.at_carrier(), (0, 0, 0))
}

async fn label_lost(stage: &Stage) -> Outcome {
    stage.sandbox.add_fault(stage.fault("label", FaultKind::ServerError).times(2));
    let id = stage.order().await;
    stage.ship(&id).await?;
    is("creates", stage.asked("create"), 1)?;
    stage.one_label(&id).await
}

async fn token_ends(stage: &Stage) -> Outcome {
    for days in 0..3 {
        for _ in 0..4 {
            let id = stage.order().await;
            stage.ship(&id).await?;
            is("booked", stage.shipment(&id).await?.has_label(), true)?;
        }
        is("logins", stage.asked("login"), days + 1)?;
        stage.hours(24);
    }
    Ok(())
}

async fn token_revoked(stage: &Stage) -> Outcome {
    let sandbox = stage.sandbox.clone();
    // Between the offers and the booking, so that it is the create that is refused.
    stage.hand.then("carrier:offers", 1, move || does(&sandbox, "tokens", json!({"revoke": true})));
    let id = stage.order().await;
    stage.ship(&id).await?;
    is("asked", (stage.asked("login"), stage.asked("create")), (2, 2))?;
    stage.one_label(&id).await
}

async fn token_refused_again(stage: &Stage) -> Outcome {
    let id = stage.order().await;
    stage.ship(&id).await?;
    stage.set_account(&json!({"key": "another"}));
    does(&stage.sandbox, "tokens", json!({"revoke": true}));
    let other = stage.order().await;
    stage.ship(&other).await?;
    stage.asks(&other, Reason::ConnectionRefused).await?;
    is("logins", stage.asked("login"), 2)?;
    let connection = stage.db.connection(&stage.connection()).await.unwrap().unwrap();
    is("paused", connection.state, waybill_store::registry::ConnectionState::Refused)?;
    is("at the carrier", stage.at_carrier(), (1, 1, 0))
}

async fn three_labels(stage: &Stage) -> Outcome {
    let mut rule = stage.rule(&["GB"], stage.brand.home);
    rule.way.parcel_grams = Some(20_000);
    stage.set_shipping(vec![rule].into()).await;
    let id = stage.order_to(bristol(), 45_000).await;
    stage.ship(&id).await?;
    let shipment = stage.shipment(&id).await?;
    let label = String::from_utf8(stage.opened(&shipment).await).map_err(|e| e.to_string())?;
    is("labels", (label.matches("^XA\r\n").count(), label.matches("^XZ\r\n").count()), (3, 3))?;
    let at: Vec<_> = shipment.numbers().into_iter().map(|number| label.find(number)).collect();
    is("in order", at.is_sorted() && at.iter().all(Option::is_some), true)
}

fn dublin() -> Recipient {
    let text = |text: &str| Some(Sensitive::new(text.to_owned()));
    Recipient { city: text("Dublin"), postcode: text("D02 AF30"), country: Some("IE".into()), ..bristol() }
}

async fn ireland(stage: &Stage) -> Outcome {
    let id = stage.order_to(dublin(), 600).await;
    stage.ship(&id).await?;
    is("lacks", stage.asks(&id, Reason::CustomsIncomplete).await?, "TEE-RED:hs_code".to_owned())?;
    is("calls", (stage.asked("login"), stage.asked("create")), (0, 0))?;
    let shirt = Product {
        sku: "TEE-RED".into(),
        description: Some("Men's cotton t-shirt".into()),
        hs_code: Some("6109 10 00 10".into()),
        origin: Some("PT".into()),
        ..Product::default()
    };
    stage.db.save_product(&crate::stage::MERCHANT.parse().unwrap(), &shirt).await.unwrap();
    let other = stage.order_to(dublin(), 600).await;
    stage.ship(&other).await?;
    is("booked", stage.shipment(&other).await?.has_label(), true)?;
    let booking = stage.bookings().remove(0);
    let product = &booking["outboundConsignment"]["parcels"][0]["products"][0];
    is("code", product["commodityCode"].as_str(), Some("6109100010"))?;
    is("value", booking["outboundConsignment"]["customsValue"].as_f64(), Some(12.25))?;
    is("terms", booking["invoice"]["termsOfDelivery"].as_str(), Some("DAP"))
}

async fn beyond(stage: &Stage) -> Outcome {
    stage.set_shipping(vec![stage.rule(&[], stage.brand.abroad)].into()).await;
    let who = Recipient { country: Some("IM".into()), ..dublin() };
    let bad = stage.order_to(who, 600).await;
    stage.ship(&bad).await?;
    is("names it", stage.asks(&bad, Reason::CarrierRefused).await?.contains("postcode"), true)?;
    let product = Product {
        sku: "TEE-RED".into(),
        description: Some("Men's cotton t-shirt".into()),
        hs_code: Some("61091000".into()),
        origin: Some("PT".into()),
        ..Product::default()
    };
    stage.db.save_product(&crate::stage::MERCHANT.parse().unwrap(), &product).await.unwrap();
    let id = stage.order_to(Recipient { country: Some("FR".into()), ..dublin() }, 600).await;
    stage.ship(&id).await?;
    let told = stage.asks(&id, Reason::CarrierRefused).await?;
    is("says so", told.contains("shipments to this country"), true)?;
    is("creates", (stage.asked("services"), stage.asked("create")), (0, 0))?;
    is("claimed", stage.see(&id).await.claim.is_some(), false)
}

async fn phone_hidden(stage: &Stage) -> Outcome {
    let id = stage.order_to(Recipient { phone: None, ..bristol() }, 600).await;
    stage.ship(&id).await?;
    stage.one_label(&id).await?;
    is("disclosed", stage.shipment(&id).await?.disclosed.contains(&"phone".to_owned()), false)?;
    let to = &stage.bookings()[0]["outboundConsignment"]["deliveryDetails"];
    is("phone", to["contactDetails"]["telephone"].as_str(), Some("01632960050"))?;
    is("told", to["notificationDetails"].clone(), json!({"email": "dispatch@harbour-finch.invalid"}))
}

async fn void(stage: &Stage) -> Outcome {
    let id = booked(stage).await?;
    is("voiding", stage.shipment(&id).await?.voiding(None), Voiding::NotOffered)?;
    let calls = stage.sandbox.with_state(|state| state.meters.captured.len());
    cancel(stage, &id).await?;
    is("detail", stage.asks(&id, Reason::VoidRefused).await?, "carrier_offers_no_void".to_owned())?;
    is("calls", stage.sandbox.with_state(|state| state.meters.captured.len()), calls)?;
    is("goods stay promised", stage.queues.take().len(), 0)
}

async fn cancelled_first(stage: &Stage) -> Outcome {
    // One that was throttled before anything was booked is as new.
    let kind = FaultKind::TooManyRequests { retry_after: Some(7) };
    stage.sandbox.add_fault(stage.fault("create", kind).times(1));
    let id = stage.order().await;
    is("told", stage.once(&id).await, Ok(waybill_runtime::Step::Again { seconds: 7 }))?;
    cancel(stage, &id).await?;
    is("exceptions", stage.see(&id).await.exceptions.len(), 0)?;
    is("looked for", stage.asked("find"), 0)?;
    is("stock goes back", stage.queues.take().iter().any(|sent| sent.queue == Queue::Allocate), true)
}

async fn cancelled_uncertain(stage: &Stage) -> Outcome {
    let fault = stage.fault("create", FaultKind::LoseReply { hold_seconds: 1 }).times(1);
    stage.sandbox.add_fault(fault);
    let id = stage.order().await;
    let _ = stage.once(&id).await;
    stage.advance(200);
    cancel(stage, &id).await?;
    stage.asks(&id, Reason::UncertainBooking).await?;
    is("goods stay promised", stage.queues.take().len(), 0)?;
    is("at the carrier", stage.at_carrier().0, 1)
}

pub async fn manifest(stage: &Stage) -> Outcome {
    booked(stage).await?;
    say(stage, "man_1").await?;
    let progress = sheet(stage, "man_1").await?.progress;
    let Progress::Refused { code } = progress else { return Err(format!("{progress:?}")) };
    is("says so", code.contains("handed over"), true)?;
    let manifested = stage.db.manifested(&stage.connection()).await.map_err(|e| e.to_string())?;
    is("nothing was handed over", manifested, None)
}
