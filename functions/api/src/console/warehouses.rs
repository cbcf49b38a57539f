//! `/console/settings/warehouses`: warehouses, the bins of each, and what is kept back from channels.

use super::desk::Desk;
use super::done::Done;
use super::fields::Fields;
use super::forms::{may, need, tick, unseen};
use super::frame::{Place, nothing};
use super::words;
use crate::Env;
use crate::answer::{BAD_BODY, NOT_FOUND, Stop};
use crate::body::Told;
use crate::places;
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Html;
use http::Response;
use maud::{Markup, html};
use std::sync::Arc;
use waybill_domain::WarehouseId;
use waybill_domain::access::Action;
use waybill_domain::order::Channel;
use waybill_domain::places::{Address, Bin, BinKind, Place as Warehouse};
use waybill_domain::sourcing::{Buffer, Policy};
use waybill_http::{IfMatch, tag_of};

const TITLE: &str = "Warehouses";
const CHANNELS: [Channel; 5] =
    [Channel::Shopify, Channel::WooCommerce, Channel::Magento, Channel::Amazon, Channel::Ebay];

async fn all(env: &Arc<Env>, desk: &Desk) -> Result<Vec<Warehouse>, Stop> {
    let Json(places::Warehouses { warehouses }) =
        places::list(State(env.clone()), desk.caller.clone()).await?;
    Ok(warehouses)
}

fn fields_of(form: &str, one: Option<&Warehouse>) -> Markup {
    let address = one.map(|one| one.address.clone()).unwrap_or_default();
    let text = |of: fn(&Warehouse) -> String| one.map(of).unwrap_or_default();
    html! {
        div.fields {
            (need(form, "name", "Name", text(|one| one.name.clone())).text())
            (need(form, "priority", "Preference, 1 is the first", one.map_or(1, |one| one.priority)).number(0, 1000))
            (may(form, "near", "Near these postcode areas", text(|one| one.near.join(", "))).hint("Such as BS, GL, BA.").text())
            (may(form, "cut_off", "Orders leave the same day until", text(|one| one.cut_off.clone().unwrap_or_default())).hint("Such as 16:30.").text())
            (may(form, "line", "Street and number", address.lines.join(", ")).text())
            (may(form, "town", "Town", address.town).text())
            (may(form, "postcode", "Postcode", address.postcode).text())
            (may(form, "country", "Country, two letters", if address.country.is_empty() { "GB".into() } else { address.country }).text())
        }
        (tick(form, "active", "It takes new orders", one.is_none_or(|one| one.active)))
    }
}

fn buffers(desk: &Desk, policy: &Policy) -> Markup {
    let now = |channel| policy.buffers.iter().find(|one| one.channel == channel).map_or(0, |one| one.pieces);
    html! {
        section.card {
            h2 { "Kept back from channels" }
            p.hint { "So many pieces of each article a channel is not shown, over all warehouses. They save you from selling the last one twice." }
            (desk.form("/settings/warehouses/buffers", &html! {
                (unseen("seen", tag_of(policy)))
                div.fields {
                    @for channel in CHANNELS { (need("buffers", channel.as_str(), words::channel(channel), now(channel)).number(0, 1_000_000)) }
                    (need("buffers", "count_limit", "A count books differences up to, in pieces", policy.count_limit).hint("Larger ones need a second person.").number(0, 1_000_000))
                    (need("buffers", "unpaid_hours", "An unpaid order keeps its goods, in hours", policy.unpaid_hours).number(0, 504))
                }
                (tick("buffers", "book_when_packed", "Labels are bought when an order is packed, not before", policy.book_when_packed))
                button { "Save" }
            }))
        }
    }
}

