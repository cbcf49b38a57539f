//! Every channel passes every scenario that can happen at it, and a flood with faults arrives exactly once.
#![allow(clippy::print_stdout)]

use std::io::Write;
use waybill_domain::order::Channel;
use waybill_harness::scenarios::flood::{Settings, run};
use waybill_harness::scenarios::{Grid, Scenario};

#[test]
fn every_channel_passes_every_scenario() {
    let grid = Grid::play(&Scenario::ALL, &Channel::ALL);
    // Past the capture of the test runner: the table is for reading.
    writeln!(std::io::stdout(), "{}", grid.text()).expect("the table is printed");
    assert!(grid.broken().is_empty(), "{}", grid.broken().join("\n"));
}

#[test]
fn a_flood_with_faults_arrives_exactly_once() {
    let outcome = run(Settings { orders: 300, faults: 0.05, seed: 7 });
    let outcome = outcome.unwrap_or_else(|error| panic!("the flood itself failed: {error}"));
    println!("{}", outcome.text());
    assert!(outcome.is_exact(), "{}", outcome.text());
    assert!(outcome.spoilt > 0 && outcome.dropped > 0 && outcome.copies > 0, "{}", outcome.text());
}
