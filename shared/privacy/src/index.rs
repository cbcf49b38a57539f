//! Keyed digests under a merchant's index key: ids and look-ups that say nothing once the key is gone.

use crate::Recipient;
use crate::recipient::Text;
use crate::seal::SealError;
use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key};
use waybill_domain::aggregate::Lot;
use waybill_domain::intake::Incoming;
use waybill_domain::{ConnectionId, LineId, OrderId, RequestId};
use zeroize::Zeroizing;

/// A merchant's index key, in the clear inside one function only.
#[derive(Clone)]
pub struct IndexKey(Key);

impl IndexKey {
    /// Takes the 32 secret bytes.
    ///
    /// # Errors
    /// `SealError::BadKey` when there are not exactly 32.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        if bytes.len() == 32 { Ok(Self(Key::new(HMAC_SHA256, bytes))) } else { Err(SealError::BadKey) }
    }

    /// Each part is preceded by its length, so that no two lists of parts read the same.
    fn digest(&self, domain: &str, parts: &[&[u8]], length: usize) -> String {
        let mut context = Context::with_key(&self.0);
        for part in std::iter::once(&domain.as_bytes()).chain(parts) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        hex::encode(context.sign().as_ref().get(..length).unwrap_or_default())
    }

    /// Our id of a channel's order: the same order always gets the same id.
    ///
    /// # Errors
    /// Never in practice: the digest is hexadecimal.
    pub fn order_id(
        &self,
        connection: &ConnectionId,
        channel_id: &str,
    ) -> Result<OrderId, waybill_domain::id::InvalidId> {
        OrderId::from_suffix(&self.digest(
            "order",
            &[connection.as_str().as_bytes(), channel_id.as_bytes()],
            16,
        ))
    }

    /// Our id of a platform's request: the same request always gets the same id, however often it is told. `named` is
    /// what the platform calls it.
    ///
    /// # Errors
    /// Never in practice: the digest is hexadecimal.
    pub fn request_id(
        &self,
        connection: &ConnectionId,
        named: &str,
    ) -> Result<RequestId, waybill_domain::id::InvalidId> {
        RequestId::from_suffix(&self.digest(
            "request",
            &[connection.as_str().as_bytes(), named.as_bytes()],
            16,
        ))
    }

    /// Our id of a channel's order line.
    ///
    /// # Errors
    /// Never in practice: the digest is hexadecimal.
    pub fn line_id(
        &self,
        order: &OrderId,
        channel_line: &str,
    ) -> Result<LineId, waybill_domain::id::InvalidId> {
        LineId::from_suffix(&self.digest("line", &[order.as_str().as_bytes(), channel_line.as_bytes()], 6))
    }

    /// The blind index of a buyer at one connection: finds the orders of an e-mail address without storing it,
    /// and never links a buyer across channels. Addresses that differ only in case or surrounding space are one.
    pub fn buyer(&self, connection: &ConnectionId, email: &Text) -> String {
        let normal = Zeroizing::new(email.inner().trim().to_lowercase());
        self.digest("buyer", &[connection.as_str().as_bytes(), normal.as_bytes()], 16)
    }

    /// The lot of the 256 in which an address falls, by its postcode: where parcels go to different lots they go to
    /// different addresses, however a street is spelt. `None` without one. Spaces and case make no difference.
    pub fn lot(&self, recipient: &Recipient) -> Option<Lot> {
        let typed = recipient.postcode.as_ref()?.inner();
        let kept = typed.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase);
        let postcode = Zeroizing::new(kept.collect::<String>());
        let digest = self.digest("lot", &[postcode.as_bytes()], 1);
        Lot::from_str_radix(&digest, 16).ok()
    }

    /// A digest of everything we would store of an incoming order.
    pub fn content(&self, incoming: &Incoming, recipient: Option<&Recipient>) -> String {
        let mut parts: Vec<Zeroizing<String>> = vec![Zeroizing::new(format!(
            "{:?}{:?}{}{:?}{:?}{:?}{:?}{:?}",
            incoming.channel_ref,
            incoming.cancelled_at,
            incoming.test,
            incoming.readiness,
            incoming.delivery,
            incoming.destination,
            incoming.lines,
            incoming.total
        ))];
        if let Some(who) = recipient {
            let one =
                |t: &Option<Text>| Zeroizing::new(t.as_ref().map_or(String::new(), |t| t.inner().clone()));
            parts.extend(
                [
                    &who.name,
                    &who.company,
                    &who.city,
                    &who.region,
                    &who.postcode,
                    &who.phone,
                    &who.email,
                    &who.gift_note,
                ]
                .into_iter()
                .map(one),
            );
            parts.extend(who.lines.iter().map(|t| Zeroizing::new(t.inner().clone())));
        }
        let parts: Vec<&[u8]> = parts.iter().map(|p| p.as_bytes()).collect();
        self.digest("content", &parts, 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sensitive;

    fn key(n: u8) -> IndexKey {
        IndexKey::from_bytes(&[n; 32]).unwrap()
    }

    #[test]
    fn ids_are_stable_and_depend_on_key_connection_and_order() {
        let (a, b) = ("con_1".parse().unwrap(), "con_2".parse().unwrap());
        let id = key(1).order_id(&a, "1001").unwrap();
        assert_eq!(id, key(1).order_id(&a, "1001").unwrap());
        assert_ne!(id, key(1).order_id(&b, "1001").unwrap());
        assert_ne!(id, key(2).order_id(&a, "1001").unwrap());
        assert_eq!(id.suffix().len(), 32);
    }

    #[test]
    fn a_buyer_is_found_whatever_the_case() {
        let mail = |s: &str| Sensitive::new(s.to_owned());
        let (a, b) = ("con_1".parse().unwrap(), "con_2".parse().unwrap());
        assert_eq!(
            key(1).buyer(&a, &mail(" Zoe@Example.invalid")),
            key(1).buyer(&a, &mail("zoe@example.invalid"))
        );
        assert_ne!(
            key(1).buyer(&a, &mail("zoe@example.invalid")),
            key(2).buyer(&a, &mail("zoe@example.invalid"))
        );
        assert_ne!(
            key(1).buyer(&a, &mail("zoe@example.invalid")),
            key(1).buyer(&b, &mail("zoe@example.invalid"))
        );
    }

    #[test]
    fn an_address_falls_in_one_lot_whoever_lives_there_and_few_say_nothing() {
        let at = |line: &str, postcode: &str| Recipient {
            name: Some(Sensitive::new(line.to_owned())),
            lines: vec![Sensitive::new(line.to_owned()), Sensitive::new("Flat 2".into())],
            postcode: Some(Sensitive::new(postcode.to_owned())),
            ..Recipient::default()
        };
        let one = key(1).lot(&at("14 Invented Street", "BS1 4DJ"));
        assert_eq!(key(1).lot(&at("14 Invented St", "bs14dj")), one, "one address, spelt otherwise");
        let named = Recipient { name: None, ..at("14 Invented Street", "BS1 4DJ") };
        assert!(key(1).lot(&named) == one && one.is_some());
        assert_eq!(key(1).lot(&Recipient::default()), None);
        let lots = |n: u8| -> std::collections::BTreeSet<_> {
            let all =
                (0..64).filter_map(|unit| key(n).lot(&at("14 Invented Street", &format!("BS1 {unit}DJ"))));
            all.collect()
        };
        assert!(lots(1).len() > 48, "{}", lots(1).len());
        assert_ne!(lots(1), lots(2), "without the key nobody can tell the lot of an address");
    }
}
