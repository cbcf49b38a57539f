//! Pro Shipping v4 against the official specification and samples.

#![allow(clippy::unwrap_used, clippy::panic)]

mod contracts;
mod fixtures;
mod replies;
mod requests;
