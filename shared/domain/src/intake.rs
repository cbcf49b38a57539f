//! What a channel says about an order, and what that does to the order we hold.

use crate::exception::Reason;
use crate::id::{ConnectionId, LineId, MerchantId, OrderId};
use crate::money::Money;
use crate::order::{Channel, ChannelRef, Destination, Hold, Line, Order, PersonalData, Status, Unpaid};
use crate::remedy::go_on;
use crate::retention::Milestones;
use crate::time::after;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

/// After this long without progress the clock takes an order up again (DESIGN section 3: within 5 minutes,
/// the clock's own minute included).
pub const SWEEP_AFTER: SignedDuration = SignedDuration::from_mins(4);

/// How long an unpaid order keeps its goods unless the merchant says otherwise.
pub const UNPAID: SignedDuration = SignedDuration::from_hours(72);

/// How the goods reach the buyer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// By carrier, to an address.
    Ship,
    /// The buyer collects.
    Pickup,
}

/// Whether the channel wants the order to be worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Readiness {
    /// Send it.
    #[default]
    Ready,
    /// Not paid yet: keep the goods, send nothing.
    AwaitingPayment,
    /// Put on hold at the channel.
    OnHold,
}

/// One line as the channel tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncomingLine {
    /// The channel's key for the line.
    pub channel_line: String,
    /// The SKU the channel names.
    pub sku: Option<String>,
    /// Pieces after edits and refunds.
    pub quantity: u32,
    /// Of these, pieces the channel shows as sent already.
    pub sent: u32,
    /// False for downloads, gift cards and services.
    pub ships: bool,
    /// Weight of one piece in grams; 0 when unknown.
    pub grams: u32,
    /// Price of one piece.
    pub price: Decimal,
}

/// An order as the channel tells it, normalised, with nothing that names a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// Which channel.
    pub channel: Channel,
    /// The channel's key and name for it.
    pub channel_ref: ChannelRef,
    /// The channel's time of this version.
    pub version: Timestamp,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When it was cancelled, if it was.
    pub cancelled_at: Option<Timestamp>,
    /// When all of it had reached the buyer, at the latest, where the channel shows that.
    pub arrived_at: Option<Timestamp>,
    /// A test order of the channel: kept, never shipped.
    pub test: bool,
    /// Whether it may be worked on.
    pub readiness: Readiness,
    /// How it reaches the buyer.
    pub delivery: Delivery,
    /// Where it goes; `None` when the channel gave no address.
    pub destination: Option<Destination>,
    /// Its lines.
    pub lines: Vec<IncomingLine>,
    /// What the buyer paid.
    pub total: Money,
}

/// Who an incoming order is for us: what the caller computed under the merchant's index key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Our id of the order.
    pub order: OrderId,
    /// Whose.
    pub merchant: MerchantId,
    /// Through which account.
    pub connection: ConnectionId,
    /// Our ids of the lines, in the order of [`Incoming::lines`].
    pub lines: Vec<LineId>,
    /// Keyed digest of the content, recipient included.
    pub digest: String,
}

/// What to do with an incoming order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// First sight: store it.
    Create(Box<Order>),
    /// A newer version: store it in place of the old.
    Update(Box<Order>),
    /// We hold this or a newer version.
    Ignore,
    /// Same time, other content: the channel must be asked what is true.
    Reread,
    /// It was erased: nothing of it may be stored again.
    Erased,
}

/// Decides about an incoming order. `fresh` says that it was just read from the channel, which settles
/// the case of equal times.
pub fn decide(
    held: Option<&Order>,
    incoming: &Incoming,
    who: &Identity,
    fresh: bool,
    now: Timestamp,
) -> Decision {
    let Some(held) = held else { return Decision::Create(Box::new(create(incoming, who, now))) };
    if held.personal == PersonalData::Erased {
        return Decision::Erased;
    }
    if incoming.version < held.version || (incoming.version == held.version && who.digest == held.digest) {
        return Decision::Ignore;
    }
    if !fresh && (incoming.version == held.version || lifts(held, incoming)) {
        return Decision::Reread;
    }
    Decision::Update(Box::new(update(held, incoming, who, now)))
}

