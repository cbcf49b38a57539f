//! Labels by the console's session: the same road as under `/v1`, once the session is good.

use crate::stage::{MERCHANT, ORDER, SHIPMENT, Stage, sub};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use axum::Router;
use axum::body::{Body, to_bytes};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Request, Response, header};
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt;
use waybill_domain::access::Role;
use waybill_domain::shipment::LabelFormat;
use waybill_reveal::{Door, console};
use waybill_runtime::outbound::{NoAnswer, Outbound};
use waybill_runtime::sign_in::{Jar, Place};
use waybill_store::audit::Action;

const ISSUER: &str = "https://pool.invalid/one";

struct Pool(RsaKeyPair);

#[async_trait::async_trait]
impl Outbound for Pool {
    async fn send(&self, _: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, NoAnswer> {
        let der = self.0.public_key().as_ref();
        let (n, e) = (URL_SAFE_NO_PAD.encode(&der[9..265]), URL_SAFE_NO_PAD.encode([1, 0, 1]));
        let keys = json!({"keys": [{"kid": "k", "kty": "RSA", "n": n, "e": e}]});
        Ok(Response::new(keys.to_string().into_bytes()))
    }
}

/// A browser that opens labels.
struct Browser {
    pool: Arc<Pool>,
    router: Router,
    until: i64,
}

struct Seen {
    status: u16,
    headers: http::HeaderMap,
    body: Vec<u8>,
}

impl Browser {
    fn new(stage: &Stage) -> Self {
        let pool = Arc::new(Pool(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()));
        let place = Place {
            issuer: ISSUER.into(),
            client: "staff".into(),
            keys: format!("{ISSUER}/keys"),
            secure: true,
        };
        let clock = stage.env.clock.clone();
        let door = Door { tokens: place.tokens(pool.clone()), jar: Jar::new(true), clock: clock.clone() };
        // As main puts them together.
        let router =
            waybill_reveal::router(stage.env.clone()).merge(console(stage.env.clone(), Arc::new(door)));
        Self { pool, router, until: clock.read().as_second() + 900 }
    }

