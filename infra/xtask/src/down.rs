//! `cargo xtask down`: stop what `up` started, and nothing else.

use clap::Args;

use crate::failure::{Done, Failure};
use crate::stack::{Folder, state};

/// Stop a stack and forget everything in it.
#[derive(Args)]
pub struct Arguments {
    /// Name of the stack.
    #[arg(long, default_value = "local")]
    pub name: String,
    /// Stop every stack of this repository.
    #[arg(long, conflicts_with = "name")]
    pub all: bool,
}

/// Runs the command.
///
/// # Errors
/// When there is no such stack, with the names of those that are there.
pub fn run(arguments: &Arguments) -> Done {
    let names = state::all();
    if arguments.all {
        return names.iter().try_for_each(|name| stop(name));
    }
    if !names.contains(&arguments.name) {
        let others = if names.is_empty() {
            "No stack is there.".to_owned()
        } else {
            format!("These are there: {}.", names.join(", "))
        };
        return Err(Failure::new(format!("There is no stack `{}` to stop. {others}", arguments.name)));
    }
    stop(&arguments.name)
}

/// Stops one stack.
///
/// # Errors
/// When its state is damaged.
pub fn stop(name: &str) -> Done {
    let folder = Folder::of(name)?;
    if let Some(state) = folder.read()? {
        state.stop();
        if state.alive() {
            return Err(Failure::new(format!(
                "`{name}` does not stop; its programs are in {}.",
                folder.state_file().display()
            )));
        }
    }
    folder.remove();
    eprintln!("`{name}` is stopped.");
    Ok(())
}
