//! A merchant's way of choosing where goods come from, as data.

use crate::boxes::BoxKind;
use crate::catalogue::{Catalogue, Invalid, Part};
use crate::id::WarehouseId;
use crate::money::is_currency;
use crate::order::{Channel, Line, Order};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What makes one way of serving an order better than another. A policy names them in the order they count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// Fewer parcels.
    FewestShipments,
    /// Fewer pieces from warehouses that are not near the buyer's postcode area.
    Nearest,
    /// Preferred warehouses.
    Priority,
    /// Warehouses that have most of it.
    MostStock,
    /// Goods that expire first.
    OldestExpiry,
}

impl Criterion {
    /// Why a candidate lost on it, for people.
    pub fn lost(self) -> &'static str {
        match self {
            Self::FewestShipments => "it takes more shipments",
            Self::Nearest => "more pieces come from far away",
            Self::Priority => "its warehouses are less preferred",
            Self::MostStock => "its warehouses have less of it",
            Self::OldestExpiry => "its goods expire later",
        }
    }
}

/// When a rule applies. What is empty or absent applies to all; everything named must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SourcingWhen")]
#[serde(default)]
pub struct When {
    /// Orders of one of these channels.
    pub channels: Vec<Channel>,
    /// Orders to one of these countries, ISO 3166-1 alpha-2.
    pub countries: Vec<String>,
    /// Orders with a SKU that has one of these tags.
    pub tags: Vec<String>,
    /// Orders in this currency, ISO 4217; a rule by value names one, because amounts of two currencies do not compare.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Orders worth at least this, in the rule's currency.
    pub value_from: Option<Decimal>,
    /// Orders worth less than this.
    pub value_below: Option<Decimal>,
    /// Orders that weigh at least this, in grams.
    pub grams_from: Option<u32>,
    /// Orders that weigh less than this.
    pub grams_below: Option<u32>,
}

/// What a rule does. What is absent is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SourcingThen")]
#[serde(default)]
pub struct Then {
    /// Only these warehouses.
    pub only: Vec<WarehouseId>,
    /// Not these warehouses.
    pub never: Vec<WarehouseId>,
    /// What counts, in order.
    pub criteria: Option<Vec<Criterion>>,
    /// Whether it may go out in parts.
    pub part_ship: Option<bool>,
    /// Whether its labels wait until it is packed.
    pub book_when_packed: Option<bool>,
    /// It is held for a person.
    pub hold: bool,
}

/// One rule; all that apply are carried out, the later one winning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SourcingRule")]
pub struct Rule {
    /// What it is called in explanations: letters, digits, `-`.
    pub name: String,
    /// When.
    #[serde(default)]
    pub when: When,
    /// What.
    pub then: Then,
}

/// Pieces kept back at every warehouse for one channel: orders of other channels cannot have them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pool {
    /// For whom.
    pub channel: Channel,
    /// Of which SKU.
    pub sku: String,
    /// How many at each warehouse.
    pub pieces: u32,
}

/// Pieces a channel is not shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Buffer {
    /// Which channel.
    pub channel: Channel,
    /// How many of each SKU, over all warehouses.
    pub pieces: u32,
}

/// A merchant's policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SourcingPolicy")]
#[serde(default)]
pub struct Policy {
    /// What counts, in order. That most of the order is served always counts first.
    pub criteria: Vec<Criterion>,
    /// Exceptions.
    pub rules: Vec<Rule>,
    /// Whether orders may go out in parts; the merchant's own setting when absent.
    pub part_ship: Option<bool>,
    /// Whether labels are bought when the packing check of an order found everything there. Without it they are bought
    /// at once, before anybody walks to the shelves.
    pub book_when_packed: bool,
    /// Kept back for channels.
    pub pools: Vec<Pool>,
    /// Not shown to channels.
    pub buffers: Vec<Buffer>,
    /// How long an unpaid order keeps its goods, in hours.
    pub unpaid_hours: u32,
    /// The largest difference in pieces that a count books without approval.
    pub count_limit: u32,
    /// What parcels are packed in.
    pub boxes: Vec<BoxKind>,
}

/// The longest an unpaid order may keep its goods: Amazon clears a pending order within 21 days or cancels it.
pub const LONGEST_UNPAID_HOURS: u32 = 21 * 24;

impl Default for Policy {
    fn default() -> Self {
        Self {
            criteria: vec![Criterion::FewestShipments, Criterion::Nearest, Criterion::Priority],
            rules: Vec::new(),
            part_ship: None,
            book_when_packed: false,
            pools: Vec::new(),
            buffers: Vec::new(),
            unpaid_hours: 72,
            count_limit: 5,
            boxes: Vec::new(),
        }
    }
}

