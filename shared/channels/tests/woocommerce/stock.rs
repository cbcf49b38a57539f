//! Stock numbers (contract section 6).

use crate::contracts::file;
use crate::fixture::{body, line, ok, refusal, shop, stamp};
use serde_json::{Value, json};
use waybill_channels::stock::{Level, Next, Outcome};
use waybill_channels::woocommerce::stock::Talk;

fn level(sku: &str) -> Level {
    Level { sku: sku.to_owned(), sellable: 7, physical: 12, place: None, key: "k".to_owned() }
}

fn product(changes: Value) -> Value {
    let mut product = json!({"id": 794, "parent_id": 0, "type": "simple", "sku": "TEE-M", "manage_stock": true, "stock_quantity": 3});
    for (name, value) in changes.as_object().unwrap() {
        product[name] = value.clone();
    }
    product
}

/// What follows when the shop finds these.
fn found(list: Value) -> (Talk, Next) {
    let mut talk = Talk::new(&shop(), level("TEE-M"));
    talk.next(None, &stamp()).unwrap();
    let next = talk.next(Some(&ok(&list)), &stamp()).unwrap();
    (talk, next)
}

fn written(list: Value) -> (String, Value) {
    match found(list).1 {
        Next::Send(request) => (line(&request), body(&request)),
        Next::Over(outcome) => panic!("{outcome:?}"),
    }
}

fn ended(list: Value) -> Outcome {
    match found(list).1 {
        Next::Over(outcome) => outcome,
        Next::Send(request) => panic!("{}", line(&request)),
    }
}

const FIELDS: &str = "?_fields=id,parent_id,type,sku,manage_stock,stock_quantity";

#[test]
fn the_product_is_looked_up_by_sku() {
    let mut talk = Talk::new(&shop(), level(" TEE/M & co "));
    let Next::Send(request) = talk.next(None, &stamp()).unwrap() else { panic!("over") };
    assert!(line(&request).starts_with("GET /wc/v3/products?sku=TEE%2FM%20%26%20co&per_page=100&"));
    assert!(Talk::new(&shop(), level(" ")).next(None, &stamp()).is_err());
}

#[test]
fn the_number_is_absolute_and_what_may_be_sold() {
    let (url, number) = written(json!([product(json!({}))]));
    assert_eq!(url, format!("PUT /wc/v3/products/794{FIELDS}"));
    let (url, _) = written(json!([product(json!({"id": 735, "parent_id": 733, "type": "variation"}))]));
    assert_eq!(url, format!("PUT /wc/v3/products/733/variations/735{FIELDS}"));
    let Some(official) = file("samples/requests.json") else { return };
    for request in official["requests"].as_array().unwrap() {
        if request["name"] == "set stock, simple product" || request["name"] == "set stock, variation" {
            assert_eq!(number, request["body"]);
        }
    }
}

#[test]
fn a_number_that_stands_is_not_written_again() {
    assert_eq!(ended(json!([product(json!({"stock_quantity": 7}))])), Outcome::Applied);
    // But a number nobody manages is.
    written(json!([product(json!({"stock_quantity": 7, "manage_stock": false}))]));
    written(json!([product(json!({"stock_quantity": null, "manage_stock": false}))]));
    written(json!([product(json!({"stock_quantity": -2}))]));
}

#[test]
fn a_variation_that_shares_its_parents_number_gets_its_own() {
    let shared = product(
        json!({"id": 735, "parent_id": 733, "type": "variation", "manage_stock": "parent", "stock_quantity": 7}),
    );
    let (url, number) = written(json!([shared]));
    assert_eq!(url, format!("PUT /wc/v3/products/733/variations/735{FIELDS}"));
    assert_eq!(number, json!({"manage_stock": true, "stock_quantity": 7}));
    let orphan = product(json!({"type": "variation", "parent_id": 0}));
    let mut talk = Talk::new(&shop(), level("TEE-M"));
    talk.next(None, &stamp()).unwrap();
    assert!(talk.next(Some(&ok(&json!([orphan]))), &stamp()).is_err());
}

#[test]
fn only_the_very_sku_counts() {
    assert_eq!(ended(json!([])), Outcome::NotPossible("sku_unknown"));
    assert_eq!(ended(json!([product(json!({"sku": "TEE-M-2"}))])), Outcome::NotPossible("sku_unknown"));
    let two = json!([product(json!({})), product(json!({"id": 795}))]);
    assert_eq!(ended(two), Outcome::NotPossible("sku_ambiguous"));
    written(json!([product(json!({"id": 9, "sku": "TEE"})), product(json!({}))]));
    assert_eq!(
        ended(json!([product(json!({"type": "external"}))])),
        Outcome::NotPossible("stock_not_managed")
    );
}

#[test]
fn a_shop_that_does_not_keep_the_number_is_found_out() {
    let after = |reply| {
        let (mut talk, _) = found(json!([product(json!({}))]));
        match talk.next(Some(&reply), &stamp()).unwrap() {
            Next::Over(outcome) => outcome,
            Next::Send(_) => panic!("more to send"),
        }
    };
    assert_eq!(after(ok(&product(json!({"stock_quantity": 7})))), Outcome::Applied);
    let off = product(json!({"manage_stock": false, "stock_quantity": null}));
    assert_eq!(after(ok(&off)), Outcome::NotPossible("stock_not_managed"));
    assert_eq!(
        after(refusal(400, "woocommerce_rest_product_invalid_id")),
        Outcome::NotPossible("sku_unknown")
    );
}
