//! `/console/settings/services`: which service carries what, as a list that is read from the top: the first row that fits
//! is taken.

use super::desk::Desk;
use super::done::Done;
use super::fields::Fields;
use super::forms::{may, need, unseen};
use super::frame::{Place, nothing};
use super::settings::{now, save, seen};
use super::words;
use crate::Env;
use crate::answer::{BAD_BODY, NOT_FOUND, Stop};
use crate::merchant::Settings;
use axum::body::Body;
use axum::extract::State;
use axum::response::Html;
use http::Response;
use maud::{Markup, html};
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::service::{Carrier, NamedService, Notify, ServiceChoice, ServiceRule, Way};
use waybill_store::registry::ConnectionState;

const TITLE: &str = "Services";

/// The carriers that an account books.
fn carriers(kind: waybill_store::registry::Kind) -> &'static [Carrier] {
    use waybill_store::registry::Kind;
    match kind {
        Kind::RoyalMail => &[Carrier::RoyalMail, Carrier::Parcelforce],
        Kind::ProShipping => &[Carrier::RoyalMail],
        Kind::Dpd => &[Carrier::Dpd, Carrier::DpdLocal],
        Kind::Shopify | Kind::WooCommerce | Kind::Magento | Kind::Amazon | Kind::Ebay => &[],
    }
}

/// What can be chosen: an account with one of its carriers, as `con_…/royal_mail`.
async fn choices(env: &Env, desk: &Desk) -> Result<Vec<(String, String)>, Stop> {
    let merchant = desk.caller.may(env, Action::ReadMerchant)?;
    let mut all = Vec::new();
    for (id, kind) in env.db.connections(merchant).await? {
        let used =
            env.db.connection(&id).await?.is_some_and(|one| one.state != ConnectionState::Disconnected);
        let of = carriers(kind).iter().filter(|_| used);
        let tail = id.as_str().get(id.as_str().len().saturating_sub(4)..).unwrap_or_default().to_owned();
        all.extend(
            of.map(|one| (format!("{id}/{}", one.as_str()), format!("{} (account …{tail})", one.name()))),
        );
    }
    Ok(all)
}

fn way(one: &Way) -> Markup {
    html! {
        (words::carrier(one.service.carrier)) " " code { (one.service.code) } ", " (one.service.format)
        @match one.service.notify {
            Some(Notify::Email) => ", buyers told by e-mail",
            Some(Notify::Sms) => ", buyers told by text message",
            None => {},
        }
        @if let Some(most) = one.parcel_grams { ", parcels of " (most) " g at most" }
    }
}

fn fits(rule: &ServiceRule) -> String {
    let mut parts = Vec::new();
    let list = |parts: &mut Vec<String>, what: &str, of: &[String]| {
        if !of.is_empty() {
            parts.push(format!("{what} {}", of.join(", ")));
        }
    };
    list(&mut parts, "to", &rule.countries);
    list(&mut parts, "areas", &rule.areas);
    list(&mut parts, "not areas", &rule.except_areas);
    list(&mut parts, "tagged", &rule.tags);
    let channels: Vec<String> = rule.channels.iter().map(|one| words::channel(*one).to_owned()).collect();
    list(&mut parts, "from", &channels);
    parts.push(format!("{} to {} g", rule.from_grams, rule.up_to_grams));
    parts.extend(rule.up_to_size.map(|_| "of limited size".to_owned()));
    parts.extend(rule.currency.as_ref().map(|currency| format!("paid in {currency}")));
    parts.extend(rule.from_value.map(|value| format!("worth {value} or more")));
    parts.extend(rule.up_to_value.map(|value| format!("worth {value} or less")));
    parts.extend(rule.cut_off.map(|time| format!("before {}", time.strftime("%H:%M"))));
    parts.join("; ")
}

/// A row's buttons.
fn acts(desk: &Desk, settings: &Settings, list: &str, n: usize) -> Markup {
    let hidden = |act: &str| {
        html! { (seen(settings)) (unseen("list", list)) (unseen("row", n.to_string())) (unseen("act", act)) }
    };
    html! {
        @if desk.can(Action::KeepMerchant) {
            div.acts {
                @if n > 0 { (desk.form("/settings/services/row", &html! { (hidden("up")) button.quiet aria-label=(format!("Row {} one up", n + 1)) { "Up" } })) }
                (desk.form("/settings/services/row", &html! { (hidden("remove")) button.quiet data-ask="Remove this row?" aria-label=(format!("Remove row {}", n + 1)) { "Remove" } }))
            }
        }
    }
}

