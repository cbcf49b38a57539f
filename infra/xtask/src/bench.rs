//! `cargo xtask bench`: what things cost, beside their budgets.

use clap::Args;

use crate::cargo;
use crate::demo::harness;
use crate::failure::{Done, Failure};
use crate::venv::{Needs, Venv};

/// Measure speed, size and AWS calls against their budgets; `cargo xtask bench -- --help` explains the options.
#[derive(Args)]
pub struct Arguments {
    /// Passed on to the bench.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub rest: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// When the bench fails; it has said why by then.
pub fn run(arguments: &Arguments) -> Done {
    if !cargo::has_package("waybill-harness") {
        return Err(Failure::new("infra/harness is missing, and the bench is part of it."));
    }
    // The Python baseline needs `cryptography`, which comes with what the local AWS needs.
    Venv::with(&[Needs::Stack, Needs::Bench])?;
    let rest = arguments.rest.iter().filter(|argument| *argument != "--");
    cargo::run("the bench", harness("bench", &[], rest))
}
