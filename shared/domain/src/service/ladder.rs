//! The ladder: rung by rung, row by row, the first that takes the shipment; and the same walk as an explanation.
//!
//! Top to bottom: what staff chose for this order; what a product must go by; the method the order names; what
//! its channel goes by; the rules; the cheapest of the rate card. Product rules that forbid something hold on
//! every rung but the first: what a person chose for one order is theirs to answer for.

use super::ask::Ask;
use super::card::Rate;
use super::returns::Returns;
use super::rule::{ChannelService, NamedService, ProductRule, ServiceRule, Way, Why};
use crate::customs::Terms;
use crate::id::ConnectionId;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// A merchant's choice of services, all as data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Shipping {
    /// What products may or may not be sent by.
    pub products: Vec<ProductRule>,
    /// Methods as orders name them.
    pub named: Vec<NamedService>,
    /// What each channel goes by.
    pub channels: Vec<ChannelService>,
    /// Rules, first fit first.
    pub rules: Vec<ServiceRule>,
    /// The rate card; the cheapest fit is taken.
    pub rates: Vec<Rate>,
    /// What customs are told about every parcel that needs it.
    pub customs: Terms,
    /// What return labels are booked with; none are without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returns: Option<Returns>,
}

/// Reads it as stored: merchants of before the ladder have a list of rules in its place.
///
/// # Errors
/// When it is neither.
pub fn stored<'de, D: Deserializer<'de>>(from: D) -> Result<Shipping, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Rules(Vec<ServiceRule>),
        Ladder(Box<Shipping>),
    }
    Ok(match Stored::deserialize(from)? {
        Stored::Rules(rules) => rules.into(),
        Stored::Ladder(ladder) => *ladder,
    })
}

impl From<Vec<ServiceRule>> for Shipping {
    fn from(rules: Vec<ServiceRule>) -> Self {
        Self { rules, ..Self::default() }
    }
}

/// A rung of the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ServiceRung")]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// Chosen by staff for this order.
    Override,
    /// A product that must go by one service.
    Product,
    /// The method named on the order.
    Named,
    /// What its channel goes by.
    Channel,
    /// A rule.
    Rule,
    /// The rate card.
    Cheapest,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ServiceVerdict")]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is taken.
    Won,
    /// It does not take the shipment, and why.
    Lost(Why),
    /// It might have; one above it was taken.
    NotReached,
}

/// One row of the ladder with what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ServiceRow")]
pub struct Judged {
    /// On which rung.
    pub rung: Rung,
    /// Its place on the rung, from 0.
    pub place: usize,
    /// What staff call it, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The service it would book.
    pub code: String,
    /// What became of it.
    pub verdict: Verdict,
}

/// The whole walk: which row won, and why each other did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ServiceExplained")]
pub struct Explanation {
    /// What is booked; `None` when no row takes the shipment.
    pub chosen: Option<Way>,
    /// In how many parcels.
    pub parcels: u32,
    /// Every row, from the top.
    pub rows: Vec<Judged>,
}

/// A row before it is judged against those above it.
struct Row<'a> {
    rung: Rung,
    place: usize,
    name: Option<&'a str>,
    way: &'a Way,
    why: Option<Why>,
}

impl Shipping {
    /// The service of a shipment; `None` when nothing takes it.
    pub fn choose(&self, ask: &Ask<'_>) -> Option<(Way, u32)> {
        let told = self.explain(ask);
        told.chosen.map(|way| (way, told.parcels))
    }

    /// Walks the ladder and says what each row did. Calls nobody: this is the dry run.
    pub fn explain(&self, ask: &Ask<'_>) -> Explanation {
        let mut chosen = None;
        let mut rows = Vec::new();
        for row in self.rows(ask) {
            let parcels = row.way.parcels(ask.grams);
            let verdict = match (row.why, parcels) {
                (Some(why), _) => Verdict::Lost(why),
                (None, None) => Verdict::Lost(Why::TooHeavy),
                (None, Some(_)) if chosen.is_some() => Verdict::NotReached,
                (None, Some(parcels)) => {
                    chosen = Some((row.way.clone(), parcels));
                    Verdict::Won
                }
            };
            rows.push(Judged {
                rung: row.rung,
                place: row.place,
                name: row.name.map(str::to_owned),
                code: row.way.service.code.clone(),
                verdict,
            });
        }
        let parcels = chosen.as_ref().map_or(1, |(_, parcels)| *parcels);
        Explanation { chosen: chosen.map(|(way, _)| way), parcels, rows }
    }

