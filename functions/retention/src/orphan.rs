//! After an outage of two days and more: orders whose key DynamoDB's own deletion took before a run came to it.
//!
//! Nobody can read them any more, but nothing points to them either: the purge index is made of keys. So every order
//! past its time is looked at once, and what is left of a person goes the usual way, fence and all (decision 043).

use crate::{Env, Outcome, Report, at_last};
use jiff::Timestamp;
use waybill_domain::MerchantId;
use waybill_domain::order::{Order, PersonalData, Status};
use waybill_domain::time::{after, days};
use waybill_runtime::Failure;
use waybill_store::keys::{BACKSTOP_DAYS, KeyState};

/// Orders looked at at a time.
const PAGE: i32 = 100;

/// Whether a key can have been deleted since the last run that left nothing undone. What was due then was forgotten, and
/// what became due since is deleted two days later at the earliest.
pub(crate) async fn are_possible(env: &Env, merchant: &MerchantId, now: Timestamp) -> Result<bool, Failure> {
    let last = env.db.purged_through(merchant).await?;
    Ok(last.is_none_or(|last| after(last, days(BACKSTOP_DAYS)) <= now))
}

/// Forgets what is left of them.
pub(crate) async fn forget(
    env: &Env,
    merchant: &MerchantId,
    now: Timestamp,
    report: &mut Report,
) -> Result<(), Failure> {
    let policy = env.db.merchant(merchant).await?.map(|merchant| merchant.retention).unwrap_or_default();
    let is_over =
        |order: &Order| order.personal == PersonalData::Live && order.milestones.purge_at(policy) <= now;
    for status in Status::ALL {
        let mut row = None;
        loop {
            let (ids, next) = env.db.orders_by_status(merchant, status, PAGE, row).await?;
            for order in env.db.orders(&ids).await?.into_iter().filter(is_over) {
                if env.db.recipient_key(&order.id).await? != KeyState::Erased {
                    continue;
                }
                match Box::pin(at_last(env, &order.id, "retention", now)).await {
                    Ok(Outcome::Forgotten) => report.forgotten += 1,
                    Ok(Outcome::Held) => report.held += 1,
                    Err(error) => {
                        report.failed += 1;
                        tracing::error!(order = %order.id, %error, "not forgotten yet; the next run takes it up");
                    }
                }
            }
            row = next;
            if row.is_none() {
                break;
            }
        }
    }
    Ok(())
}
