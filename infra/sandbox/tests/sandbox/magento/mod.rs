//! Magento's shop, driven by Waybill's own connector.

mod access;
mod reading;
mod telling;

use std::collections::{BTreeMap, BTreeSet};

use http::{Method, Request, Response};
use serde_json::{Value, json};
use waybill_channels::error::{CannotRead, NotTrusted};
use waybill_channels::feed::{Found, Reading, Window};
use waybill_channels::hint::Hint;
use waybill_channels::magento::feed::{One, build_changed, read_changed};
use waybill_channels::magento::token::{Application, build_refresh, read_token};
use waybill_channels::magento::{Access, Shop, WeightUnit, connect, stock, webhook, writeback};
use waybill_channels::stock::Level;
use waybill_channels::writeback::{Broke, Next, Outcome, Sent};
use waybill_channels::{Normalised, Stamp};
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_domain::intake::{Delivery, Readiness};
use waybill_domain::service::Carrier;
use waybill_privacy::secret::Secret;
use waybill_sandbox::{Call, Fault, FaultKind, Reply, Sandbox};

use super::control;

/// The shop of these tests, and how Waybill talks to it.
struct World {
    sandbox: Sandbox,
    shop: Shop,
    stamps: std::cell::Cell<u64>,
}

const HOST: &str = "127.0.0.1:8080";

fn base() -> String {
    format!("http://{HOST}/magento/harbour")
}

fn world(config: Value) -> World {
    let sandbox = Sandbox::new(7);
    assert_eq!(control(&sandbox, "PUT", "magento/harbour", &config).status, 200);
    let secret = |text: &str| Secret::new(text.to_owned());
    let access = Access::OAuth1 {
        consumer_key: "ck_sandbox".to_owned(),
        consumer_secret: secret("cs_sandbox"),
        token: secret("tk_sandbox"),
        token_secret: secret("ts_sandbox"),
    };
    let shop = Shop { base: base(), access, weight: WeightUnit::Kilograms };
    World { sandbox, shop, stamps: std::cell::Cell::new(0) }
}

impl World {
    fn stamp(&self) -> Stamp {
        self.stamps.set(self.stamps.get() + 1);
        Stamp { now: self.sandbox.now(), nonce: format!("{:032x}", self.stamps.get()) }
    }

    fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let reply = control(&self.sandbox, method, &format!("magento/harbour{path}"), body);
        assert_eq!(reply.status, 200, "{}", reply.value());
        reply.value()
    }

    fn raw(&self, request: &Request<Vec<u8>>) -> Reply {
        let target = request.uri().path_and_query().unwrap().as_str();
        let mut call = Call::new(request.method().clone(), target);
        call.headers = request.headers().clone();
        call.body = request.body().clone().into();
        self.sandbox.answer(&call.header("host", request.uri().authority().unwrap().as_str()))
    }

    /// What a client would get: a lost reply is a time-out.
    fn send(&self, request: &Request<Vec<u8>>) -> Option<Response<Vec<u8>>> {
        let reply = self.raw(request);
        if reply.is_lost() {
            return None;
        }
        let mut response = Response::builder().status(reply.status);
        for (name, value) in &reply.headers {
            response = response.header(*name, value);
        }
        Some(response.body(reply.body).unwrap())
    }

    fn window(&self) -> Window {
        let now = self.sandbox.now();
        let from = now.checked_sub(jiff::SignedDuration::from_hours(24)).unwrap();
        Window { from, to: now }
    }

    /// Reads everything changed; `between` may change the shop after each page.
    fn changed(&self, window: &Window, mut between: impl FnMut(usize)) -> Vec<Found> {
        let (mut all, mut next) = (Vec::new(), None::<String>);
        for turn in 0.. {
            assert!(turn < 50, "it never ends");
            let request = build_changed(&self.shop, window, next.as_deref(), &self.stamp()).unwrap();
            let page = read_changed(&self.shop, &self.send(&request).unwrap(), next.as_deref()).unwrap();
            all.extend(page.found);
            match page.next {
                Some(more) => next = Some(more),
                None => break,
            }
            between(turn);
        }
        all
    }

    fn one(&self, id: &str) -> Result<Option<Found>, Broke> {
        let mut one = One::new(&self.shop, id);
        let mut reply = None;
        loop {
            match one.next(reply.as_ref(), &self.stamp())? {
                Reading::Send(request) => reply = self.send(&request),
                Reading::Over(found) => return Ok(found),
            }
        }
    }

    fn order(&self, id: &str) -> Normalised {
        match self.one(id).unwrap() {
            Some(Found::Whole(order)) => *order,
            _ => panic!("{id} is not there"),
        }
    }

    /// One attempt; `None` when a reply got lost.
    fn tell(&self, sent: &Sent) -> Option<Result<Outcome, Broke>> {
        let mut talk = writeback::Talk::new(&self.shop, sent.clone());
        let mut reply = None;
        loop {
            match talk.next(reply.as_ref(), &self.stamp()) {
                Ok(Next::Send(request)) => reply = Some(self.send(&request)?),
                Ok(Next::Over(outcome)) => return Some(Ok(outcome)),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    fn level(&self, sku: &str, physical: u32, place: Option<&str>) -> Result<Outcome, Broke> {
        let level = Level {
            sku: sku.to_owned(),
            sellable: 0,
            physical,
            place: place.map(str::to_owned),
            key: "k".to_owned(),
        };
        let mut talk = stock::Talk::new(&self.shop, level);
        let mut reply = None;
        loop {
            match talk.next(reply.as_ref(), &self.stamp())? {
                Next::Send(request) => reply = self.send(&request),
                Next::Over(outcome) => return Ok(outcome),
            }
        }
    }

    fn salable(&self, sku: &str) -> i64 {
        self.control("GET", "/stock", &json!({}))["salable"][sku].as_i64().unwrap()
    }

    fn report(&self) -> Value {
        self.sandbox.report()["magento"]["harbour"].clone()
    }

    fn shown(&self, id: &str) -> Value {
        self.control("GET", &format!("/orders/{id}"), &json!({}))["shown"].clone()
    }

    fn invent(&self, count: usize) -> Vec<String> {
        let made = self.control("POST", "/invent", &json!({"seed": 3, "count": count}));
        made["orders"].as_array().unwrap().iter().map(Value::to_string).collect()
    }
}

fn key(found: &Found) -> String {
    match found {
        Found::Whole(order) => order.incoming.channel_ref.id.clone(),
        Found::Unreadable { channel_id, .. } => format!("!{channel_id}"),
        Found::Key(id) | Found::Erased(id) => id.clone(),
    }
}

fn row(id: i64, sku: &str, units: i64) -> Value {
    json!({"item_id": id, "product_id": 1, "product_type": "simple", "sku": sku, "is_virtual": 0, "weight": 0.2,
        "price": 10, "price_incl_tax": 12, "qty_ordered": units, "qty_invoiced": units, "qty_canceled": 0,
        "qty_refunded": 0, "qty_shipped": 0})
}

fn plain(id: i64, rows: Value) -> Value {
    let address = json!({"firstname": "Zoë", "lastname": "Fern", "street": ["12 Invented Crescent"], "city": "Bristol",
        "postcode": "BS1 4ZZ", "country_id": "GB", "telephone": "+447700900123"});
    json!({"entity_id": id, "increment_id": format!("{id:09}"), "state": "processing", "status": "processing",
        "order_currency_code": "GBP", "grand_total": 24, "customer_email": "zoe@example.invalid", "items": rows,
        "extension_attributes": {"shipping_assignments": [{"shipping": {"method": "flatrate_flatrate", "address": address}}]}})
}

fn sent(order: &Normalised, tracking: &str) -> Sent {
    let open = order.incoming.lines.iter().filter(|line| line.ships && line.quantity > line.sent);
    Sent {
        channel_id: order.incoming.channel_ref.id.clone(),
        lines: open.map(|line| (line.channel_line.clone(), line.quantity - line.sent)).collect(),
        order_lines: order.incoming.lines.len(),
        completes: true,
        parcel: 1,
        carrier: Carrier::RoyalMail,
        tracking: tracking.to_owned(),
        at: order.incoming.version,
        source: None,
    }
}

impl World {
    /// As [`World::order`], however often a fault is in the way.
    fn order_again(&self, id: &str) -> Normalised {
        let faults = self.sandbox.with_state(|state| state.faults.list().to_vec());
        self.sandbox.clear_faults();
        let order = self.order(id);
        faults.into_iter().for_each(|fault| self.sandbox.add_fault(fault));
        order
    }
}
