//! The steps of a full test run, in order.

use std::process::Command;

use super::begun::Begun;
use super::browser;
use super::count::{Count, counted};
use super::stories;
use crate::cargo::{self, cargo};
use crate::demo::{self, harness};
use crate::failure::Done;
use crate::{evidence, lint};

/// One part of a test run.
pub struct Step {
    /// Its name in the table, and on the command line.
    pub name: &'static str,
    /// Runs it and counts.
    pub run: fn(&mut Run) -> Done<Count>,
}

/// What the steps of one run know of each other.
pub struct Run {
    /// Seeds of the simulation.
    pub seeds: u32,
    /// The demo has its turn, too.
    pub demo_follows: bool,
    /// The demo, begun beside the stories.
    pub demo: Option<Begun>,
}

/// The name of the step that runs the demo.
pub const DEMO: &str = "demo";

/// The crate whose tests run whole systems in memory.
const HARNESS: &str = "waybill-harness";

/// All of them, from fast to whole.
pub const ALL: &[Step] = &[
    Step { name: "format", run: format },
    Step { name: "clippy", run: clippy },
    Step { name: "template", run: template },
    Step { name: "unit", run: unit },
    Step { name: "simulation", run: simulation },
    Step { name: "stack", run: stack },
    Step { name: DEMO, run: whole_demo },
];

/// The names, for a message.
pub fn names() -> String {
    ALL.iter().map(|step| step.name).collect::<Vec<_>>().join(", ")
}

fn format(_: &mut Run) -> Done<Count> {
    one("cargo fmt", &["fmt", "--all", "--check"])
}

fn clippy(_: &mut Run) -> Done<Count> {
    one("clippy", &["clippy", "--quiet", "--workspace", "--all-targets", "--", "--deny", "warnings"])
}

fn template(_: &mut Run) -> Done<Count> {
    lint::run(&lint::Arguments { policy: false }).map(|()| Count::one_passed())
}

/// Unit, property and contract tests. Tests that need a stack are `#[ignore]`d and wait for their step; those of the
/// harness are long and run optimised with the simulation.
fn unit(_: &mut Run) -> Done<Count> {
    let all = ["--workspace", "--exclude", HARNESS];
    let doc = ["test", "--quiet", "--workspace", "--doc", "--no-fail-fast"];
    match has_nextest() {
        true => Ok(tests(&all)? + counted(with(&doc))?),
        false => tests(&all),
    }
}

/// The tests of the harness, among them that planted bugs are found, and the seeds.
fn simulation(run: &mut Run) -> Done<Count> {
    let profile = if has_nextest() { "--cargo-profile" } else { "--profile" };
    let count = tests(&["--package", HARNESS, profile, "sim"])?;
    let seeds = run.seeds.to_string();
    cargo::run("the simulation", harness("simulate", "sim", &["--seeds", &seeds], [].iter()))?;
    Ok(count + Count::one_passed())
}

/// Runs tests by nextest where it is there, and counts them.
fn tests(which: &[&str]) -> Done<Count> {
    let runner: &[&str] = match has_nextest() {
        true => &["nextest", "run", "--no-fail-fast", "--no-tests", "pass"],
        false => &["test", "--quiet", "--no-fail-fast"],
    };
    counted(with(&[runner, which].concat()))
}

/// Stories against deployed stacks of their own: the ignored tests of `tests/`, which find theirs by WAYBILL_STATE.
/// The demo, which has a stack, too, is begun beside them once everything all need is built and installed.
fn stack(run: &mut Run) -> Done<Count> {
    let in_browser = browser::is_there();
    if in_browser {
        browser::fetch_axe()?;
    }
    let (count, lines) = stories::tell(in_browser, || {
        if run.demo_follows {
            run.demo = Some(Begun::begin(DEMO, &[&[DEMO], SMALL].concat())?);
        }
        Ok(())
    })?;
    evidence::keep_stack(&lines)?;
    // Left out by name, the runner does not count them.
    Ok(count + Count { skipped: u64::from(!in_browser), ..Count::default() })
}

/// The demo of a test run: fewer orders than the README's.
const SMALL: &[&str] = &["--orders", "60", "--out", "target/demo-test"];

/// The README's demo with fewer orders: every promise it makes is checked by itself.
fn whole_demo(run: &mut Run) -> Done<Count> {
    let done = match run.demo.take() {
        Some(begun) => begun.end(),
        None => {
            let rest = SMALL.iter().map(|argument| (*argument).to_owned()).collect();
            demo::run(&demo::Arguments { keep: false, rest })
        }
    };
    done.map(|()| Count::one_passed())
}

fn one(what: &str, arguments: &[&str]) -> Done<Count> {
    cargo::run(what, with(arguments)).map(|()| Count::one_passed())
}

fn with(arguments: &[&str]) -> Command {
    let mut command = cargo();
    command.args(arguments);
    command
}

fn has_nextest() -> bool {
    with(&["nextest", "--version"]).output().is_ok_and(|out| out.status.success())
}
