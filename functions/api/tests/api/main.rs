//! The function whole, from the event API Gateway sends to the answer it gets, on in-memory tables.
#![allow(clippy::unwrap_used, clippy::panic)]

mod care;
mod connections;
mod console;
mod document;
mod examples;
mod insight;
mod instructions;
mod jobs;
mod lists;
mod manifests;
mod merchant;
mod papers;
mod posted;
mod privacy;
mod ready;
mod registers;
mod rights;
mod settle;
mod shipments;
mod single;
mod stage;
mod subscriptions;
mod tenants;
mod warehouse;
