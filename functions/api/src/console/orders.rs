//! `/console/orders`: orders of one state, and one order.

use super::desk::Desk;
use super::done::Done;
use super::fields::Fields;
use super::frame::{Place, nothing};
use super::words;
use crate::Env;
use crate::answer::Stop;
use crate::body::Told;
use crate::exceptions::Matter;
use crate::order::{BookingView, ShipmentView, View};
use crate::orders::Page;
use crate::page::Asked;
use crate::settle;
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Html;
use http::Response;
use maud::{Markup, html};
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::order::{PersonalData, Status};

/// Links to every state.
pub fn states(desk: &Desk, path: &str, here: Status) -> Markup {
    html! {
        nav.filter aria-label="State" {
            ul {
                @for status in Status::ALL {
                    li {
                        a href=(desk.to(&format!("{path}?status={}", status.as_str())))
                            aria-current=[(status == here).then_some("true")] { (words::status(status)) }
                    }
                }
            }
        }
    }
}

/// `GET /console/orders?status=…`.
///
/// # Errors
/// As `GET /v1/orders`.
pub async fn list(State(env): State<Arc<Env>>, desk: Desk, asked: Asked) -> Result<Html<String>, Stop> {
    let asked = asked.or(Status::Received);
    let here = asked.status()?.unwrap_or(Status::Received);
    let Json(Page { orders, next }) = crate::orders::list(State(env), desk.caller.clone(), asked).await?;
    let inside = html! {
        (states(&desk, "/orders", here))
        h2 { (words::status(here)) }
        @if orders.is_empty() { (nothing("No order stands here.")) }
        @else {
            table.stack {
                thead {
                    tr {
                        th scope="col" { "Order" } th scope="col" { "Channel" } th scope="col" { "Placed" }
                        th scope="col" { "Pieces" } th scope="col" { "Total" } th scope="col" { "Open matters" }
                    }
                }
                tbody {
                    @for order in &orders {
                        tr {
                            th scope="row" {
                                a.id href=(desk.to(&format!("/orders/{}", order.order))) { (words::short(&order.order)) }
                            }
                            td data-label="Channel" { (words::channel(order.channel)) }
                            td data-label="Placed" { (words::moment(order.placed_at)) }
                            td.number data-label="Pieces" { (order.pieces) }
                            td.number data-label="Total" { (order.total.amount) " " (order.total.currency) }
                            td data-label="Open matters" {
                                @if order.exceptions.is_empty() { span.hint { (order.hold.map_or("none", words::hold)) } }
                                @for reason in &order.exceptions { span.badge.warn { (words::reason(*reason)) } " " }
                            }
                        }
                    }
                }
            }
        }
        @if let Some(next) = next {
            p { a.button href=(desk.to(&format!("/orders?status={}&cursor={next}", here.as_str()))) { "Older orders" } }
        }
    };
    Ok(desk.page(Place::Orders, "Orders", &inside))
}

/// What is open on an order, with what to do.
pub fn matters(matters: &[Matter]) -> Markup {
    html! {
        @for matter in matters {
            div.matter {
                p {
                    strong { (words::reason(matter.reason)) }
                    @if let Some(detail) = &matter.detail { " " code { (detail) } }
                    span.hint { " since " (words::moment(matter.since)) }
                }
                p { (matter.advice) }
            }
        }
    }
}

/// The way to a label, which `reveal` opens for the purpose `label` and puts on record.
pub fn label(desk: &Desk, shipment: &ShipmentView) -> Markup {
    let there = matches!(shipment.booking, BookingView::Labelled);
    let name = shipment.tracking.as_deref().unwrap_or("without a number");
    html! {
        @if there && desk.can_print() {
            a.button target="_blank" rel="noopener"
                href=(desk.to(&format!("/labels/{}?purpose=label", shipment.shipment))) {
                "Open label " (name)
            }
        } @else if there { span.hint { "Labels are opened by those who pack, with valid training." } }
        @else { span.hint { (words::booking(shipment.booking)) } }
    }
}

