//! Whole files of SKUs, bundles, bins, stock takes and mappings as CSV: read row by row, checked with line numbers,
//! written in pieces, so that memory stays flat and an upload that stopped goes on where it was.

mod check;
pub mod export;
mod import;
pub mod row;
mod write;

pub use import::{Ask, BulkError, Changed, Mode, changed, import};
pub use row::Kind;
