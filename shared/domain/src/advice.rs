//! What to do after a call to another system failed: every connector's error says one of these.

use crate::exception::Reason;

/// The next step after a failed call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Try again as the queue does; the other side may simply have been busy.
    Retry,
    /// Try again, but not before this many seconds have passed.
    Wait {
        /// Seconds, as the other side asked or its documented limit implies.
        seconds: u32,
    },
    /// The same request will never succeed and nothing is lost by dropping it.
    GiveUp,
    /// A person must act; the order gets an exception with this reason.
    AskPerson(Reason),
}
