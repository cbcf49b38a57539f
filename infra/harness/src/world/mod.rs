//! Every function of an order's road in one process: the handlers as they are deployed, on in-memory AWS, with
//! the sandbox for shop and carrier and a clock that somebody else moves.
//!
//! One merchant with two warehouses, a Shopify shop, a Royal Mail account and one at DPD. The simulation and the bench put
//! their own [`Outside`] between the handlers and everything else.

mod functions;
mod outbound;
mod setup;

pub use functions::Functions;
pub use outbound::{Hasty, Late, ToSandbox};
pub use setup::{Setup, Stocked};

use jiff::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use waybill_domain::{ConnectionId, MerchantId, OrderId};
use waybill_privacy::index::IndexKey;
use waybill_runtime::Clock;
use waybill_sandbox::Sandbox;
use waybill_store::memory::{Engine, MemoryBus, MemoryDocuments, MemoryKms, MemoryQueues};
use waybill_store::registry::Merchant;
use waybill_store::{Db, StoreError};

/// The shop of the world.
pub const SHOP: &str = "harbour-finch.myshopify.com";

/// Why a world could not be made or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    /// In-memory AWS.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The world itself is set up wrongly: a fault of the harness.
    #[error("the harness set its world up wrongly: {0}")]
    Setup(&'static str),
}

/// A clock that stands still until it is moved. Cloning it is cheap and every clone is the same clock.
#[derive(Debug, Clone)]
pub struct Time(Arc<AtomicI64>);

impl Time {
    /// A clock that stands at `at`.
    pub fn at(at: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(at.as_microsecond())))
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.load(Ordering::Relaxed)).unwrap_or_default()
    }

    /// Moves the clock.
    pub fn set(&self, to: Timestamp) {
        self.0.store(to.as_microsecond(), Ordering::Relaxed);
    }

    /// The clock as handlers read it.
    pub fn clock(&self) -> Clock {
        let time = self.clone();
        Clock::of(move || time.now())
    }
}

/// The world.
pub struct World {
    /// Tables.
    pub engine: Engine,
    /// A client of the tables for the harness itself.
    pub db: Db,
    /// Keys.
    pub kms: MemoryKms,
    /// Messages that were sent.
    pub queues: MemoryQueues,
    /// The label bucket.
    pub documents: MemoryDocuments,
    /// What was published.
    pub bus: MemoryBus,
    /// Shop and carrier.
    pub sandbox: Sandbox,
    /// Requests to the sandbox that are still on their way though their sender gave up.
    pub late: Late,
    /// A planted bug of voids.
    pub hasty: Hasty,
    /// The time.
    pub time: Time,
    /// The handlers.
    pub functions: Functions,
    /// The merchant.
    pub merchant: Merchant,
    /// Its shop connection.
    pub shop: ConnectionId,
    /// Its connection at Royal Mail.
    pub carrier: ConnectionId,
    /// Its index key.
    pub index: IndexKey,
}

impl World {
    /// Moves the time, here and in the sandbox.
    pub fn set_now(&self, to: Timestamp) {
        self.time.set(to);
        self.sandbox.set_now(to);
    }

    /// Our id of an order of the shop.
    ///
    /// # Errors
    /// Never in practice.
    pub fn order_id(&self, channel_id: i64) -> Result<OrderId, WorldError> {
        self.index.order_id(&self.shop, &channel_id.to_string()).map_err(|_| WorldError::Setup("order id"))
    }

    /// The merchant's id.
    pub fn merchant_id(&self) -> &MerchantId {
        &self.merchant.id
    }
}
