use serde_json::{Value, json};
use waybill_sandbox::invent::Kind;
use waybill_sandbox::state::Limits;
use waybill_sandbox::{Call, Sandbox};

use super::{SHOP, TOKEN, control, graphql, put, sandbox};

const CREATE: &str = "mutation($f:FulfillmentInput!){fulfillmentCreate(fulfillment:$f){fulfillment{id status \
                      trackingInfo{company number url}} userErrors{field message}}}";
const SET: &str = "mutation($i:InventorySetQuantitiesInput!,$k:String!){inventorySetQuantities(input:$i) \
                   @idempotent(key:$k){inventoryAdjustmentGroup{id} userErrors{code field message}}}";

fn fulfillment_orders(sandbox: &Sandbox, order: i64) -> Value {
    let query = "query($id:ID!){order(id:$id){fulfillmentOrders(first:20){nodes{id status requestStatus \
                 assignedLocation{location{id}} lineItems(first:50){nodes{id remainingQuantity lineItem{id \
                 sku}}}}}}}";
    let id = format!("gid://shopify/Order/{order}");
    graphql(sandbox, query, json!({"id": id}))["data"]["order"]["fulfillmentOrders"]["nodes"].clone()
}

fn tracking() -> Value {
    json!({"company": "Royal Mail", "number": "TT000000009GB"})
}

