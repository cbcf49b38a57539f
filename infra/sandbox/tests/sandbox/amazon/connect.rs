//! Agreeing, tokens, and asking for notifications.

use http::Method;
use serde_json::json;
use waybill_channels::amazon::connect::{Consent, authorisation, build_exchange, read_callback};
use waybill_channels::amazon::feed::One;
use waybill_channels::amazon::notification;
use waybill_channels::amazon::subscribe::{
    Care, Made, build_destination, build_destinations, build_read_subscription, build_subscription,
    read_destination, read_destinations, read_standing, read_subscription,
};
use waybill_channels::amazon::token::{NOTIFICATIONS, build_grantless, build_refresh, read_token};
use waybill_channels::care::{Looked, Next};
use waybill_channels::error::CannotRead;
use waybill_channels::feed::Reading;
use waybill_channels::writeback::Broke;
use waybill_privacy::secret::Secret;
use waybill_sandbox::{Call, Fault, FaultKind, Sandbox};

use super::{BASE, application, control, later, order, put, read, report, seller, send, spec, stamp, world};

#[test]
fn a_seller_agrees_and_comes_back_with_a_code_that_works_once() {
    let sandbox = world(&json!({}));
    control(&sandbox, "POST", "/tokens", &json!({"revoke": true}));
    let consent =
        Consent { site: BASE.to_owned(), application_id: "amzn1.sp.solution.1".to_owned(), draft: true };
    let to = authorisation(&consent, "a state & more").unwrap();
    let reply = sandbox.answer(&Call::new(Method::GET, to.path_and_query().unwrap().as_str()));
    assert_eq!(reply.status, 302);
    let (_, back) = reply.headers.iter().find(|(name, _)| *name == "location").unwrap();
    let (address, query) = back.split_once('?').unwrap();
    let callback = read_callback(query, "a state & more").unwrap();
    assert_eq!(callback.seller_id, "A3SANDBOXSELLER");
    let exchange = || {
        let request = build_exchange(&application(), &callback.code, address).unwrap();
        read_token(&send(&sandbox, request).unwrap(), &stamp(&sandbox))
    };
    assert_eq!(exchange().unwrap().refresh.unwrap().expose(), "Atzr|sandbox");
    let again = exchange().unwrap_err();
    assert_eq!(again, CannotRead::Connection { code: "invalid_grant".into() });
    // The permission is given anew.
    seller(&sandbox);
}

#[test]
fn tokens_end_and_a_refresh_helps_until_the_seller_takes_it_back() {
    let sandbox = world(&json!({}));
    put(&sandbox, &order("202-1-1"));
    let first = seller(&sandbox);
    assert!(read(&sandbox, &first, "202-1-1").is_some());
    later(&sandbox, 3_599);
    assert!(read(&sandbox, &first, "202-1-1").is_some());
    later(&sandbox, 1);
    let refused = || {
        let mut one = One::new(&first, "202-1-1");
        let Reading::Send(request) = one.next(None, &stamp(&sandbox)).unwrap() else { panic!() };
        one.next(Some(&send(&sandbox, *request).unwrap()), &stamp(&sandbox)).err()
    };
    let unauthorised = Some(Broke::Read(CannotRead::Connection { code: "Unauthorized".into() }));
    assert_eq!(refused(), unauthorised);
    assert!(read(&sandbox, &seller(&sandbox), "202-1-1").is_some());
    control(&sandbox, "POST", "/tokens", &json!({"revoke": true}));
    let refresh = |token: &str| {
        let request = build_refresh(&application(), &Secret::new(token.to_owned())).unwrap();
        read_token(&send(&sandbox, request).unwrap(), &stamp(&sandbox)).err()
    };
    let gone = Some(CannotRead::Connection { code: "invalid_grant".into() });
    assert_eq!(refresh("Atzr|sandbox"), gone);
    // A new grant works, the old one stays dead.
    control(&sandbox, "PUT", "", &json!({"refresh_token": "Atzr|new"}));
    assert_eq!((refresh("Atzr|new"), refresh("Atzr|sandbox")), (None, gone));
}

#[test]
fn a_wrong_client_is_not_a_lost_seller() {
    let sandbox = world(&json!({"client_secret": "another"}));
    let request = build_refresh(&application(), &Secret::new("Atzr|sandbox".to_owned())).unwrap();
    let error = read_token(&send(&sandbox, request).unwrap(), &stamp(&sandbox)).unwrap_err();
    assert_eq!(error, CannotRead::Connection { code: "invalid_client".into() });
}

