//! `cargo xtask build`: the functions as AWS runs them.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::{Done, Failure, While};
use crate::say::Step;
use crate::venv::{Needs, Venv};
use crate::{cargo, functions, paths};

/// Build the functions for AWS (arm64, release) into the folders that template.yaml names.
#[derive(Args)]
pub struct Arguments {
    /// Only these functions, such as `webhook`; all when none is named.
    pub functions: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// When a function is unknown, the build fails, or what it made is not for arm64.
pub fn run(arguments: &Arguments) -> Done {
    let known = functions::names()?;
    if let Some(unknown) = arguments.functions.iter().find(|name| !known.contains(name)) {
        return Err(Failure::new(format!(
            "There is no function `{unknown}`. These are there: {}.",
            known.join(", ")
        )));
    }
    let names = if arguments.functions.is_empty() { &known } else { &arguments.functions };
    let venv = Venv::with(&[Needs::Build])?;
    let step = Step::begin(&format!(
        "building {} for arm64, release (the first time takes many minutes)",
        names.join(", ")
    ));
    // Not the flag --target-dir, which cargo-lambda passes on wrongly.
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| paths::root().join("target"), PathBuf::from);
    let mut command = venv.command("cargo-lambda");
    command.args(["lambda", "build", "--release", "--arm64"]).env("CARGO_TARGET_DIR", &target);
    // cargo-lambda finds zig as the module of this Python.
    command.env("AWS_LC_SYS_NO_JITTER_ENTROPY", "1").env_remove("CARGO_MANIFEST_DIR");
    for name in names {
        command.args(["--package", &functions::package(name)]);
    }
    cargo::run("cargo lambda build", command)?;
    step.done("built");
    for name in names {
        let built = target.join("lambda").join(functions::package(name)).join("bootstrap");
        if !is_arm64(&built)? {
            return Err(Failure::new(format!("{} is not an arm64 program", built.display())));
        }
        functions::place(&built, &paths::release_code(), name)?;
        let size = fs::metadata(&built).or_say(format!("could not read {}", built.display()))?.len();
        println!("{name:<10} {:>6.2} MB   .waybill/functions/{name}/bootstrap", size as f64 / 1e6);
    }
    println!("Deploy with `sam deploy --config-env dev` or `sam deploy --config-env prod`.");
    Ok(())
}

/// Whether a file is a Linux program for arm64: bytes 18 and 19 of its header name the machine, 183.
fn is_arm64(file: &Path) -> Done<bool> {
    let bytes = fs::read(file).or_say(format!("could not read {}", file.display()))?;
    Ok(bytes.starts_with(b"\x7fELF") && bytes.get(18..20) == Some(&[183, 0]))
}
