//! What the functions behind `/v1` share: one table of routes, from which both the dispatch and the OpenAPI document
//! come, so that they cannot differ; and the care every request gets.

mod allowance;
mod care;
#[cfg(feature = "document")]
mod document;
mod matching;
mod once;
mod pace;
mod reference;
mod route;
#[cfg(feature = "document")]
mod schemas;

pub use allowance::{Allowance, LIMIT, REMAINING, RESET};
pub use care::{Care, REQUEST_ID, under_care};
#[cfg(feature = "document")]
pub use document::document;
pub use matching::{CHANGED_MEANWHILE, IfMatch, IfNoneMatch, tag_of};
pub use once::{Fresh, KEY, REPLAYED, SECRET};
pub use pace::MOST;
pub use reference::reference;
pub use route::{About, Answer, Body, Example, Route, dispatch};
