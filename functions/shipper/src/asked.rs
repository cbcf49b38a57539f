//! What a channel says of an order just before its label is bought. eBay shows that a buyer asked to cancel only when the
//! order is read by itself, and readings of what changed are minutes apart (contracts/ebay section 2).

use crate::{Env, patience};
use jiff::{SignedDuration, Timestamp};
use waybill_channels::feed::Found;
use waybill_domain::intake::Readiness;
use waybill_domain::order::{Channel, Order};
use waybill_runtime::{Failure, Step};

/// By then what changed was read and stored, and the order is held or cancelled.
const UNTIL_READ: SignedDuration = SignedDuration::from_mins(6);

/// Nothing when it may be sent. While the channel cannot be asked, or says otherwise than we know, it waits: what the
/// channel says is stored by who reads it.
pub(crate) async fn first(
    env: &Env,
    order: &Order,
    sent: Timestamp,
    now: Timestamp,
) -> Result<Option<Step>, Failure> {
    let (Channel::Ebay, Some(key)) = (order.channel, &order.channel_ref) else { return Ok(None) };
    let account =
        env.directory.account(&order.connection, now).await?.ok_or(Failure::Fault("no such connection"))?;
    let later = || Ok(Some(patience::later(order, UNTIL_READ, sent, now)));
    if !account.is_active() {
        return later();
    }
    let read = match env.channels.open(&account, now).await {
        Ok(open) => env.channels.read(&open, &key.id, now).await,
        Err(not) => Err(not),
    };
    match read {
        Ok(Some(Found::Whole(found)))
            if found.incoming.cancelled_at.is_none() && found.incoming.readiness == Readiness::Ready =>
        {
            Ok(None)
        }
        Ok(_) => {
            tracing::warn!(order = %order.id, "the channel says that it is not to be sent; no label is bought");
            later()
        }
        Err(not) => {
            tracing::warn!(order = %order.id, error = %not, "the channel could not be asked; no label is bought yet");
            match not.step()? {
                Step::Again { seconds } => {
                    let wait = SignedDuration::from_secs(i64::from(seconds));
                    Ok(Some(patience::later(order, wait, sent, now)))
                }
                Step::Done => later(),
            }
        }
    }
}
