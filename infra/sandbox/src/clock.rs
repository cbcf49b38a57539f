//! The sandbox's own time.

use jiff::{SignedDuration, Timestamp};

/// Either stands where it was put, or runs with the computer's clock plus an offset.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// Stands still until set again.
    Set(Timestamp),
    /// Runs with the system, shifted.
    System(SignedDuration),
}

impl Clock {
    /// What time it is.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::Set(at) => *at,
            Self::System(shift) => Timestamp::now().checked_add(*shift).unwrap_or(Timestamp::MAX),
        }
    }

    /// Sets the time. A standing clock stays standing, a running one runs on from there.
    pub fn set(&mut self, to: Timestamp) {
        match self {
            Self::Set(at) => *at = to,
            Self::System(shift) => *shift = to.duration_since(Timestamp::now()),
        }
    }

    /// Moves the time by `by`, in either direction.
    pub fn advance(&mut self, by: SignedDuration) {
        let to = self.now().checked_add(by).unwrap_or(Timestamp::MAX);
        self.set(to);
    }

    /// Runs with the computer's clock from now on.
    pub fn follow_system(&mut self) {
        *self = Self::System(SignedDuration::ZERO);
    }

    /// Stops the clock where it is.
    pub fn stand_still(&mut self) {
        *self = Self::Set(self.now());
    }
}

/// `2026-11-23T09:00:00Z`, whole seconds, as GraphQL and Click & Drop write it.
pub fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-11-23T09:00:00+00:00`, whole seconds, as Shopify's REST bodies write it.
pub fn rest(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// Reads a time with any offset; `None` when it is not one.
pub fn read(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}
