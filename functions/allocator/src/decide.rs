//! What one order gets, and what happens to one whose goods have left: pure, so that it can be tested by itself.

use jiff::{SignedDuration, Timestamp};
use waybill_domain::allocation::{
    Available, Changes, Ground, Stopped, allocate, apply, held, release, set_aside,
};
use waybill_domain::exception::Reason;
use waybill_domain::intake::{SWEEP_AFTER, UNPAID};
use waybill_domain::order::{Hold, Order, PersonalData, Status, Unpaid};
use waybill_domain::packing::{self, Bench};
use waybill_domain::time::after;

/// How long a backorder waits before it is tried again by itself; arriving stock tries it at once.
pub const BACKORDER_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// Decides one order; takes what it gets out of `free`.
pub fn promise(ground: &Ground<'_>, order: Order, free: &mut Available, now: Timestamp) -> (Order, Changes) {
    let (mut order, changes) = settle(ground, order, free, now);
    packing::open_again(&mut order);
    let served = matches!(order.status, Status::Allocated | Status::PartAllocated);
    if served && packing::waits(&order) {
        // The packing bench moves it on, and nobody else.
        order.due_at = None;
    }
    (order, changes)
}

fn settle(ground: &Ground<'_>, mut order: Order, free: &mut Available, now: Timestamp) -> (Order, Changes) {
    let nothing_to_keep = matches!(order.hold, Some(Hold::NothingToShip | Hold::TestOrder));
    if order.status == Status::Cancelled || (order.status == Status::Held && nothing_to_keep) {
        return give_up(order, free);
    }
    if order.hold == Some(Hold::AwaitingPayment) {
        return reserve_unpaid(ground, order, free, now);
    }
    if order.waits_for_channel() {
        return keep(ground, order, free, now);
    }
    let decided = allocate(&order, ground, free);
    order.lines = decided.lines;
    order.status = decided.status;
    if order.status == Status::Backordered {
        set_aside(&order, ground, free);
    }
    order.due_at = match decided.status {
        Status::Backordered => Some(after(now, BACKORDER_EVERY)),
        Status::Held => next_look(&order, now),
        // The look that ingest asked for still stands; moving it would cost two index writes.
        _ => Some(order.due_at.unwrap_or_else(|| after(now, SWEEP_AFTER))),
    };
    let terms = ground.policy.terms(&order, ground.catalogue, ground.part_ship);
    order.bench.first = terms.book_when_packed;
    order.hold = decided.stopped.is_some().then_some(Hold::Exception);
    note(&mut order, decided.stopped, now);
    if let (true, Some(due)) = (order.instructions.held && order.hold.is_none(), order.due_at) {
        order.go_on(order.status, due);
        order.due_at = next_look(&order, now);
    }
    (order, decided.changes)
}

/// Keeps what is there for an order that stands still, for as long as it does (decision 029).
fn keep(ground: &Ground<'_>, mut order: Order, free: &mut Available, now: Timestamp) -> (Order, Changes) {
    let decided = allocate(&order, ground, free);
    order.lines = decided.lines;
    order.due_at = next_look(&order, now);
    note(&mut order, decided.stopped, now);
    (order, decided.changes)
}

/// A held order that lacks goods is looked at as often as a backorder.
fn next_look(order: &Order, now: Timestamp) -> Option<Timestamp> {
    (order.owed() > 0).then(|| after(now, BACKORDER_EVERY))
}

/// Everything the order holds is given back.
fn give_up(mut order: Order, free: &mut Available) -> (Order, Changes) {
    let (lines, changes) = release(&order);
    order.lines = lines;
    order.stock_settled = order.status == Status::Cancelled;
    order.due_at = None;
    apply(&changes, free);
    (order, changes)
}

/// An unpaid order keeps its goods for as long as the merchant's policy says, and is never sent.
fn reserve_unpaid(
    ground: &Ground<'_>,
    mut order: Order,
    free: &mut Available,
    now: Timestamp,
) -> (Order, Changes) {
    let unpaid = order.unpaid.unwrap_or_else(|| Unpaid { until: after(now, UNPAID), lapsed: false });
    let hours = SignedDuration::from_hours(i64::from(ground.policy.unpaid_hours));
    let until = after(after(unpaid.until, -UNPAID), hours);
    if now >= until {
        order.unpaid = Some(Unpaid { lapsed: true, ..unpaid });
        return give_up(order, free);
    }
    let (mut order, changes) = keep(ground, order, free, now);
    order.due_at = Some(order.due_at.map_or(until, |look| look.min(until)));
    (order, changes)
}

/// Opens and closes the matters that only the allocator knows of.
fn note(order: &mut Order, stopped: Option<Stopped>, now: Timestamp) {
    if stopped != Some(Stopped::Unmapped) {
        order.settle(Reason::UnmappedSku);
    }
    match stopped {
        Some(Stopped::Unmapped) => order.raise(Reason::UnmappedSku, None, now),
        Some(Stopped::Rule(name)) => order.raise(Reason::HeldByRule, Some(name), now),
        None => order.settle(Reason::HeldByRule),
    }
}

/// Takes note that an order's goods have left. What was not sent yet of an order that goes out in parts waits for
/// goods again, unless a person has to look at the order first. True when there is such a rest.
pub fn leave(order: &mut Order, now: Timestamp) -> bool {
    order.stock_settled = true;
    order.picked.clear();
    order.gone.clear();
    let rest: u32 =
        order.lines.iter().filter(|l| l.ships).map(|l| l.quantity.saturating_sub(l.allocated())).sum();
    let disputed = order
        .exceptions
        .iter()
        .any(|e| matches!(e.reason, Reason::ChangedAfterBooking | Reason::CancelledAfterDispatch));
    if rest == 0 || disputed || order.status != Status::Dispatched || order.personal == PersonalData::Erased {
        return false;
    }
    for line in &mut order.lines {
        let sent = line.allocated().min(line.quantity);
        line.sent += sent;
        line.quantity -= sent;
        line.allocations.clear();
        line.parts.clear();
    }
    order.bench = Bench::default();
    order.rounds += order.shipments;
    order.shipments = 0;
    order.claim = None;
    order.stock_settled = false;
    order.status = Status::Backordered;
    order.due_at = Some(after(now, BACKORDER_EVERY));
    true
}

/// What leaves with an order, per slot.
pub fn leaving(order: &Order) -> Changes {
    held(order)
}