/// The channel held it and does not say so here. A delivery may not tell of holds at all (Shopify's webhooks do
/// not), so only the order itself, read from the channel, ends one.
fn lifts(held: &Order, incoming: &Incoming) -> bool {
    held.exceptions.iter().any(|open| open.reason == Reason::HeldByChannel)
        && incoming.readiness != Readiness::OnHold
}

fn create(incoming: &Incoming, who: &Identity, now: Timestamp) -> Order {
    let lines = lines(incoming, who);
    let mut order = Order {
        id: who.order.clone(),
        merchant: who.merchant.clone(),
        connection: who.connection.clone(),
        channel: incoming.channel,
        channel_ref: Some(incoming.channel_ref.clone()),
        version: incoming.version,
        digest: who.digest.clone(),
        rev: 1,
        status: Status::Received,
        hold: None,
        placed_at: incoming.placed_at,
        milestones: Milestones::received(now),
        destination: incoming.destination.clone(),
        lines,
        total: incoming.total.clone(),
        wish: None,
        shipments: 0,
        claim: None,
        stock_settled: false,
        exceptions: Vec::new(),
        picked: Vec::new(),
        bench: Default::default(),
        gone: Vec::new(),
        unpaid: None,
        let_go: false,
        instructions: Default::default(),
        rounds: 0,
        passed: Vec::new(),
        personal: PersonalData::Live,
        due_at: None,
    };
    stand(&mut order, incoming, now);
    order
}

/// A signed delivery that could not be read, as a held order that tells the merchant so.
pub fn unreadable(channel: Channel, who: &Identity, detail: String, now: Timestamp) -> Order {
    let mut order = Order {
        id: who.order.clone(),
        merchant: who.merchant.clone(),
        connection: who.connection.clone(),
        channel,
        channel_ref: None,
        version: now,
        digest: who.digest.clone(),
        rev: 1,
        status: Status::Held,
        hold: Some(Hold::Exception),
        placed_at: now,
        milestones: Milestones { nothing_to_ship: true, ..Milestones::received(now) },
        destination: None,
        lines: Vec::new(),
        total: Money { amount: Decimal::ZERO, currency: String::new() },
        wish: None,
        shipments: 0,
        claim: None,
        stock_settled: false,
        exceptions: Vec::new(),
        picked: Vec::new(),
        bench: Default::default(),
        gone: Vec::new(),
        unpaid: None,
        let_go: false,
        instructions: Default::default(),
        rounds: 0,
        passed: Vec::new(),
        personal: PersonalData::Live,
        due_at: None,
    };
    order.raise(Reason::Unreadable, Some(detail), now);
    order
}

/// The channel has the order no more. One that is not booked is cancelled; of one that is a person decides, for the
/// parcel may be on its way out. False when nothing changes.
pub fn gone(order: &mut Order, now: Timestamp) -> bool {
    let over =
        matches!(order.status, Status::Cancelled | Status::Dispatched | Status::Delivered | Status::Returned);
    if over || order.personal == PersonalData::Erased {
        return false;
    }
    if order.shipments > 0 || order.claim.is_some() {
        let known = order.exceptions.iter().any(|open| open.reason == Reason::ChangedAfterBooking);
        order.raise(Reason::ChangedAfterBooking, Some("gone_at_channel".to_owned()), now);
        return !known;
    }
    order.status = Status::Cancelled;
    order.hold = None;
    order.unpaid = None;
    order.exceptions.clear();
    order.milestones.cancelled = Some(now);
    order.due_at = order.holds_stock().then(|| after(now, SWEEP_AFTER));
    true
}