fn way_fields(form: &'static str, all: &[(String, String)]) -> Markup {
    let formats = [
        ("parcel", "Parcel"),
        ("largeLetter", "Large letter"),
        ("letter", "Letter"),
        ("documents", "Documents"),
    ];
    let notices = [("none", "None"), ("email", "By e-mail"), ("sms", "By text message")];
    html! {
        (need(form, "by", "Carrier account", "").choice(all))
        (need(form, "code", "Service code", "").hint("From your contract, such as TPN24 or TPS48 at Royal Mail.").text())
        (need(form, "format", "Shape", "parcel").choice(&formats))
        (may(form, "notify", "Notice to the buyer", "none").hint("What the carrier charges for. The buyer's e-mail or mobile goes to the carrier for it.").choice(&notices))
        (may(form, "parcel_grams", "Heaviest parcel, in grams", "").hint("Heavier shipments go as several parcels.").number(1, 100_000))
    }
}

fn add(desk: &Desk, settings: &Settings, all: &[(String, String)]) -> Markup {
    if all.is_empty() {
        return html! { p.notice.warn { "No carrier is connected. " a href=(desk.to("/connections")) { "Connect one" } ", then say what it carries." } };
    }
    html! {
        section.card {
            h2 { "Add a row" }
            (desk.form("/settings/services", &html! {
                (seen(settings))
                div.fields {
                    (may("rule", "countries", "To these countries", "GB").hint("Two letters each; empty for all.").text())
                    (need("rule", "from_grams", "From, in grams", 0).number(0, 1_000_000))
                    (need("rule", "up_to_grams", "Up to, in grams", 30_000).number(1, 1_000_000))
                    (way_fields("rule", all))
                }
                button { "Add the row" }
            }))
        }
        section.card {
            h2 { "A shipping method that the buyer chose" }
            p.hint { "Orders that name this method go by its service, before any row of the list." }
            (desk.form("/settings/services/named", &html! {
                (seen(settings))
                div.fields {
                    (need("named", "method", "What the shop calls it", "").text())
                    (way_fields("named", all))
                }
                button { "Add the method" }
            }))
        }
    }
}

async fn inside(env: &Arc<Env>, desk: &Desk) -> Result<Markup, Stop> {
    let settings = now(env, desk).await?;
    let services = &settings.services;
    let (named, rules) = (&services.named, &services.rules);
    let all = choices(env, desk).await?;
    let others = services.products.len() + services.channels.len() + services.rates.len();
    Ok(html! {
        p.lead { "An order goes by the method its buyer chose, where that is named here; otherwise by the first row of the list that fits." }
        @if !named.is_empty() {
            h2 { "By the buyer's choice" }
            table.stack {
                thead { tr { th scope="col" { "Method" } th scope="col" { "Goes by" } th scope="col" { "Change" } } }
                tbody {
                    @for (n, one) in named.iter().enumerate() {
                        tr { th scope="row" { (one.method) } td data-label="Goes by" { (way(&one.way)) } td { (acts(desk, &settings, "named", n)) } }
                    }
                }
            }
        }
        h2 { "The list" }
        @if rules.is_empty() { (nothing("No row yet: nothing can be booked that no method names.")) }
        @else {
            table.stack {
                thead { tr { th scope="col" { "Row" } th scope="col" { "What fits" } th scope="col" { "Goes by" } th scope="col" { "Change" } } }
                tbody {
                    @for (n, one) in rules.iter().enumerate() {
                        tr {
                            th scope="row" { (n + 1) @if let Some(name) = &one.name { " " (name) } }
                            td data-label="What fits" { (fits(one)) }
                            td data-label="Goes by" { (way(&one.way)) }
                            td { (acts(desk, &settings, "rules", n)) }
                        }
                    }
                }
            }
        }
        @if others > 0 { p.hint { (others) " more rows are for products, channels and prices; they are kept through the API." } }
        @if desk.can(Action::KeepMerchant) { (add(desk, &settings, &all)) }
        p { a href=(desk.to("/settings")) { "Back to the settings" } }
    })
}

