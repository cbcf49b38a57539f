//! Magento's shop, driven by Waybill's own connector.

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

#[test]
fn every_order_is_read_once_and_a_page_tells_what_a_read_tells() {
    let world = world(json!({}));
    let ids = world.invent(230);
    let found = world.changed(&world.window(), |_| {});
    let keys: BTreeSet<String> = found.iter().map(key).collect();
    assert_eq!(keys, ids.into_iter().collect());
    let mut kinds = BTreeMap::new();
    for found in &found {
        let Found::Whole(order) = found else { panic!("{}", key(found)) };
        let again = world.order(&order.incoming.channel_ref.id);
        assert_eq!(order.incoming, again.incoming);
        assert!(order.recipient == again.recipient);
        *kinds.entry("pickup").or_insert(0) += i32::from(order.incoming.delivery == Delivery::Pickup);
        *kinds.entry("unpaid").or_insert(0) +=
            i32::from(order.incoming.readiness == Readiness::AwaitingPayment);
        *kinds.entry("digital").or_insert(0) +=
            i32::from(order.incoming.lines.iter().all(|line| !line.ships));
        *kinds.entry("lines").or_insert(0) += i32::from(order.incoming.lines.len() > 1);
    }
    assert!(kinds.values().all(|count| *count > 0), "{kinds:?}");
}

#[test]
fn orders_that_change_while_one_pages_hide_no_other() {
    let world = world(json!({}));
    for n in 0..260 {
        world.sandbox.set_now(format!("2026-11-23T09:{:02}:{:02}Z", n / 60, n % 60).parse().unwrap());
        world.control(
            "PUT",
            "/orders",
            &json!({"orders": [plain(100 + n, json!([row(1, "MUG-STONE", 1)]))]}),
        );
    }
    let window = world.window();
    let found = world.changed(&window, |turn| {
        world.sandbox.set_now("2026-11-23T10:00:00Z".parse().unwrap());
        for n in 0..40 {
            let id = 100 + turn as i64 * 40 + n;
            world.control("POST", &format!("/orders/{id}/address"), &json!({"city": "Leeds"}));
        }
    });
    assert_eq!(found.iter().map(key).collect::<BTreeSet<_>>().len(), 260);
    assert_eq!(world.report()["calls"]["orders"], 3);
}

#[test]
fn the_last_page_is_shown_for_ever() {
    let world = world(json!({"integration_as_bearer": true}));
    for n in 1..=5 {
        world.control("PUT", "/orders", &json!({"orders": [plain(n, json!([row(1, "MUG-STONE", 1)]))]}));
    }
    let page = |page: u32| {
        let path = format!(
            "/magento/harbour/rest/all/V1/orders?searchCriteria[pageSize]=2&searchCriteria[currentPage]={page}&fields=items[entity_id],total_count"
        );
        let call = Call::new(Method::GET, &path).header("authorization", "Bearer tk_sandbox");
        world.sandbox.answer(&call).value()
    };
    assert_eq!(page(3), json!({"items": [{"entity_id": 5}], "total_count": 5}));
    assert_eq!(page(4), page(3));
    assert_eq!(page(99), page(3));
}

#[test]
fn a_poison_order_is_unreadable_for_itself_only() {
    let world = world(json!({}));
    let mut poison = plain(2, json!([row(1, "MUG-STONE", 1)]));
    poison["grand_total"] = json!({"amount": 1});
    let good = |id| plain(id, json!([row(1, "MUG-STONE", 1)]));
    world.control("PUT", "/orders", &json!({"orders": [good(1), poison, good(3)]}));
    let found = world.changed(&world.window(), |_| {});
    assert_eq!(found.iter().map(key).collect::<Vec<_>>(), ["1", "!2", "3"]);
    assert!(matches!(world.one("2").unwrap(), Some(Found::Unreadable { .. })));
    assert!(world.one("4").unwrap().is_none());
}

