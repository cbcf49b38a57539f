//! `waybill-simulate`: many seeds of the simulation, or one with its history.

use clap::Parser;
use serde_json::json;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use waybill_harness::bookings;
use waybill_harness::sim::{Outcome, Plant, Settings, run};
use waybill_harness::world::WorldError;

/// A run is many small allocations on every core.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Lines of history shown of a seed that failed.
const SHOWN: usize = 60;
/// Failed seeds that are explained in full; of the others only the promise is named.
const TOLD: usize = 3;

/// Runs the handlers on in-memory AWS with crashes, duplicates, delays and shuffles, and checks the promises.
#[derive(Debug, Parser)]
#[command(name = "waybill-simulate", version)]
struct Args {
    /// How many seeds to run, from 1.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// Run this one seed and print its whole history.
    #[arg(long)]
    seed: Option<u64>,
    /// Orders placed in each run.
    #[arg(long, default_value_t = 6)]
    orders: usize,
    /// Put a bug in on purpose.
    #[arg(long, value_enum)]
    plant: Option<Plant>,
    /// Runs at the same time; as many as there are processors when not given.
    #[arg(long)]
    threads: Option<usize>,
    /// Instead of seeds, book so many orders with all carriers.
    #[arg(long)]
    bookings: Option<usize>,
    /// With --bookings: replies are lost after the carrier accepted, and processes die.
    #[arg(long, requires = "bookings")]
    faults: bool,
    /// Print a summary as JSON on the last line.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(bookings) = args.bookings {
        return book(bookings, &args);
    }
    let settings = Settings { orders: args.orders, plant: args.plant };
    let began = Instant::now();
    let done = match args.seed {
        Some(seed) => run(seed, settings).map(|outcome| {
            outcome.history.iter().for_each(|line| println!("{line}"));
            vec![outcome]
        }),
        None => many(&args, settings, began),
    };
    let done = match done {
        Ok(done) => done,
        Err(error) => {
            eprintln!("the simulation itself failed: {error}");
            return ExitCode::FAILURE;
        }
    };
    let seconds = began.elapsed().as_secs_f64();
    let failed: Vec<&Outcome> = done.iter().filter(|outcome| outcome.failure.is_some()).collect();
    let steps: u64 = done.iter().map(|outcome| outcome.steps).sum();
    let (told, rest) = failed.split_at(failed.len().min(TOLD));
    told.iter().for_each(|outcome| explain(outcome, &args));
    for outcome in rest {
        let failure = outcome.failure.as_ref();
        println!("seed {}: BROKEN: {}", outcome.seed, failure.map_or("", |failure| failure.promise));
    }
    println!("{} seeds, {} failed, {steps} steps, {seconds:.1} s", done.len(), failed.len());
    if args.json {
        let seconds = (seconds * 10.0).round() / 10.0;
        println!(
            "{}",
            json!({"seeds": done.len(), "failed": failed.len(), "steps": steps, "seconds": seconds})
        );
    }
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Books many orders and says what came of them.
fn book(bookings: usize, args: &Args) -> ExitCode {
    let began = Instant::now();
    let settings = bookings::Settings { bookings, faults: args.faults, seed: args.seed.unwrap_or(1) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime.map(|runtime| runtime.block_on(bookings::run(settings))) {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => {
            eprintln!("the run itself failed: {error}");
            return ExitCode::FAILURE;
        }
        Err(error) => {
            eprintln!("no thread for the run: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("{outcome:#?}\n{:.1} s", began.elapsed().as_secs_f64());
    let broken = outcome.broken();
    broken.iter().for_each(|promise| println!("BROKEN: {promise}"));
    if args.json {
        println!("{}", json!(outcome));
    }
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs the seeds, spread over threads, each run on one.
fn many(args: &Args, settings: Settings, began: Instant) -> Result<Vec<Outcome>, WorldError> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = args.threads.unwrap_or(processors).max(1);
    let next = AtomicU64::new(1);
    let work = || -> Result<Vec<Outcome>, WorldError> {
        let mut done = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > args.seeds {
                return Ok(done);
            }
            let mut outcome = run(seed, settings)?;
            if outcome.failure.is_none() {
                outcome.history = Vec::new();
            }
            done.push(outcome);
            if seed.is_multiple_of(100) {
                eprintln!("{seed} of {} seeds, {:.0} s", args.seeds, began.elapsed().as_secs_f64());
            }
        }
    };
    let mut all = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut all = Vec::new();
        for one in running {
            all.extend(one.join().map_err(|_| WorldError::Setup("a run panicked"))??);
        }
        Ok::<_, WorldError>(all)
    })?;
    all.sort_by_key(|outcome| outcome.seed);
    Ok(all)
}

fn explain(outcome: &Outcome, args: &Args) {
    let Some(failure) = &outcome.failure else { return };
    if args.seed.is_none() {
        let from = outcome.history.len().saturating_sub(SHOWN);
        outcome.history[from..].iter().for_each(|line| println!("{line}"));
    }
    println!("\nseed {}: BROKEN: {}\n  {}", outcome.seed, failure.promise, failure.seen);
    let plant = args.plant.and_then(|plant| clap::ValueEnum::to_possible_value(&plant));
    let plant = plant.map(|value| format!(" --plant {}", value.get_name())).unwrap_or_default();
    println!("  again: cargo xtask simulate --seed {} --orders {}{plant}\n", outcome.seed, args.orders);
}
