//! DPD's connector against the contract's samples, limits and observed specification.

#![allow(clippy::unwrap_used, clippy::panic)]

mod contracts;
mod create;
mod fixtures;
mod login;
mod offers;
mod replies;
mod tracking;
