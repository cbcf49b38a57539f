//! `cargo xtask simulate`: whole handlers on in-memory AWS, with seeded trouble.

use clap::Args;

use crate::cargo;
use crate::demo::harness;
use crate::failure::{Done, Failure};

/// Run the handlers under seeded crashes, duplicates, delays and conflicts; `cargo xtask simulate -- --help` explains the options.
#[derive(Args)]
pub struct Arguments {
    /// Passed on to the simulation.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub rest: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// When the simulation fails; it has said why by then.
pub fn run(arguments: &Arguments) -> Done {
    if !cargo::has_package("waybill-harness") {
        return Err(Failure::new("infra/harness is missing, and the simulation is part of it."));
    }
    let rest = arguments.rest.iter().filter(|argument| *argument != "--");
    cargo::run("the simulation", harness("simulate", &[], rest))
}
