//! Shops that post their keys: whose they are the one-time state alone says, and it is good once.

use crate::stage::{MERCHANT, Stage, code};
use http::Response;
use serde_json::{Value, json};
use waybill_store::keyring::Vault;
use waybill_store::registry::Credentials;

const HERE: &str = "https://waybill.example.invalid";

async fn begin(stage: &Stage, application: &Value) -> Value {
    let path = "/v1/connections/authorise";
    let away = stage.call(Some("mine-Owner"), "POST", path, Some(application.clone())).await;
    assert_eq!(away.0, 200, "{}", away.1);
    away.1
}

async fn secrets(stage: &Stage, id: &str) -> Credentials {
    let kept = stage.db.connection(&id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(kept.merchant.as_str(), MERCHANT);
    let plain = stage.kms.open(id, &kept.credentials).await.unwrap();
    serde_json::from_slice(&plain).unwrap()
}

fn shop() -> Value {
    json!({"kind": "woocommerce", "address": "https://shop.example.invalid",
        "redirect": format!("{HERE}/connect/woocommerce")})
}

/// The state in the address the owner was sent to.
fn state_of(away: &Value) -> String {
    let address = away["address"].as_str().unwrap();
    assert!(address.starts_with("https://shop.example.invalid/wc-auth/v1/authorize?app_name="), "{address}");
    assert!(address.contains("scope=read_write") && address.contains("callback_url=https%3A%2F%2Fwaybill."));
    address.split("user_id=").nth(1).unwrap().split('&').next().unwrap().to_owned()
}

fn keys(state: &str) -> Value {
    json!({"key_id": 1, "user_id": state, "consumer_key": "ck_1", "consumer_secret": "cs_1",
        "key_permissions": "read_write"})
}

#[tokio::test]
async fn a_woocommerce_shop_posts_its_keys_and_its_owner_comes_back_to_a_connection() {
    let stage = Stage::set().await;
    let state = state_of(&begin(&stage, &shop()).await);
    let path = format!("/connect/woocommerce/{state}");
    let before = stage.get(None, &format!("{path}?success=1&user_id={state}")).await;
    assert_eq!(code(&before), (403, "declined"), "nothing was posted yet");
    let taken = stage.call(None, "POST", &path, Some(keys(&state))).await;
    assert_eq!(taken, (200, json!({"taken": true})));
    assert_eq!(code(&stage.call(None, "POST", &path, Some(keys(&state))).await), (400, "bad_state"));
    let back = stage.get(None, &format!("{path}?success=1&user_id={state}")).await;
    assert_eq!((back.0, &back.1["kind"], &back.1["state"]), (201, &json!("woocommerce"), &json!("active")));
    assert_eq!(code(&stage.get(None, &path).await), (403, "declined"), "shown once");
    let id = back.1["id"].as_str().unwrap();
    let kept = secrets(&stage, id).await;
    let Credentials::WooCommerce { secrets, key, secret } = &kept else { panic!() };
    assert_eq!((key.as_str(), secret.as_str(), secrets.len()), ("ck_1", "cs_1", 1));
    assert!(secrets[0].len() == 64 && secrets[0].bytes().all(|b| b.is_ascii_alphanumeric()));
    let deliveries = stage.db.channel_deliveries(&id.parse().unwrap()).await.unwrap();
    assert_eq!(deliveries.service.as_deref(), Some(HERE), "its webhooks are made at the first reading");
}

#[tokio::test]
async fn what_is_posted_by_anybody_else_connects_nothing() {
    let stage = Stage::set().await;
    let nothing = async || {
        let all = stage.get(Some("mine-Owner"), "/v1/connections").await;
        assert_eq!(all.1["connections"], json!([]));
    };
    let forged = "0".repeat(64);
    let path = format!("/connect/woocommerce/{forged}");
    assert_eq!(code(&stage.call(None, "POST", &path, Some(keys(&forged))).await), (400, "bad_state"));
    // The state of the body is another's; the keys may only read; the owner said no; it took too long.
    let state = state_of(&begin(&stage, &shop()).await);
    let path = format!("/connect/woocommerce/{state}");
    assert_eq!(code(&stage.call(None, "POST", &path, Some(keys(&forged))).await), (400, "bad_state"));
    let state = state_of(&begin(&stage, &shop()).await);
    let mut reading = keys(&state);
    reading["key_permissions"] = json!("read");
    let path = format!("/connect/woocommerce/{state}");
    assert_eq!(code(&stage.call(None, "POST", &path, Some(reading)).await), (403, "declined"));
    let state = state_of(&begin(&stage, &shop()).await);
    let path = format!("/connect/woocommerce/{state}");
    assert_eq!(code(&stage.get(None, &format!("{path}?success=0")).await), (403, "declined"));
    assert_eq!(code(&stage.call(None, "POST", &path, Some(keys(&state))).await), (400, "bad_state"));
    let state = state_of(&begin(&stage, &shop()).await);
    stage.advance(601);
    let path = format!("/connect/woocommerce/{state}");
    assert_eq!(code(&stage.call(None, "POST", &path, Some(keys(&state))).await), (400, "bad_state"));
    nothing().await;
}

fn magento() -> Value {
    json!({"kind": "magento", "address": "https://magento.example.invalid/rest/all",
        "consent_address": "https://magento.example.invalid/admin",
        "redirect": format!("{HERE}/connect/magento")})
}

/// The address an integration is entered with, below this service's.
fn callback(away: &Value) -> String {
    assert_eq!(away["address"], "https://magento.example.invalid/admin");
    away["callback"].as_str().unwrap().strip_prefix(HERE).unwrap().to_owned()
}

fn activation(store: &str) -> Vec<u8> {
    format!("oauth_consumer_key=ck&oauth_consumer_secret=cs&store_base_url={store}&oauth_verifier=v")
        .into_bytes()
}

fn answered(body: &str) -> Response<Vec<u8>> {
    Response::new(body.as_bytes().to_vec())
}

#[tokio::test]
async fn a_magento_integration_is_activated_and_its_token_is_kept() {
    let stage = Stage::set().await;
    let path = callback(&begin(&stage, &magento()).await);
    stage.outside.answers([
        answered("oauth_token=t1&oauth_token_secret=s1"),
        answered("oauth_token=t2&oauth_token_secret=s2"),
        answered(r#"[{"weight_unit":"lbs"}]"#),
    ]);
    let form = activation("https%3A%2F%2Fmagento.example.invalid%2F");
    assert_eq!(stage.post_form(&path, form.clone()).await.0, 200);
    let asked = stage.outside.asked();
    assert_eq!(asked[0], "POST https://magento.example.invalid/oauth/token/request");
    assert_eq!(asked[1], "POST https://magento.example.invalid/oauth/token/access");
    assert_eq!(code(&stage.post_form(&path, form).await), (400, "bad_state"));
    let back = stage.get(None, &format!("{path}?oauth_consumer_key=ck&success_call_back=x")).await;
    assert_eq!((back.0, &back.1["kind"]), (201, &json!("magento")));
    let kept = secrets(&stage, back.1["id"].as_str().unwrap()).await;
    let Credentials::Magento { consumer_key, token, token_secret, pounds, .. } = &kept else { panic!() };
    let kept = (consumer_key.as_str(), token.as_str(), token_secret.as_str(), *pounds);
    assert_eq!(kept, ("ck", "t2", "s2", true));
}

#[tokio::test]
async fn an_activation_of_another_shop_is_not_followed() {
    let stage = Stage::set().await;
    for elsewhere in ["https%3A%2F%2Felsewhere.invalid", "https%3A%2F%2Fmagento.example.invalid%2Frest"] {
        let path = callback(&begin(&stage, &magento()).await);
        assert_eq!(code(&stage.post_form(&path, activation(elsewhere)).await), (403, "declined"));
    }
    // Refused on the way.
    let path = callback(&begin(&stage, &magento()).await);
    let mut no = answered("oauth_problem=token_rejected");
    *no.status_mut() = http::StatusCode::UNAUTHORIZED;
    assert_eq!(stage.outside.asked(), [""; 0]);
    stage.outside.answers([no]);
    let form = activation("https%3A%2F%2Fmagento.example.invalid%2F");
    assert_eq!(code(&stage.post_form(&path, form).await), (403, "declined"));
    let all = stage.get(Some("mine-Owner"), "/v1/connections").await;
    assert_eq!(all.1["connections"], json!([]));
}

#[tokio::test]
async fn how_deliveries_stand_is_shown_with_what_to_do() {
    use waybill_store::deliveries::{Deliveries, Stand};
    let stage = Stage::set().await;
    let mut wanted = json!({
        "address": "https://shop.example.invalid", "deliver_to": "http://127.0.0.1:1",
        "credentials": {"kind": "woocommerce", "secrets": ["S"], "key": "ck_1", "secret": "cs_1"},
    });
    let connect = |body: &Value| {
        let body = Some(body.clone());
        stage.call(Some("mine-Owner"), "POST", "/v1/connections", body)
    };
    assert_eq!(code(&connect(&wanted).await), (400, "bad_address"));
    wanted["deliver_to"] = json!(HERE);
    let made = connect(&wanted).await.1;
    assert_eq!(made["deliveries"], Value::Null, "nobody has looked yet");
    let id = made["id"].as_str().unwrap().parse().unwrap();
    let known = stage.db.channel_deliveries(&id).await.unwrap();
    assert_eq!(known.service.as_deref(), Some(HERE));
    let looked_at = Some(stage.now());
    let known = Deliveries { stand: Some(Stand::Paused), looked_at, ..known };
    stage.db.save_deliveries(&id, &known).await.unwrap();
    let shown = stage.get(Some("mine-Auditor"), &format!("/v1/connections/{id}")).await.1;
    assert_eq!(shown["deliveries"]["stand"], "paused");
    assert!(shown["deliveries"]["advice"].as_str().unwrap().contains("switch them on"), "{shown}");
    // Amazon sends to a queue: there is no address to register.
    let amazon = "con_00000000000000ad";
    stage.connect(amazon, MERCHANT, waybill_store::registry::Kind::Amazon, &json!({})).await;
    let known = Deliveries { stand: Some(Stand::Missing), looked_at, ..Deliveries::default() };
    stage.db.save_deliveries(&amazon.parse().unwrap(), &known).await.unwrap();
    let shown = stage.get(Some("mine-Auditor"), &format!("/v1/connections/{amazon}")).await.1;
    assert!(shown["deliveries"]["advice"].as_str().unwrap().contains("end its subscription"), "{shown}");
}

#[tokio::test]
async fn when_the_owner_of_an_account_must_agree_anew_is_shown_and_said_in_time() {
    let stage = Stage::set().await;
    let wanted = json!({
        "address": "https://ebay.example.invalid",
        "credentials": {"kind": "ebay", "client_id": "c", "client_secret": "s", "refresh_token": "r",
            "verification_token": "v", "refresh_until": "2026-12-31T00:00:00Z"},
    });
    let made = stage.call(Some("mine-Owner"), "POST", "/v1/connections", Some(wanted)).await.1;
    assert_eq!((&made["agreed_until"], &made["advice"]), (&json!("2026-12-31T00:00:00Z"), &Value::Null));
    stage.advance(20 * 24 * 60 * 60);
    stage.confirm().await;
    let path = format!("/v1/connections/{}", made["id"].as_str().unwrap());
    let shown = stage.get(Some("mine-Owner"), &path).await.1;
    assert!(shown["advice"].as_str().unwrap().contains("authorise it again"), "{shown}");
    stage.call(Some("mine-Owner"), "DELETE", &path, None).await;
    assert_eq!(stage.db.consents(&MERCHANT.parse().unwrap()).await.unwrap(), []);
}
