//! `cargo xtask demo`: 200 orders, from the webhook to oblivion, on a stack of its own.

use std::process::Command;

use clap::Args;

use crate::failure::{Done, Failure};
use crate::stack::{Folder, ports};
use crate::{cargo, down, paths, up};

/// Start a private stack, send 200 invented orders down the whole road, and show what came of them.
#[derive(Args)]
pub struct Arguments {
    /// Leave the stack running in the end, to look around.
    #[arg(long)]
    pub keep: bool,
    /// Passed on to the demo, which explains its own options: `cargo xtask demo -- --help`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub rest: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// When the stack cannot start or the demo finds a broken promise.
pub fn run(arguments: &Arguments) -> Done {
    // Known to be wanted by the demo itself, wherever on the line it stands.
    let keep = arguments.keep || arguments.rest.iter().any(|argument| argument == "--keep");
    let rest = arguments.rest.iter().filter(|argument| *argument != "--keep" && *argument != "--");
    if !cargo::has_package("waybill-harness") {
        return Err(Failure::new("infra/harness is missing, and the demo is part of it."));
    }
    if arguments.rest.iter().any(|argument| argument == "--help" || argument == "-h") {
        return cargo::run("the demo", story("demo", &[], rest)?);
    }
    let (port, sandbox_port) = ports::two_free()?;
    let name = format!("demo-{}", std::process::id());
    let stack = up::Arguments {
        name: name.clone(),
        port,
        sandbox_port: Some(sandbox_port),
        empty: false,
        json: false,
    };
    let state = up::start(&stack)?;
    let file = Folder::of(&state.name)?.state_file().display().to_string();
    let done = story("demo", &["--state", &file], rest).and_then(|command| cargo::run("the demo", command));
    match keep {
        true => eprintln!(
            "The stack stays: API {}. Stop it with `cargo xtask down --name {name}`.",
            state.api_url
        ),
        false => down::stop(&name)?,
    }
    done
}

/// A program of the harness that measures, by `cargo run` in the profile for that, with our arguments before the
/// caller's.
pub fn harness<'a>(program: &str, ours: &[&str], theirs: impl Iterator<Item = &'a String>) -> Command {
    let mut command = cargo::cargo();
    command.args(["run", "--quiet", "--package", "waybill-harness", "--bin", program, "--profile", "bench"]);
    command.arg("--").args(ours).args(theirs);
    command
}

/// A program of the harness as it is tested, such as one that talks to a running stack, with our arguments before the caller's.
///
/// # Errors
/// When it does not build.
pub fn story<'a>(program: &str, ours: &[&str], theirs: impl Iterator<Item = &'a String>) -> Done<Command> {
    let built = cargo::build_stories()?;
    let path = built.get(program).ok_or_else(|| Failure::new(format!("infra/harness has no `{program}`")))?;
    let mut command = Command::new(path);
    command.current_dir(paths::root()).args(ours).args(theirs);
    Ok(command)
}
