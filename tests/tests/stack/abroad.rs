//! An order that goes abroad: customs are told what the catalogue says of the goods.

use crate::support::{Shop, Story};
use serde_json::{Value, json};
use waybill_domain::customs::Product;
use waybill_domain::order::Status;
use waybill_domain::service::{Carrier, ServiceChoice, ServiceRule};
use waybill_sandbox::invent::Kind;

pub static ABROAD: Story = Story::new("abroad", || Box::pin(abroad()));

/// Sent with tracking to other countries.
const SERVICE: &str = "OTA";
const CODE: &str = "6109100010";

#[test]
#[ignore = "needs a running stack"]
fn customs_are_told_what_is_in_a_parcel_that_goes_abroad() {
    ABROAD.told();
}

async fn abroad() {
    let shop = Shop::open().await;
    let mut merchant = shop.db.merchant(&shop.ids.merchant).await.unwrap().unwrap();
    let choice = ServiceChoice {
        carrier: Carrier::RoyalMail,
        code: SERVICE.into(),
        format: "parcel".into(),
        notify: None,
    };
    merchant.services = vec![ServiceRule::up_to(30_000, shop.ids.royal_mail.clone(), choice)].into();
    shop.db.save_merchant(&merchant).await.unwrap();
    let order = shop.bought(Kind::Plain).await;
    let berlin = json!({"address1": "Erfundene Allee 4", "address2": null, "city": "Berlin", "zip": "10115",
        "province": null, "province_code": null, "country": "Germany", "country_code": "DE"});
    shop.change(order, "address", &berlin).await;
    let line = shop.body(order).await["line_items"][0].clone();
    let product = Product {
        sku: line["sku"].as_str().unwrap().to_owned(),
        description: Some("Cotton t-shirt".into()),
        hs_code: Some(CODE.into()),
        origin: Some("PT".into()),
        ..Product::default()
    };
    shop.db.save_product(&shop.ids.merchant, &product).await.unwrap();
    let id = shop.tell("orders/create", order).await;
    shop.stands(&id, Status::Dispatched).await;
    assert_eq!(shop.at_carrier(&id).await, (1, 0));
    let asked = shop.stack.control("GET", "captured?endpoint=royal-mail.create", &Value::Null).await.unwrap();
    let asked = asked["captured"].to_string();
    assert!(asked.contains(id.suffix()) && asked.contains(CODE), "the goods were not declared");
}
