//! How goods come back: by which account and service, and to which address.

use crate::id::ConnectionId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What return labels are booked with. Without it none is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ReturnsSetting")]
pub struct Returns {
    /// A Click & Drop account with credit, whoever carried the goods there.
    pub connection: ConnectionId,
    /// The carrier's own code of a return service, as its account lists them.
    pub service: String,
    /// Where goods come back to.
    pub to: ReturnAddress,
}

/// An address of the merchant's. Business data; name a department, not a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnAddress {
    /// Trading name, 100 characters.
    pub company: String,
    /// From one to three street lines of 100 characters.
    pub lines: Vec<String>,
    /// Post town, 100 characters.
    pub city: String,
    /// A postcode of the United Kingdom.
    pub postcode: String,
}
