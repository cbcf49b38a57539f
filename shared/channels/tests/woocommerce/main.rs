//! WooCommerce's connector against the contract's samples and vectors, and against everything else.

#![allow(clippy::unwrap_used, clippy::panic)]

mod connect;
mod contracts;
mod feed;
mod fixture;
mod fuzz;
mod hooks;
mod one;
mod order;
mod samples;
mod stock;
mod webhook;
mod writeback;
