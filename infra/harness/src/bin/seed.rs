//! Seeds one merchant into a running stack.

use clap::Parser;
use std::path::PathBuf;
use waybill_harness::{seed, stack};

/// Store one merchant with a shop, a carrier account and stock in a running stack.
#[derive(Parser)]
struct Arguments {
    /// The stack's state file, which `cargo xtask up` writes.
    #[arg(long)]
    state: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), stack::Trouble> {
    let stack = stack::Stack::read(&Arguments::parse().state)?;
    let ids = seed::stack(&stack).await?;
    println!("merchant {} with shop {} and Royal Mail account {}", ids.merchant, ids.shop, ids.royal_mail);
    Ok(())
}