/// Subscribes as Waybill does.
fn subscribe(sandbox: &Sandbox) {
    let stamp = stamp(sandbox);
    let queue = "arn:aws:sqs:eu-west-2:123456789012:amazon-order-change";
    let grantless = build_grantless(&application(), NOTIFICATIONS).unwrap();
    let access = read_token(&send(sandbox, grantless).unwrap(), &stamp).unwrap().access;
    let seller = seller(sandbox);
    // A seller's token makes no destination, and the other way round.
    let wrong = build_destination(BASE, &seller.access, "orders", queue, &stamp).unwrap();
    assert!(matches!(read_destination(&send(sandbox, wrong).unwrap()), Err(CannotRead::Connection { .. })));
    let make = || {
        let request = build_destination(BASE, &access, "orders", queue, &stamp).unwrap();
        read_destination(&send(sandbox, request).unwrap()).unwrap()
    };
    let Made::Is(id) = make() else { panic!() };
    assert_eq!(make(), Made::Already);
    let list = build_destinations(BASE, &access, &stamp).unwrap();
    let found = read_destinations(&send(sandbox, list).unwrap(), queue).unwrap();
    assert_eq!(found.as_ref(), Some(&id));
    let make = || {
        let request = build_subscription(&seller, &id, &stamp).unwrap();
        read_subscription(&send(sandbox, request).unwrap()).unwrap()
    };
    let standing = || {
        let request = build_read_subscription(&seller, &stamp).unwrap();
        read_standing(&send(sandbox, request).unwrap()).unwrap()
    };
    assert_eq!(standing(), None);
    assert!(matches!(make(), Made::Is(_)));
    assert_eq!(make(), Made::Already);
    assert_eq!(standing(), Some(id.clone()));
}

#[test]
fn whoever_looks_after_what_is_told_asks_for_what_is_missing_and_leaves_the_rest() {
    let sandbox = &world(&json!({}));
    let look = |queue: &str| {
        let mut care = Care::new(&seller(sandbox), queue.to_owned());
        let mut reply = None;
        loop {
            match care.next(reply.as_ref(), &stamp(sandbox)).unwrap() {
                Next::Send(request) => reply = Some(send(sandbox, *request).unwrap()),
                Next::Over(looked) => return looked,
            }
        }
    };
    let ours = "arn:aws:sqs:eu-west-2:123456789012:waybill-amazon-changes";
    assert_eq!(look(ours), Looked { made: 1, ..Looked::default() });
    assert_eq!(look(ours), Looked::default());
    // There is one for each seller and application: another installation's stays.
    assert_eq!(
        look("arn:aws:sqs:eu-west-2:123456789012:other"),
        Looked { missing: true, ..Looked::default() }
    );
    assert_eq!(look(ours), Looked::default());
}

#[test]
fn changes_are_told_to_who_asked_and_are_taken_once() {
    let sandbox = world(&json!({}));
    put(&sandbox, &order("202-1-1"));
    let taken = || control(&sandbox, "GET", "/notifications", &json!({}))["notifications"].clone();
    assert_eq!(taken(), json!([]));
    subscribe(&sandbox);
    control(&sandbox, "POST", "/orders/202-1-1/cancel", &json!({}));
    let told = taken();
    assert_eq!(taken(), json!([]));
    let told = told.as_array().unwrap();
    assert_eq!(told.len(), 1);
    let hint = notification::read(told[0].to_string().as_bytes()).unwrap().unwrap();
    assert_eq!((hint.seller_id.as_str(), hint.channel_id.as_str()), ("A3SANDBOXSELLER", "202-1-1"));
    assert_eq!(hint.marketplace_id.as_deref(), Some("A1F83G8C2ARO7P"));
    let summary = &told[0]["Payload"]["OrderChangeNotification"]["Summary"];
    assert_eq!(summary["OrderStatus"], "Canceled");
    if let Some(schema) = spec("notifications/OrderChangeNotification.json") {
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&told[0]).map(|e| format!("{} {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
}

#[test]
fn notifications_come_twice_late_never_or_about_somebody_else() {
    let sandbox = world(&json!({"subscribed": true}));
    let taken = || {
        let taken = control(&sandbox, "GET", "/notifications", &json!({}))["notifications"].clone();
        let read = |n: &serde_json::Value| notification::read(n.to_string().as_bytes()).unwrap().unwrap();
        taken.as_array().unwrap().iter().map(read).collect::<Vec<_>>()
    };
    sandbox.add_fault(Fault::new("amazon.notification", FaultKind::Duplicate { copies: 2 }).times(1));
    put(&sandbox, &order("202-1-1"));
    let copies = taken();
    assert_eq!(copies.len(), 3);
    assert!(copies.iter().all(|copy| *copy == copies[0]));
    sandbox.add_fault(Fault::new("amazon.notification", FaultKind::Drop).times(1));
    put(&sandbox, &order("202-1-2"));
    assert!(taken().is_empty());
    let what = json!({"order": "202-1-2", "what": "other_seller", "copies": 2});
    control(&sandbox, "POST", "/deliver", &what);
    let others = taken();
    assert_eq!((others.len(), others[0].seller_id.as_str()), (2, "A9SOMEBODYELSE"));
    assert_eq!(report(&sandbox)["orders"], 2);
}
