//! `/console/connections`: the accounts and their health, and for the owner what can be done with one.

use super::accounts;
use super::desk::Desk;
use super::done::Done;
use super::fields::Fields;
use super::forms::{need, today};
use super::frame::{Place, nothing};
use super::words;
use crate::Env;
use crate::answer::{NOT_FOUND, Stop};
use crate::body::Told;
use crate::connections::{All, Shown, act, own};
use crate::registers;
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Html;
use http::Response;
use maud::{Markup, html};
use serde_json::json;
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::register::{Entry, Register};
use waybill_store::registry::ConnectionState;

/// A carrier is given nothing until somebody has looked at it, this year.
fn assess(desk: &Desk, one: &Shown, entries: &[Entry]) -> Markup {
    let of = |entry: &&Entry| entry.register == Register::Processor && entry.name == one.id.as_str();
    let known = entries.iter().find(of).map(Entry::due);
    let good = known.filter(|due| *due > desk.now);
    html! {
        @match good {
            Some(due) => p { span.badge.good { "Assessed" } " again by " (words::date(due)) },
            None => p.notice.warn { "Not assessed this year: it is given no parcel until somebody has." },
        }
        @if desk.can(Action::WriteRegisters) && good.is_none() {
            (desk.form(&format!("/connections/{}/assess", one.id), &html! {
                (need(one.id.as_str(), "done_at", "Contract and data protection were looked at on", today(desk.now)).day())
                button { "Put the assessment on record" }
            }))
        }
    }
}

/// Taking an account away erases people, so it takes a second look.
fn deliberate(desk: &Desk, one: &Shown) -> Markup {
    html! {
        details.danger {
            summary { "Disconnect " (words::kind(one.kind)) }
            p { "Its work stops and everything of its buyers is erased. This cannot be undone." }
            (desk.form(&format!("/connections/{}/disconnect", one.id), &html! {
                button.quiet { "Disconnect it for good" }
            }))
        }
    }
}

fn acts(desk: &Desk, one: &Shown) -> Markup {
    let to = |what: &str| format!("/connections/{}/{what}", one.id);
    html! {
        @if desk.can(Action::ManageConnections) && one.state != ConnectionState::Disconnected {
            div.acts {
                (desk.form(&to("test"), &html! { button.quiet { "Try " (words::kind(one.kind)) } }))
                @if one.state == ConnectionState::Active {
                    (desk.form(&to("pause"), &html! { button.quiet data-ask="Pause it? Nothing is sent or taken until it is resumed." { "Pause " (words::kind(one.kind)) } }))
                }
                @if one.state == ConnectionState::Active && !one.stopped.is_empty() { (desk.form(&to("resume"), &html! { button { "Try again what " (words::kind(one.kind)) " refused" } })) }
                @if one.state == ConnectionState::Paused { (desk.form(&to("resume"), &html! { button { "Resume " (words::kind(one.kind)) } })) }
                a.button.quiet href=(desk.to(&to("secrets"))) aria-label=(format!("Replace secrets of {}", one.id)) { "Replace secrets" }
            }
            (deliberate(desk, one))
        }
    }
}

/// The kinds that can be connected.
fn more(desk: &Desk) -> Markup {
    html! {
        @if desk.can(Action::ManageConnections) {
            h2 { "Connect an account" }
            ul.choices {
                @for one in &accounts::ALL { li { a.button.quiet href=(desk.to(&format!("/connect/{}", one.path))) { (one.name) } } }
            }
        }
    }
}

