//! What must be refused is refused, says the same to everyone, and leaves nothing behind.

use crate::support::{PREVIOUS_SECRET, letters, template};
use crate::support::{Shop, Story, stack};
use serde_json::json;
use waybill_domain::exception::Reason;
use waybill_domain::order::{Hold, Status};
use waybill_harness::canary::{Token, scan};
use waybill_harness::seed::CLIENT_SECRET;
use waybill_privacy::seal::{Binding, FieldSet, open_bytes};
use waybill_sandbox::invent::Kind;
use waybill_sandbox::shopify::webhooks::sign;
use waybill_store::keyring::OpenKeys;
use waybill_store::keys::KeyState;

pub static REFUSED: Story = Story::new("refused", || Box::pin(refused()));
pub static UNREADABLE: Story = Story::new("unreadable", || Box::pin(unreadable()));

#[test]
#[ignore = "needs a running stack"]
fn what_nobody_signed_is_refused_and_nothing_is_stored() {
    REFUSED.told();
}

#[test]
#[ignore = "needs a running stack"]
fn a_signed_body_that_cannot_be_read_is_kept_sealed_and_raises_an_exception() {
    UNREADABLE.told();
}

fn token() -> Token {
    Token { pointer: "/body".into(), value: format!("Q{}X7", letters(16)) }
}

async fn nowhere(tokens: &[Token]) {
    let report = scan(&stack(), &template(), tokens).await.unwrap();
    assert_eq!(report.hits(), 0, "{report}");
}

async fn refused() {
    let shop = Shop::open().await;
    let to = shop.ids.shop.as_str();
    let order = shop.bought(Kind::Plain).await;
    let secret = token();
    let mut body = shop.body(order).await;
    body["note"] = json!(secret.value);
    let bytes = body.to_string().into_bytes();
    let topic = Some("orders/create");
    let wrong = sign("a secret that nobody has", &bytes);
    let right = sign(CLIENT_SECRET, &bytes);

    for signature in [Some(wrong.as_str()), None, Some(""), Some("not base64!"), Some("AAAA")] {
        let reply = shop.send(to, topic, signature, bytes.clone()).await;
        assert_eq!(reply.status, 401, "{signature:?}");
        assert!(reply.body.contains("bad_signature") && !reply.body.contains(&secret.value));
    }
    let changed = [&bytes[..bytes.len() - 1], b" }"].concat();
    assert_eq!(shop.send(to, topic, Some(&right), changed).await.status, 401, "one changed byte");

    // Not there, never there, not even an id: one answer for all, signed or not.
    let mut replies = Vec::new();
    for unknown in ["con_00000000000000ff", "con_x", "x", "mer_00000000000000d1", "con_%2e%2e"] {
        replies.push(shop.send(unknown, topic, Some(&right), bytes.clone()).await);
        replies.push(shop.send(unknown, topic, None, bytes.clone()).await);
    }
    assert_eq!(replies[0].status, 404);
    assert!(
        replies.iter().all(|reply| *reply == replies[0]),
        "an unknown connection can be told from another"
    );

    let large = [&bytes[..], &vec![b' '; 1024 * 1024]].concat();
    let reply = shop.send(to, topic, Some(&sign(CLIENT_SECRET, &large)), large).await;
    assert_eq!(reply.status, 413);
    let reply = shop.send(to, None, Some(&right), bytes.clone()).await;
    assert_eq!((reply.status, reply.body.contains("missing_topic")), (400, true));

    assert!(shop.db.order(&shop.id(order)).await.unwrap().is_none(), "something was stored");
    assert_eq!(shop.db.recipient_key(&shop.id(order)).await.unwrap(), KeyState::Erased, "a key was stored");
    nowhere(&[secret]).await;

    let reply = shop.send(to, topic, Some(&sign(PREVIOUS_SECRET, &bytes)), bytes.clone()).await;
    assert_eq!(reply.status, 200, "the previous secret still counts while it is rotated");
    shop.stands(&shop.id(order), Status::Dispatched).await;
}

async fn unreadable() {
    let shop = Shop::open().await;
    let to = shop.ids.shop.as_str();
    let mut secrets = Vec::new();
    let bodies: [fn(&str) -> String; 5] = [
        |secret| format!("not JSON at all {secret}"),
        |secret| format!("{{\"id\": 1, \"note\": \"{secret}\""),
        |secret| json!({"note": secret}).to_string(),
        |secret| json!({"id": 4, "line_items": secret, "note": secret}).to_string(),
        |secret| json!([secret]).to_string(),
    ];
    for body in bodies {
        let secret = token();
        let bytes = body(&secret.value).into_bytes();
        let digest = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes));
        secrets.push(secret);
        for _ in 0..2 {
            let signature = sign(CLIENT_SECRET, &bytes);
            let reply = shop.send(to, Some("orders/create"), Some(&signature), bytes.clone()).await;
            assert_eq!(
                (reply.status, reply.body.as_str()),
                (200, ""),
                "or the channel disables the subscription"
            );
        }
        let id = shop.index.order_id(&shop.ids.shop, &format!("unreadable {digest}")).unwrap();
        let (order, sealed) = shop.db.order_with_sealed(&id).await.unwrap().expect("it is kept");
        assert_eq!((order.status, order.hold), (Status::Held, Some(Hold::Exception)));
        assert_eq!(order.exceptions.iter().map(|e| e.reason).collect::<Vec<_>>(), [Reason::Unreadable]);
        assert_eq!(order.rev, 1, "the same delivery again changes nothing");
        let KeyState::Live { wrapped, .. } = shop.db.recipient_key(&id).await.unwrap() else {
            panic!("no key")
        };
        let key = shop.kms.open(&shop.ids.merchant, &id, &wrapped).await.unwrap();
        let kept = Binding { merchant: &shop.ids.merchant, order: &id, field_set: FieldSet::Unreadable };
        assert_eq!(open_bytes(&key, kept, &sealed.unwrap()).unwrap()[..], bytes[..]);
    }
    nowhere(&secrets).await;
}
