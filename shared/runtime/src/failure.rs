//! How a piece of work ends: done, again later, or failed with a reason that holds no personal data.

use waybill_domain::advice::Advice;
use waybill_store::StoreError;

/// Work that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing is left to do for this message.
    Done,
    /// The same message is to come back.
    Again {
        /// Not before this many seconds.
        seconds: u32,
    },
}

/// Work that failed; the queue brings it back, and in the end to the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// AWS.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A channel or carrier did not answer, or not usefully.
    #[error("{0}")]
    Remote(String),
    /// A message names something that is not there or cannot be.
    #[error("{0}")]
    Fault(&'static str),
}

impl Failure {
    /// Somebody else wrote first: reading again and deciding anew will do.
    pub fn is_race(&self) -> bool {
        matches!(self, Self::Store(StoreError::Condition { .. } | StoreError::Conflict))
    }

    /// What advice that is not for a person comes to.
    pub fn from_advice(advice: Advice, text: String) -> Result<Step, Self> {
        match advice {
            Advice::Wait { seconds } => Ok(Step::Again { seconds }),
            Advice::GiveUp => Ok(Step::Done),
            Advice::Retry | Advice::AskPerson(_) => Err(Self::Remote(text)),
        }
    }
}

impl From<Failure> for lambda_runtime::Diagnostic {
    fn from(failure: Failure) -> Self {
        failure.to_string().into()
    }
}