#[test]
fn every_shippable_order_is_written_back_once_line_for_line() {
    let world = world(json!({}));
    let ids = world.invent(120);
    let mut told = 0;
    for id in &ids {
        let order = world.order(id);
        if order.recipient.is_none() || order.incoming.delivery == Delivery::Pickup {
            continue;
        }
        let sent = sent(&order, &format!("TT{id}GB"));
        assert_eq!(world.tell(&sent), Some(Ok(Outcome::Applied)), "{id}");
        assert_eq!(world.tell(&sent), Some(Ok(Outcome::Applied)), "{id}");
        let after = world.order(id).incoming;
        assert!(
            after.lines.iter().all(|line| !line.ships || line.sent == line.quantity),
            "{id}: {:?}",
            after.lines
        );
        let shown = world.shown(id);
        let tracked: BTreeMap<String, u64> = shown["tracking"][0]["lines"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| (line["id"].as_str().unwrap().to_owned(), line["quantity"].as_u64().unwrap()))
            .collect();
        let wanted: BTreeMap<String, u64> =
            sent.lines.iter().map(|(id, n)| (id.clone(), u64::from(*n))).collect();
        assert_eq!(tracked, wanted, "{id}");
        assert_eq!(shown["tracking"][0]["carrier"], "Royal Mail");
        told += 1;
    }
    let report = world.report();
    assert!(told > 60 && report["calls"]["products"].as_u64().unwrap() > 5, "{report}");
    assert_eq!((&report["written_back"], &report["written_twice"]), (&json!(told), &json!(0)));
    assert_eq!(world.sandbox.with_state(|state| state.meters.refusals.len()), 0);
}

