//! A running stack: the local AWS with the template deployed, and the sandbox beside it.

pub mod aws;
pub mod ports;
pub mod sandbox;
pub mod state;

pub use state::{Folder, State};
