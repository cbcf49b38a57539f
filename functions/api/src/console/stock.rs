//! `/console/stock`: what is kept, and one SKU with where it lies, who holds it, who waits and how long it will last.

use super::charts::{Row, bars, columns};
use super::desk::Desk;
use super::frame::{Place, nothing};
use super::words;
use crate::Env;
use crate::answer::Stop;
use crate::catalogue::{Asked, Page};
use crate::shown::Shown;
use crate::stock::View;
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse};
use http::{Response, Uri};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::cover::Cover;
use waybill_domain::stock::{Movement, MovementKind};
use waybill_domain::time::{after, days};

/// The days that are charted: those from which the pace of selling is taken.
const PACE_DAYS: i64 = 28;

#[derive(Deserialize)]
struct Wanted {
    sku: String,
}

/// A text as one part of an address (RFC 3986 section 2).
pub fn part(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// `GET /console/stock`, and `?sku=…` from its form.
///
/// # Errors
/// As `GET /v1/skus`.
pub async fn list(
    State(env): State<Arc<Env>>,
    desk: Desk,
    uri: Uri,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response<Body>, Stop> {
    let wanted = Query::<Wanted>::try_from_uri(&uri).ok().map(|Query(wanted)| wanted.sku.trim().to_owned());
    if let Some(sku) = wanted.filter(|sku| !sku.is_empty()) {
        return Ok(super::guard::see("../", &format!("console/stock/{}", part(&sku))));
    }
    let Json(Page { skus, next }) = crate::catalogue::list(State(env), desk.caller.clone(), asked).await?;
    let inside = html! {
        form method="get" action=(desk.to("/stock")) {
            div.fields {
                div { label for="sku" { "SKU" } input.scan id="sku" name="sku" required autofocus autocomplete="off" spellcheck="false"; }
                button { "Look it up" }
            }
        }
        (super::goods::ways(&desk))
        h2 { "Entered SKUs" }
        @if skus.is_empty() { (nothing("No SKU has been entered. Goods can be kept without; look one up above.")) }
        @else {
            table.stack {
                thead { tr { th scope="col" { "SKU" } th scope="col" { "Name" } th scope="col" { "Weight" } th scope="col" { "Barcodes" } } }
                tbody {
                    @for sku in &skus {
                        tr {
                            th scope="row" { a href=(desk.to(&format!("/stock/{}", part(&sku.sku)))) { (sku.sku) } }
                            td data-label="Name" { (sku.name) }
                            td.number data-label="Weight" { (sku.grams) " g" }
                            td data-label="Barcodes" { (sku.barcodes.join(", ")) }
                        }
                    }
                }
            }
        }
        @if let Some(next) = next { p { a.button href=(desk.to(&format!("/stock?after={}", part(&next)))) { "More SKUs" } } }
    };
    Ok(desk.page(Place::Stock, "Stock", &inside).into_response())
}

/// What left each day, oldest first.
fn left(movements: &[Movement], now: Timestamp) -> Vec<Row> {
    let ago = |at: Timestamp| now.duration_since(at).as_hours().div_euclid(24);
    let mut rows: Vec<Row> = (0..PACE_DAYS)
        .rev()
        .map(|n| Row::new(after(now, days(-n)).strftime("%-d %b").to_string(), 0))
        .collect();
    for movement in movements.iter().filter(|one| one.kind == MovementKind::Dispatch && one.at <= now) {
        let place = usize::try_from(PACE_DAYS - 1 - ago(movement.at));
        if let Some(row) = place.ok().and_then(|place| rows.get_mut(place)) {
            row.value += movement.quantity;
        }
    }
    rows
}

/// How long what is free will last at the pace of the last four weeks, or of as many as it has been kept.
fn cover(cover: &Cover) -> String {
    match cover.days_of_cover {
        None => "Nothing left in the last four weeks, so there is no pace to reckon with.".to_owned(),
        Some(0) => "Nothing is left for tomorrow at the pace it sells.".to_owned(),
        Some(1) => "What is free lasts one day at the pace it sells.".to_owned(),
        Some(days) if days > 365 => "What is free lasts more than a year at the pace it sells.".to_owned(),
        Some(days) => format!("What is free lasts {days} days at the pace it sells."),
    }
}

fn shelves(view: &View) -> Markup {
    html! {
        table.stack {
            thead {
                tr {
                    th scope="col" { "Warehouse" } th scope="col" { "On hand" } th scope="col" { "Reserved" }
                    th scope="col" { "Available" } th scope="col" { "Quarantined" } th scope="col" { "Where" }
                }
            }
            tbody {
                @for shelf in &view.warehouses {
                    tr {
                        th scope="row" { (shelf.warehouse) }
                        td.number data-label="On hand" { (shelf.on_hand) }
                        td.number data-label="Reserved" { (shelf.reserved) }
                        td.number data-label="Available" { (shelf.available) }
                        td.number data-label="Quarantined" { (shelf.quarantined) }
                        td data-label="Where" { @for (spot, held) in &shelf.spots { code { (spot) } " × " (held.on_hand) " " } }
                    }
                }
            }
        }
        @if !view.sound { p.notice.bad { "The levels and the movements of this SKU do not agree: run a count, and tell support." } }
    }
}

fn people(desk: &Desk, view: &View) -> Markup {
    html! {
        h2 { "Held by" }
        @if view.held_by.is_empty() { (nothing("No order holds any.")) }
        @else {
            table.stack {
                thead { tr { th scope="col" { "Order" } th scope="col" { "Pieces" } th scope="col" { "At" } th scope="col" { "Since" } } }
                tbody {
                    @for holder in &view.held_by {
                        tr {
                            th scope="row" { a.id href=(desk.to(&format!("/orders/{}", holder.order))) { (words::short(&holder.order)) } }
                            td.number data-label="Pieces" { (holder.quantity) }
                            td data-label="At" { (holder.warehouse) }
                            td data-label="Since" { (words::moment(holder.since)) }
                        }
                    }
                }
            }
        }
        h2 { "Waiting for it" }
        @if view.waiting.is_empty() { (nothing("No order waits for it.")) }
        @else {
            ul {
                @for one in &view.waiting {
                    li {
                        a.id href=(desk.to(&format!("/orders/{}", one.order))) { (words::short(&one.order)) } ": " (one.quantity) " pieces, "
                        @match one.promised { Some(day) => { "served on " (day) } None => "nobody has ordered enough" }
                    }
                }
            }
        }
        @if !view.expected.is_empty() {
            h2 { "On order" }
            ul { @for one in &view.expected { li { (one.quantity) " on " (one.on) ", " code { (one.reference) } } } }
        }
    }
}

/// What a listing shows beside what it should: too much of it oversells, too little leaves goods lying.
fn difference(one: &Shown) -> Markup {
    match (one.over, &one.refused) {
        (_, Some(code)) => html! { span.badge.warn { "refused" } " " code { (code) } },
        (None, None) => html! { span.badge.quiet { "not told yet" } },
        (Some(0), None) => html! { "as it should" },
        (Some(over @ 1..), None) => html! { span.badge.warn { (over) " too many" } },
        (Some(under), None) => html! { span.badge.warn { (under.unsigned_abs()) " too few" } },
    }
}

fn channels(view: &View) -> Markup {
    html! {
        h2 { "At the channels" }
        @if view.channels.is_empty() { (nothing("No channel lists it.")) }
        @else {
            table.stack {
                thead {
                    tr {
                        th scope="col" { "Listing" } th scope="col" { "Channel" } th scope="col" { "Shows" }
                        th scope="col" { "Should show" } th scope="col" { "Difference" } th scope="col" { "Told" }
                    }
                }
                tbody {
                    @for one in &view.channels {
                        tr {
                            th scope="row" { (one.listing) @if let Some(place) = &one.place { " at " code { (place) } } }
                            td data-label="Channel" { (words::channel(one.channel)) " " span.id { (one.connection) } }
                            td.number data-label="Shows" { @if let Some(told) = one.told { (told) } @else { "–" } }
                            td.number data-label="Should show" { (one.due) }
                            td data-label="Difference" { (difference(one)) }
                            td data-label="Told" { @if let Some(at) = one.told_at { (words::moment(at)) } @else { "–" } }
                        }
                    }
                }
            }
        }
    }
}

/// `GET /console/stock/{sku}`.
///
/// # Errors
/// As `GET /v1/stock/{sku}`.
pub async fn one(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Html<String>, Stop> {
    let Json(view) = crate::stock::read(State(env.clone()), desk.caller.clone(), path).await?;
    let merchant = desk.caller.may(&env, Action::ReadStock)?;
    let (_, movements) = env.db.sku(merchant, &view.sku).await?;
    let left = left(&movements, desk.now);
    let low = env.db.skus(merchant, std::slice::from_ref(&view.sku)).await?.pop().map_or(0, |sku| sku.low);
    let shelf = env.db.shelf(merchant, &view.sku, low, desk.now).await?;
    let sum = |of: fn(&crate::stock::Shelf) -> i64| view.warehouses.iter().map(of).sum::<i64>();
    let kept = [
        Row::new("Available", sum(|shelf| shelf.available)),
        Row::new("Reserved", sum(|shelf| shelf.reserved)),
        Row::new("Quarantined", sum(|shelf| shelf.quarantined)),
    ];
    let inside = html! {
        @if let Some(shelf) = shelf { p.lead { (cover(&shelf.cover())) } }
        (shelves(&view))
        div.pair {
            (bars("kept", "What is kept, all warehouses.", "piece", &kept))
            (columns("left", "What left each day, four weeks.", "piece", &left, 7))
        }
        (people(&desk, &view))
        (channels(&view))
    };
    Ok(desk.page(Place::Stock, &view.sku, &inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn movement(kind: MovementKind, quantity: i64, at: &str) -> Movement {
        Movement::new(kind, "wh_north".parse().unwrap(), quantity, at.parse().unwrap())
    }

    #[test]
    fn cover_is_what_is_free_over_what_leaves() {
        let now: Timestamp = "2026-11-23T09:15:00Z".parse().unwrap();
        let rows = left(
            &[
                movement(MovementKind::Dispatch, 8, "2026-11-23T08:00:00Z"),
                movement(MovementKind::Dispatch, 6, "2026-10-26T10:00:00Z"),
                movement(MovementKind::Dispatch, 99, "2026-10-20T08:00:00Z"),
                movement(MovementKind::Receive, 99, "2026-11-20T08:00:00Z"),
            ],
            now,
        );
        assert_eq!((rows.len(), rows[27].value, rows[0].value), (28, 8, 6));
        let sold: u64 = rows.iter().map(|row| row.value.unsigned_abs()).sum();
        let said = |available, sold| {
            cover(&waybill_domain::cover::Shelf { available, sold, ..Default::default() }.cover())
        };
        let weeks = || vec![sold, 0, 0, 0];
        assert_eq!(said(20, weeks()), "What is free lasts 40 days at the pace it sells.");
        assert!(said(200, weeks()).contains("more than a year"));
        assert!(said(-3, weeks()).starts_with("Nothing is left for tomorrow"));
        assert!(said(20, vec![0; 4]).starts_with("Nothing left in the last four weeks"));
    }

    #[test]
    fn a_sku_is_one_part_of_an_address_whatever_it_holds() {
        assert_eq!(part("TEE/RED 50%"), "TEE%2FRED%2050%25");
    }
}
