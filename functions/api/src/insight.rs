//! `GET /v1/stock/insight?state=…&cursor=…`: how long each SKU lasts at the pace it sells, what is out, low or dead,
//! and what to expect of the next week.

use crate::Env;
use crate::answer::{BAD_QUERY, Stop};
use crate::caller::Caller;
use crate::skus::Place;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{Duration, Instant};
use waybill_domain::access::Action;
use waybill_domain::cover::{self, Cover};

/// SKUs on a page, about: a page ends where those end that were looked at together.
const PAGE: usize = 50;
/// SKUs that are looked at together.
const TOGETHER: i32 = 25;
/// How long one call goes on looking: well within the function's time-out.
const LONGEST: Duration = Duration::from_secs(5);

/// The query.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "InsightQuery")]
pub struct Asked {
    /// Only SKUs of this state; all without it.
    state: Option<cover::State>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// How one SKU stands.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Insight")]
pub struct View {
    /// Which.
    pub sku: String,
    /// Pieces on the shelves of all warehouses.
    pub on_hand: i64,
    /// Pieces free to promise.
    pub available: i64,
    /// Pieces that left to buyers, in spans of seven days, the latest first: eight, or as many as it has been kept.
    pub sold: Vec<u64>,
    /// What follows from it.
    #[serde(flatten)]
    pub cover: Cover,
}

/// A page of SKUs.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "InsightPage")]
pub struct Page {
    /// In no order that means anything; every SKU that was ever in a warehouse comes once, but for bundles, whose
    /// parts do. A page may be empty though others follow.
    pub skus: Vec<View>,
    /// The cursor of the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Answers.
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
    let mut place = Place::read(asked.cursor.as_deref())?;
    let (now, began) = (env.clock.read(), Instant::now());
    let mut skus = Vec::new();
    while let Some((shard, after)) = place.at()
        && skus.len() < PAGE
        && began.elapsed() < LONGEST
    {
        let page = env.db.sku_page(merchant, shard, after, TOGETHER).await?;
        for sku in page.iter().filter(|sku| !sku.is_bundle()) {
            let Some(shelf) = env.db.shelf(merchant, &sku.sku, sku.low, now).await? else { continue };
            let cover = shelf.cover();
            if asked.state.is_none_or(|state| state == cover.state) {
                let cover::Shelf { on_hand, available, sold, .. } = shelf;
                skus.push(View { sku: sku.sku.clone(), on_hand, available, sold, cover });
            }
        }
        place = place.go_on(page.into_iter().next_back().map(|last| last.sku));
    }
    Ok(Json(Page { skus, next: place.next() }))
}
