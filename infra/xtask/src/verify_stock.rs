//! `cargo xtask verify-stock`: is stock what its movements say, and do orders hold what is reserved?

use clap::Args;

use crate::cargo;
use crate::demo::{harness, story};
use crate::failure::{Done, Failure};
use crate::stack::Folder;

/// Walk all stock of a running stack, or with `--faults N` of a rough run of its own, and name the first difference; `cargo xtask verify-stock -- --help` explains the options.
#[derive(Args)]
pub struct Arguments {
    /// Which stack.
    #[arg(long, default_value = "local")]
    pub name: String,
    /// Instead of a stack: so many orders under seeded trouble, in memory.
    #[arg(long)]
    pub faults: Option<usize>,
    /// Passed on.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub rest: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// When something differs; it has been named by then.
pub fn run(arguments: &Arguments) -> Done {
    if !cargo::has_package("waybill-harness") {
        return Err(Failure::new("infra/harness is missing, and the walk is part of it."));
    }
    let rest = arguments.rest.iter().filter(|argument| *argument != "--");
    let command = match arguments.faults {
        Some(orders) => harness("verify-stock", &["--faults", &orders.to_string()], rest),
        None => {
            let file = Folder::of(&arguments.name)?.state_file().display().to_string();
            story("verify-stock", &["--state", &file], rest)?
        }
    };
    cargo::run("verify-stock", command)
}
