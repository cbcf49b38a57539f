//! `/console/connections`: the accounts and their health, and for the owner what can be done with one.

use super::desk::Desk;
use super::frame::{Place, nothing};
use super::words::{self, Done};
use crate::Env;
use crate::answer::{NOT_FOUND, Stop};
use crate::connections::{All, Shown, act};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Html;
use http::Response;
use maud::{Markup, html};
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_store::registry::ConnectionState;

fn acts(desk: &Desk, one: &Shown) -> Markup {
    let to = |what: &str| format!("/connections/{}/{what}", one.id);
    let channel = one.kind.channel().is_some();
    html! {
        @if desk.can(Action::ManageConnections) && one.state != ConnectionState::Disconnected {
            div.acts {
                @if channel { (desk.form(&to("test"), &html! { button.quiet { "Try " (words::kind(one.kind)) } })) }
                @if one.state == ConnectionState::Active {
                    (desk.form(&to("pause"), &html! { button.quiet data-ask="Pause it? Nothing is sent or taken until it is resumed." { "Pause " (words::kind(one.kind)) } }))
                }
                @if one.state == ConnectionState::Paused { (desk.form(&to("resume"), &html! { button { "Resume " (words::kind(one.kind)) } })) }
            }
        }
    }
}

/// `GET /console/connections`.
///
/// # Errors
/// As `GET /v1/connections`.
pub async fn list(State(env): State<Arc<Env>>, desk: Desk) -> Result<Html<String>, Stop> {
    let Json(All { connections }) = crate::connections::list(State(env), desk.caller.clone()).await?;
    let inside = html! {
        @if connections.is_empty() { (nothing("No account is connected.")) }
        ul.cards {
            @for one in &connections {
                li.card {
                    h2 { (words::kind(one.kind)) " " (words::connection(one.state)) }
                    @if let Some(advice) = one.advice { p { (advice) } }
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
                        @if let Some(at) = one.token_until { dt { "Token until" } dd { (words::moment(at)) } }
                        dt { "Address" } dd { code { (one.address) } }
                        dt { "Id" } dd { code { (one.id) } }
                    }
                    (acts(&desk, one))
                }
            }
        }
    };
    Ok(desk.page(Place::Connections, "Connections", &inside))
}

/// `POST /console/connections/{connection}/{act}`.
///
/// # Errors
/// As `POST /v1/connections/{connection}/{act}`.
pub async fn act(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response<Body>, Stop> {
    let Path((id, what)) = path.map_err(|_| NOT_FOUND)?;
    let (env, caller, id) = (State(env), desk.caller.clone(), Path(id));
    let done = match what.as_str() {
        "test" => {
            let Json(tried) = act::test(env, caller, id).await?;
            if tried.works { Done::Works } else { Done::Fails }
        }
        "pause" => act::pause(env, caller, id).await.map(|_| Done::Paused)?,
        "resume" => act::resume(env, caller, id).await.map(|_| Done::Resumed)?,
        _ => return Err(NOT_FOUND.into()),
    };
    Ok(desk.on("/connections", done))
}
