//! Bringing legal holds into force and letting them end, and purge times forward.

use crate::Env;
use jiff::Timestamp;
use waybill_domain::{MerchantId, OrderId};
use waybill_runtime::Failure;
use waybill_store::StoreError;

/// What the registry says of a hold becomes true of the key: held until its end, or not held at all.
pub(crate) async fn apply(
    env: &Env,
    merchant: &MerchantId,
    order: &OrderId,
    now: Timestamp,
) -> Result<(), Failure> {
    let ours = env.db.order(order).await?.is_some_and(|order| order.merchant == *merchant);
    let hold = env.db.hold(merchant, order).await?.filter(|hold| ours && hold.in_force(now));
    let Some(hold) = hold else { return Ok(()) };
    gone_is_fine(env.db.hold_key(order, hold.until, None).await)?;
    tracing::warn!(%order, until = %hold.until, "a legal hold is in force");
    Ok(())
}

/// Lets every hold end whose time has come: from then on the order's purge time counts again, worked out anew from
/// what has happened to it meanwhile.
pub(crate) async fn lift(env: &Env, now: Timestamp) -> Result<(), Failure> {
    for id in env.db.held_orders().await? {
        if env.db.held_until(&id).await?.is_some_and(|until| now < until) {
            continue;
        }
        let Some(order) = env.db.order(&id).await? else { continue };
        let policy = env.db.merchant(&order.merchant).await?.map(|merchant| merchant.retention);
        let purge_at = order.milestones.purge_at(policy.unwrap_or_default());
        gone_is_fine(env.db.lift_key(&id, purge_at, now).await)?;
        tracing::warn!(order = %id, "a legal hold has ended");
    }
    Ok(())
}

/// Brings the purge time of an order forward, as what has happened to it asks; a held one waits for the hold's end.
pub(crate) async fn reschedule(
    env: &Env,
    merchant: &MerchantId,
    order: &OrderId,
    now: Timestamp,
) -> Result<(), Failure> {
    let Some(order) = env.db.order(order).await?.filter(|order| order.merchant == *merchant) else {
        return Ok(());
    };
    let policy = env.db.merchant(merchant).await?.map(|merchant| merchant.retention);
    let purge_at = order.milestones.purge_at(policy.unwrap_or_default());
    Ok(env.db.reschedule(&order.id, purge_at, now).await?)
}

/// An order that was erased meanwhile needs neither.
fn gone_is_fine(done: Result<(), StoreError>) -> Result<(), Failure> {
    match done {
        Err(StoreError::Condition { .. }) => Ok(()),
        other => other.map_err(Failure::from),
    }
}
