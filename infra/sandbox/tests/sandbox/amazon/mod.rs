//! Amazon, driven by Waybill's own connector.

mod connect;
mod feed;
mod plays;
mod stock;
mod writeback;

use std::path::PathBuf;

use http::{Request, Response};
use serde_json::{Value, json};
use waybill_channels::Stamp;
use waybill_channels::amazon::Seller;
use waybill_channels::amazon::feed::One;
use waybill_channels::amazon::token::{Application, build_refresh, read_token};
use waybill_channels::feed::{Found, Reading};
use waybill_privacy::secret::Secret;
use waybill_sandbox::{Call, Sandbox};

/// Where the account of these tests lies.
pub const BASE: &str = "http://127.0.0.1:1/amazon/finch";

/// A world with one account, set up with these fields.
pub fn world(config: &Value) -> Sandbox {
    let sandbox = Sandbox::new(7);
    control(&sandbox, "PUT", "", config);
    sandbox
}

/// A control request about the account, which must succeed.
pub fn control(sandbox: &Sandbox, method: &str, path: &str, body: &Value) -> Value {
    let path = format!("amazon/finch{path}");
    let reply = super::control(sandbox, method, &path, body);
    assert_eq!(reply.status, 200, "{path}: {}", reply.value());
    reply.value()
}

/// Sends what the connector built; `None` when the reply was lost.
pub fn send(sandbox: &Sandbox, request: Request<Vec<u8>>) -> Option<Response<Vec<u8>>> {
    let (parts, body) = request.into_parts();
    let mut call = Call::new(parts.method, parts.uri.path_and_query().unwrap().as_str());
    call.headers = parts.headers;
    call.body = body.into();
    let reply = sandbox.answer(&call);
    if reply.is_lost() {
        return None;
    }
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    Some(response.body(reply.body).unwrap())
}

pub fn stamp(sandbox: &Sandbox) -> Stamp {
    Stamp { now: sandbox.now(), nonce: "0".repeat(32) }
}

pub fn application() -> Application {
    Application {
        auth: BASE.to_owned(),
        client_id: "amzn1.application-oa2-client.sandbox".to_owned(),
        client_secret: Secret::new("amzn1.oa2-cs.v1.sandbox".to_owned()),
    }
}

/// The seller with a fresh token.
pub fn seller(sandbox: &Sandbox) -> Seller {
    let refresh = build_refresh(&application(), &Secret::new("Atzr|sandbox".to_owned())).unwrap();
    let token = read_token(&send(sandbox, refresh).unwrap(), &stamp(sandbox)).unwrap();
    Seller {
        base: BASE.to_owned(),
        access: token.access,
        application: application(),
        seller_id: "A3SANDBOXSELLER".to_owned(),
        marketplace_id: "A1F83G8C2ARO7P".to_owned(),
    }
}

pub fn later(sandbox: &Sandbox, seconds: i64) {
    sandbox.set_now(sandbox.now() + jiff::SignedDuration::from_secs(seconds));
}

pub fn report(sandbox: &Sandbox) -> Value {
    sandbox.report()["amazon"]["finch"].clone()
}

/// An order of two lines to be sent.
pub fn order(id: &str) -> Value {
    let line = |item: &str, sku: &str, units: u32| {
        json!({"orderItemId": item, "quantityOrdered": units, "product": {"sellerSku": sku,
            "price": {"unitPrice": {"amount": "12.50", "currencyCode": "GBP"}}}})
    };
    json!({
        "orderId": id,
        "recipient": {"deliveryAddress": {
            "name": "Zoë Fern", "addressLine1": "12 Invented Crescent", "city": "Bristol",
            "postalCode": "BS1 4ZZ", "countryCode": "GB", "phone": "01632 960123"}},
        "proceeds": {"grandTotal": {"amount": "37.50", "currencyCode": "GBP"}},
        "orderItems": [line("11", "MUG-ENAMEL", 2), line("12", "TEA-EARL-100", 1)],
    })
}

pub fn put(sandbox: &Sandbox, order: &Value) {
    control(sandbox, "PUT", "/orders", &json!({"orders": [order]}));
}

/// One order as the connector reads it.
pub fn read(sandbox: &Sandbox, seller: &Seller, id: &str) -> Option<Found> {
    let mut one = One::new(seller, id);
    let Reading::Send(request) = one.next(None, &stamp(sandbox)).unwrap() else { panic!() };
    let reply = send(sandbox, *request).unwrap();
    match one.next(Some(&reply), &stamp(sandbox)).unwrap() {
        Reading::Over(found) => found,
        Reading::Send(_) => panic!(),
    }
}

/// A specification; prints that the test is skipped when there is none.
pub fn spec(name: &str) -> Option<Value> {
    let default = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contracts");
    let root = std::env::var_os("CONTRACTS_DIR").map_or(default, PathBuf::from);
    let text = std::fs::read_to_string(root.join("amazon/specs").join(name)).ok();
    if text.is_none() {
        println!("skipped: no {name}; set CONTRACTS_DIR to the folder of the specifications");
    }
    Some(serde_json::from_str(&text?).unwrap())
}

/// Asserts that a value fits a definition of a specification.
pub fn fits(spec: &Value, definition: &str, value: &Value) {
    let schema = json!({"$ref": format!("#/definitions/{definition}"), "definitions": spec["definitions"]});
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(value).map(|e| format!("{} {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{definition}: {errors:?}");
}