fn first_error(answer: &Value) -> String {
    answer["data"]["fulfillmentCreate"]["userErrors"][0]["message"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_wrong_token_an_unknown_shop_and_a_bad_version_are_refused() {
    let sandbox = sandbox();
    let send = |shop: &str, version: &str, token: &str| {
        let path = format!("/shopify/{shop}/admin/api/{version}/graphql.json");
        let call = Call::new(http::Method::POST, &path).header("x-shopify-access-token", token);
        sandbox.answer(&call.json(&json!({"query": "{shop{id}}"})))
    };
    assert_eq!(send(SHOP, "2026-07", TOKEN).status, 200);
    let refused = send(SHOP, "2026-07", "shpat_wrong");
    assert_eq!(refused.status, 401);
    assert!(refused.value()["errors"].as_str().unwrap().contains("Invalid API key or access token"));
    assert_eq!(send("other.myshopify.com", "2026-07", TOKEN).status, 404);
    assert_eq!(send(SHOP, "2026-06", TOKEN).status, 404);
    control(&sandbox, "POST", &format!("shops/{SHOP}/uninstall"), &json!({}));
    assert_eq!(send(SHOP, "2026-07", TOKEN).status, 401);
}

#[test]
fn orders_are_paged_by_updated_at_without_loss() {
    let sandbox = sandbox();
    control(&sandbox, "POST", "invent", &json!({"shop": SHOP, "count": 7, "seed": 5}));
    let query = "query($q:String!,$after:String){orders(first:3,after:$after,query:$q,sortKey:UPDATED_AT){\
                 pageInfo{hasNextPage endCursor} nodes{id name updatedAt cancelledAt displayFinancialStatus \
                 displayFulfillmentStatus}}}";
    let mut seen = Vec::new();
    let mut after = Value::Null;
    loop {
        let variables = json!({"q": "updated_at:>='2026-11-22T10:00:00Z'", "after": after});
        let answer = graphql(&sandbox, query, variables);
        assert!(answer["errors"].is_null(), "{answer}");
        let page = &answer["data"]["orders"];
        seen.extend(page["nodes"].as_array().unwrap().iter().map(|node| node["id"].clone()));
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    let mut unique: Vec<String> = seen.iter().map(Value::to_string).collect();
    unique.sort();
    unique.dedup();
    assert_eq!((seen.len(), unique.len()), (7, 7));
    let none = json!({"q": "updated_at:>'2026-11-23T09:00:00Z'", "after": null});
    assert_eq!(graphql(&sandbox, query, none)["data"]["orders"]["nodes"], json!([]));
}

#[test]
fn an_order_can_be_rebuilt_from_graphql() {
    let sandbox = sandbox();
    let (id, body) = put(&sandbox, Kind::SeveralLines);
    let query = "query($id:ID!){order(id:$id){id name createdAt updatedAt cancelledAt test \
                 displayFinancialStatus currencyCode email phone shippingAddress{firstName lastName name \
                 company address1 address2 city province provinceCode zip countryCodeV2 phone} \
                 lineItems(first:100){pageInfo{hasNextPage} nodes{id sku quantity currentQuantity \
                 requiresShipping variant{inventoryItem{measurement{weight{value unit}}}}}} totalPriceSet{shopMoney{amount currencyCode} presentmentMoney{amount \
                 currencyCode}} shippingLine{title code} customer{id} fulfillments{id status \
                 trackingInfo{company number url}}}}";
    let answer = graphql(&sandbox, query, json!({"id": format!("gid://shopify/Order/{id}")}));
    assert!(answer["errors"].is_null(), "{answer}");
    let order = &answer["data"]["order"];
    assert_eq!(order["id"], body["admin_graphql_api_id"]);
    assert_eq!(order["shippingAddress"]["zip"], body["shipping_address"]["zip"]);
    assert_eq!(order["totalPriceSet"]["shopMoney"]["amount"], body["total_price"]);
    assert_eq!(order["displayFinancialStatus"], "PAID");
    let lines = order["lineItems"]["nodes"].as_array().unwrap();
    assert_eq!(lines.len(), body["line_items"].as_array().unwrap().len());
    assert!(id > 1 << 53);
}

#[test]
fn unknown_fields_and_missing_page_sizes_are_graphql_errors_under_200() {
    let sandbox = sandbox();
    let (id, _) = put(&sandbox, Kind::Plain);
    let gid = json!({"id": format!("gid://shopify/Order/{id}")});
    let codes = [
        ("query($id:ID!){order(id:$id){nonsense}}", "undefinedField"),
        ("query($id:ID!){order(id:$id){lineItems{nodes{id}}}}", "BAD_REQUEST"),
        ("query($id:ID!){order(id:$id){shippingAddress}}", "selectionMismatch"),
        ("query($id:ID!){orderz(id:$id){id}}", "undefinedField"),
        ("query($id:ID!){order(id:$id){id}", "INVALID_VARIABLE"),
    ];
    for (query, code) in codes {
        let answer = graphql(&sandbox, query, gid.clone());
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{query}: {answer}");
    }
    let aliased =
        "query($id:ID!){a:order(id:$id){...parts} b:order(id:$id){n:name}} fragment parts on Order{id}";
    let answer = graphql(&sandbox, aliased, gid);
    assert!(answer["data"]["a"]["id"].is_string() && answer["data"]["b"]["n"].is_string(), "{answer}");
}

#[test]
fn fulfilling_part_then_all_then_more_than_all() {
    let sandbox = sandbox();
    let (id, _) = put(&sandbox, Kind::SeveralLines);
    let before = fulfillment_orders(&sandbox, id);
    let (gid, line) = (&before[0]["id"], &before[0]["lineItems"]["nodes"][0]);
    let units = line["remainingQuantity"].as_i64().unwrap();
    let part = |quantity: i64| {
        json!({"f": {
            "lineItemsByFulfillmentOrder": [{
                "fulfillmentOrderId": gid,
                "fulfillmentOrderLineItems": [{"id": line["id"], "quantity": quantity}],
            }],
            "trackingInfo": tracking(),
        }})
    };
    let refused = graphql(&sandbox, CREATE, part(units + 1));
    assert_eq!(first_error(&refused), "Invalid fulfillment order line item quantity requested.");
    assert!(refused["data"]["fulfillmentCreate"]["fulfillment"].is_null());
    let made = graphql(&sandbox, CREATE, part(units));
    let made = &made["data"]["fulfillmentCreate"]["fulfillment"];
    assert_eq!(made["trackingInfo"][0]["number"], "TT000000009GB");
    assert!(made["trackingInfo"][0]["url"].as_str().unwrap().contains("royalmail.com"));
    let after = fulfillment_orders(&sandbox, id);
    assert_eq!(after[0]["lineItems"]["nodes"][0]["remainingQuantity"], 0);
    let all = json!({"f": {"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": gid}]}});
    assert_eq!(first_error(&graphql(&sandbox, CREATE, all.clone())), "");
    assert_eq!(fulfillment_orders(&sandbox, id)[0]["status"], "CLOSED");
    assert!(first_error(&graphql(&sandbox, CREATE, all)).contains("unfulfillable status= closed"));
    let stored = control(&sandbox, "GET", &format!("orders/{SHOP}/{id}"), &json!({})).value();
    assert_eq!(stored["order"]["fulfillment_status"], "fulfilled");
    assert_eq!(stored["fulfillments"].as_array().unwrap().len(), 2);
}

#[test]
fn bad_fulfillment_input_is_refused_and_changes_nothing() {
    let sandbox = sandbox();
    let (id, _) = put(&sandbox, Kind::Plain);
    let gid = fulfillment_orders(&sandbox, id)[0]["id"].clone();
    let of = |tracking: Value| json!({"f": {"lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": gid}], "trackingInfo": tracking}});
    let spelled = graphql(&sandbox, CREATE, of(json!({"company": "royal mail", "number": "A"})));
    assert!(first_error(&spelled).contains("not spelled"));
    let mixed = graphql(&sandbox, CREATE, of(json!({"number": "A", "numbers": ["B"]})));
    assert!(first_error(&mixed).contains("cannot be mixed"));
    let unknown = graphql(&sandbox, CREATE, of(json!({"carrier": "Royal Mail"})));
    assert_eq!(unknown["errors"][0]["extensions"]["code"], "INVALID_VARIABLE");
    assert!(unknown["errors"][0]["message"].as_str().unwrap().contains("trackingInfo.carrier"));
    control(&sandbox, "POST", &format!("orders/{SHOP}/{id}/hold"), &json!({"reason": "AWAITING_PAYMENT"}));
    let held = graphql(&sandbox, CREATE, of(tracking()));
    assert!(first_error(&held).contains("on_hold"));
    control(&sandbox, "POST", &format!("orders/{SHOP}/{id}/release"), &json!({}));
    let report = sandbox.report();
    assert_eq!(report["shops"][SHOP]["fulfillments"], 0);
    assert_eq!(report["refusals"], 4);
    assert_eq!(first_error(&graphql(&sandbox, CREATE, of(tracking()))), "");
}