fn update(held: &Order, incoming: &Incoming, who: &Identity, now: Timestamp) -> Order {
    let mut order = held.clone();
    order.rev += 1;
    order.version = incoming.version;
    order.digest.clone_from(&who.digest);
    order.channel_ref = Some(incoming.channel_ref.clone());
    let was_due = order.due_at;
    if is_collected(held, incoming) {
        collect(&mut order, now);
        return order;
    }
    // Amazon tells no address of an order that left: not told is not changed.
    let mut changed = incoming.destination.is_some() && order.destination != incoming.destination;
    let gone = matches!(held.status, Status::Dispatched | Status::Delivered | Status::Returned);
    let cancelled = held.status == Status::Cancelled;
    let planned = (held.shipments > 0 || held.claim.is_some() || held.goods_are_out()) && !cancelled;
    if gone && order.milestones.delivered.is_none() {
        // A carrier that does not say so itself is not waited for: the days of the buyer's data are counted from here.
        order.milestones.delivered = incoming.arrived_at;
    }
    if planned || gone {
        // The label carries what was true when it was made: the order keeps its lines, a person compares.
        changed |= wanted(incoming, who) != pieces(&held.lines);
        if incoming.cancelled_at.is_some() && gone {
            order.raise(Reason::CancelledAfterDispatch, None, now);
            return order;
        }
        if incoming.cancelled_at.is_none() {
            if changed {
                order.raise(Reason::ChangedAfterBooking, None, now);
            }
            order.due_at = was_due;
            if incoming.readiness == Readiness::OnHold && !gone {
                order.raise(Reason::HeldByChannel, None, now);
            } else if order.exceptions.iter().any(|open| open.reason == Reason::HeldByChannel) {
                order.settle(Reason::HeldByChannel);
                if order.hold == Some(Hold::Exception) {
                    // It may have been all that still held it.
                    go_on(&mut order, now);
                }
            }
            return order;
        }
    } else {
        let mut fresh = lines_after(incoming, who, &held.lines);
        // What left the books for one that was cancelled since is not its any more: it comes back as a return.
        let mut ours = held.lines.clone();
        if held.goods_are_out() {
            ours.iter_mut().for_each(|line| line.allocations.clear());
        }
        for line in &ours {
            match fresh.iter_mut().find(|l| l.id == line.id) {
                Some(same) => carry_over(line, same),
                // A line that vanished keeps what is reserved for it until the allocator gives it back, and what
                // has left.
                None if !line.allocations.is_empty() || line.sent > 0 => {
                    fresh.push(Line { quantity: 0, ..line.clone() });
                }
                None => {}
            }
        }
        if takes_back(&fresh, incoming, who) {
            order.raise(Reason::ChangedAfterBooking, None, now);
        }
        order.lines = fresh;
        // One that was cancelled and is wanted again holds goods again.
        order.stock_settled = false;
        order.destination.clone_from(&incoming.destination);
        order.total = incoming.total.clone();
    }
    stand(&mut order, incoming, now);
    order
}

/// The channel shows that the buyer has collected everything.
fn is_collected(held: &Order, incoming: &Incoming) -> bool {
    let mut wanted = incoming.lines.iter().filter(|line| line.ships && line.quantity > 0).peekable();
    held.status == Status::Held
        && held.hold == Some(Hold::Pickup)
        && incoming.cancelled_at.is_none()
        && wanted.peek().is_some()
        && wanted.all(|line| line.sent >= line.quantity)
}

/// The goods have left with the buyer: what is kept for the order goes out of stock, and its days are counted from now.
/// One that nobody collects ends as one that nobody sends: its goods are given back when it is forgotten.
fn collect(order: &mut Order, now: Timestamp) {
    order.status = Status::Delivered;
    order.hold = None;
    order.milestones.shipped = Some(now);
    order.milestones.delivered = Some(now);
    order.due_at = order.holds_stock().then(|| after(now, SWEEP_AFTER));
}

/// What we hold of a line goes on: what is reserved, of what, and what has left already. The channel counts that as
/// sent only once it has been told, so the larger of the two figures is right.
fn carry_over(held: &Line, fresh: &mut Line) {
    fresh.allocations.clone_from(&held.allocations);
    fresh.parts.clone_from(&held.parts);
    if held.sku != fresh.sku && !held.allocations.is_empty() {
        // Another article now: what is reserved is still of the old one until the allocator changes it.
        fresh.parts = held.takes();
    }
    fresh.sent = held.sent;
}

/// The channel wants fewer pieces of a line by now than have left in an earlier round: a person compares.
fn takes_back(lines: &[Line], incoming: &Incoming, who: &Identity) -> bool {
    let wanted = wanted(incoming, who);
    let told = |id: &LineId| wanted.iter().find(|(one, _)| *one == id).map_or(0, |(_, pieces)| *pieces);
    lines.iter().any(|line| line.sent > told(&line.id))
}

