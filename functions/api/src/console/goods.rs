//! `/console/stock/receive`, `/console/stock/articles` and `/console/stock/files`: goods that come in, articles that are
//! entered and mapped, and whole files of rows.

use super::desk::Desk;
use super::done::Done;
use super::fields::Fields;
use super::forms::{Field, may, need};
use super::frame::{Place, notice};
use super::words;
use crate::Env;
use crate::answer::{BAD_BODY, Stop};
use crate::body::Told;
use crate::{catalogue, movements, places, uploads};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::response::{Html, IntoResponse};
use http::{Response, Uri};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::catalogue::{Mapping, Sku};
use waybill_http::IfMatch;
use waybill_runtime::problem::Problem;
use waybill_store::uploads::Upload;

/// What the address says beforehand.
#[derive(Default, Deserialize)]
struct Beforehand {
    #[serde(default)]
    sku: String,
}

fn beforehand(uri: &Uri) -> Beforehand {
    Query::try_from_uri(uri).map(|Query(said)| said).unwrap_or_default()
}

const REASONS: [(&str, &str); 4] = [
    ("purchase", "Bought from a supplier"),
    ("opening", "The first count of a warehouse"),
    ("customer_return", "Sent back by a buyer"),
    ("found", "Found again"),
];

/// A name that makes a form sent twice one thing.
fn reference(desk: &Desk, of: &str) -> Result<String, Stop> {
    let chance = waybill_runtime::nonce().ok_or(Problem::UNAVAILABLE)?;
    Ok(format!("{of}-{}-{}", desk.now.strftime("%m%d"), chance.get(..6).unwrap_or_default()))
}

async fn receiving(env: &Arc<Env>, desk: &Desk, sku: &str, before: Option<&Fields>) -> Result<Markup, Stop> {
    desk.caller.may(env, Action::WorkStock)?;
    let Json(places::Warehouses { warehouses }) =
        places::list(State(env.clone()), desk.caller.clone()).await?;
    let choices: Vec<(&str, &str)> =
        warehouses.iter().map(|one| (one.id.as_str(), one.name.as_str())).collect();
    let was = |name: &str, usual: &str| before.map_or(usual, |fields| fields.text(name)).to_owned();
    let reference = reference(desk, "goods")?;
    let scan: Field<'_> = need("receive", "sku", "SKU", was("sku", sku));
    Ok(html! {
        section.card {
            (desk.form("/stock/receive", &html! {
                div.fields {
                    (scan.text())
                    (need("receive", "quantity", "Pieces", was("quantity", "")).number(1, 1_000_000))
                    (need("receive", "warehouse", "Warehouse", was("warehouse", "")).choice(&choices))
                    (may("receive", "to", "Bin", was("to", "")).hint("Empty for the dock. Goods that come in lots: bin~lot~date, as A-01~LOT7~2027-01-31.").text())
                    (need("receive", "reason", "Why", was("reason", "purchase")).choice(&REASONS))
                    (need("receive", "reference", "Delivery note", was("reference", &reference)).hint("The same note for the same article counts once.").text())
                }
                button { "Put on the shelf" }
            }))
        }
        (ways(desk))
    })
}

/// The other pages about goods.
pub fn ways(desk: &Desk) -> Markup {
    html! {
        ul.choices {
            li { a.button.quiet href=(desk.to("/stock/cover")) { "How long it lasts" } }
            @if desk.can(Action::WorkStock) { li { a.button.quiet href=(desk.to("/stock/receive")) { "Receive goods" } } }
            @if desk.can(Action::KeepCatalogue) {
                li { a.button.quiet href=(desk.to("/stock/articles")) { "Enter an article" } }
                li { a.button.quiet href=(desk.to("/stock/files")) { "Files of rows" } }
            }
        }
    }
}

/// `GET /console/stock/receive`.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_confirmed`, `unavailable`.
pub async fn receive(State(env): State<Arc<Env>>, desk: Desk, uri: Uri) -> Result<Html<String>, Stop> {
    let inside = receiving(&env, &desk, &beforehand(&uri).sku, None).await?;
    Ok(desk.page(Place::Stock, "Receive goods", &inside))
}

