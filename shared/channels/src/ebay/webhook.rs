//! Notifications: is it from eBay, and what does it ask for (contract sections 3, 4 and 8).
//!
//! The way of one: [`signature`] from the headers, the key of that id from a cache or with [`build_key`] and
//! [`read_key`], [`verify`] over the raw bytes, [`read`]. Answer [`ACCEPTED`] at once and work later;
//! [`NOT_TRUSTED`] for a bad signature, an unknown key included; [`FAILED`] when the key service fails, so that eBay
//! sends again. The key is eBay's and not the seller's: a good signature does not say which account is meant, so
//! compare [`Notification::seller`] with the connection, and look an erasure up in every account.

use super::Seller;
use super::reply;
use super::{call, is_key};
use crate::error::{CannotBuild, CannotRead, NotTrusted};
use crate::hint::Hint;
use crate::lax::{Lax, Scalar};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA1_ASN1, ECDSA_P256_SHA256_ASN1, EcdsaVerificationAlgorithm, ParsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;
use waybill_domain::exception::Reason;
use waybill_privacy::recipient::Text;
use waybill_privacy::secret::Secret;

/// Answers a delivery that was taken; eBay counts 200, 201, 202 and 204 as that.
pub const ACCEPTED: StatusCode = StatusCode::NO_CONTENT;
/// Answers a delivery that is not from eBay.
pub const NOT_TRUSTED: StatusCode = StatusCode::PRECONDITION_FAILED;
/// Answers a delivery that could not be checked or kept: eBay sends it again.
pub const FAILED: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;
/// How long a key may be kept: eBay asks for about an hour, and not to fetch one per message.
pub const KEY_LIFE: SignedDuration = SignedDuration::from_hours(1);

/// What a delivery says it is signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The id of eBay's key; safe in an address and as the name of a cached thing.
    pub key_id: String,
    bytes: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    kid: String,
    signature: String,
}

/// Reads `X-EBAY-SIGNATURE`: base64 of JSON with the key's id and the signature in base64.
///
/// # Errors
/// `NotTrusted`: answer [`NOT_TRUSTED`].
pub fn signature(headers: &HeaderMap) -> Result<Signature, NotTrusted> {
    let header = headers.get("x-ebay-signature").ok_or(NotTrusted::NoSignature)?;
    if header.is_empty() {
        return Err(NotTrusted::NoSignature);
    }
    let wrong = NotTrusted::WrongSignature;
    let json = STANDARD.decode(header.as_bytes()).map_err(|_| wrong)?;
    let Header { kid, signature } = serde_json::from_slice(&json).map_err(|_| wrong)?;
    let bytes = STANDARD.decode(signature).map_err(|_| wrong)?;
    if is_key_id(&kid) { Ok(Signature { key_id: kid, bytes }) } else { Err(wrong) }
}

/// Letters, digits and dashes: anything else could lead the call that fetches the key elsewhere.
fn is_key_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// One of eBay's public keys. Keep it for [`KEY_LIFE`] under its id.
#[derive(Debug, Clone)]
pub struct PublicKey(ParsedPublicKey);

/// Asks for a key, with a token of the application ([`super::token::build_own`]); `base` as in [`Seller`].
///
/// # Errors
/// `CannotBuild` when the address, token or id cannot be sent.
pub fn build_key(base: &str, own: &Secret, key_id: &str) -> Result<Request<Vec<u8>>, CannotBuild> {
    if !is_key_id(key_id) {
        return Err(CannotBuild::ChannelId);
    }
    let application = Seller { base: base.to_owned(), access: own.clone() };
    call(&application, Method::GET, &format!("/commerce/notification/v1/public_key/{key_id}"), None)
}

/// A key's armoured text: longer than what an id or name may be.
struct Armoured(String);