async fn inside(env: &Arc<Env>, desk: &Desk) -> Result<Markup, Stop> {
    let warehouses = all(env, desk).await?;
    let Json(policy) = places::policy(State(env.clone()), desk.caller.clone()).await?;
    let keeps = desk.can(Action::KeepPlaces);
    Ok(html! {
        ul.cards {
            @for one in &warehouses {
                li.card {
                    h2 { (one.name) " " @if !one.active { span.badge.quiet { "Closed" } } }
                    dl.facts {
                        dt { "Short name" } dd { code { (one.id) } }
                        dt { "Preference" } dd { (one.priority) }
                        @if !one.near.is_empty() { dt { "Near" } dd { (one.near.join(", ")) } }
                        @if let Some(time) = &one.cut_off { dt { "Same day until" } dd { (time) } }
                    }
                    p { a.button href=(desk.to(&format!("/settings/warehouses/{}", one.id))) { "Open " (one.name) } }
                }
            }
        }
        @if keeps {
            section.card {
                h2 { "Another warehouse" }
                (desk.form("/settings/warehouses", &html! {
                    div.fields { (need("place", "id", "Short name", "wh_").hint("wh_ and letters, digits or _; it never changes.").text()) }
                    (fields_of("place", None))
                    button { "Add the warehouse" }
                }))
            }
            (buffers(desk, &policy))
        }
        p { a href=(desk.to("/settings")) { "Back to the settings" } }
    })
}

/// `GET /console/settings/warehouses`.
///
/// # Errors
/// As `GET /v1/warehouses`.
pub async fn list(State(env): State<Arc<Env>>, desk: Desk) -> Result<Html<String>, Stop> {
    desk.caller.may(&env, Place::Settings.action())?;
    let inside = inside(&env, &desk).await?;
    Ok(desk.page(Place::Settings, TITLE, &inside))
}

/// `POST /console/settings/warehouses`.
///
/// # Errors
/// As `PUT /v1/warehouses/{warehouse}`.
pub async fn save(State(env): State<Arc<Env>>, desk: Desk, fields: Fields) -> Result<Response<Body>, Stop> {
    desk.caller.may(&env, Action::KeepPlaces)?;
    let stored = async {
        let id: WarehouseId = fields.parsed("id")?;
        let before = all(&env, &desk).await?.into_iter().find(|one| one.id == id);
        let place = Warehouse {
            id: id.clone(),
            name: fields.text("name").to_owned(),
            priority: fields.parsed("priority")?,
            near: fields.words("near").iter().map(|area| area.to_uppercase()).collect(),
            active: fields.ticked("active"),
            address: Address {
                lines: fields.given("line").map(str::to_owned).into_iter().collect(),
                town: fields.text("town").to_owned(),
                postcode: fields.text("postcode").to_owned(),
                country: fields.text("country").to_uppercase(),
            },
            cut_off: fields.given("cut_off").map(str::to_owned),
            carriers: before.map(|one| one.carriers).unwrap_or_default(),
        };
        let (env, caller) = (State(env.clone()), desk.caller.clone());
        places::save(env, caller, Ok(Path(id)), IfMatch::default(), Told(place)).await
    };
    match stored.await {
        Ok(_) => Ok(desk.on("/settings/warehouses", Done::Saved)),
        Err(stop) => Ok(desk.again(Place::Settings, TITLE, stop, &inside(&env, &desk).await?)),
    }
}

/// `POST /console/settings/warehouses/buffers`.
///
/// # Errors
/// As `PUT /v1/policy`.
pub async fn keep_back(
    State(env): State<Arc<Env>>,
    desk: Desk,
    fields: Fields,
) -> Result<Response<Body>, Stop> {
    desk.caller.may(&env, Action::KeepPlaces)?;
    let stored = async {
        let Json(mut policy) = places::policy(State(env.clone()), desk.caller.clone()).await?;
        let mut buffers = Vec::new();
        for channel in CHANNELS {
            let pieces: u32 = fields.parsed(channel.as_str())?;
            buffers.extend((pieces > 0).then_some(Buffer { channel, pieces }));
        }
        policy.buffers = buffers;
        policy.count_limit = fields.parsed("count_limit")?;
        policy.unpaid_hours = fields.parsed("unpaid_hours")?;
        policy.book_when_packed = fields.ticked("book_when_packed");
        let seen = IfMatch::of(fields.text("seen"));
        places::save_policy(State(env.clone()), desk.caller.clone(), seen, Told(policy)).await
    };
    match stored.await {
        Ok(_) => Ok(desk.on("/settings/warehouses", Done::Saved)),
        Err(stop) => Ok(desk.again(Place::Settings, TITLE, stop, &inside(&env, &desk).await?)),
    }
}

const KINDS: [(&str, &str); 4] =
    [("pick", "Picked from"), ("bulk", "Reserve"), ("dock", "Goods-in"), ("pack", "Packing bench")];

