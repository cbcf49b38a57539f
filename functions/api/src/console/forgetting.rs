//! `GET /console/forgetting`: whose data goes when: how many on each day, which orders are next by their ids alone, and
//! what holds or hastens it.

use super::charts::{Row, columns};
use super::desk::Desk;
use super::forms::need;
use super::frame::{Place, nothing};
use super::words;
use crate::Env;
use crate::answer::Stop;
use axum::extract::State;
use axum::response::Html;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::order::{PersonalData, Status};
use waybill_domain::retention::Policy;
use waybill_domain::time::after;
use waybill_domain::{MerchantId, OrderId};
use waybill_store::requests::Request;

/// The most orders that are looked at for one page, of each state.
const MOST: usize = 500;
/// How many are named.
const NEXT: usize = 20;
/// Days that are shown.
const DAYS: i64 = 28;

/// When orders are forgotten.
struct Ahead {
    /// Soonest first.
    orders: Vec<(Timestamp, OrderId)>,
    /// Every order was looked at.
    whole: bool,
}

async fn ahead(env: &Env, merchant: &MerchantId, held: &BTreeSet<OrderId>) -> Result<Ahead, Stop> {
    let policy = env.db.merchant(merchant).await?.map_or(Policy::LONGEST, |merchant| merchant.retention);
    let (mut orders, mut whole) = (Vec::new(), true);
    for status in Status::ALL {
        let (mut after, mut seen) = (None, 0);
        loop {
            let (ids, next) = env.db.orders_by_status(merchant, status, 100, after).await?;
            seen += ids.len();
            let page = env.db.orders(&ids).await?;
            let live = page.into_iter().filter(|order| {
                order.merchant == *merchant
                    && order.personal == PersonalData::Live
                    && !held.contains(&order.id)
            });
            orders.extend(live.map(|order| (order.milestones.purge_at(policy), order.id)));
            after = next;
            whole &= after.is_none() || seen < MOST;
            if after.is_none() || seen >= MOST {
                break;
            }
        }
    }
    orders.sort();
    Ok(Ahead { orders, whole })
}

/// How many on each day, from the day that runs.
fn by_day(ahead: &Ahead, now: Timestamp) -> Vec<Row> {
    let into = SignedDuration::from_secs(now.as_second().rem_euclid(86_400));
    let today = after(now, -into);
    let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
    for (at, _) in &ahead.orders {
        // What is overdue goes with the run of the night to come.
        *counts.entry(at.duration_since(today).as_hours().div_euclid(24).max(0)).or_default() += 1;
    }
    let name = |n: i64| words::day(after(today, SignedDuration::from_hours(24 * n)));
    (0..DAYS).map(|n| Row::new(name(n), counts.get(&n).copied().unwrap_or_default())).collect()
}

