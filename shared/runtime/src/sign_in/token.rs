//! Who a token names: the checks that the gateway's JWT authorizer makes on `/v1`, made here for the console.
//! Claims: "Amazon Cognito, verifying JSON web tokens"; form: RFC 7515 and RFC 7518 section 3.3.

use super::{NotSignedIn, Place};
use crate::outbound::Outbound;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use waybill_domain::time::after;

/// A key we do not know has the pool's keys read again, no more often than this, so that no stranger's tokens make us ask.
const ASK_AGAIN: SignedDuration = SignedDuration::from_mins(1);
/// The longest token that is looked at, in bytes: what fits a cookie.
const LONGEST: usize = 4096;

type Key = Arc<RsaPublicKeyComponents<Vec<u8>>>;

#[derive(Default)]
struct Known {
    keys: BTreeMap<String, Key>,
    asked: Option<Timestamp>,
}

/// Checks tokens against the keys of their pool, which are read once and kept.
pub struct Tokens {
    place: Place,
    outbound: Arc<dyn Outbound>,
    known: Mutex<Known>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    token_use: String,
    exp: i64,
    #[serde(flatten)]
    who: Who,
}

/// Whom a token names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Who {
    /// Their `sub`, by which the registry knows them.
    pub sub: String,
    /// The merchant that an administrator of the pool gave them; it counts until that merchant is made.
    #[serde(default, rename = "custom:merchant")]
    pub merchant: Option<String>,
    /// The groups that an administrator put them into.
    #[serde(default, rename = "cognito:groups")]
    pub groups: Vec<String>,
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Jwk {
    kid: String,
    kty: String,
    n: String,
    e: String,
}

fn bytes(text: &str) -> Result<Vec<u8>, NotSignedIn> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| NotSignedIn::Refused)
}

fn json<T: DeserializeOwned>(text: &str) -> Result<T, NotSignedIn> {
    serde_json::from_slice(&bytes(text)?).map_err(|_| NotSignedIn::Refused)
}

impl Tokens {
    /// Checks tokens of one pool and client.
    pub fn new(place: Place, outbound: Arc<dyn Outbound>) -> Self {
        Self { place, outbound, known: Mutex::default() }
    }

    /// The `sub` of an identity token that is good now.
    ///
    /// # Errors
    /// As [`Tokens::who`].
    pub async fn sub(&self, token: &str, now: Timestamp) -> Result<String, NotSignedIn> {
        Ok(self.who(token, now).await?.sub)
    }