fn kind(of: BinKind) -> &'static str {
    match of {
        BinKind::Pick => "Picked from",
        BinKind::Bulk => "Reserve",
        BinKind::Dock => "Goods-in",
        BinKind::Pack => "Packing bench",
    }
}

fn bins_of(desk: &Desk, place: &Warehouse, bins: &[Bin]) -> Markup {
    let next = bins.iter().map(|bin| bin.walk).max().unwrap_or_default().saturating_add(1);
    html! {
        h2 { "Bins" }
        @if bins.is_empty() { (nothing("No bin yet: goods lie at the dock until there is one.")) }
        @else {
            table.stack {
                thead { tr { th scope="col" { "Bin" } th scope="col" { "Zone" } th scope="col" { "On the walk" } th scope="col" { "For" } } }
                tbody {
                    @for bin in bins {
                        tr {
                            th scope="row" { code { (bin.id) } }
                            td data-label="Zone" { (bin.zone) }
                            td.number data-label="On the walk" { (bin.walk) }
                            td data-label="For" { (kind(bin.kind)) }
                        }
                    }
                }
            }
        }
        @if desk.can(Action::KeepPlaces) {
            section.card {
                h3 { "Add or change a bin" }
                (desk.form(&format!("/settings/warehouses/{}/bins", place.id), &html! {
                    div.fields {
                        (need("bin", "id", "What its label says", "").text())
                        (may("bin", "zone", "Zone", "").text())
                        (need("bin", "walk", "Place on the walk", next).number(0, 1_000_000))
                        (need("bin", "kind", "What it is for", "pick").choice(&KINDS))
                    }
                    button { "Store the bin" }
                }))
                p.hint { "Many bins at once come in as a file: " a href=(desk.to("/stock/files")) { "files of rows" } "." }
            }
        }
    }
}

async fn one_inside(env: &Arc<Env>, desk: &Desk, place: &Warehouse) -> Result<Markup, Stop> {
    let id = Ok(Path(place.id.clone()));
    let Json(places::Bins { bins }) = places::bins(State(env.clone()), desk.caller.clone(), id).await?;
    Ok(html! {
        @if desk.can(Action::KeepPlaces) {
            section.card {
                (desk.form("/settings/warehouses", &html! {
                    (unseen("id", place.id.as_str()))
                    (fields_of("place", Some(place)))
                    button { "Save" }
                }))
            }
        }
        (bins_of(desk, place, &bins))
        p { a href=(desk.to("/settings/warehouses")) { "All warehouses" } }
    })
}

async fn named(
    env: &Arc<Env>,
    desk: &Desk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Warehouse, Stop> {
    let Path(id) = path.map_err(|_| NOT_FOUND)?;
    all(env, desk).await?.into_iter().find(|one| one.id.as_str() == id).ok_or_else(|| NOT_FOUND.into())
}

/// `GET /console/settings/warehouses/{warehouse}`.
///
/// # Errors
/// As `GET /v1/warehouses/{warehouse}/bins`.
pub async fn one(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Html<String>, Stop> {
    desk.caller.may(&env, Place::Settings.action())?;
    let place = named(&env, &desk, path).await?;
    let inside = one_inside(&env, &desk, &place).await?;
    Ok(desk.page(Place::Settings, &place.name, &inside))
}

/// `POST /console/settings/warehouses/{warehouse}/bins`.
///
/// # Errors
/// As `PUT /v1/warehouses/{warehouse}/bins/{bin}`.
pub async fn bin(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
    fields: Fields,
) -> Result<Response<Body>, Stop> {
    desk.caller.may(&env, Action::KeepPlaces)?;
    let place = named(&env, &desk, path).await?;
    let stored = async {
        let bin = Bin {
            id: fields.text("id").parse().map_err(|_| BAD_BODY)?,
            zone: fields.text("zone").to_owned(),
            walk: fields.parsed("walk")?,
            kind: fields.word("kind")?,
        };
        let at = Ok(Path((place.id.clone(), bin.id.clone())));
        places::save_bin(State(env.clone()), desk.caller.clone(), at, IfMatch::default(), Told(bin)).await
    };
    match stored.await {
        Ok(_) => Ok(desk.on(&format!("/settings/warehouses/{}", place.id), Done::Saved)),
        Err(stop) => {
            Ok(desk.again(Place::Settings, &place.name, stop, &one_inside(&env, &desk, &place).await?))
        }
    }
}
