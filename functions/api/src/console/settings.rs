//! `/console/settings`: the merchant, what comes next on its first day, and how long people are remembered.

use super::desk::Desk;
use super::done::Done;
use super::fields::Fields;
use super::forms::{need, tick, unseen};
use super::frame::Place;
use crate::Env;
use crate::answer::{NO_ACCESS, Stop};
use crate::body::Told;
use crate::merchant::{self, Settings};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::Html;
use http::Response;
use maud::{Markup, html};
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::register::Register;
use waybill_domain::retention::Policy;
use waybill_http::{IfMatch, IfNoneMatch, tag_of};
use waybill_store::registry::ConnectionState;

/// The settings as they are.
///
/// # Errors
/// As `GET /v1/merchant`.
pub async fn now(env: &Arc<Env>, desk: &Desk) -> Result<Settings, Stop> {
    let Json(settings) = merchant::read(State(env.clone()), desk.caller.clone()).await?;
    Ok(settings)
}

/// Stores settings over those that the page showed, which `fields` name by their tag.
///
/// # Errors
/// As `PUT /v1/merchant`.
pub async fn save(env: &Arc<Env>, desk: &Desk, fields: &Fields, settings: Settings) -> Result<(), Stop> {
    let seen = IfMatch::of(fields.text("seen"));
    let caller = Ok(desk.caller.clone());
    let nobody = Err(NO_ACCESS.into());
    let (_, Json(_)) =
        merchant::save(State(env.clone()), caller, nobody, seen, IfNoneMatch::default(), Ok(Told(settings)))
            .await?;
    Ok(())
}

/// What a form repeats, so that it changes only what its page showed.
pub fn seen(settings: &Settings) -> Markup {
    unseen("seen", tag_of(settings))
}

/// One thing to do on the first day.
struct Step {
    done: bool,
    words: &'static str,
    path: &'static str,
}

async fn steps(env: &Env, desk: &Desk, settings: &Settings) -> Result<Vec<Step>, Stop> {
    let merchant = desk.caller.may(env, Action::ReadMerchant)?;
    let entries = env.db.register_entries(merchant).await?;
    let assessed = |id: &str| entries.iter().any(|one| one.register == Register::Processor && one.name == id);
    let (mut shop, mut carrier, mut judged) = (false, false, false);
    for (id, kind) in env.db.connections(merchant).await? {
        let used =
            env.db.connection(&id).await?.is_some_and(|one| one.state != ConnectionState::Disconnected);
        match kind.channel() {
            _ if !used => {}
            Some(_) => shop = true,
            None => {
                carrier = true;
                judged |= assessed(id.as_str());
            }
        }
    }
    let step = |done, words, path| Step { done, words, path };
    Ok(vec![
        step(shop, "Connect a shop", "/connections"),
        step(carrier, "Connect a carrier", "/connections"),
        step(judged, "Assess the carrier, once a year", "/connections"),
        step(
            settings.services.ways().next().is_some(),
            "Say which service carries what",
            "/settings/services",
        ),
        step(has_goods(env, merchant).await?, "Enter articles and receive goods", "/stock/receive"),
    ])
}