/// Sets status, hold, exceptions and the next look from what the channel says now.
fn stand(order: &mut Order, incoming: &Incoming, now: Timestamp) {
    order.hold = None;
    if incoming.readiness != Readiness::AwaitingPayment {
        order.unpaid = None;
    }
    for reason in [Reason::MissingAddress, Reason::UnmappedSku, Reason::HeldByRule, Reason::HeldByChannel] {
        order.settle(reason);
    }
    order.milestones.nothing_to_ship = order.pieces_to_ship() == 0;
    // What its own people cancelled stays so, whatever the channel says.
    let cancelled = incoming.cancelled_at.is_some() || order.instructions.cancelled;
    order.milestones.cancelled = cancelled.then(|| order.milestones.cancelled.unwrap_or(now));
    order.due_at = Some(after(now, SWEEP_AFTER));
    let hold = |order: &mut Order, why: Hold| {
        order.status = Status::Held;
        order.hold = Some(why);
        // What it wants is reserved like any other order's, or given back.
        if !order.keeps_goods() && !order.holds_stock() {
            order.due_at = None;
        }
    };
    if cancelled {
        order.status = Status::Cancelled;
        if !order.holds_stock() && order.shipments == 0 && order.claim.is_none() {
            order.due_at = None;
        }
    } else if incoming.test {
        hold(order, Hold::TestOrder);
    } else if order.milestones.nothing_to_ship {
        hold(order, Hold::NothingToShip);
    } else if incoming.delivery == Delivery::Pickup {
        hold(order, Hold::Pickup);
    } else if incoming.readiness == Readiness::AwaitingPayment {
        let until = order.unpaid.map_or_else(|| after(now, UNPAID), |unpaid| unpaid.until);
        order.unpaid = Some(Unpaid { until, lapsed: now >= until && !order.holds_stock() });
        hold(order, Hold::AwaitingPayment);
    } else if incoming.readiness == Readiness::OnHold {
        order.raise(Reason::HeldByChannel, None, now);
        hold(order, Hold::Channel);
    } else if incoming.destination.is_none() {
        order.raise(Reason::MissingAddress, None, now);
        hold(order, Hold::Exception);
    } else if order.exceptions.iter().any(|open| open.reason == Reason::LabelVoided) {
        // Whether it is booked again its people say, not the shop.
        order.status = Status::Held;
        order.hold = Some(Hold::Exception);
        order.due_at = None;
    } else {
        order.go_on(Status::Received, after(now, SWEEP_AFTER));
    }
}

/// The lines of an order we know. What we sent ourselves in an earlier round is not to be sent again, whether or not
/// the channel shows it yet.
fn lines_after(incoming: &Incoming, who: &Identity, held: &[Line]) -> Vec<Line> {
    let mut lines = lines(incoming, who);
    for (line, told) in lines.iter_mut().zip(&incoming.lines) {
        let ours = held.iter().find(|one| one.id == line.id).map_or(0, |one| one.sent);
        line.quantity = told.quantity.saturating_sub(told.sent.max(ours));
    }
    lines
}

fn lines(incoming: &Incoming, who: &Identity) -> Vec<Line> {
    incoming
        .lines
        .iter()
        .zip(&who.lines)
        .map(|(line, id)| Line {
            id: id.clone(),
            channel_line: Some(line.channel_line.clone()),
            sku: line.sku.clone(),
            // What somebody else sent is not ours to send.
            quantity: line.quantity.saturating_sub(line.sent),
            ships: line.ships,
            grams: line.grams,
            price: line.price,
            allocations: Vec::new(),
            parts: Vec::new(),
            sent: 0,
        })
        .collect()
}

/// What the channel wants sent in all, by whomever: after our own parcels it shows them as sent.
fn wanted<'a>(incoming: &Incoming, who: &'a Identity) -> Vec<(&'a LineId, u32)> {
    let lines = incoming.lines.iter().zip(&who.lines);
    let mut all: Vec<_> = lines.filter(|(l, _)| l.quantity > 0).map(|(l, id)| (id, l.quantity)).collect();
    all.sort();
    all
}

fn pieces(lines: &[Line]) -> Vec<(&LineId, u32)> {
    let mut all: Vec<_> = lines.iter().filter(|l| l.quantity > 0).map(|l| (&l.id, l.quantity)).collect();
    all.sort();
    all
}

#[cfg(test)]
mod tests;
