//! Notifications: signed as eBay signs, repeated with other bytes.

use super::{BASE, advance, control, order_of, own, send, try_control, world};
use http::HeaderMap;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use waybill_channels::ebay::webhook::{
    Notification, build_key, challenge_response, read, read_key, signature, verify,
};
use waybill_channels::error::NotTrusted;
use waybill_channels::hint::Hint;
use waybill_privacy::Purpose;
use waybill_privacy::secret::Secret;
use waybill_sandbox::{DeliveryResult, Sandbox, SignedWebhook};

/// As the webhook function does it.
fn take(sandbox: &Sandbox, webhook: &SignedWebhook) -> Result<Notification, NotTrusted> {
    let mut headers = HeaderMap::new();
    for (name, value) in &webhook.headers {
        headers.insert(http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
    }
    let signature = signature(&headers)?;
    let reply = send(sandbox, &build_key(BASE, &own(sandbox), &signature.key_id).unwrap());
    let key = read_key(&reply).unwrap().ok_or(NotTrusted::WrongSignature)?;
    verify(&webhook.body, &signature, &key)?;
    Ok(read(&webhook.body).unwrap())
}

fn waiting(sandbox: &Sandbox) -> Vec<waybill_sandbox::deliver::Delivery> {
    sandbox.take_webhooks(10_000)
}

#[test]
fn an_order_is_confirmed_line_by_line() {
    let sandbox = world();
    let order = order_of(&sandbox, "several_lines");
    control(&sandbox, "POST", "deliver", json!({"order": order}));
    let lines =
        control(&sandbox, "GET", &format!("orders/{order}"), json!({}))["lines"].as_array().unwrap().len();
    let sent = waiting(&sandbox);
    assert_eq!(sent.len(), lines);
    let mut ids = BTreeSet::new();
    for one in &sent {
        assert_eq!(one.webhook.path, "/webhooks/ebay/con_0000000000000001");
        let told = take(&sandbox, &one.webhook).unwrap();
        assert!(matches!(&told.hint, Hint::Reread { channel_id } if *channel_id == order));
        assert_eq!(told.seller[0].open(Purpose::Request), "Hf7TnE2pRk9");
        ids.insert(told.id);
    }
    assert_eq!(ids.len(), lines);
}

#[test]
fn a_repeat_has_the_same_id_and_other_bytes() {
    let sandbox = world();
    let storm =
        json!({"what": "account_deletion", "user": "zoe_71", "user_id": "Zu1", "count": 30, "copies": 3});
    let answer = control(&sandbox, "POST", "deliver", storm);
    assert_eq!(answer["waiting"], 90);
    let sent = waiting(&sandbox);
    let (mut ids, mut bodies) = (BTreeSet::new(), BTreeSet::new());
    for one in &sent {
        let told = take(&sandbox, &one.webhook).unwrap();
        let Hint::EraseOrders { buyers, .. } = &told.hint else { panic!("no erasure") };
        if ids.is_empty() {
            let names: Vec<&str> = buyers.iter().map(|name| name.open(Purpose::Request).as_str()).collect();
            assert_eq!(names, ["zoe_71", "Zu1"]);
        }
        ids.insert(told.id);
        bodies.insert(one.webhook.body.clone());
    }
    assert_eq!((ids.len(), bodies.len()), (30, 90));
    // Refused, it comes again: the same notification, counted and signed anew.
    let (first, text) = (sent[0].clone(), String::from_utf8(sent[0].webhook.body.clone()).unwrap());
    sandbox.webhook_result(first, DeliveryResult::Answered(500));
    advance(&sandbox, 60);
    let again = waiting(&sandbox).pop().unwrap();
    assert_ne!(String::from_utf8(again.webhook.body.clone()).unwrap(), text);
    assert_eq!(take(&sandbox, &again.webhook).unwrap().id, sent[0].webhook.webhook_id);
    let body: Value = serde_json::from_slice(&again.webhook.body).unwrap();
    assert_eq!(body["notification"]["publishAttemptCount"], 2);
    assert_ne!(body.to_string().into_bytes(), again.webhook.body, "printing it anew gives other bytes");
}

#[test]
fn what_is_not_ebay_s_is_not_trusted() {
    let sandbox = world();
    let wrong = json!({"what": "account_deletion", "wrong_signature": true});
    control(&sandbox, "POST", "deliver", wrong);
    let sent = waiting(&sandbox);
    assert_eq!(take(&sandbox, &sent[0].webhook).err(), Some(NotTrusted::WrongSignature));
    control(&sandbox, "POST", "deliver", json!({"what": "account_deletion", "payload": {"x": 1}}));
    let mut changed = waiting(&sandbox)[0].webhook.clone();
    assert_eq!(changed.body, br#"{"x":1}"#);
    changed.body = br#"{"x":2}"#.to_vec();
    assert_eq!(take(&sandbox, &changed).err(), Some(NotTrusted::WrongSignature));
    let unknown = send(&sandbox, &build_key(BASE, &own(&sandbox), "no-such-key").unwrap());
    assert!(read_key(&unknown).unwrap().is_none());
    assert_eq!(
        try_control(&sandbox, "POST", "deliver", json!({"previous_secret": true, "order": "1"})).status,
        400
    );
}

#[test]
fn erasure_and_revocation_are_told() {
    let sandbox = world();
    let order = order_of(&sandbox, "plain");
    let username = super::whole(super::one(&sandbox, &order)).buyer.unwrap();
    control(&sandbox, "POST", &format!("orders/{order}/erase"), json!({}));
    let told = take(&sandbox, &waiting(&sandbox)[0].webhook).unwrap();
    let Hint::EraseOrders { buyers, .. } = told.hint else { panic!("no erasure") };
    assert!(buyers[0] == username);
    assert!(super::whole(super::one(&sandbox, &order)).recipient.is_none());
    assert_eq!(sandbox.report()["ebay"]["seller"]["erased"], 1);
    control(&sandbox, "POST", "tokens", json!({"revoke": true, "deliver": true}));
    let told = take(&sandbox, &waiting(&sandbox)[0].webhook).unwrap();
    assert!(matches!(told.hint, Hint::Uninstalled));
}

#[test]
fn a_challenge_is_answered_as_ebay_reckons() {
    let sandbox = world();
    let asked = control(&sandbox, "POST", "challenge", json!({"code": "c1"}));
    let token = Secret::new("waybill-sandbox-verification-token-0001".to_owned());
    let endpoint = "http://127.0.0.1:9/webhooks/ebay/con_0000000000000001";
    let answer = challenge_response("c1", &token, endpoint);
    assert_eq!(serde_json::from_slice::<Value>(&answer).unwrap(), asked["answer"]);
    assert_eq!(asked["get"], format!("{endpoint}?challenge_code=c1"));
}
