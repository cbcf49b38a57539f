//! One order with a sealed recipient and a sealed label, and the staff of two merchants.

use async_trait::async_trait;
use axum::Router;
use axum::body::to_bytes;
use http::HeaderMap;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use tower::ServiceExt;
use waybill_domain::access::Role;
use waybill_domain::intake::{Delivery, Identity, Incoming, IncomingLine};
use waybill_domain::money::Money;
use waybill_domain::order::{Channel, ChannelRef};
use waybill_domain::paper::{Paper, Printed, Progress};
use waybill_domain::retention::Policy;
use waybill_domain::service::{Carrier, ServiceChoice};
use waybill_domain::shipment::{Booking, LabelFormat, Shipment, Transit, WriteBack};
use waybill_domain::time::{after, days};
use waybill_domain::{MerchantId, OrderId, ShipmentId};
use waybill_privacy::seal::{Binding, FieldSet, seal_bytes};
use waybill_privacy::{Recipient, Sensitive};
use waybill_runtime::Clock;
use waybill_store::Db;
use waybill_store::audit::{Record, Stream, first_break};
use waybill_store::ingest::{Arrival, ingest};
use waybill_store::keyring::{MakeKeys, Vault};
use waybill_store::labels::{Documents, label_name, paper_id, paper_name};
use waybill_store::memory::{Engine, MemoryDocuments, MemoryKms, MemoryQueues, Outside, Verdict};
use waybill_store::registry::Merchant;
use waybill_store::staff::Staff;

pub const MERCHANT: &str = "mer_00000000000000aa";
pub const OTHER: &str = "mer_00000000000000bb";
pub const ORDER: &str = "ord_0123456789abcdef0123456789abcdef";
pub const SHIPMENT: &str = "shp_0123456789abcdef0123456789abcdef-1";
/// Words that name or locate the buyer; none may be seen outside an answer.
pub const PERSONAL: [&str; 4] = ["Ångström", "Invented Street", "BS1 4DJ", "label of Zoë"];
const START: i64 = 1_795_425_300;

/// Refuses calls whose name is set.
#[derive(Default)]
pub struct Refusing(Mutex<Option<&'static str>>);

#[async_trait]
impl Outside for Refusing {
    async fn before(&self, call: &str) -> Verdict {
        let refused = *self.0.lock().unwrap();
        if refused == Some(call) { Verdict::Refuse("AccessDeniedException") } else { Verdict::Go }
    }
    async fn after(&self, _call: &str) {}
}

/// Everything a test looks at.
pub struct Stage {
    pub engine: Engine,
    pub kms: MemoryKms,
    pub documents: MemoryDocuments,
    pub queues: MemoryQueues,
    outside: Arc<Refusing>,
    seconds: Arc<AtomicI64>,
    pub env: Arc<waybill_reveal::Env>,
    router: Router,
}

/// An answer, read to its end.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Status and code of a problem.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.headers["content-type"], "application/problem+json");
        (self.status, self.json()["code"].as_str().unwrap().to_owned())
    }
}

pub fn sub(role: Role) -> String {
    format!("sub-{role:?}")
}

pub fn recipient_of(order: &str, purpose: &str) -> String {
    format!("/v1/orders/{order}/recipient?purpose={purpose}")
}

pub fn label_of(shipment: &str, purpose: &str) -> String {
    format!("/v1/shipments/{shipment}/label?purpose={purpose}")
}

/// The event of API Gateway as lambda_http turns it into a request: the claims arrive in its extensions.
fn request(method: &str, sub: Option<&str>, address: &str, body: Option<&Value>) -> lambda_http::Request {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let mut event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
        "headers": {"host": "api.example.invalid"}, "isBase64Encoded": false,
        "requestContext": {"stage": "$default", "timeEpoch": 0, "http": {"method": method, "path": path}},
    });
    if let Some(body) = body {
        event["headers"]["content-type"] = json!("application/json");
        event["body"] = json!(body.to_string());
    }
    if let Some(sub) = sub {
        event["requestContext"]["authorizer"] = json!({"jwt": {"claims": {"sub": sub}, "scopes": []}});
    }
    lambda_http::request::from_str(&event.to_string()).unwrap()
}

