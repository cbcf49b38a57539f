//! `cargo xtask`: the one door to building, running and checking Waybill.

mod bench;
mod build;
mod cargo;
mod demo;
mod down;
mod failure;
mod functions;
mod lint;
mod paths;
mod policy;
mod process;
mod say;
mod simulate;
mod stack;
mod test;
mod up;
mod venv;
mod verify_stock;
mod yaml;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds, runs and checks Waybill.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Up(up::Arguments),
    Down(down::Arguments),
    Demo(demo::Arguments),
    Test(test::Arguments),
    Lint(lint::Arguments),
    Build(build::Arguments),
    Simulate(simulate::Arguments),
    Bench(bench::Arguments),
    VerifyStock(verify_stock::Arguments),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Up(arguments) => up::run(&arguments),
        Command::Down(arguments) => down::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Test(arguments) => test::run(&arguments),
        Command::Lint(arguments) => lint::run(&arguments),
        Command::Build(arguments) => build::run(&arguments),
        Command::Simulate(arguments) => simulate::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::VerifyStock(arguments) => verify_stock::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\n{failure}");
            ExitCode::FAILURE
        }
    }
}
