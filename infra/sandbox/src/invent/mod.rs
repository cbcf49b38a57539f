//! Invented shops' goods, people and orders. Pure: the same seed gives the same orders. Nobody here exists:
//! telephone numbers are from Ofcom's range for drama, mail ends in `.invalid`.

mod canary;
mod catalogue;
mod order;
mod people;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use canary::{canary_order, canary_postcode};
pub use catalogue::{Product, catalogue};

/// What an invented order is there to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One line, one unit or a few, a United Kingdom address.
    Plain,
    /// Two to five lines.
    SeveralLines,
    /// Paid in EUR in a GBP shop.
    TwoCurrencies,
    /// A name and address with letters outside ASCII.
    NonAscii,
    /// Goods to ship and no address: the app may not see it.
    NoAddress,
    /// Collected in person.
    Pickup,
    /// Nothing to ship.
    DigitalOnly,
    /// Goods to ship and goods that are not shipped.
    MixedDigital,
    /// Gift texts in the note and in line properties.
    Gift,
    /// Far more of a scarce article than anyone has.
    BeyondStock,
    /// A test order of the shop.
    Test,
}

/// How often each kind comes, as weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mix {
    weights: Vec<(Kind, u32)>,
}

impl Mix {
    /// Only these kinds, with these weights; with no weight at all every order is plain.
    pub fn of(weights: &[(Kind, u32)]) -> Self {
        Self { weights: weights.to_vec() }
    }

    /// Only plain orders.
    pub fn plain() -> Self {
        Self::of(&[(Kind::Plain, 1)])
    }

    /// Every kind that can be shipped without anyone looking at it.
    pub fn shippable() -> Self {
        use Kind::{Gift, MixedDigital, NonAscii, Plain, SeveralLines, TwoCurrencies};
        Self::of(&[
            (Plain, 50),
            (SeveralLines, 25),
            (NonAscii, 10),
            (TwoCurrencies, 5),
            (Gift, 5),
            (MixedDigital, 5),
        ])
    }

    fn pick(&self, rng: &mut StdRng) -> Kind {
        let total: u32 = self.weights.iter().map(|(_, weight)| weight).sum();
        let mut left = if total == 0 { 0 } else { rng.random_range(0..total) };
        for (kind, weight) in &self.weights {
            if left < *weight {
                return *kind;
            }
            left -= weight;
        }
        Kind::Plain
    }
}

impl Default for Mix {
    /// Every kind, the ordinary ones most.
    fn default() -> Self {
        use Kind::*;
        Self::of(&[
            (Plain, 48),
            (SeveralLines, 20),
            (NonAscii, 8),
            (TwoCurrencies, 4),
            (Gift, 4),
            (MixedDigital, 4),
            (DigitalOnly, 3),
            (NoAddress, 3),
            (Pickup, 2),
            (BeyondStock, 2),
            (Test, 2),
        ])
    }
}

/// One invented order.
#[derive(Debug, Clone, PartialEq)]
pub struct InventedOrder {
    /// What it is there to show.
    pub kind: Kind,
    /// The order in REST webhook shape.
    pub order: Value,
}

/// `n` orders of this seed, with ids that no other seed below 1,000,000 and no other index has.
pub fn orders(seed: u64, n: usize, mix: &Mix, goods: &[Product]) -> Vec<InventedOrder> {
    let mut rng = StdRng::seed_from_u64(seed ^ 0x5741_5942_494c_4c21);
    (0..n)
        .map(|index| {
            let kind = mix.pick(&mut rng);
            InventedOrder { kind, order: order::invent(&mut rng, seed, index, kind, goods) }
        })
        .collect()
}
