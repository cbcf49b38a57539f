//! `cargo xtask bench`: what things cost, beside their budgets.

use clap::Parser;
use waybill_harness::bench::{self, Options, table};
use waybill_harness::stack::Trouble;

/// Measure speed, size, AWS calls and cost against their budgets (DESIGN section 11). A missed budget is shown, and
/// is no failure: times depend on the machine.
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    /// End with one line of JSON: {"rows":[{"name","value","unit","budget","ok"}],"skipped":[..]}.
    #[arg(long)]
    json: bool,
    /// A tenth of the runs.
    #[arg(long)]
    quick: bool,
    /// Do not build the release binary, which takes minutes; measure its start and size only if it is there.
    #[arg(long)]
    skip_release: bool,
}

#[tokio::main]
async fn main() -> Result<(), Trouble> {
    let arguments = Arguments::parse();
    let options = Options { quick: arguments.quick, skip_release: arguments.skip_release };
    let report = bench::run(options).await?;
    print!("{}", table::text(&report));
    if arguments.json {
        println!("{}", report.json());
    }
    Ok(())
}
