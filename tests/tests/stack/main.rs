//! Stories against a running stack, through the doors that production has: signed deliveries, schedules, queues,
//! the API. Every call is made under the policies of the template.
//!
//! `cargo xtask test stack` starts several stacks that share them; one that runs already is named by `WAYBILL_STATE`.
//! Each story has a merchant of its own. On a stack they are told one at a time, because some of them travel in time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod abroad;
mod amazon;
mod bad_input;
mod bench;
mod browser;
mod bus;
mod canary;
mod care;
mod changes;
mod configuration;
mod connections;
mod console;
mod ebay;
mod erasure;
mod events;
mod first_day;
mod grants;
mod leaks;
mod paused;
mod poison;
mod privacy;
mod road;
mod runbooks;
mod shelves;
mod staff;
mod stock;
mod support;
mod sweep;
mod warehouse;
mod webhooks;
