//! Magento's connector against the contract's samples, specification and vectors, and against everything else.

#![allow(clippy::unwrap_used, clippy::panic)]
#![recursion_limit = "256"]

mod connect;
mod contracts;
mod feed;
mod fixture;
mod fuzz;
mod oauth;
mod order;
mod spec;
mod stock;
mod webhook;
mod writeback;
