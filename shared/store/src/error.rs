//! What can go wrong with a call to AWS, told apart by what to do next.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

/// A failed call to AWS. The text holds the service's error code, never its message, which may repeat input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A condition did not hold: somebody else was first, or the answer is no. `failed` lists which actions of
    /// a transaction.
    #[error("a condition did not hold; read again and decide anew")]
    Condition {
        /// Positions of the actions whose condition failed.
        failed: Vec<usize>,
    },
    /// Another transaction was writing the same item: try again.
    #[error("another transaction was writing the same item; try again")]
    Conflict,
    /// AWS asks to slow down: try again later.
    #[error("AWS asks to slow down ({0}); try again later")]
    Throttled(String),
    /// The role may not do this: the template's grant is missing.
    #[error("access denied to {0}: the function's role lacks a grant in template.yaml")]
    Denied(String),
    /// No answer, or an answer of 5xx: whether it happened is not known.
    #[error("no answer from AWS ({0}); whether it happened is not known, so try again")]
    Unavailable(String),
    /// Something we stored cannot be read back.
    #[error("a stored item cannot be read: {0}")]
    Corrupt(&'static str),
    /// AWS refused the request itself: our fault.
    #[error("AWS refused the request ({0}): this is a fault of ours")]
    Refused(String),
}

impl StoreError {
    /// Trying the same again may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Conflict | Self::Throttled(_) | Self::Unavailable(_))
    }

    /// Judges an error code of any AWS service.
    pub fn from_code(call: &str, code: Option<&str>) -> Self {
        match code {
            Some("ConditionalCheckFailedException") => Self::Condition { failed: vec![0] },
            Some("TransactionConflictException" | "TransactionInProgressException") => Self::Conflict,
            Some(
                code @ ("ThrottlingException"
                | "Throttling"
                | "ProvisionedThroughputExceededException"
                | "RequestLimitExceeded"
                | "RequestThrottled"
                | "SlowDown"
                | "LimitExceededException"),
            ) => Self::Throttled(code.to_owned()),
            Some("AccessDeniedException" | "AccessDenied" | "AccessDeniedFault") => {
                Self::Denied(call.to_owned())
            }
            Some(
                code @ ("InternalServerError"
                | "InternalFailure"
                | "ServiceUnavailable"
                | "KMSInternalException"),
            ) => Self::Unavailable(code.to_owned()),
            Some(code) => Self::Refused(format!("{call}: {code}")),
            None => Self::Unavailable(call.to_owned()),
        }
    }

    /// Judges an SDK error of any AWS service.
    pub fn from_sdk<E: ProvideErrorMetadata, R>(call: &str, error: &SdkError<E, R>) -> Self {
        match error {
            SdkError::ServiceError(inner) => Self::from_code(call, inner.err().code()),
            SdkError::ConstructionFailure(_) => Self::Refused(format!("{call}: request not built")),
            _ => Self::Unavailable(call.to_owned()),
        }
    }
}