/// `POST /console/stock/receive`.
///
/// # Errors
/// As [`receive`]; what `POST /v1/stock/movements` refuses is said on the page.
pub async fn received(
    State(env): State<Arc<Env>>,
    desk: Desk,
    fields: Fields,
) -> Result<Response<Body>, Stop> {
    desk.caller.may(&env, Action::WorkStock)?;
    let done = async {
        let quantity: i64 = fields.parsed("quantity")?;
        let mut said = json!({"kind": "receive", "sku": fields.text("sku"), "warehouse": fields.text("warehouse"),
            "quantity": quantity, "reason": fields.text("reason"), "reference": fields.text("reference")});
        if let Some(bin) = fields.given("to") {
            said["to"] = json!(bin);
        }
        movements::record(State(env.clone()), desk.caller.clone(), Told::of(said)?).await
    };
    match done.await {
        Ok(Json(done)) => {
            Ok(desk.on("/stock/receive", if done.repeat { Done::Repeated } else { Done::Received }))
        }
        Err(stop) => {
            let inside = receiving(&env, &desk, "", Some(&fields)).await?;
            Ok(desk.again(Place::Stock, "Receive goods", stop, &inside))
        }
    }
}

async fn entering(env: &Arc<Env>, desk: &Desk, sku: &str) -> Result<Markup, Stop> {
    let merchant = desk.caller.may(env, Action::KeepCatalogue)?;
    let known = if sku.is_empty() { None } else { env.db.skus(merchant, &[sku.to_owned()]).await?.pop() };
    let text = |of: fn(&Sku) -> String| known.as_ref().map(of).unwrap_or_default();
    let number = |of: fn(&Sku) -> u32| known.as_ref().map_or(0, of);
    let mut shops = Vec::new();
    for (id, kind) in env.db.connections(merchant).await? {
        if kind.channel().is_some() {
            let tail = id.as_str().get(id.as_str().len().saturating_sub(4)..).unwrap_or_default();
            shops.push((id.to_string(), format!("{} (account …{tail})", words::kind(kind))));
        }
    }
    Ok(html! {
        section.card {
            h2 { "The article" }
            (desk.form("/stock/articles", &html! {
                div.fields {
                    (need("sku", "sku", "SKU, your own name for it", sku).text())
                    (may("sku", "name", "What it is", text(|one| one.name.clone())).text())
                    (may("sku", "barcodes", "Barcodes on it", text(|one| one.barcodes.join(", "))).hint("Several with commas between.").text())
                    (need("sku", "grams", "Weight of one piece, in grams", number(|one| one.grams)).number(0, 1_000_000))
                    (may("sku", "hs_code", "Customs tariff number", text(|one| one.hs_code.clone().unwrap_or_default())).text())
                    (may("sku", "origin", "Country of origin, two letters", text(|one| one.origin.clone().unwrap_or_default())).text())
                    (need("sku", "safety", "Pieces kept back from channels", number(|one| one.safety)).number(0, 1_000_000))
                    (need("sku", "low", "Low when fewer pieces than", number(|one| one.low)).hint("0 for no warning.").number(0, 1_000_000))
                }
                button { "Store the article" }
            }))
        }
        @if !shops.is_empty() {
            section.card {
                h2 { "What a shop calls it" }
                p.hint { "Needed only where the shop's own SKU is another." }
                (desk.form("/stock/mappings", &html! {
                    div.fields {
                        (need("mapping", "connection", "Shop", "").choice(&shops))
                        (need("mapping", "channel_sku", "The shop's SKU", "").text())
                        (need("mapping", "sku", "Your SKU", sku).text())
                        (need("mapping", "units", "Pieces in one of the shop's", 1).number(1, 10_000))
                    }
                    button { "Store the mapping" }
                }))
            }
        }
        (ways(desk))
    })
}

