//! `/console/exceptions`: what needs a person, why, and what to do next; where the API can do it, the button for it.

use super::desk::Desk;
use super::done::Done;
use super::fields::Fields;
use super::frame::{Place, nothing};
use super::orders::{go, matters, states};
use super::words;
use crate::Env;
use crate::answer::Stop;
use crate::body::Told;
use crate::exceptions::Page;
use crate::page::Asked;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::Html;
use http::Response;
use maud::{Markup, html};
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::catalogue::Mapping;
use waybill_domain::exception::Reason;
use waybill_domain::order::{Order, Status};

/// Asks which of the merchant's SKUs an article of the channel is.
fn mapping(desk: &Desk, order: &Order) -> Markup {
    let waits = order.exceptions.iter().any(|one| one.reason == Reason::UnmappedSku);
    let mut names: Vec<&str> = order.lines.iter().filter_map(|line| line.sku.as_deref()).collect();
    names.sort_unstable();
    names.dedup();
    let tail = words::short(&order.id);
    html! {
        @if waits && desk.can(Action::KeepCatalogue) {
            @for (n, name) in names.iter().enumerate() {
                (desk.form("/exceptions/map", &html! {
                    input type="hidden" name="connection" value=(order.connection);
                    input type="hidden" name="channel_sku" value=(name);
                    div.fields {
                        div {
                            label for=(format!("sku-{tail}-{n}")) { "The channel's " code { (name) } " is our SKU" }
                            input id=(format!("sku-{tail}-{n}")) name="sku" required autocomplete="off";
                        }
                        div {
                            label for=(format!("units-{tail}-{n}")) { "Pieces of it" }
                            input id=(format!("units-{tail}-{n}")) name="units" type="number" min="1" value="1" required;
                        }
                        button { "Map it" }
                    }
                }))
            }
        }
    }
}

/// Where else something is to be done about it.
fn elsewhere(desk: &Desk, order: &Order) -> Markup {
    let refused = order.exceptions.iter().any(|one| one.reason == Reason::ConnectionRefused);
    html! {
        @if refused && desk.can(Action::ReadConnections) {
            p { a href=(desk.to("/connections")) { "Look at the connections" } }
        }
    }
}

/// `GET /console/exceptions?status=…`.
///
/// # Errors
/// As `GET /v1/exceptions`.
pub async fn list(State(env): State<Arc<Env>>, desk: Desk, asked: Asked) -> Result<Html<String>, Stop> {
    let here = asked.status()?.unwrap_or(Status::Held);
    let Json(Page { orders, next }) =
        crate::exceptions::list(State(env.clone()), desk.caller.clone(), asked).await?;
    let ids: Vec<_> = orders.iter().map(|one| one.order.clone()).collect();
    let whole = env.db.orders(&ids).await?;
    let inside = html! {
        (states(&desk, "/exceptions", here))
        @if orders.is_empty() { (nothing("Nothing here needs a person.")) }
        @for one in &orders {
            section.card aria-labelledby=(format!("o-{}", one.order.suffix())) {
                h2 id=(format!("o-{}", one.order.suffix())) {
                    "Order " a.id href=(desk.to(&format!("/orders/{}", one.order))) { (words::short(&one.order)) }
                    " " (words::badge(one.status))
                }
                p.hint { "Placed " (words::moment(one.placed_at)) ", " (words::ago(one.placed_at, desk.now)) }
                (matters(&one.exceptions))
                (go(&desk, one.order.as_str(), &one.exceptions))
                @if let Some(order) = whole.iter().find(|order| order.id == one.order) {
                    (mapping(&desk, order))
                    (elsewhere(&desk, order))
                }
            }
        }
        @if let Some(next) = next {
            p { a.button href=(desk.to(&format!("/exceptions?status={}&cursor={next}", here.as_str()))) { "Older ones" } }
        }
    };
    Ok(desk.page(Place::Exceptions, "Exceptions", &inside))
}

/// `POST /console/exceptions/map`.
///
/// # Errors
/// As `POST /v1/mappings`.
pub async fn map(State(env): State<Arc<Env>>, desk: Desk, fields: Fields) -> Result<Response<Body>, Stop> {
    let mapping = Mapping {
        connection: fields.parsed("connection")?,
        channel_sku: fields.text("channel_sku").to_owned(),
        sku: fields.text("sku").to_owned(),
        units: fields.parsed("units")?,
    };
    let Json(_) = crate::catalogue::map(State(env), desk.caller.clone(), Told(mapping)).await?;
    Ok(desk.on("/exceptions", Done::Mapped))
}
