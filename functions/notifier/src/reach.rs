//! Tells the outside when a SKU runs out or low, or is there again.
//!
//! Here, because everything that moves stock comes by with the SKU's levels read. Published before it is noted, so a
//! crash in between publishes it again, under the same id.

use crate::Env;
use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use std::collections::BTreeSet;
use waybill_domain::MerchantId;
use waybill_domain::event::{Event, Reach, What};
use waybill_runtime::Failure;
use waybill_store::StoreError;
use waybill_store::goods::Goods;
use waybill_store::reach::Told;

/// Looks how far the stock reaches and says so when that is new.
pub(crate) async fn watch(
    env: &Env,
    merchant: &MerchantId,
    sku: &str,
    goods: &Goods,
    now: Timestamp,
) -> Result<(), Failure> {
    let available = goods.available.iter().sum();
    let state = Reach::of(available, goods.low);
    let before = env.db.told_reach(merchant, sku).await?;
    if before.map_or(Reach::Good, |told| told.reach) == state {
        return Ok(());
    }
    let what = What::Stock { sku: sku.to_owned(), state, available, low: goods.low };
    let id = id(merchant, sku, before, state);
    env.bus.publish(&[Event { id, merchant: merchant.clone(), at: now, what }]).await?;
    match env.db.save_told_reach(merchant, sku, before, Told { reach: state, at: now }).await {
        // Another judged at the same moment, and what it said last may not be what is true: look once more.
        Err(StoreError::Condition { .. }) => {
            Ok(env.pushes.announce(merchant, BTreeSet::from([sku.to_owned()]), now).await?)
        }
        stored => Ok(stored?),
    }
}

/// The same for the same change, whoever sees it and however often.
fn id(merchant: &MerchantId, sku: &str, before: Option<Told>, state: Reach) -> String {
    let since = before.map(|told| told.at.to_string()).unwrap_or_default();
    named(&format!("{merchant}|{sku}|{since}|{state:?}"))
}

/// The id of an event, made of what makes it this one and no other.
pub(crate) fn named(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    format!("evt_{}", hex::encode(hash.as_ref().get(..16).unwrap_or_default()))
}