#[test]
fn a_lost_reply_never_tells_twice() {
    for endpoint in ["magento.ship", "magento.order", "magento.shipments"] {
        for kind in [FaultKind::LoseReply { hold_seconds: 1 }, FaultKind::ErrorAfterWork] {
            let world = world(json!({}));
            let order = plain(7, json!([row(1, "MUG-STONE", 2), row(2, "CANDLE-FIG", 1)]));
            world.control("PUT", "/orders", &json!({"orders": [order]}));
            world.sandbox.add_fault(Fault::new(endpoint, kind).times(1));
            let sent = sent(&world.order_again("7"), "AB123456789GB");
            assert!(!matches!(world.tell(&sent), Some(Ok(_))));
            assert_eq!(world.tell(&sent), Some(Ok(Outcome::Applied)));
            let report = world.report();
            assert_eq!(
                (&report["written_back"], &report["written_twice"], &report["shipments"]),
                (&json!(1), &json!(0), &json!(1))
            );
        }
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

#[test]
fn parts_ship_apart_and_the_order_is_complete_with_the_last() {
    let world = world(json!({}));
    let order = plain(7, json!([row(1, "MUG-STONE", 3), row(2, "CANDLE-FIG", 1)]));
    world.control("PUT", "/orders", &json!({"orders": [order]}));
    let whole = sent(&world.order("7"), "A");
    let part = |lines: &[(&str, u32)], tracking: &str| Sent {
        lines: lines.iter().map(|(id, n)| ((*id).to_owned(), *n)).collect(),
        tracking: tracking.to_owned(),
        ..whole.clone()
    };
    assert_eq!(world.tell(&part(&[("1", 2)], "A")), Some(Ok(Outcome::Applied)));
    assert_eq!(world.shown("7")["status"], "processing");
    let too_many = world.tell(&part(&[("1", 2)], "B"));
    assert_eq!(too_many, Some(Ok(Outcome::NotPossible("not_enough_remaining"))));
    assert_eq!(world.tell(&part(&[("1", 1), ("2", 1)], "B")), Some(Ok(Outcome::Applied)));
    assert_eq!(world.shown("7")["status"], "complete");
    assert_eq!(world.shown("7")["tracking"].as_array().unwrap().len(), 2);
    // The merchant's hold and the shop's own checks are met before anything is written.
    assert_eq!(world.sandbox.with_state(|state| state.meters.refusals.len()), 0);
}

#[test]
fn a_bundle_in_two_parcels_is_one_shipment_with_two_numbers() {
    let world = world(json!({}));
    let mut set = row(1, "SET", 1);
    set["product_type"] = json!("bundle");
    let (mut mug, mut tea) = (row(2, "MUG-STONE", 1), row(3, "TEA-MINT-60", 2));
    for child in [&mut mug, &mut tea] {
        child["parent_item_id"] = json!(1);
    }
    world.control("PUT", "/orders", &json!({"orders": [plain(7, json!([set, mug, tea]))]}));
    let whole = sent(&world.order("7"), "A");
    assert_eq!(whole.lines, [("2".to_owned(), 1), ("3".to_owned(), 2)]);
    let first = Sent { lines: vec![whole.lines[0].clone()], completes: false, ..whole.clone() };
    let second = Sent { lines: vec![whole.lines[1].clone()], tracking: "B".to_owned(), ..whole };
    for sent in [&first, &second, &first, &second] {
        assert_eq!(world.tell(sent), Some(Ok(Outcome::Applied)));
    }
    let report = world.report();
    assert_eq!((&report["shipments"], &report["written_twice"]), (&json!(1), &json!(0)));
    assert_eq!(world.shown("7")["tracking"].as_array().unwrap().len(), 2);
}

#[test]
fn stock_is_physical_and_the_shop_takes_open_orders_off_itself() {
    let world = world(json!({"sources": ["default", "east"]}));
    world.control("PUT", "/orders", &json!({"orders": [plain(7, json!([row(1, "MUG-STONE", 3)]))]}));
    assert_eq!(world.level("MUG-STONE", 10, None), Ok(Outcome::Applied));
    assert_eq!(world.salable("MUG-STONE"), 7);
    assert_eq!(world.level("MUG-STONE", 10, None), Ok(Outcome::Applied));
    assert_eq!(world.salable("MUG-STONE"), 7);
    assert_eq!(world.level("MUG-STONE", 5, Some("east")), Ok(Outcome::Applied));
    assert_eq!(world.salable("MUG-STONE"), 12);
    // Shipping lowers the source by itself and ends the promise: what can be sold stays.
    let sent = sent(&world.order("7"), "A");
    assert_eq!(world.tell(&sent), Some(Ok(Outcome::Applied)));
    assert_eq!(world.salable("MUG-STONE"), 12);
    assert_eq!(world.control("GET", "/stock", &json!({}))["levels"]["MUG-STONE"], 12);
    let refused = Ok(Outcome::NotPossible("source_item_refused"));
    assert_eq!(
        (world.level("NO-SUCH", 1, None), world.level("MUG-STONE", 1, Some("west"))),
        (refused.clone(), refused)
    );
    assert_eq!(world.report()["stock_sets"], 3);
}

#[test]
fn a_cancelled_order_frees_its_goods_and_an_edited_one_counts_once() {
    let world = world(json!({}));
    world.level("MUG-STONE", 10, None).unwrap();
    world.control("PUT", "/orders", &json!({"orders": [plain(7, json!([row(1, "MUG-STONE", 3)]))]}));
    world.sandbox.set_now("2026-11-23T09:30:00Z".parse().unwrap());
    let new =
        world.control("POST", "/orders/7/edit", &json!({"lines": {"MUG-STONE": 2}}))["order"].to_string();
    assert_eq!(world.salable("MUG-STONE"), 8);
    let (old, fresh) = (world.order("7").incoming, world.order(&new).incoming);
    assert!(old.cancelled_at.is_some() && old.lines[0].quantity == 0);
    assert_eq!((fresh.cancelled_at, fresh.lines[0].quantity), (None, 2));
    assert_eq!(fresh.channel_ref.name.as_deref(), Some("000000007-1"));
    world.control("POST", &format!("/orders/{new}/cancel"), &json!({}));
    assert_eq!(world.salable("MUG-STONE"), 10);
    assert!(world.order(&new).incoming.cancelled_at.is_some());
    assert_eq!(world.report()["cancelled"], 2);
    let late = world.tell(&Sent { lines: vec![("1".to_owned(), 1)], ..sent(&world.order("7"), "A") });
    assert_eq!(late, Some(Ok(Outcome::NotPossible("cancelled"))));
}

#[test]
fn what_a_merchant_does_is_seen() {
    let world = world(json!({}));
    let mut unpaid = plain(7, json!([row(1, "MUG-STONE", 3)]));
    unpaid["state"] = json!("new");
    world.control("PUT", "/orders", &json!({"orders": [unpaid]}));
    let readiness = || world.order("7").incoming.readiness;
    assert_eq!(readiness(), Readiness::AwaitingPayment);
    let act = |what: &str, body: Value| world.control("POST", &format!("/orders/7/{what}"), &body);
    act("pay", json!({}));
    assert_eq!(readiness(), Readiness::Ready);
    act("hold", json!({}));
    assert_eq!(readiness(), Readiness::OnHold);
    let held = world.tell(&sent(&world.order("7"), "A"));
    assert_eq!(held, Some(Ok(Outcome::NotPossible("on_hold"))));
    act("release", json!({}));
    act("refund", json!({"lines": {"1": 1}}));
    assert_eq!((readiness(), world.order("7").incoming.lines[0].quantity), (Readiness::Ready, 2));
    act("refund", json!({"lines": {"1": 2}}));
    assert!(world.order("7").incoming.cancelled_at.is_some());
    act("erase", json!({}));
    assert_eq!(world.report()["erased"], 1);
}

#[test]
fn calls_are_signed_for_real() {
    let mut world = world(json!({}));
    world.invent(1);
    let request = || build_changed(&world.shop, &world.window(), None, &world.stamp()).unwrap();
    let good = request();
    assert_eq!(world.raw(&good).status, 200);
    // The same nonce again.
    assert_eq!(world.raw(&good).status, 401);
    // Signed for one address and sent to another, or with another method.
    let mut moved = request();
    let other = moved.uri().to_string().replace("pageSize%5D=100", "pageSize%5D=101");
    *moved.uri_mut() = other.parse().unwrap();
    assert_eq!(world.raw(&moved).status, 401);
    let mut posted = request();
    *posted.method_mut() = Method::POST;
    assert_eq!(world.raw(&posted).status, 401);
    // Stamped too far ahead.
    let ahead = Stamp { now: "2026-11-23T09:20:00Z".parse().unwrap(), nonce: "ff".repeat(16) };
    assert_eq!(world.raw(&build_changed(&world.shop, &world.window(), None, &ahead).unwrap()).status, 401);
    let Access::OAuth1 { token_secret, .. } = &mut world.shop.access else { panic!() };
    *token_secret = Secret::new("other".to_owned());
    let error = world.one("7").err().unwrap();
    assert_eq!(error.advice(), Advice::AskPerson(Reason::ConnectionRefused));
    assert_eq!(world.sandbox.with_state(|state| state.meters.refusals.len()), 5);
}

#[test]
fn adobes_token_ends_and_is_asked_for_anew() {
    let mut world = world(json!({"client_id": "app", "client_secret": "s+&"}));
    world.invent(1);
    let application = Application {
        base: base(),
        client_id: "app".to_owned(),
        client_secret: Secret::new("s+&".to_owned()),
    };
    let refresh = |world: &World| {
        read_token(&world.send(&build_refresh(&application).unwrap()).unwrap(), &world.stamp())
    };
    let token = refresh(&world).unwrap();
    world.shop.access = Access::Bearer(token.access);
    assert!(world.one("1500001").unwrap().is_some());
    world.sandbox.set_now(token.expires_at);
    let ended = world.one("1500001").err().unwrap();
    assert_eq!(ended, CannotRead::Connection { code: "http_401".to_owned() }.into());
    world.shop.access = Access::Bearer(refresh(&world).unwrap().access);
    assert!(world.one("1500001").unwrap().is_some());
    world.control("POST", "/tokens", &json!({"expire": true}));
    assert!(world.one("1500001").is_err());
    world.control("POST", "/tokens", &json!({"revoke": true}));
    let refused = refresh(&world).err().unwrap();
    assert_eq!(refused, CannotRead::Connection { code: "invalid_client".to_owned() });
    world.control("POST", "/tokens", &json!({"restore": true}));
    assert!(refresh(&world).is_ok());
}

#[test]
fn an_integration_without_rights_an_old_shop_and_a_proxy() {
    let world = world(json!({"catalogue": false, "multi_source": false, "weight_unit": "lbs"}));
    assert_eq!(world.level("MUG-STONE", 1, None), Ok(Outcome::Unsupported));
    let unit = connect::build_weight_unit(&world.shop, &world.stamp()).unwrap();
    assert_eq!(connect::read_weight_unit(&world.send(&unit).unwrap()), Ok(WeightUnit::Pounds));
    world.control("PUT", "", &json!({"html_errors": 200}));
    assert_eq!(world.one("1").err(), Some(CannotRead::Reply.into()));
    world.control("PUT", "", &json!({"html_errors": 502}));
    assert_eq!(world.one("1").err().map(|error| error.advice()), Some(Advice::Retry));
}

#[test]
fn the_shop_refuses_what_magento_refuses() {
    let world = world(json!({"integration_as_bearer": true, "check_source": true}));
    let mut digital = row(2, "PATTERN-PDF", 1);
    digital["is_virtual"] = json!(1);
    world.control("PUT", "/orders", &json!({"orders": [plain(7, json!([row(1, "MUG-STONE", 1), digital]))]}));
    let ship = |body: Value| {
        let call = Call::new(Method::POST, "/magento/harbour/rest/V1/order/7/ship")
            .header("authorization", "Bearer tk_sandbox")
            .json(&body);
        world.sandbox.answer(&call).status
    };
    let track = json!([{"track_number": "A", "title": "Royal Mail", "carrier_code": "custom"}]);
    let items = |id: i64, qty: i64| json!([{"order_item_id": id, "qty": qty}]);
    assert_eq!(ship(json!({"items": items(1, 2), "tracks": track})), 400);
    assert_eq!(ship(json!({"items": items(2, 1), "tracks": track})), 400);
    assert_eq!(ship(json!({"items": items(9, 1), "tracks": track})), 400);
    assert_eq!(ship(json!({"items": items(1, 1), "tracks": [{"track_number": "A"}]})), 400);
    let unknown = json!([{"track_number": "A", "title": "x", "carrier_code": "royalmail"}]);
    assert_eq!(ship(json!({"items": items(1, 1), "tracks": unknown})), 400);
    // Nothing of it stands at the source.
    assert_eq!(ship(json!({"items": items(1, 1), "tracks": track})), 400);
    world.control("PUT", "/stock", &json!({"levels": {"MUG-STONE": 1}}));
    assert_eq!(ship(json!({"items": items(1, 1), "tracks": track})), 200);
    assert_eq!(ship(json!({"items": items(1, 1), "tracks": track})), 400);
    assert_eq!(world.sandbox.with_state(|state| state.meters.refusals.len()), 7);
}

#[test]
fn an_event_is_trusted_and_names_its_order() {
    let url = "http://127.0.0.1:9/webhooks/magento/con_0000000000000001";
    let world = world(json!({"webhook_url": url, "client_id": "app", "auto_events": true}));
    world.control("PUT", "/orders", &json!({"orders": [plain(7, json!([row(1, "MUG-STONE", 1)]))]}));
    world.sandbox.with_state(|state| {
        state.magento.accounts.get_mut("harbour").unwrap().config.auto_events = false;
    });
    for told in [
        json!({"order": 7, "base64": true}),
        json!({"order": 7, "previous_secret": true}),
        json!({"order": 7, "wrong_signature": true}),
        json!({"order": 7, "client_id": "theirs"}),
    ] {
        world.control("POST", "/deliver", &told);
    }
    let verdicts: Vec<Result<Vec<String>, NotTrusted>> = world
        .sandbox
        .take_webhooks(10)
        .into_iter()
        .map(|delivery| {
            let event = delivery.webhook;
            assert_eq!(
                (event.url.as_str(), event.path.as_str()),
                (url, "/webhooks/magento/con_0000000000000001")
            );
            let mut headers = http::HeaderMap::new();
            for (name, value) in &event.headers {
                headers.insert(http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
            }
            let keys: Vec<webhook::PublicKey> = webhook::key_paths(&headers)
                .iter()
                .map(|path| {
                    let request = webhook::build_key(&base(), path).unwrap();
                    webhook::read_key(path, &world.send(&request).unwrap()).unwrap()
                })
                .collect();
            assert_eq!(keys.len(), 2);
            webhook::verify(&event.body, &headers, &keys, "app")?;
            let hints = webhook::read(&event.body).unwrap();
            let key = |hint: &Hint| match hint {
                Hint::Reread { channel_id } => Some(channel_id.clone()),
                _ => None,
            };
            Ok(hints.iter().filter_map(key).collect())
        })
        .collect();
    let (good, bad) = (Ok(vec!["7".to_owned()]), Err(NotTrusted::WrongSignature));
    assert_eq!(verdicts, [good.clone(), good.clone(), good, bad.clone(), bad]);
}

#[test]
fn a_canary_holds_a_token_of_its_own_in_every_text() {
    let world = world(json!({}));
    let made = world.control("POST", "/canary", &json!({"number": 3}));
    let id = made["orders"][0].to_string();
    let order = world.control("GET", &format!("/orders/{id}"), &json!({}))["order"].clone();
    let tokens = made["tokens"].as_array().unwrap();
    let distinct: BTreeSet<&str> = tokens.iter().map(|one| one["token"].as_str().unwrap()).collect();
    assert!(tokens.len() > 90 && distinct.len() == tokens.len());
    for one in tokens {
        let text = order.pointer(one["pointer"].as_str().unwrap()).unwrap().as_str().unwrap();
        assert!(text.contains(one["token"].as_str().unwrap()));
    }
    // It reads, and of all its texts only the recipient's and the names of things come through.
    let shown = format!("{:?}", world.order(&id).incoming);
    let seen: Vec<&str> = tokens
        .iter()
        .filter(|one| shown.contains(one["token"].as_str().unwrap()))
        .map(|one| one["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(seen, ["/increment_id"]);
    // And what is not asked for never leaves the shop.
    let request = build_changed(&world.shop, &world.window(), None, &world.stamp()).unwrap();
    let body = String::from_utf8(world.send(&request).unwrap().into_body()).unwrap();
    let left: Vec<&str> = tokens
        .iter()
        .filter(|one| body.contains(one["token"].as_str().unwrap()))
        .map(|one| one["pointer"].as_str().unwrap())
        .filter(|pointer| !pointer.starts_with("/extension_attributes/shipping_assignments/0/shipping/"))
        .collect();
    assert_eq!(left, ["/customer_email", "/increment_id"]);
}
