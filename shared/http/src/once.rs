//! `Idempotency-Key`: the same key with the same request gets the same answer and does nothing twice; with another
//! request it is refused.
//!
//! The key is claimed before anything is done and the answer is kept after. Who dies between the two leaves a claim that
//! the next try takes over; what it makes then has the ids that the first try gave, because they come from the key
//! ([`Fresh`]), so it is made once. Only what went well is kept: a refusal did nothing, and may go well tomorrow.

use crate::care::{Care, LARGEST, TOO_LARGE};
use aws_lc_rs::digest::{Context, SHA256};
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use lambda_http::request::RequestContext;
use std::convert::Infallible;
use waybill_runtime::problem::Problem;
use waybill_store::StoreError;
use waybill_store::once::{Claim, Kept};
use waybill_store::requests::fresh_suffix;

/// Names a request, by whoever makes it.
pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The longest key.
const LONGEST: usize = 128;
/// The largest answer that is kept, well below what one item holds.
const LARGEST_KEPT: usize = 256 * 1024;

const BAD_KEY: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "bad_idempotency_key",
    "An Idempotency-Key is 1 to 128 visible ASCII characters, such as a UUID. Nothing was done.",
);
const OTHER_REQUEST: Problem = Problem::new(
    StatusCode::CONFLICT,
    "other_request",
    "This Idempotency-Key was used for another request; take a new one. Nothing was done.",
);
const NO_ACCESS: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "no_access",
    "This sign-in has no access; ask the owner of the merchant's account.",
);
const STILL_AT_IT: Problem = Problem::new(
    StatusCode::CONFLICT,
    "still_at_it",
    "The first request with this Idempotency-Key is not answered yet; ask again in a minute.",
);

/// SHA-256 of parts, each with its length, in hexadecimal.
pub(crate) fn digest(parts: &[&[u8]]) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    context.finish().as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

/// Where the ids of what a request makes come from: the caller's key, where there is one, and chance otherwise.
#[derive(Debug, Clone, Default)]
pub struct Fresh(Option<String>);

impl Fresh {
    /// The suffix of an id: 24 hexadecimal digits.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn suffix(&self) -> Result<String, StoreError> {
        match self.0.as_ref().and_then(|seed| seed.get(..24)) {
            Some(seed) => Ok(seed.to_owned()),
            None => fresh_suffix(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Fresh {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

/// Answers a request, at most once for each key.
pub(crate) async fn answer(care: &Care, request: Request, next: Next) -> Response {
    let named = (request.method() == Method::POST).then(|| request.headers().get(KEY).cloned()).flatten();
    // Without a sign-in there is nobody whose key it could be.
    let (Some(named), Some(sub)) = (named, sub(&request)) else { return next.run(request).await };
    match under(care, &named, &sub, request, next).await {
        Ok(response) => response,
        Err(Stop::Problem(problem)) => refuse(problem),
        Err(Stop::Store(error)) => {
            tracing::error!(%error, "request failed");
            refuse(Problem::UNAVAILABLE)
        }
    }
}

enum Stop {
    Problem(Problem),
    Store(StoreError),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

async fn under(
    care: &Care,
    named: &HeaderValue,
    sub: &str,
    request: Request,
    next: Next,
) -> Result<Response, Stop> {
    let name = named.as_bytes();
    if !(1..=LONGEST).contains(&name.len()) || !name.iter().all(u8::is_ascii_graphic) {
        return Err(BAD_KEY.into());
    }
    let (mut parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST).await.map_err(|_| TOO_LARGE)?;
    let id = digest(&[sub.as_bytes(), name]);
    let address = parts.uri.path_and_query().map_or("", |address| address.as_str());
    // The key is in it, as a salt: who reads the table cannot try out which mail address a body held.
    let asked = digest(&[name, address.as_bytes(), &body]);
    match care.db.claim_once(&id, &asked, care.clock.read()).await? {
        Claim::Ours => {}
        // Who may do nothing any more gets no old answers either.
        Claim::Done(_) if !care.db.staff(sub).await?.is_some_and(|staff| staff.active) => {
            return Err(NO_ACCESS.into());
        }
        Claim::Done(kept) => return Ok(replay(kept)),
        Claim::Other => return Err(OTHER_REQUEST.into()),
        Claim::Running => return Err(STILL_AT_IT.into()),
    }
    parts.extensions.insert(Fresh(Some(digest(&[b"fresh", id.as_bytes(), asked.as_bytes()]))));
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    keep(care, &id, &asked, response, care.clock.read()).await
}

/// Keeps an answer that went well; lets the key go after any other, and after one that nobody may keep.
async fn keep(
    care: &Care,
    id: &str,
    asked: &str,
    response: Response,
    now: Timestamp,
) -> Result<Response, Stop> {
    let secret = response.headers().get(CACHE_CONTROL).is_some_and(|value| value == SECRET);
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(|_| Problem::UNAVAILABLE)?;
    if !parts.status.is_success() || secret || body.len() > LARGEST_KEPT {
        care.db.free_once(id, asked, now).await?;
        return Ok(Response::from_parts(parts, Body::from(body)));
    }
    let media = parts.headers.get(CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
    let kept = Kept { status: parts.status.as_u16(), media: media.to_owned(), body: body.to_vec() };
    care.db.keep_once(id, asked, &kept, now).await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

/// What a handler says of an answer that may be kept nowhere, not even here: it holds what is good once.
pub const SECRET: &str = "no-store, private";

fn replay(kept: Kept) -> Response {
    let mut response = Response::new(Body::from(kept.body));
    *response.status_mut() = StatusCode::from_u16(kept.status).unwrap_or_default();
    if let Ok(media) = HeaderValue::from_str(&kept.media) {
        response.headers_mut().insert(CONTENT_TYPE, media);
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

fn refuse(problem: Problem) -> Response {
    let mut response = problem.response::<String>().map(Body::from).into_response();
    if problem == STILL_AT_IT {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("60"));
    }
    response
}

/// Who asks, if they are signed in.
pub(crate) fn sub(request: &Request) -> Option<String> {
    let claims = &request.extensions().get::<RequestContext>()?.authorizer()?.jwt.as_ref()?.claims;
    claims.get("sub").filter(|sub| !sub.is_empty()).cloned()
}
