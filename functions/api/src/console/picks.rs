//! `/console/picks`: lists that are not done, and the walk along one, for a phone with a scanner: the next bin stands
//! large, the scan is confirmed by the Enter that a scanner sends, and what is not there is a short pick.

use super::desk::Desk;
use super::done::Done;
use super::fields::Fields;
use super::frame::{Place, nothing};
use super::words;
use crate::Env;
use crate::answer::{NOT_FOUND, Stop};
use crate::body::Told;
use crate::picks::{Confirming, Making, Open};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse};
use http::Response;
use maud::{Markup, html};
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::picking::{PickList, Style, Task, TaskState};
use waybill_domain::stock::is_reference;
use waybill_runtime::problem::Problem;

fn open(list: &PickList) -> impl Iterator<Item = &Task> {
    list.tasks.iter().filter(|task| task.state == TaskState::Open)
}

fn making(desk: &Desk, places: &[waybill_domain::places::Place]) -> Result<Markup, Stop> {
    // Named here, so that a form sent twice makes one list.
    let chance = waybill_runtime::nonce().ok_or(Problem::UNAVAILABLE)?;
    let name = format!("walk-{}-{}", desk.now.strftime("%m%d"), chance.get(..6).unwrap_or_default());
    Ok(desk.form("/picks", &html! {
        div.fields {
            div { label for="list" { "Name" } input id="list" name="list" value=(name) required maxlength="64" autocomplete="off"; }
            div {
                label for="warehouse" { "Warehouse" }
                select id="warehouse" name="warehouse" {
                    @for place in places { option value=(place.id) { (place.name) } }
                }
            }
            div {
                label for="style" { "How" }
                select id="style" name="style" {
                    option value="batch" { "Many orders at once" }
                    option value="zone" { "Many orders, one zone" }
                }
            }
            div { label for="zone" { "Zone, for one zone only" } input id="zone" name="zone" autocomplete="off"; }
            button { "Make a list" }
        }
    }))
}

/// `GET /console/picks`.
///
/// # Errors
/// As `GET /v1/picks`.
pub async fn list(State(env): State<Arc<Env>>, desk: Desk) -> Result<Html<String>, Stop> {
    let inside = all(&env, &desk).await?;
    Ok(desk.page(Place::Picks, "Pick", &inside))
}

async fn all(env: &Arc<Env>, desk: &Desk) -> Result<Markup, Stop> {
    let Json(Open { lists }) = crate::picks::list(State(env.clone()), desk.caller.clone()).await?;
    let places = crate::places::list(State(env.clone()), desk.caller.clone()).await?;
    let making = match desk.can(Action::WorkStock) {
        true => Some(making(desk, &places.0.warehouses)?),
        false => None,
    };
    Ok(html! {
        @if lists.is_empty() { (nothing("No list is waiting to be walked.")) }
        @else {
            ul.cards {
                @for list in &lists {
                    @let left = open(list).count();
                    li.card {
                        h2 { a href=(desk.to(&format!("/picks/{}", list.id))) { (list.id) } }
                        p { (list.warehouse) ", " (left) " of " (list.tasks.len()) " stops left, "
                            (open(list).map(|task| task.quantity).sum::<i64>()) " pieces" }
                        p.hint { "Made " (words::ago(list.at, desk.now)) }
                    }
                }
            }
        }
        @if let Some(making) = making { h2 { "A new list" } p { "Takes the oldest orders that hold goods there." } (making) }
    })
}

/// `POST /console/picks`.
///
/// # Errors
/// As `POST /v1/picks`.
pub async fn make(State(env): State<Arc<Env>>, desk: Desk, fields: Fields) -> Result<Response<Body>, Stop> {
    let zone = Some(fields.text("zone").to_owned()).filter(|zone| !zone.is_empty());
    let making = Making {
        list: fields.text("list").to_owned(),
        warehouse: fields.parsed("warehouse")?,
        style: fields.word::<Style>("style")?,
        zone,
        orders: Vec::new(),
    };
    match crate::picks::make(State(env.clone()), desk.caller.clone(), Told(making)).await {
        Ok(Json(made)) => Ok(desk.on(&format!("/picks/{}", made.list.id), Done::Made)),
        Err(stop) => Ok(desk.again(Place::Picks, "Pick", stop, &all(&env, &desk).await?)),
    }
}

