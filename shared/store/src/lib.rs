//! Every access to data: the five tables, the queues, the label bucket and the keys.
//!
//! What is not DynamoDB is a narrow trait with a real side and, with the feature `memory`, an in-memory one.
//! DynamoDB has one side only, the SDK; in memory its requests go to an engine in the same process.

pub mod audit;
pub mod authorisation;
pub mod budget;
pub mod bus;
pub mod catalogue;
pub mod consent;
pub mod db;
pub mod deliveries;
pub mod error;
pub mod expiring;
pub mod figures;
pub mod founding;
pub mod glass;
pub mod goods;
pub mod health;
pub mod holds;
pub mod ingest;
pub mod keyring;
pub mod keys;
pub mod labels;
pub mod listing;
pub mod manifests;
#[cfg(feature = "memory")]
pub mod memory;
pub mod once;
pub mod orders;
pub mod placed;
pub mod places;
pub mod polling;
pub mod products;
pub mod pushes;
pub mod queues;
pub mod reach;
pub mod registers;
pub mod registry;
pub mod requests;
pub mod runs;
pub mod sellers;
pub mod shipments;
pub mod staff;
pub mod stock;
mod stops;
pub mod subscriptions;
pub mod tokens;
pub mod told;
pub mod trail;
pub mod uploads;
pub mod waiting;
pub mod work;

pub use db::{Db, Tables};
pub use error::StoreError;
pub use work::{Queue, Work};
