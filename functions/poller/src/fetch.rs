//! One order, read because a delivery or a page named it.

use crate::{Env, account, take};
use jiff::Timestamp;
use waybill_domain::ConnectionId;
use waybill_runtime::{Failure, Step};

/// Reads and stores it.
pub(crate) async fn fetch(
    env: &Env,
    id: &ConnectionId,
    channel_id: &str,
    now: Timestamp,
) -> Result<Step, Failure> {
    let account = match account(env, id, now).await? {
        Ok(account) => account,
        Err(step) => return Ok(step),
    };
    let open = match env.channels.open(&account, now).await {
        Ok(open) => open,
        Err(not) => return not.step(),
    };
    match env.channels.read(&open, channel_id, now).await {
        Ok(Some(found)) => take::take(env, &account, found, take::Read::ByKey, now).await.map(|_| Step::Done),
        // The channel has no such order any more: what we hold keeps its own timer.
        Ok(None) => Ok(Step::Done),
        Err(not) => not.step(),
    }
}