/// What the rules make of one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// What counts, in order.
    pub criteria: Vec<Criterion>,
    /// It may go out in parts.
    pub part_ship: bool,
    /// Its labels wait until it is packed.
    pub book_when_packed: bool,
    /// Only these warehouses; `None` for all.
    pub only: Option<Vec<WarehouseId>>,
    /// Not these.
    pub never: Vec<WarehouseId>,
    /// The rule that holds it for a person.
    pub hold: Option<String>,
    /// Names of the rules that applied.
    pub applied: Vec<String>,
}

impl Terms {
    /// An order may come from there.
    pub fn allows(&self, warehouse: &WarehouseId) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(warehouse)) && !self.never.contains(warehouse)
    }
}

impl When {
    /// Whether an order is meant.
    pub fn applies(&self, order: &Order, catalogue: &Catalogue) -> bool {
        let country = order.destination.as_ref().map(|d| d.country.as_str());
        let value = order.total.amount;
        let grams = grams(order, catalogue);
        let tagged = || {
            let skus = order.lines.iter().filter_map(|l| l.sku.as_deref());
            let parts = skus.flat_map(|sku| {
                let parts = catalogue.resolve(&order.connection, sku).unwrap_or_default();
                parts.into_iter().map(|p| p.sku).chain([sku.to_owned()])
            });
            let names: BTreeSet<String> = parts.collect();
            names
                .iter()
                .filter_map(|name| catalogue.skus.get(name))
                .any(|sku| sku.tags.iter().any(|tag| self.tags.contains(tag)))
        };
        (self.channels.is_empty() || self.channels.contains(&order.channel))
            && (self.countries.is_empty()
                || country.is_some_and(|c| self.countries.iter().any(|one| one == c)))
            && self.currency.as_ref().is_none_or(|one| *one == order.total.currency)
            && self.value_from.is_none_or(|from| value >= from)
            && self.value_below.is_none_or(|below| value < below)
            && self.grams_from.is_none_or(|from| grams >= u64::from(from))
            && self.grams_below.is_none_or(|below| grams < u64::from(below))
            && (self.tags.is_empty() || tagged())
    }
}

/// What an order weighs, in grams: by what the channel says of a piece, or the catalogue where it says nothing.
fn grams(order: &Order, catalogue: &Catalogue) -> u64 {
    let entered = |sku: &str| -> u64 {
        let parts = catalogue.resolve(&order.connection, sku).unwrap_or_default();
        let weight = |part: &Part| catalogue.skus.get(&part.sku).map_or(0, |sku| u64::from(sku.grams));
        parts.iter().map(|part| weight(part) * u64::from(part.units)).sum()
    };
    let piece = |line: &Line| match line.grams {
        0 => line.sku.as_deref().map_or(0, entered),
        said => u64::from(said),
    };
    order.lines.iter().filter(|l| l.ships).map(|line| piece(line) * u64::from(line.quantity)).sum()
}

impl Policy {
    /// What the policy makes of one order; `part_ship` is the merchant's own setting.
    pub fn terms(&self, order: &Order, catalogue: &Catalogue, part_ship: bool) -> Terms {
        let mut terms = Terms {
            criteria: self.criteria.clone(),
            part_ship: self.part_ship.unwrap_or(part_ship),
            book_when_packed: self.book_when_packed,
            only: None,
            never: Vec::new(),
            hold: None,
            applied: Vec::new(),
        };
        for rule in self.rules.iter().filter(|rule| rule.when.applies(order, catalogue)) {
            let Then { only, never, criteria, part_ship, book_when_packed, hold } = &rule.then;
            if !only.is_empty() {
                terms.only = Some(only.clone());
            }
            terms.never.extend(never.iter().cloned());
            if let Some(criteria) = criteria {
                terms.criteria.clone_from(criteria);
            }
            terms.part_ship = part_ship.unwrap_or(terms.part_ship);
            terms.book_when_packed = book_when_packed.unwrap_or(terms.book_when_packed);
            if *hold {
                terms.hold = Some(rule.name.clone());
            }
            terms.applied.push(rule.name.clone());
        }
        // Who said it of this one order knew the rules.
        terms.part_ship &= !order.instructions.ship_complete;
        terms
    }

    /// Pieces of a SKU that orders of `channel` cannot have at any warehouse, because they are others'.
    pub fn kept_back(&self, channel: Channel, sku: &str) -> i64 {
        let others = self.pools.iter().filter(|pool| pool.channel != channel && pool.sku == sku);
        others.map(|pool| i64::from(pool.pieces)).sum()
    }