fn card(desk: &Desk, one: &Shown, entries: &[Entry]) -> Markup {
    html! {
        h2 { (words::kind(one.kind)) " " (words::connection(one.state)) }
        @if let Some(advice) = one.advice { p { (advice) } }
        @for stopped in &one.stopped {
            p.notice.warn {
                @match stopped.operation.as_str() {
                    "stock" => "It may not be told stock. ",
                    _ => "It may not be told tracking numbers. ",
                }
                (stopped.advice) " It is tried again by itself at " (words::moment(stopped.until)) "."
            }
        }
        @if let Some(advice) = one.deliveries.as_ref().and_then(|sent| sent.advice) { p.notice.warn { (advice) } }
        dl.facts {
            @if one.kind.channel().is_some() {
                dt { "Read until" }
                dd {
                    @match one.read_until {
                        Some(at) => { (words::moment(at)) " (" (words::ago(at, desk.now)) ")" }
                        None => "not read yet",
                    }
                }
            }
            @if let Some(sent) = &one.deliveries { dt { "Webhooks looked after" } dd { (words::moment(sent.looked_at)) } }
            @if let Some(at) = one.agreed_until { dt { "Agreed until" } dd { (words::moment(at)) } }
            @if let Some(at) = one.token_until { dt { "Token until" } dd { (words::moment(at)) } }
            dt { "Address" } dd { code { (one.address) } }
            @if let Some(path) = &one.webhook_path { dt { "Its webhooks go to" } dd { code { (desk.home()) (path) } } }
            dt { "Id" } dd { code { (one.id) } }
        }
        @if one.kind.channel().is_none() && one.state != ConnectionState::Disconnected { (assess(desk, one, entries)) }
        (acts(desk, one))
    }
}

/// `GET /console/connections`.
///
/// # Errors
/// As `GET /v1/connections`.
pub async fn list(State(env): State<Arc<Env>>, desk: Desk) -> Result<Html<String>, Stop> {
    let merchant = desk.caller.may(&env, Action::ReadConnections)?;
    let entries = env.db.register_entries(merchant).await?;
    let Json(All { mut connections }) =
        crate::connections::list(State(env.clone()), desk.caller.clone()).await?;
    connections.sort_by_key(|one| one.state == ConnectionState::Disconnected);
    let inside = html! {
        @if connections.is_empty() { (nothing("No account is connected.")) }
        ul.cards { @for one in &connections { li.card { (card(&desk, one, &entries)) } } }
        (more(&desk))
    };
    Ok(desk.page(Place::Connections, "Connections", &inside))
}

/// `POST /console/connections/{connection}/{act}`.
///
/// # Errors
/// As `POST /v1/connections/{connection}/{act}`, `DELETE /v1/connections/{connection}` and
/// `POST /v1/registers/processor`.
pub async fn act(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<(String, String)>, PathRejection>,
    fields: Fields,
) -> Result<Response<Body>, Stop> {
    let Path((id, what)) = path.map_err(|_| NOT_FOUND)?;
    if what == "assess" {
        assessed(&env, &desk, &id, &fields).await?;
        return Ok(desk.on("/connections", Done::Assessed));
    }
    let (env, caller, id) = (State(env), desk.caller.clone(), Path(id));
    let done = match what.as_str() {
        "test" => {
            let Json(tried) = act::test(env, caller, id).await?;
            if tried.works { Done::Works } else { Done::Fails }
        }
        "pause" => act::pause(env, caller, id).await.map(|_| Done::Paused)?,
        "resume" => act::resume(env, caller, id).await.map(|_| Done::Resumed)?,
        "disconnect" => act::disconnect(env, caller, id).await.map(|_| Done::Parting)?,
        _ => return Err(NOT_FOUND.into()),
    };
    Ok(desk.on("/connections", done))
}

async fn assessed(env: &Arc<Env>, desk: &Desk, id: &str, fields: &Fields) -> Result<(), Stop> {
    let carrier = own(env, &desk.caller, id, Action::ReadConnections).await?;
    let said = json!({"name": carrier.id, "done_at": fields.moment("done_at")?});
    let register = Ok(Path("processor".to_owned()));
    let Json(_) = registers::enter(State(env.clone()), desk.caller.clone(), register, Told::of(said)).await?;
    Ok(())
}