/// `GET /console/stock/articles`, and `?sku=…` for one that is known.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_confirmed`, `unavailable`.
pub async fn article(State(env): State<Arc<Env>>, desk: Desk, uri: Uri) -> Result<Html<String>, Stop> {
    let inside = entering(&env, &desk, &beforehand(&uri).sku).await?;
    Ok(desk.page(Place::Stock, "Articles", &inside))
}

/// `POST /console/stock/articles`.
///
/// # Errors
/// As [`article`]; what `PUT /v1/skus/{sku}` refuses is said on the page.
pub async fn store(State(env): State<Arc<Env>>, desk: Desk, fields: Fields) -> Result<Response<Body>, Stop> {
    let merchant = desk.caller.may(&env, Action::KeepCatalogue)?;
    let name = fields.text("sku").to_owned();
    let stored = async {
        let known = env.db.skus(merchant, std::slice::from_ref(&name)).await?.pop();
        // What the form does not show stays as it is.
        let mut sku: Sku = match known {
            Some(known) => known,
            None => serde_json::from_value(json!({"sku": name})).map_err(|_| BAD_BODY)?,
        };
        let text = |name: &str| fields.given(name).map(str::to_owned);
        sku.name = fields.text("name").to_owned();
        sku.barcodes = fields.words("barcodes");
        sku.grams = fields.parsed("grams")?;
        sku.hs_code = text("hs_code");
        sku.origin = text("origin").map(|country| country.to_uppercase());
        sku.safety = fields.parsed("safety")?;
        sku.low = fields.parsed("low")?;
        let (env, caller) = (State(env.clone()), desk.caller.clone());
        catalogue::save(env, caller, Ok(Path(name.clone())), IfMatch::default(), Told(sku)).await
    };
    match stored.await {
        Ok(_) => Ok(desk.on("/stock/articles", Done::Stored)),
        Err(stop) => Ok(desk.again(Place::Stock, "Articles", stop, &entering(&env, &desk, &name).await?)),
    }
}

/// `POST /console/stock/mappings`.
///
/// # Errors
/// As [`article`]; what `POST /v1/mappings` refuses is said on the page.
pub async fn map(State(env): State<Arc<Env>>, desk: Desk, fields: Fields) -> Result<Response<Body>, Stop> {
    desk.caller.may(&env, Action::KeepCatalogue)?;
    let mapped = async {
        let mapping = Mapping {
            connection: fields.parsed("connection")?,
            channel_sku: fields.text("channel_sku").to_owned(),
            sku: fields.text("sku").to_owned(),
            units: fields.parsed("units")?,
        };
        catalogue::map(State(env.clone()), desk.caller.clone(), Told(mapping)).await
    };
    match mapped.await {
        Ok(_) => Ok(desk.on("/stock/articles", Done::Mapped)),
        Err(stop) => {
            let inside = entering(&env, &desk, fields.text("sku")).await?;
            Ok(desk.again(Place::Stock, "Articles", stop, &inside))
        }
    }
}

/// What rows can be, with the columns each needs.
const KINDS: [(&str, &str); 5] = [
    ("skus", "Articles"),
    ("bundles", "Bundles"),
    ("mappings", "What shops call them"),
    ("bins", "Bins"),
    ("stock_takes", "A stock take"),
];
const MODES: [(&str, &str); 2] =
    [("all_or_nothing", "Nothing, unless every row is good"), ("skip_bad", "The good rows")];