#[test]
fn tracking_can_be_corrected_and_progress_reported() {
    let sandbox = sandbox();
    let (id, _) = put(&sandbox, Kind::Plain);
    let gid = fulfillment_orders(&sandbox, id)[0]["id"].clone();
    let input = json!({"f": {
        "lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": gid}],
        "trackingInfo": tracking(),
    }});
    let made = graphql(&sandbox, CREATE, input)["data"]["fulfillmentCreate"]["fulfillment"]["id"].clone();
    let update = "mutation($id:ID!,$t:FulfillmentTrackingInput!){fulfillmentTrackingInfoUpdate(\
                  fulfillmentId:$id,trackingInfoInput:$t,notifyCustomer:false){fulfillment{trackingInfo{number}} \
                  userErrors{field message}}}";
    let new = json!({"company": "Royal Mail", "number": "TT000000012GB"});
    let answer = graphql(&sandbox, update, json!({"id": made, "t": new}));
    let shown = &answer["data"]["fulfillmentTrackingInfoUpdate"]["fulfillment"]["trackingInfo"];
    assert_eq!(shown[0]["number"], "TT000000012GB");
    let event = "mutation($e:FulfillmentEventInput!){fulfillmentEventCreate(fulfillmentEvent:$e){\
                 fulfillmentEvent{id status} userErrors{field message}}}";
    let good = graphql(&sandbox, event, json!({"e": {"fulfillmentId": made, "status": "IN_TRANSIT"}}));
    assert_eq!(good["data"]["fulfillmentEventCreate"]["fulfillmentEvent"]["status"], "IN_TRANSIT");
    let bad = graphql(&sandbox, event, json!({"e": {"fulfillmentId": made, "status": "FLYING"}}));
    assert_eq!(bad["errors"][0]["extensions"]["code"], "INVALID_VARIABLE");
}

