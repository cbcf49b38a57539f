//! `waybill-scenarios`: the channel scenarios as a table, or a flood of orders that must arrive exactly once.

use clap::Parser;
use serde_json::json;
use std::process::ExitCode;
use std::time::Instant;
use waybill_domain::order::Channel;
use waybill_harness::scenarios::{Grid, Scenario, flood};

/// Plays every scenario at every channel and prints the table; with `--orders`, a flood of orders instead.
#[derive(Debug, Parser)]
#[command(name = "waybill-scenarios", version)]
struct Args {
    /// Only scenarios whose name holds this.
    #[arg(long)]
    only: Option<String>,
    /// Only this channel.
    #[arg(long)]
    channel: Option<String>,
    /// Play a flood of this many orders over the five channels instead of the table.
    #[arg(long)]
    orders: Option<usize>,
    /// How much of what is sent goes wrong in a flood, from 0 to 1.
    #[arg(long, default_value_t = 0.05)]
    faults: f64,
    /// What decides all chance in a flood.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print a summary as JSON on the last line.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match args.orders {
        Some(orders) => pour(&args, orders),
        None => table(&args),
    }
}

fn table(args: &Args) -> ExitCode {
    let began = Instant::now();
    let wanted =
        |name: &str, of: &Option<String>| of.as_ref().is_none_or(|part| name.contains(part.as_str()));
    let scenarios: Vec<Scenario> =
        Scenario::ALL.into_iter().filter(|one| wanted(one.name(), &args.only)).collect();
    let channels: Vec<Channel> =
        Channel::ALL.into_iter().filter(|one| wanted(one.as_str(), &args.channel)).collect();
    let grid = Grid::play(&scenarios, &channels);
    println!("{}, {:.1} s", grid.text(), began.elapsed().as_secs_f64());
    if args.json {
        println!("{}", grid.json());
    }
    if grid.broken().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn pour(args: &Args, orders: usize) -> ExitCode {
    let began = Instant::now();
    let settings = flood::Settings { orders, faults: args.faults, seed: args.seed };
    match flood::run(settings) {
        Ok(outcome) => {
            println!("{}, {:.1} s", outcome.text(), began.elapsed().as_secs_f64());
            if args.json {
                println!("{}", json!({"flood": outcome.json(), "seed": args.seed}));
            }
            if outcome.is_exact() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("the flood itself failed: {error}");
            ExitCode::FAILURE
        }
    }
}
