//! A merchant for whom every example of the document can be carried out.

use crate::stage::{MERCHANT, Stage, order_id};
use serde_json::{Value, json};
use waybill_domain::SubscriptionId;
use waybill_domain::access::Role;
use waybill_domain::event::{Event, Topic, What};
use waybill_domain::exception::Reason;
use waybill_domain::incident::{Incident, Suspicion};
use waybill_domain::manifest::{Manifest, Progress};
use waybill_domain::order::{Allocation, Hold, Status};
use waybill_domain::request::{Asker, Clock, Kind};
use waybill_domain::shipment::Transit;
use waybill_domain::subscription::{self, State};
use waybill_domain::time::{after, days};
use waybill_store::keyring::Vault;
use waybill_store::labels::Documents;
use waybill_store::registry;
use waybill_store::requests::{Recipient, Request, Scope};
use waybill_store::stock::{BatchChanges, Settling, SlotChange};
use waybill_store::subscriptions::{Delivery, Subscription};

/// The connection that examples name.
pub const CONNECTION: &str = "con_00000000000000aa";
/// The carrier account that examples name.
pub const CARRIER: &str = "con_00000000000000cc";

/// Sets the stage.
pub async fn ready() -> Stage {
    let stage = Stage::set().await;
    stage.open_warehouses().await;
    goods(&stage).await;
    orders(&stage).await;
    account(&stage).await;
    law(&stage).await;
    subscribe(&stage).await;
    stage.hire("colleague", MERCHANT, Role::Packer, true).await;
    stage.queues.take();
    stage
}

async fn done(stage: &Stage, method: &str, address: &str, body: Value) {
    let answer = stage.call(Some("mine-Manager"), method, address, Some(body)).await;
    assert_eq!(answer.0, 200, "{address}: {}", answer.1);
}

async fn goods(stage: &Stage) {
    done(stage, "PUT", "/v1/skus/TEE-RED", json!({"sku": "TEE-RED", "name": "Tee, red", "grams": 200})).await;
    let receive = json!({"kind": "receive", "sku": "TEE-RED", "warehouse": "wh_north", "quantity": 20,
        "reason": "purchase", "reference": "PO-1"});
    done(stage, "POST", "/v1/stock/movements", receive).await;
    let count =
        json!({"sku": "TEE-RED", "warehouse": "wh_north", "spot": "DOCK", "counted": 90, "reference": "C-1"});
    done(stage, "POST", "/v1/stock/counts", count).await;
    let send =
        json!({"sku": "TEE-RED", "from": "wh_north", "to": "wh_south", "quantity": 4, "reference": "T-1"});
    done(stage, "POST", "/v1/stock/transfers", send).await;
    let bin = json!({"id": "A-01", "zone": "a", "walk": 1});
    done(stage, "PUT", "/v1/warehouses/wh_north/bins/A-01", bin).await;
    done(stage, "POST", "/v1/uploads/U-1?kind=skus&mode=skip_bad", json!("sku,name\nCUP,Cup\n")).await;
    let mapping = json!({"connection": CONNECTION, "channel_sku": "tee-red", "sku": "TEE-RED", "units": 1});
    done(stage, "POST", "/v1/mappings", mapping).await;
}

async fn orders(stage: &Stage) {
    let mut held = stage.order(2).await;
    held.status = Status::Held;
    held.hold = Some(Hold::Exception);
    held.raise(Reason::HeldByRule, Some("look".into()), stage.now());
    stage.db.save_order(&mut held).await.unwrap();
    let mut refused = stage.order(5).await;
    refused.status = Status::Held;
    refused.hold = Some(Hold::Exception);
    refused.raise(Reason::CarrierRefused, None, stage.now());
    stage.db.save_order(&mut refused).await.unwrap();
    let mut held = stage.order(4).await;
    waybill_domain::instructions::hold(&mut held).unwrap();
    stage.db.save_order(&mut held).await.unwrap();
    stage.book(1).await;
    stage.take_order(MERCHANT, 6).await;
    labelled(stage, 6).await;
    let mut order = stage.order(3).await;
    let slot = ("TEE-RED".to_owned(), "wh_north".parse().unwrap());
    order.status = Status::Allocated;
    order.lines[0].allocations = vec![Allocation { warehouse: "wh_north".parse().unwrap(), quantity: 2 }];
    let change = SlotChange { orders: vec![(order.id.clone(), 2)], ..SlotChange::default() };
    let changes = BatchChanges::from([(slot, change)]);
    let merchant = MERCHANT.parse().unwrap();
    stage.db.settle(&merchant, Settling::Promises, &changes, &mut [order], stage.now()).await.unwrap();
    let making = json!({"list": "pick_1", "warehouse": "wh_north", "style": "batch"});
    done(stage, "POST", "/v1/picks", making).await;
}