#[test]
fn stock_is_compared_and_set_once_per_key() {
    let sandbox = sandbox();
    control(&sandbox, "PUT", "stock", &json!({"shop": SHOP, "levels": {"TEE-RED-M": 9}}));
    let query = "{productVariants(first:1,query:\"sku:TEE-RED-M\"){nodes{sku inventoryItem{id}}} \
                 locations(first:1){nodes{id}}}";
    let found = graphql(&sandbox, query, json!({}));
    let item = &found["data"]["productVariants"]["nodes"][0]["inventoryItem"]["id"];
    let location = &found["data"]["locations"]["nodes"][0]["id"];
    let input = |quantity: i64, from: Value| {
        json!({"name": "available", "reason": "correction", "quantities": [{
            "inventoryItemId": item, "locationId": location, "quantity": quantity, "changeFromQuantity": from,
        }]})
    };
    let set = |key: &str, input: Value| graphql(&sandbox, SET, json!({"k": key, "i": input}));
    let code = |answer: &Value| {
        answer["data"]["inventorySetQuantities"]["userErrors"][0]["code"].as_str().unwrap_or("ok").to_owned()
    };
    assert_eq!(code(&set("a", input(7, json!(9)))), "ok");
    assert_eq!(code(&set("a", input(7, json!(9)))), "ok");
    assert_eq!(code(&set("a", input(6, json!(7)))), "IDEMPOTENCY_KEY_PARAMETER_MISMATCH");
    assert_eq!(code(&set("b", input(5, json!(9)))), "CHANGE_FROM_QUANTITY_STALE");
    assert_eq!(code(&set("c", input(5, Value::Null))), "ok");
    let mut missing = input(5, Value::Null);
    missing["quantities"][0].as_object_mut().unwrap().remove("changeFromQuantity");
    assert_eq!(set("d", missing)["errors"][0]["extensions"]["code"], "INVALID_VARIABLE");
    let bare = SET.replace("@idempotent(key:$k)", "");
    let answer = graphql(&sandbox, &bare, json!({"k": "e", "i": input(1, json!(5))}));
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains("@idempotent"));
    let level = "query($i:ID!,$l:ID!){inventoryItem(id:$i){inventoryLevel(locationId:$l){quantities(names:\
                 [\"available\"]){name quantity}}}}";
    let now = graphql(&sandbox, level, json!({"i": item, "l": location}));
    let quantities = &now["data"]["inventoryItem"]["inventoryLevel"]["quantities"];
    assert_eq!(quantities[0]["quantity"], 5);
    assert_eq!(sandbox.report()["shops"][SHOP]["stock_sets"], 2);
}

#[test]
fn the_cost_bucket_empties_and_refills_with_the_clock() {
    let sandbox = sandbox();
    sandbox.set_limits(Limits { shopify_cost: true, ..Limits::default() });
    // A change is charged whole; of a query, what the answer did not use is given back.
    let change = |n: usize| graphql(&sandbox, SET, json!({"k": n.to_string(), "i": {}}));
    let spent =
        (0..1_000).map(change).find(|answer| answer["errors"][0]["extensions"]["code"] == "THROTTLED");
    let spent = spent.expect("2,000 points last for ever");
    assert!(spent["data"].is_null());
    assert_eq!(spent["extensions"]["cost"]["throttleStatus"]["restoreRate"], 100.0);
    sandbox.set_now(sandbox.now() + jiff::SignedDuration::from_secs(10));
    assert_ne!(change(0)["errors"][0]["extensions"]["code"], "THROTTLED");
}

#[test]
fn a_query_is_charged_for_what_it_gave_and_not_for_what_it_asked() {
    let sandbox = sandbox();
    sandbox.set_limits(Limits { shopify_cost: true, ..Limits::default() });
    let query = "{orders(first:250,sortKey:UPDATED_AT){nodes{id lineItems(first:50){nodes{id}}}}}";
    let cost = graphql(&sandbox, query, json!({}))["extensions"]["cost"].clone();
    assert!(cost["actualQueryCost"].as_u64() < cost["requestedQueryCost"].as_u64());
    assert_eq!(
        cost["throttleStatus"]["currentlyAvailable"],
        2_000.0 - cost["actualQueryCost"].as_f64().unwrap()
    );
}
