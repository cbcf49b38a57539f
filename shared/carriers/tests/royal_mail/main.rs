//! Royal Mail's connector against the contract's samples and schema.

#![allow(clippy::unwrap_used, clippy::panic)]

mod abroad;
mod contracts;
mod create;
mod parcelforce;
mod replies;
mod returns;
