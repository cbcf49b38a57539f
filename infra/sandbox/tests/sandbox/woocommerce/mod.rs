//! A WooCommerce shop of the sandbox, driven by Waybill's own connector.

use std::collections::BTreeSet;

use http::{HeaderMap, Method, Request, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use waybill_channels::feed::{Found, Reading, Window};
use waybill_channels::hint::Hint;
use waybill_channels::stock::Level;
use waybill_channels::woocommerce::webhook::{Topic, is_ping, read, signature_header, topic_header, verify};
use waybill_channels::woocommerce::{Shop, feed, hooks, stock, writeback};
use waybill_channels::writeback::{Broke, Next, Outcome, Sent};
use waybill_channels::{Normalised, Stamp};
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_domain::intake::{Delivery, Readiness};
use waybill_domain::service::Carrier;
use waybill_privacy::secret::Secret;
use waybill_sandbox::deliver::DeliveryResult;
use waybill_sandbox::{Call, Fault, FaultKind, Sandbox};

use super::control;

mod deliveries;
mod orders;
mod strict;
mod telling;

const NAME: &str = "fern-and-daughters";
const BASE: &str = "http://sandbox.invalid/woocommerce/fern-and-daughters";
const HOOK: &str = "http://waybill.invalid/webhooks/woocommerce/con_0000000000000001";
const SECRET: &str = "whsec0123456789abcdef";

fn sandbox(setup: Value) -> Sandbox {
    let sandbox = Sandbox::new(11);
    let done = control(&sandbox, "PUT", &format!("woocommerce/{NAME}"), &setup);
    assert_eq!(done.status, 200, "{}", done.value());
    sandbox
}

fn tell(sandbox: &Sandbox, method: &str, path: &str, body: Value) -> Value {
    let reply = control(sandbox, method, &format!("woocommerce/{NAME}/{path}"), &body);
    assert_eq!(reply.status, 200, "{path}: {}", reply.value());
    reply.value()
}

fn shop() -> Shop {
    Shop {
        base: BASE.to_owned(),
        key: Secret::new("ck_sandbox".to_owned()),
        secret: Secret::new("cs_sandbox".to_owned()),
    }
}

fn stamp(sandbox: &Sandbox) -> Stamp {
    Stamp { now: sandbox.now(), nonce: "00112233445566778899aabbccddeeff".to_owned() }
}

/// Sends a request to the sandbox; `None` when the reply is lost.
fn send(sandbox: &Sandbox, request: &Request<Vec<u8>>) -> Option<Response<Vec<u8>>> {
    let uri = request.uri().to_string();
    let mut call = Call::new(request.method().clone(), uri.strip_prefix("http://sandbox.invalid").unwrap());
    call.headers = request.headers().clone();
    call.body = request.body().clone().into();
    let reply = sandbox.answer(&call);
    if reply.is_lost() {
        return None;
    }
    let mut answer = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        answer = answer.header(*name, value);
    }
    Some(answer.body(reply.body).unwrap())
}

/// Plays a talk to its end; a lost reply breaks it off like an error.
fn play(
    sandbox: &Sandbox,
    mut next: impl FnMut(Option<&Response<Vec<u8>>>) -> Result<Next, Broke>,
) -> Result<Outcome, Option<Broke>> {
    let mut answer = None;
    loop {
        match next(answer.as_ref())? {
            Next::Send(request) => answer = Some(send(sandbox, &request).ok_or(None)?),
            Next::Over(outcome) => return Ok(outcome),
        }
    }
}

fn window(sandbox: &Sandbox) -> Window {
    let to = sandbox.now() + SignedDuration::from_secs(60);
    Window { from: to - SignedDuration::from_hours(1), to }
}

/// Everything the feed finds in the window, and in how many calls. `between` runs after each of them.
fn poll(sandbox: &Sandbox, window: &Window, mut between: impl FnMut(usize)) -> (Vec<Found>, usize) {
    let (mut all, mut calls, mut next) = (Vec::new(), 0, None::<String>);
    loop {
        let request = feed::build_changed(&shop(), window, next.as_deref(), &stamp(sandbox)).unwrap();
        let page = feed::read_changed(&send(sandbox, &request).unwrap(), next.as_deref()).unwrap();
        all.extend(page.found);
        calls += 1;
        between(calls);
        next = page.next;
        if next.is_none() {
            return (all, calls);
        }
        assert!(calls < 100, "the feed does not end");
    }
}

fn keys(found: &[Found]) -> BTreeSet<String> {
    let key = |one: &Found| match one {
        Found::Whole(order) => order.incoming.channel_ref.id.clone(),
        Found::Key(id) | Found::Erased(id) | Found::Unreadable { channel_id: id, .. } => id.clone(),
    };
    found.iter().map(key).collect()
}

fn one(sandbox: &Sandbox, id: &str) -> Option<Found> {
    let mut one = feed::One::new(&shop(), id);
    let mut answer = None;
    loop {
        match one.next(answer.as_ref(), &stamp(sandbox)).unwrap() {
            Reading::Send(request) => answer = send(sandbox, &request),
            Reading::Over(found) => return found,
        }
    }
}

fn whole(found: Option<Found>) -> Normalised {
    match found {
        Some(Found::Whole(order)) => *order,
        _ => panic!("not a whole order"),
    }
}

fn made(sandbox: &Sandbox, count: usize) -> Vec<String> {
    let made = tell(sandbox, "POST", "invent", json!({"seed": 5, "count": count}));
    made["orders"].as_array().unwrap().iter().map(|o| o["id"].as_str().unwrap().to_owned()).collect()
}

fn parcel(order: &Normalised, tracking: &str, completes: bool) -> Sent {
    let lines = &order.incoming.lines;
    Sent {
        channel_id: order.incoming.channel_ref.id.clone(),
        lines: lines.iter().map(|l| (l.channel_line.clone(), l.quantity)).collect(),
        order_lines: lines.len(),
        completes,
        parcel: 1,
        carrier: Carrier::RoyalMail,
        tracking: tracking.to_owned(),
        at: "2026-11-23T09:00:00Z".parse().unwrap(),
        source: None,
    }
}

fn write_back(sandbox: &Sandbox, sent: &Sent) -> Result<Outcome, Option<Broke>> {
    let mut talk = writeback::Talk::new(&shop(), sent.clone());
    play(sandbox, |answer| talk.next(answer, &stamp(sandbox)))
}

fn report(sandbox: &Sandbox) -> Value {
    sandbox.report()["woocommerce"][NAME].clone()
}

/// A plain order of two lines, put with these changes.
fn put(sandbox: &Sandbox, changes: Value) -> String {
    let mut order = json!({
        "total": "20.00", "billing": {"first_name": "Ida", "last_name": "Moss", "email": "ida@buyers.invalid"},
        "shipping": {"first_name": "Ida", "last_name": "Moss", "address_1": "4 Fable Terrace", "city": "Leeds",
            "postcode": "LS1 1ZZ", "country": "GB"},
        "shipping_lines": [{"id": 1, "method_id": "flat_rate", "total": "0.00"}],
        "line_items": [
            {"sku": "MUG-STONE", "quantity": 3, "subtotal": "15.00", "total": "15.00", "meta_data": []},
            {"sku": "TEE-RED-M", "quantity": 1, "subtotal": "5.00", "total": "5.00", "meta_data": []}
        ]
    });
    for (name, value) in changes.as_object().unwrap() {
        order[name] = value.clone();
    }
    tell(sandbox, "PUT", "orders", json!({"orders": [order]}))["orders"][0].as_str().unwrap().to_owned()
}
