//! The first day of a seller, through the doors an operator and an owner have and no other: an empty user pool and
//! registry in the beginning; an order sent, labelled and forgotten at the end.

use crate::support::{Founder, Shop, Story, invented, unique, until};
use serde_json::{Value, json};
use waybill_harness::seed::{ACCESS_TOKEN, CLIENT_SECRET};
use waybill_harness::stack::Stack;
use waybill_harness::staff::sign_in;
use waybill_sandbox::invent::Kind;
use waybill_sandbox::royal_mail::{TRACKING_CLIENT_ID, TRACKING_CLIENT_SECRET};

pub static FIRST_DAY: Story = Story::new("first day", || Box::pin(first_day()));

#[test]
#[ignore = "needs a running stack"]
fn a_merchant_is_made_through_the_api_and_forgets_its_first_order() {
    FIRST_DAY.told();
}

/// The owner at the API.
struct Owner {
    stack: Stack,
    merchant: String,
    sub: String,
    token: String,
    http: reqwest::Client,
}

/// Status, tag and body of an answer.
type Answer = (u16, String, Vec<u8>);

impl Owner {
    async fn named(stack: Stack) -> Self {
        let Founder { merchant, name, sub } = Founder::named(&stack).await;
        let token = sign_in(&stack, &name).await.unwrap();
        Self { stack, merchant, sub, token, http: reqwest::Client::new() }
    }

    async fn send(&self, method: &str, path: &str, body: Option<Value>, header: (&str, &str)) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, format!("{}{path}", self.stack.api_url));
        let request = request.bearer_auth(&self.token).header(header.0, header.1);
        let request = body.into_iter().fold(request, |request, body| request.json(&body));
        let reply = request.send().await.unwrap();
        let tag = reply.headers().get("etag").map(|tag| tag.to_str().unwrap().to_owned());
        let status = reply.status().as_u16();
        (status, tag.unwrap_or_default(), reply.bytes().await.unwrap().to_vec())
    }

    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let (status, _, body) = self.send(method, path, body, ("accept", "application/json")).await;
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// As [`Owner::ask`], for what must go well.
    async fn done(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.ask(method, path, body).await;
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    async fn connect(&self, body: Value) -> Value {
        self.done("POST", "/v1/connections", Some(body)).await
    }
}

async fn first_day() {
    // An earlier story may have left something stopped.
    let owner = Owner::named(Shop::demo().await.stack).await;
    the_merchant_is_made(&owner).await;
    let (domain, shop) = the_shop_is_connected(&owner).await;
    let carrier = the_carrier_is_connected(&owner).await;
    let order = the_order_arrives(&owner, &domain, &shop).await;
    let shipment = the_parcel_leaves(&owner, &order).await;
    the_day_is_handed_over(&owner, &carrier).await;
    it_is_forgotten(&owner, &order, &shipment).await;
}

async fn the_merchant_is_made(owner: &Owner) {
    let (status, told) = owner.ask("GET", "/v1/orders?status=received", None).await;
    assert_eq!((status, &told["code"]), (409, &json!("no_merchant")), "{told}");
    let settings = json!({"id": owner.merchant, "name": "Invented Traders",
        "warehouses": [{"id": "wh_one", "name": "One", "priority": 1}]});
    let make =
        async || owner.send("PUT", "/v1/merchant", Some(settings.clone()), ("if-none-match", "*")).await;
    let (status, _, body) = make().await;
    assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
    assert_eq!(make().await.0, 412, "made once");
    let trained = json!({"role": "owner", "trained_at": jiff::Timestamp::now()});
    owner.done("PUT", &format!("/v1/staff/{}", owner.sub), Some(trained)).await;
}

/// Gives the shop's domain and its connection.
async fn the_shop_is_connected(owner: &Owner) -> (String, String) {
    let sandbox = &owner.stack.sandbox_url;
    let domain = format!("first-{}.myshopify.com", unique(12));
    let credentials = json!({"kind": "shopify", "secrets": [CLIENT_SECRET], "token": ACCESS_TOKEN});
    let config = json!({"domain": domain, "client_secret": CLIENT_SECRET, "access_token": ACCESS_TOKEN});
    owner.stack.control("PUT", "shops", &config).await.unwrap();
    let shop = owner
        .connect(json!({"address": format!("{sandbox}/shopify/{domain}"), "credentials": credentials}))
        .await;
    let (id, path) = (shop["id"].as_str().unwrap(), shop["webhook_path"].as_str().unwrap());
    // What the owner enters at the shop.
    let mut config = config;
    config["webhook_url"] = json!(format!("{}{path}", owner.stack.api_url));
    owner.stack.control("PUT", "shops", &config).await.unwrap();
    let tried = owner.done("POST", &format!("/v1/connections/{id}/test"), None).await;
    assert_eq!(tried["works"], true, "{tried}");
    (domain, id.to_owned())
}

