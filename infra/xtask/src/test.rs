//! `cargo xtask test`: everything that can fail, from fast to whole, with one verdict.

mod begun;
mod browser;
mod count;
mod steps;
mod stories;

use std::time::{Duration, Instant};

use clap::Args;

use crate::failure::{Done, Failure};
use crate::say::{heading, seconds};

pub use count::Count;

/// Run every check and test: format, clippy, template, unit, property, contract, stack, simulation, demo.
#[derive(Args)]
pub struct Arguments {
    /// Only the steps whose name contains one of these words, such as `unit` or `stack`.
    pub only: Vec<String>,
    /// Seeds of the simulation.
    #[arg(long, default_value_t = 200)]
    pub seeds: u32,
}

/// What came of a step.
struct Outcome {
    name: &'static str,
    took: Duration,
    count: Count,
    note: String,
}

/// Runs the command.
///
/// # Errors
/// When anything failed, after the table that says what.
pub fn run(arguments: &Arguments) -> Done {
    let began = Instant::now();
    let chosen = || {
        steps::ALL.iter().filter(|step| {
            arguments.only.is_empty() || arguments.only.iter().any(|word| step.name.contains(word.as_str()))
        })
    };
    let names = chosen().map(|step| step.name).collect();
    let mut run = steps::Run { seeds: arguments.seeds, chosen: names, begun: Vec::new() };
    let mut outcomes = Vec::new();
    for step in chosen() {
        heading(step.name);
        let start = Instant::now();
        let (count, note) = match (step.run)(&mut run) {
            Ok(count) => (count, String::new()),
            Err(failure) => {
                eprintln!("{failure}");
                (Count::one_failed(), failure.to_string().lines().next().unwrap_or_default().to_owned())
            }
        };
        outcomes.push(Outcome { name: step.name, took: start.elapsed(), count, note });
    }
    let total = outcomes.iter().fold(Count::default(), |sum, outcome| sum + outcome.count);
    println!("\n{:<12} {:>8} {:>8} {:>8} {:>12}", "step", "passed", "failed", "skipped", "time");
    for Outcome { name, took, count, note } in &outcomes {
        println!(
            "{name:<12} {:>8} {:>8} {:>8} {:>12}  {note}",
            count.passed,
            count.failed,
            count.skipped,
            seconds(*took)
        );
    }
    println!(
        "{:<12} {:>8} {:>8} {:>8} {:>12}\n",
        "all",
        total.passed,
        total.failed,
        total.skipped,
        seconds(began.elapsed())
    );
    println!("{} passed, {} failed", total.passed, total.failed);
    match (total.failed, total.passed) {
        (0, 0) => Err(Failure::new(format!("No step has that name. These are there: {}.", steps::names()))),
        (0, _) => Ok(()),
        _ => Err(Failure::new("Something failed: see the table, and the messages of that step above it.")),
    }
}
