//! eBay's connector against the contract's samples, vectors and specifications, and against everything else.

#![allow(clippy::unwrap_used, clippy::panic)]

mod contracts;
mod feed;
mod fixture;
mod fuzz;
mod order;
mod samples;
mod stock;
mod token;
mod webhook;
mod writeback;
