//! Connecting a shop (contract section 1).

use serde_json::json;
use waybill_channels::error::{CannotBuild, CannotRead};
use waybill_channels::woocommerce::connect::{Ask, authorisation, read_callback};
use waybill_privacy::secret::Secret;

fn once() -> Secret {
    Secret::new("con_0000000000000001-8f14e45fceea167a".to_owned())
}

fn ask(once: &Secret) -> Ask<'_> {
    Ask {
        base: "https://shop.example",
        app_name: "Waybill & Co",
        once,
        return_url: "https://app.example/done?shop=1",
        callback_url: "https://api.example/connect/woocommerce",
    }
}

#[test]
fn the_merchant_is_sent_to_the_shop() {
    let once = once();
    let url = authorisation(&ask(&once)).unwrap();
    assert_eq!(
        url.expose(),
        "https://shop.example/wc-auth/v1/authorize?app_name=Waybill%20%26%20Co&scope=read_write\
         &user_id=con_0000000000000001-8f14e45fceea167a\
         &return_url=https%3A%2F%2Fapp.example%2Fdone%3Fshop%3D1\
         &callback_url=https%3A%2F%2Fapi.example%2Fconnect%2Fwoocommerce"
    );
    assert!(!format!("{url:?}").contains("8f14"));
}

#[test]
fn what_the_shop_would_refuse_is_not_asked() {
    let once = once();
    let plain = Ask { callback_url: "http://api.example/", ..ask(&once) };
    assert_eq!(authorisation(&plain).err(), Some(CannotBuild::Address));
    let plain = Ask { base: "http://shop.example", ..ask(&once) };
    assert_eq!(authorisation(&plain).err(), Some(CannotBuild::Address));
    for bad in ["7", "short", "with spaces in it and more", "x&y-0123456789-0123456789"] {
        let bad = Secret::new(bad.to_owned());
        assert_eq!(authorisation(&ask(&bad)).err(), Some(CannotBuild::Credential));
    }
}

#[test]
fn the_keys_come_with_our_secret() {
    let body = json!({
        "key_id": 1, "user_id": once().expose(), "consumer_key": "ck_1", "consumer_secret": "cs_1",
        "key_permissions": "read_write"
    });
    let granted = read_callback(body.to_string().as_bytes()).unwrap();
    assert_eq!((granted.key.expose(), granted.secret.expose()), ("ck_1", "cs_1"));
    assert!(granted.answers(&once()) && granted.answers(granted.once()));
    assert!(!granted.answers(&Secret::new("con_0000000000000001-8f14e45fceea167b".to_owned())));
    assert!(!format!("{granted:?}").contains("cs_1"));
}

#[test]
fn keys_that_may_not_write_or_come_without_anything_are_refused() {
    let with = |name: &str, value: serde_json::Value| {
        let mut body = json!({"user_id": 1, "consumer_key": "k", "consumer_secret": "s", "key_permissions": "read_write"});
        body[name] = value;
        read_callback(body.to_string().as_bytes()).err()
    };
    assert_eq!(with("key_id", json!(5)), None);
    assert_eq!(with("key_permissions", json!("read")), Some(CannotRead::Field { field: "key_permissions" }));
    assert_eq!(with("consumer_key", json!("")), Some(CannotRead::Field { field: "consumer_key" }));
    assert_eq!(with("user_id", json!(null)), Some(CannotRead::Field { field: "user_id" }));
    assert!(read_callback(b"webhook_id=1").is_err());
}
