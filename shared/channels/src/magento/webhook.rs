//! Adobe I/O Events: is it from Adobe and for us, and which order does it name (contract section 3).
//!
//! A delivery is a hint. Which of an order's fields it carries was chosen when the event was registered, and the
//! order of events is not promised, so the order is read by REST and nothing else of the delivery is kept.

use super::address;
use super::wire::{List, Maybe, peek};
use crate::error::{CannotBuild, CannotRead, NotTrusted};
use crate::hint::Hint;
use crate::lax::{Key, Lax};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Request, Response, StatusCode};
use serde::Deserialize;
use std::borrow::Cow;
use waybill_domain::exception::Reason;

/// The only host keys are taken from.
pub const KEY_HOST: &str = "https://static.adobeioevents.com";
/// The end of every host a registration is confirmed at.
pub const VALIDATION_DOMAIN: &str = ".adobe.io";
/// How long a key may be kept before it is fetched again, in hours (contract section 3).
pub const KEEP_KEY_HOURS: i64 = 24;

/// Most events in one delivery.
const MOST_EVENTS: usize = 500;
/// The largest key file.
const LARGEST_KEY: usize = 8192;

/// The two signatures of a delivery, each with the path of its key.
const PAIRS: [(&str, &str); 2] = [
    ("x-adobe-digital-signature-1", "x-adobe-public-key1-path"),
    ("x-adobe-digital-signature-2", "x-adobe-public-key2-path"),
];

/// A public key, and the path it was fetched from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// As a delivery names it.
    pub path: String,
    der: Vec<u8>,
}

/// The paths of the keys a delivery wants to be checked with, at most two. A path that could lead anywhere but
/// to a key file below `/prod/keys/` is left out.
pub fn key_paths(headers: &HeaderMap) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for path in PAIRS.iter().filter_map(|(_, path)| text(headers, path)) {
        if is_key_path(path) && !paths.iter().any(|known| known == path) {
            paths.push(path.to_owned());
        }
    }
    paths
}

/// `/prod/keys/{name}.pem`, where the name is of letters, digits and `-_.` and does not begin with a dot.
fn is_key_path(path: &str) -> bool {
    let name = path.strip_prefix("/prod/keys/").and_then(|rest| rest.strip_suffix(".pem"));
    name.is_some_and(|name| {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
        (1..=100).contains(&name.len()) && name.bytes().all(fits) && !name.starts_with('.')
    })
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|text| !text.is_empty())
}

/// Asks for a key; `host` is [`KEY_HOST`] but where the sandbox plays it. Keys are public: the call is not signed.
///
/// # Errors
/// `CannotBuild::Address` for a path that [`key_paths`] would leave out, or a host that is none.
pub fn build_key(host: &str, path: &str) -> Result<Request<Vec<u8>>, CannotBuild> {
    if !is_key_path(path) {
        return Err(CannotBuild::Address);
    }
    let uri = address(&format!("{host}{path}"))?;
    Request::get(uri).body(Vec::new()).map_err(|_| CannotBuild::Address)
}

/// Reads a key fetched from `path`. Keep it no longer than [`KEEP_KEY_HOURS`].
///
/// # Errors
/// `CannotRead` when there is none, or it is not a public key in PEM.
pub fn read_key(path: &str, reply: &Response<Vec<u8>>) -> Result<PublicKey, CannotRead> {
    if reply.status() == StatusCode::NOT_FOUND {
        let code = "no_such_key".to_owned();
        return Err(CannotRead::Refused { code, reason: Reason::ConnectionRefused });
    }
    super::reply::good(reply, Reason::ConnectionRefused)?;
    if reply.body().len() > LARGEST_KEY {
        return Err(CannotRead::Reply);
    }
    let pem = std::str::from_utf8(reply.body()).map_err(|_| CannotRead::Reply)?;
    let (_, rest) = pem.split_once("-----BEGIN PUBLIC KEY-----").ok_or(CannotRead::Reply)?;
    let (inner, _) = rest.split_once("-----END PUBLIC KEY-----").ok_or(CannotRead::Reply)?;
    let inner: String = inner.split_ascii_whitespace().collect();
    let der = STANDARD.decode(inner).map_err(|_| CannotRead::Reply)?;
    Ok(PublicKey { path: path.to_owned(), der })
}

