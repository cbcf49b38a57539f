//! `cargo xtask bench`: what an order costs in time, calls, write units, bytes and money, each beside its budget
//! (DESIGN section 11).
//!
//! Times depend on the machine and on what else it does, so nothing here fails because of one; the same ingest core
//! in Python and in Node runs beside ours, and the ratio is what travels.

pub mod api;
pub mod baseline;
pub mod calls;
pub mod carrier;
pub mod channels;
pub mod core;
pub mod cost;
pub mod files;
pub mod hot;
mod karrio;
pub mod levels;
pub mod naive;
pub mod row;
pub mod sample;
pub mod start;
pub mod table;

use crate::stack::Trouble;
use row::{Budget, Report, Row};

/// How much is measured.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// A tenth of the runs: for a look, not for a record.
    pub quick: bool,
    /// Do not build the release binary; measure it only where it is already there.
    pub skip_release: bool,
}

/// Measures everything, saying on standard error what it is at.
///
/// # Errors
/// When something cannot be measured at all; a missed budget is a row, not an error.
pub async fn run(options: Options) -> Result<Report, Trouble> {
    let mut report = Report::default();
    let few = |all: usize| if options.quick { all / 10 } else { all };

    say("the ingest core");
    let sample = sample::Sample::new()?;
    let ours = core::measure(&sample, few(40_000))?;
    report.rows.extend(core::rows(&ours));

    say("the ingest core of every channel");
    report.rows.extend(channels::rows(&ours, few(20_000))?);

    say("the same ingest core in Python and in Node");
    for language in baseline::Language::ALL {
        match baseline::measure(language, &sample, few(10_000)) {
            Ok(theirs) => report.rows.extend(baseline::rows(language, &theirs, &ours)),
            Err(baseline::No::Missing(why)) => report.skip(language.row(), why),
            Err(baseline::No::Wrong(why)) => return Err(why.into()),
        }
    }

    say("the carrier's requests and replies");
    report.rows.extend(carrier::rows(&sample, few(20_000))?);
    match karrio::rows(&report.rows, few(5_000))? {
        Ok(rows) => report.rows.extend(rows),
        Err(why) => report.skip(carrier::DPD_BUILD, why),
    }

    say("AWS calls and write units of one order");
    let road = calls::measure().await?;
    report.rows.extend(calls::rows(&road));
    report.notes.push(format!("A warm webhook calls, in sequence: {}.", road.webhook.join(", ")));

    say("10,000 orders for 1,000 pieces of one SKU");
    let rushing = few(10_000).max(2_000);
    let ours = hot::measure(rushing, calls::BATCH).await?;
    report.rows.extend(hot::rows(&ours));
    say("the same with one transaction for each order, and with read-then-write");
    let single = hot::measure(rushing, 1).await?;
    report.rows.extend(naive::rows(&ours, &single, &naive::measure(rushing).await?));

    say("allocating and asking with 1,000 to 1,000,000 levels");
    report.rows.extend(levels::rows(if options.quick { 10_000 } else { 1_000_000 }).await?);

    say("listing and reading with 1,000 to 1,000,000 orders");
    report.rows.extend(api::rows(if options.quick { 10_000 } else { 1_000_000 }).await?);

    say("a file of 100,000 rows");
    report.rows.extend(files::rows(few(100_000)).await?);

    let money = cost::of(&road);
    report.rows.push(
        Row::new("cost of 1 M orders of 3 lines", money.total(), "USD").budget(Budget::AtMost(cost::BUDGET)),
    );
    report.notes.extend(money.lines());
    report.notes.extend(calls::lines(&road));

    start::add(&mut report, options.skip_release, few(20).max(5))?;
    Ok(report)
}

fn say(what: &str) {
    eprintln!("measuring {what} ...");
}
