//! The demo, on a running stack.

use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;
use waybill_harness::{demo, stack};

/// Send invented orders down the whole road of a running stack, from the webhook to oblivion, and show what came
/// of them. `cargo xtask demo` starts a stack for it.
#[derive(Parser)]
struct Arguments {
    /// The stack's state file, which `cargo xtask up` writes.
    #[arg(long)]
    state: PathBuf,
    /// How many orders.
    #[arg(long, default_value_t = 200)]
    orders: usize,
    /// Which orders: the same seed invents the same ones.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the report and the label are saved.
    #[arg(long, default_value = "target/demo")]
    out: PathBuf,
    /// The template whose sinks are searched.
    #[arg(long, default_value = "template.yaml")]
    template: PathBuf,
    /// End with one line of JSON.
    #[arg(long)]
    json: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, stack::Trouble> {
    let a = Arguments::parse();
    let stack = stack::Stack::read(&a.state)?;
    let options =
        demo::Options { orders: a.orders, seed: a.seed, out: a.out, json: a.json, template: a.template };
    let kept = demo::run(&stack, &options).await?;
    Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
