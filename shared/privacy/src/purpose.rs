//! Why personal data is read. Marketing cannot be expressed (CONTROLS A2).

use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// The closed list of reasons to read personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Someone picks or packs the order and needs the name.
    Pick,
    /// A label is booked or printed.
    Label,
    /// A person settles an exception of this order.
    Exception,
    /// Goods come back.
    Return,
    /// The buyer asks for their data or its erasure.
    Request,
    /// The law demands it.
    Legal,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 6] =
        [Self::Pick, Self::Label, Self::Exception, Self::Return, Self::Request, Self::Legal];

    /// The name used in the API and in audit records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pick => "pick",
            Self::Label => "label",
            Self::Exception => "exception",
            Self::Return => "return",
            Self::Request => "request",
            Self::Legal => "legal",
        }
    }
}

/// The purpose given is not on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("state a purpose: pick, label, exception, return, request or legal")]
pub struct UnknownPurpose;

impl FromStr for Purpose {
    type Err = UnknownPurpose;
    fn from_str(text: &str) -> Result<Self, UnknownPurpose> {
        Self::ALL.into_iter().find(|p| p.as_str() == text).ok_or(UnknownPurpose)
    }
}
