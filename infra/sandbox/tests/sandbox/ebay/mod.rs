//! eBay's side, driven with Waybill's own connector.

mod feed;
mod push;
mod shape;
mod writing;

use http::{Request, Response};
use serde_json::{Value, json};
use waybill_channels::Stamp;
use waybill_channels::ebay::Seller;
use waybill_channels::ebay::feed::{One, build_changed, read_changed};
use waybill_channels::ebay::token::{Application, Grant, build_own, build_refresh, read_grant, read_token};
use waybill_channels::error::CannotRead;
use waybill_channels::feed::{Found, Reading, Window};
use waybill_privacy::secret::Secret;
use waybill_sandbox::{Call, Reply, Sandbox};

pub const BASE: &str = "http://127.0.0.1:4000/ebay/seller";

/// A world with one account.
pub fn world() -> Sandbox {
    let sandbox = Sandbox::new(7);
    let setup = json!({
        "webhook_url": "http://127.0.0.1:9/webhooks/ebay/con_0000000000000001",
        "legacy_skus": ["LAMP-BRASS"],
    });
    assert_eq!(control(&sandbox, "PUT", "", setup)["ok"], true);
    sandbox
}

/// A control request about the account, which must be good.
pub fn control(sandbox: &Sandbox, method: &str, path: &str, body: Value) -> Value {
    let reply = try_control(sandbox, method, path, body);
    assert_eq!(reply.status, 200, "{}", reply.value());
    reply.value()
}

pub fn try_control(sandbox: &Sandbox, method: &str, path: &str, body: Value) -> Reply {
    let path = format!("ebay/seller/{path}");
    super::control(sandbox, method, path.trim_end_matches('/'), &body)
}

/// Sends a request of the connector.
pub fn send(sandbox: &Sandbox, request: &Request<Vec<u8>>) -> Response<Vec<u8>> {
    let path = request.uri().to_string();
    let mut call = Call::new(request.method().clone(), path.strip_prefix("http://127.0.0.1:4000").unwrap());
    call.headers = request.headers().clone();
    call.body = request.body().clone().into();
    let reply = sandbox.answer(&call);
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    response.body(reply.body).unwrap()
}

pub fn stamp(sandbox: &Sandbox) -> Stamp {
    Stamp { now: sandbox.now(), nonce: "0".repeat(32) }
}

pub fn application() -> Application {
    Application {
        base: BASE.to_owned(),
        consent: BASE.to_owned(),
        client_id: "Waybill-SBX-1".to_owned(),
        client_secret: Secret::new("SBX-secret".to_owned()),
        redirect: "Waybill-Waybill-SBX".to_owned(),
    }
}

pub fn refresh(sandbox: &Sandbox, token: &str) -> Result<Grant, CannotRead> {
    let request = build_refresh(&application(), &Secret::new(token.to_owned())).unwrap();
    read_grant(&send(sandbox, &request), &stamp(sandbox))
}

/// The seller, with a fresh token.
pub fn seller(sandbox: &Sandbox) -> Seller {
    let grant = refresh(sandbox, "v^1.1#refresh").unwrap();
    Seller { base: BASE.to_owned(), access: grant.token.access }
}

/// A token of the application.
pub fn own(sandbox: &Sandbox) -> Secret {
    let reply = send(sandbox, &build_own(&application()).unwrap());
    read_token(&reply, &stamp(sandbox)).unwrap().access
}

pub fn invent(sandbox: &Sandbox, seed: u64, count: usize) -> Vec<(String, String)> {
    let made = control(sandbox, "POST", "invent", json!({"seed": seed, "count": count}));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    made["orders"].as_array().unwrap().iter().map(|one| (text(&one["id"]), text(&one["kind"]))).collect()
}

/// One order of this kind.
pub fn order_of(sandbox: &Sandbox, kind: &str) -> String {
    invent(sandbox, 11, 400).into_iter().find(|(_, is)| is == kind).unwrap().0
}

/// The last hour.
pub fn window(sandbox: &Sandbox) -> Window {
    let to = sandbox.now() - waybill_channels::ebay::SETTLE;
    Window { from: to - jiff::SignedDuration::from_hours(1), to }
}

/// Everything in a window; `between` runs after each page.
pub fn all(sandbox: &Sandbox, window: &Window, mut between: impl FnMut(usize)) -> Vec<Found> {
    let (seller, mut next, mut found) = (seller(sandbox), None, Vec::new());
    for page in 0..50 {
        let request = build_changed(&seller, window, next.as_deref(), &stamp(sandbox)).unwrap();
        let got = read_changed(&send(sandbox, &request), next.as_deref()).unwrap();
        found.extend(got.found);
        between(page);
        match got.next {
            Some(more) => next = Some(more),
            None => return found,
        }
    }
    panic!("it does not end");
}

/// One order, read by its key.
pub fn one(sandbox: &Sandbox, id: &str) -> Option<Found> {
    let (seller, stamp) = (seller(sandbox), stamp(sandbox));
    let (mut one, mut reply) = (One::new(&seller, id), None);
    loop {
        match one.next(reply.as_ref(), &stamp).unwrap() {
            Reading::Send(request) => reply = Some(send(sandbox, &request)),
            Reading::Over(found) => return found,
        }
    }
}

pub fn whole(found: Option<Found>) -> waybill_channels::Normalised {
    match found {
        Some(Found::Whole(order)) => *order,
        _ => panic!("not a whole order"),
    }
}

pub fn advance(sandbox: &Sandbox, seconds: i64) {
    sandbox.set_now(sandbox.now() + jiff::SignedDuration::from_secs(seconds));
}
