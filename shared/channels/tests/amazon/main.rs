//! Amazon's connector against the contract's samples and specifications, and against everything else.

#![allow(clippy::unwrap_used, clippy::panic)]

mod anything;
mod connect;
mod contracts;
mod feed;
mod fixture;
mod fuzz;
mod notification;
mod order;
mod spec;
mod stock;
mod writeback;
