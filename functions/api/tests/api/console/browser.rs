//! A browser with a session, and the user pool that gives it.

use crate::stage::{PERSONAL, Stage};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use axum::Router;
use axum::body::{Body, to_bytes};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, Request, Response, header};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};
use tower::ServiceExt;
use waybill_api::console::{Door, router};
use waybill_runtime::Clock;
use waybill_runtime::outbound::{NoAnswer, Outbound};
use waybill_runtime::sign_in::{Jar, Pages, Place};

const ISSUER: &str = "https://pool.invalid/one";
const CLIENT: &str = "staff";
/// The merchant that `first` is to make.
pub const NEW: &str = "mer_00000000000000cc";
/// Making a key takes longer than all that is tested with it.
static KEY: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());

/// A user pool: a code or a refresh token names the member of staff it is for.
pub struct Pool {
    clock: Clock,
    /// What it was asked.
    pub asked: Mutex<Vec<BTreeMap<String, String>>>,
}

impl Pool {
    fn token(&self, sub: &str) -> String {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let exp = self.clock.read().as_second() + 900;
        let mut claims = json!({"iss": ISSUER, "aud": CLIENT, "token_use": "id", "sub": sub, "exp": exp});
        if sub == "first" {
            // What an administrator of the pool has said of the first owner.
            claims["custom:merchant"] = json!(NEW);
            claims["cognito:groups"] = json!(["owner"]);
        }
        let text = format!("{}.{}", part(json!({"alg": "RS256", "kid": "k"})), part(claims));
        let mut signature = vec![0; KEY.public_modulus_len()];
        KEY.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

#[async_trait::async_trait]
impl Outbound for Pool {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, NoAnswer> {
        let answer = |status: u16, body: Value| {
            Ok(Response::builder().status(status).body(body.to_string().into_bytes()).unwrap())
        };
        if request.uri().path().ends_with("jwks.json") {
            let der = KEY.public_key().as_ref();
            let (n, e) = (URL_SAFE_NO_PAD.encode(&der[9..265]), URL_SAFE_NO_PAD.encode([1, 0, 1]));
            return answer(200, json!({"keys": [{"kid": "k", "kty": "RSA", "n": n, "e": e}]}));
        }
        let fields: BTreeMap<String, String> = serde_urlencoded::from_bytes(request.body()).unwrap();
        self.asked.lock().unwrap().push(fields.clone());
        let named = fields.get("code").or(fields.get("refresh_token")).cloned().unwrap_or_default();
        match named.strip_prefix("for-") {
            Some(sub) if fields.contains_key("code") => {
                answer(200, json!({"id_token": self.token(sub), "refresh_token": named}))
            }
            Some(sub) => answer(200, json!({"id_token": self.token(sub)})),
            None => answer(400, json!({"error": "invalid_grant"})),
        }
    }
}

/// What a browser got.
pub struct Seen {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Seen {
    /// Where it is sent.
    pub fn to(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |to| to.to_str().unwrap())
    }
}

/// A browser.
pub struct Browser {
    pub cookies: BTreeMap<String, String>,
    pub pool: Arc<Pool>,
    router: Router,
}

impl Browser {
    /// One in which nobody is signed in.
    pub fn new(stage: &Stage) -> Self {
        let pool = Arc::new(Pool { clock: stage.env.clock.clone(), asked: Mutex::default() });
        let place = Place {
            issuer: ISSUER.into(),
            client: CLIENT.into(),
            keys: format!("{ISSUER}/jwks.json"),
            secure: true,
        };
        let back = "https://api.example.invalid/console/signed-in".to_owned();
        let router = router(Arc::new(Door {
            env: stage.env.clone(),
            tokens: place.tokens(pool.clone()),
            pages: Pages::new("https://pages.invalid".into(), CLIENT.into(), back, pool.clone()),
            jar: Jar::new(true),
        }));
        Self { cookies: BTreeMap::new(), pool, router }
    }

    /// One in which `sub` has signed in, by the pages.
    pub async fn of(stage: &Stage, sub: &str) -> Self {
        let mut browser = Self::new(stage);
        let page = browser.get("/console/sign-in").await;
        let state =
            page.text.split("state=").nth(1).and_then(|rest| rest.split('&').next()).unwrap().to_owned();
        let back = browser.get(&format!("/console/signed-in?state={state}&code=for-{sub}")).await;
        assert_eq!(back.status, 200, "{}", back.text);
        browser
    }

    async fn send(&mut self, mut request: Request<Body>) -> Seen {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request.headers_mut().insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        }
        let address = request.uri().to_string();
        let response = self.router.clone().oneshot(request).await.unwrap();
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            match value {
                "" => self.cookies.remove(name),
                value => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(PERSONAL.iter().all(|word| !text.contains(word)), "{address} shows a person: {text}");
        Seen { status, headers, text }
    }

    pub async fn get(&mut self, address: &str) -> Seen {
        self.send(Request::get(address).body(Body::empty()).unwrap()).await
    }

    /// Sends a form as its page has it.
    pub async fn post(&mut self, address: &str, fields: &[(&str, &str)]) -> Seen {
        let form = self.cookies.get("__Host-waybill-form").cloned().unwrap_or_default();
        let fields: Vec<(&str, &str)> =
            [("form", form.as_str())].into_iter().chain(fields.iter().copied()).collect();
        self.raw(address, &fields, &[]).await
    }

    /// Sends a form as somebody else may have made it.
    pub async fn raw(
        &mut self,
        address: &str,
        fields: &[(&str, &str)],
        headers: &[(&'static str, &str)],
    ) -> Seen {
        let body = serde_urlencoded::to_string(fields).unwrap();
        let mut request =
            Request::post(address).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body)).unwrap()).await
    }
}
