//! How a request ends when nothing is shown.

use axum::body::Body;
use axum::response::IntoResponse;
use http::{Response, StatusCode};
use waybill_http::Allowance;
use waybill_privacy::seal::SealError;
use waybill_runtime::problem::Problem;
use waybill_store::StoreError;

pub(crate) const PURPOSE_REQUIRED: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "purpose_required",
    "State one purpose with ?purpose=: pick, label, exception, return, request or legal. Nothing was opened.",
);
pub(crate) const NO_ACCESS: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "no_access",
    "This sign-in has no access; ask the owner of the merchant's account.",
);
pub(crate) const NOT_ALLOWED: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "not_allowed",
    "Your role may not open personal data for this purpose; ask a manager. The attempt was recorded.",
);
pub(crate) const TRAINING_EXPIRED: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "training_expired",
    "Your privacy training is not valid today; take it again and have the register updated. It counts for a \
     year at most. The attempt was recorded.",
);
pub(crate) const NOT_CONFIRMED: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "not_confirmed",
    "Nobody has confirmed your access this quarter; ask the owner of the merchant's account to. The attempt was \
     recorded.",
);
pub(crate) const BAD_BODY: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "bad_body",
    "The body must be JSON with `email` and `kind` (erasure or export). Nothing was stored.",
);
/// Another merchant's, malformed and unknown look the same.
pub(crate) const NOT_FOUND: Problem = Problem::new(
    StatusCode::NOT_FOUND,
    "not_found",
    "There is nothing here by that name; check the address.",
);
pub(crate) const NO_RECIPIENT: Problem = Problem::new(
    StatusCode::NOT_FOUND,
    "no_recipient",
    "This order came without a recipient that can be shown; its exceptions say what to do.",
);
pub(crate) const NO_LABEL: Problem = Problem::new(
    StatusCode::NOT_FOUND,
    "no_label",
    "This shipment has no label now: it is not booked yet, or was cancelled at the carrier.",
);
pub(crate) const NO_PAPER: Problem = Problem::new(
    StatusCode::NOT_FOUND,
    "no_paper",
    "There is no such paper: ask for it with POST /v1/shipments/{shipment}/papers; GET /v1/shipments/{shipment} says how \
     far it is.",
);
pub(crate) const BAD_BATCH: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "bad_batch",
    "Name from 1 to 100 different shipments, with commas between them, in ?shipments=; ?paper= may be label or a4.",
);
pub(crate) const MIXED_LABELS: Problem = Problem::new(
    StatusCode::CONFLICT,
    "mixed_labels",
    "These labels cannot be one document: some are for another kind of printer. Ask for each kind by itself.",
);
pub(crate) const TOO_LARGE: Problem = Problem::new(
    StatusCode::PAYLOAD_TOO_LARGE,
    "too_large",
    "The labels are too large for one answer; ask for fewer at a time.",
);
pub(crate) const ERASED: Problem = Problem::new(
    StatusCode::GONE,
    "erased",
    "The personal data of this order is no longer kept. Look it up at the channel if the law allows.",
);
pub(crate) const REVEAL_LIMIT: Problem = Problem::new(
    StatusCode::TOO_MANY_REQUESTS,
    "reveal_limit",
    "You have opened as much as one person may in an hour; go on in the next. The attempt was recorded.",
);

/// Why nothing is shown.
pub enum Stop {
    /// It is more than one person may open in an hour.
    Limit(Allowance),
    /// The caller's to solve.
    Problem(Problem),
    /// AWS.
    Store(StoreError),
    /// It was replaced between reading it and its key, or was tampered with.
    Sealed(SealError),
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

impl From<SealError> for Stop {
    fn from(error: SealError) -> Self {
        Self::Sealed(error)
    }
}

impl IntoResponse for Stop {
    fn into_response(self) -> Response<Body> {
        let problem = match self {
            Self::Limit(allowance) => {
                tracing::warn!(code = REVEAL_LIMIT.code, "nothing shown");
                let mut response = REVEAL_LIMIT.response::<String>().map(Body::from);
                allowance.refuse(response.headers_mut());
                return response;
            }
            Self::Problem(problem) => {
                tracing::warn!(code = problem.code, "nothing shown");
                problem
            }
            Self::Store(error) => {
                tracing::error!(%error, "nothing shown");
                Problem::UNAVAILABLE
            }
            Self::Sealed(error) => {
                tracing::error!(%error, "nothing shown");
                Problem::UNAVAILABLE
            }
        };
        problem.response::<String>().map(Body::from)
    }
}