    /// Whom an identity token names that is good now.
    ///
    /// # Errors
    /// `Refused` when it is not; `Unavailable` when the pool's keys cannot be read.
    pub async fn who(&self, token: &str, now: Timestamp) -> Result<Who, NotSignedIn> {
        let mut parts = token.split('.');
        let (Some(head), Some(body), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NotSignedIn::Refused);
        };
        if token.len() > LONGEST {
            return Err(NotSignedIn::Refused);
        }
        let Header { alg, kid } = json(head)?;
        if alg != "RS256" {
            return Err(NotSignedIn::Refused);
        }
        let signed = token.get(..head.len() + 1 + body.len()).ok_or(NotSignedIn::Refused)?;
        let key = self.key(&kid, now).await?;
        key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &bytes(signature)?)
            .map_err(|_| NotSignedIn::Refused)?;
        let claims: Claims = json(body)?;
        let ours = claims.iss == self.place.issuer && claims.aud == self.place.client;
        if !ours || claims.token_use != "id" || claims.exp <= now.as_second() || claims.who.sub.is_empty() {
            return Err(NotSignedIn::Refused);
        }
        Ok(claims.who)
    }

    async fn key(&self, kid: &str, now: Timestamp) -> Result<Key, NotSignedIn> {
        {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(key) = known.keys.get(kid) {
                return Ok(key.clone());
            }
            if known.asked.is_some_and(|asked| now < after(asked, ASK_AGAIN)) {
                return Err(NotSignedIn::Refused);
            }
            known.asked = Some(now);
        }
        let read = self.read().await;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match read {
            Ok(keys) => known.keys = keys,
            // Asked in vain does not count.
            Err(error) => {
                known.asked = None;
                return Err(error);
            }
        }
        known.keys.get(kid).cloned().ok_or(NotSignedIn::Refused)
    }

    async fn read(&self) -> Result<BTreeMap<String, Key>, NotSignedIn> {
        let request = http::Request::get(&self.place.keys).body(Vec::new());
        let request = request.map_err(|_| NotSignedIn::Unavailable)?;
        let reply = self.outbound.send(request).await.map_err(|_| NotSignedIn::Unavailable)?;
        let all: Jwks = serde_json::from_slice(reply.body()).map_err(|_| NotSignedIn::Unavailable)?;
        let number = |text: &str| -> Result<Vec<u8>, NotSignedIn> {
            Ok(bytes(text)?.into_iter().skip_while(|byte| *byte == 0).collect())
        };
        let rsa = all.keys.into_iter().filter(|key| key.kty == "RSA");
        let read = |key: Jwk| -> Result<(String, Key), NotSignedIn> {
            let whole = RsaPublicKeyComponents { n: number(&key.n)?, e: number(&key.e)? };
            Ok((key.kid, Arc::new(whole)))
        };
        rsa.map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::NoAnswer;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
    use serde_json::{Value, json};
    use std::sync::atomic::{AtomicUsize, Ordering};

    const ISSUER: &str = "https://pool.invalid/one";

    struct Pool {
        pair: RsaKeyPair,
        asked: AtomicUsize,
    }

    impl Pool {
        fn open() -> Arc<Self> {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
            Arc::new(Self { pair, asked: AtomicUsize::new(0) })
        }

        fn signed(&self, head: &Value, claims: &Value) -> String {
            let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            let text = format!("{}.{}", part(head), part(claims));
            let mut signature = vec![0; self.pair.public_modulus_len()];
            self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
            format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
        }

        fn tokens(self: &Arc<Self>) -> Tokens {
            let place = Place {
                issuer: ISSUER.into(),
                client: "staff".into(),
                keys: format!("{ISSUER}/.well-known/jwks.json"),
                secure: true,
            };
            place.tokens(self.clone())
        }
    }

    #[async_trait::async_trait]
    impl Outbound for Pool {
        async fn send(&self, _: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, NoAnswer> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            // RSAPublicKey of 2048 bits in DER: two headers of four bytes and a zero, the modulus, then 65537.
            let der = self.pair.public_key().as_ref();
            let (n, e) = (URL_SAFE_NO_PAD.encode(&der[9..265]), URL_SAFE_NO_PAD.encode([1, 0, 1]));
            let keys =
                json!({"keys": [{"kid": "k1", "kty": "RSA", "alg": "RS256", "use": "sig", "n": n, "e": e}]});
            Ok(http::Response::new(keys.to_string().into_bytes()))
        }
    }

    fn now() -> Timestamp {
        "2026-11-23T09:15:00Z".parse().unwrap()
    }

    fn claims() -> Value {
        let exp = now().as_second() + 60;
        json!({"iss": ISSUER, "aud": "staff", "token_use": "id", "sub": "me", "exp": exp})
    }

    fn head() -> Value {
        json!({"alg": "RS256", "kid": "k1"})
    }

    #[tokio::test]
    async fn a_token_of_the_pool_names_its_owner_and_the_keys_are_read_once() {
        let pool = Pool::open();
        let (tokens, token) = (pool.tokens(), pool.signed(&head(), &claims()));
        for _ in 0..3 {
            assert_eq!(tokens.sub(&token, now()).await, Ok("me".into()));
        }
        assert_eq!(pool.asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn anything_else_is_refused() {
        let pool = Pool::open();
        let tokens = pool.tokens();
        let changed = |name: &str, value: Value| {
            let mut claims = claims();
            claims[name] = value;
            pool.signed(&head(), &claims)
        };
        let good = pool.signed(&head(), &claims());
        let (start, signature) = good.rsplit_once('.').unwrap();
        let other = URL_SAFE_NO_PAD.encode(json!({"sub": "you"}).to_string());
        let wrong = [
            changed("iss", json!("https://pool.invalid/two")),
            changed("aud", json!("machine")),
            changed("token_use", json!("access")),
            changed("sub", json!("")),
            changed("exp", json!(now().as_second())),
            changed("exp", json!("never")),
            pool.signed(&json!({"alg": "none", "kid": "k1"}), &claims()),
            pool.signed(&json!({"alg": "HS256", "kid": "k1"}), &claims()),
            pool.signed(&json!({"alg": "RS256", "kid": "k2"}), &claims()),
            Pool::open().signed(&head(), &claims()),
            format!("{start}."),
            format!("{}.{other}.{signature}", start.split_once('.').unwrap().0),
            format!("{good}.x"),
            "x".repeat(LONGEST + 1),
            String::new(),
        ];
        for token in &wrong {
            assert_eq!(tokens.sub(token, now()).await, Err(NotSignedIn::Refused), "{token}");
        }
        assert_eq!(tokens.sub(&good, now()).await, Ok("me".into()));
        assert_eq!(pool.asked.load(Ordering::Relaxed), 1, "unknown keys made us ask again and again");
    }
}
