//! Telling a channel that goods left: what to tell, and how telling can end.
//!
//! Telling takes several calls, because no channel but Amazon knows our parcel again: each channel's `Talk`
//! asks what is there already before it writes. A talk does no I/O: its `next` is given the last reply and gives
//! the next request, so a lost reply is met by starting the talk anew.

use crate::error::{CannotBuild, CannotRead};
use http::Request;
use jiff::Timestamp;
use waybill_domain::advice::Advice;
use waybill_domain::service::Carrier;

/// A parcel that left, as a channel may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The channel's key of the order.
    pub channel_id: String,
    /// The channel's keys of the lines, each with pieces.
    pub lines: Vec<(String, u32)>,
    /// How many lines the order has.
    pub order_lines: usize,
    /// With this parcel everything of the order that is to be sent has left.
    pub completes: bool,
    /// Number of the parcel within its order, from 1; the same at every attempt.
    pub parcel: u32,
    /// Who carries it.
    pub carrier: Carrier,
    /// The carrier's own number.
    pub tracking: String,
    /// When it left.
    pub at: Timestamp,
    /// How the channel calls the place it left from, where it knows places.
    pub source: Option<String>,
}

/// What a talk wants next.
#[derive(Debug)]
pub enum Next {
    /// Send this and give me the reply.
    Send(Box<Request<Vec<u8>>>),
    /// It is over.
    Over(Outcome),
}

/// How telling a channel ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The channel shows it.
    Applied,
    /// The channel took it and shows it later.
    Pending,
    /// This shop has no way to be told.
    Unsupported,
    /// It cannot be told; a code that says why.
    NotPossible(&'static str),
}

/// Why a talk broke off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broke {
    /// A request could not be made.
    #[error(transparent)]
    Build(#[from] CannotBuild),
    /// A reply could not be read, or says no.
    #[error(transparent)]
    Read(#[from] CannotRead),
}

impl Broke {
    /// What to do next.
    pub fn advice(&self) -> Advice {
        match self {
            Self::Build(error) => error.advice(),
            Self::Read(error) => error.advice(),
        }
    }
}
