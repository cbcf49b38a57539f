//! Where a page of a merchant's SKUs begins.

use crate::answer::BAD_CURSOR;
use std::fmt;
use waybill_domain::catalogue::is_sku;
use waybill_runtime::problem::Problem;
use waybill_store::catalogue::SKU_SHARDS;

/// After which SKU of which shard; `<shard>:<sku>` as text, and nothing of a shard was shown yet without the SKU.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Place {
    shard: u8,
    after: Option<String>,
}

impl Place {
    /// From `next` of the page before, or the first.
    ///
    /// # Errors
    /// `bad_cursor`.
    pub(crate) fn read(text: Option<&str>) -> Result<Self, Problem> {
        let Some(text) = text else { return Ok(Self::default()) };
        let (shard, sku) = text.split_once(':').ok_or(BAD_CURSOR)?;
        let shard: u8 = shard.parse().ok().filter(|shard| *shard < SKU_SHARDS).ok_or(BAD_CURSOR)?;
        let after = (!sku.is_empty()).then(|| sku.to_owned());
        if after.as_deref().is_none_or(is_sku) { Ok(Self { shard, after }) } else { Err(BAD_CURSOR) }
    }

    /// The shard to look in, and after which of its SKUs; `None` at the end.
    pub(crate) fn at(&self) -> Option<(u8, Option<&str>)> {
        (self.shard < SKU_SHARDS).then_some((self.shard, self.after.as_deref()))
    }

    /// Where to go on once a page ended with this SKU, or had none.
    pub(crate) fn go_on(self, last: Option<String>) -> Self {
        match last {
            Some(sku) => Self { after: Some(sku), ..self },
            None => Self { shard: self.shard + 1, after: None },
        }
    }

    /// The cursor of the next page; `None` at the end.
    pub(crate) fn next(&self) -> Option<String> {
        self.at().map(|_| self.to_string())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.shard, self.after.as_deref().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_place_and_nothing_else_is_one() {
        let first = Place::default();
        assert_eq!(first.at(), Some((0, None)));
        let within = first.go_on(Some("TEA:2".to_owned()));
        assert_eq!(within.at(), Some((0, Some("TEA:2"))));
        let beyond = within.clone().go_on(None);
        assert_eq!(beyond.at(), Some((1, None)));
        for place in [within, beyond] {
            assert_eq!(Place::read(place.next().as_deref()).unwrap(), place);
        }
        let end = Place { shard: SKU_SHARDS - 1, after: None }.go_on(None);
        assert_eq!((end.at(), end.next()), (None, None));
        for text in ["", "TEA", "x:TEA", &format!("{SKU_SHARDS}:TEA"), "0:\n"] {
            assert!(Place::read(Some(text)).is_err(), "{text}");
        }
    }
}