/// A label that nobody handed over.
pub async fn labelled(stage: &Stage, n: u8) {
    stage.book(n).await;
    let mut order = stage.order(n).await;
    let mut shipment = stage.db.shipments(&order.id).await.unwrap().remove(0);
    shipment.transit = Transit::Pending;
    shipment.carrier = CARRIER.parse().unwrap();
    stage.db.save_shipment(&mut shipment).await.unwrap();
    (order.status, order.shipments) = (Status::Dispatched, 1);
    stage.db.save_order(&mut order).await.unwrap();
}

async fn account(stage: &Stage) {
    carrier(stage).await;
    let secrets = json!({"kind": "woocommerce", "secrets": ["invented"], "key": "ck_1", "secret": "cs_1"});
    stage.connect(CONNECTION, MERCHANT, registry::Kind::WooCommerce, &secrets).await;
    let secrets = json!({"kind": "shopify", "secrets": ["invented"], "token": "shpat_invented"});
    stage.connect("con_00000000000000ab", MERCHANT, registry::Kind::Shopify, &secrets).await;
}

/// A carrier account that examples name.
async fn carrier(stage: &Stage) {
    let secrets = json!({"kind": "royal_mail", "key": "k", "tracking_id": "i", "tracking_secret": "s"});
    stage.connect(CARRIER, MERCHANT, registry::Kind::RoyalMail, &secrets).await;
    let mut manifest = Manifest {
        id: "man_00000000000000a1".parse().unwrap(),
        merchant: MERCHANT.parse().unwrap(),
        connection: CARRIER.parse().unwrap(),
        warehouse: "wh_north".parse().unwrap(),
        carrier_name: "Royal Mail OBA".into(),
        asked_at: stage.now(),
        progress: Progress::Planned,
    };
    stage.db.claim_manifest(&manifest).await.unwrap();
    stage.documents.put(&manifest.document(), b"%PDF-1.4 invented".to_vec()).await.unwrap();
    manifest.progress = Progress::Done { number: 7 };
    stage.db.save_manifest(&manifest).await.unwrap();
}

/// An address that hears of everything, and an event that it did not take.
async fn subscribe(stage: &Stage) {
    let secret = waybill_privacy::signing::SigningSecret::fresh().unwrap().text().to_string();
    let secrets = json!({"current": secret}).to_string();
    let id: SubscriptionId = "sub_00000000000000000000a1".parse().unwrap();
    let subscription = Subscription {
        id: id.clone(),
        merchant: MERCHANT.parse().unwrap(),
        url: "https://events.example.invalid/waybill".into(),
        topics: [Topic::Order].into(),
        state: State::Active,
        off: None,
        failing_since: None,
        made_at: stage.now(),
        secrets: stage.kms.seal(id.as_str(), secrets.as_bytes()).await.unwrap(),
        previous_until: None,
        secret_by: "invented".into(),
        rev: 0,
    };
    stage.db.add_subscription(&subscription).await.unwrap();
    let event = Event {
        id: "evt_00000000000000a1".into(),
        merchant: MERCHANT.parse().unwrap(),
        at: stage.now(),
        what: What::Test { subscription: id.clone() },
    };
    let delivery = Delivery::new(&id, &event, subscription::Progress::Failed, stage.now()).unwrap();
    stage.db.add_delivery(&delivery).await.unwrap();
}

async fn law(stage: &Stage) {
    let request = Request {
        id: "req_00000000000000a1".parse().unwrap(),
        merchant: MERCHANT.parse().unwrap(),
        clock: Clock::start(Kind::Erasure, Asker::Person, stage.now()),
        scope: Scope::Orders { orders: vec![order_id(5).parse().unwrap()] },
        asked_by: "mine-Support".into(),
        done_at: None,
        certificate: None,
        recipients: vec![Recipient { connection: CONNECTION.parse().unwrap(), told_at: None }],
        held: Vec::new(),
        progress: None,
    };
    stage.db.save_request(&request).await.unwrap();
    let hold = json!({"reason": "claim", "until": after(stage.now(), days(30))});
    done(stage, "POST", &format!("/v1/orders/{}/hold", order_id(4)), hold).await;
    let glass = format!("/v1/orders/{}/break-glass", order_id(4));
    assert_eq!(stage.ask("mine-Packer", &glass, &json!({"purpose": "exception"})).await.0, 200);
    let incident = Incident {
        id: "inc_00000000000000a1".parse().unwrap(),
        detected_at: stage.now(),
        opened_by: "mine-Manager".into(),
        suspicion: Suspicion {
            from: after(stage.now(), days(-1)),
            until: stage.now(),
            actor: None,
            order: None,
            places: Vec::new(),
            channels: Vec::new(),
            connections: Vec::new(),
        },
        high_risk: false,
        high_risk_at: None,
        decisions: Vec::new(),
    };
    stage.db.save_incident(&MERCHANT.parse().unwrap(), &incident).await.unwrap();
    let policy = json!({"name": "privacy", "done_at": stage.now(), "version": "a".repeat(64)});
    done(stage, "POST", "/v1/registers/policy", policy).await;
}
