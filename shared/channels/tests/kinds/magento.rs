//! Magento's and Adobe Commerce's.

use super::{Kinds, kinds, level, ok, read, secret, sent, stamp, told, window};
use serde_json::json;
use waybill_channels::magento::connect::{
    Pair, build_access_token, build_request_token, build_weight_unit, read_activation,
};
use waybill_channels::magento::token::{Application, build_refresh};
use waybill_channels::magento::webhook::build_key;
use waybill_channels::magento::{Access, Shop, WeightUnit, feed, stock, writeback};
use waybill_domain::service::Carrier;

/// Files whose requests go elsewhere than to the REST API.
pub const IS_NOT_REST: [&str; 2] = ["magento/token", "magento/webhook"];

pub fn all(base: &str) -> Vec<Kinds> {
    let shop = Shop {
        base: base.to_owned(),
        access: Access::OAuth1 {
            consumer_key: "ck_EXAMPLE".to_owned(),
            consumer_secret: secret("cs_EXAMPLE"),
            token: secret("tk_EXAMPLE"),
            token_secret: secret("ts_EXAMPLE"),
        },
        weight: WeightUnit::Kilograms,
    };
    let given = read_activation(
        format!(
            "oauth_consumer_key=ck&oauth_consumer_secret=cs&oauth_verifier=v&store_base_url={}",
            base.trim_end_matches("/rest/default")
        )
        .as_bytes(),
    )
    .unwrap();
    let pair = Pair { token: secret("rt"), secret: secret("rs") };
    let ims = Application {
        base: "https://ims-na1.adobelogin.com".to_owned(),
        client_id: "client".to_owned(),
        client_secret: secret("secret"),
    };
    let mut one = feed::One::new(&shop, "7");
    let changed = |next| feed::build_changed(&shop, &window(), next, &stamp()).unwrap();
    let mut requests = vec![
        changed(None),
        changed(Some("within|2026-11-22 10:00:00|5")),
        changed(Some("after|2026-11-22 10:00:00")),
    ];
    requests.extend(read(|reply, stamp| one.next(reply, stamp), &[]));
    let mut talk = stock::Talk::new(&shop, level("MUG"));
    let mut all = vec![
        kinds("magento/feed", &["changed", "changed", "changed", "order"], requests),
        kinds("magento/stock", &["stock"], told(|reply, stamp| talk.next(reply, stamp), &[])),
        kinds("magento/token", &["adobe token"], vec![build_refresh(&ims).unwrap()]),
        kinds(
            "magento/webhook",
            &["adobe key"],
            vec![build_key("https://static.adobeioevents.com", "/prod/keys/pub-key-1.pem").unwrap()],
        ),
    ];
    // The handshake is a shop's own alone.
    if base.ends_with("/rest/default") {
        let handshake = [
            build_request_token(&given, &stamp()).unwrap(),
            build_access_token(&given, &pair, &stamp()).unwrap(),
        ];
        all.push(kinds("magento/connect", &["request token", "access token"], handshake.into()));
    }
    all.push(kinds("magento/connect", &["weight unit"], vec![build_weight_unit(&shop, &stamp()).unwrap()]));
    for (shipped, last) in [(0, "ship"), (1, "late track")] {
        let order = json!({"entity_id": 3, "items": [
            {"item_id": 30, "product_id": 77, "product_type": "bundle", "qty_ordered": 1, "qty_shipped": shipped},
            {"item_id": 31, "parent_item_id": 30, "qty_ordered": 2},
        ]});
        let shipment = json!({"entity_id": 5, "items": [{"order_item_id": 30}]});
        let answers = [json!({"items": [shipment], "total_count": 1}), order, json!({"items": []})].map(ok);
        let mut talk = writeback::Talk::new(&shop, sent("3", "31", Carrier::Dpd));
        all.push(kinds(
            "magento/writeback",
            &["shipments", "rows", "bundles", last],
            told(|reply, stamp| talk.next(reply, stamp), &answers),
        ));
    }
    all
}
