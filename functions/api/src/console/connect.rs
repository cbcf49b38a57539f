//! `/console/connect/{kind}`: connecting an account, by its secrets or on the channel's own page; and replacing the
//! secrets of one. What goes in as a secret is sealed and never comes out.

use super::accounts::{self, Account, Asked, Shape, told};
use super::desk::Desk;
use super::done::Done;
use super::fields::Fields;
use super::forms::{may, need, tick};
use super::frame::{self, Place};
use super::{headers, words};
use crate::Env;
use crate::answer::{NOT_FOUND, Stop};
use crate::body::Told;
use crate::connections::{Shown, act, authorise, connect, read};
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse};
use http::{Response, StatusCode};
use maud::{Markup, html};
use serde_json::{Value, json};
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_http::Fresh;

fn asked(form: &str, all: &[Asked], fields: Option<&Fields>, home: &str, path: &str) -> Markup {
    let before = |one: &Asked| match fields {
        Some(fields) => fields.text(one.name).to_owned(),
        None if one.name == "redirect" => format!("{home}/connect/{path}"),
        None => String::new(),
    };
    html! {
        @for one in all {
            @match one.shape {
                Shape::Plain => (need(form, one.name, one.label, before(one)).text()),
                Shape::Secret | Shape::Signing => (need(form, one.name, one.label, "").secret()),
                Shape::Maybe => (may(form, one.name, one.label, before(one)).text()),
                Shape::MaybeSecret => (may(form, one.name, one.label, "").secret()),
                Shape::Choice(all) => (need(form, one.name, one.label, before(one)).choice(all)),
                Shape::Tick => (tick(form, one.name, one.label, fields.is_some_and(|fields| fields.ticked(one.name)))),
            }
        }
    }
}

/// Where the account is.
fn addresses(form: &str, account: &Account, fields: Option<&Fields>) -> Markup {
    let before = |name: &str, usual: &str| fields.map_or(usual, |fields| fields.text(name)).to_owned();
    html! {
        (need(form, "address", "Address", before("address", account.address)).hint("https:// and the name, without a slash at the end.").address())
        @if let Some(usual) = account.tracking { (need(form, "tracking_address", "Address of its tracking", before("tracking_address", usual)).address()) }
        @if let Some(usual) = account.tokens { (need(form, "token_address", "Address that gives its tokens", before("token_address", usual)).address()) }
    }
}

async fn page(
    env: &Arc<Env>,
    desk: &Desk,
    account: &Account,
    fields: Option<&Fields>,
) -> Result<Markup, Stop> {
    let merchant = desk.caller.may(env, Action::ManageConnections)?;
    let warehouses = match account.places {
        Some(_) => env.db.merchant(merchant).await?.map(|one| one.warehouses).unwrap_or_default(),
        None => Vec::new(),
    };
    let home = desk.home();
    let by_secrets = html! {
        div.fields {
            (addresses("secrets", account, fields))
            (asked("secrets", account.fields, fields, home, account.path))
            @for place in &warehouses {
                @let name = format!("place:{}", place.id);
                @let label = format!("{}: its {} there", place.name, account.places.unwrap_or_default());
                (may("secrets", &name, &label, fields.map_or("", |fields| fields.text(&name))).text())
            }
        }
        button { "Connect " (account.name) }
    };
    Ok(html! {
        p { "Secrets are sealed under a key of their own as soon as they arrive. No page and no person sees them again." }
        @if let Some(consent) = &account.consent {
            section.card {
                h2 { "Agree at " (account.name) }
                (desk.form(&format!("/connect/{}/authorise", account.path), &html! {
                    div.fields {
                        (addresses("agree", account, None))
                        @if let Some(usual) = consent.page { (need("agree", "consent_address", "Address where you agree", usual).address()) }
                        (asked("agree", consent.fields, None, home, account.path))
                    }
                    p.hint { "This service's address for the way back is " code { (home) "/connect/" (account.path) } "." }
                    button { "Go on to " (account.name) }
                }))
            }
        }
        section.card {
            h2 { @if account.consent.is_some() { "Or with secrets that you have" } @else { "Its address and secrets" } }
            (desk.form(&format!("/connect/{}", account.path), &by_secrets))
        }
        p { a href=(desk.to("/connections")) { "Back to the connections" } }
    })
}

fn title(account: &Account) -> String {
    format!("Connect {}", account.name)
}

fn named(path: Result<Path<String>, PathRejection>) -> Result<&'static Account, Stop> {
    path.ok().and_then(|Path(kind)| accounts::at(&kind)).ok_or_else(|| NOT_FOUND.into())
}

/// `GET /console/connect/{kind}`.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn show(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Html<String>, Stop> {
    desk.caller.may(&env, Action::ManageConnections)?;
    let account = named(path)?;
    let inside = page(&env, &desk, account, None).await?;
    Ok(desk.page(Place::Connections, &title(account), &inside))
}

/// What the addresses of a form say.
fn placed(account: &Account, fields: &Fields) -> Value {
    let mut said = json!({"address": fields.text("address")});
    if account.tracking.is_some() {
        said["tracking_address"] = json!(fields.text("tracking_address"));
    }
    if account.tokens.is_some() {
        said["token_address"] = json!(fields.text("token_address"));
    }
    said
}

fn credentials(account: &Account, fields: &Fields) -> Value {
    let mut said = told(account.fields, fields);
    said.insert("kind".into(), json!(account.kind));
    said.into()
}

