//! Notifications and the key they are signed with.

use std::fmt;

use aws_lc_rs::digest::{Digest, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::account::instant;
use super::{Done, error};
use crate::deliver::{Repeat, SignedWebhook};
use crate::state::State;
use crate::wire::Reply;

/// A P-256 key and its id.
pub struct Signer {
    pair: EcdsaKeyPair,
    /// The id, made of the key, so that a cache never holds another key under it.
    pub kid: String,
    spki: Vec<u8>,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl Signer {
    /// A new key. Keys and signatures are the one thing here that the seed does not decide.
    ///
    /// # Errors
    /// When the library cannot make one.
    pub fn new() -> Result<Self, String> {
        let failed = |_| "a signing key could not be made".to_owned();
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(failed)?;
        let spki = pair.public_key().as_der().map_err(failed)?.as_ref().to_vec();
        let hash: String = digest(&SHA256, &spki).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let parts = [hash.get(..8), hash.get(8..12), hash.get(12..16), hash.get(16..20), hash.get(20..32)];
        let kid = parts.map(Option::unwrap_or_default).join("-");
        Ok(Self { pair, kid, spki })
    }

    /// ECDSA over SHA-1, as eBay signs. The library signs with P-256 only what SHA-256 made; to ECDSA a digest is a
    /// number, and the twenty bytes after twelve zeroes are the same number.
    fn sign(&self, body: &[u8]) -> Option<Vec<u8>> {
        let mut padded = [0_u8; 32];
        padded.get_mut(12..)?.copy_from_slice(digest(&SHA1_FOR_LEGACY_USE_ONLY, body).as_ref());
        let digest = Digest::import_less_safe(&padded, &SHA256).ok()?;
        Some(self.pair.sign_digest(&digest).ok()?.as_ref().to_vec())
    }

    /// The value of `X-EBAY-SIGNATURE`, under this id.
    fn header(&self, body: &[u8], kid: &str) -> String {
        let signature = STANDARD.encode(self.sign(body).unwrap_or_default());
        let header = json!({"alg": "ecdsa", "kid": kid, "signature": signature, "digest": "SHA1"});
        STANDARD.encode(header.to_string())
    }
}

fn signer(state: &mut State) -> Result<&Signer, String> {
    match &mut state.ebay.signer {
        Some(signer) => Ok(signer),
        none => Ok(none.insert(Signer::new()?)),
    }
}

/// `getPublicKey`: PEM on one line.
pub(super) fn public_key(state: &State, kid: &str) -> Done {
    let signer = state.ebay.signer.as_ref().filter(|signer| signer.kid == kid);
    let unknown = || error(404, 195_001, "API_NOTIFICATION", "The specified key id is invalid.");
    let key = STANDARD.encode(&signer.ok_or_else(unknown)?.spki);
    let key = format!("-----BEGIN PUBLIC KEY-----{key}-----END PUBLIC KEY-----");
    Ok(Reply::json(200, &json!({"key": key, "algorithm": "ECDSA", "digest": "SHA1"})))
}

/// A notification as it is first sent.
pub(super) struct Wanted<'a> {
    pub(super) account: &'a str,
    pub(super) topic: &'a str,
    pub(super) data: Value,
    /// Sent instead of a notification.
    pub(super) payload: Option<Value>,
    /// Signed with a key that is not the one it names.
    pub(super) wrong_signature: bool,
}

/// Makes a notification, ready to be queued.
pub(super) fn make(state: &mut State, wanted: Wanted<'_>) -> Result<SignedWebhook, String> {
    let id = format!("{}_{}", state.fresh_uuid(), state.fresh_uuid());
    let now = instant(state.now());
    let account = state.ebay.accounts.get(wanted.account);
    let config = &account.ok_or("there is no such account; add it with PUT /control/ebay/{account}")?.config;
    let url = config.webhook_url.clone().unwrap_or_default();
    let after_host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let path = after_host.find('/').map_or("/", |at| &after_host[at..]).to_owned();
    let value = wanted.payload.unwrap_or_else(|| {
        json!({
            "metadata": {"topic": wanted.topic, "schemaVersion": "1.0", "deprecated": false},
            "notification": {
                "notificationId": id,
                "eventDate": now,
                "publishDate": now,
                "publishAttemptCount": 1,
                "data": wanted.data,
            },
        })
    });
    let mut webhook = SignedWebhook {
        channel: "ebay",
        repeat: Repeat::AsSet,
        shop: wanted.account.to_owned(),
        topic: wanted.topic.to_owned(),
        url,
        path,
        headers: Vec::new(),
        body: value.to_string().into_bytes(),
        webhook_id: id,
    };
    let named = signer(state)?;
    let kid = named.kid.clone();
    let header = if wanted.wrong_signature {
        Signer::new()?.header(&webhook.body, &kid)
    } else {
        named.header(&webhook.body, &kid)
    };
    dress(&mut webhook, header);
    Ok(webhook)
}

fn dress(webhook: &mut SignedWebhook, signature: String) {
    webhook.headers = vec![
        ("Content-Type".to_owned(), "application/json".to_owned()),
        ("User-Agent".to_owned(), "eBayNotification/1.0".to_owned()),
        ("X-EBAY-SIGNATURE".to_owned(), signature),
    ];
}

/// The same notification at its next try: the time and the count of tries differ, so the bytes and the signature do,
/// and every second try is spaced out, which a receiver that prints JSON anew before checking does not survive. A
/// payload that is no notification is sent as it was.
pub fn again(state: &mut State, webhook: &mut SignedWebhook) {
    let now = instant(state.now());
    let Ok(mut body) = serde_json::from_slice::<Value>(&webhook.body) else { return };
    let told = &mut body["notification"];
    let Some(tries) = told["publishAttemptCount"].as_u64() else { return };
    told["publishAttemptCount"] = json!(tries + 1);
    told["publishDate"] = json!(now);
    let text = if tries % 2 == 1 { serde_json::to_vec_pretty(&body) } else { serde_json::to_vec(&body) };
    let (Ok(text), Ok(signer)) = (text, signer(state)) else { return };
    let header = signer.header(&text, &signer.kid);
    webhook.body = text;
    dress(webhook, header);
}
