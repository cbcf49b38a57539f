//! The canary scan (CONTROLS section 4): every place of a running stack that can hold data is found from the
//! template, read whole, and searched for values that must not be there, in every form in which they could hide.

mod carrier;
mod fields;
mod layers;
mod needles;
mod personal;
mod read;
mod scan;
mod sinks;
pub mod template;

pub use carrier::{Disclosures, carrier_check};
pub use fields::{Keeps, Kept};
pub use layers::each as each_layer;
pub use needles::{Form, Needles};
pub use personal::{canary_of, canary_tokens, personal_anywhere, personal_tokens};
pub use read::events;
pub use scan::{Hit, Report, SinkReport, scan};
pub use sinks::Kind;

/// A value that must not be found, and where it came from.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token {
    /// JSON pointer in the order it belongs to: what a report shows.
    pub pointer: String,
    /// The value: what a report never shows.
    pub value: String,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Token({})", self.pointer)
    }
}
