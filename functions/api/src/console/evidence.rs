//! `GET /console/evidence`: how the software judges itself now, as `GET /v1/compliance` says it.

use super::charts::{Row, bars};
use super::desk::Desk;
use super::done::Done;
use super::fields::Fields;
use super::forms::{may, need, tick, today};
use super::frame::{Place, nothing};
use super::words;
use crate::Env;
use crate::answer::Stop;
use crate::body::Told;
use crate::registers;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Html;
use http::Response;
use maud::{Markup, html};
use serde_json::json;
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::register::Register;

/// Answers.
///
/// # Errors
/// As `GET /v1/compliance`.
pub async fn show(State(env): State<Arc<Env>>, desk: Desk) -> Result<Html<String>, Stop> {
    let inside = inside(&env, &desk).await?;
    Ok(desk.page(Place::Evidence, "Evidence", &inside))
}

/// What a person has done is entered here.
fn entering(desk: &Desk) -> Markup {
    let all: Vec<(String, String)> = Register::ALL
        .iter()
        // Carriers are assessed where they are connected.
        .filter(|one| **one != Register::Processor)
        .map(|one| (words::key(one), words::plain(one)))
        .collect();
    html! {
        @if desk.can(Action::WriteRegisters) {
            section.card {
                h2 { "Enter what was done" }
                (desk.form("/evidence/registers", &html! {
                    div.fields {
                        (need("entry", "register", "Register", "").choice(&all))
                        (need("entry", "name", "What, in letters, digits, - and _", "").text())
                        (need("entry", "done_at", "Done on", today(desk.now)).day())
                        (may("entry", "version", "SHA-256 of the text", "").hint("Of a policy or a source.").text())
                        (may("entry", "severity", "How bad", "").choice(&[("", "Not a finding"), ("high", "High"), ("critical", "Critical")]))
                    }
                    (tick("entry", "closed", "It is over: a finding that is mended, a policy no longer in force", false))
                    button { "Enter it" }
                }))
            }
        }
    }
}

/// `POST /console/evidence/registers`.
///
/// # Errors
/// As `POST /v1/registers/{register}`.
pub async fn enter(State(env): State<Arc<Env>>, desk: Desk, fields: Fields) -> Result<Response<Body>, Stop> {
    desk.caller.may(&env, Action::WriteRegisters)?;
    let entered = async {
        let mut said = json!({"name": fields.text("name"), "done_at": fields.moment("done_at")?,
            "closed": fields.ticked("closed")});
        for name in ["version", "severity"] {
            if let Some(text) = fields.given(name) {
                said[name] = json!(text);
            }
        }
        let register = Ok(Path(fields.text("register").to_owned()));
        registers::enter(State(env.clone()), desk.caller.clone(), register, Told::of(said)).await
    };
    match entered.await {
        Ok(_) => Ok(desk.on("/evidence", Done::Entered)),
        Err(stop) => Ok(desk.again(Place::Evidence, "Evidence", stop, &inside(&env, &desk).await?)),
    }
}

async fn inside(env: &Arc<Env>, desk: &Desk) -> Result<Markup, Stop> {
    let Json(view) = registers::compliance::read(State(env.clone()), desk.caller.clone()).await?;
    let rows: Vec<Row> = view
        .chains
        .iter()
        .map(|chain| Row::new(words::plain(chain.name), i64::try_from(chain.records).unwrap_or(i64::MAX)))
        .collect();
    Ok(html! {
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
        h2 { "Openings and their records" }
        @match &view.openings {
            None => (nothing("Not compared yet: that is done once a day.")),
            Some(day) => p {
                "From " (words::moment(day.from)) " to " (words::moment(day.until)) ", recipients were opened "
                (day.opened) " times, as AWS counts, and " (day.recorded) " openings are on record. "
                @if day.holds() { span.badge.good { "Each one matches" } }
                @else { span.badge.bad { (day.unrecorded.len()) " without a record, " (day.unopened.len()) " not opened" } }
            },
        }
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
        ul { @for request in &view.overdue_requests { li { a.id href=(desk.to(&format!("/requests/{request}"))) { (request) } } } }
        h2 { "Incidents whose clocks run" }
        @if view.open_incidents.is_empty() { (nothing("None.")) }
        @for one in &view.open_incidents {
            div.card {
                p { a.id href=(desk.to(&format!("/incidents/{}", one.incident))) { (one.incident) } }
                ul {
                    @for clock in &one.clocks {
                        li { (words::plain(clock.notice)) ", by " (words::moment(clock.due_at)) @if clock.overdue { " " span.badge.bad { "Overdue" } } }
                    }
                }
            }
        }
        p { a.button.quiet href=(desk.to("/incidents")) { "Incidents" } }
        (entering(desk))
        p.hint { "The signed evidence of a version is made by " code { "cargo xtask evidence" } "." }
    })
}
