//! Tells the channel an order's tracking numbers: read before write, so a lost reply is never told twice.

use crate::Env;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use waybill_channels::Operation;
use waybill_channels::writeback::{Outcome, Sent};
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_domain::instructions::is_leaving;
use waybill_domain::intake::SWEEP_AFTER;
use waybill_domain::order::{Line, Order, Status};
use waybill_domain::shipment::{Shipment, WriteBack};
use waybill_domain::time::after;
use waybill_domain::tracking::FIRST_LOOK;
use waybill_domain::{LineId, OrderId, WarehouseId};
use waybill_runtime::channel::NotDone;
use waybill_runtime::directory::Account;
use waybill_runtime::{Failure, Step};
use waybill_store::registry::ConnectionState;
use waybill_store::{Queue, Work};

/// How long a write-back is held for the one who claimed it: longer than this function's time-out.
const LEASE: SignedDuration = SignedDuration::from_secs(90);
/// What a channel took is looked for again after this, in seconds.
const LOOK_AGAIN: u32 = 600;
/// A channel that does not show by then what it took, lost it.
const SHOWN_BY: SignedDuration = SignedDuration::from_hours(24);

/// What telling one shipment came to, for its order.
enum Told {
    /// Nothing to add.
    Done,
    /// The channel refused; its code.
    Refused(String),
    /// The message must come back, or is done with until the clock brings the order back.
    Stop(Step),
}

/// Tells everything of an order that its channel does not know yet.
pub(crate) async fn order(env: &Env, id: &OrderId, now: Timestamp) -> Result<Step, Failure> {
    // Before the order: who undoes a label writes its shipment after the order has said so. Whoever reads an order that says
    // nothing has read the shipment before, and cannot claim it any more.
    let mut shipments = env.db.shipments(id).await?;
    let Some(mut order) = env.db.order(id).await? else { return Ok(Step::Done) };
    let confirming = matches!(order.status, Status::Dispatched | Status::Delivered);
    if order.status != Status::Booked && !confirming {
        return Ok(Step::Done);
    }
    // A label that is to be undone is not told of; where that has begun it is told to the end.
    if let (false, Some(undone)) = (confirming, &order.instructions.void)
        && shipments.iter().any(|one| one.id == *undone && !is_leaving(&order, one))
    {
        return Ok(Step::Done);
    }
    let account =
        env.directory.account(&order.connection, now).await?.ok_or(Failure::Fault("no such connection"))?;
    let mut refused: Option<String> = None;
    let mut taken = false;
    for index in 0..shipments.len() {
        // Its people had the label undone: it never leaves. Its place stays its own, for the channel may know it.
        if shipments[index].is_void() {
            continue;
        }
        match &shipments[index].write_back {
            WriteBack::Applied { .. } | WriteBack::Unsupported => continue,
            WriteBack::Taken { .. } if !confirming => {
                taken = true;
                continue;
            }
            // Told so before, by a run that may have ended before the order said it.
            WriteBack::Refused => {
                refused.get_or_insert_with(|| "refused_before".to_owned());
                continue;
            }
            WriteBack::Claimed { at } if now < after(*at, LEASE) => {
                return Ok(Step::Again { seconds: u32::try_from(LEASE.as_secs()).unwrap_or(u32::MAX) });
            }
            WriteBack::Claimed { .. } | WriteBack::Pending | WriteBack::Taken { .. } => {}
        }
        match account.connection.state {
            ConnectionState::Active => {}
            // The clock brings the order back; a message that also came back would be one more at every look.
            ConnectionState::Refused | ConnectionState::Paused => return Ok(Step::Done),
            // Nobody is left to tell; the parcel goes its way all the same.
            ConnectionState::Disconnected => continue,
        }
        let last = completes(&order.lines, &shipments, index);
        match one(env, &account, &order, &mut shipments[index], (index, last), now).await? {
            Told::Done => taken |= matches!(shipments[index].write_back, WriteBack::Taken { .. }),
            Told::Refused(code) => refused = Some(code),
            Told::Stop(step) => return Ok(step),
        }
    }
    if confirming {
        return confirmed(env, order, refused, taken, now).await;
    }
    if let Some(detail) = refused {
        order.raise(Reason::WriteBackRefused, Some(detail), now);
    }
    if order.instructions.void.take().is_some() {
        order.raise(Reason::VoidRefused, Some("told_meanwhile".to_owned()), now);
    }
    order.status = Status::Dispatched;
    order.milestones.shipped = Some(now);
    // Until its goods are taken off the shelves the clock looks soon; whoever does that sets the first look.
    order.due_at = Some(after(now, if order.holds_stock() { SWEEP_AFTER } else { FIRST_LOOK }));
    // The timer first: a crash after it leaves an order that is told again, never one that is kept too long.
    env.db.reschedule(id, order.milestones.purge_at(account.merchant.retention), now).await?;
    env.db.save_order(&mut order).await?;
    tracing::info!(order = %id, "the channel knows");
    env.queues.send(Queue::Allocate, &[Work::Order { order: id.clone(), at: now }], 0).await?;
    if taken {
        let work = Work::Order { order: id.clone(), at: now };
        env.queues.send(Queue::Notify, &[work], LOOK_AGAIN).await?;
    }
    Ok(Step::Done)
}

