//! The proof that stock is what its movements say: on a running stack, or after a rough run of its own.

use clap::Parser;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use waybill_harness::stack::{Stack, Trouble};
use waybill_harness::verify;

/// Walk every SKU and open order and name the first difference between levels, movements, pick lists and orders.
#[derive(Parser)]
#[command(name = "verify-stock")]
struct Arguments {
    /// The state file of a running stack, which `cargo xtask up` writes.
    #[arg(long, required_unless_present = "faults")]
    state: Option<PathBuf>,
    /// Instead of a stack: so many orders under crashes, duplicates and delays on in-memory AWS, with edits, cancels,
    /// returns, short picks, transfers and counts in between.
    #[arg(long)]
    faults: Option<usize>,
    /// In the end change one level by hand and see that it is named.
    #[arg(long, requires = "faults")]
    corrupt: bool,
    /// End with one line of JSON.
    #[arg(long)]
    json: bool,
}

fn main() -> Result<ExitCode, Trouble> {
    let arguments = Arguments::parse();
    let began = Instant::now();
    let report = match (&arguments.state, arguments.faults) {
        (_, Some(orders)) => verify::faults(orders, arguments.corrupt)?,
        (Some(state), None) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(verify::stack(&Stack::read(state)?))?
        }
        (None, None) => return Err("name a stack, or a number of orders for a run of its own".into()),
    };
    report.lines.iter().for_each(|line| println!("{line}"));
    let seconds = began.elapsed().as_secs_f64();
    println!("{} in {seconds:.1} s", if report.clean { "clean" } else { "NOT CLEAN" });
    if arguments.json {
        println!("{}", json!({"clean": report.clean, "lines": report.lines}));
    }
    Ok(if report.clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
