//! `/console/incidents`: a breach from the first suspicion to the last decision: whose clocks run, who is affected by
//! number and id, and the drafts of what is to be said.

use super::desk::Desk;
use super::done::Done;
use super::fields::Fields;
use super::forms::{may, minute, need, tick, unseen};
use super::frame::{Place, nothing};
use super::words;
use crate::Env;
use crate::answer::{NOT_FOUND, Stop};
use crate::body::Told;
use crate::incidents::{self, View};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, State};
use axum::response::Html;
use http::Response;
use maud::{Markup, html};
use serde_json::json;
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::incident::{Notice, Running};
use waybill_domain::time::{after, days};
use waybill_http::Fresh;

const TITLE: &str = "Incidents";

/// Why somebody is not told; empty when they were.
const NOT_TOLD: [(&str, &str); 6] = [
    ("", "They were told"),
    ("no_personal_data", "Not told: no personal data was touched"),
    ("unreadable", "Not told: what was taken opens with nothing"),
    ("no_risk", "Not told: no risk for anyone"),
    ("no_high_risk", "Not told: no risk that is high"),
    ("not_concerned", "Not told: none of it came from there"),
];

fn who(notice: Notice) -> &'static str {
    match notice {
        Notice::Platform => "The channels it came from",
        Notice::Controllers => "The merchants who answer for it",
        Notice::Regulator => "The supervisory authority",
        Notice::People => "The people themselves",
    }
}

fn clocks(all: &[Running]) -> Markup {
    html! {
        @if all.is_empty() { p { span.badge.good { "Every notice is decided" } } }
        ul {
            @for clock in all {
                li { (who(clock.notice)) ": by " (words::moment(clock.due_at)) @if clock.overdue { " " span.badge.bad { "Overdue" } } }
            }
        }
    }
}

async fn inside(env: &Arc<Env>, desk: &Desk) -> Result<Markup, Stop> {
    let Json(all) = incidents::list(State(env.clone()), desk.caller.clone()).await?;
    Ok(html! {
        p.lead { "A breach is when somebody saw, changed or lost what they should not have. A suspicion is enough: the clocks are short." }
        @if all.is_empty() { (nothing("No incident was ever opened.")) }
        ul.cards {
            @for one in &all {
                li.card {
                    h2 { a href=(desk.to(&format!("/incidents/{}", one.incident))) { "Noticed " (words::moment(one.detected_at)) } }
                    (clocks(&one.clocks))
                }
            }
        }
        @if desk.can(Action::HandleIncidents) {
            section.card {
                h2 { "Open an incident" }
                (desk.form("/incidents", &html! {
                    div.fields {
                        (need("incident", "from", "From, in UTC", minute(after(desk.now, days(-1)))).moment())
                        (need("incident", "until", "Until, in UTC", minute(desk.now)).moment())
                        (may("incident", "actor", "By whom, the number of their sign-in", "").hint("Empty for anybody.").text())
                        (may("incident", "order", "Of which order", "").hint("Empty for any.").text())
                    }
                    (tick("incident", "high_risk", "The risk for people may be high", false))
                    button data-ask="Open an incident? Its clocks start now." { "Open it: the clocks start" }
                }))
            }
        }
        p { a href=(desk.to("/evidence")) { "Back to the evidence" } }
    })
}

/// `GET /console/incidents`.
///
/// # Errors
/// As `GET /v1/incidents`.
pub async fn list(State(env): State<Arc<Env>>, desk: Desk) -> Result<Html<String>, Stop> {
    let inside = inside(&env, &desk).await?;
    Ok(desk.page(Place::Evidence, TITLE, &inside))
}

/// `POST /console/incidents`.
///
/// # Errors
/// As `POST /v1/incidents`.
pub async fn open(State(env): State<Arc<Env>>, desk: Desk, fields: Fields) -> Result<Response<Body>, Stop> {
    desk.caller.may(&env, Action::HandleIncidents)?;
    let opened = async {
        let mut suspicion = json!({"from": fields.moment("from")?, "until": fields.moment("until")?});
        for name in ["actor", "order"] {
            if let Some(text) = fields.given(name) {
                suspicion[name] = json!(text);
            }
        }
        let said = Told::of(json!({"suspicion": suspicion, "high_risk": fields.ticked("high_risk")}));
        incidents::open(State(env.clone()), desk.caller.clone(), Fresh::default(), said).await
    };
    match opened.await {
        Ok(Json(view)) => Ok(desk.on(&format!("/incidents/{}", view.incident.id), Done::Opened)),
        Err(stop) => Ok(desk.again(Place::Evidence, TITLE, stop, &inside(&env, &desk).await?)),
    }
}

