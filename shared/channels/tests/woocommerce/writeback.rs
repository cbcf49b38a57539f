//! Telling tracking numbers: each way a shop can have, and never twice (contract section 5).

use crate::contracts::file;
use crate::fixture::{answer, body, line, ok, refusal, shop, stamp};
use http::Response;
use serde_json::{Value, json};
use waybill_channels::error::CannotBuild;
use waybill_channels::woocommerce::writeback::Talk;
use waybill_channels::writeback::{Broke, Next, Outcome, Sent};
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_domain::service::Carrier;

fn sent(carrier: Carrier, completes: bool) -> Sent {
    Sent {
        channel_id: "727".to_owned(),
        lines: vec![("315".to_owned(), 2), ("316".to_owned(), 0)],
        order_lines: 2,
        completes,
        parcel: 1,
        carrier,
        tracking: " AB123456789GB ".to_owned(),
        at: "2026-11-20T23:30:00Z".parse().unwrap(),
        source: None,
    }
}

fn order(status: &str) -> Response<Vec<u8>> {
    ok(&json!({"id": 727, "status": status}))
}

fn plugins(names: &[&str]) -> Response<Vec<u8>> {
    ok(&json!({"namespaces": names}))
}

fn off() -> Response<Vec<u8>> {
    refusal(404, "rest_no_route")
}

/// Plays the replies; every request as a line with its body, and how it ended.
fn play(sent: Sent, replies: &[Response<Vec<u8>>]) -> (Vec<(String, Value)>, Option<Outcome>) {
    let mut talk = Talk::new(&shop(), sent);
    let mut asked = Vec::new();
    let mut last = talk.next(None, &stamp()).unwrap();
    for reply in replies {
        let Next::Send(request) = &last else { panic!("it is over after {asked:?}") };
        let body = if request.body().is_empty() { Value::Null } else { body(request) };
        asked.push((line(request), body));
        last = talk.next(Some(reply), &stamp()).unwrap();
    }
    match last {
        Next::Over(outcome) => (asked, Some(outcome)),
        Next::Send(request) => {
            let body = if request.body().is_empty() { Value::Null } else { body(&request) };
            asked.push((line(&request), body));
            (asked, None)
        }
    }
}

#[test]
fn the_cores_fulfillments_come_first() {
    let empty = ok(&json!([]));
    let replies = [order("processing"), empty, answer(201, &[], "{\"id\":1}"), order("completed")];
    let (asked, outcome) = play(sent(Carrier::RoyalMail, true), &replies);
    let lines: Vec<&str> = asked.iter().map(|(l, _)| l.as_str()).collect();
    assert_eq!(
        lines,
        [
            "GET /wc/v3/orders/727?_fields=id,status",
            "GET /wc/v3/orders/727/fulfillments",
            "POST /wc/v3/orders/727/fulfillments",
            "PUT /wc/v3/orders/727?_fields=id,status",
        ]
    );
    assert_eq!(
        asked[2].1,
        json!({"status": "fulfilled", "is_fulfilled": true, "notify_customer": true, "meta_data": [
            {"key": "_items", "value": [{"item_id": 315, "qty": 2}]},
            {"key": "_tracking_number", "value": "AB123456789GB"},
            {"key": "_shipment_provider", "value": "royal-mail"}
        ]})
    );
    assert_eq!(asked[3].1, json!({"status": "completed"}));
    assert_eq!(outcome, Some(Outcome::Applied));
}

#[test]
fn what_the_shop_shows_already_is_not_told_again() {
    let fulfillment = |number: &str, deleted: Value| {
        ok(
            &json!([{"id": 1, "status": "fulfilled", "is_fulfilled": "1", "date_deleted": deleted, "meta_data": [
                {"id": 1, "key": "_items", "value": [{"item_id": 315, "qty": 2}]},
                {"id": 2, "key": "_tracking_number", "value": number}
            ]}]),
        )
    };
    let ends = |there| play(sent(Carrier::Dpd, false), &[order("processing"), there]).1;
    assert_eq!(ends(fulfillment("ab123456789gb", Value::Null)), Some(Outcome::Applied));
    assert_eq!(ends(fulfillment("AB123456789GC", Value::Null)), None);
    assert_eq!(ends(fulfillment("AB123456789GB", json!("2026-11-20 10:00:00"))), None);
    for plugin in ["wc-shipment-tracking/v3", "wc-ast/v3"] {
        let there = ok(&json!([{"tracking_id": "x", "tracking_number": "AB123456789GB"}]));
        let replies = [order("processing"), off(), plugins(&["wc/v3", plugin]), there];
        let (asked, outcome) = play(sent(Carrier::Dpd, false), &replies);
        assert_eq!(asked[3].0, format!("GET /{plugin}/orders/727/shipment-trackings"));
        assert_eq!(outcome, Some(Outcome::Applied));
    }
    let note = |text: &str| {
        let there = ok(&json!([{"note": "Thank you, Zoë!"}, {"note": text}]));
        play(sent(Carrier::Dpd, false), &[order("processing"), off(), plugins(&[]), there]).1
    };
    assert_eq!(note("Sent with DPD UK, ab123456789gb"), Some(Outcome::Applied));
    assert_eq!(note("<a>AB123456789GB</a>"), Some(Outcome::Applied));
    assert_eq!(note("Sent with DPD UK, XAB123456789GB"), None);
}

