//! How a request ends when it does not end well.

use axum::body::Body;
use axum::response::IntoResponse;
use http::{Response, StatusCode};
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
pub(crate) const STATUS_REQUIRED: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "status_required",
    "State one status with ?status=: received, allocated, part_allocated, backordered, held, picking, booked, \
     dispatched, delivered, cancelled or returned.",
);
pub(crate) const BAD_BODY: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "bad_body",
    "The body is not JSON of the documented fields; compare it with the description of the call.",
);
pub(crate) const BAD_LIMIT: Problem =
    Problem::new(StatusCode::BAD_REQUEST, "bad_limit", "The limit must be a number from 1 to 100.");
pub(crate) const BAD_CURSOR: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "bad_cursor",
    "The cursor does not belong to this list; begin again without one, or use `next` of the same list.",
);
pub(crate) const BAD_QUERY: Problem =
    Problem::new(StatusCode::BAD_REQUEST, "bad_query", "The query cannot be read; give each parameter once.");

/// Why a request got no answer.
pub enum Stop {
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

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl IntoResponse for Stop {
    fn into_response(self) -> Response<Body> {
        match self {
            Self::Problem(problem) => {
                tracing::info!(code = problem.code, "refused");
                problem.response::<String>().map(Body::from)
            }
            Self::Store(error) => {
                tracing::error!(%error, "request failed");
                Problem::UNAVAILABLE.response::<String>().map(Body::from)
            }
        }
    }
}
