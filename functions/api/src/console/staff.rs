//! `/console/settings/staff`: who may do what, since when, trained until when; given, confirmed and ended here.

use super::desk::Desk;
use super::done::Done;
use super::fields::Fields;
use super::forms::{may, need, today};
use super::frame::Place;
use super::words;
use crate::Env;
use crate::answer::{NOT_FOUND, Stop};
use crate::body::Told;
use crate::registers::staff::{self, Everybody, Member};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Html;
use http::Response;
use maud::{Markup, html};
use serde_json::json;
use std::sync::Arc;
use waybill_domain::access::{Action, REVIEW_DAYS, Role, is_reviewed, is_trained};
use waybill_domain::time::{after, days};
use waybill_http::IfMatch;

const TITLE: &str = "Staff";

/// What each role is there for.
const ROLES: [(&str, &str); 6] = [
    ("packer", "Packer: picks, packs, prints labels"),
    ("manager", "Manager: runs the warehouse, sees exceptions"),
    ("support", "Support: answers customers"),
    ("auditor", "Auditor: reads what was done, never a customer"),
    ("integrator", "Integrator: a program of yours"),
    ("owner", "Owner: answers for everything"),
];

fn role(of: Role) -> String {
    words::plain(of)
}

fn standing(desk: &Desk, one: &Member) -> Markup {
    html! {
        @if !one.active { span.badge.quiet { "Ended" } }
        @else if !is_reviewed(one.reviewed_at, desk.now) { span.badge.bad { "Not confirmed this quarter" } }
        @else { span.badge.good { "Active" } }
    }
}

fn trained(desk: &Desk, one: &Member) -> Markup {
    html! {
        @if is_trained(one.trained_until, desk.now) { span { "until " (words::date(one.trained_until)) } }
        @else { span.badge.warn { "No valid training" } }
    }
}

fn acts(desk: &Desk, one: &Member) -> Markup {
    let me = one.sub == desk.caller.actor();
    html! {
        @if one.active && !me {
            div.acts {
                (desk.form(&format!("/settings/staff/{}/review", one.sub), &html! { button.quiet aria-label=(format!("Confirm {}", one.sub)) { "Confirm" } }))
                (desk.form(&format!("/settings/staff/{}/end", one.sub), &html! { button.quiet data-ask="End what they may do, now?" aria-label=(format!("End {}", one.sub)) { "End" } }))
            }
        }
    }
}

fn give(desk: &Desk) -> Markup {
    html! {
        section.card {
            h2 { "Make, change or train somebody" }
            p { "A colleague who signs in for the first time is shown their number. Enter it here with what they are for. The same number again changes them or enters a new training." }
            (desk.form("/settings/staff", &html! {
                div.fields {
                    (need("staff", "sub", "Their number", "").text())
                    (need("staff", "role", "What they are for", "packer").choice(&ROLES))
                    (may("staff", "trained_at", "Their privacy training was on", today(desk.now)).hint("It counts for a year; without it no label and no customer is opened. Empty: what is on record stays.").day())
                }
                button { "Store" }
            }))
        }
    }
}

async fn inside(env: &Arc<Env>, desk: &Desk) -> Result<Markup, Stop> {
    let Json(Everybody { staff }) = staff::list(State(env.clone()), desk.caller.clone()).await?;
    Ok(html! {
        p.lead { "Everybody is confirmed by somebody else each quarter, " (REVIEW_DAYS) " days at most." }
        table.stack {
            thead { tr { th scope="col" { "Number" } th scope="col" { "For" } th scope="col" { "Stands" } th scope="col" { "Trained" } th scope="col" { "Confirmed until" } th scope="col" { "Change" } } }
            tbody {
                @for one in &staff {
                    tr {
                        th scope="row" { code { (one.sub) } @if one.sub == desk.caller.actor() { " (you)" } }
                        td data-label="For" { (role(one.role)) }
                        td data-label="Stands" { (standing(desk, one)) }
                        td data-label="Trained" { (trained(desk, one)) }
                        td data-label="Confirmed until" { (words::date(after(one.reviewed_at, days(REVIEW_DAYS)))) }
                        td { (acts(desk, one)) }
                    }
                }
            }
        }
        (give(desk))
        p { a href=(desk.to("/settings")) { "Back to the settings" } }
    })
}

/// `GET /console/settings/staff`.
///
/// # Errors
/// As `GET /v1/staff`.
pub async fn list(State(env): State<Arc<Env>>, desk: Desk) -> Result<Html<String>, Stop> {
    let inside = inside(&env, &desk).await?;
    Ok(desk.page(Place::Settings, TITLE, &inside))
}

/// `POST /console/settings/staff`.
///
/// # Errors
/// As `PUT /v1/staff/{sub}`.
pub async fn store(State(env): State<Arc<Env>>, desk: Desk, fields: Fields) -> Result<Response<Body>, Stop> {
    desk.caller.may(&env, Action::ManageStaff)?;
    let given = async {
        let mut said = json!({"role": fields.text("role")});
        if fields.given("trained_at").is_some() {
            said["trained_at"] = json!(fields.moment("trained_at")?);
        }
        let sub = Ok(Path(fields.text("sub").to_owned()));
        staff::give(State(env.clone()), desk.caller.clone(), sub, IfMatch::default(), Told::of(said)).await
    };
    match given.await {
        Ok(_) => Ok(desk.on("/settings/staff", Done::Given)),
        Err(stop) => Ok(desk.again(Place::Settings, TITLE, stop, &inside(&env, &desk).await?)),
    }
}

/// `POST /console/settings/staff/{sub}/{act}`.
///
/// # Errors
/// As `POST /v1/staff/{sub}/review` and `POST /v1/staff/{sub}/end`.
pub async fn act(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response<Body>, Stop> {
    let Path((sub, what)) = path.map_err(|_| NOT_FOUND)?;
    let (env, caller, sub) = (State(env), desk.caller.clone(), Ok(Path(sub)));
    let done = match what.as_str() {
        "review" => staff::review(env, caller, sub).await.map(|_| Done::Confirmed)?,
        "end" => staff::end(env, caller, sub).await.map(|_| Done::Ended)?,
        _ => return Err(NOT_FOUND.into()),
    };
    Ok(desk.on("/settings/staff", done))
}

/// What somebody sees who signs in and is not of the staff yet.
pub fn stranger(sub: &str) -> Markup {
    html! {
        p role="alert" { "This sign-in has no access yet." }
        p { "Give this number to an owner of your merchant; they enter it under Settings, Staff:" }
        p.number-of-theirs { code { (sub) } }
        p { a.button href="../console/sign-in" { "Sign in again" } }
    }
}
