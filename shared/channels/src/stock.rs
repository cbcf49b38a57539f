//! Telling a channel how much may be sold.
//!
//! As with tracking, each channel has a `Talk` without I/O, for one SKU: it looks the listing up where it must,
//! writes, and says how that ended.

pub use crate::writeback::{Broke, Next, Outcome};

/// How much of one SKU there is, in the ways channels count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// The SKU as the channel knows it.
    pub sku: String,
    /// What may be sold: on hand less reserved less buffer, never below zero.
    pub sellable: u32,
    /// What stands on the shelves, open orders not taken off: for channels that take them off themselves.
    pub physical: u32,
    /// How the channel calls the place, where it knows places.
    pub place: Option<String>,
    /// The same at every attempt to tell this number, different for every other: for channels that know a call
    /// again by it.
    pub key: String,
}
