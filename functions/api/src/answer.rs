//! How a request ends when it does not end well.

use axum::body::Body;
use axum::response::IntoResponse;
use http::{Response, StatusCode};
use waybill_domain::ConnectionId;
use waybill_domain::catalogue::Invalid;
use waybill_runtime::problem::Problem;
use waybill_store::StoreError;

/// Another merchant's, malformed and unknown look the same.
pub(crate) const NOT_FOUND: Problem = Problem::new(
    StatusCode::NOT_FOUND,
    "not_found",
    "There is nothing here by that name; check the address.",
);
pub(crate) const NO_ACCESS: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "no_access",
    "This sign-in has no access; ask the owner of the merchant's account.",
);
pub(crate) const NOT_ALLOWED: Problem =
    Problem::new(StatusCode::FORBIDDEN, "not_allowed", "Your role does not allow this; ask a manager.");
pub(crate) const NOT_CONFIRMED: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "not_confirmed",
    "Nobody has confirmed your access this quarter; ask the owner of the merchant's account to.",
);
pub(crate) const NO_MERCHANT: Problem = Problem::new(
    StatusCode::CONFLICT,
    "no_merchant",
    "This merchant does not exist yet: its first owner makes it with PUT /v1/merchant and `If-None-Match: *`.",
);
pub(crate) const EXISTS: Problem = Problem::new(
    StatusCode::PRECONDITION_FAILED,
    "exists",
    "This merchant exists: read it, and send your change with its ETag in `If-Match`.",
);
pub(crate) const CHANGES_WHAT: Problem = Problem::new(
    StatusCode::PRECONDITION_REQUIRED,
    "changes_what",
    "Say what you have seen: send the ETag of what you read in `If-Match`.",
);
pub(crate) const BAD_HOLD: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "bad_hold",
    "A hold ends in the future, 180 days from now at most. Nothing was stored.",
);
pub(crate) const SAME_PERSON: Problem = Problem::new(
    StatusCode::CONFLICT,
    "same_person",
    "This takes a second person: ask a colleague to do it.",
);
pub(crate) const BAD_CLOCK: Problem = Problem::new(
    StatusCode::CONFLICT,
    "bad_clock",
    "This clock cannot be changed so: it is fixed, its first month is over, or it is not in that state.",
);
pub(crate) const BAD_ENTRY: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "bad_entry",
    "A name is 1 to 64 letters, digits, - or _; what is entered was done, so not in the future; a policy or source \
     has the SHA-256 of its text as version; a finding has a severity.",
);
pub(crate) const ERASED: Problem =
    Problem::new(StatusCode::GONE, "erased", "The personal data of this order is no longer kept.");
pub(crate) const STATUS_REQUIRED: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "status_required",
    "The status must be one of these: received, allocated, part_allocated, backordered, held, picking, booked, \
     dispatched, delivered, cancelled or returned.",
);
pub(crate) const BAD_FILTER: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "bad_filter",
    "A filter cannot be read: times are RFC 3339, ids whole, and other values those that the reference lists.",
);
pub(crate) const BAD_FIELDS: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "bad_fields",
    "`fields` names something this does not have: name fields of the answer, as the reference lists them, with commas \
     between them.",
);
pub(crate) const ALREADY_LEFT: Problem = Problem::new(
    StatusCode::CONFLICT,
    "already_left",
    "Its parcel has been handed over: ask the buyer to refuse it, or book a return. Nothing was changed.",
);
pub(crate) const AT_CARRIER: Problem = Problem::new(
    StatusCode::CONFLICT,
    "at_carrier",
    "A label is made or being made: only cancelling undoes that, as far as the carrier allows. Nothing was changed.",
);
pub(crate) const CANCELLED: Problem =
    Problem::new(StatusCode::CONFLICT, "cancelled", "The order was cancelled: nothing of it is sent.");
