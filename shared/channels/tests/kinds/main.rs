//! Every kind of request that is sent to a channel, held against the channel's official specification; and no kind is
//! left out: the list is compared with the source.

#![allow(clippy::unwrap_used, clippy::panic)]

mod amazon;
mod ebay;
mod magento;
mod shopify;
mod woocommerce;

use http::{Request, Response};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use waybill_channels::Stamp;
use waybill_channels::feed::{Reading, Window};
use waybill_channels::stock::Level;
use waybill_channels::writeback::{Broke, Next, Sent};
use waybill_contract::{Asked, Contracts, System, Verdict};
use waybill_domain::service::Carrier;
use waybill_privacy::secret::Secret;

/// Requests in the order they are sent, each with the name of its kind. A kind may be there more than once, in
/// another shape.
struct Kinds {
    /// The file that builds them, below `src`.
    file: &'static str,
    names: Vec<&'static str>,
    requests: Vec<Request<Vec<u8>>>,
}

/// Names for the requests of one file.
fn kinds(file: &'static str, names: &[&'static str], requests: Vec<Request<Vec<u8>>>) -> Kinds {
    assert_eq!(names.len(), requests.len(), "{file}: {requests:?}");
    Kinds { file, names: names.to_vec(), requests }
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn stamp() -> Stamp {
    Stamp {
        now: "2026-11-23T09:00:00Z".parse().unwrap(),
        nonce: "0123456789abcdef0123456789abcdef".to_owned(),
    }
}

fn window() -> Window {
    Window { from: "2026-11-23T08:00:00Z".parse().unwrap(), to: "2026-11-23T08:57:30Z".parse().unwrap() }
}

fn sent(channel_id: &str, line: &str, carrier: Carrier) -> Sent {
    Sent {
        channel_id: channel_id.to_owned(),
        lines: vec![(line.to_owned(), 2)],
        order_lines: 1,
        completes: true,
        parcel: 1,
        carrier,
        tracking: "AB123456789GB".to_owned(),
        at: "2026-11-23T08:30:00Z".parse().unwrap(),
        source: Some("east".to_owned()),
    }
}

fn level(sku: &str) -> Level {
    Level {
        sku: sku.to_owned(),
        sellable: 4,
        physical: 6,
        place: Some("east".to_owned()),
        key: "con_1.MUG.7".to_owned(),
    }
}

fn ok(body: Value) -> Response<Vec<u8>> {
    answer(200, body)
}

fn answer(status: u16, body: Value) -> Response<Vec<u8>> {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(body.to_string().into_bytes())
        .unwrap()
}

/// Every request of a talk that gets these answers.
fn told(
    mut next: impl FnMut(Option<&Response<Vec<u8>>>, &Stamp) -> Result<Next, Broke>,
    answers: &[Response<Vec<u8>>],
) -> Vec<Request<Vec<u8>>> {
    let mut all = Vec::new();
    for answer in std::iter::once(None).chain(answers.iter().map(Some)) {
        match next(answer, &stamp()).unwrap_or_else(|why| panic!("after {all:?}: {why}")) {
            Next::Send(request) => all.push(*request),
            Next::Over(_) => break,
        }
    }
    all
}

/// Every request of reading one order that gets these answers.
fn read(
    mut next: impl FnMut(Option<&Response<Vec<u8>>>, &Stamp) -> Result<Reading, Broke>,
    answers: &[Response<Vec<u8>>],
) -> Vec<Request<Vec<u8>>> {
    let mut all = Vec::new();
    for answer in std::iter::once(None).chain(answers.iter().map(Some)) {
        match next(answer, &stamp()).unwrap_or_else(|why| panic!("after {all:?}: {why}")) {
            Reading::Send(request) => all.push(*request),
            Reading::Over(_) => break,
        }
    }
    all
}

/// Fails unless each is what the specification says, and prints which were held and which have none.
fn hold(system: System, base: &str, all: &[Kinds]) {
    let Some(contracts) = Contracts::or_skip() else { return };
    for Kinds { file, names, requests } in all {
        for (name, request) in names.iter().zip(requests) {
            let asked = Asked::below(base, request).unwrap_or_else(|| panic!("{name}: {}", request.uri()));
            match contracts.judge(system, &asked) {
                Verdict::Valid { operation } => println!("{}: {file} {name} is {operation}", system.as_str()),
                Verdict::Unspecified { why } => println!("skipped: {file} {name}: {why}"),
                Verdict::Invalid { operation, wrongs } => panic!("{file} {name}, {operation}: {wrongs:#?}"),
            }
        }
    }
}

#[test]
fn every_kind_of_request_is_what_shopify_s_specification_says() {
    hold(System::Shopify, "", &shopify::all());
}

#[test]
fn every_kind_of_request_is_what_woocommerce_s_specification_says() {
    hold(System::WooCommerce, "", &woocommerce::all());
}

#[test]
fn every_kind_of_request_is_what_magento_s_specification_says() {
    hold(System::Magento, "", &magento::all("https://shop.example/rest/default"));
    // Adobe's cloud has no stores in its address, and no integrations.
    let cloud = magento::all("https://na1.api.commerce.example/tenant");
    let calls: Vec<Kinds> =
        cloud.into_iter().filter(|one| !magento::IS_NOT_REST.contains(&one.file)).collect();
    hold(System::AdobeCommerce, "/tenant", &calls);
}

#[test]
fn every_kind_of_request_is_what_amazon_s_specification_says() {
    hold(System::Amazon, "", &amazon::all());
}

#[test]
fn every_kind_of_request_is_what_ebay_s_specification_says() {
    hold(System::Ebay, "", &ebay::all());
}

/// What stands where a request is made, here or in a helper of one channel.
const VERBS: [&str; 11] = [
    "call",
    "ask",
    "send",
    "trackings",
    "form",
    "post",
    "exchange",
    "change",
    "Request::builder",
    "Request::get",
    "Request::post",
];

/// Places that only pass on what another place makes, by file.
const PASS_ON: [(&str, usize); 14] = [
    ("amazon/mod", 1),
    ("amazon/token", 1),
    // Looking, before and after, is asked for in `packages`.
    ("amazon/writeback", 2),
    ("ebay/mod", 1),
    ("ebay/token", 1),
    ("magento/connect", 1),
    ("magento/mod", 1),
    ("magento/writeback", 1),
    ("shopify/mod", 1),
    ("shopify/token", 1),
    ("woocommerce/mod", 1),
    ("woocommerce/hooks", 1),
    ("woocommerce/writeback", 2),
    // Not the shop's: the address is Adobe's own and comes with its message.
    ("magento/webhook", 1),
];

/// How many requests the code of a file makes.
fn places(text: &str) -> usize {
    let code = text.split("#[cfg(test)]").next().unwrap();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let is_call = |line: &str, verb: &str, at: usize| {
        let before = &line[..at];
        !before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':'))
            && !before.ends_with("fn ")
            && line[at + verb.len()..].starts_with('(')
    };
    lines
        .flat_map(|line| {
            VERBS.map(|verb| line.match_indices(verb).filter(|(at, _)| is_call(line, verb, *at)).count())
        })
        .sum()
}

