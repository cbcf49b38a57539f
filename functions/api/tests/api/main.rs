//! The function whole, from the event API Gateway sends to the answer it gets, on in-memory tables.
#![allow(clippy::unwrap_used, clippy::panic)]

mod connections;
mod console;
mod lists;
mod privacy;
mod registers;
mod settle;
mod single;
mod stage;
mod warehouse;