impl Scalar for Armoured {
    fn read(text: &str) -> Option<Self> {
        (text.len() <= 4096).then(|| Self(text.to_owned()))
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Key {
    key: Lax<Armoured>,
    algorithm: Lax<String>,
    digest: Lax<String>,
}

/// Reads a key; `None` when eBay has none of that id, which makes the signature a bad one. The key is PEM without
/// line breaks, and its own words say which digest signs with it.
///
/// # Errors
/// `CannotRead` when the key service fails, which is no fault of the delivery: answer [`FAILED`].
pub fn read_key(reply: &Response<Vec<u8>>) -> Result<Option<PublicKey>, CannotRead> {
    if reply.status() == StatusCode::BAD_REQUEST {
        return Ok(None);
    }
    let Some(key) = reply::find::<Key>(reply, Reason::Unreadable, &[])? else { return Ok(None) };
    let plain = |text: String| text.to_ascii_uppercase().replace('-', "");
    if plain(key.algorithm.need("algorithm")?) != "ECDSA" {
        return Err(CannotRead::Field { field: "algorithm" });
    }
    let algorithm: &'static EcdsaVerificationAlgorithm = match plain(key.digest.need("digest")?).as_str() {
        "SHA1" => &ECDSA_P256_SHA1_ASN1,
        "SHA256" => &ECDSA_P256_SHA256_ASN1,
        _ => return Err(CannotRead::Field { field: "digest" }),
    };
    let bad = CannotRead::Field { field: "key" };
    let text = key.key.need("key")?.0;
    let inner = text.split("-----").find(|part| !part.trim().is_empty() && !part.contains("PUBLIC KEY"));
    let inner: String = inner.ok_or(bad.clone())?.split_whitespace().collect();
    let der = STANDARD.decode(inner).map_err(|_| bad.clone())?;
    ParsedPublicKey::new(algorithm, der).map(|key| Some(PublicKey(key))).map_err(|_| bad)
}

/// Checks that eBay signed these bytes, exactly as they came: printed anew they would differ. Verifying compares no
/// secret, so it need not take constant time.
///
/// # Errors
/// `NotTrusted`: answer [`NOT_TRUSTED`].
pub fn verify(body: &[u8], signature: &Signature, key: &PublicKey) -> Result<(), NotTrusted> {
    key.0.verify_sig(body, &signature.bytes).map_err(|_| NotTrusted::WrongSignature)
}

/// True for a verification token eBay takes: 32 to 80 letters, digits, `_` and `-`.
pub fn is_verification_token(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
    (32..=80).contains(&text.len()) && text.bytes().all(fits)
}

/// What to answer, with 200 and `application/json`, to `GET ?challenge_code=`. `endpoint` is the address exactly as
/// it was registered: a slash more or less is another address.
pub fn challenge_response(challenge_code: &str, verification_token: &Secret, endpoint: &str) -> Vec<u8> {
    let text = [challenge_code, verification_token.expose(), endpoint].concat();
    let hash = digest(&SHA256, text.as_bytes());
    let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    json!({ "challengeResponse": hex }).to_string().into_bytes()
}

/// What a delivery says.
pub struct Notification {
    /// Its id, the same at every attempt although the bytes differ: what has been seen is told by this and never by
    /// a digest of the body.
    pub id: String,
    /// How eBay calls the seller it is about, where it is about one: immutable user id and user name, either of
    /// which may be missing. Of an order's confirmation the shape is unverified.
    pub seller: Vec<Text>,
    /// What to do.
    pub hint: Hint,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Delivery {
    metadata: Option<Metadata>,
    notification: Option<Told>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Metadata {
    topic: Lax<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Told {
    notification_id: Lax<String>,
    data: Option<Data>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Data {
    username: Lax<Text>,
    user_id: Lax<Text>,
    user: Option<User>,
    order: Option<Ordered>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct User {
    username: Lax<Text>,
    user_id: Lax<Text>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Ordered {
    order_id: Lax<String>,
}

/// Reads a delivery that [`verify`] let pass.
///
/// A closed account is told with both its name and its immutable id, because for some the id stands in the place of
/// the name (contract section 8). Nearly all of them never bought here.
///
/// # Errors
/// `CannotRead` when the body is not what the topic promises. Keep the bytes sealed and ask a person.
pub fn read(body: &[u8]) -> Result<Notification, CannotRead> {
    let delivery: Delivery = serde_json::from_slice(body)?;
    let topic = delivery.metadata.unwrap_or_default().topic.need("metadata.topic")?;
    let told = delivery.notification.unwrap_or_default();
    let data = told.data.unwrap_or_default();
    let id = told.notification_id;
    let need = |id: Lax<String>| id.need("notification.notificationId");
    match topic.as_str() {
        // Of the second only that something happened to an order matters.
        "ORDER_CONFIRMATION" | "ITEM_MARKED_SHIPPED" => {
            let order = data.order.unwrap_or_default().order_id.need("data.order.orderId")?;
            if !is_key(&order) {
                return Err(CannotRead::Field { field: "data.order.orderId" });
            }
            let user = data.user.unwrap_or_default();
            let seller = names(user.user_id, user.username)?;
            Ok(Notification { id: need(id)?, seller, hint: Hint::Reread { channel_id: order } })
        }
        "MARKETPLACE_ACCOUNT_DELETION" => {
            let buyers = names(data.username, data.user_id)?;
            if buyers.is_empty() {
                return Err(CannotRead::Field { field: "data.username" });
            }
            let hint = Hint::EraseOrders { orders: Vec::new(), buyers };
            Ok(Notification { id: need(id)?, seller: Vec::new(), hint })
        }
        "AUTHORIZATION_REVOCATION" => {
            let seller = names(data.user_id, data.username)?;
            Ok(Notification { id: need(id)?, seller, hint: Hint::Uninstalled })
        }
        _ => Ok(Notification { id: id.hint().unwrap_or_default(), seller: Vec::new(), hint: Hint::Ignore }),
    }
}

/// Both names where they differ.
fn names(one: Lax<Text>, other: Lax<Text>) -> Result<Vec<Text>, CannotRead> {
    let one = one.may("data.username")?;
    let other = other.may("data.userId")?.filter(|other| one.as_ref() != Some(other));
    Ok(one.into_iter().chain(other).collect())
}