/// Whether the order has all it is to get once this shipment is told: no other is untold, and nothing is owed.
fn completes(lines: &[Line], shipments: &[Shipment], index: usize) -> bool {
    let others = shipments.iter().enumerate().filter(|(n, _)| *n != index);
    lines.iter().all(|line| line.owed() == 0) && others.map(|(_, s)| s).all(|s| s.is_void() || is_told(s))
}

fn is_told(shipment: &Shipment) -> bool {
    matches!(shipment.write_back, WriteBack::Applied { .. } | WriteBack::Taken { .. })
}

/// The end of a later look at what the channel took.
async fn confirmed(
    env: &Env,
    mut order: Order,
    refused: Option<String>,
    taken: bool,
    now: Timestamp,
) -> Result<Step, Failure> {
    if let Some(detail) = refused
        && order.exceptions.iter().all(|e| e.reason != Reason::WriteBackRefused)
    {
        order.raise(Reason::WriteBackRefused, Some(detail), now);
        env.db.save_order(&mut order).await?;
    }
    Ok(if taken { Step::Again { seconds: LOOK_AGAIN } } else { Step::Done })
}

/// Tells the channel about one shipment.
async fn one(
    env: &Env,
    account: &Arc<Account>,
    order: &Order,
    shipment: &mut Shipment,
    (index, completes): (usize, bool),
    now: Timestamp,
) -> Result<Told, Failure> {
    let Some(sent) = sent(account, order, shipment, index, completes, now) else { return Ok(Told::Done) };
    let before = shipment.write_back.clone();
    if !matches!(before, WriteBack::Taken { .. }) {
        shipment.write_back = WriteBack::Claimed { at: now };
        env.db.save_shipment(shipment).await?;
    }
    match tell(env, account, sent, now).await {
        Ok(outcome) => {
            let refused = settle(shipment, &before, outcome, now);
            env.db.save_shipment(shipment).await?;
            Ok(refused.map_or(Told::Done, Told::Refused))
        }
        Err(NotDone::Store(error)) => Err(error.into()),
        Err(NotDone::Told(told)) => match told.advice {
            // The account or its right to this is refused; the clock brings the order back until it is not.
            Advice::AskPerson(Reason::ConnectionRefused) => Ok(Told::Stop(Step::Done)),
            Advice::AskPerson(_) => {
                shipment.write_back = WriteBack::Refused;
                env.db.save_shipment(shipment).await?;
                Ok(Told::Refused(told.text))
            }
            // Answered or not even asked, and nothing was done: the next attempt need not wait for our lease.
            Advice::Wait { .. } => {
                shipment.write_back = before;
                env.db.save_shipment(shipment).await?;
                told.step().map(Told::Stop)
            }
            Advice::Retry | Advice::GiveUp => told.step().map(Told::Stop),
        },
    }
}

/// What an answer means to the shipment; a refusal's code for its order.
fn settle(shipment: &mut Shipment, before: &WriteBack, outcome: Outcome, now: Timestamp) -> Option<String> {
    shipment.write_back = match (outcome, before) {
        (Outcome::Applied, _) => WriteBack::Applied { at: now },
        (Outcome::Pending, WriteBack::Taken { at }) if now >= after(*at, SHOWN_BY) => WriteBack::Refused,
        (Outcome::Pending, WriteBack::Taken { at }) => WriteBack::Taken { at: *at },
        (Outcome::Pending, _) => WriteBack::Taken { at: now },
        (Outcome::Unsupported, _) => WriteBack::Unsupported,
        (Outcome::NotPossible(_), _) => WriteBack::Refused,
    };
    match outcome {
        Outcome::NotPossible(why) => Some(why.to_owned()),
        Outcome::Unsupported => Some("unsupported".to_owned()),
        _ if shipment.write_back == WriteBack::Refused => Some("taken_and_never_shown".to_owned()),
        _ => None,
    }
}

/// Pieces of a line that are in the parcel: what was missing from the shelf is not, whatever the label says.
fn packed(line: &Line, warehouse: &WarehouseId, labelled: u32) -> u32 {
    let here = line.allocations.iter().filter(|a| a.warehouse == *warehouse);
    here.map(|a| a.quantity).sum::<u32>().min(labelled)
}