#[test]
fn the_plugins_are_told_a_carrier_they_know_or_another_by_name() {
    let told = |carrier| {
        let replies =
            [order("processing"), off(), plugins(&["wc-shipment-tracking/v3", "wc-ast/v3"]), ok(&json!([]))];
        play(sent(carrier, false), &replies).0.pop().unwrap()
    };
    let (url, royal_mail) = told(Carrier::RoyalMail);
    assert_eq!(url, "POST /wc-shipment-tracking/v3/orders/727/shipment-trackings");
    if let Some(official) = file("samples/requests.json") {
        let of = |name: &str| {
            official["requests"].as_array().unwrap().iter().find(|r| r["name"] == name).unwrap()["body"]
                .clone()
        };
        assert_eq!(royal_mail, of("shipment tracking extension"));
    }
    assert_eq!(told(Carrier::Parcelforce).1["tracking_provider"], "ParcelForce");
    assert_eq!(told(Carrier::Dpd).1["tracking_provider"], "DPD.co.uk");
    let local = told(Carrier::DpdLocal).1;
    assert_eq!(
        (&local["custom_tracking_provider"], &local["tracking_provider"]),
        (&json!("DPD Local"), &Value::Null)
    );
    assert_eq!(local["date_shipped"], "2026-11-20");
    let replies = [order("processing"), off(), plugins(&["wc-ast/v3"]), ok(&json!([]))];
    let (asked, _) = play(sent(Carrier::Dpd, false), &replies);
    assert_eq!(asked[4].0, "POST /wc-ast/v3/orders/727/shipment-trackings");
}

#[test]
fn without_any_of_them_the_buyer_gets_a_note_and_only_the_last_parcel_completes() {
    let made = || answer(201, &[], "{\"id\":281}");
    let bare = [order("processing"), off(), plugins(&["wc/v3"]), ok(&json!([])), made()];
    let (asked, outcome) = play(sent(Carrier::RoyalMail, false), &bare);
    assert_eq!(asked[3].0, "GET /wc/v3/orders/727/notes?type=customer&_fields=note");
    assert_eq!(asked[4].0, "POST /wc/v3/orders/727/notes");
    let part = "Part of your order was sent with Royal Mail, AB123456789GB";
    assert_eq!(asked[4].1, json!({"note": part, "customer_note": true}));
    assert_eq!(outcome, Some(Outcome::Applied));
    let (asked, outcome) = play(sent(Carrier::RoyalMail, true), &bare);
    assert_eq!(outcome, None);
    assert_eq!(asked[4].1["note"], "Sent with Royal Mail, AB123456789GB");
    assert_eq!(
        asked[5],
        ("PUT /wc/v3/orders/727?_fields=id,status".to_owned(), json!({"status": "completed"}))
    );
    if let Some(official) = file("samples/requests.json") {
        let all = official["requests"].as_array().unwrap().clone();
        let of = |name: &str| all.iter().find(|r| r["name"] == name).unwrap()["body"].clone();
        assert_eq!(asked[4].1, of("note to customer"));
        assert_eq!(asked[5].1, of("order done"));
    }
}

#[test]
fn an_order_is_completed_only_while_it_is_processed() {
    for status in ["completed", "cancelled", "on-hold", "refunded", "partial-shipped"] {
        let replies = [order(status), ok(&json!([])), answer(201, &[], "{}")];
        let (_, outcome) = play(sent(Carrier::RoyalMail, true), &replies);
        assert_eq!(outcome, Some(Outcome::Applied), "{status}");
    }
    // A number that is there from an attempt whose reply was lost still has the order completed.
    let there = ok(&json!([{"meta_data": [{"key": "_tracking_number", "value": "AB123456789GB"}]}]));
    let (asked, _) = play(sent(Carrier::RoyalMail, true), &[order("processing"), there]);
    assert_eq!(asked[2].0, "PUT /wc/v3/orders/727?_fields=id,status");
}

#[test]
fn an_order_that_is_gone_cannot_be_told() {
    for reply in [refusal(404, "woocommerce_rest_shop_order_invalid_id"), order("trash")] {
        let (_, outcome) = play(sent(Carrier::RoyalMail, true), &[reply]);
        assert_eq!(outcome, Some(Outcome::NotPossible("order_gone")));
    }
}

#[test]
fn refusals_and_silence() {
    let broke = |reply: Response<Vec<u8>>| {
        let mut talk = Talk::new(&shop(), sent(Carrier::RoyalMail, true));
        talk.next(None, &stamp()).unwrap();
        talk.next(Some(&order("processing")), &stamp()).unwrap();
        talk.next(Some(&ok(&json!([]))), &stamp()).unwrap();
        talk.next(Some(&reply), &stamp()).unwrap_err().advice()
    };
    assert_eq!(broke(refusal(400, "0")), Advice::AskPerson(Reason::WriteBackRefused));
    assert_eq!(broke(answer(500, &[], "")), Advice::Retry);
    assert_eq!(broke(answer(429, &[("retry-after", "7")], "")), Advice::Wait { seconds: 7 });
}

#[test]
fn what_cannot_be_told_is_said_before_anything_is_asked() {
    let built = |change: fn(&mut Sent)| {
        let mut sent = sent(Carrier::RoyalMail, true);
        change(&mut sent);
        Talk::new(&shop(), sent).next(None, &stamp()).err()
    };
    let lacks = |field| Some(Broke::Build(CannotBuild::WriteBack { field }));
    assert_eq!(built(|s| s.tracking = "  ".to_owned()), lacks("tracking"));
    assert_eq!(built(|s| s.tracking = "A B".to_owned()), lacks("tracking"));
    assert_eq!(built(|s| s.lines.clear()), lacks("lines"));
    assert_eq!(built(|s| s.lines = vec![("x".to_owned(), 1)]), lacks("lines"));
    assert_eq!(built(|s| s.channel_id = "1/refunds".to_owned()), Some(Broke::Build(CannotBuild::ChannelId)));
}
