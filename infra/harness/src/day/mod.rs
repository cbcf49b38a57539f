//! A seller's five connections through a simulated day, with every documented limit of the sandbox kept.
//!
//! The handlers as they are deployed, as many at a time as the template lets run, on in-memory AWS. Requests take
//! as long as requests take, so calls that were allowed at one moment arrive at another, as they really do; all
//! time is the runtime's own paused clock, so a day takes as long as its work and the same seed is the same day.
//!
//! What the channels counted is read from the sandbox's own meters. Two things are not as deployed: parcels are
//! not tracked, and Amazon's ORDER_CHANGE notifications are not taken, so its orders come by polling alone.

mod curve;
mod ledger;
mod mail;
mod orders;
pub mod report;
mod road;
mod run;
pub mod text;

pub use orders::invented;
pub use report::Report;
pub use run::{Settings, run};
