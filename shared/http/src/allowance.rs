//! What is left of what a caller may do in a while, an hour unless it says otherwise, as headers: `RateLimit-Limit`, `RateLimit-Remaining` and
//! `RateLimit-Reset` (draft-ietf-httpapi-ratelimit-headers-07), and `Retry-After` when it was refused (RFC 9110).

use axum::response::{IntoResponseParts, ResponseParts};
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use std::convert::Infallible;

/// How much is allowed in the while.
pub const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
/// How much is left of it.
pub const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
/// In how many seconds it begins anew.
pub const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Seconds of an hour of the clock.
const HOUR: i64 = 3600;

/// What is left in this hour of the clock, or another window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    limit: u32,
    left: Option<u32>,
    seconds: i64,
}

impl Allowance {
    /// After so many of `limit` were used.
    pub fn after(used: u32, limit: u32, now: Timestamp) -> Self {
        Self { left: Some(limit.saturating_sub(used)), ..Self::refused(limit, now) }
    }

    /// When it was more than what is left, however much that is.
    pub fn refused(limit: u32, now: Timestamp) -> Self {
        Self { limit, left: None, seconds: rest(HOUR, now) }
    }

    /// The same of a window of so many seconds of the clock.
    #[must_use]
    pub fn within(self, window: i64, now: Timestamp) -> Self {
        Self { seconds: rest(window, now), ..self }
    }

    /// Says so, with the time to wait.
    pub fn refuse(self, headers: &mut HeaderMap) {
        self.write(headers);
        headers.insert(RETRY_AFTER, HeaderValue::from(self.seconds));
    }

    /// Says how much is left, and of what.
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        headers.insert(LIMIT, HeaderValue::from(self.limit));
        headers.insert(RESET, HeaderValue::from(self.seconds));
        if let Some(left) = self.left {
            headers.insert(REMAINING, HeaderValue::from(left));
        }
    }
}

/// Seconds until the window that holds `now` is over.
fn rest(window: i64, now: Timestamp) -> i64 {
    window - now.as_second().rem_euclid(window)
}

impl IntoResponseParts for Allowance {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        self.write(parts.headers_mut());
        Ok(parts)
    }
}
