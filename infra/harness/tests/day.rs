//! A small day keeps every documented limit, and is the same every time.
#![allow(clippy::unwrap_used)]

use waybill_harness::day::{Settings, run, text::text};

#[test]
fn a_day_of_two_hundred_orders_in_an_hour_keeps_every_limit() {
    let report = run(Settings { hours: 1, ..Settings::day(200, 1) }).unwrap();
    assert!(report.ok(), "{}", text(&report));
    assert_eq!(report.channels.values().map(|day| day.r#in).sum::<u64>(), 200);
    assert!(report.channels.values().all(|day| day.r#in > 0 && day.stock_sets > 0), "{}", text(&report));
    assert!(report.queues.values().all(|queue| queue.timed_out == 0), "{}", text(&report));
    assert_eq!(report.refusals, 0, "{}", text(&report));
}

/// Calls to Click & Drop that were taken long before they are made would meet those taken after them: two of this hour's
/// were over the limit when they might be made for a second.
#[test]
fn a_busy_hour_keeps_the_limit_of_click_and_drop_to_the_call() {
    let report = run(Settings { hours: 1, ..Settings::day(300, 7) }).unwrap();
    assert!(report.ok(), "{}", text(&report));
    assert_eq!(report.click_and_drop.over_limit, 0, "{}", text(&report));
}
