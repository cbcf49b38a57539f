//! What a request needs besides its content, given from outside so that building stays pure.

use jiff::Timestamp;

/// Time and chance of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Now.
    pub now: Timestamp,
    /// 32 hexadecimal digits that no other request has.
    pub nonce: String,
}
