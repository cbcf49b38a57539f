//! One exchange with a channel or carrier: build, send, read, and what to do when that fails.

use crate::failure::{Failure, Step};
use crate::outbound::{NoAnswer, Outbound};
use http::{Request, Response};
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;

/// An exchange that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Told {
    /// What to do next.
    pub advice: Advice,
    /// Codes and field names, nothing personal.
    pub text: String,
}

impl Told {
    /// What the queue should do, when no person is to be asked.
    ///
    /// # Errors
    /// `Failure::Remote` when the work should come back.
    pub fn step(self) -> Result<Step, Failure> {
        Failure::from_advice(self.advice, self.text)
    }
}

macro_rules! told {
    ($($error:ty),*) => {$(
        impl From<$error> for Told {
            fn from(error: $error) -> Self {
                Self { advice: error.advice(), text: error.to_string() }
            }
        }
    )*};
}

told!(
    waybill_channels::error::CannotBuild,
    waybill_channels::error::CannotRead,
    waybill_channels::writeback::Broke,
    waybill_carriers::error::CannotBuild,
    waybill_carriers::error::CannotRead
);

impl From<NoAnswer> for Told {
    fn from(error: NoAnswer) -> Self {
        let advice = match error {
            NoAnswer::Forbidden => Advice::AskPerson(Reason::ConnectionRefused),
            NoAnswer::Lost => Advice::Retry,
        };
        Self { advice, text: error.to_string() }
    }
}

/// Sends what was built and reads what came back.
///
/// # Errors
/// `Told` with what to do next.
pub async fn exchange<T, B, R>(
    outbound: &dyn Outbound,
    request: Result<Request<Vec<u8>>, B>,
    read: impl FnOnce(&Response<Vec<u8>>) -> Result<T, R>,
) -> Result<T, Told>
where
    Told: From<B> + From<R>,
{
    let reply = outbound.send(request?).await?;
    Ok(read(&reply)?)
}
