//! Cargo, called from cargo.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::failure::{Done, Failure, While};
use crate::paths;

/// A cargo command, at the root of the repository, of the same toolchain as this one.
#[must_use]
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(paths::root());
    // What `cargo run` set for this program must not leak into builds: some build scripts rerun when it differs.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy();
        if name.starts_with("CARGO_PKG_")
            || name.starts_with("CARGO_MANIFEST_")
            || name == "CARGO_BIN_NAME"
            || name == "CARGO_CRATE_NAME"
        {
            command.env_remove(name.as_ref());
        }
    }
    command
}

/// Whether the workspace has this crate, such as `waybill-harness`.
#[must_use]
pub fn has_package(name: &str) -> bool {
    let manifest = |folder: &str| paths::root().join("infra").join(folder).join("Cargo.toml").is_file();
    name.strip_prefix("waybill-").is_some_and(manifest)
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    executable: Option<PathBuf>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// What talks to a running stack: programs of the harness, and the tests named so. And what a test run simulates with.
const STORIES: &[&str] = &[
    "--workspace",
    "--bin",
    "seed",
    "--bin",
    "demo",
    "--bin",
    "simulate",
    "--bin",
    "verify-stock",
    "--test",
    "stack",
];

/// Builds what talks to a running stack or simulates, as the whole workspace's tests are built: by itself it would ask for other
/// features of the crates it stands on, and these be built once more.
///
/// # Errors
/// As [`build`].
pub fn build_stories() -> Done<BTreeMap<String, PathBuf>> {
    build(&STORIES.iter().map(|argument| (*argument).to_owned()).collect::<Vec<_>>())
}

/// Builds with the given arguments and returns the executables by name. Compiler messages go to the terminal.
///
/// # Errors
/// When cargo cannot be started or the build fails; the compiler has said why by then.
pub fn build(arguments: &[String]) -> Done<BTreeMap<String, PathBuf>> {
    let mut child = cargo()
        .arg("build")
        .args(arguments)
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped())
        .spawn()
        .or_say("could not start cargo")?;
    let mut built = BTreeMap::new();
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let line = line.or_say("could not read what cargo says")?;
        let Ok(message) = serde_json::from_str::<Message>(&line) else { continue };
        if let (Some(path), Some(target), "compiler-artifact") =
            (message.executable, message.target, message.reason.as_str())
        {
            built.insert(target.name, path);
        }
    }
    match child.wait().or_say("could not wait for cargo")?.success() {
        true => Ok(built),
        false => Err(Failure::new("The build failed; the compiler's messages are above.")),
    }
}

/// Runs a cargo command to its end, with its output on the terminal.
///
/// # Errors
/// When it cannot be started, or fails; `what` names it in the sentence.
pub fn run(what: &str, mut command: Command) -> Done {
    match command.status().or_say(format!("could not start {what}"))?.success() {
        true => Ok(()),
        false => Err(Failure::new(format!("{what} failed; its messages are above."))),
    }
}
