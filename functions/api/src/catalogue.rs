//! SKUs, mappings and goods on order: `/v1/skus`, `/v1/mappings`, `/v1/stock/expected`.

use crate::Env;
use crate::answer::{BAD_QUANTITY, BAD_QUERY, BAD_REFERENCE, NESTED_BUNDLE, NOT_FOUND, Stop, UNKNOWN_SKU};
use crate::body::Told;
use crate::caller::Caller;
use crate::movements::MOST;
use crate::skus::Place;
use crate::wake;
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::backorder::Expected;
use waybill_domain::catalogue::{Mapping, Sku, is_channel_sku, is_sku};
use waybill_domain::stock::is_reference;
use waybill_domain::{ConnectionId, MerchantId};
use waybill_http::{CHANGED_MEANWHILE, IfMatch};

/// SKUs on a page.
const PAGE: i32 = 100;

/// The query of the list: `after=<shard>:<sku>`, as `next` of the page before says.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "SkuQuery")]
pub struct Asked {
    /// `next` of the page before.
    after: Option<String>,
}

/// A page of SKUs.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SkuPage")]
pub struct Page {
    /// In no order that means anything; every SKU comes once.
    pub skus: Vec<Sku>,
    /// What to ask for next; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Lists SKUs.
///
/// # Errors
/// `no_access`, `not_allowed`, `bad_cursor`, `bad_query`, `unavailable`.
pub async fn list(
    State(env): State<Arc<Env>>,
    caller: Caller,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Page>, Stop> {
    let merchant = caller.may(&env, Action::ReadStock)?;
    let Query(asked) = asked.map_err(|_| BAD_QUERY)?;
    let mut place = Place::read(asked.after.as_deref())?;
    while let Some((shard, after)) = place.at() {
        let skus = env.db.sku_page(merchant, shard, after, PAGE).await?;
        place = place.go_on(skus.last().map(|last| last.sku.clone()));
        if !skus.is_empty() {
            return Ok(Json(Page { skus, next: place.next() }));
        }
    }
    Ok(Json(Page { skus: Vec::new(), next: None }))
}

fn named(path: Result<Path<String>, PathRejection>) -> Result<String, Stop> {
    path.ok().map(|Path(sku)| sku).filter(|sku| is_sku(sku)).ok_or_else(|| NOT_FOUND.into())
}

/// Shows a SKU.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn read(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Sku>, Stop> {
    let merchant = caller.may(&env, Action::ReadStock)?;
    let sku = named(path)?;
    env.db.skus(merchant, &[sku]).await?.pop().map(Json).ok_or_else(|| NOT_FOUND.into())
}

/// Stores a SKU.
///
/// # Errors
/// `no_access`, `not_allowed`, `bad_body`, `not_found`, `invalid_field`, `unknown_sku`, `nested_bundle`,
/// `changed_meanwhile`, `unavailable`.
pub async fn save(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    seen: IfMatch,
    Told(sku): Told<Sku>,
) -> Result<Json<Sku>, Stop> {
    let merchant = caller.may(&env, Action::KeepCatalogue)?;
    if named(path)? != sku.sku {
        return Err(NOT_FOUND.into());
    }
    sku.check()?;
    if sku.is_bundle() {
        can_be_bundle(&env, merchant, &sku).await?;
    }
    if !seen.is_given() {
        env.db.save_sku(merchant, &sku).await?;
    } else if !env.db.replace_sku(merchant, &sku, |now| seen.is(now)).await? {
        return Err(CHANGED_MEANWHILE.into());
    }
    // What is kept back of it, or what it is made of, may be new.
    wake::channels(&env, merchant, &sku.sku).await?;
    wake::unmapped(&env, merchant, &BTreeSet::from([sku.sku.clone()])).await?;
    Ok(Json(sku))
}

/// Its parts are known and single, and it has no goods of its own.
async fn can_be_bundle(env: &Env, merchant: &MerchantId, sku: &Sku) -> Result<(), Stop> {
    let parts: BTreeSet<String> = sku.parts.iter().map(|part| part.sku.clone()).collect();
    if !env.db.unknown_skus(merchant, &parts).await?.is_empty() {
        return Err(UNKNOWN_SKU.into());
    }
    let entered = env.db.skus(merchant, &parts.into_iter().collect::<Vec<_>>()).await?;
    let (levels, _) = env.db.sku(merchant, &sku.sku).await?;
    let has_goods = levels.iter().any(|level| level.on_hand != 0 || level.quarantined != 0);
    if has_goods || entered.iter().any(Sku::is_bundle) { Err(NESTED_BUNDLE.into()) } else { Ok(()) }
}

/// The query of the list of mappings.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "MappingQuery")]
pub struct OfConnection {
    /// Whose mappings.
    connection: ConnectionId,
}

/// The mappings of a connection.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Mappings {
    /// By what the channel calls the article.
    pub mappings: Vec<Mapping>,
}

