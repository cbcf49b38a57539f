//! How much of a SKU a warehouse holds, and in which spots.

use super::{Effect, Movement, Spot};
use crate::id::WarehouseId;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;

/// What lies in one spot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "HeldPieces")]
pub struct Held {
    /// Pieces there.
    pub on_hand: i64,
    /// Pieces there that no open pick list asks for. Below zero only while goods left without being picked.
    pub free: i64,
}

/// How many of a SKU a warehouse holds. `available` is kept beside the two it comes from because a
/// DynamoDB condition can compare but not subtract; a spot's `free` is kept for the same reason.
///
/// As an item it is flat, `at#<spot>` and `free#<spot>` beside the other numbers, so that one update can add to a
/// spot that was not there before.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, Attribute>")]
pub struct Level {
    /// Where.
    pub warehouse: WarehouseId,
    /// Pieces on the shelves, fit for sale.
    pub on_hand: i64,
    /// Pieces promised to orders.
    pub reserved: i64,
    /// `on_hand - reserved`.
    pub available: i64,
    /// Pieces that must be looked at before they may be sold; not on hand.
    pub quarantined: i64,
    /// Where the pieces on hand lie.
    pub spots: BTreeMap<Spot, Held>,
    /// How often pieces became free here, as the store counts it.
    pub freed: i64,
    /// Up to which of these times those who wait for the SKU have been asked first (decision 040).
    pub offered: i64,
}

/// The prefix of a spot's pieces in an item.
const AT: &str = "at#";
/// The prefix of a spot's free pieces in an item.
const FREE: &str = "free#";

#[derive(Deserialize)]
#[serde(untagged)]
enum Attribute {
    Number(i64),
    Text(String),
    Other(IgnoredAny),
}

impl TryFrom<BTreeMap<String, Attribute>> for Level {
    type Error = &'static str;

    fn try_from(fields: BTreeMap<String, Attribute>) -> Result<Self, Self::Error> {
        let number = |name: &str| match fields.get(name) {
            Some(Attribute::Number(n)) => Some(*n),
            _ => None,
        };
        let warehouse = match fields.get("warehouse") {
            Some(Attribute::Text(text)) => text.parse().map_err(|_| "a level names no warehouse")?,
            _ => return Err("a level names no warehouse"),
        };
        let mut spots: BTreeMap<Spot, Held> = BTreeMap::new();
        for (name, value) in &fields {
            let Attribute::Number(pieces) = value else { continue };
            let at = name.strip_prefix(AT);
            let Some(spot) = at.or_else(|| name.strip_prefix(FREE)) else { continue };
            let spot = spots.entry(spot.parse().map_err(|_| "a level names no spot")?).or_default();
            *(if at.is_some() { &mut spot.on_hand } else { &mut spot.free }) = *pieces;
        }
        spots.retain(|_, held| *held != Held::default());
        Ok(Self {
            warehouse,
            on_hand: number("on_hand").ok_or("a level has no on_hand")?,
            reserved: number("reserved").unwrap_or_default(),
            available: number("available").ok_or("a level has no available")?,
            quarantined: number("quarantined").unwrap_or_default(),
            spots,
            freed: number(Self::FREED).unwrap_or_default(),
            offered: number(Self::OFFERED).unwrap_or_default(),
        })
    }
}

impl Serialize for Level {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("warehouse", &self.warehouse)?;
        map.serialize_entry("on_hand", &self.on_hand)?;
        map.serialize_entry("reserved", &self.reserved)?;
        map.serialize_entry("available", &self.available)?;
        map.serialize_entry("quarantined", &self.quarantined)?;
        for (name, times) in [(Self::FREED, self.freed), (Self::OFFERED, self.offered)] {
            if times != 0 {
                map.serialize_entry(name, &times)?;
            }
        }
        for (spot, held) in &self.spots {
            map.serialize_entry(&Self::at(spot), &held.on_hand)?;
            map.serialize_entry(&Self::free(spot), &held.free)?;
        }
        map.end()
    }
}

/// Why a movement cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// More is asked for than is free to promise.
    #[error("that many are not available: orders hold the rest")]
    Available,
    /// More is given back or sent than is promised.
    #[error("that many are not reserved")]
    Reserved,
    /// More is taken from quarantine than is there.
    #[error("that many are not in quarantine")]
    Quarantined,
    /// A spot does not hold that many.
    #[error("the bin does not hold that many")]
    Spot,
    /// The movement's spots do not add up to its pieces.
    #[error("the bins do not add up to the pieces")]
    Sum,
}

