//! The steps of a full test run, in order.

use std::process::Command;

use super::begun::{Begun, ours, patient};
use super::browser;
use super::count::{Count, counted};
use super::stories;
use crate::cargo::{self, cargo};
use crate::demo;
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
    /// The names of the steps that have their turn.
    pub chosen: Vec<&'static str>,
    /// What was begun beside the stories, which mostly wait.
    pub begun: Vec<Begun>,
}

const STACK: &str = "stack";
const SIMULATION: &str = "simulation";
const DEMO: &str = "demo";

/// All of them, from fast to whole.
pub const ALL: &[Step] = &[
    Step { name: "format", run: format },
    Step { name: "clippy", run: clippy },
    Step { name: "template", run: template },
    Step { name: "unit", run: unit },
    Step { name: STACK, run: stack },
    Step { name: SIMULATION, run: simulation },
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

/// Unit, property and contract tests, and those of the harness, among them that planted bugs are found. Tests that need
/// a stack are `#[ignore]`d and wait for their step.
fn unit(_: &mut Run) -> Done<Count> {
    let all = ["--workspace"];
    let doc = ["test", "--quiet", "--workspace", "--doc", "--no-fail-fast"];
    match has_nextest() {
        true => Ok(tests(&all)? + counted(with(&doc))?),
        false => tests(&all),
    }
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
/// What follows is begun beside them once everything all need is built and installed: the demo, which has a stack, too,
/// and the simulation, which takes only the time that nobody else wants.
fn stack(run: &mut Run) -> Done<Count> {
    let in_browser = browser::is_there();
    if in_browser {
        browser::fetch_axe()?;
    }
    let (count, lines) = stories::tell(in_browser, || {
        if run.chosen.contains(&DEMO) {
            run.begun.push(Begun::begin(DEMO, ours(&[&[DEMO], SMALL].concat())?)?);
        }
        if run.chosen.contains(&SIMULATION) {
            run.begun.push(Begun::begin(SIMULATION, patient(&seeds(run.seeds)?))?);
        }
        Ok(())
    })?;
    evidence::keep_stack(&lines)?;
    // Left out by name, the runner does not count them.
    Ok(count + Count { skipped: u64::from(!in_browser), ..Count::default() })
}

/// Whole handlers under seeded trouble.
fn simulation(run: &mut Run) -> Done<Count> {
    let count = run.seeds;
    run.follow(SIMULATION, || cargo::run("the simulation", seeds(count)?))
}

fn seeds(count: u32) -> Done<Command> {
    demo::story("simulate", &["--seeds", &count.to_string()], [].iter())
}

/// The demo of a test run: fewer orders than the README's.
const SMALL: &[&str] = &["--orders", "60", "--out", "target/demo-test"];

/// The README's demo with fewer orders: every promise it makes is checked by itself.
fn whole_demo(run: &mut Run) -> Done<Count> {
    let rest = SMALL.iter().map(|argument| (*argument).to_owned()).collect();
    run.follow(DEMO, || demo::run(&demo::Arguments { keep: false, rest }))
}

impl Run {
    /// Waits for what was begun beside the stories, or runs it where it was not.
    fn follow(&mut self, name: &str, otherwise: impl FnOnce() -> Done) -> Done<Count> {
        match self.begun.iter().position(|begun| begun.name == name) {
            Some(place) => self.begun.swap_remove(place).end()?,
            None => otherwise()?,
        }
        Ok(Count::one_passed())
    }
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
