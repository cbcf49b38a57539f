//! Webhooks: are they from the shop, and what do they ask for (contract section 2).

use super::map::{self, Kind, Refunded};
use super::wire::Order;
use crate::error::{CannotRead, NotTrusted, code};
use crate::hint::Hint;
use crate::lax::{Key, Lax, is_number};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use serde::Deserialize;
use waybill_privacy::secret::Secret;
use zeroize::Zeroizing;

/// Checks that the body was signed with one of the secrets: the current one, then the previous one while a
/// rotation lasts. `body` is the bytes exactly as sent. The comparison takes constant time.
///
/// # Errors
/// `NotTrusted` when it was not; answer 401, unless [`is_ping`] says that it is a ping.
pub fn verify(body: &[u8], signature: Option<&str>, secrets: &[&Secret]) -> Result<(), NotTrusted> {
    let signature = signature.filter(|s| !s.is_empty()).ok_or(NotTrusted::NoSignature)?;
    let signature = STANDARD.decode(signature).map_err(|_| NotTrusted::WrongSignature)?;
    if secrets.is_empty() {
        return Err(NotTrusted::NoSecret);
    }
    let fits = |secret: &&Secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, decoded(secret.expose()).as_bytes());
        hmac::verify(&key, body, &signature).is_ok()
    };
    if secrets.iter().any(fits) { Ok(()) } else { Err(NotTrusted::WrongSignature) }
}

/// What the shop signs with: it undoes, once, the entities its own form put into the secret. Secrets of letters
/// and digits, as [`super::hooks`] demands, stay what they are.
fn decoded(secret: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(secret.len()));
    let mut rest = secret;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let entity = from.find(';').and_then(|end| Some((character(from.get(1..end)?)?, end + 1)));
        let (one, length) = entity.unwrap_or(('&', 1));
        plain.push(one);
        rest = from.get(length..).unwrap_or_default();
    }
    plain.push_str(rest);
    plain
}

fn character(name: &str) -> Option<char> {
    let number = match name.strip_prefix('#') {
        None => {
            return match name {
                "amp" => Some('&'),
                "lt" => Some('<'),
                "gt" => Some('>'),
                "quot" => Some('"'),
                _ => None,
            };
        }
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        },
    };
    char::from_u32(number).filter(|c| matches!(c, '&' | '<' | '>' | '"' | '\''))
}

/// The signature of a delivery.
pub fn signature_header(headers: &HeaderMap) -> Option<&str> {
    header(headers, "x-wc-webhook-signature")
}

/// The topic of a delivery.
pub fn topic_header(headers: &HeaderMap) -> Option<&str> {
    header(headers, "x-wc-webhook-topic")
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// True for the ping that a shop sends when a webhook is saved: a form with the webhook's number and no
/// signature. Answer 200 and do nothing: what a refused ping does to the webhook is not known.
pub fn is_ping(headers: &HeaderMap, body: &[u8]) -> bool {
    let number = std::str::from_utf8(body).ok().and_then(|text| text.trim().strip_prefix("webhook_id="));
    signature_header(headers).is_none() && number.is_some_and(is_number)
}

/// What a delivery is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// `order.created`, `order.updated` or `order.restored`: the order as it is when it is sent, whatever
    /// happened.
    Order,
    /// `order.deleted`, which is also an order that went into the trash: carries its number only.
    Deleted,
    /// One we did not ask for.
    Other,
}

impl Topic {
    /// Reads the header's text.
    pub fn parse(text: &str) -> Self {
        match text.trim() {
            "order.created" | "order.updated" | "order.restored" => Self::Order,
            "order.deleted" => Self::Deleted,
            _ => Self::Other,
        }
    }
}

/// Reads a delivery that [`verify`] let pass.
///
/// A deleted order is read again: from the trash it comes as cancelled, otherwise it is gone.
///
/// # Errors
/// `CannotRead` when the body is not what the topic promises; `Connection` when the shop put an error in its
/// place, which it does when the user who owns the webhook was removed.
pub fn read(topic: Topic, body: &[u8]) -> Result<Hint, CannotRead> {
    match topic {
        Topic::Order => {
            let Small { id, code: said } = serde_json::from_slice(body)?;
            if let (Lax::Absent, Some(said)) = (id, said.hint()) {
                return Err(CannotRead::Connection { code: code(&said) });
            }
            let mut order: Order = serde_json::from_slice(body)?;
            Ok(match map::kind(&mut order)? {
                Kind::Draft => Hint::Ignore,
                Kind::Erased(id) => Hint::EraseOrders { orders: vec![id], buyers: Vec::new() },
                Kind::Refunded(channel_id) => Hint::Reread { channel_id },
                Kind::Whole => Hint::Order(Box::new(map::normalise(order, &Refunded::new())?)),
            })
        }
        Topic::Deleted => {
            let Small { id, .. } = serde_json::from_slice(body)?;
            Ok(Hint::Reread { channel_id: id.need("id")?.0 })
        }
        Topic::Other => Ok(Hint::Ignore),
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Small {
    id: Lax<Key>,
    code: Lax<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_undone_once() {
        for (stored, effective) in [
            ("plain", "plain"),
            ("a&amp;b&quot;c", "a&b\"c"),
            ("it&#039;s &#x27;", "it's '"),
            ("&amp;amp;", "&amp;"),
            ("&lt;&gt;", "<>"),
            ("&eacute; & &; &", "&eacute; & &; &"),
            ("é&", "é&"),
        ] {
            assert_eq!(*decoded(stored), effective, "{stored}");
        }
    }
}