    /// Every row that could ever be taken, from the top, each with its own reason to say no.
    fn rows<'a>(&'a self, ask: &Ask<'a>) -> Vec<Row<'a>> {
        let products: Vec<&ProductRule> = self.products.iter().filter(|p| p.concerns(ask)).collect();
        let allowed = |way: &Way, why: Option<Why>| {
            let forbidden = products.iter().any(|p| p.forbids(&way.service));
            why.or_else(|| forbidden.then_some(Why::Forbidden))
        };
        let row = |rung, place, name: Option<&'a str>, way: &'a Way, why| {
            let why = if rung == Rung::Override { why } else { allowed(way, why) };
            Row { rung, place, name, way, why }
        };
        let mut rows = Vec::new();
        if let Some(way) = ask.wish.and_then(|wish| wish.pinned.as_ref()) {
            rows.push(row(Rung::Override, 0, None, way, None));
        }
        for (n, way) in products.iter().enumerate().filter_map(|(n, p)| Some((n, p.only.as_ref()?))) {
            rows.push(row(Rung::Product, n, None, way, None));
        }
        for (n, one) in self.named.iter().enumerate() {
            rows.push(row(Rung::Named, n, Some(&one.method), &one.way, one.refuses(ask)));
        }
        for (n, one) in self.channels.iter().enumerate() {
            rows.push(row(Rung::Channel, n, Some(one.channel.as_str()), &one.way, one.refuses(ask)));
        }
        for (n, one) in self.rules.iter().enumerate() {
            rows.push(row(Rung::Rule, n, one.name.as_deref(), &one.way, one.refuses(ask)));
        }
        let quotes: Vec<Result<Decimal, Why>> =
            self.rates.iter().map(|rate| allowed(&rate.way, None).map_or(rate.quote(ask), Err)).collect();
        let cheapest = quotes.iter().filter_map(|quote| quote.ok()).min();
        let mut taken = false;
        for (n, (rate, quote)) in self.rates.iter().zip(quotes).enumerate() {
            let why = match quote {
                Err(why) => Some(why),
                Ok(price) if Some(price) == cheapest && !taken => {
                    taken = true;
                    None
                }
                Ok(_) => Some(Why::Dearer),
            };
            rows.push(row(Rung::Cheapest, n, None, &rate.way, why));
        }
        rows
    }

    /// True when a row speaks of tags or measures, so that the catalogue must be asked.
    pub fn looks_at_products(&self) -> bool {
        !self.products.is_empty()
            || self.rules.iter().any(|rule| !rule.tags.is_empty() || rule.up_to_size.is_some())
            || self.rates.iter().any(|rate| rate.up_to_size.is_some())
    }

    /// Every service a shipment may be booked with, beside its list here and its place on that.
    pub fn ways(&self) -> impl Iterator<Item = (&'static str, usize, &Way)> {
        let only =
            self.products.iter().enumerate().filter_map(|(n, p)| Some(("products", n, p.only.as_ref()?)));
        let named = self.named.iter().enumerate().map(|(n, row)| ("named", n, &row.way));
        let channels = self.channels.iter().enumerate().map(|(n, row)| ("channels", n, &row.way));
        let rules = self.rules.iter().enumerate().map(|(n, row)| ("rules", n, &row.way));
        let rates = self.rates.iter().enumerate().map(|(n, row)| ("rates", n, &row.way));
        only.chain(named).chain(channels).chain(rules).chain(rates)
    }

    /// Every carrier account a shipment may be booked through, each once.
    pub fn connections(&self) -> Vec<ConnectionId> {
        let mut all: Vec<ConnectionId> = self.ways().map(|(_, _, way)| way.connection.clone()).collect();
        all.sort();
        all.dedup();
        all
    }
}
