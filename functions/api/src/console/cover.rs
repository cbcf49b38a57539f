//! `GET /console/stock/cover`: how long what is free will last, the shortest first, and what is out, low or lies dead.

use super::charts::{Row, bars};
use super::desk::Desk;
use super::frame::{Place, nothing};
use super::stock::part;
use super::words;
use crate::Env;
use crate::answer::Stop;
use crate::insight::{self, Asked, Page, View};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Html;
use maud::{Markup, html};
use std::sync::Arc;
use waybill_domain::cover;

/// The most that are charted.
const CHARTED: usize = 15;

fn state(of: cover::State) -> Markup {
    let tone = match of {
        cover::State::Out => "bad",
        cover::State::Low => "warn",
        cover::State::Dead => "quiet",
        cover::State::Good => "good",
    };
    html! { span.badge.(tone) { (words::plain(of)) } }
}

fn row(desk: &Desk, one: &View) -> Markup {
    html! {
        tr {
            th scope="row" { a href=(desk.to(&format!("/stock/{}", part(&one.sku)))) { (one.sku) } }
            td data-label="Stands" { (state(one.cover.state)) }
            td.number data-label="Lasts, in days" { @match one.cover.days_of_cover { Some(days) => (days), None => span.hint { "no pace" } } }
            td.number data-label="Free" { (one.available) }
            td.number data-label="Left last week" { (one.sold.first().copied().unwrap_or_default()) }
        }
    }
}

/// Answers.
///
/// # Errors
/// As `GET /v1/stock/insight`.
pub async fn show(
    State(env): State<Arc<Env>>,
    desk: Desk,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Html<String>, Stop> {
    let Json(Page { mut skus, next }) = insight::list(State(env), desk.caller.clone(), asked).await?;
    skus.sort_by_key(|one| one.cover.days_of_cover.unwrap_or(u64::MAX));
    let paced = skus.iter().filter_map(|one| Some((one.sku.as_str(), one.cover.days_of_cover?)));
    let rows: Vec<Row> = paced
        .take(CHARTED)
        .map(|(sku, days)| Row::new(sku, i64::try_from(days).unwrap_or(i64::MAX)))
        .collect();
    let inside = html! {
        p.lead { "How long what is free lasts at the pace of the last four weeks; the shortest first." }
        @if !rows.is_empty() { (bars("cover", "Days until it is gone.", "day", &rows)) }
        @if skus.is_empty() { (nothing("Nothing entered here was ever in a warehouse.")) }
        @else {
            table.stack {
                thead { tr { th scope="col" { "SKU" } th scope="col" { "Stands" } th scope="col" { "Lasts, in days" } th scope="col" { "Free" } th scope="col" { "Left last week" } } }
                tbody { @for one in &skus { (row(&desk, one)) } }
            }
        }
        @if let Some(next) = next { p { a.button href=(desk.to(&format!("/stock/cover?cursor={}", part(&next)))) { "More SKUs" } } }
        p { a href=(desk.to("/stock")) { "Back to the stock" } }
    };
    Ok(desk.page(Place::Stock, "How long it lasts", &inside))
}
