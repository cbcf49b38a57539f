//! `GET /console`: what came in, where it stands, and what waits for somebody.

use super::charts::{Row, bars, columns};
use super::desk::Desk;
use super::frame::{Place, tile};
use super::words;
use crate::Env;
use crate::answer::Stop;
use axum::extract::State;
use axum::response::Html;
use jiff::{SignedDuration, Timestamp};
use maud::html;
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::order::Status;
use waybill_domain::time::after;
use waybill_store::placed::Placed;

/// The hours that are shown.
const HOURS: i64 = 24;

/// Nothing more happens to it by itself in the warehouse.
fn is_past(status: Status) -> bool {
    matches!(status, Status::Dispatched | Status::Delivered | Status::Cancelled | Status::Returned)
}

/// Orders of one state.
struct Standing {
    status: Status,
    /// How many stand there, of those that are still to be worked on; and whether there are more than were counted.
    now: Option<Placed>,
    /// When those of the last hours were placed.
    lately: Vec<Timestamp>,
}

fn by_hour(standing: &[Standing], since: Timestamp) -> Vec<Row> {
    let hour = |n: i64| after(since, SignedDuration::from_hours(n));
    let all = standing.iter().flat_map(|one| &one.lately);
    let mut counts = vec![0; usize::try_from(HOURS).unwrap_or_default()];
    for at in all {
        let n = at.duration_since(since).as_hours();
        if let Some(count) = usize::try_from(n).ok().and_then(|n| counts.get_mut(n)) {
            *count += 1;
        }
    }
    let named = (0..HOURS).map(|n| hour(n).strftime("%H:00").to_string());
    named.zip(counts).map(|(name, value)| Row::new(name, value)).collect()
}

/// The start of the first of the hours that are shown; the last is the one that runs.
fn since(now: Timestamp) -> Timestamp {
    let into = SignedDuration::from_secs(now.as_second().rem_euclid(3600));
    after(now, -into - SignedDuration::from_hours(HOURS - 1))
}

/// Answers.
///
/// # Errors
/// `no_access`, `not_allowed`, `unavailable`.
pub async fn show(State(env): State<Arc<Env>>, desk: Desk) -> Result<Html<String>, Stop> {
    let merchant = desk.caller.may(&env, Action::ListOrders)?;
    let since = since(desk.now);
    let mut standing = Vec::new();
    for status in Status::ALL {
        let from = if is_past(status) { since } else { Timestamp::UNIX_EPOCH };
        let placed = env.db.placed_since(merchant, status, from).await?;
        let lately = placed.at.iter().copied().filter(|at| *at >= since).collect();
        standing.push(Standing { status, now: (!is_past(status)).then_some(placed), lately });
    }
    let open = |wanted: &[Status]| {
        let of = standing.iter().filter(|one| wanted.contains(&one.status));
        let mut all = of.filter_map(|one| one.now.as_ref());
        all.by_ref().fold((0, false), |(sum, more), one| (sum + one.at.len(), more || one.more))
    };
    let figure = |(count, more): (usize, bool)| format!("{count}{}", if more { "+" } else { "" });
    let lately: usize = standing.iter().map(|one| one.lately.len()).sum();
    let row = |one: &Standing| {
        let count = one.now.as_ref().map_or(one.lately.len(), |now| now.at.len());
        Row::new(words::status(one.status), i64::try_from(count).unwrap_or(i64::MAX))
    };
    let states: Vec<Row> = standing.iter().map(row).collect();
    let inside = html! {
        ul.tiles {
            (tile(&lately.to_string(), "placed in 24 hours", None))
            (tile(&figure(open(&[Status::Held])), "held", Some(desk.to("/orders?status=held"))))
            (tile(&figure(open(&[Status::Backordered])), "wait for goods", Some(desk.to("/orders?status=backordered"))))
            (tile(&figure(open(&[Status::Allocated, Status::PartAllocated, Status::Picking])), "to pick", Some(desk.to("/picks"))))
            (tile(&figure(open(&[Status::Booked])), "to pack", Some(desk.to("/pack"))))
        }
        div.pair {
            (columns("hours", "Orders per hour, last 24 hours.", "order", &by_hour(&standing, since), 6))
            (bars("states", "Orders by state.", "order", &states))
        }
        h2 { "By state" }
        table.stack {
            thead { tr { th scope="col" { "State" } th scope="col" { "Stand there now" } th scope="col" { "Placed in 24 hours" } } }
            tbody {
                @for one in &standing {
                    tr {
                        th scope="row" {
                            a href=(desk.to(&format!("/orders?status={}", one.status.as_str()))) { (words::status(one.status)) }
                        }
                        td.number data-label="Stand there now" {
                            @match &one.now {
                                Some(now) => (figure((now.at.len(), now.more))),
                                None => span.hint { "done" },
                            }
                        }
                        td.number data-label="Placed in 24 hours" { (one.lately.len()) }
                    }
                }
            }
        }
        p.hint { "States that are done count the orders placed in the last 24 hours." }
    };
    Ok(desk.page(Place::Today, "Today", &inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_of_the_last_day_is_in_its_hour() {
        let now: Timestamp = "2026-11-23T09:15:00Z".parse().unwrap();
        let since = since(now);
        assert_eq!(since, "2026-11-22T10:00:00Z".parse().unwrap());
        let lately = vec![since, after(now, SignedDuration::from_mins(-15)), now];
        let rows = by_hour(&[Standing { status: Status::Booked, now: None, lately }], since);
        assert_eq!((rows.len(), rows[0].value, rows[23].value), (24, 1, 2));
        assert_eq!((rows[0].name.as_str(), rows[23].name.as_str()), ("10:00", "09:00"));
    }
}