/// Gives its connection. The account is its own: what is handed over sweeps it.
async fn the_carrier_is_connected(owner: &Owner) -> String {
    let sandbox = &owner.stack.sandbox_url;
    let key = format!("first-{}", unique(12));
    owner.stack.control("PUT", &format!("accounts/{key}"), &json!({})).await.unwrap();
    let credentials = json!({"kind": "royal_mail", "key": key, "tracking_id": TRACKING_CLIENT_ID,
        "tracking_secret": TRACKING_CLIENT_SECRET});
    let carrier = owner
        .connect(json!({"address": format!("{sandbox}/royal-mail"),
            "tracking_address": format!("{sandbox}/royal-mail-tracking"), "credentials": credentials}))
        .await;
    let id = carrier["id"].as_str().unwrap();
    let assessed = json!({"name": id, "done_at": jiff::Timestamp::now()});
    owner.done("POST", "/v1/registers/processor", Some(assessed)).await;

    let (_, tag, body) = owner.send("GET", "/v1/merchant", None, ("accept", "application/json")).await;
    let mut settings: Value = serde_json::from_slice(&body).unwrap();
    let service = json!({"carrier": "royal_mail", "code": "TPS48", "format": "parcel"});
    settings["services"]["rules"] =
        json!([{"countries": ["GB"], "up_to_grams": 30_000, "connection": id, "service": service}]);
    let put = async |tag: &str| {
        owner.send("PUT", "/v1/merchant", Some(settings.clone()), ("if-match", tag)).await.0
    };
    assert_eq!((put(&tag).await, put(&tag).await), (200, 412), "changed by who has seen it, once");
    id.to_owned()
}

/// Gives our id of the order.
async fn the_order_arrives(owner: &Owner, domain: &str, shop: &str) -> String {
    let order = invented(Kind::Plain);
    for line in order["line_items"].as_array().unwrap() {
        let sku = line["sku"].as_str().unwrap();
        let receive = json!({"kind": "receive", "sku": sku, "warehouse": "wh_one", "quantity": 50,
            "reason": "purchase", "reference": format!("PO-{}", unique(8))});
        owner.done("POST", "/v1/stock/movements", Some(receive)).await;
    }
    let put = json!({"shop": domain, "orders": [order], "deliver": true});
    owner.stack.control("PUT", "orders", &put).await.unwrap();
    let list = async || {
        let page = owner.done("GET", "/v1/orders?status=dispatched", None).await;
        page["orders"][0]["order"].as_str().map(str::to_owned)
    };
    let id = until("the first order to be sent", list).await;
    let view = owner.done("GET", &format!("/v1/orders/{id}"), None).await;
    assert_eq!((&view["connection"], &view["exceptions"]), (&json!(shop), &json!([])), "{view}");
    assert_eq!(view["shipments"][0]["service"]["code"], "TPS48", "{view}");
    id
}

/// Gives its shipment.
async fn the_parcel_leaves(owner: &Owner, order: &str) -> String {
    let view = owner.done("GET", &format!("/v1/orders/{order}"), None).await;
    let shipment = view["shipments"][0]["shipment"].as_str().unwrap().to_owned();
    let (status, _, label) = label(owner, &shipment).await;
    assert_eq!((status, label.starts_with(b"%PDF")), (200, true));
    shipment
}

async fn label(owner: &Owner, shipment: &str) -> Answer {
    let path = format!("/v1/shipments/{shipment}/label?purpose=label");
    owner.send("GET", &path, None, ("accept", "application/pdf")).await
}

async fn the_day_is_handed_over(owner: &Owner, carrier: &str) {
    let all = format!("/v1/connections/{carrier}/manifests");
    let mut wanted = json!({"warehouse": "wh_one", "carrier_name": "Royal Mail OBA"});
    let (status, told) = owner.ask("POST", &all, Some(wanted.clone())).await;
    assert_eq!((status, &told["code"]), (400, &json!("sweeps_account")), "{told}");
    wanted["sweeps_account"] = json!(true);
    let made = owner.done("POST", &all, Some(wanted)).await;
    let one = format!("{all}/{}", made["id"].as_str().unwrap());
    let done = async || (owner.done("GET", &one, None).await["state"] == "done").then_some(());
    until("the manifest to be done", done).await;
    let (status, _, document) =
        owner.send("GET", &format!("{one}/document"), None, ("accept", "application/pdf")).await;
    assert_eq!((status, document.starts_with(b"%PDF")), (200, true));
}

async fn it_is_forgotten(owner: &Owner, order: &str, shipment: &str) {
    let asked = owner.done("POST", "/v1/requests", Some(json!({"kind": "erasure", "orders": [order]}))).await;
    let at = format!("/v1/requests/{}", asked["request"].as_str().unwrap());
    let done = async || {
        let request = owner.done("GET", &at, None).await;
        (request["status"] == "done").then_some(request)
    };
    let request = until("the erasure to be done", done).await;
    assert!(request["certificate"].is_object(), "{request}");
    let view = owner.done("GET", &format!("/v1/orders/{order}"), None).await;
    assert_eq!(view["summary"]["personal_data"], "erased", "{view}");
    assert_eq!(label(owner, shipment).await.0, 410);
}
