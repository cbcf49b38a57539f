//! A blind count of one spot: the counter never sees what is expected, and a large difference needs approval.

use serde::{Deserialize, Serialize};

/// What a count leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "result", content = "variance")]
pub enum Counted {
    /// As many as expected.
    Exact,
    /// A difference small enough to be booked at once, in pieces.
    Book(i64),
    /// A difference a second person must approve, in pieces.
    Approve(i64),
}

/// Judges a count: `limit` is the largest difference in pieces that is booked without approval.
pub fn count(expected: i64, counted: i64, limit: i64) -> Counted {
    match counted - expected {
        0 => Counted::Exact,
        small if small.abs() <= limit => Counted::Book(small),
        large => Counted::Approve(large),
    }
}
