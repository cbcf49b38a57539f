//! `/console/pack`: the packing bench. What belongs in the parcels, in which boxes, a check of what was packed, and the
//! way to the labels, which `reveal` opens.

use super::desk::Desk;
use super::fields::Fields;
use super::frame::{Place, alarm, nothing, notice};
use super::orders::label;
use super::words;
use crate::Env;
use crate::answer::{NOT_FOUND, Stop};
use crate::body::Told;
use crate::order::{BookingView, View};
use crate::orders::Summary;
use crate::packing::{Boxed, Checked, Packing, Scanned};
use crate::page::Asked;
use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse};
use http::{Response, Uri};
use maud::{Markup, html};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::boxes::BoxKind;
use waybill_domain::catalogue::Sku;
use waybill_domain::order::Status;
use waybill_domain::{OrderId, ShipmentId};

/// The most orders that stand on the bench's page, so that their labels fit one document.
const MOST: usize = 25;

#[derive(Deserialize)]
struct Wanted {
    order: String,
}

/// `GET /console/pack`, and `?order=…` from its form.
///
/// # Errors
/// As `GET /v1/orders`.
pub async fn bench(
    State(env): State<Arc<Env>>,
    desk: Desk,
    uri: Uri,
    asked: Asked,
) -> Result<Response<Body>, Stop> {
    desk.caller.may(&env, Action::ReadStock)?;
    let wanted =
        Query::<Wanted>::try_from_uri(&uri).ok().and_then(|Query(wanted)| wanted.order.trim().parse().ok());
    let found: Option<OrderId> = wanted;
    if let Some(order) = found {
        return Ok(super::guard::see("../", &format!("console/pack/{order}")));
    }
    let mut waiting = Vec::new();
    for status in [Status::Allocated, Status::PartAllocated] {
        let (orders, _) = env.db.oldest_of(desk.caller.may(&env, Action::ReadStock)?, status, None).await?;
        waiting.extend(orders.iter().map(Summary::from).filter(|order| order.to_pack));
    }
    let Json(page) =
        crate::orders::list(State(env.clone()), desk.caller.clone(), asked.or(Status::Booked)).await?;
    let mut labels: Vec<ShipmentId> = Vec::new();
    let shown: Vec<_> = page.orders.into_iter().take(MOST).collect();
    for order in &shown {
        let shipments = env.db.shipments(&order.order).await?;
        let there = shipments.into_iter().filter(|one| one.tracking().is_some());
        labels.extend(there.map(|one| one.id));
    }
    let all: Vec<&str> = labels.iter().map(ShipmentId::as_str).collect();
    let inside = html! {
        form method="get" action=(desk.to("/pack")) {
            div.fields {
                div {
                    label for="order" { "Scan or type the order's id" }
                    input.scan id="order" name="order" required autofocus autocomplete="off" spellcheck="false";
                }
                button { "To the bench" }
            }
        }
        @if uri.query().is_some_and(|query| query.contains("order=")) { (alarm("No order has such an id: it begins with ord_.")) }
        @if !waiting.is_empty() {
            h2 { "Labels wait for these" }
            p.hint { "Their labels are bought when the parcels are checked." }
            (cards(&desk, &waiting))
        }
        h2 { "Ready to pack" }
        @if shown.is_empty() { (nothing("No order is booked and waiting to be packed.")) }
        @if !all.is_empty() && desk.can_print() {
            p {
                a.button target="_blank" rel="noopener"
                    href=(desk.to(&format!("/labels?purpose=label&shipments={}", all.join(",")))) {
                    "Open " (all.len()) " labels as one document"
                }
            }
            p.hint { "Each is put on record under your sign-in, for the purpose of labels." }
        }
        (cards(&desk, &shown))
    };
    Ok(desk.page(Place::Pack, "Pack", &inside).into_response())
}

fn cards(desk: &Desk, orders: &[Summary]) -> Markup {
    html! {
        ul.cards {
            @for order in orders {
                li.card {
                    h3 { a.id href=(desk.to(&format!("/pack/{}", order.order))) { "Order " (words::short(&order.order)) } }
                    p { (order.pieces) " pieces, " (words::channel(order.channel)) ", placed " (words::moment(order.placed_at)) }
                }
            }
        }
    }
}

/// What a code on an article may read, for the script that counts scans.
fn codes(sku: &str, known: &[Sku]) -> String {
    let of = known.iter().filter(|one| one.sku == sku).flat_map(|one| &one.barcodes);
    std::iter::once(sku).chain(of.map(String::as_str)).collect::<Vec<_>>().join("\n")
}

fn check_form(
    desk: &Desk,
    id: &OrderId,
    packing: &Packing,
    known: &[Sku],
    kinds: &[BoxKind],
    n: usize,
) -> Markup {
    desk.form(&format!("/pack/{id}"), &html! {
        input type="hidden" name="warehouse" value=(packing.warehouse);
        label for=(format!("scan-{n}")) { "Scan each piece" }
        input.scan id=(format!("scan-{n}")) data-counts="" autocomplete="off" spellcheck="false" autofocus[n == 0];
        div.fields {
            @for (k, (sku, pieces)) in packing.goods.iter().enumerate() {
                div {
                    label for=(format!("pieces-{n}-{k}")) { (sku) ", " (pieces) " wanted" }
                    input id=(format!("pieces-{n}-{k}")) name=(format!("pieces:{sku}")) type="number" inputmode="numeric"
                        min="0" value="0" data-codes=(codes(sku, known)) required;
                }
            }
        }
        div.fields {
            div {
                label for=(format!("box-{n}")) { "Packed in" }
                select id=(format!("box-{n}")) name="box" {
                    option value="" { "its own packaging" }
                    @for kind in kinds { option value=(kind.name) { (kind.name) } }
                }
            }
            div {
                label for=(format!("grams-{n}")) { "The scales say, in grams" }
                input id=(format!("grams-{n}")) name="grams" type="number" inputmode="numeric" min="1";
            }
        }
        p.hint { "Leave the weight empty to have it reckoned." }
        button { "Check the parcels" }
    })
}

