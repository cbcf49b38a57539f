//! Has channels told of goods that passed their day: nothing moved, and yet there are fewer to sell.

use crate::Env;
use futures::future::try_join_all;
use jiff::Timestamp;
use waybill_domain::MerchantId;
use waybill_domain::service::local_date;
use waybill_runtime::Failure;
use waybill_store::catalogue::SKU_SHARDS;
use waybill_store::{Queue, Work};

/// SKUs that are announced together.
const PAGE: i32 = 100;

/// Announces every SKU of which goods passed their day. Forgotten only then: a crash in between announces it again. A
/// full page is not the last one; the rest is left to another message, so that no day is too much for one function.
pub(crate) async fn announce(env: &Env, merchant: &MerchantId, now: Timestamp) -> Result<(), Failure> {
    let today = local_date(now);
    let mut more = false;
    for shard in 0..SKU_SHARDS {
        let past = env.db.past_their_day(merchant, shard, today, PAGE).await?;
        more |= i32::try_from(past.len()).is_ok_and(|count| count == PAGE);
        env.pushes.announce(merchant, past.iter().map(|noted| noted.sku.clone()).collect(), now).await?;
        try_join_all(past.iter().map(|noted| env.db.forget_last_day(merchant, noted))).await?;
    }
    if more {
        let work = Work::Expired { merchant: merchant.clone(), at: now };
        env.queues.send(Queue::Push, &[work], 0).await?;
    }
    Ok(())
}
