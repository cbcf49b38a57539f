//! Amazon's.

use super::{Kinds, kinds, level, ok, read, secret, sent, stamp, told, window};
use serde_json::json;
use waybill_channels::amazon::connect::build_exchange;
use waybill_channels::amazon::packages::build_shown;
use waybill_channels::amazon::subscribe::{
    build_destination, build_destinations, build_read_subscription, build_subscription,
};
use waybill_channels::amazon::token::{Application, NOTIFICATIONS, build_grantless, build_refresh};
use waybill_channels::amazon::{Seller, feed, stock, writeback};
use waybill_domain::service::Carrier;

const ORDER: &str = "026-1234567-1234567";

pub fn all() -> Vec<Kinds> {
    let application = Application {
        auth: "https://api.amazon.com".to_owned(),
        client_id: "client".to_owned(),
        client_secret: secret("secret"),
    };
    let seller = Seller {
        base: "https://sellingpartnerapi-eu.amazon.com".to_owned(),
        access: secret("Atza|EXAMPLE"),
        application: application.clone(),
        seller_id: "A3TH9S8BH6GOGM".to_owned(),
        marketplace_id: "A1F83G8C2ARO7P".to_owned(),
    };
    let changed = |next| feed::build_changed(&seller, &window(), next, &stamp()).unwrap();
    let mut one = feed::One::new(&seller, ORDER);
    let mut requests = vec![changed(None), changed(Some("2YgYW55IGNhcm5hbCBwbGVhc3VyZS4"))];
    requests.extend(read(|reply, stamp| one.next(reply, stamp), &[]));
    let queue = "arn:aws:sqs:eu-west-2:000000000000:waybill-amazon";
    let (base, access) = (seller.base.as_str(), &seller.access);
    let mut all = vec![
        kinds("amazon/feed", &["changed", "changed", "order"], requests),
        kinds("amazon/packages", &["packages"], vec![build_shown(&seller, ORDER, &stamp()).unwrap()]),
        kinds(
            "amazon/subscribe",
            &["create destination", "destinations", "subscribe", "subscription"],
            vec![
                build_destination(base, access, "waybill", queue, &stamp()).unwrap(),
                build_destinations(base, access, &stamp()).unwrap(),
                build_subscription(&seller, "d-1", &stamp()).unwrap(),
                build_read_subscription(&seller, &stamp()).unwrap(),
            ],
        ),
        kinds(
            "amazon/token",
            &["refresh", "grantless"],
            vec![
                build_refresh(&application, &secret("Atzr|EXAMPLE")).unwrap(),
                build_grantless(&application, NOTIFICATIONS).unwrap(),
            ],
        ),
        kinds(
            "amazon/connect",
            &["exchange"],
            vec![build_exchange(&application, &secret("code"), "https://waybill.example/back").unwrap()],
        ),
    ];
    let look = ok(json!({"order": {"lastUpdatedTime": "2026-11-23T08:00:00Z"}}));
    for carrier in Carrier::ALL {
        let mut talk = writeback::Talk::new(&seller, sent(ORDER, "71234567890123", carrier));
        let confirm =
            told(|reply, stamp| talk.next(reply, stamp), std::slice::from_ref(&look)).pop().unwrap();
        all.push(kinds("amazon/writeback", &["confirm"], vec![confirm]));
    }
    for sku in ["MUG", "SKU/1 red#2"] {
        let mut talk = stock::Talk::new(&seller, level(sku));
        all.push(kinds("amazon/stock", &["stock"], told(|reply, stamp| talk.next(reply, stamp), &[])));
    }
    all
}
