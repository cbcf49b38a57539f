//! What buyers ask and the law demands: `/console/orders/{order}/forget`, `/console/requests/{request}` with its
//! certificate, and legal holds, which take two people.

use super::desk::Desk;
use super::done::Done;
use super::fields::Fields;
use super::forms::{need, today, unseen};
use super::frame::{Place, nothing};
use super::words;
use crate::Env;
use crate::answer::{NOT_FOUND, Stop};
use crate::body::Told;
use crate::order::View as Order;
use crate::privacy::{hold, requests};
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
use waybill_domain::hold::LegalHold;
use waybill_domain::order::PersonalData;
use waybill_domain::request::Kind;
use waybill_domain::time::{after, days};
use waybill_http::Fresh;

const HOLDS: [(&str, &str); 4] = [
    ("claim", "A claim is made or defended"),
    ("investigation", "An authority investigates"),
    ("court_order", "A court orders it"),
    ("incident", "A breach is being looked into"),
];

/// What a page of an order offers about its buyer.
///
/// # Errors
/// As the registry answers.
pub async fn of_order(env: &Env, desk: &Desk, view: &Order) -> Result<Markup, Stop> {
    let order = &view.summary.order;
    let live = view.summary.personal_data == PersonalData::Live;
    let held = match desk.can(Action::HoldOrder) {
        true => env.db.hold(desk.caller.may(env, Action::HoldOrder)?, order).await?,
        false => None,
    };
    Ok(html! {
        @if live && (desk.can(Action::EraseBuyer) || desk.can(Action::HoldOrder)) {
            h2 { "Its buyer" }
            @if desk.can(Action::EraseBuyer) {
                details.danger {
                    summary { "Forget the buyer of this order" }
                    p { "At the buyer's request. What is sealed becomes unreadable for good, labels too, and no late copy brings it back. If the parcel has not left, it cannot leave any more." }
                    (desk.form(&format!("/orders/{order}/forget"), &html! { button { "Forget this buyer" } }))
                }
            }
            @if desk.can(Action::HoldOrder) { (holding(desk, order.as_str(), held.as_ref())) }
        }
    })
}

fn holding(desk: &Desk, order: &str, held: Option<&LegalHold>) -> Markup {
    let now = held.filter(|hold| hold.until > desk.now);
    html! {
        @match now {
            Some(hold) if hold.in_force(desk.now) => p { span.badge.busy { "Legal hold" } " until " (words::date(hold.until)) ", " (words::plain(hold.reason)) },
            Some(hold) => {
                p.notice.warn { "A legal hold until " (words::date(hold.until)) " is asked for. It holds nothing until a second person agrees." }
                (desk.form(&format!("/orders/{order}/hold/agree"), &html! { button { "Agree to the hold" } }))
            }
            None => details {
                summary { "Ask for a legal hold" }
                (desk.form(&format!("/orders/{order}/hold"), &html! {
                    div.fields {
                        (need("hold", "reason", "Why", "claim").choice(&HOLDS))
                        (need("hold", "until", "Until", today(after(desk.now, days(30)))).hint("180 days at most; a second person must agree.").day())
                    }
                    button { "Ask for the hold" }
                }))
            }
        }
    }
}

fn named(path: Result<Path<String>, PathRejection>) -> Result<String, Stop> {
    path.map(|Path(id)| id).map_err(|_| NOT_FOUND.into())
}

