//! One program, and one library, that plays the shops and carriers Waybill talks to: Shopify's GraphQL Admin
//! API and its webhook sender, Royal Mail Click & Drop v1 and Royal Mail Tracking v2.
//!
//! It is stateful, refuses what the real systems document that they refuse, keeps their limits when asked to,
//! and misbehaves on request ([`faults`]). Everything happens synchronously under one lock and all time and
//! randomness come from the sandbox itself, so a simulation that drives [`Sandbox::answer`] or
//! [`Sandbox::router`] with the same seed sees the same world twice.

pub mod amazon;
pub mod clock;
pub mod control;
pub mod deliver;
pub mod dpd;
pub mod ebay;
pub mod faults;
pub mod invent;
pub mod magento;
pub mod meters;
pub mod pro_shipping;
mod receiver;
pub mod royal_mail;
mod serve;
pub mod shopify;
pub mod state;
pub mod wire;
pub mod woocommerce;
mod zpl;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use deliver::{DeliveryResult, SignedWebhook};
pub use faults::{Fault, FaultKind};
use jiff::Timestamp;
pub use serve::{Options, serve};
pub use shopify::webhooks::WebhookOptions;
use state::State;
pub use wire::{Call, LOST_REPLY_HEADER, Reply, SLOW_HEADER};

/// The shared world. Cloning it is cheap and every clone is the same world.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Mutex<State>>,
}

impl Sandbox {
    /// A new world with one Royal Mail account ([`royal_mail::DEFAULT_KEY`]) and no shop. `seed` decides every
    /// invented id and every dice throw. Time stands still at 2026-11-23T09:00:00Z until it is set or told to
    /// follow the system; documented rate limits are off until [`Sandbox::set_limits`].
    pub fn new(seed: u64) -> Self {
        Self { inner: Arc::new(Mutex::new(State::new(seed))) }
    }

    /// Sets the clock. Going backwards is allowed.
    pub fn set_now(&self, now: Timestamp) {
        self.lock().clock.set(now);
    }

    /// What time it is in the sandbox.
    pub fn now(&self) -> Timestamp {
        self.lock().clock.now()
    }

    /// Lets the clock follow the computer's own (what the program does).
    pub fn follow_system_clock(&self) {
        self.lock().clock.follow_system();
    }

    /// Turns the documented rate limits on or off.
    pub fn set_limits(&self, limits: state::Limits) {
        self.lock().limits = limits;
    }

    /// Adds a misbehaviour; the oldest one that fits a request is used first.
    pub fn add_fault(&self, fault: Fault) {
        self.lock().faults.add(fault);
    }

    /// Ends all misbehaviour.
    pub fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// Answers one request, synchronously. [`Sandbox::router`] is a thin wrapper around this.
    pub fn answer(&self, call: &Call) -> Reply {
        wire::answer(&mut self.lock(), call)
    }

    /// The whole HTTP surface, for `tower::ServiceExt::oneshot` or a listener.
    pub fn router(&self) -> axum::Router {
        wire::router(self.clone())
    }

    /// Counts, orders, bookings and refusals so far: the same document as `GET /control/state`.
    pub fn report(&self) -> serde_json::Value {
        control::report(&self.lock())
    }

    /// Runs `look` on the whole state under the lock: for tests and simulations that need more than the report.
    pub fn with_state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
