//! What the functions behind `/v1` share: one table of routes, from which both the dispatch and the OpenAPI document
//! come, so that they cannot differ.

#[cfg(feature = "document")]
mod document;
mod reference;
mod route;
#[cfg(feature = "document")]
mod schemas;

#[cfg(feature = "document")]
pub use document::document;
pub use reference::reference;
pub use route::{About, Answer, Body, Example, Route, dispatch};