fn boxes(packing: &Packing) -> Markup {
    html! {
        @if packing.boxes.parcels.is_empty() { p.hint { "No box is suggested: enter boxes in the policy and sizes of SKUs." } }
        ul {
            @for parcel in &packing.boxes.parcels {
                li {
                    strong { (parcel.name) } ", " (parcel.grams) " g: "
                    @for (sku, pieces) in &parcel.goods { (pieces) " × " (sku) " " }
                }
            }
        }
        @if !packing.boxes.loose.is_empty() {
            p { "In no box: " @for (sku, pieces) in &packing.boxes.loose { (pieces) " × " (sku) " " } }
        }
    }
}

async fn inside(env: &Arc<Env>, desk: &Desk, id: &str) -> Result<(Markup, OrderId), Stop> {
    let at = || Ok(Path(id.to_owned()));
    let Json(view): Json<View> = crate::order::read(State(env.clone()), desk.caller.clone(), at()).await?;
    let Json(all) = crate::packing::boxes(State(env.clone()), desk.caller.clone(), at()).await?;
    let names: Vec<String> = all.iter().flat_map(|one| one.goods.keys().cloned()).collect();
    let merchant = desk.caller.may(env, Action::ReadStock)?;
    let known = if names.is_empty() { Vec::new() } else { env.db.skus(merchant, &names).await? };
    let kinds = env.db.places(merchant).await?.policy.boxes;
    let order = view.summary.order.clone();
    let page = html! {
        p { (words::badge(view.summary.status)) " " @if view.summary.to_pack { span.badge { "Waits to be packed" } " " } a href=(desk.to(&format!("/orders/{order}"))) { "Everything on this order" } }
        @if all.is_empty() { (nothing("Nothing is reserved for this order, so there is nothing to pack.")) }
        @for (n, packing) in all.iter().enumerate() {
            section.card {
                h2 { "From " (packing.warehouse) }
                (boxes(packing))
                @if desk.can(Action::WorkStock) { (check_form(desk, &order, packing, &known, &kinds, n)) }
            }
        }
        h2 { "Labels" }
        @let labels = view.shipments.iter().filter(|one| !matches!(one.booking, BookingView::Voided));
        @if view.shipments.is_empty() { (nothing("Nothing is booked yet, so there is no label.")) }
        @for shipment in labels { p { (words::carrier(shipment.service.carrier)) " from " (shipment.warehouse) ": " (label(desk, shipment)) } }
    };
    Ok((page, order))
}

fn title(order: &OrderId) -> String {
    format!("Pack order {}", words::short(order))
}

/// `GET /console/pack/{order}`.
///
/// # Errors
/// As `GET /v1/orders/{order}/packing`.
pub async fn order(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
) -> Result<Html<String>, Stop> {
    let Path(id) = path.map_err(|_| NOT_FOUND)?;
    let (page, order) = inside(&env, &desk, &id).await?;
    Ok(desk.page(Place::Pack, &title(&order), &page))
}

/// `POST /console/pack/{order}`: compares what was packed with what belongs there.
///
/// # Errors
/// As `POST /v1/orders/{order}/packing`.
pub async fn check(
    State(env): State<Arc<Env>>,
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
    fields: Fields,
) -> Result<Response<Body>, Stop> {
    let Path(id) = path.map_err(|_| NOT_FOUND)?;
    let packed: BTreeMap<String, i64> = fields
        .under("pieces:")
        .filter_map(|(sku, pieces)| Some((sku.to_owned(), pieces.parse().ok()?)))
        .collect();
    let grams = fields.given("grams").map(|_| fields.parsed("grams")).transpose()?;
    let boxes = vec![Boxed { name: fields.given("box").map(str::to_owned), grams }];
    let scanned = Scanned { warehouse: fields.parsed("warehouse")?, parcels: vec![packed], boxes };
    let checked =
        crate::packing::pack(State(env.clone()), desk.caller.clone(), Ok(Path(id.clone())), Told(scanned));
    let Json(Checked { right, differences, books, .. }) = checked.await?;
    let (page, order) = inside(&env, &desk, &id).await?;
    let whole = html! {
        @if right { (notice(if books { "Everything is there: close the parcels. The label comes in a moment." } else { "Everything is there: close the parcels." })) }
        @else {
            div.notice.bad role="alert" {
                p { "The parcels do not hold what belongs in them:" }
                ul {
                    @for one in &differences { li { (one.sku) ": " (one.scanned) " packed, " (one.wanted) " wanted" } }
                }
            }
        }
        (page)
    };
    Ok(desk.page(Place::Pack, &title(&order), &whole).into_response())
}