/// Checks that a delivery was signed by Adobe and is for our client. `body` is the bytes exactly as they came;
/// `keys` are those that [`key_paths`] names. Either signature is enough: Adobe rotates one key at a time.
///
/// # Errors
/// `NotTrusted` when it was not. `NoSecret` when no key is at hand: fetch them and try again.
pub fn verify(
    body: &[u8],
    headers: &HeaderMap,
    keys: &[PublicKey],
    client_id: &str,
) -> Result<(), NotTrusted> {
    let body = decoded(body);
    let pairs: Vec<(Vec<u8>, &str)> = PAIRS
        .iter()
        .filter_map(|(signature, path)| Some((text(headers, signature)?, text(headers, path)?)))
        .filter_map(|(signature, path)| Some((STANDARD.decode(signature).ok()?, path)))
        .collect();
    if pairs.is_empty() {
        return Err(NotTrusted::NoSignature);
    }
    if keys.is_empty() && pairs.iter().any(|(_, path)| is_key_path(path)) {
        return Err(NotTrusted::NoSecret);
    }
    let signed = pairs.iter().any(|(signature, path)| {
        let mut fitting = keys.iter().filter(|key| key.path == *path && is_key_path(path));
        fitting.any(|key| {
            UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key.der).verify(&body, signature).is_ok()
        })
    });
    // Only what is signed is worth reading.
    let ours = signed
        && events(&body).is_ok_and(|events| !events.is_empty() && events.iter().all(|e| e.is_for(client_id)));
    if ours { Ok(()) } else { Err(NotTrusted::WrongSignature) }
}

/// The body in the clear: some gateways hand it on in base64, but the signature is over what was sent.
fn decoded(body: &[u8]) -> Cow<'_, [u8]> {
    let trimmed = body.trim_ascii();
    match trimmed.first() {
        Some(b'{' | b'[') | None => Cow::Borrowed(body),
        Some(_) => STANDARD.decode(trimmed).map_or(Cow::Borrowed(body), Cow::Owned),
    }
}

/// An event, as far as it is read.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Event {
    #[serde(rename = "type")]
    kind: Lax<String>,
    /// As the guide has it.
    recipientclientid: Lax<String>,
    /// As the SDK reads it.
    recipient_client_id: Lax<String>,
    data: Maybe<Data>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Data {
    value: Maybe<Keys>,
}

/// The keys of what an event is about.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Keys {
    order_id: Lax<Key>,
    parent_id: Lax<Key>,
    entity_id: Lax<Key>,
    id: Lax<Key>,
    items: List<Maybe<Row>>,
}

/// A row of an order, which names it too: Adobe's catalogue of events leaves an order's own key out.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Row {
    order_id: Lax<Key>,
}

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// An order.
    Order,
    /// Something that belongs to one: a shipment, an invoice, a refund, a comment.
    PartOfOrder,
}

impl Event {
    fn is_for(&self, client_id: &str) -> bool {
        let named = peek(&self.recipientclientid).or(peek(&self.recipient_client_id));
        named.is_some_and(|named| named == client_id)
    }
}

/// One event, or a batch of them.
fn events(body: &[u8]) -> Result<Vec<Event>, CannotRead> {
    let batch = body.trim_ascii().first() == Some(&b'[');
    if !batch {
        return Ok(vec![serde_json::from_slice(body)?]);
    }
    let all: Vec<Event> = serde_json::from_slice(body)?;
    if all.len() > MOST_EVENTS {
        return Err(CannotRead::TooMany { field: "events" });
    }
    Ok(all)
}

