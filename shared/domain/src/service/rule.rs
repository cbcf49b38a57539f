//! The rows of the ladder, each with its own reason to say no.

use super::ServiceChoice;
use super::ask::{Ask, Size};
use super::uk::local_time;
use crate::id::ConnectionId;
use crate::order::Channel;
use jiff::civil::Time;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most parcels one shipment is cut into.
pub const MOST_PARCELS: u32 = 10;

/// A service of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ServiceWay")]
pub struct Way {
    /// Through which carrier account.
    pub connection: ConnectionId,
    /// What to book.
    pub service: ServiceChoice,
    /// Heaviest single parcel in grams: a heavier shipment goes as several parcels. Without it, always as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcel_grams: Option<u32>,
}

impl Way {
    /// Into how many parcels a shipment of this weight is cut; `None` when they would be too many.
    pub fn parcels(&self, grams: u32) -> Option<u32> {
        let parcels = match self.parcel_grams {
            Some(most) => grams.div_ceil(most.max(1)).max(1),
            None => 1,
        };
        (parcels <= MOST_PARCELS).then_some(parcels)
    }
}

/// Why a row was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ServiceLost")]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The order names another shipping method, or none.
    Method,
    /// It came through another channel.
    Channel,
    /// It goes to another country.
    Country,
    /// It goes to another postcode area.
    Area,
    /// It is lighter than the row begins.
    TooLight,
    /// It is heavier than the row ends, or would be too many parcels.
    TooHeavy,
    /// It is larger than the row takes.
    TooLarge,
    /// The row has a largest size and the goods' size is not known.
    SizeUnknown,
    /// The row looks at value in another currency than the order's.
    Currency,
    /// The goods cost less than the row begins.
    TooCheap,
    /// The goods cost more than the row ends.
    TooDear,
    /// No SKU carries a tag of the row.
    Tags,
    /// The cut-off has passed.
    CutOff,
    /// A product rule forbids the carrier or service.
    Forbidden,
    /// Another row of the rate card costs less.
    Dearer,
}

/// One rule: when everything it names fits, its service is taken. What it does not name fits everything, so
/// rules stored before a condition existed mean what they meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceRule {
    /// What staff call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Countries it covers, ISO 3166-1 alpha-2; empty for all.
    #[serde(default)]
    pub countries: Vec<String>,
    /// UK postcode areas it covers; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub areas: Vec<String>,
    /// UK postcode areas it does not cover.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except_areas: Vec<String>,
    /// Lightest shipment in grams.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub from_grams: u32,
    /// Heaviest shipment in grams.
    pub up_to_grams: u32,
    /// Largest outer measures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to_size: Option<Size>,
    /// The order is in this currency, ISO 4217; a rule by value names one, because amounts of two do not compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Goods cost at least this, in the rule's currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_value: Option<Decimal>,
    /// Goods cost at most this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to_value: Option<Decimal>,
    /// Channels it covers; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
    /// One SKU must carry one of these; empty for any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// It is taken only before this time of the day in the United Kingdom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::time::OfDay>")]
    pub cut_off: Option<Time>,
    /// The service.
    #[serde(flatten)]
    pub way: Way,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl ServiceRule {
    /// A rule that looks at weight alone.
    pub fn up_to(up_to_grams: u32, connection: ConnectionId, service: ServiceChoice) -> Self {
        Self {
            name: None,
            countries: Vec::new(),
            areas: Vec::new(),
            except_areas: Vec::new(),
            from_grams: 0,
            up_to_grams,
            up_to_size: None,
            currency: None,
            from_value: None,
            up_to_value: None,
            channels: Vec::new(),
            tags: Vec::new(),
            cut_off: None,
            way: Way { connection, service, parcel_grams: None },
        }
    }

    /// The first condition that does not fit.
    pub(super) fn refuses(&self, ask: &Ask<'_>) -> Option<Why> {
        let area = ask.to.postcode_area.as_ref();
        let tagged = || ask.goods.iter().flat_map(|g| &g.tags).any(|tag| self.tags.contains(tag));
        let checks = [
            (!self.countries.is_empty() && !self.countries.contains(&ask.to.country), Why::Country),
            (!self.areas.is_empty() && !area.is_some_and(|a| self.areas.contains(a)), Why::Area),
            (area.is_some_and(|a| self.except_areas.contains(a)), Why::Area),
            (ask.grams < self.from_grams, Why::TooLight),
            (ask.grams > self.up_to_grams, Why::TooHeavy),
            (self.currency.as_deref().is_some_and(|one| one != ask.currency), Why::Currency),
            (self.from_value.is_some_and(|least| ask.value < least), Why::TooCheap),
            (self.up_to_value.is_some_and(|most| ask.value > most), Why::TooDear),
            (!self.channels.is_empty() && !self.channels.contains(&ask.channel), Why::Channel),
            (!self.tags.is_empty() && !tagged(), Why::Tags),
            (self.cut_off.is_some_and(|end| local_time(ask.at) >= end), Why::CutOff),
        ];
        let broken = checks.into_iter().find_map(|(broken, why)| broken.then_some(why));
        broken.or_else(|| too_large(self.up_to_size, ask.size))
    }
}

