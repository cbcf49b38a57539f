//! Shopify's connector against the contract's samples and vectors, and against everything else.

#![allow(clippy::unwrap_used, clippy::panic)]

mod contracts;
mod feed;
mod fixture;
mod order;
mod token;
mod webhook;
mod writeback;
