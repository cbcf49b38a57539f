//! The report for people.

use super::report::{Calls, Report};
use std::collections::BTreeMap;
use std::fmt::Write;

/// A table of the channels, their calls, the carrier and the queues, and what it comes to.
pub fn text(report: &Report) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "a day of {} orders, seed {}, all over after {} h {:02} min\n",
        report.orders,
        report.seed,
        report.minutes / 60,
        report.minutes % 60
    );
    let _ = writeln!(
        out,
        "{:<12} {:>6} {:>6} {:>7} {:>6} {:>10}  {:>20}  {:>20}",
        "channel", "in", "stored", "told", "stock", "over limit", "s to store", "s to done"
    );
    let _ = writeln!(out, "{:>73}  {:>20}", "p50 / p99 / longest", "p50 / p99 / longest");
    for (name, day) in &report.channels {
        let waits = |w: super::report::Waits| format!("{} / {} / {}", w.p50, w.p99, w.longest);
        let _ = writeln!(
            out,
            "{name:<12} {:>6} {:>6} {:>7} {:>6} {:>10}  {:>20}  {:>20}",
            day.r#in,
            day.stored,
            day.written_back,
            day.stock_sets,
            day.over_limit,
            waits(day.to_store),
            waits(day.to_done)
        );
    }
    let _ = writeln!(out, "\n{:<44} {:>8} {:>6} {:>12}", "calls", "all", "429", "most in a s");
    for (name, day) in &report.channels {
        calls(&mut out, name, &day.operations);
    }
    calls(&mut out, "royal-mail", &report.click_and_drop.operations);
    let _ = writeln!(
        out,
        "\n{:<12} {:>9} {:>7} {:>6} {:>10} {:>14}",
        "queue", "messages", "failed", "dead", "timed out", "longest wait s"
    );
    for (name, queue) in &report.queues {
        let _ = writeln!(
            out,
            "{name:<12} {:>9} {:>7} {:>6} {:>10} {:>14}",
            queue.messages, queue.failed, queue.dead, queue.timed_out, queue.longest_wait
        );
    }
    let _ = writeln!(
        out,
        "\noldest undone order {} s; longest wait {} s; undone {}; deliveries refused {}; requests called wrong {}",
        report.oldest_undone, report.longest_wait, report.undone, report.deliveries_refused, report.refusals
    );
    for (state, orders) in &report.undone_as {
        let _ = writeln!(out, "  undone as {state}: {orders}");
    }
    let _ = writeln!(out, "held against the official specifications: {}", report.contracts);
    let _ = writeln!(out, "calls to the tables: {}", report.table_calls.values().sum::<u64>());
    let _ = writeln!(out, "Click & Drop calls over its limit: {}", report.click_and_drop.over_limit);
    let verdict = if report.ok() { "every documented limit of every channel was kept" } else { "NOT KEPT" };
    let _ = writeln!(out, "{verdict}");
    out
}

fn calls(out: &mut String, name: &str, operations: &BTreeMap<String, Calls>) {
    for (operation, calls) in operations {
        let Calls { calls, refused, max_per_second } = calls;
        let _ = writeln!(
            out,
            "{:<44} {calls:>8} {refused:>6} {max_per_second:>12}",
            format!("{name} {operation}")
        );
    }
}
