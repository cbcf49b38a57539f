//! Two merchants with orders, stock and staff.

use axum::Router;
use axum::body::to_bytes;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use tower::ServiceExt;
use waybill_api::Env;
use waybill_domain::access::Role;
use waybill_domain::intake::{Delivery, Identity, Incoming, IncomingLine};
use waybill_domain::money::Money;
use waybill_domain::order::{Channel, ChannelRef, Destination, Order};
use waybill_domain::retention::Policy;
use waybill_domain::service::{Carrier, ServiceChoice};
use waybill_domain::shipment::{Booking, Shipment, Transit, WriteBack};
use waybill_domain::time::{after, days};
use waybill_domain::{MerchantId, OrderId, ShipmentId};
use waybill_privacy::{Recipient, Sensitive};
use waybill_runtime::config::Egress;
use waybill_runtime::outbound::{NoAnswer, Outbound};
use waybill_runtime::{Channels, Clock, Directory, Pushes};
use waybill_store::Db;
use waybill_store::ingest::{Arrival, ingest};
use waybill_store::keyring::Vault;
use waybill_store::memory::{Calm, Engine, MemoryDocuments, MemoryKms, MemoryQueues};
use waybill_store::registry::{Connection, ConnectionState, Kind, Merchant, Warehouse};
use waybill_store::staff::Staff;

pub const MERCHANT: &str = "mer_00000000000000aa";
pub const OTHER: &str = "mer_00000000000000bb";
/// Words that name or locate the buyer; no answer may hold one.
pub const PERSONAL: [&str; 5] = ["Zoë", "Ångström", "Invented Street", "BS1 4DJ", "07700 900001"];
const START: i64 = 1_795_425_300;

/// Everything a test looks at.
pub struct Stage {
    pub db: Db,
    pub kms: MemoryKms,
    /// What was sent to other functions.
    pub queues: MemoryQueues,
    pub documents: Arc<MemoryDocuments>,
    /// What others answer.
    pub outside: Arc<Outside>,
    /// What the function works with.
    pub env: Arc<Env>,
    seconds: Arc<AtomicI64>,
    router: Router,
}

/// A network that leads nowhere, but for what it was told to answer.
#[derive(Default)]
pub struct Outside {
    answers: Mutex<VecDeque<http::Response<Vec<u8>>>>,
    asked: Mutex<Vec<String>>,
}

impl Outside {
    /// Answers these, in order.
    pub fn answers(&self, all: impl IntoIterator<Item = http::Response<Vec<u8>>>) {
        self.answers.lock().unwrap().extend(all);
    }

    /// What was asked, method and address.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait::async_trait]
impl Outbound for Outside {
    async fn send(&self, asked: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, NoAnswer> {
        self.asked.lock().unwrap().push(format!("{} {}", asked.method(), asked.uri()));
        self.answers.lock().unwrap().pop_front().ok_or(NoAnswer::Lost)
    }
}

/// Status and body of an answer.
pub type Answer = (u16, Value);

pub fn order_id(n: u8) -> String {
    format!("ord_{n:032x}")
}

pub fn code(answer: &Answer) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}

impl Stage {
    /// Five orders of one merchant, numbered from 1, each placed a minute after the one before; one of another.
    pub async fn set() -> Self {
        let calm = Arc::new(Calm);
        let db = Engine::new(calm.clone()).unwrap().db();
        let seconds = Arc::new(AtomicI64::new(START));
        let ticking = seconds.clone();
        let clock = Clock::of(move || Timestamp::from_second(ticking.load(Ordering::Relaxed)).unwrap());
        let kms = MemoryKms::new(calm.clone()).unwrap();
        let documents = Arc::new(MemoryDocuments::new(calm.clone()));
        let queues = MemoryQueues::new(calm);
        let vault = Arc::new(kms.clone());
        let outside = Arc::new(Outside::default());
        let env = Arc::new(Env {
            directory: Directory::new(db.clone(), vault.clone()),
            channels: Channels::new(db.clone(), vault.clone(), outside.clone(), clock.clone()),
            db: db.clone(),
            vault,
            egress: Egress::Public,
            queues: Arc::new(queues.clone()),
            pushes: Pushes::new(Arc::new(queues.clone()), clock.clone()),
            documents: documents.clone(),
            clock,
        });
        let router = waybill_api::router(env.clone());
        let stage = Self { db, kms, queues, documents, outside, env, seconds, router };
        for merchant in [MERCHANT, OTHER] {
            stage.open_business(merchant).await;
        }
        for n in 1..=5 {
            stage.take_order(MERCHANT, n).await;
        }
        stage.take_order(OTHER, 200).await;
        stage.confirm().await;
        stage.hire("left", MERCHANT, Role::Owner, false).await;
        stage
    }

