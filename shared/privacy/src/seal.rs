//! Sealing: AES-256-GCM under a data key that lives and dies with one order (DESIGN section 5).
//!
//! The associated data is `merchant|order|field-set|version`, so a sealed value opens only as what it was
//! sealed for. The nonce is random and stands before the ciphertext; the overhead is 28 bytes.

use crate::Recipient;
use crate::recipient::Text;
use crate::sensitive::Sensitive;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use waybill_domain::{MerchantId, OrderId};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The version of the sealed layout, part of the associated data.
const VERSION: &str = "1";

/// A 256-bit data key in the clear. Wiped when dropped, never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct DataKey([u8; 32]);

impl DataKey {
    /// Takes the 32 bytes that KMS gave.
    ///
    /// # Errors
    /// `SealError::BadKey` when there are not exactly 32.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        bytes.try_into().map(Self).map_err(|_| SealError::BadKey)
    }

    fn cipher(&self) -> Result<LessSafeKey, SealError> {
        UnboundKey::new(&AES_256_GCM, &self.0).map(LessSafeKey::new).map_err(|_| SealError::BadKey)
    }
}

/// What a sealed value is, besides whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldSet<'a> {
    /// The recipient of an order.
    Recipient,
    /// The label of a shipment, by its id.
    Label(&'a str),
    /// A channel's body that we could not read.
    Unreadable,
}

/// To what a sealed value is bound.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    /// Whose order.
    pub merchant: &'a MerchantId,
    /// Which order.
    pub order: &'a OrderId,
    /// Which of its values.
    pub field_set: FieldSet<'a>,
}

impl Binding<'_> {
    fn associated_data(&self) -> String {
        let field_set = match self.field_set {
            FieldSet::Recipient => "recipient",
            FieldSet::Label(id) => id,
            FieldSet::Unreadable => "unreadable",
        };
        format!("{}|{}|{field_set}|{VERSION}", self.merchant, self.order)
    }
}

/// Why something could not be sealed or opened. Says nothing about the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The data key is not 32 bytes.
    #[error("the data key is not 256 bits long")]
    BadKey,
    /// The sealed bytes are too short, were changed, or belong to another order, field or key.
    #[error("the sealed value does not open: it was changed, or belongs to another order or key")]
    NotOurs,
    /// The opened bytes are not what was sealed; a newer version may have written them.
    #[error("the opened value is not of a known layout")]
    UnknownLayout,
}

/// Seals bytes.
///
/// # Errors
/// `SealError::BadKey` when the cipher refuses the key.
pub fn seal_bytes(key: &DataKey, to: Binding<'_>, plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut nonce = [0u8; NONCE_LEN];
    aws_lc_rs::rand::fill(&mut nonce).map_err(|_| SealError::BadKey)?;
    let mut body = plain.to_vec();
    let tag = key
        .cipher()?
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(to.associated_data().as_bytes()),
            &mut body,
        )
        .map_err(|_| SealError::BadKey)?;
    Ok([&nonce[..], &body, tag.as_ref()].concat())
}

/// Opens what [`seal_bytes`] sealed for the same binding.
///
/// # Errors
/// `SealError::NotOurs` when it was changed or belongs elsewhere.
pub fn open_bytes(key: &DataKey, to: Binding<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(SealError::NotOurs)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::NotOurs)?;
    let mut body = Zeroizing::new(body.to_vec());
    let plain = key
        .cipher()?
        .open_in_place(nonce, Aad::from(to.associated_data().as_bytes()), &mut body)
        .map_err(|_| SealError::NotOurs)?
        .len();
    body.truncate(plain);
    Ok(body)
}

/// Seals a recipient.
///
/// # Errors
/// As [`seal_bytes`].
pub fn seal(
    key: &DataKey,
    merchant: &MerchantId,
    order: &OrderId,
    who: &Recipient,
) -> Result<Vec<u8>, SealError> {
    let plain = Zeroizing::new(serde_json::to_vec(&Layout::from(who)).map_err(|_| SealError::UnknownLayout)?);
    seal_bytes(key, Binding { merchant, order, field_set: FieldSet::Recipient }, &plain)
}

