//! The demo: 200 invented orders from the webhook to oblivion, on a running stack, with every number read back
//! from the stack itself.

mod api;
mod calls;
mod carriers;
mod channels;
mod drill;
mod erasure;
mod feed;
mod goods;
mod jump;
mod label;
mod page;
mod standing;
mod summary;

use crate::canary;
use crate::seed::Ids;
use crate::stack::{Stack, Trouble};
use jiff::{SignedDuration, Timestamp};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use waybill_domain::time::after;

/// What the demo is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many orders.
    pub orders: usize,
    /// Which orders: the same seed invents the same ones.
    pub seed: u64,
    /// Where the report and the label are saved.
    pub out: PathBuf,
    /// End with one line of JSON.
    pub json: bool,
    /// The template whose sinks are scanned.
    pub template: PathBuf,
}

/// The longest the demo waits for the stack to come to rest: a booking whose reply was lost rests for a lease and
/// until it is settled, which is longer than everything else together.
const PATIENCE: Duration = Duration::from_secs(600);

/// Runs the demo and says how it ended; false when a promise was broken.
///
/// # Errors
/// When the stack or the sandbox cannot be driven.
pub async fn run(stack: &Stack, options: &Options) -> Result<bool, Trouble> {
    let started = Instant::now();
    let ids = Ids::demo()?;
    std::fs::create_dir_all(&options.out)?;

    say("1/8  one shop sends its orders, every delivery twice, shuffled, some forged, some cancelled; \
         four other channels have theirs fetched");
    let begun = after(Timestamp::now(), -SignedDuration::from_mins(5));
    let mut fed = feed::feed(stack, options).await?;
    let (placed, more) = channels::place(stack, options).await?;
    fed.tokens.extend(more);
    feed::delivered(stack, PATIENCE).await?;
    channels::read(stack, &placed, begun, PATIENCE).await?;

    say("2/8  stock is promised, labels are booked, the shop is told");
    let live = standing::until_quiet(stack, PATIENCE).await?;
    standing::explain(&live);
    let labels = label::save(stack, &live, &options.out).await?;
    let named: Vec<String> = labels.iter().map(|file| file.display().to_string()).collect();
    let named = named.join(" ");
    say(&format!("     a label of each kind saved: {named}"));

    say("3/8  a breach is drilled: a colleague opens addresses, the owner suspects them");
    let drill = drill::carry_out(stack, &live).await?;

    say("4/8  looking for every customer in every table, queue, log, bucket and record");
    let before = canary::scan(stack, &options.template, &fed.tokens).await?;
    say(&format!("     {} sinks read, {} hits", before.sinks.len(), before.hits()));

    say("5/8  two days pass: parcels arrive");
    let now = Timestamp::now();
    jump::to_delivery(stack, after(now, SignedDuration::from_hours(48)), PATIENCE).await?;
    let delivered = standing::read(stack).await?;
    standing::explain(&delivered);

    say("6/8  some buyers ask to be forgotten before that");
    let erasure = erasure::carry_out(stack, &delivered).await?;

    say("7/8  the purge times come: the run forgets, then every webhook is sent again");
    jump::to_purge(stack, now, &ids.merchant).await?;
    feed::replay(stack, &fed, PATIENCE).await?;
    channels::again(stack, begun).await?;
    let forgotten = standing::until_quiet(stack, PATIENCE).await?;
    let differences = goods::differences(stack).await?;

    say("8/8  looking for every customer once more");
    let after_purge = canary::scan(stack, &options.template, &fed.tokens).await?;
    say(&format!("     {} sinks read, {} hits", after_purge.sinks.len(), after_purge.hits()));

    let calls = calls::read(stack).await?;
    let summary = summary::Summary::read(
        stack,
        &summary::Readings {
            live: &live,
            delivered: &delivered,
            forgotten: &forgotten,
            before: &before,
            after: &after_purge,
            calls: &calls,
            placed: &placed,
            differences,
            drill: &drill,
            erasure: &erasure,
            seconds: started.elapsed().as_secs_f64(),
        },
    )
    .await?;
    summary.print();
    let file = options.out.join("demo.html");
    let content = page::Content {
        summary: &summary,
        live: &live,
        delivered: &delivered,
        forgotten: &forgotten,
        calls: &calls,
        before: &before,
        after: &after_purge,
    };
    std::fs::write(&file, page::render(stack, &content).await?)?;
    say(&format!("\nreport  {}\nlabels  {named}", file.display()));
    let broken = summary.broken();
    for promise in &broken {
        say(&format!("BROKEN  {promise}"));
    }
    if options.json {
        println!("{}", summary.json());
    }
    Ok(broken.is_empty())
}

/// Progress goes to standard error, so that the last line of standard output is the result.
fn say(text: &str) {
    eprintln!("{text}");
}
