//! `day`: a seller's five connections through a simulated day, every documented limit kept.

use clap::Parser;
use std::process::ExitCode;
use std::time::Instant;
use waybill_harness::day::{Settings, run, text::text};

/// Run a seller's day at five channels on in-memory AWS and show what the channels' own meters counted. Ends with a
/// failure when a documented limit was overrun, or an order was lost, told twice or left undone.
#[derive(Debug, Parser)]
#[command(name = "day")]
struct Arguments {
    /// Orders placed in the day, over all five channels.
    #[arg(long, default_value_t = 20_000)]
    orders: usize,
    /// Decides when and where they are placed and how long requests take.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How long the day is; fewer than 24 squeeze it.
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=24))]
    hours: u32,
    /// End with one line of JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let began = Instant::now();
    let settings = Settings { hours: arguments.hours, ..Settings::day(arguments.orders, arguments.seed) };
    let report = match run(settings) {
        Ok(report) => report,
        Err(error) => {
            eprintln!("the day itself failed: {error}");
            return ExitCode::FAILURE;
        }
    };
    print!("{}", text(&report));
    println!("it took {:.1} s", began.elapsed().as_secs_f64());
    if arguments.json {
        match serde_json::to_string(&report) {
            Ok(json) => println!("{json}"),
            Err(error) => eprintln!("the report cannot be written as JSON: {error}"),
        }
    }
    if report.ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