/// The stop to go to.
fn stop(desk: &Desk, list: &PickList, task: &Task) -> Markup {
    let action = format!("/picks/{}", list.id);
    let scan = html! {
        input type="hidden" name="stop" value=(task.n);
        label for="scanned" { "Scan the article" }
        input.scan id="scanned" name="scanned" required autofocus autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="done";
        details {
            summary { "Fewer than " (task.quantity) " there" }
            label for="quantity" { "Pieces that are there" }
            input id="quantity" name="quantity" type="number" inputmode="numeric" min="0" max=(task.quantity) value=(task.quantity) required;
        }
        button.big { "Confirm" }
    };
    let none = html! {
        input type="hidden" name="stop" value=(task.n);
        input type="hidden" name="scanned" value=(task.sku);
        input type="hidden" name="quantity" value="0";
        button.quiet { "The bin is empty: short pick" }
    };
    html! {
        section.stop aria-labelledby="go" {
            h2 id="go" { span.hint { "Go to bin" } " " strong.bin { (task.spot.bin) } }
            p.take { "Take " strong.count { (task.quantity) } " of " strong.sku { (task.sku) } }
            @if let Some(lot) = &task.spot.lot {
                p { "Lot " strong { (lot.code) } @if let Some(day) = lot.expires { ", sold until " (day) } }
            }
            @if desk.can(Action::WorkStock) { (desk.form(&action, &scan)) (desk.form(&action, &none)) }
        }
    }
}

fn inside(desk: &Desk, list: &PickList) -> Markup {
    let left: Vec<&Task> = open(list).collect();
    let done = list.tasks.len() - left.len();
    html! {
        p.progress {
            label for="progress" { (done) " of " (list.tasks.len()) " stops done" }
            progress id="progress" value=(done) max=(list.tasks.len().max(1)) { (done) }
        }
        @match left.split_first() {
            None => {
                (nothing("This list is done."))
                p { a.button href=(desk.to("/pack")) { "To the packing bench" } }
            }
            Some((next, rest)) => {
                (stop(desk, list, next))
                @if !rest.is_empty() {
                    h2 { "After that" }
                    ol.walk start=(next.n + 1) {
                        @for task in rest { li { strong { (task.spot.bin) } " " (task.quantity) " × " (task.sku) } }
                    }
                }
                @if desk.can(Action::WorkStock) {
                    details {
                        summary { "Close this list before it is done" }
                        p { "What was not picked can go on another list." }
                        (desk.form(&format!("/picks/{}/drop", list.id), &html! { button.quiet { "Close the list" } }))
                    }
                }
            }
        }
    }
}

/// `GET /console/picks/{list}`.
///
/// # Errors
/// As `GET /v1/picks/{list}`.
pub async fn walk(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Html<String>, Stop> {
    let Json(list) = crate::picks::read(State(env), desk.caller.clone(), path).await?;
    Ok(desk.page(Place::Picks, &format!("Pick list {}", list.id), &inside(&desk, &list)))
}

/// `POST /console/picks/{list}`: what went wrong is said on the page of the same stop, ready for the next scan.
///
/// # Errors
/// As `POST /v1/picks/{list}/confirm`.
pub async fn confirm(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
    fields: Fields,
) -> Result<Response<Body>, Stop> {
    let id = path.ok().map(|Path(id)| id).filter(|id| is_reference(id)).ok_or(NOT_FOUND)?;
    let confirming = Confirming {
        stop: fields.parsed("stop")?,
        bin: None,
        scanned: fields.text("scanned").to_owned(),
        quantity: fields.parsed("quantity")?,
    };
    let (caller, at) = (desk.caller.clone(), Ok(Path(id.clone())));
    match crate::picks::confirm(State(env.clone()), caller, at, Told(confirming)).await {
        Ok(Json(said)) => {
            let done = if said.missing.is_empty() { Done::Picked } else { Done::Short };
            Ok(desk.on(&format!("/picks/{id}"), done))
        }
        Err(stop) => {
            let Json(list) =
                crate::picks::read(State(env), desk.caller.clone(), Ok(Path(id.clone()))).await?;
            let title = format!("Pick list {id}");
            Ok(desk.again(Place::Picks, &title, stop, &inside(&desk, &list)).into_response())
        }
    }
}

/// `POST /console/picks/{list}/drop`.
///
/// # Errors
/// As `POST /v1/picks/{list}/drop`.
pub async fn drop_list(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response<Body>, Stop> {
    let Json(_) = crate::picks::drop_list(State(env), desk.caller.clone(), path).await?;
    Ok(desk.on("/picks", Done::Dropped))
}