    fn token(&self, sub: &str) -> String {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = json!({"iss": ISSUER, "aud": "staff", "token_use": "id", "sub": sub, "exp": self.until});
        let text = format!("{}.{}", part(json!({"alg": "RS256", "kid": "k"})), part(claims));
        let mut signature = vec![0; 256];
        self.pool.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    async fn get(&self, token: &str, address: &str) -> Seen {
        let request = Request::get(address).header(header::COOKIE, format!("__Host-waybill-token={token}"));
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Seen { status, headers, body: to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec() }
    }
}

impl Browser {
    /// Sends the form of a buyer's request, repeating `repeated`.
    async fn asks(&self, sub: &str, repeated: &str, fields: &str, site: &str) -> Seen {
        let cookies = format!("__Host-waybill-token={}; __Host-waybill-form=abc", self.token(sub));
        let request = Request::post("/console/buyers/requests?purpose=request")
            .header(header::COOKIE, cookies)
            .header("sec-fetch-site", site);
        let body = Body::from(format!("form={repeated}&{fields}"));
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Seen { status, headers, body: to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec() }
    }
}

#[tokio::test]
async fn a_buyer_is_entered_by_mail_address_in_the_session_that_has_the_form() {
    let stage = crate::buyer::indexed().await;
    let browser = Browser::new(&stage);
    let support = sub(Role::Support);
    let fields = "email=zoe%40example.invalid&kind=erasure";
    for (who, repeated, fields, site, status) in [
        (support.as_str(), "abd", fields, "same-origin", 403),
        (support.as_str(), "", fields, "same-origin", 403),
        (support.as_str(), "abc", fields, "cross-site", 403),
        (support.as_str(), "abc", "email=zoe%40example.invalid&kind=much", "same-origin", 400),
        (sub(Role::Packer).as_str(), "abc", fields, "same-origin", 403),
    ] {
        let seen = browser.asks(who, repeated, fields, site).await;
        let text = String::from_utf8(seen.body).unwrap();
        assert_eq!(seen.status, status, "{who} {repeated} {fields} {site}: {text}");
        assert!(!text.contains('{') && !text.contains("zoe"), "{text}");
    }
    let merchant = MERCHANT.parse().unwrap();
    assert_eq!(stage.db().requests(&merchant).await.unwrap(), []);
    let seen = browser.asks(&support, "abc", fields, "same-origin").await;
    assert_eq!(seen.status, 303, "{}", String::from_utf8_lossy(&seen.body));
    let stored = stage.db().requests(&merchant).await.unwrap();
    let to = format!("../requests/{}?done=asked", stored[0].id);
    assert_eq!((stored.len(), seen.headers["location"].to_str().unwrap()), (1, to.as_str()));
}

fn label(end: &str) -> String {
    format!("/console/labels/{SHIPMENT}{end}")
}

#[tokio::test]
async fn a_session_opens_a_label_for_a_purpose_with_its_record_and_nothing_without_one() {
    let stage = Stage::set().await;
    let browser = Browser::new(&stage);
    let packer = browser.token(&sub(Role::Packer));
    let seen = browser.get(&packer, &label("?purpose=label")).await;
    assert_eq!((seen.status, seen.body.starts_with(b"%PDF")), (200, true));
    assert_eq!(
        (&seen.headers["cache-control"], &seen.headers["content-disposition"]),
        (&"no-store".parse().unwrap(), &"inline".parse().unwrap())
    );
    let records = stage.records().await;
    let event = &records.last().unwrap().event;
    assert_eq!(
        (event.action, event.actor.clone(), event.order.as_str()),
        (Action::Label, sub(Role::Packer), ORDER)
    );
    let all = browser.get(&packer, &format!("/console/labels?purpose=label&shipments={SHIPMENT}")).await;
    // The invented label is no whole PDF, which is found when it is open and on record.
    assert_eq!(all.status, 409, "{}", String::from_utf8_lossy(&all.body));
    let opened = stage.kms.decrypts();
    assert_eq!((opened, stage.records().await.len()), (2, 2));
    for (token, end, status, said) in [
        (&packer, "?purpose=", 400, "State one purpose"),
        (&packer, "?purpose=return", 403, "may not open"),
        (&browser.token(&sub(Role::Auditor)), "?purpose=label", 403, "may not open"),
        (&browser.token("nobody"), "?purpose=label", 403, "has no access"),
        (&"a.b.c".to_owned(), "?purpose=label&again=1", 401, "Nothing was opened"),
        (
            &Browser::new(&stage).token(&sub(Role::Packer)),
            "?purpose=label&again=1",
            401,
            "Nothing was opened",
        ),
    ] {
        let seen = browser.get(token, &label(end)).await;
        let text = String::from_utf8(seen.body).unwrap();
        assert_eq!(seen.status, status, "{end}: {text}");
        assert!(text.contains(said), "{end}: {text}");
        assert!(!text.contains('{'), "{end} is answered with a document: {text}");
    }
    let over = browser.get("a.b.c", &label("?purpose=label")).await;
    assert_eq!(over.headers["location"], format!("../again?to=labels/{SHIPMENT}?purpose=label"));
    assert_eq!(stage.kms.decrypts(), opened, "something was opened");
    assert_eq!(stage.records().await.len(), 5, "the three refusals of the staff are on record");
}

#[tokio::test]
async fn a_cookie_opens_nothing_under_v1_and_no_recipient_anywhere() {
    let stage = Stage::set().await;
    let browser = Browser::new(&stage);
    let owner = browser.token(&sub(Role::Owner));
    for address in [
        format!("/v1/shipments/{SHIPMENT}/label?purpose=label"),
        format!("/v1/orders/{ORDER}/recipient?purpose=pick"),
        format!("/console/orders/{ORDER}/recipient?purpose=pick"),
        format!("/console/requests/{MERCHANT}/export"),
    ] {
        let seen = browser.get(&owner, &address).await;
        assert!(matches!(seen.status, 403 | 404), "{address}: {}", seen.status);
    }
    assert_eq!(stage.kms.decrypts(), 0);
}

#[tokio::test]
async fn a_label_that_is_a_page_runs_in_a_sandbox_and_a_printers_language_is_saved() {
    let stage = Stage::set().await;
    stage.add_label(2, b"<script>x</script>", LabelFormat::Html).await;
    stage.add_label(3, b"^XA^XZ", LabelFormat::Zpl).await;
    let browser = Browser::new(&stage);
    let packer = browser.token(&sub(Role::Packer));
    let end = SHIPMENT.trim_end_matches('1');
    let page = browser.get(&packer, &format!("/console/labels/{end}2?purpose=label")).await;
    assert_eq!(page.status, 200);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("sandbox;") && policy.contains("default-src 'none'"), "{policy}");
    let file = browser.get(&packer, &format!("/console/labels/{end}3?purpose=label")).await;
    assert_eq!((file.status, file.headers["content-disposition"].to_str().unwrap()), (200, "attachment"));
}