pub(crate) const BAD_LIMIT: Problem =
    Problem::new(StatusCode::BAD_REQUEST, "bad_limit", "The limit must be a number from 1 to 100.");
pub(crate) const BAD_CURSOR: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "bad_cursor",
    "The cursor does not belong to this list; begin again without one, or use `next` of the same list.",
);
pub(crate) const BAD_QUERY: Problem =
    Problem::new(StatusCode::BAD_REQUEST, "bad_query", "The query cannot be read; give each parameter once.");

pub(crate) const BAD_BODY: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "bad_body",
    "The body cannot be read: send JSON of the documented form, 256 KB at most.",
);
pub(crate) const BAD_REFERENCE: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "bad_reference",
    "The reference must be 1 to 64 letters, digits or `-_./:`; it makes a repeat harmless.",
);
pub(crate) const BAD_QUANTITY: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "bad_quantity",
    "The quantity must be a whole number of pieces that fits the kind of movement, a million at most.",
);
pub(crate) const BAD_PLACE: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "bad_place",
    "Name a warehouse and bins that exist; a movement between bins needs both.",
);
pub(crate) const UNKNOWN_BIN: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "unknown_bin",
    "This warehouse has a map of bins, and the bin is not on it: see `GET /v1/warehouses/{warehouse}/bins`, or put it on \
     the map first.",
);
pub(crate) const NEEDS_LOT: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "needs_lot",
    "This SKU comes in lots: name the lot with the bin, as in `A-01~LOT7~2027-01-31`.",
);
pub(crate) const OTHER_CONTENT: Problem = Problem::new(
    StatusCode::CONFLICT,
    "other_content",
    "This reference was used for something else; take another one.",
);
pub(crate) const NOT_ENOUGH: Problem = Problem::new(
    StatusCode::CONFLICT,
    "not_enough",
    "There is not that much to take: the rest is promised to orders or asked for by pick lists. See who holds it.",
);
pub(crate) const NOT_WAITING: Problem =
    Problem::new(StatusCode::CONFLICT, "not_waiting", "Nothing waits for this; read it again.");
pub(crate) const NOT_SO: Problem = Problem::new(
    StatusCode::CONFLICT,
    "not_so",
    "This matter does not end so: give the `remedy` that the list of exceptions shows for it, or follow its advice.",
);
pub(crate) const TOO_MANY: Problem =
    Problem::new(StatusCode::BAD_REQUEST, "too_many", "Name 100 orders at most. Nothing was done.");
pub(crate) const UNKNOWN_SKU: Problem =
    Problem::new(StatusCode::CONFLICT, "unknown_sku", "A SKU that is named is not known: enter it first.");
pub(crate) const NESTED_BUNDLE: Problem = Problem::new(
    StatusCode::CONFLICT,
    "nested_bundle",
    "A bundle is made of single SKUs only, and one that has stock or is part of a bundle cannot become one.",
);
pub(crate) const BUSY: Problem =
    Problem::new(StatusCode::CONFLICT, "busy", "The goods kept moving while this was decided; try again.");

pub(crate) const CONNECTED: Problem = Problem::new(
    StatusCode::CONFLICT,
    "connected",
    "This account is connected already: replace the secrets there, or resume it. Nothing was stored.",
);

pub(crate) const FORGED: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "forged",
    "This form is not of your present sign-in: open the page again and repeat what you did. Nothing was done.",
);
pub(crate) const SIGN_IN_AGAIN: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "sign_in_again",
    "The sign-in did not come to its end; sign in again.",
);

/// What a page says where a program gets a problem document.
#[derive(Debug, Clone)]
pub(crate) struct Said(pub(crate) String);

/// A field inside a body is wrong. Names the place, never the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misplaced {
    /// JSON Pointer to it (RFC 6901).
    pub(crate) pointer: String,
    /// What it must be.
    pub(crate) must: &'static str,
}