#[test]
fn no_kind_is_left_out() {
    let mut listed: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let lists = [
        shopify::all(),
        woocommerce::all(),
        magento::all("https://shop.example/rest/default"),
        amazon::all(),
        ebay::all(),
    ];
    for one in lists.iter().flatten() {
        listed.entry(one.file.to_owned()).or_default().extend(&one.names);
    }
    let mut told: BTreeMap<String, usize> =
        listed.into_iter().map(|(file, names)| (file, names.len())).collect();
    for (file, passed) in PASS_ON {
        *told.entry(file.to_owned()).or_default() += passed;
    }
    let mut made = BTreeMap::new();
    for channel in ["shopify", "woocommerce", "magento", "amazon", "ebay"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(channel);
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let count = places(&std::fs::read_to_string(&path).unwrap());
            if count > 0 {
                made.insert(format!("{channel}/{}", path.file_stem().unwrap().to_str().unwrap()), count);
            }
        }
    }
    assert_eq!(made, told, "places that make requests, and kinds in these lists");
}

#[test]
fn a_wrong_request_of_each_style_is_told_apart() {
    let Some(contracts) = Contracts::or_skip() else { return };
    let wrongs = |system, request: &Request<Vec<u8>>| match contracts
        .judge(system, &Asked::below("", request).unwrap())
    {
        Verdict::Invalid { wrongs, .. } => wrongs,
        other => panic!("{other:?}"),
    };
    let of = |all: Vec<Kinds>, name: &str| -> Request<Vec<u8>> {
        let each = all.into_iter().flat_map(|one| one.names.into_iter().zip(one.requests));
        each.into_iter().find(|(known, _)| *known == name).unwrap().1
    };
    let with = |request: &Request<Vec<u8>>, pointer: &str, value: Value| {
        let mut body: Value = serde_json::from_slice(request.body()).unwrap();
        let (place, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(place).unwrap()[name] = value;
        request.clone().map(|_| body.to_string().into_bytes())
    };
    let asking = |request: &Request<Vec<u8>>, address: &str| {
        let mut changed = request.clone();
        *changed.uri_mut() = address.parse().unwrap();
        changed
    };

    // GraphQL: a field the input has not, one left out, a variable nobody declared, and no GraphQL.
    let create = of(shopify::all(), "create fulfillment");
    let odd = with(&create, "/variables/f/trackingInfo/carrier", json!("Royal Mail"));
    assert_eq!(wrongs(System::Shopify, &odd), ["variable f/trackingInfo/carrier: is no field"]);
    let set = of(shopify::all(), "set stock");
    let more = with(&set, "/variables/other", json!(1));
    assert_eq!(wrongs(System::Shopify, &more), ["variable other: is not declared"]);
    let text = with(&set, "/variables/input/quantities", json!([{"quantity": "4"}]));
    assert_eq!(wrongs(System::Shopify, &text).len(), 4);
    let undeclared =
        with(&create, "/query", json!("mutation{fulfillmentCreate(fulfillment:$g){fulfillment{id}}}"));
    assert_eq!(
        wrongs(System::Shopify, &undeclared),
        ["body/query: $g is not declared", "variable f: is not declared"]
    );
    let torn = with(&create, "/query", json!("mutation {"));
    assert_eq!(wrongs(System::Shopify, &torn), ["body/query: is no GraphQL"]);

    // Swagger 2: body, query, path and method.
    let confirm = of(amazon::all(), "confirm");
    let odd = with(&confirm, "/packageDetail/carrier", json!("DPD"));
    assert_eq!(wrongs(System::Amazon, &odd).len(), 1);
    let late = with(&confirm, "/packageDetail/shipDate", json!("yesterday"));
    assert_eq!(wrongs(System::Amazon, &late).len(), 1);
    let order = of(amazon::all(), "order");
    let host = "https://sellingpartnerapi-eu.amazon.com/orders/2026-01-01/orders";
    assert_eq!(wrongs(System::Amazon, &asking(&order, &format!("{host}/1?includedData=TEA"))).len(), 1);
    assert_eq!(
        wrongs(System::Amazon, &asking(&order, &format!("{host}/1?include=RECIPIENT"))),
        ["query include: is no parameter"]
    );
    assert_eq!(
        wrongs(System::Amazon, &asking(&order, &format!("{host}/1/tea"))),
        ["there is no such operation"]
    );

    // Magento's names: any index and either spelling, but only fields there are.
    let changed = of(magento::all("https://shop.example/rest/default"), "changed");
    let odd =
        "https://shop.example/rest/default/V1/orders?searchCriteria[filter_groups][1][filters][0][column]=x";
    assert_eq!(wrongs(System::Magento, &asking(&changed, odd)).len(), 1);
    let ship = of(magento::all("https://shop.example/rest/default"), "ship");
    assert_eq!(wrongs(System::Magento, &with(&ship, "/courier", json!("DPD"))).len(), 1);
    assert_eq!(
        wrongs(System::Magento, &asking(&ship, "https://shop.example/rest/default/V1/order/x/ship")).len(),
        1
    );

    // OpenAPI 3: what is required, by header and in the body.
    let create = of(ebay::all(), "create fulfilment");
    assert_eq!(wrongs(System::Ebay, &with(&create, "/carrier", json!("DPD"))).len(), 1);
    let mut bare = create.clone();
    bare.headers_mut().remove("content-type");
    assert!(!wrongs(System::Ebay, &bare).is_empty());
    assert_eq!(wrongs(System::Ebay, &create.map(|_| Vec::new())), ["body: is required"]);
}
