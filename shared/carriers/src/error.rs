//! What can go wrong with a carrier, each with what to do next.
//!
//! No text in here holds input: only statuses, the carrier's codes and field names. The third family of the
//! connectors, "not trusted", has no members here: no carrier of ours calls us.

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;

/// How long to wait when a carrier says "too many" but not for how long, in seconds. Royal Mail allows five
/// calls a second.
pub const DEFAULT_WAIT: u32 = 2;

/// The longest wait we obey, in seconds: SQS can delay a message for no longer.
const LONGEST_WAIT: u32 = 900;

/// A request could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotBuild {
    /// The address of the account is not one.
    #[error("the connection's address cannot be called: correct it")]
    Address,
    /// The credential holds characters no header may hold.
    #[error("the connection's credential cannot be sent: connect the account again")]
    Credential,
    /// The carrier requires a field that the order or its service rule lacks.
    #[error("the carrier needs {field}: add it to the order at the channel or to the service rule")]
    Missing {
        /// Its name at the carrier.
        field: &'static str,
    },
    /// The service is one of a pay-as-you-go account.
    #[error("labels need a Royal Mail credit account: name one of its services in the service rule")]
    CreditAccount,
    /// The service rule names a connection of another carrier than its service.
    #[error("the service is not one of the connection's carrier: correct the service rule")]
    OtherCarrier,
    /// The service does not go there.
    #[error("the service does not go to the destination: correct the service rule")]
    Destination,
    /// Goods that pass customs are booked without what customs must be told, or in more than one parcel.
    #[error("customs data is missing: {field}")]
    Customs {
        /// Its name at the carrier.
        field: &'static str,
    },
    /// A field does not fit.
    #[error("{field} is beyond what the carrier takes: correct it at the channel or in the service rule")]
    Beyond {
        /// Its name at the carrier.
        field: &'static str,
    },
    /// A field is not what it should be: letters in a phone number, a postcode that cannot be one.
    #[error("{field} is not one the carrier can use: correct it at the channel or in the settings")]
    Malformed {
        /// Its name at the carrier.
        field: &'static str,
    },
    /// This carrier does not do it, or nobody has seen that it does.
    #[error("the carrier does not do {what}: choose another service")]
    Unsupported {
        /// What.
        what: &'static str,
    },
}

impl CannotBuild {
    /// What to do next.
    pub fn advice(&self) -> Advice {
        match self {
            Self::Address | Self::Credential => Advice::AskPerson(Reason::ConnectionRefused),
            Self::CreditAccount => Advice::AskPerson(Reason::CreditAccountNeeded),
            Self::Customs { .. } => Advice::AskPerson(Reason::CustomsIncomplete),
            Self::OtherCarrier | Self::Destination => Advice::AskPerson(Reason::NoService),
            Self::Missing { .. }
            | Self::Beyond { .. }
            | Self::Malformed { .. }
            | Self::Unsupported { .. } => Advice::AskPerson(Reason::CarrierRefused),
        }
    }
}

/// A reply could not be read, or says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotRead {
    /// The reply is not what the carrier's API answers. After a create this means *unknown*: look for our
    /// reference before anything is created again.
    #[error("the reply is not one of the carrier's API")]
    Reply,
    /// The carrier refuses our credentials.
    #[error("the carrier refuses the connection: {code}")]
    Connection {
        /// `http_401` or `http_403`.
        code: String,
    },
    /// Too many calls.
    #[error("the carrier asks to wait {seconds} s")]
    Throttled {
        /// How long.
        seconds: u32,
    },
    /// The carrier failed by itself.
    #[error("the carrier failed: {code}")]
    Busy {
        /// `http_503` and the like.
        code: String,
    },
    /// The carrier understood and refuses.
    #[error("the carrier refuses: {code}")]
    Refused {
        /// Its code or the field it names, never its text.
        code: String,
    },
    /// The carrier has the order but gives no label.
    #[error("the carrier gives no label: {code}")]
    LabelFailed {
        /// Its code; `no_credit_account` when the account may not print by API.
        code: String,
    },
    /// The carrier does not take a question that nothing depends on.
    #[error("the carrier does not answer: {code}")]
    Unanswered {
        /// Its code.
        code: String,
    },
}

impl CannotRead {
    /// What to do next.
    pub fn advice(&self) -> Advice {
        match self {
            Self::Reply | Self::Busy { .. } => Advice::Retry,
            Self::Connection { .. } => Advice::AskPerson(Reason::ConnectionRefused),
            Self::Throttled { seconds } => Advice::Wait { seconds: *seconds },
            Self::Refused { .. } => Advice::AskPerson(Reason::CarrierRefused),
            Self::LabelFailed { .. } => Advice::AskPerson(Reason::LabelFailed),
            Self::Unanswered { .. } => Advice::GiveUp,
        }
    }

    /// Lets every status pass that each call reads by itself: good ones and plain refusals.
    pub(crate) fn unless_answered(status: StatusCode, headers: &HeaderMap) -> Result<(), Self> {
        let code = http_code(status);
        match status.as_u16() {
            401 | 403 => Err(Self::Connection { code }),
            429 => Err(Self::Throttled { seconds: retry_after(headers) }),
            408 | 500.. => Err(Self::Busy { code }),
            // Nobody at this API redirects; something between us answered.
            ..200 | 300..=399 => Err(Self::Reply),
            _ => Ok(()),
        }
    }
}

/// A status as a code.
pub(crate) fn http_code(status: StatusCode) -> String {
    format!("http_{}", status.as_u16())
}

fn retry_after(headers: &HeaderMap) -> u32 {
    let seconds =
        headers.get(RETRY_AFTER).and_then(|v| v.to_str().ok()).and_then(|v| v.trim().parse::<u32>().ok());
    seconds.map_or(DEFAULT_WAIT, |s| s.clamp(1, LONGEST_WAIT))
}

/// A code from the other side, kept only if it looks like one: letters, digits and `_-.[]`, 64 at most.
pub(crate) fn code(text: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-.[]".contains(c);
    ((1..=64).contains(&text.len()) && text.chars().all(fits)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(n: u16, retry: Option<&'static str>) -> Option<Advice> {
        let mut headers = HeaderMap::new();
        if let Some(retry) = retry {
            headers.insert(RETRY_AFTER, http::HeaderValue::from_static(retry));
        }
        CannotRead::unless_answered(StatusCode::from_u16(n).unwrap_or_default(), &headers)
            .err()
            .map(|e| e.advice())
    }

    #[test]
    fn every_status_says_what_to_do() {
        assert_eq!(advice(200, None), None);
        assert_eq!(advice(400, None), None);
        assert_eq!(advice(401, None), Some(Advice::AskPerson(Reason::ConnectionRefused)));
        assert_eq!(advice(403, None), Some(Advice::AskPerson(Reason::ConnectionRefused)));
        assert_eq!(advice(302, None), Some(Advice::Retry));
        assert_eq!(advice(503, None), Some(Advice::Retry));
        assert_eq!(advice(429, None), Some(Advice::Wait { seconds: DEFAULT_WAIT }));
        assert_eq!(advice(429, Some("7")), Some(Advice::Wait { seconds: 7 }));
        assert_eq!(advice(429, Some("99999")), Some(Advice::Wait { seconds: LONGEST_WAIT }));
        assert_eq!(
            advice(429, Some("Mon, 23 Nov 2026 09:00:00 GMT")),
            Some(Advice::Wait { seconds: DEFAULT_WAIT })
        );
    }
}
