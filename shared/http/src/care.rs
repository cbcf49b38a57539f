//! The care every request gets, in one place: an id to speak of it, a pace that leaves room for others, errors of one form, an answer that can be asked for
//! again without being sent again, and `Idempotency-Key`.

use crate::allowance::LIMIT;
use crate::matching::tag;
use crate::once;
use crate::pace::{Pace, TOO_FAST};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use lambda_http::request::RequestContext;
use tracing::Instrument;
use waybill_runtime::problem::Problem;
use waybill_runtime::{Clock, nonce};
use waybill_store::Db;

/// Says which request an answer belongs to; logs name it too.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The largest body a request can have: what one event of a function carries.
pub(crate) const LARGEST: usize = 6 * 1024 * 1024;

const BAD_REQUEST: Problem =
    Problem::new(StatusCode::BAD_REQUEST, "bad_request", "The request cannot be read; see /v1/reference.");
pub(crate) const TOO_LARGE: Problem = Problem::new(
    StatusCode::PAYLOAD_TOO_LARGE,
    "too_large",
    "The request is too large; send less at a time.",
);

/// What the care needs.
#[derive(Clone)]
pub struct Care {
    /// Keeps what was answered under a caller's key.
    pub(crate) db: Db,
    /// Now.
    pub(crate) clock: Clock,
    /// How often each caller asked this minute.
    pace: Pace,
}

impl Care {
    /// Care with these.
    pub fn new(db: Db, clock: Clock) -> Self {
        Self { db, clock, pace: Pace::default() }
    }
}

/// Puts every route of a router under this care.
pub fn under_care(router: Router, care: Care) -> Router {
    router.layer(from_fn_with_state(care, take_care))
}

async fn take_care(State(care): State<Care>, request: Request, next: Next) -> Response {
    // Ours, never the caller's: what a caller sends gets into no log.
    let given = request.extensions().get::<RequestContext>().and_then(|context| match context {
        RequestContext::ApiGatewayV2(context) => context.request_id.clone(),
        _ => None,
    });
    let id = given.or_else(nonce).unwrap_or_default();
    let known = request.headers().get(IF_NONE_MATCH).cloned();
    let reads = request.method() == Method::GET;
    let span = tracing::info_span!("request", request = %id);
    let now = care.clock.read();
    let paced = once::sub(&request).map(|sub| care.pace.count(&sub, now));
    let mut response = match paced {
        Some(Err(_)) => TOO_FAST.response::<String>().map(Body::from),
        _ => once::answer(&care, request, next).instrument(span).await,
    };
    if response.status().is_client_error() || response.status().is_server_error() {
        response = as_problem(response);
    } else if reads {
        response = tagged(response, known.as_ref()).await;
    }
    match paced {
        Some(Err(refused)) => refused.refuse(response.headers_mut()),
        // What a person may do in an hour is the narrower word.
        Some(Ok(left)) if !response.headers().contains_key(LIMIT) => left.write(response.headers_mut()),
        _ => {}
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// What the framework refused by itself gets the form of everything else.
fn as_problem(response: Response) -> Response {
    let media = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    if media.is_some_and(|media| !media.starts_with(b"text/plain")) {
        return response;
    }
    let problem = match response.status() {
        status if status.is_server_error() => Problem::UNAVAILABLE,
        StatusCode::PAYLOAD_TOO_LARGE => TOO_LARGE,
        _ => BAD_REQUEST,
    };
    problem.response::<String>().map(Body::from)
}

/// Gives an answer that may be kept a tag of its content; who has it already gets no second copy.
async fn tagged(response: Response, known: Option<&HeaderValue>) -> Response {
    let kept_nowhere = response.headers().get(CACHE_CONTROL).is_some_and(|value| value == "no-store");
    if response.status() != StatusCode::OK || kept_nowhere {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return Problem::UNAVAILABLE.response::<String>().map(Body::from);
    };
    let Ok(tag) = HeaderValue::from_str(&tag(&body)) else {
        return Response::from_parts(parts, Body::from(body));
    };
    let same = known.is_some_and(|known| known == tag);
    parts.headers.insert(ETAG, tag);
    if same {
        parts.status = StatusCode::NOT_MODIFIED;
        return Response::from_parts(parts, Body::empty());
    }
    Response::from_parts(parts, Body::from(body))
}
