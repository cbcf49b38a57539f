//! The whole world of the sandbox.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::deliver::Outbox;
use crate::faults::{FaultKind, Faults};
use crate::meters::Meters;
use crate::royal_mail::RoyalMail;
use crate::shopify::Shop;

/// Which documented limits are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Shopify's cost bucket: 2,000 points, 100 restored per second.
    pub shopify_cost: bool,
    /// Click & Drop calls per second and key; documented as 5.
    pub click_and_drop_per_second: Option<u32>,
    /// Tracking calls per second; the real figure depends on the plan.
    pub tracking_per_second: Option<u32>,
    /// WooCommerce calls per second and shop, as a host's firewall would keep them; the core has no limit.
    pub woocommerce_per_second: Option<u32>,
    /// Amazon's usage plans: a bucket for each operation of each seller.
    pub amazon: bool,
    /// eBay's calls per day and revisions of a listing per day; see [`crate::ebay`].
    pub ebay: bool,
}

impl Limits {
    /// As documented by each system; WooCommerce documents none.
    pub const DOCUMENTED: Self = Self {
        shopify_cost: true,
        click_and_drop_per_second: Some(5),
        tracking_per_second: None,
        woocommerce_per_second: None,
        amazon: true,
        ebay: true,
    };
}

/// Everything the sandbox knows, behind the lock of [`crate::Sandbox`].
pub struct State {
    pub(crate) seed: u64,
    pub(crate) rng: StdRng,
    /// The sandbox's time.
    pub clock: Clock,
    /// Which limits are kept.
    pub limits: Limits,
    /// Misbehaviour in force.
    pub faults: Faults,
    /// Counts and captured requests.
    pub meters: Meters,
    /// Shops by domain.
    pub shops: BTreeMap<String, Shop>,
    /// Click & Drop, its parcels and the tracking service.
    pub royal_mail: RoyalMail,
    /// WooCommerce shops.
    pub woocommerce: crate::woocommerce::World,
    /// Magento shops.
    pub magento: crate::magento::World,
    /// Amazon sellers.
    pub amazon: crate::amazon::World,
    /// eBay sellers.
    pub ebay: crate::ebay::World,
    /// The Pro Shipping account.
    pub pro_shipping: crate::pro_shipping::World,
    /// What the merchant's own systems answer to events, by name.
    pub(crate) receivers: BTreeMap<String, u16>,
    /// DPD accounts.
    pub dpd: crate::dpd::World,
    /// Webhooks waiting to be sent, and how sending went.
    pub outbox: Outbox,
    next_id: i64,
}

impl State {
    /// A world with nothing in it but one Royal Mail account.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            rng: StdRng::seed_from_u64(seed),
            clock: Clock::Set(Timestamp::from_second(1_795_424_400).unwrap_or(Timestamp::UNIX_EPOCH)),
            limits: Limits::default(),
            faults: Faults::default(),
            meters: Meters::default(),
            shops: BTreeMap::new(),
            royal_mail: RoyalMail::new(),
            woocommerce: crate::woocommerce::World::default(),
            magento: crate::magento::World::default(),
            amazon: crate::amazon::World::default(),
            ebay: crate::ebay::World::default(),
            pro_shipping: crate::pro_shipping::World::default(),
            receivers: BTreeMap::new(),
            dpd: crate::dpd::World::default(),
            outbox: Outbox::default(),
            next_id: 4_611_686_018_427_000_001,
        }
    }

    /// Forgets everything but the clock and the limits, and starts the dice again from the seed.
    pub fn reset(&mut self) {
        let (clock, limits) = (self.clock, self.limits);
        *self = Self::new(self.seed);
        self.clock = clock;
        self.limits = limits;
    }

    /// Sandbox time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A new number above 2^53, for ids of things the sandbox makes.
    pub(crate) fn fresh_id(&mut self) -> i64 {
        self.next_id += 1;
        self.next_id
    }

    /// A random UUID (version 4 layout) from the seeded dice.
    pub(crate) fn fresh_uuid(&mut self) -> String {
        let bits: u128 = self.rng.random();
        let bits = (bits & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
        let hex = format!("{bits:032x}");
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }

    /// The misbehaviour for this request, if any of a kind the caller can act on.
    pub(crate) fn take_fault(
        &mut self,
        endpoint: &str,
        wanted: impl Fn(&FaultKind) -> bool,
    ) -> Option<FaultKind> {
        self.faults.take(&mut self.rng, endpoint, wanted)
    }

    /// Notes an invalid request.
    pub(crate) fn refuse(&mut self, endpoint: &str, reason: impl Into<String>) {
        let now = self.now();
        self.meters.refuse(endpoint, now, reason);
    }
}