/// Opens a recipient sealed by [`seal`].
///
/// # Errors
/// `SealError::NotOurs`, or `SealError::UnknownLayout` when the content is of another version.
pub fn open(
    key: &DataKey,
    merchant: &MerchantId,
    order: &OrderId,
    sealed: &[u8],
) -> Result<Recipient, SealError> {
    let plain = open_bytes(key, Binding { merchant, order, field_set: FieldSet::Recipient }, sealed)?;
    let layout: Layout = serde_json::from_slice(&plain).map_err(|_| SealError::UnknownLayout)?;
    Ok(layout.into())
}

/// The sealed form of a recipient. Private to this module, so a recipient is serialised nowhere else.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Layout {
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    company: Option<String>,
    #[serde(rename = "l", default, skip_serializing_if = "Vec::is_empty")]
    lines: Vec<String>,
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    postcode: Option<String>,
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    gift_note: Option<String>,
}

impl From<&Recipient> for Layout {
    fn from(who: &Recipient) -> Self {
        let text = |t: &Option<Text>| t.as_ref().map(|t| t.inner().clone());
        Self {
            name: text(&who.name),
            company: text(&who.company),
            lines: who.lines.iter().map(|t| t.inner().clone()).collect(),
            city: text(&who.city),
            region: text(&who.region),
            postcode: text(&who.postcode),
            country: who.country.clone(),
            phone: text(&who.phone),
            email: text(&who.email),
            gift_note: text(&who.gift_note),
        }
    }
}

impl From<Layout> for Recipient {
    fn from(mut layout: Layout) -> Self {
        let text = |t: &mut Option<String>| t.take().map(Sensitive::new);
        Self {
            name: text(&mut layout.name),
            company: text(&mut layout.company),
            lines: std::mem::take(&mut layout.lines).into_iter().map(Sensitive::new).collect(),
            city: text(&mut layout.city),
            region: text(&mut layout.region),
            postcode: text(&mut layout.postcode),
            country: layout.country.take(),
            phone: text(&mut layout.phone),
            email: text(&mut layout.email),
            gift_note: text(&mut layout.gift_note),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> DataKey {
        DataKey::from_bytes(&[n; 32]).unwrap()
    }

    fn ids() -> (MerchantId, OrderId, OrderId) {
        ("mer_1".parse().unwrap(), "ord_1".parse().unwrap(), "ord_2".parse().unwrap())
    }

    fn someone() -> Recipient {
        Recipient {
            name: Some(Sensitive::new("Zoë Ångström".into())),
            lines: vec![Sensitive::new("1 Invented Street".into())],
            country: Some("GB".into()),
            ..Recipient::default()
        }
    }

    #[test]
    fn what_is_sealed_opens_again_and_shows_nothing() {
        let (merchant, order, _) = ids();
        let sealed = seal(&key(1), &merchant, &order, &someone()).unwrap();
        assert!(!sealed.windows(8).any(|w| w == b"Invented"));
        assert!(open(&key(1), &merchant, &order, &sealed).unwrap() == someone());
    }

    #[test]
    fn another_order_another_field_another_key_or_a_changed_byte_do_not_open() {
        let (merchant, order, other) = ids();
        let sealed = seal(&key(1), &merchant, &order, &someone()).unwrap();
        let refused = |r: Result<Recipient, SealError>| r.err() == Some(SealError::NotOurs);
        assert!(refused(open(&key(1), &merchant, &other, &sealed)));
        assert!(refused(open(&key(2), &merchant, &order, &sealed)));
        let label = Binding { merchant: &merchant, order: &order, field_set: FieldSet::Label("shp_1-1") };
        assert!(open_bytes(&key(1), label, &sealed).is_err());
        for n in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[n] ^= 1;
            assert!(refused(open(&key(1), &merchant, &order, &changed)));
        }
        assert!(refused(open(&key(1), &merchant, &order, &sealed[..5])));
    }

    #[test]
    fn sealing_adds_28_bytes_and_never_twice_the_same() {
        let (merchant, order, _) = ids();
        let to = Binding { merchant: &merchant, order: &order, field_set: FieldSet::Unreadable };
        let (a, b) = (seal_bytes(&key(1), to, b"hello").unwrap(), seal_bytes(&key(1), to, b"hello").unwrap());
        assert_eq!(a.len(), 5 + 28);
        assert_ne!(a, b);
    }
}