/// A mapping that was stored.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Mapped {
    /// It.
    pub mapping: Mapping,
    /// Orders that waited for it and are looked at now.
    pub woken: usize,
}

/// Lists the mappings of a connection.
///
/// # Errors
/// `no_access`, `not_allowed`, `bad_query`, `unavailable`.
pub async fn mappings(
    State(env): State<Arc<Env>>,
    caller: Caller,
    asked: Result<Query<OfConnection>, QueryRejection>,
) -> Result<Json<Mappings>, Stop> {
    let merchant = caller.may(&env, Action::ReadStock)?;
    let Query(asked) = asked.map_err(|_| BAD_QUERY)?;
    let mappings = env.db.mappings(merchant, &asked.connection).await?;
    Ok(Json(Mappings { mappings }))
}

/// Stores a mapping and lets the orders go on that waited for it.
///
/// # Errors
/// `no_access`, `not_allowed`, `bad_body`, `invalid_field`, `unknown_sku`, `unavailable`.
pub async fn map(
    State(env): State<Arc<Env>>,
    caller: Caller,
    Told(mapping): Told<Mapping>,
) -> Result<Json<Mapped>, Stop> {
    let merchant = caller.may(&env, Action::KeepCatalogue)?;
    mapping.check()?;
    if !env.db.unknown_skus(merchant, &BTreeSet::from([mapping.sku.clone()])).await?.is_empty() {
        return Err(UNKNOWN_SKU.into());
    }
    env.db.save_mapping(merchant, &mapping).await?;
    wake::channels(&env, merchant, &mapping.sku).await?;
    let woken = wake::unmapped(&env, merchant, &BTreeSet::from([mapping.channel_sku.clone()])).await?;
    Ok(Json(Mapped { mapping, woken }))
}

/// The query that names one listing.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ListingQuery")]
pub struct OfListing {
    /// Whose.
    connection: ConnectionId,
    /// What the channel calls it.
    channel_sku: String,
}

/// Takes a mapping away. An order that names the channel's SKU waits for a person from then on, unless a SKU of ours has
/// that very name.
///
/// # Errors
/// `no_access`, `not_allowed`, `bad_query`, `not_found`, `changed_meanwhile`, `unavailable`.
pub async fn unmap(
    State(env): State<Arc<Env>>,
    caller: Caller,
    asked: Result<Query<OfListing>, QueryRejection>,
) -> Result<Json<Mapping>, Stop> {
    let merchant = caller.may(&env, Action::KeepCatalogue)?;
    let Query(OfListing { connection, channel_sku }) = asked.map_err(|_| BAD_QUERY)?;
    if !is_channel_sku(&channel_sku) {
        return Err(NOT_FOUND.into());
    }
    let mapping = env.db.mapping(merchant, &connection, &channel_sku).await?.ok_or(NOT_FOUND)?;
    match env.db.remove_mapping(merchant, &mapping).await? {
        true => Ok(Json(mapping)),
        false => Err(CHANGED_MEANWHILE.into()),
    }
}

/// Stores goods on order.
///
/// # Errors
/// `no_access`, `not_allowed`, `bad_body`, `bad_reference`, `bad_quantity`, `unknown_sku`, `unavailable`.
pub async fn expect(
    State(env): State<Arc<Env>>,
    caller: Caller,
    Told(expected): Told<Expected>,
) -> Result<Json<Expected>, Stop> {
    let merchant = caller.may(&env, Action::KeepCatalogue)?;
    // What follows a slash tells deliveries of one purchase apart.
    if !is_reference(&expected.reference) || expected.reference.contains('/') {
        return Err(BAD_REFERENCE.into());
    }
    if !(0..=MOST).contains(&expected.quantity) {
        return Err(BAD_QUANTITY.into());
    }
    if !env.db.unknown_skus(merchant, &BTreeSet::from([expected.sku.clone()])).await?.is_empty() {
        return Err(UNKNOWN_SKU.into());
    }
    env.db.save_expected(merchant, &expected).await?;
    Ok(Json(expected))
}