/// The buttons that let an order go which a rule holds, and that end what a person has seen to.
pub fn go(desk: &Desk, order: &str, matters: &[Matter]) -> Markup {
    let held = matters.iter().any(|one| one.reason == waybill_domain::exception::Reason::HeldByRule);
    html! {
        @if held && desk.can(Action::LetGo) {
            (desk.form(&format!("/orders/{order}/let-go"), &html! { button { "Let the order go" } }))
        }
        @for (matter, remedy) in matters.iter().filter_map(|one| Some((one, one.remedy?))) {
            @if desk.can(Action::LetGo) {
                (desk.form(&format!("/orders/{order}/settle"), &html! {
                    input type="hidden" name="reason" value=(words::key(matter.reason));
                    input type="hidden" name="remedy" value=(words::key(remedy));
                    button aria-label=(format!("{}: {}", words::remedy(remedy), words::reason(matter.reason))) { (words::remedy(remedy)) }
                }))
            }
        }
    }
}

fn facts(view: &View) -> Markup {
    let summary = &view.summary;
    html! {
        dl.facts {
            dt { "State" } dd { (words::badge(summary.status)) @if let Some(hold) = summary.hold { " " (words::hold(hold)) } }
            dt { "Channel" }
            dd {
                (words::channel(summary.channel))
                @if let Some(name) = view.channel_order.as_ref().and_then(|of| of.name.as_ref()) { " " (name) }
            }
            dt { "Placed" } dd { (words::moment(summary.placed_at)) }
            dt { "Total" } dd { (summary.total.amount) " " (summary.total.currency) }
            @if let Some(place) = &view.destination {
                dt { "Goes to" } dd { (place.country) @if let Some(area) = &place.postcode_area { ", area " (area) } }
            }
            dt { "Buyer" }
            dd { @match summary.personal_data { PersonalData::Live => "kept, sealed", PersonalData::Erased => "forgotten" } }
            dt { "Id" } dd { code { (summary.order) } }
        }
    }
}

/// `GET /console/orders/{order}`.
///
/// # Errors
/// As `GET /v1/orders/{order}`.
pub async fn one(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Html<String>, Stop> {
    let Json(view) = crate::order::read(State(env.clone()), desk.caller.clone(), path).await?;
    let id = view.summary.order.as_str();
    let buyer = super::requests::of_order(&env, &desk, &view).await?;
    let inside = html! {
        (facts(&view))
        @if !view.exceptions.is_empty() {
            h2 { "Open matters" }
            (matters(&view.exceptions))
            (go(&desk, id, &view.exceptions))
        }
        h2 { "Lines" }
        table.stack {
            thead { tr { th scope="col" { "SKU" } th scope="col" { "Pieces" } th scope="col" { "Price" } th scope="col" { "Reserved at" } } }
            tbody {
                @for line in &view.lines {
                    tr {
                        th scope="row" { @match &line.sku { Some(sku) => (sku), None => "none" } }
                        td.number data-label="Pieces" { (line.quantity) }
                        td.number data-label="Price" { (line.price) }
                        td data-label="Reserved at" {
                            @if line.allocations.is_empty() { span.hint { "nowhere" } }
                            @for one in &line.allocations { (one.warehouse) " × " (one.quantity) " " }
                        }
                    }
                }
            }
        }
        h2 { "Shipments" }
        @if view.shipments.is_empty() { (nothing("Nothing is booked yet.")) }
        @for shipment in &view.shipments {
            div.card {
                p {
                    strong { (words::carrier(shipment.service.carrier)) " " (shipment.service.code) }
                    " from " (shipment.warehouse) ", " (shipment.grams) " g: "
                    (words::booking(shipment.booking)) ", " (words::transit(shipment.transit))
                }
                p { (label(&desk, shipment)) }
            }
        }
        p { a href=(desk.to(&format!("/pack/{id}"))) { "Take this order to the packing bench" } }
        (buyer)
    };
    Ok(desk.page(Place::Orders, &format!("Order {}", words::short(&view.summary.order)), &inside))
}

/// `POST /console/orders/{order}/let-go`.
///
/// # Errors
/// As `POST /v1/orders/{order}/let-go`.
pub async fn let_go(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response<Body>, Stop> {
    let Json(_) = crate::dry_run::let_go(State(env), desk.caller.clone(), path).await?;
    Ok(desk.on("/exceptions", Done::LetGo))
}

/// `POST /console/orders/{order}/settle`.
///
/// # Errors
/// As `POST /v1/orders/{order}/settle`.
pub async fn settle(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
    fields: Fields,
) -> Result<Response<Body>, Stop> {
    let done = settle::Done { reason: fields.word("reason")?, remedy: fields.word("remedy")? };
    let Json(_) = settle::one(State(env), desk.caller.clone(), path, Told(done)).await?;
    Ok(desk.on("/exceptions", Done::Settled))
}