/// `POST /console/connect/{kind}`.
///
/// # Errors
/// As [`show`]; what `POST /v1/connections` refuses is said on the page.
pub async fn store(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
    fields: Fields,
) -> Result<Response<Body>, Stop> {
    desk.caller.may(&env, Action::ManageConnections)?;
    let account = named(path)?;
    let mut said = placed(account, &fields);
    said["credentials"] = credentials(account, &fields);
    // Where a browser reaches us by https, shops do, too.
    if desk.home().starts_with("https://") && matches!(account.kind, "shopify" | "woocommerce") {
        said["deliver_to"] = json!(desk.home());
    }
    let places = fields.under("place:").filter(|(_, name)| !name.is_empty());
    said["places"] = places.map(|(place, name)| (place.to_owned(), json!(name))).collect();
    let done =
        connect::connect(State(env.clone()), desk.caller.clone(), Fresh::default(), Told::of(said)).await;
    match done {
        Ok(_) => Ok(desk.on("/connections", Done::Connected)),
        Err(stop) => {
            let inside = page(&env, &desk, account, Some(&fields)).await?;
            Ok(desk.again(Place::Connections, &title(account), stop, &inside))
        }
    }
}

/// `POST /console/connect/{kind}/authorise`: a page with the way to the channel, because no form of ours may lead to
/// another site by itself.
///
/// # Errors
/// As [`show`]; what `POST /v1/connections/authorise` refuses is said on the page.
pub async fn away(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
    fields: Fields,
) -> Result<Response<Body>, Stop> {
    desk.caller.may(&env, Action::ManageConnections)?;
    let account = named(path)?;
    let consent = account.consent.as_ref().ok_or(NOT_FOUND)?;
    let mut said = placed(account, &fields);
    if consent.page.is_some() {
        said["consent_address"] = json!(fields.text("consent_address"));
    }
    said["kind"] = json!(account.kind);
    for (name, value) in told(consent.fields, &fields) {
        said[name] = value;
    }
    let begun = authorise::begin(State(env.clone()), desk.caller.clone(), Told::of(said)).await;
    let (_, Json(way)) = match begun {
        Ok(begun) => begun,
        Err(stop) => {
            let inside = page(&env, &desk, account, None).await?;
            return Ok(desk.again(Place::Connections, &title(account), stop, &inside));
        }
    };
    let inside = html! {
        p.lead { "Agree at " (account.name) ", in the account that is to be connected." }
        @if let Some(callback) = &way.callback {
            p { "Make an integration there (System, Integrations). Its callback and its identity link are both:" }
            p { code { (callback) } }
            p { "Give it the rights to orders, shipments, stores and stock, save it and activate it." }
        }
        p { a.button href=(way.address) { "To " (account.name) } }
        p.hint { "The way back is good until " (words::moment(way.until)) ", once." }
    };
    Ok(desk.page(Place::Connections, &title(account), &inside).into_response())
}

/// The page for an owner who comes back from the channel. It leads on by a link and not by a redirect, because a browser
/// that another site has sent here sends no `SameSite=Strict` cookie along its redirects.
pub fn came_back(came: Result<(StatusCode, Json<Shown>), Stop>) -> Response<Body> {
    let (status, title, words) = match came {
        Ok((status, Json(one))) => (status, "Connected", format!("{} is connected.", words::kind(one.kind))),
        Err(stop) => {
            let (status, words) = stop.said();
            (status, "That did not work", words)
        }
    };
    let inside = html! {
        p role="alert" { (words) }
        p { a.button href="../console/connections" { "To the connections" } }
    };
    let page = frame::alone("../", title, &html! {}, &inside);
    headers::guarded((status, Html(page.into_string())).into_response())
}

async fn replacing(env: &Arc<Env>, desk: &Desk, id: &str) -> Result<(Vec<&'static Account>, Markup), Stop> {
    desk.caller.may(env, Action::ManageConnections)?;
    let Json(one) = read(State(env.clone()), desk.caller.clone(), Path(id.to_owned())).await?;
    let kinds: Vec<&Account> = accounts::of(one.kind).collect();
    let page = html! {
        p { "The new secrets are used from now on. A secret that signs webhooks stays good beside the new one until the next replacement." }
        @for account in &kinds {
            section.card {
                h2 { (account.name) }
                (desk.form(&format!("/connections/{id}/secrets"), &html! {
                    (super::forms::unseen("of", account.path))
                    div.fields { (asked(account.path, account.fields, None, desk.home(), account.path)) }
                    button { "Replace the secrets" }
                }))
            }
        }
        p { a href=(desk.to("/connections")) { "Back to the connections" } }
    };
    Ok((kinds, page))
}

/// `GET /console/connections/{connection}/secrets`.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn secrets(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Html<String>, Stop> {
    let Path(id) = path.map_err(|_| NOT_FOUND)?;
    let (_, page) = replacing(&env, &desk, &id).await?;
    Ok(desk.page(Place::Connections, "Replace secrets", &page))
}

/// `POST /console/connections/{connection}/secrets`.
///
/// # Errors
/// As [`secrets`]; what `PUT /v1/connections/{connection}/credentials` refuses is said on the page.
pub async fn replace(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
    fields: Fields,
) -> Result<Response<Body>, Stop> {
    let Path(id) = path.map_err(|_| NOT_FOUND)?;
    let (kinds, page) = replacing(&env, &desk, &id).await?;
    let account = kinds.into_iter().find(|one| one.path == fields.text("of")).ok_or(NOT_FOUND)?;
    let said = Told::of(credentials(account, &fields));
    match act::rotate(State(env), desk.caller.clone(), Path(id), said).await {
        Ok(_) => Ok(desk.on("/connections", Done::Replaced)),
        Err(stop) => Ok(desk.again(Place::Connections, "Replace secrets", stop, &page)),
    }
}
