//! What can go wrong with a channel, in three families, each with what to do next.
//!
//! No text in here holds input: only statuses, the other side's codes and field names.

use http::StatusCode;
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;

/// How long to wait when a channel says "too many" but not for how long, in seconds.
pub const DEFAULT_WAIT: u32 = 10;

/// A request could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotBuild {
    /// The address of the account is not one.
    #[error("the connection's address cannot be called: correct it")]
    Address,
    /// The credential holds characters no header may hold.
    #[error("the connection's credential cannot be sent: connect the account again")]
    Credential,
    /// Not a key of this channel.
    #[error("the channel's key for the order is not one: drop it")]
    ChannelId,
    /// Nothing, or nothing usable, to tell the channel.
    #[error("the write-back lacks a usable {field}")]
    WriteBack {
        /// Which field of the request.
        field: &'static str,
    },
}

impl CannotBuild {
    /// What to do next.
    pub fn advice(&self) -> Advice {
        match self {
            Self::Address | Self::Credential => Advice::AskPerson(Reason::ConnectionRefused),
            Self::ChannelId => Advice::GiveUp,
            Self::WriteBack { .. } => Advice::AskPerson(Reason::WriteBackRefused),
        }
    }
}

/// A reply or delivery could not be read, or says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotRead {
    /// A delivery is not JSON of the documented shape.
    #[error("not of the documented shape at line {line}, column {column}")]
    Shape {
        /// Where it stops making sense.
        line: usize,
        /// Where in that line.
        column: usize,
    },
    /// A field that must be there is not, or is not usable.
    #[error("{field} is missing or not usable")]
    Field {
        /// Its name at the channel.
        field: &'static str,
    },
    /// A list is longer than we take.
    #[error("{field} holds too many entries")]
    TooMany {
        /// Its name at the channel.
        field: &'static str,
    },
    /// A reply is not what the channel's API answers; perhaps something between us answered.
    #[error("the reply is not one of the channel's API")]
    Reply,
    /// The channel refuses our credentials, or the shop is gone.
    #[error("the channel refuses the connection: {code}")]
    Connection {
        /// Its code, or `http_401`.
        code: String,
    },
    /// Too many calls.
    #[error("the channel asks to wait {seconds} s")]
    Throttled {
        /// How long.
        seconds: u32,
    },
    /// The channel failed by itself.
    #[error("the channel failed: {code}")]
    Busy {
        /// Its code, or `http_503`.
        code: String,
    },
    /// The channel understood and refuses.
    #[error("the channel refuses: {code}")]
    Refused {
        /// Its code or the field it names, never its text.
        code: String,
        /// What the order's exception says.
        reason: Reason,
    },
}

impl CannotRead {
    /// What to do next.
    pub fn advice(&self) -> Advice {
        match self {
            Self::Shape { .. } | Self::Field { .. } | Self::TooMany { .. } => {
                Advice::AskPerson(Reason::Unreadable)
            }
            Self::Reply | Self::Busy { .. } => Advice::Retry,
            Self::Connection { .. } => Advice::AskPerson(Reason::ConnectionRefused),
            Self::Throttled { seconds } => Advice::Wait { seconds: *seconds },
            Self::Refused { reason, .. } => Advice::AskPerson(*reason),
        }
    }

    /// Lets a good status pass. `reason` is what a plain refusal means to the order.
    pub(crate) fn unless_good(status: StatusCode, reason: Reason) -> Result<(), Self> {
        let code = format!("http_{}", status.as_u16());
        match status.as_u16() {
            200..=299 => Ok(()),
            // 402 is a frozen shop, 404 a closed one, 423 a locked one.
            401..=404 | 423 => Err(Self::Connection { code }),
            429 | 430 => Err(Self::Throttled { seconds: DEFAULT_WAIT }),
            408 | 500.. => Err(Self::Busy { code }),
            _ => Err(Self::Refused { code, reason }),
        }
    }
}

impl From<serde_json::Error> for CannotRead {
    /// Keeps the place only: the message would repeat the input.
    fn from(error: serde_json::Error) -> Self {
        Self::Shape { line: error.line(), column: error.column() }
    }
}

/// A delivery is not proven to come from the channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTrusted {
    /// It has no signature.
    #[error("the delivery is not signed")]
    NoSignature,
    /// Its signature fits neither the current nor the previous secret.
    #[error("the delivery's signature does not fit")]
    WrongSignature,
    /// We hold no secret to check with.
    #[error("the connection has no signing secret: connect the account again")]
    NoSecret,
}

impl NotTrusted {
    /// What to do next.
    pub fn advice(&self) -> Advice {
        match self {
            Self::NoSignature | Self::WrongSignature => Advice::GiveUp,
            Self::NoSecret => Advice::AskPerson(Reason::ConnectionRefused),
        }
    }
}

/// A code from the other side, kept only if it looks like one: letters, digits and `_-.[]`, 64 at most.
pub(crate) fn code(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-.[]".contains(c);
    if (1..=64).contains(&text.len()) && text.chars().all(fits) {
        text.to_owned()
    } else {
        "unspecified".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_says_what_to_do() {
        let advice = |n: u16| {
            let status = StatusCode::from_u16(n).unwrap_or_default();
            CannotRead::unless_good(status, Reason::WriteBackRefused).err().map(|e| e.advice())
        };
        assert_eq!(advice(200), None);
        assert_eq!(advice(401), Some(Advice::AskPerson(Reason::ConnectionRefused)));
        assert_eq!(advice(403), Some(Advice::AskPerson(Reason::ConnectionRefused)));
        assert_eq!(advice(429), Some(Advice::Wait { seconds: DEFAULT_WAIT }));
        assert_eq!(advice(503), Some(Advice::Retry));
        assert_eq!(advice(422), Some(Advice::AskPerson(Reason::WriteBackRefused)));
    }

    #[test]
    fn free_text_is_no_code() {
        assert_eq!(code("THROTTLED"), "THROTTLED");
        assert_eq!(code("Jon of 1 Street is unknown"), "unspecified");
        assert_eq!(code(""), "unspecified");
    }
}
