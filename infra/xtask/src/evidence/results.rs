//! Running the tests the controls name, and what came of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use serde::{Deserialize, Serialize};

use super::catalogue::Control;
use super::{commit, folder};
use crate::cargo::cargo;
use crate::failure::{Done, Failure, While};
use crate::paths;
use crate::say::Step;

/// What came of tests on one commit.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Results {
    /// On which commit.
    pub commit: String,
    /// Passed or not, and when, by test.
    pub tests: BTreeMap<String, Outcome>,
}

/// What came of one test.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Outcome {
    /// It held.
    pub passed: bool,
    /// When it ran.
    pub at: String,
}

fn file() -> PathBuf {
    folder().join("results.json")
}

/// The last results; none when nothing ran yet.
pub fn last() -> Results {
    fs::read(file()).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

/// The results of the stories on a stack as `cargo xtask test stack` left them.
pub fn of_stack() -> Results {
    let file = paths::private().join("evidence").join("stack.json");
    fs::read(file).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

/// Keeps what `cargo test` said about the stories on a stack, for the page.
///
/// # Errors
/// When it cannot be written.
pub fn keep_stack(lines: &[String]) -> Done {
    let at = jiff::Timestamp::now().to_string();
    let mut tests = BTreeMap::new();
    for line in lines {
        let Some(rest) = line.trim().strip_prefix("test ") else { continue };
        let Some((name, verdict)) = rest.rsplit_once(" ... ") else { continue };
        tests.insert(name.trim().to_owned(), Outcome { passed: verdict.starts_with("ok"), at: at.clone() });
    }
    fs::create_dir_all(folder()).or_say("could not make the folder for evidence")?;
    let results = Results { commit: commit::now()?, tests };
    let text = serde_json::to_string_pretty(&results).or_say("results")?;
    fs::write(folder().join("stack.json"), text).or_say("could not write the stack's results")
}

/// Runs the tests of these controls and keeps what came of them.
///
/// # Errors
/// When a test cannot be run at all; one that fails is a result.
pub fn run(controls: &[&Control]) -> Done {
    let names: BTreeSet<&str> =
        controls.iter().flat_map(|control| &control.tests).map(String::as_str).collect();
    let step = Step::begin(&format!("running {} tests", names.len()));
    let ran = ran(&names, false)?;
    let commit = commit::now()?;
    let mut results = last();
    if results.commit != commit {
        results = Results { commit, ..Results::default() };
    }
    let at = jiff::Timestamp::now().to_string();
    for name in &names {
        // What was named and did not run did not pass.
        let passed = ran.get(*name).copied().unwrap_or(false);
        if !passed {
            eprintln!("  not green: {name}");
        }
        results.tests.insert((*name).to_owned(), Outcome { passed, at: at.clone() });
    }
    let text = serde_json::to_string_pretty(&results).or_say("results")?;
    fs::write(file(), text).or_say("could not write the results")?;
    step.done(&format!("{} of {} green", ran.values().filter(|passed| **passed).count(), names.len()));
    Ok(())
}

/// Runs the tests, only until one fails when that is enough, and says which passed. Empty when the code does not compile or no test has these names.
///
/// # Errors
/// When nextest cannot be started.
pub fn ran(names: &BTreeSet<&str>, first: bool) -> Done<BTreeMap<String, bool>> {
    let mut targets = BTreeSet::new();
    let mut filter = Vec::new();
    for name in names {
        let (binary, test) = name.split_once(' ').ok_or_else(|| Failure::new("a test is `binary test`"))?;
        targets.insert(target(binary));
        filter.push(format!("(binary_id(={binary}) & test(={test}))"));
    }
    let mut command = cargo();
    let until = if first { "--fail-fast" } else { "--no-fail-fast" };
    command.args(["nextest", "run", until, "--color", "never", "--no-tests", "pass"]);
    command.args(["--status-level", "all", "--final-status-level", "none", "--failure-output", "never"]);
    // Of the whole workspace: a package by itself asks for other features of what it stands on, which is built once more.
    command.arg("--workspace").args(targets.into_iter().flatten());
    command.args(["--filterset", &filter.join(" | ")]);
    // In the background of a terminal nextest would be stopped as it asks for the keyboard.
    command.env("NEXTEST_NO_INPUT_HANDLER", "1").stdin(Stdio::null());
    let out =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().or_say("could not start nextest")?;
    let text = String::from_utf8_lossy(&out.stderr).into_owned() + &String::from_utf8_lossy(&out.stdout);
    let ran = read(&text);
    if ran.is_empty() {
        let from = text.lines().filter(|line| line.contains("error")).take(6);
        from.for_each(|line| eprintln!("  {line}"));
    }
    Ok(ran)
}

/// What cargo calls the program that nextest calls `waybill-domain`, `waybill-reveal::reveal` or `waybill-xtask::bin/xtask`.
fn target(binary: &str) -> Vec<&str> {
    match binary.split_once("::") {
        None => vec!["--lib"],
        Some((_, name)) => match name.strip_prefix("bin/") {
            Some(name) => vec!["--bin", name],
            None => vec!["--test", name],
        },
    }
}

/// What nextest says of each test: `PASS [   0.004s] (1/9) waybill-domain access::tests::x`.
fn read(text: &str) -> BTreeMap<String, bool> {
    let mut ran = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        let verdict = line.split_whitespace().next().unwrap_or_default();
        let passed = match verdict {
            "PASS" | "LEAK" => true,
            "FAIL" | "TIMEOUT" | "ABORT" | "SIGABRT" | "SIGSEGV" => false,
            _ => continue,
        };
        let mut words = line.split_whitespace().rev();
        if let (Some(test), Some(binary), true) = (words.next(), words.next(), line.contains('[')) {
            ran.insert(format!("{binary} {test}"), passed);
        }
    }
    ran
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn what_nextest_says_is_read() {
        let ran = read(
            "    PASS [   0.004s] (1/3) waybill-domain access::tests::a\n    FAIL [   1.000s] ( 2/3) waybill-reveal::reveal access::b\n Summary [ 1s] 2 tests run: 1 passed",
        );
        assert_eq!(ran.get("waybill-domain access::tests::a"), Some(&true));
        assert_eq!(ran.get("waybill-reveal::reveal access::b"), Some(&false));
        assert_eq!(ran.len(), 2);
    }
}