fn decide(desk: &Desk, view: &View, notice: Notice) -> Markup {
    let decided = view.incident.decided(notice);
    let key = words::key(notice);
    html! {
        section.card {
            h3 { (who(notice)) }
            @match decided {
                Some(one) => p {
                    span.badge.good { @match one.not_told { None => "Told", Some(_) => "Not told" } } " "
                    @if let Some(why) = one.not_told { (words::plain(why)) ", " }
                    "decided " (words::moment(one.at))
                },
                None => {
                    @if let Some(clock) = view.clocks.iter().find(|clock| clock.notice == notice) {
                        p { "By " (words::moment(clock.due_at)) @if clock.overdue { " " span.badge.bad { "Overdue" } } }
                    }
                    @if desk.can(Action::HandleIncidents) {
                        (desk.form(&format!("/incidents/{}/decisions", view.incident.id), &html! {
                            (unseen("notice", &key))
                            (need(&format!("decide-{key}"), "not_told", "What was decided", "").choice(&NOT_TOLD))
                            button { "Put it on record" }
                        }))
                    }
                }
            }
            @if notice == Notice::Platform && !view.to_platforms.is_empty() {
                @for (channel, draft) in &view.to_platforms {
                    details { summary { "Draft for: " (words::channel(*channel)) } pre.draft { (draft) } }
                }
            } @else if let Some(draft) = view.drafts.get(&notice) {
                details { summary { "Draft for: " (who(notice)) } pre.draft { (draft) } }
            }
        }
    }
}

/// `GET /console/incidents/{incident}`.
///
/// # Errors
/// As `GET /v1/incidents/{incident}`.
pub async fn one(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Html<String>, Stop> {
    let part = Ok(Query(incidents::Asked::default()));
    let Json(view) = incidents::read(State(env), desk.caller.clone(), path, part).await?;
    let inside = html! {
        ul.tiles {
            li.tile { span.figure { (view.affected_orders) } span { "orders affected" } }
            li.tile { span.figure { (view.still_reachable) } span { "of them still readable" } }
        }
        dl.facts {
            dt { "Noticed" } dd { (words::moment(view.incident.detected_at)) }
            dt { "Suspected" } dd { (words::moment(view.incident.suspicion.from)) " to " (words::moment(view.incident.suspicion.until)) }
            @if let Some(actor) = &view.incident.suspicion.actor { dt { "By" } dd { code { (actor) } } }
            @for (channel, orders) in &view.by_channel { dt { (words::channel(*channel)) } dd { (orders) " of the orders" } }
            dt { "Risk" } dd {
                @if view.incident.high_risk { "may be high" } @else { "not high" }
                @if let Some(at) = view.incident.high_risk_at { ", found " (words::moment(at)) }
            }
            dt { "Id" } dd { code { (view.incident.id) } }
        }
        @if !view.incident.high_risk && desk.can(Action::HandleIncidents) {
            (desk.form(&format!("/incidents/{}/risk", view.incident.id), &html! {
                button data-ask="Is the risk for people high? Their clock starts now." { "The risk for people is high after all" }
            }))
        }
        h2 { "Who is to be told" }
        @for notice in Notice::ALL { (decide(&desk, &view, notice)) }
        p { a href=(desk.to("/incidents")) { "All incidents" } }
    };
    Ok(desk.page(Place::Evidence, "Incident", &inside))
}

/// `POST /console/incidents/{incident}/decisions`.
///
/// # Errors
/// As `POST /v1/incidents/{incident}/decisions`.
pub async fn decided(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
    fields: Fields,
) -> Result<Response<Body>, Stop> {
    let Path(id) = path.map_err(|_| NOT_FOUND)?;
    let mut said = json!({"notice": fields.text("notice")});
    if let Some(why) = fields.given("not_told") {
        said["not_told"] = json!(why);
    }
    let (env, caller) = (State(env), desk.caller.clone());
    let Json(_) = incidents::decide(env, caller, Ok(Path(id.clone())), Told::of(said)).await?;
    Ok(desk.on(&format!("/incidents/{id}"), Done::Told))
}

/// `POST /console/incidents/{incident}/risk`.
///
/// # Errors
/// As `POST /v1/incidents/{incident}/risk`.
pub async fn risk_raised(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response<Body>, Stop> {
    let Path(id) = path.map_err(|_| NOT_FOUND)?;
    let Json(_) = incidents::raise_risk(State(env), desk.caller.clone(), Ok(Path(id.clone()))).await?;
    Ok(desk.on(&format!("/incidents/{id}"), Done::Told))
}