/// Reads a delivery that [`verify`] let pass: for each event about an order, its shipments, invoices, refunds
/// or comments, that order, once. A delivery is told apart from another by the event's own id at the caller;
/// reading the same order twice does no harm.
///
/// # Errors
/// `CannotRead` when an event about an order does not name it: register the event with the field
/// `entity_id` (of an order) or `order_id` (of what belongs to one). The poller finds the order meanwhile.
pub fn read(body: &[u8]) -> Result<Vec<Hint>, CannotRead> {
    let mut ids: Vec<String> = Vec::new();
    for event in events(&decoded(body))? {
        let Some(about) = event.kind.hint().as_deref().and_then(about) else { continue };
        let keys = event.data.hint().and_then(|data| data.value.hint()).unwrap_or_default();
        // The own key of what belongs to an order is some other order's.
        let (named, field) = match about {
            About::Order => {
                let mut rows = keys.items.all().into_iter().filter_map(Maybe::hint);
                let of_row = rows.find_map(|row| row.order_id.hint());
                ([keys.entity_id.hint(), keys.id.hint(), of_row], "data.value.entity_id")
            }
            About::PartOfOrder => {
                ([keys.order_id.hint(), keys.parent_id.hint(), None], "data.value.order_id")
            }
        };
        let id = named.into_iter().flatten().next().ok_or(CannotRead::Field { field })?.0;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let hints: Vec<Hint> = ids.into_iter().map(|channel_id| Hint::Reread { channel_id }).collect();
    Ok(if hints.is_empty() { vec![Hint::Ignore] } else { hints })
}

/// `com.adobe.commerce.observer.sales_order_...` and `com.adobe.commerce.plugin.magento.sales.api.order_...`,
/// where a name of the merchant's own may stand behind `commerce`; `None` for what orders have no part in.
fn about(kind: &str) -> Option<About> {
    let rest = kind.strip_prefix("com.adobe.commerce.")?;
    let of = |mark: &str| rest.split_once(mark).map(|(_, name)| name);
    if let Some(name) = of("observer.").and_then(|name| name.strip_prefix("sales_order_")) {
        let own = ["save_", "place_", "delete_"].iter().any(|what| name.starts_with(what));
        return Some(if own { About::Order } else { About::PartOfOrder });
    }
    let name = of("plugin.magento.sales.api.")?;
    if name.starts_with("order_management.") || name.starts_with("order_repository.") {
        return Some(About::Order);
    }
    let parts = ["order_", "shipment_", "ship_order", "creditmemo_", "refund_", "invoice_"];
    parts.iter().any(|part| name.starts_with(part)).then_some(About::PartOfOrder)
}

/// The text to answer a registration's `GET ?challenge=...` with, from the query as it came, as
/// `text/plain`; `None` when it is not one, or holds what a challenge never does.
pub fn challenge(query: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("challenge="))?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    ((1..=200).contains(&value.len()) && value.bytes().all(fits)).then(|| value.to_owned())
}

/// What to open, within five minutes, to confirm a registration that posted a `validationUrl`; `None` when the
/// body has none. Such a post is not signed, so only hosts of Adobe's are opened: `domain` is
/// [`VALIDATION_DOMAIN`].
///
/// # Errors
/// `CannotBuild::Address` when the address is none, is not HTTPS, or leads elsewhere.
pub fn build_validation(body: &[u8], domain: &str) -> Result<Option<Request<Vec<u8>>>, CannotBuild> {
    #[derive(Deserialize)]
    struct Asked {
        #[serde(rename = "validationUrl")]
        url: Option<String>,
    }
    let asked: Option<Asked> = serde_json::from_slice(&decoded(body)).ok();
    let Some(url) = asked.and_then(|asked| asked.url) else { return Ok(None) };
    let uri = address(&url)?;
    let authority = uri.authority().map(|a| a.as_str()).unwrap_or_default();
    // No port and nobody's name before the host.
    let theirs = uri.host() == Some(authority) && authority.to_ascii_lowercase().ends_with(domain);
    if uri.scheme_str() != Some("https") || !theirs {
        return Err(CannotBuild::Address);
    }
    Request::get(uri).body(Vec::new()).map(Some).map_err(|_| CannotBuild::Address)
}