impl Misplaced {
    /// Its name, without places in lists.
    fn field(&self) -> &str {
        let name = self.pointer.rsplit('/').find(|part| !part.bytes().all(|b| b.is_ascii_digit()));
        name.unwrap_or_default()
    }

    fn title(&self) -> String {
        format!("`{}` must be {}", self.field(), self.must)
    }
}

impl From<Misplaced> for Stop {
    fn from(misplaced: Misplaced) -> Self {
        Self::Misplaced(misplaced)
    }
}

/// Why a request got no answer.
pub enum Stop {
    /// A field inside the body is wrong.
    Misplaced(Misplaced),
    /// A field is wrong.
    Invalid(Invalid),
    /// The body cannot be read at the place this JSON Pointer leads to.
    Unreadable(String),
    /// The account is another connection's already: this one's.
    Connected(ConnectionId),
    /// The caller's to solve.
    Problem(Problem),
    /// Ours to solve.
    Store(StoreError),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Invalid> for Stop {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Stop {
    /// The status and the sentence for a person.
    pub(crate) fn said(&self) -> (StatusCode, String) {
        match self {
            Self::Problem(problem) => (problem.status, problem.title.to_owned()),
            Self::Invalid(invalid) => (StatusCode::UNPROCESSABLE_ENTITY, invalid.to_string()),
            Self::Misplaced(misplaced) => (StatusCode::UNPROCESSABLE_ENTITY, misplaced.title()),
            Self::Unreadable(_) => (BAD_BODY.status, BAD_BODY.title.to_owned()),
            Self::Connected(id) => (StatusCode::CONFLICT, connected(id)),
            Self::Store(StoreError::Conflict) => (BUSY.status, BUSY.title.to_owned()),
            Self::Store(_) => (Problem::UNAVAILABLE.status, Problem::UNAVAILABLE.title.to_owned()),
        }
    }
}

impl IntoResponse for Stop {
    fn into_response(self) -> Response<Body> {
        let said = Said(self.said().1);
        let mut response = self.answer();
        response.extensions_mut().insert(said);
        response
    }
}

impl Stop {
    fn answer(self) -> Response<Body> {
        match self {
            Self::Problem(problem) => {
                tracing::info!(code = problem.code, "refused");
                problem.response::<String>().map(Body::from)
            }
            Self::Invalid(invalid) => {
                invalid_field(&invalid.to_string(), invalid.field, &format!("/{}", invalid.field))
            }
            Self::Misplaced(misplaced) => {
                invalid_field(&misplaced.title(), misplaced.field(), &misplaced.pointer)
            }
            Self::Unreadable(pointer) => {
                tracing::info!(code = BAD_BODY.code, "refused");
                let body = serde_json::json!({
                    "type": "about:blank", "status": 400, "code": BAD_BODY.code, "title": BAD_BODY.title,
                    "pointer": pointer,
                });
                BAD_BODY.response::<String>().map(|_| Body::from(body.to_string()))
            }
            Self::Connected(id) => {
                tracing::info!(code = CONNECTED.code, "refused");
                let body = serde_json::json!({
                    "type": "about:blank", "status": 409, "code": CONNECTED.code, "title": connected(&id),
                    "connection": id,
                });
                CONNECTED.response::<String>().map(|_| Body::from(body.to_string()))
            }
            Self::Store(StoreError::Conflict) => BUSY.response::<String>().map(Body::from),
            Self::Store(error) => {
                tracing::error!(%error, "request failed");
                Problem::UNAVAILABLE.response::<String>().map(Body::from)
            }
        }
    }
}

fn connected(id: &ConnectionId) -> String {
    format!("{} Its connection is {id}.", CONNECTED.title)
}

fn invalid_field(title: &str, field: &str, pointer: &str) -> Response<Body> {
    tracing::info!(field, "refused");
    let body = serde_json::json!({
        "type": "about:blank", "status": 422, "code": "invalid_field",
        "title": title, "field": field, "pointer": pointer,
    });
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    let kind = http::HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    response
}
