//! The simulation: whole handlers on in-memory AWS, with a scheduler that crashes, duplicates, delays and
//! reorders from one seed, and the promises of the design checked while it runs and when it has settled.
//!
//! The same seed gives the same history, so a failing one can be run again and read.

mod acts;
pub(crate) mod check;
mod ends;
pub(crate) mod facts;
mod fate;
mod gate;
mod invocation;
pub(crate) mod mail;
mod naive;
mod plant;
mod run;
mod scheduler;
pub(crate) mod script;
mod starts;
mod voids;
mod warehouse;

pub use plant::Plant;
pub use run::{Failure, Outcome, Settings, run};