    /// Everyone is confirmed as of now.
    pub async fn confirm(&self) {
        for role in Role::ALL {
            self.hire(&format!("mine-{role:?}"), MERCHANT, role, true).await;
            self.hire(&format!("other-{role:?}"), OTHER, role, true).await;
        }
    }

    pub fn now(&self) -> Timestamp {
        Timestamp::from_second(self.seconds.load(Ordering::Relaxed)).unwrap()
    }

    pub fn advance(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    async fn open_business(&self, merchant: &str) {
        let index_key = self.kms.seal(merchant, &[7; 32]).await.unwrap();
        let merchant = waybill_store::registry::Merchant {
            id: merchant.parse().unwrap(),
            name: "Invented Traders".into(),
            index_key,
            needs: waybill_privacy::recipient::Needs::default(),
            retention: Policy::default(),
            part_ship: false,
            warehouses: Vec::new(),
            services: Vec::new().into(),
        };
        self.db.save_merchant(&merchant).await.unwrap();
    }

    /// An answer to `sub`, which holds nothing personal whatever was asked.
    pub async fn get(&self, sub: Option<&str>, address: &str) -> Answer {
        self.call(sub, "GET", address, None).await
    }

    /// As [`Stage::get`], with something to be done.
    pub async fn ask(&self, sub: &str, address: &str, body: &Value) -> Answer {
        self.call(Some(sub), "POST", address, Some(body.clone())).await
    }

    /// As [`Stage::get`], with a method and a body.
    pub async fn call(&self, sub: Option<&str>, method: &str, address: &str, body: Option<Value>) -> Answer {
        let (status, _, body) = self.send(sub, method, address, body, &[]).await;
        let text = String::from_utf8(body).unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// A shop posts a form.
    pub async fn post_form(&self, address: &str, body: Vec<u8>) -> Answer {
        let (body, kind) = (String::from_utf8(body).unwrap(), "application/x-www-form-urlencoded");
        let headers = [("content-type", kind)];
        let (status, _, body) = self.send(None, "POST", address, Some(Value::String(body)), &headers).await;
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// As [`Stage::call`], with headers both ways.
    pub async fn send(
        &self,
        sub: Option<&str>,
        method: &str,
        address: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> (u16, http::HeaderMap, Vec<u8>) {
        self.send_as(sub.map(|sub| json!({"sub": sub})), method, address, body, headers).await
    }

    /// As [`Stage::send`], with everything a token says.
    pub async fn send_as(
        &self,
        claims: Option<Value>,
        method: &str,
        address: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> (u16, http::HeaderMap, Vec<u8>) {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let mut event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
            "headers": {"host": "api.example.invalid"}, "isBase64Encoded": false,
            "requestContext": {"stage": "$default", "timeEpoch": 0, "http": {"method": method, "path": path}},
        });
        if let Some(body) = body {
            event["headers"]["content-type"] = json!("application/json");
            // Text is sent as it is.
            event["body"] = json!(body.as_str().map_or_else(|| body.to_string(), str::to_owned));
        }
        for (name, value) in headers {
            event["headers"][name] = json!(value);
        }
        if let Some(claims) = claims {
            event["requestContext"]["authorizer"] = json!({"jwt": {"claims": claims, "scopes": []}});
        }
        let request = lambda_http::request::from_str(&event.to_string()).unwrap();
        let (parts, body) = request.into_parts();
        let request = http::Request::from_parts(parts, axum::body::Body::from(body.to_vec()));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        let text = String::from_utf8_lossy(&body);
        assert!(PERSONAL.iter().all(|word| !text.contains(word)), "{address}: {text}");
        (parts.status.as_u16(), parts.headers, body)
    }

    /// The manager of the merchant does something.
    pub async fn post(&self, address: &str, body: Value) -> Answer {
        self.call(Some("mine-Manager"), "POST", address, Some(body)).await
    }

    /// As [`Stage::post`], storing something.
    pub async fn put(&self, address: &str, body: Value) -> Answer {
        self.call(Some("mine-Manager"), "PUT", address, Some(body)).await
    }

    /// The merchant with two warehouses.
    pub async fn open_warehouses(&self) {
        let warehouse = |id: &str, priority| Warehouse {
            id: id.parse().unwrap(),
            name: id.to_owned(),
            priority,
            near: vec!["BS".into()],
        };
        let merchant = Merchant {
            id: MERCHANT.parse().unwrap(),
            name: "Invented".into(),
            index_key: self.kms.seal(MERCHANT, &[7; 32]).await.unwrap(),
            needs: waybill_privacy::recipient::Needs::default(),
            retention: Policy::LONGEST,
            part_ship: false,
            warehouses: vec![warehouse("wh_north", 1), warehouse("wh_south", 2)],
            services: vec![].into(),
        };
        self.db.save_merchant(&merchant).await.unwrap();
    }

    /// An account of a merchant, with secrets as they are sent.
    pub async fn connect(&self, id: &str, merchant: &str, kind: Kind, secrets: &Value) {
        let connection = Connection {
            id: id.parse().unwrap(),
            merchant: merchant.parse().unwrap(),
            kind,
            state: ConnectionState::Active,
            address: "https://shop.example.invalid".into(),
            tracking_address: None,
            token_address: None,
            keys_address: None,
            places: Default::default(),
            credentials: self.kms.seal(id, secrets.to_string().as_bytes()).await.unwrap(),
        };
        self.db.save_connection(&connection).await.unwrap();
    }

    pub async fn mine(&self, address: &str) -> Answer {
        self.get(Some("mine-Support"), address).await
    }

    pub async fn order(&self, n: u8) -> Order {
        self.db.order(&order_id(n).parse().unwrap()).await.unwrap().unwrap()
    }

    pub async fn hire(&self, sub: &str, merchant: &str, role: Role, active: bool) {
        // Nobody here is trained: nothing here needs it.
        let staff = Staff {
            merchant: merchant.parse().unwrap(),
            role,
            trained_until: self.now(),
            reviewed_at: self.now(),
            active,
        };
        self.db.save_staff(sub, &staff).await.unwrap();
    }

    /// An order has a label, as far as its shipment says.
    pub async fn book(&self, n: u8) {
        let order: OrderId = order_id(n).parse().unwrap();
        let mut shipment = Shipment {
            id: ShipmentId::of(&order, 1),
            order,
            merchant: MERCHANT.parse().unwrap(),
            warehouse: "wh_north".parse().unwrap(),
            carrier: "con_00000000000000c1".parse().unwrap(),
            service: ServiceChoice {
                carrier: Carrier::RoyalMail,
                code: "TPS48".into(),
                format: "parcel".into(),
                notify: None,
            },
            lines: Vec::new(),
            grams: 450,
            parcels: 1,
            weights: Vec::new(),
            reference: "WB-1".into(),
            booking: Booking::Labelled {
                carrier_order: "1001".into(),
                tracking: "AA000000001GB".into(),
                others: vec![],
            },
            write_back: WriteBack::Pending,
            transit: Transit::Moving,
            disclosed: vec!["name".into()],
            label_format: Default::default(),
            labelled_at: Some(self.now()),
            papers: Vec::new(),
            delivered_at: None,
            seen_at: None,
            rev: 0,
        };
        self.db.save_shipment(&mut shipment).await.unwrap();
    }

    pub async fn take_order(&self, merchant: &str, n: u8) {
        let placed_at = after(self.now(), jiff::SignedDuration::from_mins(i64::from(n) - 300));
        let incoming = Incoming {
            channel: Channel::Shopify,
            channel_ref: ChannelRef { id: format!("59211780262{n}"), name: Some(format!("#10{n:02}")) },
            version: placed_at,
            placed_at,
            cancelled_at: None,
            arrived_at: None,
            test: false,
            readiness: waybill_domain::intake::Readiness::Ready,
            delivery: Delivery::Ship,
            destination: Some(Destination { country: "GB".into(), postcode_area: Some("BS".into()) }),
            lines: vec![IncomingLine {
                channel_line: format!("1390000000{n}"),
                sku: Some("TEE-RED".into()),
                quantity: 2,
                sent: 0,
                ships: true,
                grams: 200,
                price: Decimal::new(1250, 2),
            }],
            total: Money { amount: Decimal::new(2500, 2), currency: "GBP".into() },
        };
        let order: OrderId = order_id(n).parse().unwrap();
        let merchant: MerchantId = merchant.parse().unwrap();
        let who = Identity {
            order,
            merchant,
            connection: "con_00000000000000aa".parse().unwrap(),
            lines: vec![format!("lin_{n:012x}").parse().unwrap()],
            digest: "a".into(),
        };
        let text = |s: &str| Some(Sensitive::new(s.to_owned()));
        let someone = Recipient {
            name: text("Zoë Ångström"),
            lines: vec![Sensitive::new("14 Invented Street".to_owned())],
            postcode: text("BS1 4DJ"),
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
        ingest(&self.db, &self.kms, &arrival).await.unwrap();
    }
}

/// Past every purge time.
pub fn long() -> i64 {
    days(91).as_secs()
}
