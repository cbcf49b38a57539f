//! Quantities of listings.

use http::Method;
use serde_json::{Value, json};
use waybill_channels::amazon::Seller;
use waybill_channels::amazon::stock::Talk;
use waybill_channels::stock::{Broke, Level, Next, Outcome};
use waybill_sandbox::{Call, Sandbox};

use super::{control, later, order, put, report, seller, send, stamp, world};

fn tell(sandbox: &Sandbox, seller: &Seller, sku: &str, sellable: u32) -> Result<Outcome, Broke> {
    let level = Level { sku: sku.to_owned(), sellable, physical: 99, place: None, key: "k".to_owned() };
    let mut talk = Talk::new(seller, level);
    let Next::Send(request) = talk.next(None, &stamp(sandbox))? else { panic!() };
    match talk.next(send(sandbox, *request).as_ref(), &stamp(sandbox))? {
        Next::Over(outcome) => Ok(outcome),
        Next::Send(_) => panic!(),
    }
}

fn listing(sandbox: &Sandbox, sku: &str) -> Value {
    control(sandbox, "GET", "/stock", &json!({}))["listings"][sku].clone()
}

#[test]
fn a_number_is_merged_and_shows_later() {
    let sandbox = world(&json!({"show_after_seconds": 30}));
    control(&sandbox, "PUT", "/stock", &json!({"levels": {"SKU/1 red#2": 3}}));
    let seller = seller(&sandbox);
    assert_eq!(tell(&sandbox, &seller, "SKU/1 red#2", 7), Ok(Outcome::Pending));
    assert_eq!(listing(&sandbox, "SKU/1 red#2")["quantity"], 3);
    later(&sandbox, 31);
    assert_eq!(listing(&sandbox, "SKU/1 red#2"), json!({"quantity": 7, "lead_time_to_ship_max_days": 2}));
    assert_eq!(tell(&sandbox, &seller, "NO-SUCH", 1), Ok(Outcome::NotPossible("no_such_listing")));
    assert_eq!(report(&sandbox)["stock_sets"], 1);
}

#[test]
fn replacing_wipes_what_merging_keeps() {
    let sandbox = world(&json!({}));
    let seller = seller(&sandbox);
    let patch = |op: &str, quantity: Value| {
        let path =
            "/amazon/finch/listings/2021-08-01/items/A3SANDBOXSELLER/MUG-STONE?marketplaceIds=A1F83G8C2ARO7P";
        let value = json!([{"fulfillment_channel_code": "DEFAULT", "quantity": quantity}]);
        let body = json!({"productType": "PRODUCT", "patches": [
            {"op": op, "path": "/attributes/fulfillment_availability", "value": value}]});
        let call = Call::new(Method::PATCH, path).header("x-amz-access-token", seller.access.expose());
        sandbox.answer(&call.json(&body)).status
    };
    assert_eq!(patch("merge", json!(4)), 200);
    assert_eq!(listing(&sandbox, "MUG-STONE")["lead_time_to_ship_max_days"], 2);
    assert_eq!(patch("replace", json!(5)), 200);
    assert_eq!(listing(&sandbox, "MUG-STONE"), json!({"quantity": 5, "lead_time_to_ship_max_days": null}));
    assert_eq!((patch("merge", json!(-1)), patch("blend", json!(1))), (400, 400));
}

#[test]
fn another_seller_s_listing_is_not_ours_and_sales_are_taken_off() {
    let sandbox = world(&json!({}));
    let mut other = seller(&sandbox);
    assert_eq!(tell(&sandbox, &other, "MUG-ENAMEL", 9), Ok(Outcome::Pending));
    put(&sandbox, &order("202-1-1"));
    assert_eq!(listing(&sandbox, "MUG-ENAMEL")["quantity"], 7);
    other.seller_id = "A9SOMEBODYELSE".to_owned();
    let refused = tell(&sandbox, &other, "MUG-ENAMEL", 9).unwrap_err();
    assert!(refused.to_string().contains("Unauthorized"));
}
