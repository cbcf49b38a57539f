//! Tokens that channels give for an hour or two against lasting credentials.

use jiff::Timestamp;
use waybill_privacy::secret::Secret;

/// What a channel gave.
#[derive(Debug, Clone)]
pub struct Token {
    /// Goes with every call.
    pub access: Secret,
    /// When it ends, by the channel's word; use it until a minute before.
    pub expires_at: Timestamp,
    /// What to refresh with from now on, where that changes.
    pub refresh: Option<Secret>,
}