impl Level {
    /// The attribute that counts how often pieces became free.
    pub const FREED: &str = "freed";
    /// The attribute that says up to which time those who wait were asked.
    pub const OFFERED: &str = "offered";

    /// A level with nothing on it.
    pub fn empty(warehouse: WarehouseId) -> Self {
        Self {
            warehouse,
            on_hand: 0,
            reserved: 0,
            available: 0,
            quarantined: 0,
            spots: BTreeMap::new(),
            freed: 0,
            offered: 0,
        }
    }

    /// Pieces became free that those who wait for the SKU were not asked about yet.
    pub fn is_news(&self) -> bool {
        self.available > 0 && self.freed > self.offered
    }

    /// The attribute of a spot's pieces.
    pub fn at(spot: &Spot) -> String {
        format!("{AT}{spot}")
    }

    /// The attribute of a spot's free pieces.
    pub fn free(spot: &Spot) -> String {
        format!("{FREE}{spot}")
    }

    /// True when the numbers agree, nothing is oversold and every piece has its spot.
    pub fn is_sound(&self) -> bool {
        let in_spots: i64 = self.spots.values().map(|held| held.on_hand).sum();
        self.reserved >= 0
            && self.available >= 0
            && self.quarantined >= 0
            && self.available == self.on_hand - self.reserved
            && in_spots == self.on_hand
            && self.spots.values().all(|held| held.on_hand >= 0)
    }

    /// Carries a movement out: the rules the store writes as conditions.
    ///
    /// # Errors
    /// `Refused` when it would promise, send or take more than there is; the level is then as before.
    pub fn apply(&mut self, movement: &Movement) -> Result<(), Refused> {
        if !movement.is_whole() {
            return Err(Refused::Sum);
        }
        let Effect { on_hand, reserved, quarantined } = movement.effect();
        if self.available + on_hand - reserved < 0 {
            return Err(Refused::Available);
        }
        if self.reserved + reserved < 0 {
            return Err(Refused::Reserved);
        }
        if self.quarantined + quarantined < 0 {
            return Err(Refused::Quarantined);
        }
        let mut spots = self.spots.clone();
        for (spot, pieces) in &movement.spots {
            let held = spots.entry(spot.clone()).or_default();
            held.on_hand += pieces;
            held.free += pieces;
        }
        if spots.values().any(|held| held.on_hand < 0) {
            return Err(Refused::Spot);
        }
        spots.retain(|_, held| *held != Held::default());
        self.spots = spots;
        self.on_hand += on_hand;
        self.reserved += reserved;
        self.available += on_hand - reserved;
        self.quarantined += quarantined;
        Ok(())
    }

    /// Pieces on the shelves that may not be sold any more on that day. What is on the packing bench was sold before.
    pub fn past(&self, today: Date) -> i64 {
        let past = self.spots.iter().filter(|(spot, _)| !spot.is_packed() && spot.is_past(today));
        past.map(|(_, held)| held.on_hand).sum()
    }

    /// The level without them: what may be promised, shown to channels and picked. `available` is below zero where
    /// more is promised than is still good.
    #[must_use]
    pub fn good_on(&self, today: Date) -> Self {
        let past = self.past(today);
        let mut good = self.clone();
        good.spots.retain(|spot, _| spot.is_packed() || !spot.is_past(today));
        good.on_hand -= past;
        good.available -= past;
        good
    }

    /// Which spots `quantity` pieces are best taken from: what expires first, then the smallest heap, so that
    /// bins empty, the dock last. Packed goods belong to somebody. With `held` spots that open pick lists ask for
    /// are drawn on when the rest does not do. May name fewer pieces than asked for.
    pub fn draw(&self, quantity: i64, held: bool) -> Vec<(Spot, i64)> {
        let mut order: Vec<(&Spot, &Held)> =
            self.spots.iter().filter(|(spot, _)| !spot.is_packed()).collect();
        order.sort_by_key(|(spot, held)| {
            let undated = spot.expires().is_none();
            (undated, spot.expires(), spot.is_dock(), held.on_hand, (*spot).clone())
        });
        let mut drawn: BTreeMap<&Spot, i64> = BTreeMap::new();
        let mut left = quantity;
        let mut pass = |room: fn(&Held) -> i64| {
            for (spot, held) in &order {
                let taken = drawn.entry(spot).or_default();
                let take = left.min(room(held).min(held.on_hand) - *taken).max(0);
                *taken += take;
                left -= take;
            }
        };
        pass(|held| held.free);
        if held {
            pass(|held| held.on_hand);
        }
        drawn.into_iter().filter(|(_, q)| *q > 0).map(|(spot, q)| (spot.clone(), q)).collect()
    }
}
