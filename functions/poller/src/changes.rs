//! What Amazon tells of changes (contracts/amazon section 4): hints in a queue of their own, which Amazon alone may fill.
//!
//! A hint may come twice, late, out of order or never, so it only has the order read: the order is what counts, and what
//! was not told comes with the next page. Nothing of a hint is kept, for it names the buyer's postcode.

use crate::{Env, account};
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use jiff::Timestamp;
use waybill_channels::amazon::notification::{Changed, read};
use waybill_runtime::Failure;
use waybill_store::registry::Credentials;
use waybill_store::{Queue, Work};

/// The batch comes from Amazon's queue.
pub(crate) fn are(event: &SqsEvent, queue: &str) -> bool {
    event.records.first().is_some_and(|first| first.event_source_arn.as_deref() == Some(queue))
}

/// Has the orders of a batch of hints read.
///
/// # Errors
/// `Failure::Fault` when a message has no id: then SQS cannot be told which one failed, so all of them come back.
pub(crate) async fn take(env: &Env, event: SqsEvent) -> Result<SqsBatchResponse, Failure> {
    let now = env.clock.read();
    let mut response = SqsBatchResponse::default();
    for hint in event.records {
        let id = hint.message_id.filter(|id| !id.is_empty()).ok_or(Failure::Fault("a message has no id"))?;
        let done = match read(hint.body.unwrap_or_default().as_bytes()) {
            Ok(Some(changed)) if changed.is_to_send => have_read(env, &changed, now).await,
            // A person is asked for only while something is to be sent to them (CONTROLS A4).
            Ok(Some(_) | None) => Ok(()),
            Err(error) => {
                tracing::warn!(message = %id, %error, "what Amazon told cannot be read; the change comes with the next page");
                Ok(())
            }
        };
        if let Err(error) = done {
            tracing::error!(message = %id, %error, "what Amazon told was not passed on; it comes back");
            let mut failed = BatchItemFailure::default();
            failed.item_identifier = id;
            response.batch_item_failures.push(failed);
        }
    }
    Ok(response)
}

/// Has the order read by every account of this seller. One that leads to another seller by now is not asked.
async fn have_read(env: &Env, changed: &Changed, now: Timestamp) -> Result<(), Failure> {
    for id in env.db.connections_of_seller(&changed.seller_id).await? {
        let Ok(account) = account(env, &id, now).await? else { continue };
        let Credentials::Amazon { seller_id, marketplace_id, .. } = &account.credentials else { continue };
        let sells_there = changed.marketplace_id.as_ref().is_none_or(|told| told == marketplace_id);
        if *seller_id == changed.seller_id && sells_there {
            let channel_id = changed.channel_id.clone();
            let work = Work::Fetch { connection: id, channel_id, at: now };
            env.queues.send(Queue::Poll, &[work], 0).await?;
        }
    }
    Ok(())
}