/// Whether a package may be too large for a limit.
pub(super) fn too_large(limit: Option<Size>, size: Option<Size>) -> Option<Why> {
    match (limit, size) {
        (None, _) => None,
        (Some(_), None) => Some(Why::SizeUnknown),
        (Some(limit), Some(size)) => (!size.fits(limit)).then_some(Why::TooLarge),
    }
}

/// A shipping method as orders name it, and the service it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NamedService {
    /// The channel's words; case and outer spaces do not matter.
    pub method: String,
    /// Only on these channels; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
    /// The service.
    #[serde(flatten)]
    pub way: Way,
}

impl NamedService {
    pub(super) fn refuses(&self, ask: &Ask<'_>) -> Option<Why> {
        let named = ask.wish.and_then(|wish| wish.method.as_deref()).unwrap_or_default();
        if named.trim().is_empty() || named.trim().to_lowercase() != self.method.trim().to_lowercase() {
            return Some(Why::Method);
        }
        (!self.channels.is_empty() && !self.channels.contains(&ask.channel)).then_some(Why::Channel)
    }
}

/// What everything from one channel goes by, where it goes to one of the countries and is not too heavy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelService {
    /// The channel.
    pub channel: Channel,
    /// Countries it covers; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<String>,
    /// Heaviest shipment in grams.
    pub up_to_grams: u32,
    /// The service.
    #[serde(flatten)]
    pub way: Way,
}

impl ChannelService {
    pub(super) fn refuses(&self, ask: &Ask<'_>) -> Option<Why> {
        if self.channel != ask.channel {
            return Some(Why::Channel);
        }
        if !self.countries.is_empty() && !self.countries.contains(&ask.to.country) {
            return Some(Why::Country);
        }
        (ask.grams > self.up_to_grams).then_some(Why::TooHeavy)
    }
}

/// What a product may or may not be sent by, whatever the rest of the ladder says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProductRule {
    /// SKUs it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skus: Vec<String>,
    /// Tags it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The service that any shipment with such a product takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<Way>,
    /// Service codes that no shipment with such a product takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub never_codes: Vec<String>,
    /// Carriers that no shipment with such a product takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub never_carriers: Vec<super::Carrier>,
}

impl ProductRule {
    pub(super) fn concerns(&self, ask: &Ask<'_>) -> bool {
        ask.goods.iter().any(|g| self.skus.contains(&g.sku) || g.tags.iter().any(|t| self.tags.contains(t)))
    }

    pub(super) fn forbids(&self, service: &ServiceChoice) -> bool {
        self.never_carriers.contains(&service.carrier) || self.never_codes.contains(&service.code)
    }
}