impl Stage {
    pub async fn set() -> Self {
        let outside = Arc::new(Refusing::default());
        let engine = Engine::new(outside.clone()).unwrap();
        let kms = MemoryKms::new(outside.clone()).unwrap();
        let documents = MemoryDocuments::new(outside.clone());
        let queues = MemoryQueues::new(outside.clone());
        let seconds = Arc::new(AtomicI64::new(START));
        let ticking = seconds.clone();
        let env = Arc::new(waybill_reveal::Env {
            db: engine.db(),
            documents: Arc::new(documents.clone()),
            open_keys: Arc::new(kms.clone()),
            vault: Arc::new(kms.clone()),
            queues: Arc::new(queues.clone()),
            clock: Clock::of(move || Timestamp::from_second(ticking.load(Ordering::Relaxed)).unwrap()),
        });
        let router = waybill_reveal::router(env.clone());
        let stage = Self { engine, kms, documents, queues, outside, seconds, env, router };
        stage.take_order(ORDER).await;
        stage.make_label().await;
        stage.hire().await;
        stage
    }

    pub fn db(&self) -> Db {
        self.engine.db()
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_second(self.seconds.load(Ordering::Relaxed)).unwrap()
    }

    pub fn advance(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    pub fn refuse(&self, call: &'static str) {
        *self.outside.0.lock().unwrap() = Some(call);
    }

    pub async fn get(&self, sub: Option<&str>, address: &str) -> Answer {
        self.send(request("GET", sub, address, None), address).await
    }

    /// As [`Stage::get`], with a method and a body.
    pub async fn call(&self, method: &str, sub: Option<&str>, address: &str, body: Option<&Value>) -> Answer {
        self.send(request(method, sub, address, body), address).await
    }

    /// The two merchants are on record.
    pub async fn open_business(&self) {
        for id in [MERCHANT, OTHER] {
            let merchant = Merchant {
                id: id.parse().unwrap(),
                name: "Invented Traders".into(),
                index_key: self.kms.seal(id, &[7; 32]).await.unwrap(),
                needs: waybill_privacy::recipient::Needs::default(),
                retention: Policy::LONGEST,
                part_ship: false,
                warehouses: Vec::new(),
                services: Vec::new().into(),
            };
            self.db().save_merchant(&merchant).await.unwrap();
        }
    }

    pub async fn post(&self, role: Role, address: &str, body: &Value) -> Answer {
        self.send(request("POST", Some(&sub(role)), address, Some(body)), address).await
    }

    async fn send(&self, request: lambda_http::Request, address: &str) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        assert_eq!(parts.headers["cache-control"], "no-store", "{address}");
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub async fn as_role(&self, role: Role, address: &str) -> Answer {
        self.get(Some(&sub(role)), address).await
    }

    /// The merchant's access chain, which must hold together.
    pub async fn records(&self) -> Vec<Record> {
        let merchant: MerchantId = MERCHANT.parse().unwrap();
        let records = self.db().records(&merchant, Stream::Access).await.unwrap();
        assert_eq!(first_break(&records).unwrap(), None);
        records
    }

    /// Everyone is in office, trained and confirmed as of now.
    pub async fn hire(&self) {
        for role in Role::ALL {
            let trained_until = after(self.now(), days(200));
            let staff = Staff {
                merchant: MERCHANT.parse().unwrap(),
                role,
                trained_until,
                reviewed_at: self.now(),
                active: true,
            };
            self.db().save_staff(&sub(role), &staff).await.unwrap();
            let elsewhere = Staff { merchant: OTHER.parse().unwrap(), ..staff };
            self.db().save_staff(&format!("other-{role:?}"), &elsewhere).await.unwrap();
        }
    }

    /// An order of someone in Bristol.
    pub async fn take_order(&self, order: &str) {
        let incoming = Incoming {
            channel: Channel::Shopify,
            channel_ref: ChannelRef { id: "5921178026231".into(), name: Some("#1001".into()) },
            version: self.now(),
            placed_at: self.now(),
            cancelled_at: None,
            arrived_at: None,
            test: false,
            readiness: waybill_domain::intake::Readiness::Ready,
            delivery: Delivery::Ship,
            destination: None,
            lines: vec![IncomingLine {
                channel_line: "13900000000".into(),
                sku: Some("TEE-RED".into()),
                quantity: 2,
                sent: 0,
                ships: true,
                grams: 200,
                price: Decimal::new(1250, 2),
            }],
            total: Money { amount: Decimal::new(2500, 2), currency: "GBP".into() },
        };
        let who = Identity {
            order: order.parse().unwrap(),
            merchant: MERCHANT.parse().unwrap(),
            connection: "con_00000000000000aa".parse().unwrap(),
            lines: vec!["lin_000000000001".parse().unwrap()],
            digest: "a".into(),
        };
        let text = |s: &str| Some(Sensitive::new(s.to_owned()));
        let someone = Recipient {
            name: text("Zoë Ångström"),
            lines: vec![Sensitive::new("14 Invented Street".to_owned())],
            city: text("Bristol"),
            postcode: text("BS1 4DJ"),
            country: Some("GB".into()),
            phone: text("07700 900001"),
            ..Recipient::default()
        };
        let arrival = Arrival {
            incoming: &incoming,
            who: &who,
            recipient: Some(&someone),
            buyer: None,
            lot: None,
            policy: Policy::LONGEST,
            fresh: false,
            now: self.now(),
        };
        ingest(&self.db(), &self.kms, &arrival).await.unwrap();
    }

    async fn make_label(&self) {
        let label = "%PDF-1.4 label of Zoë".as_bytes();
        self.keep_label(SHIPMENT.parse().unwrap(), label, LabelFormat::Pdf).await;
    }

    /// The label of a further shipment of the order.
    pub async fn add_label(&self, n: usize, label: &[u8], format: LabelFormat) {
        self.keep_label(ShipmentId::of(&ORDER.parse().unwrap(), n), label, format).await;
    }

    /// A paper beside the label of a further shipment.
    pub async fn add_paper(&self, n: usize, paper: Paper, bytes: &[u8]) {
        let order: OrderId = ORDER.parse().unwrap();
        let id = ShipmentId::of(&order, n);
        let mut shipment = self.db().shipment(&id).await.unwrap().unwrap();
        let key = self.kms.make(&shipment.merchant, &order).await.unwrap();
        let sealed_as = paper_id(&id, paper);
        let to =
            Binding { merchant: &shipment.merchant, order: &order, field_set: FieldSet::Label(&sealed_as) };
        let sealed = seal_bytes(&key.plain, to, bytes).unwrap();
        self.db().save_paper_key(&order, &id, paper, &key.wrapped).await.unwrap();
        self.documents.put(&paper_name(&order, &id, paper), sealed).await.unwrap();
        shipment.note(Printed {
            paper,
            progress: Progress::Made,
            at: self.now(),
            carrier: shipment.carrier.clone(),
            tracking: None,
            disclosed: if paper.is_booked() { vec!["name".into()] } else { Vec::new() },
        });
        self.db().save_shipment(&mut shipment).await.unwrap();
    }

    /// The label of any shipment.
    pub async fn keep_label(&self, id: ShipmentId, label: &[u8], label_format: LabelFormat) {
        let order: OrderId = id.order().unwrap();
        let merchant: MerchantId = MERCHANT.parse().unwrap();
        let key = self.kms.make(&merchant, &order).await.unwrap();
        let to = Binding { merchant: &merchant, order: &order, field_set: FieldSet::Label(id.as_str()) };
        let sealed = seal_bytes(&key.plain, to, label).unwrap();
        self.db().save_label_key(&order, &id, &key.wrapped).await.unwrap();
        self.documents.put(&label_name(&order, &id), sealed).await.unwrap();
        let service = ServiceChoice {
            carrier: Carrier::RoyalMail,
            code: "TPS48".into(),
            format: "parcel".into(),
            notify: None,
        };
        let mut shipment = Shipment {
            id,
            order,
            merchant,
            warehouse: "wh_north".parse().unwrap(),
            carrier: "con_00000000000000c1".parse().unwrap(),
            service,
            lines: Vec::new(),
            grams: 450,
            parcels: 1,
            weights: Vec::new(),
            reference: "WB-0123456789abcdef0123456789abcdef-1".into(),
            booking: Booking::Labelled {
                carrier_order: "1001".into(),
                tracking: "AA000000001GB".into(),
                others: vec![],
            },
            write_back: WriteBack::Pending,
            transit: Transit::Pending,
            disclosed: vec!["name".into(), "lines".into(), "postcode".into()],
            label_format,
            labelled_at: Some(self.now()),
            papers: Vec::new(),
            delivered_at: None,
            seen_at: None,
            rev: 0,
        };
        self.db().save_shipment(&mut shipment).await.unwrap();
    }
}