    /// What a channel may be shown of a SKU: `available` at each warehouse, less what is kept back.
    pub fn shown(&self, channel: Channel, sku: &str, available: &[i64], safety: u32) -> i64 {
        self.shown_each(channel, sku, available, safety).iter().sum()
    }

    /// The same at each warehouse, for a channel that knows places. What is kept back of the whole is taken from the
    /// last ones first.
    pub fn shown_each(&self, channel: Channel, sku: &str, available: &[i64], safety: u32) -> Vec<i64> {
        let kept = self.kept_back(channel, sku);
        let buffer: i64 =
            self.buffers.iter().filter(|b| b.channel == channel).map(|b| i64::from(b.pieces)).sum();
        let mut back = buffer + i64::from(safety);
        let mut each: Vec<i64> = available.iter().map(|there| (there - kept).max(0)).collect();
        for there in each.iter_mut().rev() {
            let taken = back.min(*there);
            *there -= taken;
            back -= taken;
        }
        each
    }

    /// Checks every field.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), Invalid> {
        let must = |holds: bool, field, must| if holds { Ok(()) } else { Err(Invalid { field, must }) };
        let once = |all: &[Criterion]| all.iter().enumerate().all(|(n, c)| !all[..n].contains(c));
        must(once(&self.criteria), "criteria", "named once each")?;
        must(self.rules.len() <= 50, "rules", "50 at most")?;
        must(self.pools.len() <= 200, "pools", "200 at most")?;
        must((1..=LONGEST_UNPAID_HOURS).contains(&self.unpaid_hours), "unpaid_hours", "1 to 504")?;
        for rule in &self.rules {
            let name = (1..=40).contains(&rule.name.len())
                && rule.name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            must(name, "rules", "named with 1 to 40 letters, digits or `-`")?;
            must(rule.then.criteria.as_deref().is_none_or(once), "rules", "naming criteria once each")?;
            let When { currency, value_from, value_below, .. } = &rule.when;
            must(currency.as_deref().is_none_or(is_currency), "rules", "of a currency such as GBP")?;
            let by_value = value_from.is_some() || value_below.is_some();
            must(!by_value || currency.is_some(), "rules", "naming the currency where they look at value")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_shown_what_is_free_for_it() {
        let policy = Policy {
            pools: vec![Pool { channel: Channel::Amazon, sku: "A".into(), pieces: 3 }],
            buffers: vec![Buffer { channel: Channel::Ebay, pieces: 2 }],
            ..Policy::default()
        };
        assert_eq!(policy.shown(Channel::Amazon, "A", &[5, 2], 0), 7);
        assert_eq!(policy.shown(Channel::Ebay, "A", &[5, 9], 1), 2 + 6 - 2 - 1);
        assert_eq!(policy.shown(Channel::Ebay, "A", &[1, 1], 1), 0);
        assert_eq!(policy.shown_each(Channel::Ebay, "A", &[5, 9], 1), [2, 3]);
        assert_eq!(policy.shown_each(Channel::Ebay, "A", &[9, 5], 3), [3, 0], "more than the last one has");
    }

    #[test]
    fn a_rule_by_value_means_one_currency() {
        let mut order = crate::allocation::tests::order("BS", &[("MUG", 1)]);
        order.total = crate::money::Money { amount: 600.into(), currency: "GBP".into() };
        let when = |currency: Option<&str>| When {
            currency: currency.map(str::to_owned),
            value_from: Some(500.into()),
            ..When::default()
        };
        let applies = |when: &When, order: &Order| when.applies(order, &Catalogue::default());
        assert!(applies(&when(Some("GBP")), &order));
        assert!(!applies(&when(Some("EUR")), &order), "600 pounds are not 600 euros");
        let check = |when: When| {
            let rule = Rule { name: "dear".into(), when, then: Then::default() };
            Policy { rules: vec![rule], ..Policy::default() }.check().is_ok()
        };
        assert!(check(when(Some("GBP"))));
        assert!(!check(when(None)), "which currency?");
        assert!(!check(when(Some("pounds"))));
        assert!(!check(When {
            currency: None,
            value_from: None,
            value_below: Some(1.into()),
            ..When::default()
        }));
    }

    #[test]
    fn a_policy_is_read_from_little() {
        let policy: Policy = serde_json::from_str(
            r#"{"rules":[{"name":"dear","when":{"currency":"GBP","value_from":"500"},"then":{"hold":true}}]}"#,
        )
        .unwrap();
        assert!(policy.check().is_ok());
        assert_eq!(policy.criteria, Policy::default().criteria);
        let twice = Policy { criteria: vec![Criterion::Nearest; 2], ..Policy::default() };
        assert_eq!(twice.check().unwrap_err().field, "criteria");
    }
}
