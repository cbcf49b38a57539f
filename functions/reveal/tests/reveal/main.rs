//! The function whole, from the event API Gateway sends to the answer it gets, on in-memory AWS.
#![allow(clippy::unwrap_used, clippy::panic)]

mod access;
mod batch;
mod buyer;
mod console;
mod erased;
mod examples;
mod papers;
mod records;
mod stage;
