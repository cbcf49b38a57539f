//! A person's way through Waybill and out of it again: the deployed handlers on in-memory AWS, with orders in which
//! every personal field is a token that is searched for everywhere (CONTROLS section 4).
#![allow(clippy::unwrap_used, clippy::panic)]

mod canary;
mod channels;
mod fence;
mod late;
mod lifecycle;
mod numbers;
mod requests;
mod stage;
