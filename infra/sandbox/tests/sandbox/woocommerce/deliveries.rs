//! The shop's own deliveries.

use super::*;
use waybill_channels::care::{self, To};

fn headers(list: &[(String, String)]) -> HeaderMap {
    list.iter().map(|(n, v)| (n.parse::<http::HeaderName>().unwrap(), v.parse().unwrap())).collect()
}

fn care(sandbox: &Sandbox) -> hooks::Care {
    let mut care = hooks::Care::new(&shop(), To::Address(HOOK.to_owned()), &Secret::new(SECRET.to_owned()));
    let ended = play(sandbox, |answer| {
        Ok(match care.next(answer, &stamp(sandbox))? {
            care::Next::Send(request) => Next::Send(request),
            care::Next::Over(_) => Next::Over(Outcome::Applied),
        })
    });
    assert_eq!(ended, Ok(Outcome::Applied));
    care
}

#[test]
fn connecting_makes_the_webhooks_and_their_deliveries_are_ours() {
    let sandbox = sandbox(json!({"auto_webhooks": true}));
    assert_eq!(care(&sandbox).done().len(), 4);
    assert!(care(&sandbox).done().is_empty(), "made once");
    let pings = sandbox.take_webhooks(10);
    assert_eq!(pings.len(), 4);
    assert!(pings.iter().all(|p| is_ping(&headers(&p.webhook.headers), &p.webhook.body)));
    let id = put(&sandbox, json!({"customer_note": "Zoë / 12"}));
    // Changed twice before the shop's timer runs: one delivery each for made and changed, with what is true then.
    tell(&sandbox, "POST", &format!("orders/{id}/hold"), json!({}));
    tell(&sandbox, "POST", &format!("orders/{id}/pay"), json!({}));
    let sent = sandbox.take_webhooks(10);
    assert_eq!(
        sent.iter().map(|d| d.webhook.topic.as_str()).collect::<Vec<_>>(),
        ["order.created", "order.updated"]
    );
    for delivery in &sent {
        let (headers, body) = (headers(&delivery.webhook.headers), &delivery.webhook.body);
        let secret = Secret::new(SECRET.to_owned());
        assert_eq!(verify(body, signature_header(&headers), &[&secret]), Ok(()));
        assert!(!is_ping(&headers, body));
        let text = std::str::from_utf8(body).unwrap();
        assert!(text.is_ascii() && text.contains("Zo\\u00eb \\/ 12"));
        let topic = Topic::parse(topic_header(&headers).unwrap());
        match read(topic, body) {
            Ok(Hint::Order(order)) => {
                assert_eq!(order.incoming.readiness, Readiness::Ready);
                assert_eq!(order.incoming, whole(one(&sandbox, &id)).incoming);
            }
            _ => panic!("not an order"),
        }
    }
    tell(&sandbox, "POST", &format!("orders/{id}/trash"), json!({}));
    let deleted = sandbox.take_webhooks(1).remove(0).webhook;
    assert_eq!(deleted.body, format!("{{\"id\":{id}}}").into_bytes());
    assert!(
        matches!(read(Topic::Deleted, &deleted.body), Ok(Hint::Reread { channel_id }) if channel_id == id)
    );
}

#[test]
fn a_delivery_is_tried_once_and_the_seventh_failure_switches_the_webhook_off() {
    let sandbox = sandbox(json!({"webhook_url": HOOK, "webhook_secret": SECRET, "auto_webhooks": true}));
    let id = put(&sandbox, json!({}));
    let fail = |sandbox: &Sandbox, status: u16| {
        tell(sandbox, "POST", &format!("orders/{id}/address"), json!({"city": "York"}));
        let due = sandbox.take_webhooks(10);
        let count = due.len();
        due.into_iter().for_each(|one| sandbox.webhook_result(one, DeliveryResult::Answered(status)));
        sandbox.set_now(sandbox.now() + SignedDuration::from_hours(1));
        count
    };
    sandbox.take_webhooks(10);
    for _ in 0..6 {
        assert_eq!(fail(&sandbox, 503), 1, "never a second try");
    }
    assert_eq!(fail(&sandbox, 301), 1, "a redirect is a success to the shop");
    let off = |sandbox: &Sandbox| report(sandbox)["webhooks_disabled"].clone();
    for round in 0..7 {
        assert_eq!(off(&sandbox), json!(0), "after {round} failures");
        fail(&sandbox, 500);
    }
    assert_eq!(off(&sandbox), json!(1));
    assert_eq!(fail(&sandbox, 200), 0, "nothing is sent any more");
    let done = care(&sandbox).done().to_vec();
    assert!(matches!(done.as_slice(), [hooks::Step::Enable(_)]));
    assert_eq!(fail(&sandbox, 200), 1);
    assert_eq!(sandbox.report()["webhooks"]["retried"], json!(0));
}

#[test]
fn deliveries_on_request_are_signed_as_asked() {
    let setup =
        json!({"webhook_url": HOOK, "webhook_secret": SECRET, "previous_secret": "whsecbefore0123456789"});
    let sandbox = sandbox(setup);
    let id: u64 = put(&sandbox, json!({})).parse().unwrap();
    let check = |wanted: Value, secret: &str| {
        tell(&sandbox, "POST", "deliver", wanted);
        let sent = sandbox.take_webhooks(10);
        let secret = Secret::new(secret.to_owned());
        let fits = |one: &waybill_sandbox::deliver::Delivery| {
            verify(&one.webhook.body, signature_header(&headers(&one.webhook.headers)), &[&secret]).is_ok()
        };
        (sent.len(), sent.iter().all(fits))
    };
    assert_eq!(check(json!({"order": id}), SECRET), (1, true));
    assert_eq!(check(json!({"order": id, "copies": 2}), SECRET), (3, true));
    assert_eq!(check(json!({"order": id, "wrong_signature": true}), SECRET), (1, false));
    assert_eq!(check(json!({"order": id, "previous_secret": true}), "whsecbefore0123456789"), (1, true));
    assert_eq!(check(json!({"payload": {"id": 5}, "what": "order.deleted"}), SECRET), (1, true));
}

#[test]
fn an_erased_order_says_so_everywhere() {
    let sandbox = sandbox(json!({"webhook_url": HOOK, "webhook_secret": SECRET, "auto_webhooks": true}));
    let id = put(&sandbox, json!({}));
    sandbox.take_webhooks(10);
    tell(&sandbox, "POST", &format!("orders/{id}/erase"), json!({}));
    let sent = sandbox.take_webhooks(1).remove(0).webhook;
    assert!(!String::from_utf8(sent.body.clone()).unwrap().contains("Ida"));
    assert!(
        matches!(read(Topic::Order, &sent.body), Ok(Hint::EraseOrders { orders, .. }) if orders == [id.clone()])
    );
    assert!(matches!(one(&sandbox, &id), Some(Found::Erased(key)) if key == id));
    assert!(matches!(&poll(&sandbox, &window(&sandbox), |_| ()).0[0], Found::Erased(key) if *key == id));
    assert_eq!(report(&sandbox)["erased"], json!(1));
}