/// The parcel as the channel may know it; `None` when there is nothing to tell it.
fn sent(
    account: &Account,
    order: &Order,
    shipment: &Shipment,
    index: usize,
    completes: bool,
    now: Timestamp,
) -> Option<Sent> {
    let line = |(id, labelled): &(LineId, u32)| {
        let line = order.lines.iter().find(|l| l.id == *id)?;
        let packed = packed(line, &shipment.warehouse, *labelled);
        Some((line.channel_line.clone()?, packed)).filter(|_| packed > 0)
    };
    let lines: Vec<_> = shipment.lines.iter().filter_map(line).collect();
    if lines.is_empty() {
        return None;
    }
    Some(Sent {
        channel_id: order.channel_ref.as_ref()?.id.clone(),
        lines,
        order_lines: order.lines.len(),
        completes,
        parcel: u32::try_from(index + 1).unwrap_or(u32::MAX),
        carrier: shipment.service.carrier,
        tracking: shipment.tracking()?.to_owned(),
        at: shipment.labelled_at.unwrap_or(now),
        source: account.connection.places.get(&shipment.warehouse).cloned(),
    })
}

async fn tell(env: &Env, account: &Arc<Account>, sent: Sent, now: Timestamp) -> Result<Outcome, NotDone> {
    let open = env.channels.open(account, now).await?;
    let talk = open.channel.write_back(sent);
    env.channels.tell(&open, Operation::WriteBack, talk, now).await
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use waybill_domain::ShipmentId;
    use waybill_domain::order::Allocation;
    use waybill_domain::service::{Carrier, ServiceChoice};
    use waybill_domain::shipment::{Booking, Transit};

    fn five(north: &WarehouseId, south: &WarehouseId) -> Line {
        Line {
            id: "lin_1".parse().unwrap(),
            channel_line: Some("1".into()),
            sku: Some("TEE-RED".into()),
            quantity: 5,
            ships: true,
            grams: 200,
            price: Default::default(),
            allocations: vec![
                Allocation { warehouse: north.clone(), quantity: 3 },
                Allocation { warehouse: south.clone(), quantity: 2 },
            ],
            parts: vec![],
            sent: 0,
        }
    }

    #[test]
    fn a_parcel_does_not_complete_an_order_of_which_something_is_owed() {
        let mut line = five(&"wh_north".parse().unwrap(), &"wh_south".parse().unwrap());
        assert!(completes(std::slice::from_ref(&line), &[], 0));
        line.allocations.pop();
        assert!(!completes(std::slice::from_ref(&line), &[], 0));
        // Neither a download nor what was refunded is waited for.
        assert!(completes(&[Line { ships: false, ..line.clone() }, Line { quantity: 3, ..line }], &[], 0));
    }

    fn shipment(n: usize, booking: Booking) -> Shipment {
        let order = "ord_1".parse().unwrap();
        Shipment {
            id: ShipmentId::of(&order, n),
            order,
            merchant: "mer_1".parse().unwrap(),
            warehouse: "wh_north".parse().unwrap(),
            carrier: "con_1".parse().unwrap(),
            service: ServiceChoice {
                carrier: Carrier::RoyalMail,
                code: "TPS48".into(),
                format: "parcel".into(),
                notify: None,
            },
            lines: Vec::new(),
            grams: 1,
            weights: Vec::new(),
            parcels: 1,
            reference: "WB-1".into(),
            booking,
            write_back: WriteBack::Pending,
            transit: Transit::Pending,
            disclosed: Vec::new(),
            label_format: Default::default(),
            labelled_at: None,
            papers: Vec::new(),
            delivered_at: None,
            seen_at: None,
            rev: 1,
        }
    }

    #[test]
    fn a_label_that_was_undone_before_it_was_told_is_not_waited_for() {
        let line = five(&"wh_north".parse().unwrap(), &"wh_south".parse().unwrap());
        let labelled = |n| {
            let booking =
                Booking::Labelled { carrier_order: "1".into(), tracking: "T".into(), others: vec![] };
            shipment(n, booking)
        };
        let completes = |first| completes(std::slice::from_ref(&line), &[first, labelled(2)], 1);
        assert!(completes(shipment(1, Booking::Voided)));
        assert!(!completes(labelled(1)));
    }

    #[test]
    fn a_shop_is_told_what_is_in_the_parcel() {
        let (north, south) = ("wh_north".parse().unwrap(), "wh_south".parse().unwrap());
        let mut line = five(&north, &south);
        assert_eq!((packed(&line, &north, 3), packed(&line, &south, 2)), (3, 2));
        // Two of the north's three were not there.
        line.allocations[0].quantity = 1;
        assert_eq!(packed(&line, &north, 3), 1);
        line.allocations.remove(0);
        assert_eq!((packed(&line, &north, 3), packed(&line, &south, 2)), (0, 2));
    }
}
