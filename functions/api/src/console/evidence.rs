//! `GET /console/evidence`: how the software judges itself now, as `GET /v1/compliance` says it.

use super::charts::{Row, bars};
use super::desk::Desk;
use super::frame::{Place, nothing};
use super::words;
use crate::Env;
use crate::answer::Stop;
use axum::Json;
use axum::extract::State;
use axum::response::Html;
use maud::html;
use std::sync::Arc;

/// Answers.
///
/// # Errors
/// As `GET /v1/compliance`.
pub async fn show(State(env): State<Arc<Env>>, desk: Desk) -> Result<Html<String>, Stop> {
    let Json(view) = crate::registers::compliance::read(State(env), desk.caller.clone()).await?;
    let rows: Vec<Row> = view
        .chains
        .iter()
        .map(|chain| Row::new(words::plain(chain.name), i64::try_from(chain.records).unwrap_or(i64::MAX)))
        .collect();
    let inside = html! {
        @if view.ok { p.notice.good { "Everything holds and nothing is overdue, as of " (words::moment(view.at)) "." } }
        @else { p.notice.bad { "Something needs a person, as of " (words::moment(view.at)) ". It is named below." } }
        h2 { "Audit chains" }
        table.stack {
            thead { tr { th scope="col" { "Chain" } th scope="col" { "Records" } th scope="col" { "State" } } }
            tbody {
                @for chain in &view.chains {
                    tr {
                        th scope="row" { (words::plain(chain.name)) }
                        td.number data-label="Records" { (chain.records) }
                        td data-label="State" {
                            @match chain.broken_at {
                                None => span.badge.good { "Unbroken" },
                                Some(at) => span.badge.bad { "Broken at record " (at) },
                            }
                        }
                    }
                }
            }
        }
        (bars("chains", "Records in the audit chains.", "record", &rows))
        h2 { "Due in the registers" }
        @if view.due.is_empty() { (nothing("Nothing is due.")) }
        @else {
            table.stack {
                thead { tr { th scope="col" { "Register" } th scope="col" { "What" } th scope="col" { "Since" } } }
                tbody {
                    @for due in &view.due {
                        tr {
                            th scope="row" { (words::plain(due.register)) }
                            td data-label="What" { @if due.name.is_empty() { span.hint { "nothing entered yet" } } @else { (due.name) } }
                            td data-label="Since" { @match due.since { Some(at) => (words::moment(at)), None => "never done" } }
                        }
                    }
                }
            }
        }
        h2 { "Requests past their time" }
        @if view.overdue_requests.is_empty() { (nothing("None is.")) }
        ul { @for request in &view.overdue_requests { li { code { (request) } } } }
        h2 { "Incidents whose clocks run" }
        @if view.open_incidents.is_empty() { (nothing("None.")) }
        @for one in &view.open_incidents {
            div.card {
                p { code { (one.incident) } }
                ul {
                    @for clock in &one.clocks {
                        li { (words::plain(clock.notice)) ", by " (words::moment(clock.due_at)) @if clock.overdue { " " span.badge.bad { "Overdue" } } }
                    }
                }
            }
        }
        p.hint { "The signed evidence of a version is made by " code { "cargo xtask evidence" } "." }
    };
    Ok(desk.page(Place::Evidence, "Evidence", &inside))
}
