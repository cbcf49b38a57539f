//! Tells channels the tracking numbers: read before write, so a lost reply is never told twice.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use waybill_channels::shopify::{Shop, writeback};
use waybill_domain::OrderId;
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_domain::intake::SWEEP_AFTER;
use waybill_domain::order::{Order, Status};
use waybill_domain::shipment::{Shipment, WriteBack};
use waybill_domain::time::after;
use waybill_domain::tracking::FIRST_LOOK;
use waybill_runtime::remote::exchange;
use waybill_runtime::{Clock, Directory, Failure, Outbound, Step, batch};
use waybill_store::registry::ConnectionState;
use waybill_store::{Db, Queue, Work, queues};

/// What the function needs: nothing that opens a recipient.
pub struct Env {
    /// Connections and their secrets.
    pub directory: Directory,
    /// Tables.
    pub db: Db,
    /// Next stages.
    pub queues: Arc<dyn queues::Send>,
    /// Channels.
    pub outbound: Arc<dyn Outbound>,
    /// Now.
    pub clock: Clock,
}

/// How often an order that changes under us is read again.
const TRIES: usize = 5;
/// How long a write-back is held for the one who claimed it: longer than this function's time-out.
const LEASE: SignedDuration = SignedDuration::from_secs(90);

/// Works through a batch of messages.
///
/// # Errors
/// Only when the batch as a whole cannot be read.
pub async fn handle(env: &Env, event: SqsEvent) -> Result<SqsBatchResponse, Failure> {
    batch::each(event, Queue::Notify, env.queues.as_ref(), |work| work_on(env, work)).await
}

/// Does one piece of work.
///
/// # Errors
/// As [`Failure`] says; the message comes back.
pub async fn work_on(env: &Env, work: Work) -> Result<Step, Failure> {
    let now = env.clock.now(work.at());
    let Work::Order { order: id, .. } = work else {
        return Err(Failure::Fault("this work is not the notifier's"));
    };
    for _ in 0..TRIES {
        match Box::pin(once(env, &id, now)).await {
            Err(failure) if failure.is_race() => continue,
            other => return other,
        }
    }
    Err(Failure::Fault("the order keeps changing"))
}

async fn once(env: &Env, id: &OrderId, now: Timestamp) -> Result<Step, Failure> {
    let Some(mut order) = env.db.order(id).await? else { return Ok(Step::Done) };
    if order.status != Status::Booked {
        return Ok(Step::Done);
    }
    let account =
        env.directory.account(&order.connection, now).await?.ok_or(Failure::Fault("no such connection"))?;
    let mut refused = None;
    for mut shipment in env.db.shipments(id).await? {
        match &shipment.write_back {
            WriteBack::Applied { .. } => continue,
            // Told so before, by a run that may have ended before the order said it.
            WriteBack::Refused => {
                refused.get_or_insert_with(|| "refused_before".to_owned());
                continue;
            }
            WriteBack::Claimed { at } if now < after(*at, LEASE) => {
                return Ok(Step::Again { seconds: u32::try_from(LEASE.as_secs()).unwrap_or(u32::MAX) });
            }
            WriteBack::Claimed { .. } | WriteBack::Pending => {}
        }
        match account.connection.state {
            ConnectionState::Active => {}
            // The clock brings the order back; a message that also came back would be one more at every look.
            ConnectionState::Refused => return Ok(Step::Done),
            // Nobody is left to tell; the parcel goes its way all the same.
            ConnectionState::Disconnected => continue,
        }
        let shop = account.shop().ok_or(Failure::Fault("the connection is not a shop"))?;
        if let Some(step) = tell(env, &shop, &order, &mut shipment, &mut refused, now).await? {
            return Ok(step);
        }
    }
    if let Some(detail) = refused {
        order.raise(Reason::WriteBackRefused, Some(detail), now);
    }
    order.status = Status::Dispatched;
    order.milestones.shipped = Some(now);
    // Until its goods are taken off the shelves the clock looks soon; whoever does that sets the first look.
    order.due_at = Some(after(now, if order.holds_stock() { SWEEP_AFTER } else { FIRST_LOOK }));
    // The timer first: a crash after it leaves an order that is told again, never one that is kept too long.
    env.db.reschedule(id, order.milestones.purge_at(account.merchant.retention)).await?;
    env.db.save_order(&mut order).await?;
    tracing::info!(order = %id, "the channel knows");
    env.queues.send(Queue::Allocate, &[Work::Order { order: id.clone(), at: now }], 0).await?;
    Ok(Step::Done)
}

/// Tells the channel about one shipment; gives a step when the work must wait.
async fn tell(
    env: &Env,
    shop: &Shop,
    order: &Order,
    shipment: &mut Shipment,
    refused: &mut Option<String>,
    now: Timestamp,
) -> Result<Option<Step>, Failure> {
    let (Some(tracking), Some(channel)) = (shipment.tracking().map(str::to_owned), &order.channel_ref) else {
        return Ok(None);
    };
    let before = shipment.write_back.clone();
    shipment.write_back = WriteBack::Claimed { at: now };
    env.db.save_shipment(shipment).await?;
    let lines: Vec<(String, u32)> = shipment
        .lines
        .iter()
        .filter_map(|(id, quantity)| {
            let line = order.lines.iter().find(|l| l.id == *id)?;
            Some((line.channel_line.clone()?, *quantity))
        })
        .collect();
    let out = env.outbound.as_ref();
    let request = writeback::build_read_fulfilment(shop, &channel.id, order.lines.len());
    let read = exchange(out, request, |r| writeback::read_fulfilment(r.status(), r.body())).await;
    let told = match read.map(|remote| writeback::plan(&remote, &lines, &tracking)) {
        Ok(writeback::Plan::AlreadyThere) => Ok(()),
        Ok(writeback::Plan::NotPossible(why)) => {
            *refused = Some(why.to_owned());
            shipment.write_back = WriteBack::Refused;
            env.db.save_shipment(shipment).await?;
            return Ok(None);
        }
        Ok(writeback::Plan::Create(parts)) => {
            let request = writeback::build_create(shop, &parts, shipment.service.carrier, &tracking);
            exchange(out, request, |r| writeback::read_create(r.status(), r.body())).await
        }
        Err(told) => Err(told),
    };
    match told {
        Ok(()) => {
            shipment.write_back = WriteBack::Applied { at: now };
            env.db.save_shipment(shipment).await?;
            Ok(None)
        }
        Err(told) => match told.advice {
            Advice::AskPerson(Reason::ConnectionRefused) => {
                tracing::error!(connection = %order.connection, error = %told, "the shop refused its credentials; this connection is paused");
                env.db.set_connection_state(&order.connection, ConnectionState::Refused).await?;
                Ok(Some(Step::Done))
            }
            Advice::AskPerson(_) => {
                *refused = Some(told.text);
                shipment.write_back = WriteBack::Refused;
                env.db.save_shipment(shipment).await?;
                Ok(None)
            }
            // Answered, and nothing was done: the next attempt need not wait for our lease.
            Advice::Wait { .. } => {
                shipment.write_back = before;
                env.db.save_shipment(shipment).await?;
                told.step().map(Some)
            }
            Advice::Retry | Advice::GiveUp => told.step().map(Some),
        },
    }
}
