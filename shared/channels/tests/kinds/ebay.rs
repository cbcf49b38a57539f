//! eBay's.

use super::{Kinds, kinds, level, ok, read, secret, sent, stamp, told, window};
use serde_json::json;
use waybill_channels::ebay::token::{Application, build_exchange, build_own, build_refresh};
use waybill_channels::ebay::webhook::build_key;
use waybill_channels::ebay::{Seller, feed, stock, writeback};
use waybill_domain::service::Carrier;

const ORDER: &str = "27-11223-44556";

pub fn all() -> Vec<Kinds> {
    let seller = Seller { base: "https://api.ebay.com".to_owned(), access: secret("v^1.1#EXAMPLE") };
    let application = Application {
        base: seller.base.clone(),
        consent: "https://auth.ebay.com".to_owned(),
        client_id: "client".to_owned(),
        client_secret: secret("secret"),
        redirect: "Waybill-Waybill-1".to_owned(),
    };
    let changed = |next| feed::build_changed(&seller, &window(), next, &stamp()).unwrap();
    let begun = ok(json!({"orderId": ORDER, "creationDate": "2026-11-20T09:15:00.000Z",
        "lastModifiedDate": "2026-11-20T10:15:00.250Z", "orderFulfillmentStatus": "IN_PROGRESS",
        "lineItems": [{"lineItemId": "1", "lineItemFulfillmentStatus": "IN_PROGRESS"}]}));
    let mut one = feed::One::new(&seller, ORDER);
    let mut requests = vec![changed(None), changed(Some("200/450"))];
    requests.extend(read(|reply, stamp| one.next(reply, stamp), &[begun]));
    let shown = requests.pop().unwrap();
    let key = "9936261a-7d7b-4621-a0f1-96ccb428af49";
    let mut all = vec![
        kinds("ebay/feed", &["changed", "changed", "order"], requests),
        kinds("ebay/fulfilments", &["fulfilments"], vec![shown]),
        kinds("ebay/webhook", &["public key"], vec![build_key(&seller.base, &seller.access, key).unwrap()]),
        kinds(
            "ebay/token",
            &["exchange", "refresh", "own"],
            vec![
                build_exchange(&application, &secret("code")).unwrap(),
                build_refresh(&application, &secret("refresh")).unwrap(),
                build_own(&application).unwrap(),
            ],
        ),
    ];
    for carrier in Carrier::ALL {
        let mut talk = writeback::Talk::new(&seller, sent(ORDER, "9007199254740993", carrier));
        let none = ok(json!({"fulfillments": [], "total": 0}));
        let create = told(|reply, stamp| talk.next(reply, stamp), &[none]).pop().unwrap();
        all.push(kinds("ebay/writeback", &["create fulfilment"], vec![create]));
    }
    // One that is not published has no listing to tell.
    for status in ["PUBLISHED", "UNPUBLISHED"] {
        let offers = json!([{"offerId": "7", "status": status, "format": "FIXED_PRICE"}]);
        let mut talk = stock::Talk::new(&seller, level("MUG"));
        let requests =
            told(|reply, stamp| talk.next(reply, stamp), &[ok(json!({"offers": offers, "total": 1}))]);
        all.push(kinds("ebay/stock", &["offers", "set stock"], requests));
    }
    all
}
