//! Royal Mail's connector against the contract's samples and schema.

#![allow(clippy::unwrap_used, clippy::panic)]

mod contracts;
mod create;
mod replies;
