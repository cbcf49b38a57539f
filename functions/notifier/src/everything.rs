//! Has channels told of every SKU of a merchant: what is kept back from them may have changed for all.
//!
//! A page is announced and the next one left to another message, so that no catalogue is too long for one function. A
//! channel that was told a SKU's number is not told again, so this calls channels only about what is different now.

use crate::Env;
use jiff::Timestamp;
use waybill_domain::MerchantId;
use waybill_runtime::Failure;
use waybill_store::catalogue::SKU_SHARDS;
use waybill_store::{Queue, Work};

/// SKUs that are announced together.
const PAGE: i32 = 100;

/// Announces the next page, from a place in a shard on.
pub(crate) async fn announce(
    env: &Env,
    merchant: &MerchantId,
    mut shard: u8,
    mut after: Option<String>,
    now: Timestamp,
) -> Result<(), Failure> {
    while shard < SKU_SHARDS {
        let page = env.db.sku_page(merchant, shard, after.as_deref(), PAGE).await?;
        after = page.last().map(|last| last.sku.clone());
        if after.is_none() {
            shard += 1;
            continue;
        }
        env.pushes.announce(merchant, page.into_iter().map(|sku| sku.sku).collect(), now).await?;
        let next = Work::PushAll { merchant: merchant.clone(), shard, after, at: now };
        env.queues.send(Queue::Push, &[next], 0).await?;
        return Ok(());
    }
    Ok(())
}
