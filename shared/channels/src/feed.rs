//! Reading changed orders from a channel, one page at a time.

use crate::Normalised;
use crate::error::CannotRead;
use http::Request;
use jiff::Timestamp;

/// A fixed span of change times that is read to its end before the next begins: rows move while one pages,
/// so a window that ended "now" would never end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// From, inclusive.
    pub from: Timestamp,
    /// To, as the channel takes it.
    pub to: Timestamp,
}

/// What a page holds of one order.
pub enum Found {
    /// All of it.
    Whole(Box<Normalised>),
    /// Its key only: read it with the channel's `build_one`.
    Key(String),
    /// The channel anonymised it: erase what we hold, take nothing from it.
    Erased(String),
    /// It is there and cannot be read. The rest of the page stands.
    Unreadable {
        /// The channel's key.
        channel_id: String,
        /// Why; holds no input.
        error: CannotRead,
    },
}

/// A page of changed orders, oldest change first where the channel can sort.
pub struct Page {
    /// What it holds.
    pub found: Vec<Found>,
    /// Give this for the next page; `None` on the last.
    pub next: Option<String>,
}

/// What reading one order wants next: some channels tell an order in more than one reply.
pub enum Reading {
    /// Send this and give me the reply.
    Send(Box<Request<Vec<u8>>>),
    /// It is read; `None` when the channel has no such order, or has it no more.
    Over(Option<Found>),
}