fn asked(desk: &Desk, requests: &[Request]) -> Markup {
    let now = desk.now;
    let open: Vec<&Request> = requests.iter().filter(|one| one.done_at.is_none()).collect();
    html! {
        h2 { "Requests of buyers" }
        @if open.is_empty() { (nothing("No request is open.")) }
        @else {
            table.stack {
                thead { tr { th scope="col" { "Request" } th scope="col" { "Kind" } th scope="col" { "Came" } th scope="col" { "Due" } } }
                tbody {
                    @for one in &open {
                        tr {
                            th scope="row" { a.id href=(desk.to(&format!("/requests/{}", one.id))) { (one.id) } }
                            td data-label="Kind" { (words::plain(one.clock.kind)) }
                            td data-label="Came" { (words::moment(one.clock.received)) }
                            td data-label="Due" {
                                (words::moment(one.clock.due(now))) " "
                                @if one.clock.is_overdue(now) { span.badge.bad { "Overdue" } }
                                @else if one.clock.is_paused() { span.badge.quiet { "Paused" } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Requests that are done, the latest first.
fn lately(desk: &Desk, requests: &[Request]) -> Markup {
    let mut done: Vec<(Timestamp, &Request)> =
        requests.iter().filter_map(|one| Some((one.done_at?, one))).collect();
    done.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    html! {
        @if !done.is_empty() {
            h2 { "Done" }
            ul {
                @for (at, one) in done.iter().take(NEXT) {
                    li { a.id href=(desk.to(&format!("/requests/{}", one.id))) { (one.id) } " " (words::plain(one.clock.kind)) ", " (words::moment(*at)) }
                }
            }
        }
    }
}

/// A buyer who writes is known by their address, which only `reveal` may turn into what orders are found by.
fn by_mail(desk: &Desk) -> Markup {
    let kinds = [("erasure", "To be forgotten"), ("export", "To be told what is held")];
    html! {
        @if desk.can(Action::EraseBuyer) {
            section.card {
                h2 { "A buyer asks" }
                p.hint { "The address finds their orders and is then gone: it is not stored, sent on or logged. An erasure begins at once." }
                (desk.form("/buyers/requests?purpose=request", &html! {
                    div.fields {
                        (need("buyer", "email", "Their e-mail address", "").mail())
                        (need("buyer", "kind", "What they ask", "erasure").choice(&kinds))
                    }
                    button { "Put it on record" }
                }))
            }
        }
    }
}

/// Answers.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_confirmed`, `unavailable`.
pub async fn show(State(env): State<Arc<Env>>, desk: Desk) -> Result<Html<String>, Stop> {
    let merchant = desk.caller.may(&env, Action::ReadRequests)?;
    let holds = env.db.holds(merchant).await?;
    let held: Vec<_> = holds.iter().filter(|one| one.hold.in_force(desk.now)).collect();
    let ahead = ahead(&env, merchant, &held.iter().map(|one| one.order.clone()).collect()).await?;
    let requests = env.db.requests(merchant).await?;
    let inside = html! {
        p.lead { "The data of " (ahead.orders.len()) " buyers is still kept, sealed. This is when it goes." }
        @if !ahead.whole {
            p.notice.warn { "Only the newest orders of each state were looked at, " (MOST) " of each. There are more; all of them are forgotten in time." }
        }
        (columns("due", "Due to be forgotten, by day, four weeks.", "order", &by_day(&ahead, desk.now), 7))
        h2 { "Next" }
        @if ahead.orders.is_empty() { (nothing("Nobody's data is kept.")) }
        @else {
            table.stack {
                thead { tr { th scope="col" { "Order" } th scope="col" { "Forgotten from" } } }
                tbody {
                    @for (at, order) in ahead.orders.iter().take(NEXT) {
                        tr {
                            th scope="row" { a.id href=(desk.to(&format!("/orders/{order}"))) { (words::short(order)) } }
                            td data-label="Forgotten from" {
                                (words::moment(*at))
                                @if *at <= desk.now { " " span.badge.warn { "With the next run" } }
                            }
                        }
                    }
                }
            }
        }
        h2 { "Legal holds" }
        @if held.is_empty() { (nothing("No hold is in force.")) }
        @else {
            ul {
                @for one in &held {
                    li {
                        a.id href=(desk.to(&format!("/orders/{}", one.order))) { (words::short(&one.order)) }
                        " until " (words::moment(one.hold.until)) ", " (words::plain(one.hold.reason))
                    }
                }
            }
        }
        (asked(&desk, &requests))
        (lately(&desk, &requests))
        (by_mail(&desk))
    };
    Ok(desk.page(Place::Forgetting, "Forgetting", &inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_midnight_and_what_is_overdue_counts_today() {
        let now: Timestamp = "2026-11-23T09:15:00Z".parse().unwrap();
        let at = |text: &str| (text.parse().unwrap(), "ord_1".parse().unwrap());
        let orders = vec![
            at("2026-11-20T09:00:00Z"),
            at("2026-11-23T23:59:00Z"),
            at("2026-11-24T00:00:00Z"),
            at("2027-01-01T00:00:00Z"),
        ];
        let rows = by_day(&Ahead { orders, whole: true }, now);
        assert_eq!(rows.len(), 28);
        assert_eq!((rows[0].value, rows[1].value, rows[2].value), (2, 1, 0));
        assert_eq!(rows[0].name, "23 Nov");
    }
}
