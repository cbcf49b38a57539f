//! `GET /v1/stock/insight?state=…&cursor=…`: how long each SKU lasts at the pace it sells, what is out, low or dead,
//! and what to expect of the next week.

use crate::Env;
use crate::answer::{BAD_CURSOR, BAD_QUERY, Stop};
use crate::caller::Caller;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{Duration, Instant};
use waybill_domain::access::Action;
use waybill_domain::catalogue::is_sku;
use waybill_domain::cover::{self, Cover};
use waybill_store::catalogue::SKU_SHARDS;

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

/// After which SKU of which shard a page begins.
#[derive(Default, Serialize, Deserialize)]
struct Cursor {
    shard: u8,
    after: Option<String>,
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
    let mut at = asked.cursor.as_deref().map_or(Ok(Cursor::default()), decode)?;
    let (now, began) = (env.clock.read(), Instant::now());
    let mut skus = Vec::new();
    while at.shard < SKU_SHARDS && skus.len() < PAGE && began.elapsed() < LONGEST {
        let page = env.db.sku_page(merchant, at.shard, at.after.as_deref(), TOGETHER).await?;
        for sku in &page {
            let Some(shelf) = env.db.shelf(merchant, sku, now).await? else { continue };
            let cover = shelf.cover();
            if asked.state.is_none_or(|state| state == cover.state) {
                let cover::Shelf { on_hand, available, sold, .. } = shelf;
                skus.push(View { sku: sku.sku.clone(), on_hand, available, sold, cover });
            }
        }
        at = match page.into_iter().next_back() {
            Some(last) => Cursor { after: Some(last.sku), ..at },
            None => Cursor { shard: at.shard + 1, after: None },
        };
    }
    let next = serde_json::to_vec(&at).ok().filter(|_| at.shard < SKU_SHARDS);
    Ok(Json(Page { skus, next: next.map(|bytes| URL_SAFE_NO_PAD.encode(bytes)) }))
}

fn decode(text: &str) -> Result<Cursor, Stop> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BAD_CURSOR)?;
    let cursor: Cursor = serde_json::from_slice(&bytes).map_err(|_| BAD_CURSOR)?;
    let leads = cursor.shard < SKU_SHARDS && cursor.after.as_deref().is_none_or(is_sku);
    if leads { Ok(cursor) } else { Err(BAD_CURSOR.into()) }
}