/// `POST /console/orders/{order}/forget`.
///
/// # Errors
/// As `POST /v1/requests`.
pub async fn forget(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response<Body>, Stop> {
    let order = named(path)?;
    let said = Told::of(json!({"kind": "erasure", "orders": [order]}));
    let Json(request) = requests::ask(State(env), desk.caller.clone(), Fresh::default(), said).await?;
    Ok(desk.on(&format!("/requests/{}", request.request), Done::Asked))
}

/// `POST /console/orders/{order}/hold`.
///
/// # Errors
/// As `POST /v1/orders/{order}/hold`.
pub async fn hold(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
    fields: Fields,
) -> Result<Response<Body>, Stop> {
    let order = named(path)?;
    let said = Told::of(json!({"reason": fields.text("reason"), "until": fields.moment("until")?}));
    let Json(_) = hold::ask(State(env), desk.caller.clone(), Ok(Path(order.clone())), said).await?;
    Ok(desk.on(&format!("/orders/{order}"), Done::HoldAsked))
}

/// `POST /console/orders/{order}/hold/agree`.
///
/// # Errors
/// As `POST /v1/orders/{order}/hold/agree`.
pub async fn agree(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response<Body>, Stop> {
    let order = named(path)?;
    let Json(_) = hold::agree(State(env), desk.caller.clone(), Ok(Path(order.clone()))).await?;
    Ok(desk.on(&format!("/orders/{order}"), Done::HoldAgreed))
}

fn certificate(view: &requests::View) -> Markup {
    html! {
        @match &view.certificate {
            None if view.done_at.is_some() => {},
            None => (nothing("It is not finished yet. This page shows the certificate when it is; an erasure takes seconds to minutes.")),
            Some(of) => section.card {
                h2 { "Certificate" }
                dl.facts {
                    dt { "Finished" } dd { (words::moment(of.finished_at)) }
                    dt { "Orders erased" } dd { (of.orders) }
                    @if of.held > 0 { dt { "Kept by a legal hold" } dd { (of.held) } }
                    dt { "Ledger record" } dd { (of.ledger.0) }
                    dt { "Its hash" } dd { code { (of.ledger.1) } }
                }
                p.hint { "The ledger of erasures is a chain: whoever changes a record breaks every hash after it." }
            }
        }
    }
}

/// Who got something of the person and must be told (UK GDPR article 19).
fn recipients(desk: &Desk, view: &requests::View) -> Markup {
    html! {
        @if !view.recipients.is_empty() {
            h2 { "Who must be told of it" }
            ul {
                @for one in &view.recipients {
                    li {
                        code { (one.connection) } " "
                        @match one.told_at {
                            Some(at) => { "told " (words::moment(at)) }
                            None if desk.can(Action::EraseBuyer) => (desk.form(&format!("/requests/{}/told", view.request), &html! {
                                (unseen("connection", one.connection.as_str()))
                                button.quiet aria-label=(format!("They were told: {}", one.connection)) { "They were told" }
                            })),
                            None => "not told yet",
                        }
                    }
                }
            }
        }
    }
}

/// `GET /console/requests/{request}`.
///
/// # Errors
/// As `GET /v1/requests/{request}`.
pub async fn one(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Html<String>, Stop> {
    let Json(view) = requests::read(State(env), desk.caller.clone(), path).await?;
    let done = view.done_at.is_some();
    let erasure = view.kind == Kind::Erasure;
    let act = |what: &str, words: &str| {
        desk.form(
            &format!("/requests/{}/clock", view.request),
            &html! {
                (unseen("action", what)) button.quiet { (words) }
            },
        )
    };
    let inside = html! {
        dl.facts {
            dt { "Kind" } dd { (words::plain(view.kind)) }
            dt { "State" }
            dd {
                @if done { span.badge.good { "Done" } }
                @else if view.overdue { span.badge.bad { "Overdue" } }
                @else if view.paused { span.badge.quiet { "Paused" } }
                @else { span.badge.busy { "Open" } }
            }
            dt { "Came" } dd { (words::moment(view.received)) }
            dt { "Due" } dd { (words::moment(view.due_at)) }
            dt { "Id" } dd { code { (view.request) } }
        }
        @if erasure { (certificate(&view)) }
        @if !done && !erasure && desk.can(Action::EraseBuyer) {
            p { "Everything held on them is had with " code { "GET /v1/requests/" (view.request) "/export?purpose=request&format=page" } ": it opens personal data, and no page of the console does." }
        }
        @if !done && desk.can(Action::EraseBuyer) {
            div.acts {
                @if view.paused { (act("go_on", "They answered: go on")) } @else { (act("pause", "Ask them something: stop the clock")) }
                @if !view.extended { (act("extend", "Take two months more")) }
                @if !erasure { (act("answered", "It was answered")) }
            }
        }
        (recipients(&desk, &view))
        p { a href=(desk.to("/forgetting")) { "All requests" } }
    };
    Ok(desk.page(Place::Forgetting, "A buyer's request", &inside))
}

/// `POST /console/requests/{request}/clock`.
///
/// # Errors
/// As `POST /v1/requests/{request}/clock`.
pub async fn clock(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
    fields: Fields,
) -> Result<Response<Body>, Stop> {
    let id = named(path)?;
    let said = Told::of(json!({"action": fields.text("action")}));
    let Json(_) = requests::clock(State(env), desk.caller.clone(), Ok(Path(id.clone())), said).await?;
    Ok(desk.on(&format!("/requests/{id}"), Done::Told))
}

/// `POST /console/requests/{request}/told`.
///
/// # Errors
/// As `POST /v1/requests/{request}/told`.
pub async fn told(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
    fields: Fields,
) -> Result<Response<Body>, Stop> {
    let id = named(path)?;
    let said = Told::of(json!({"connection": fields.text("connection")}));
    let Json(_) = requests::told(State(env), desk.caller.clone(), Ok(Path(id.clone())), said).await?;
    Ok(desk.on(&format!("/requests/{id}"), Done::Told))
}