/// `GET /console/settings/services`.
///
/// # Errors
/// As `GET /v1/merchant`.
pub async fn show(State(env): State<Arc<Env>>, desk: Desk) -> Result<Html<String>, Stop> {
    let inside = inside(&env, &desk).await?;
    Ok(desk.page(Place::Settings, TITLE, &inside))
}

fn chosen(fields: &Fields) -> Result<Way, Stop> {
    let (connection, carrier) = fields.text("by").split_once('/').ok_or(BAD_BODY)?;
    let carrier = Carrier::ALL.into_iter().find(|one| one.as_str() == carrier).ok_or(BAD_BODY)?;
    let grams = fields.given("parcel_grams").map(str::parse).transpose().map_err(|_| BAD_BODY)?;
    Ok(Way {
        connection: connection.parse().map_err(|_| BAD_BODY)?,
        service: ServiceChoice {
            carrier,
            code: fields.text("code").to_owned(),
            format: fields.text("format").to_owned(),
            notify: match fields.given("notify") {
                None | Some("none") => None,
                Some("email") => Some(Notify::Email),
                Some("sms") => Some(Notify::Sms),
                Some(_) => return Err(BAD_BODY.into()),
            },
        },
        parcel_grams: grams,
    })
}

async fn stored(
    env: &Arc<Env>,
    desk: &Desk,
    fields: &Fields,
    how: impl FnOnce(&mut Settings) -> Result<(), Stop>,
) -> Result<Response<Body>, Stop> {
    desk.caller.may(env, Action::KeepMerchant)?;
    let changed = async {
        let mut settings = now(env, desk).await?;
        how(&mut settings)?;
        save(env, desk, fields, settings).await
    };
    match changed.await {
        Ok(()) => Ok(desk.on("/settings/services", Done::Saved)),
        Err(stop) => Ok(desk.again(Place::Settings, TITLE, stop, &inside(env, desk).await?)),
    }
}

/// `POST /console/settings/services`: a row more.
///
/// # Errors
/// As `PUT /v1/merchant`.
pub async fn add_rule(
    State(env): State<Arc<Env>>,
    desk: Desk,
    fields: Fields,
) -> Result<Response<Body>, Stop> {
    stored(&env, &desk, &fields, |settings| {
        let way = chosen(&fields)?;
        let rule =
            ServiceRule::up_to(fields.parsed("up_to_grams")?, way.connection.clone(), way.service.clone());
        let countries = fields.words("countries").iter().map(|one| one.to_uppercase()).collect();
        let from_grams = fields.parsed("from_grams")?;
        settings.services.rules.push(ServiceRule { countries, from_grams, way, ..rule });
        Ok(())
    })
    .await
}

/// `POST /console/settings/services/named`: a method more.
///
/// # Errors
/// As `PUT /v1/merchant`.
pub async fn add_named(
    State(env): State<Arc<Env>>,
    desk: Desk,
    fields: Fields,
) -> Result<Response<Body>, Stop> {
    stored(&env, &desk, &fields, |settings| {
        let method = fields.given("method").ok_or(BAD_BODY)?.to_owned();
        settings.services.named.push(NamedService { method, channels: Vec::new(), way: chosen(&fields)? });
        Ok(())
    })
    .await
}

fn moved<T>(rows: &mut Vec<T>, n: usize, act: &str) -> Result<(), Stop> {
    match act {
        "up" if (1..rows.len()).contains(&n) => rows.swap(n, n - 1),
        "remove" if n < rows.len() => drop(rows.remove(n)),
        _ => return Err(NOT_FOUND.into()),
    }
    Ok(())
}

/// `POST /console/settings/services/row`: a row goes up, or away.
///
/// # Errors
/// As `PUT /v1/merchant`.
pub async fn row(State(env): State<Arc<Env>>, desk: Desk, fields: Fields) -> Result<Response<Body>, Stop> {
    stored(&env, &desk, &fields, |settings| {
        let n: usize = fields.parsed("row")?;
        match fields.text("list") {
            "named" => moved(&mut settings.services.named, n, fields.text("act")),
            "rules" => moved(&mut settings.services.rules, n, fields.text("act")),
            _ => Err(NOT_FOUND.into()),
        }
    })
    .await
}
