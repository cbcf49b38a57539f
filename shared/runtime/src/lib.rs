//! What every function shares besides its work: configuration, clients, logging, batches and the way out.

pub mod arrival;
pub mod aws;
pub mod batch;
pub mod channel;
pub mod config;
pub mod directory;
pub mod failure;
pub mod line;
pub mod log;
pub mod metrics;
pub mod outbound;
pub mod platform;
pub mod problem;
pub mod pushes;
pub mod remote;
pub mod schedule;
pub mod sign_in;
pub mod token;
mod token_cache;
mod traces;
pub mod trial;

pub use channel::Channels;
pub use directory::Directory;
pub use failure::{Failure, Step};
pub use outbound::Outbound;
pub use pushes::Pushes;

use jiff::Timestamp;
use std::sync::Arc;

/// 128 bits of chance in hexadecimal; `None` when there is none to be had.
pub fn nonce() -> Option<String> {
    let mut bytes = [0u8; 16];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

/// Where "now" comes from: the system in a function, the harness in a test.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The system's time.
    pub fn system() -> Self {
        Self(Arc::new(Timestamp::now))
    }

    /// A time that someone else keeps.
    pub fn of(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time, never before what a message's sender already knew.
    pub fn now(&self, known: Timestamp) -> Timestamp {
        (self.0)().max(known)
    }

    /// The time.
    pub fn read(&self) -> Timestamp {
        (self.0)()
    }
}