fn filing(desk: &Desk, before: Option<&Fields>) -> Result<Markup, Stop> {
    let was = |name: &str, usual: &str| before.map_or(usual, |fields| fields.text(name)).to_owned();
    let reference = reference(desk, "rows")?;
    Ok(html! {
        section.card {
            (desk.form("/stock/files", &html! {
                div.fields {
                    (need("file", "kind", "What its rows are", was("kind", "skus")).choice(&KINDS))
                    (need("file", "mode", "When some rows are bad, write", was("mode", "all_or_nothing")).choice(&MODES))
                    (need("file", "upload", "Name", was("upload", &reference)).hint("The same name goes on where it stopped.").text())
                }
                div.picked hidden {
                    label for="file-pick" { "A file of comma-separated rows" }
                    input id="file-pick" type="file" accept=".csv,text/csv" data-into="file-rows";
                }
                div {
                    label for="file-rows" { "Rows, the names of the columns in the first" }
                    textarea id="file-rows" name="rows" rows="10" required spellcheck="false" { (was("rows", "")) }
                }
                div.acts {
                    button name="dry" value="yes" class="quiet" { "Only look" }
                    button { "Write the rows" }
                }
            }))
            p.hint { "Up to 1 MB here; larger files go through the API. A file as it stands now: "
                @for (kind, words) in KINDS.iter().filter(|(kind, _)| *kind != "mappings") { a href=(desk.to(&format!("/stock/files/{kind}"))) { (words) } " " } }
        }
        (ways(desk))
    })
}

/// `GET /console/stock/files`.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_confirmed`, `unavailable`.
pub async fn files(State(env): State<Arc<Env>>, desk: Desk) -> Result<Html<String>, Stop> {
    desk.caller.may(&env, Action::KeepCatalogue)?;
    Ok(desk.page(Place::Stock, "Files of rows", &filing(&desk, None)?))
}

/// `GET /console/stock/files/{kind}`: what there is, as a file.
///
/// # Errors
/// As `GET /v1/exports/{kind}`.
pub async fn export(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, axum::extract::rejection::PathRejection>,
) -> Result<Response<Body>, Stop> {
    let wanted = Query::try_from_uri(&Uri::from_static("/")).map_err(|_| BAD_BODY)?;
    let mut file = uploads::give(State(env), desk.caller.clone(), path, Ok(wanted)).await?;
    let how = http::HeaderValue::from_static("attachment; filename=\"rows.csv\"");
    file.headers_mut().insert(http::header::CONTENT_DISPOSITION, how);
    Ok(file)
}

fn came_of_it(upload: &Upload, dry: bool) -> Markup {
    html! {
        @if upload.bad == 0 {
            (notice(&if dry { format!("All {} rows are good. Nothing was written yet.", upload.rows) }
                else { format!("{} of {} rows are written.", upload.written, upload.rows) }))
        } @else {
            div.notice.bad role="alert" {
                p { (upload.bad) " of " (upload.rows) " rows are bad; " (upload.written) " are written." }
                ul { @for error in &upload.errors { li { "Line " (error.line) @if !error.column.is_empty() { ", " (error.column) } ": must be " (error.must) } } }
            }
        }
    }
}

/// `POST /console/stock/files`.
///
/// # Errors
/// As [`files`]; what `POST /v1/uploads/{upload}` refuses is said on the page.
pub async fn file(State(env): State<Arc<Env>>, desk: Desk, fields: Fields) -> Result<Response<Body>, Stop> {
    desk.caller.may(&env, Action::KeepCatalogue)?;
    let dry = fields.ticked("dry");
    // To look and then to write are two uploads.
    let name = format!("{}{}", fields.text("upload"), if dry { "-look" } else { "" });
    let query = [
        ("kind", fields.text("kind")),
        ("mode", fields.text("mode")),
        ("dry_run", if dry { "true" } else { "false" }),
    ];
    let uri = format!("/?{}", serde_urlencoded::to_string(query).map_err(|_| BAD_BODY)?);
    let asked = Query::try_from_uri(&uri.parse().map_err(|_| BAD_BODY)?);
    let rows = Request::new(Body::from(fields.text("rows").to_owned()));
    let sent = uploads::send(State(env), desk.caller.clone(), Ok(Path(name)), asked, rows).await;
    match sent {
        Ok(Json(upload)) => {
            let inside = html! { (came_of_it(&upload, dry)) (filing(&desk, Some(&fields))?) };
            Ok(desk.page(Place::Stock, "Files of rows", &inside).into_response())
        }
        Err(stop) => Ok(desk.again(Place::Stock, "Files of rows", stop, &filing(&desk, Some(&fields))?)),
    }
}
