//! SQS batches, message by message: one that cannot be read, fails or panics never takes the others with it.

use crate::failure::{Failure, Step};
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent};
use futures::FutureExt;
use futures::future::join_all;
use std::panic::AssertUnwindSafe;
use tracing::Instrument;
use waybill_store::work::Message;
use waybill_store::{Queue, Work, queues};

/// A message of a batch that was read.
pub struct Taken {
    id: String,
    /// What is to be done.
    pub work: Work,
}

/// A batch, taken apart: what can be worked on, and what already failed because it cannot be read.
///
/// # Errors
/// `Failure::Fault` when a message has no id: then SQS cannot be told which one failed, so all of them come back.
pub fn take(event: SqsEvent) -> Result<(Vec<Taken>, Vec<String>), Failure> {
    let (mut taken, mut unreadable) = (Vec::new(), Vec::new());
    for record in event.records {
        let id =
            record.message_id.filter(|id| !id.is_empty()).ok_or(Failure::Fault("a message has no id"))?;
        match serde_json::from_str::<Message>(record.body.as_deref().unwrap_or_default()) {
            Ok(Message::V1(work)) => taken.push(Taken { id, work }),
            Err(_) => {
                tracing::error!(message = %id, "a message cannot be read; it goes to the dead-letter queue in the end");
                unreadable.push(id);
            }
        }
    }
    Ok((taken, unreadable))
}

/// Works through a batch, one message after another.
///
/// # Errors
/// As [`take`]; never because of one message.
pub async fn each<F>(
    event: SqsEvent,
    queue: Queue,
    queues: &dyn queues::Send,
    handle: impl Fn(Work) -> F,
) -> Result<SqsBatchResponse, Failure>
where
    F: Future<Output = Result<Step, Failure>>,
{
    let (taken, mut failed) = take(event)?;
    for message in taken {
        failed.extend(one(message, queue, queues, &handle).await);
    }
    Ok(response(failed))
}

/// As [`each`], all messages at once: for work that waits for somebody else and of which none is another's business.
///
/// # Errors
/// As [`take`]; never because of one message.
pub async fn together<F>(
    event: SqsEvent,
    queue: Queue,
    queues: &dyn queues::Send,
    handle: impl Fn(Work) -> F,
) -> Result<SqsBatchResponse, Failure>
where
    F: Future<Output = Result<Step, Failure>>,
{
    let (taken, mut failed) = take(event)?;
    let all = taken.into_iter().map(|message| one(message, queue, queues, &handle));
    failed.extend(join_all(all).await.into_iter().flatten());
    Ok(response(failed))
}

/// Works on one message; gives its id when it is to come back.
async fn one<F>(
    message: Taken,
    queue: Queue,
    queues: &dyn queues::Send,
    handle: &impl Fn(Work) -> F,
) -> Option<String>
where
    F: Future<Output = Result<Step, Failure>>,
{
    let span = tracing::info_span!("work", queue = ?queue, message_id = %message.id);
    let done = AssertUnwindSafe(handle(message.work.clone())).catch_unwind().instrument(span).await;
    if settle(&message, done.ok(), queue, queues).await { None } else { Some(message.id) }
}

/// Works through a batch as a whole; `handle` gives one result for each piece of work, in order.
///
/// # Errors
/// As [`take`].
pub async fn whole<F>(
    event: SqsEvent,
    queue: Queue,
    queues: &dyn queues::Send,
    handle: impl FnOnce(Vec<Work>) -> F,
) -> Result<SqsBatchResponse, Failure>
where
    F: Future<Output = Vec<Result<Step, Failure>>>,
{
    let (taken, mut failed) = take(event)?;
    let work = taken.iter().map(|t| t.work.clone()).collect();
    let mut done = AssertUnwindSafe(handle(work)).catch_unwind().await.unwrap_or_default().into_iter();
    for message in taken {
        if !settle(&message, done.next(), queue, queues).await {
            failed.push(message.id);
        }
    }
    Ok(response(failed))
}

/// True when the message may be deleted. `None` stands for a panic.
async fn settle(
    message: &Taken,
    done: Option<Result<Step, Failure>>,
    queue: Queue,
    queues: &dyn queues::Send,
) -> bool {
    let again = match done {
        Some(Ok(Step::Done)) => return true,
        Some(Ok(Step::Again { seconds })) => {
            queues.send(queue, std::slice::from_ref(&message.work), seconds).await.map_err(Failure::from)
        }
        Some(Err(failure)) => Err(failure),
        None => Err(Failure::Fault("the handler panicked")),
    };
    if let Err(error) = &again {
        tracing::error!(message = %message.id, order = order_of(&message.work), %error, "work failed and comes back");
    }
    again.is_ok()
}

fn order_of(work: &Work) -> Option<&str> {
    match work {
        Work::Order { order, .. } => Some(order.as_str()),
        _ => None,
    }
}

fn response(failed: Vec<String>) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failed
        .into_iter()
        .map(|id| {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            failure
        })
        .collect();
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use waybill_store::memory::{Calm, MemoryQueues};

    fn event(bodies: &[&str]) -> SqsEvent {
        let records: Vec<_> = bodies
            .iter()
            .enumerate()
            .map(|(n, body)| serde_json::json!({"messageId": n.to_string(), "body": body}))
            .collect();
        serde_json::from_value(serde_json::json!({ "Records": records })).unwrap()
    }

    const GOOD: &str = r#"{"V1":{"kind":"order","order":"ord_1","at":"2026-11-23T09:15:00Z"}}"#;

    fn failed(response: SqsBatchResponse) -> Vec<String> {
        response.batch_item_failures.into_iter().map(|f| f.item_identifier).collect()
    }

    #[tokio::test]
    async fn a_poison_message_and_a_panic_fail_alone() {
        let queues = MemoryQueues::new(Arc::new(Calm));
        let calls = std::sync::atomic::AtomicU32::new(0);
        let response = each(event(&[GOOD, "not json", GOOD, GOOD]), Queue::Book, &queues, |_| async {
            match calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                1 => panic!("planted"),
                2 => Ok(Step::Again { seconds: 30 }),
                _ => Ok(Step::Done),
            }
        });
        assert_eq!(failed(response.await.unwrap()), ["1", "2"]);
        let sent = queues.take();
        assert_eq!((sent.len(), sent[0].queue, sent[0].delay), (1, Queue::Book, 30));
    }

    #[tokio::test]
    async fn a_message_without_an_id_fails_the_batch() {
        let queues = MemoryQueues::new(Arc::new(Calm));
        let event = serde_json::from_value(serde_json::json!({"Records": [{"body": GOOD}]})).unwrap();
        assert!(each(event, Queue::Book, &queues, |_| async { Ok(Step::Done) }).await.is_err());
    }
}
