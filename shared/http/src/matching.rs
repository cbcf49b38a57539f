//! `If-Match`: an update of what the caller has seen, and of nothing else. `If-None-Match: *`: only what is not there yet.

use crate::once::digest;
use axum::extract::FromRequestParts;
use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use std::convert::Infallible;
use waybill_runtime::problem::Problem;

/// What is there is not what the caller has seen.
pub const CHANGED_MEANWHILE: Problem = Problem::new(
    StatusCode::PRECONDITION_FAILED,
    "changed_meanwhile",
    "This was changed since you read it: read it again, and send your change with its new ETag.",
);

/// The tag of an answer: of its bytes, so that a changed form changes it too.
pub(crate) fn tag(body: &[u8]) -> String {
    format!("\"{}\"", digest(&[body]))
}

/// The tag of what is shown, for whoever sends it back as what they have seen.
pub fn tag_of(shown: &impl Serialize) -> String {
    serde_json::to_vec(shown).map(|body| tag(&body)).unwrap_or_default()
}

/// What the caller has seen, if they say so.
#[derive(Debug, Clone, Default)]
pub struct IfMatch(Option<HeaderValue>);

impl IfMatch {
    /// The tag that a page gave and its form repeats; a text that is none is what nobody has seen.
    pub fn of(tag: &str) -> Self {
        Self(Some(HeaderValue::from_str(tag).unwrap_or(HeaderValue::from_static("none"))))
    }

    /// Whether the caller says what they have seen.
    pub fn is_given(&self) -> bool {
        self.0.is_some()
    }

    /// Whether it is this, as a GET of it would show it.
    pub fn is(&self, now: &impl Serialize) -> bool {
        let Some(seen) = &self.0 else { return true };
        seen == "*" || *seen == tag_of(now).as_str()
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.get(IF_MATCH).cloned()))
    }
}

/// Whether the caller says that it must not be there yet.
#[derive(Debug, Clone, Copy, Default)]
pub struct IfNoneMatch(bool);

impl IfNoneMatch {
    /// They say so.
    pub const GIVEN: Self = Self(true);

    /// Whether they say so.
    pub fn is_given(self) -> bool {
        self.0
    }
}

impl<S: Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.get(IF_NONE_MATCH).is_some_and(|value| value == "*")))
    }
}