async fn has_goods(env: &Env, merchant: &waybill_domain::MerchantId) -> Result<bool, Stop> {
    for shard in 0..waybill_store::catalogue::SKU_SHARDS {
        if !env.db.sku_page(merchant, shard, None, 1).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn first_day(desk: &Desk, steps: &[Step]) -> Markup {
    html! {
        @if steps.iter().any(|step| !step.done) {
            section.card aria-labelledby="first" {
                h2 id="first" { "Until the first parcel leaves" }
                ol.steps {
                    @for step in steps {
                        li {
                            @if step.done { span.badge.good { "Done" } " " (step.words) }
                            @else { span.badge.quiet { "To do" } " " a href=(desk.to(step.path)) { (step.words) } }
                        }
                    }
                }
            }
        }
    }
}

/// What each limit of keeping is called, its longest, and what it is now.
fn limits(now: Policy) -> [(&'static str, &'static str, i64, i64); 5] {
    let longest = Policy::LONGEST;
    [
        ("delivered_days", "Days after delivery", longest.delivered_days, now.delivered_days),
        ("shipped_days", "Days after the parcel left", longest.shipped_days, now.shipped_days),
        ("cancelled_days", "Days after cancellation", longest.cancelled_days, now.cancelled_days),
        (
            "nothing_to_ship_days",
            "Days, when there is nothing to send",
            longest.nothing_to_ship_days,
            now.nothing_to_ship_days,
        ),
        ("unfulfilled_days", "Days, when it never leaves", longest.unfulfilled_days, now.unfulfilled_days),
    ]
}

fn change(desk: &Desk, settings: &Settings) -> Markup {
    let inside = html! {
        (seen(settings))
        div.fields {
            (need("merchant", "name", "Trading name", &settings.name).text())
        }
        (tick("merchant", "part_ship", "Orders may go out in parts as stock allows", settings.part_ship))
        (tick("merchant", "carrier_notifications", "Carriers notify buyers, so telephone and e-mail are kept", settings.needs.carrier_notifications))
        (tick("merchant", "gift_notes", "Gift texts are printed, so they are kept", settings.needs.gift_notes))
        h3 { "Buyers are forgotten at the latest" }
        p.hint { "The first of these that comes counts, and a buyer's own request before all. They can be shortened, never made longer than this." }
        div.fields {
            @for (name, label, longest, now) in limits(settings.retention) {
                (need("merchant", name, label, now).hint(&format!("{longest} days at most.")).number(1, longest))
            }
        }
        button { "Save" }
    };
    html! { section.card { h2 { "The merchant" } (desk.form("/settings", &inside)) } }
}

fn shown(settings: &Settings) -> Markup {
    html! {
        section.card {
            h2 { "The merchant" }
            dl.facts {
                dt { "Trading name" } dd { (settings.name) }
                dt { "Orders in parts" } dd { @if settings.part_ship { "yes" } @else { "no" } }
                @for (_, label, _, now) in limits(settings.retention) { dt { (label) } dd { (now) } }
            }
            p.hint { "Owners change these." }
        }
    }
}

async fn inside(env: &Arc<Env>, desk: &Desk) -> Result<Markup, Stop> {
    let settings = now(env, desk).await?;
    let steps = steps(env, desk, &settings).await?;
    Ok(html! {
        (first_day(desk, &steps))
        ul.tiles {
            li.tile { span.figure { (settings.warehouses.len()) } a href=(desk.to("/settings/warehouses")) { "warehouses and bins" } }
            li.tile { span.figure { (settings.services.ways().count()) } a href=(desk.to("/settings/services")) { "ways to send" } }
            @if desk.can(Action::ManageStaff) { li.tile { span.figure { "Staff" } a href=(desk.to("/settings/staff")) { "who may do what" } } }
        }
        @if desk.can(Action::KeepMerchant) { (change(desk, &settings)) } @else { (shown(&settings)) }
        p.hint { "Merchant " code { (settings.id) } }
    })
}

/// `GET /console/settings`.
///
/// # Errors
/// As `GET /v1/merchant`.
pub async fn show(State(env): State<Arc<Env>>, desk: Desk) -> Result<Html<String>, Stop> {
    let inside = inside(&env, &desk).await?;
    Ok(desk.page(Place::Settings, "Settings", &inside))
}

/// `POST /console/settings`.
///
/// # Errors
/// As `GET /v1/merchant`; what `PUT` refuses is said on the page.
pub async fn change_it(
    State(env): State<Arc<Env>>,
    desk: Desk,
    fields: Fields,
) -> Result<Response<Body>, Stop> {
    desk.caller.may(&env, Action::KeepMerchant)?;
    match changed(&env, &desk, &fields).await {
        Ok(()) => Ok(desk.on("/settings", Done::Saved)),
        Err(stop) => Ok(desk.again(Place::Settings, "Settings", stop, &inside(&env, &desk).await?)),
    }
}

async fn changed(env: &Arc<Env>, desk: &Desk, fields: &Fields) -> Result<(), Stop> {
    let mut settings = now(env, desk).await?;
    settings.name = fields.text("name").to_owned();
    settings.part_ship = fields.ticked("part_ship");
    settings.needs.carrier_notifications = fields.ticked("carrier_notifications");
    settings.needs.gift_notes = fields.ticked("gift_notes");
    settings.retention = Policy {
        delivered_days: fields.parsed("delivered_days")?,
        shipped_days: fields.parsed("shipped_days")?,
        cancelled_days: fields.parsed("cancelled_days")?,
        nothing_to_ship_days: fields.parsed("nothing_to_ship_days")?,
        unfulfilled_days: fields.parsed("unfulfilled_days")?,
    };
    save(env, desk, fields, settings).await
}
