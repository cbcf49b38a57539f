//! What the merchant's own people say of an order: cancel it, hold it, void its label, send it whole, a note. What they
//! said stands, whatever the channel tells of the order later.

use crate::exception::Reason;
use crate::id::ShipmentId;
use crate::intake::SWEEP_AFTER;
use crate::order::{Hold, Order, Status};
use crate::shipment::{Shipment, Voiding};
use crate::time::after;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The most characters of a note.
const LONGEST_NOTE: usize = 280;
/// As many digits in a row are a telephone number; a date has eight.
const PHONE_DIGITS: usize = 9;

/// What was said of one order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instructions {
    /// Cancelled here, whatever the channel says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancelled: bool,
    /// Nothing of it is sent until it is released.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub held: bool,
    /// It leaves whole, or not at all, whatever the policy says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ship_complete: bool,
    /// For colleagues; names no one, and is forgotten with the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The shipment whose label is to be undone, until it is or the carrier refuses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void: Option<ShipmentId>,
}

impl Instructions {
    /// Nothing was said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Why it cannot be done to the order as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooLate {
    /// Its parcel has left.
    #[error("the parcel has left")]
    Left,
    /// A label is made or being made.
    #[error("a label is made or being made")]
    AtCarrier,
    /// It was cancelled.
    #[error("the order was cancelled")]
    Cancelled,
    /// It is not held by its people.
    #[error("the order is not held by the merchant")]
    NotHeld,
}

/// Why a label is not undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotVoided {
    /// There is no label, or the order is being worked on.
    #[error("there is no label to undo now")]
    NoLabel,
    /// The carrier has the parcel, or it went out with a manifest, or it left in an earlier round.
    #[error("the parcel was handed over")]
    HandedOver,
    /// The carrier undoes no label.
    #[error("the carrier undoes no label")]
    NotOffered,
    /// The order leaves in several shipments: which goods would go again, could not be said.
    #[error("the order leaves in several shipments")]
    InParts,
}

/// Has the label of an order's only shipment undone, whether or not the channel was told of it. Done already, or asked
/// for, is fine.
///
/// # Errors
/// Why it cannot be.
pub fn void(
    order: &mut Order,
    shipment: &Shipment,
    voiding: Voiding,
    now: Timestamp,
) -> Result<(), NotVoided> {
    if shipment.is_void() {
        return Ok(());
    }
    match voiding {
        Voiding::Open => {}
        Voiding::Nothing => return Err(NotVoided::NoLabel),
        Voiding::NotOffered => return Err(NotVoided::NotOffered),
        Voiding::ClosedByManifest | Voiding::ClosedByScan => return Err(NotVoided::HandedOver),
    }
    if !shipment.has_label() || !matches!(order.status, Status::Booked | Status::Dispatched) {
        return Err(NotVoided::NoLabel);
    }
    if is_leaving(order, shipment) {
        return Err(NotVoided::NoLabel);
    }
    if order.shipments > 1 {
        return Err(NotVoided::InParts);
    }
    if shipment.id != ShipmentId::of(&order.id, order.rounds as usize + 1) {
        return Err(NotVoided::HandedOver);
    }
    order.instructions.void = Some(shipment.id.clone());
    order.due_at = Some(after(now, SWEEP_AFTER));
    Ok(())
}

/// Its channel is being told of the label, or the goods of what it was told are being taken off the books. Were the label
/// undone now, nobody could say later whether its lines are sent because of it.
pub fn is_leaving(order: &Order, shipment: &Shipment) -> bool {
    match order.status {
        Status::Booked => shipment.write_back.may_be_known(),
        Status::Dispatched => order.holds_stock(),
        _ => false,
    }
}

/// The label is undone: the order waits for its people to say whether it is booked again, which takes a number of its
/// own. Its goods are where they were: promised, or taken out of stock when it was sent.
pub fn voided(order: &mut Order, now: Timestamp) {
    order.instructions.void = None;
    order.rounds += order.shipments;
    order.shipments = 0;
    order.status = Status::Held;
    order.hold = Some(Hold::Exception);
    order.due_at = None;
    order.settle(Reason::WriteBackRefused);
    order.settle(Reason::ParcelStuck);
    order.raise(Reason::LabelVoided, None, now);
}

/// Cancels: what may be at a carrier is voided, then its goods are given back. Done already is fine.
///
/// # Errors
/// `Left` once its parcel has left.
pub fn cancel(order: &mut Order, now: Timestamp) -> Result<(), TooLate> {
    if has_left(order) {
        return Err(TooLate::Left);
    }
    order.instructions.cancelled = true;
    if order.status == Status::Cancelled {
        return Ok(());
    }
    order.status = Status::Cancelled;
    order.hold = None;
    order.unpaid = None;
    order.milestones.cancelled = Some(now);
    for reason in [Reason::MissingAddress, Reason::UnmappedSku, Reason::HeldByRule] {
        order.settle(reason);
    }
    let unfinished = order.holds_stock() || at_carrier(order);
    order.due_at = unfinished.then(|| after(now, SWEEP_AFTER));
    Ok(())
}

/// Holds its fulfilment. What is promised to it stays so, and what it still lacks is looked for; an order that waits for something else already is held when
/// that has ended.
///
/// # Errors
/// When a label may exist, or there is nothing left to hold.
pub fn hold(order: &mut Order) -> Result<(), TooLate> {
    if has_left(order) {
        return Err(TooLate::Left);
    }
    if order.status == Status::Cancelled {
        return Err(TooLate::Cancelled);
    }
    if order.status == Status::Booked || at_carrier(order) {
        return Err(TooLate::AtCarrier);
    }
    order.instructions.held = true;
    if order.status != Status::Held {
        order.status = Status::Held;
        order.hold = Some(Hold::Merchant);
        if order.owed() == 0 {
            order.due_at = None;
        }
    }
    Ok(())
}

/// Lets it go on.
///
/// # Errors
/// `NotHeld` when nobody holds it.
pub fn release(order: &mut Order, now: Timestamp) -> Result<(), TooLate> {
    if !order.instructions.held {
        return Err(TooLate::NotHeld);
    }
    order.instructions.held = false;
    if order.hold == Some(Hold::Merchant) {
        order.go_on(Status::Received, after(now, SWEEP_AFTER));
    }
    Ok(())
}

/// Says how it is to leave, and what colleagues should know. A part that is about to leave waits for the rest again.
///
/// # Errors
/// `AtCarrier` when a part of it is being booked that should wait for the rest.
pub fn instruct(
    order: &mut Order,
    ship_complete: bool,
    note: Option<String>,
    now: Timestamp,
) -> Result<(), TooLate> {
    if ship_complete && order.status == Status::PartAllocated {
        if at_carrier(order) {
            return Err(TooLate::AtCarrier);
        }
        order.status = Status::Received;
        order.due_at = Some(after(now, SWEEP_AFTER));
    }
    order.instructions.ship_complete = ship_complete;
    order.instructions.note = note;
    Ok(())
}

fn has_left(order: &Order) -> bool {
    matches!(order.status, Status::Dispatched | Status::Delivered | Status::Returned)
}

fn at_carrier(order: &Order) -> bool {
    order.shipments > 0 || order.claim.is_some()
}

/// Whether a note may be kept: short, and nothing in it reads like an address of a person: no `@`, no telephone number,
/// no UK postcode. A name cannot be told from other words; people are told not to write one.
pub fn is_note(text: &str) -> bool {
    let length = text.chars().count();
    let plain = !text.chars().any(|c| c.is_control() || c == '@');
    (1..=LONGEST_NOTE).contains(&length)
        && text.trim() == text
        && plain
        && !has_phone(text)
        && !has_postcode(text)
}

/// Digits that only spaces and marks part.
fn has_phone(text: &str) -> bool {
    let mut digits = 0;
    for c in text.chars() {
        match c {
            _ if c.is_numeric() => digits += 1,
            ' ' | '-' | '.' | '(' | ')' | '/' | '+' => {}
            _ => digits = 0,
        }
        if digits >= PHONE_DIGITS {
            return true;
        }
    }
    false
}

/// `SW1A 1AA`, with or without its space.
fn has_postcode(text: &str) -> bool {
    let words: Vec<String> = text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_uppercase)
        .collect();
    let pairs = words.windows(2).map(|pair| pair.concat());
    words.iter().cloned().chain(pairs).any(|word| is_postcode(&word))
}

/// One or two letters, a digit, perhaps one more, a digit, two letters (BS 7666).
fn is_postcode(word: &str) -> bool {
    let letters = word.bytes().take_while(u8::is_ascii_alphabetic).count();
    let Some(rest) = word.as_bytes().get(letters..).filter(|_| (1..=2).contains(&letters)) else {
        return false;
    };
    match rest {
        [a, b, c, d] => a.is_ascii_digit() && is_inward(&[*b, *c, *d]),
        [a, _, b, c, d] => a.is_ascii_digit() && is_inward(&[*b, *c, *d]),
        _ => false,
    }
}

fn is_inward(three: &[u8; 3]) -> bool {
    let [digit, one, two] = three;
    digit.is_ascii_digit() && one.is_ascii_alphabetic() && two.is_ascii_alphabetic()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation::tests::order;
    use crate::order::{Allocation, Claim};
    use crate::remedy::Remedy;
    use crate::shipment::{Booking, WriteBack};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn standing(status: Status) -> Order {
        let mut order = order("BS", &[("MUG", 2)]);
        order.lines[0].allocations = vec![Allocation { warehouse: "wh_north".parse().unwrap(), quantity: 2 }];
        order.status = status;
        order
    }

    #[test]
    fn a_cancelled_order_is_looked_at_until_nothing_is_left_of_it() {
        for status in [Status::Received, Status::Allocated, Status::Booked, Status::Held] {
            let mut order = standing(status);
            cancel(&mut order, NOW).unwrap();
            assert_eq!(
                (order.status, order.milestones.cancelled),
                (Status::Cancelled, Some(NOW)),
                "{status:?}"
            );
            assert_eq!(order.due_at, Some(after(NOW, SWEEP_AFTER)));
        }
        let mut bare = standing(Status::Backordered);
        bare.lines[0].allocations.clear();
        cancel(&mut bare, NOW).unwrap();
        assert_eq!(bare.due_at, None);
        let again = bare.clone();
        cancel(&mut bare, after(NOW, SWEEP_AFTER)).unwrap();
        assert_eq!(bare, again, "a repeat moves nothing");
    }

    #[test]
    fn what_has_left_is_not_called_back() {
        for status in [Status::Dispatched, Status::Delivered, Status::Returned] {
            let mut order = standing(status);
            let before = order.clone();
            assert_eq!(cancel(&mut order, NOW), Err(TooLate::Left));
            assert_eq!(hold(&mut order), Err(TooLate::Left));
            assert_eq!(order, before);
        }
    }

    #[test]
    fn a_held_order_keeps_its_goods_and_goes_on_from_the_beginning() {
        let mut order = standing(Status::Allocated);
        hold(&mut order).unwrap();
        assert_eq!((order.status, order.hold, order.due_at), (Status::Held, Some(Hold::Merchant), None));
        assert!(order.holds_stock());
        release(&mut order, NOW).unwrap();
        assert_eq!((order.status, order.hold), (Status::Received, None));
        assert_eq!(release(&mut order, NOW), Err(TooLate::NotHeld));
    }

    #[test]
    fn an_order_that_waits_for_something_else_is_held_when_that_ends() {
        let mut order = standing(Status::Held);
        order.hold = Some(Hold::AwaitingPayment);
        hold(&mut order).unwrap();
        assert_eq!(order.hold, Some(Hold::AwaitingPayment));
        order.go_on(Status::Received, NOW);
        // What it lacks is looked for, once.
        assert_eq!((order.status, order.hold, order.due_at), (Status::Held, Some(Hold::Merchant), Some(NOW)));
    }

    #[test]
    fn what_a_carrier_may_know_is_not_held() {
        let mut claimed = standing(Status::Allocated);
        claimed.claim = Some(Claim { at: NOW, since: NOW, carriers: Default::default(), by: None });
        assert_eq!(hold(&mut claimed), Err(TooLate::AtCarrier));
        assert_eq!(hold(&mut standing(Status::Booked)), Err(TooLate::AtCarrier));
        assert_eq!(hold(&mut standing(Status::Cancelled)), Err(TooLate::Cancelled));
    }

    fn labelled(order: &Order) -> Shipment {
        let booking =
            Booking::Labelled { carrier_order: "2".into(), tracking: "T".into(), others: Vec::new() };
        crate::remedy::tests::shipment(&order.id, order.rounds as usize + 1, booking)
    }

    #[test]
    fn a_label_is_undone_while_that_is_open_whether_or_not_the_channel_knows() {
        for status in [Status::Booked, Status::Dispatched] {
            let mut order = standing(status);
            (order.shipments, order.rounds) = (1, 1);
            order.stock_settled = status == Status::Dispatched;
            let shipment = labelled(&order);
            void(&mut order, &shipment, Voiding::Open, NOW).unwrap();
            assert_eq!(order.instructions.void, Some(shipment.id.clone()));
            assert_eq!(order.due_at, Some(after(NOW, SWEEP_AFTER)));
            let asked = order.clone();
            void(&mut order, &shipment, Voiding::Open, NOW).unwrap();
            assert_eq!(order, asked, "a repeat moves nothing");
            voided(&mut order, NOW);
            assert_eq!((order.status, order.hold), (Status::Held, Some(Hold::Exception)));
            assert_eq!((order.shipments, order.rounds, order.due_at), (0, 2, None));
            assert_eq!(order.exceptions[0].reason, Reason::LabelVoided);
            let next = &crate::booking::plan(&order)[0];
            assert_eq!(next.id, ShipmentId::of(&order.id, 3), "booked again it has a number of its own");
            crate::remedy::settle(&mut order, &mut [], Reason::LabelVoided, Remedy::Retry, NOW).unwrap();
            assert_eq!((order.status, order.due_at), (Status::Allocated, Some(NOW)));
        }
    }

    #[test]
    fn what_cannot_be_undone_says_why() {
        let mut order = standing(Status::Dispatched);
        order.stock_settled = true;
        let open = Voiding::Open;
        let refused = |change: &dyn Fn(&mut Order, &mut Shipment), voiding| {
            let (mut order, mut shipment) = (order.clone(), labelled(&order));
            order.shipments = 1;
            change(&mut order, &mut shipment);
            let before = order.clone();
            let why = void(&mut order, &shipment, voiding, NOW).unwrap_err();
            assert_eq!(order, before);
            why
        };
        let as_it_is = |_: &mut Order, _: &mut Shipment| {};
        assert_eq!(refused(&as_it_is, Voiding::Nothing), NotVoided::NoLabel);
        assert_eq!(
            refused(&|order, _| order.stock_settled = false, open),
            NotVoided::NoLabel,
            "goods under way"
        );
        let telling = |order: &mut Order, shipment: &mut Shipment| {
            order.status = Status::Booked;
            shipment.write_back = WriteBack::Claimed { at: NOW };
        };
        assert_eq!(refused(&telling, open), NotVoided::NoLabel, "the shop may hear of it");
        let told = |order: &mut Order, shipment: &mut Shipment| {
            order.status = Status::Booked;
            shipment.write_back = WriteBack::Applied { at: NOW };
        };
        assert_eq!(
            refused(&told, open),
            NotVoided::NoLabel,
            "the shop has heard, and the order does not say so yet"
        );
        assert_eq!(refused(&as_it_is, Voiding::NotOffered), NotVoided::NotOffered);
        assert_eq!(refused(&as_it_is, Voiding::ClosedByScan), NotVoided::HandedOver);
        assert_eq!(refused(&as_it_is, Voiding::ClosedByManifest), NotVoided::HandedOver);
        assert_eq!(refused(&|order, _| order.shipments = 2, open), NotVoided::InParts);
        assert_eq!(refused(&|order, _| order.rounds = 1, open), NotVoided::HandedOver);
        for status in [Status::Allocated, Status::Held, Status::Cancelled, Status::Delivered] {
            assert_eq!(refused(&|order, _| order.status = status, open), NotVoided::NoLabel, "{status:?}");
        }
    }

    #[test]
    fn a_part_that_should_wait_for_the_rest_does_unless_it_is_being_booked() {
        let mut part = standing(Status::PartAllocated);
        instruct(&mut part, true, None, NOW).unwrap();
        assert_eq!((part.status, part.instructions.ship_complete), (Status::Received, true));
        let mut claimed = standing(Status::PartAllocated);
        claimed.shipments = 1;
        assert_eq!(instruct(&mut claimed, true, None, NOW), Err(TooLate::AtCarrier));
        instruct(&mut claimed, false, Some("Fragile".into()), NOW).unwrap();
        assert_eq!(claimed.instructions.note.as_deref(), Some("Fragile"));
    }

    #[test]
    fn a_note_says_what_to_do_and_never_where_or_how_to_reach_someone() {
        for kept in
            ["Fragile: double box", "Leave until 2026-12-24", "2 of 3 mugs, order 10482", "Ü: größere Kiste"]
        {
            assert!(is_note(kept), "{kept}");
        }
        for refused in [
            "",
            " padded",
            "two\nlines",
            "zoe@example.invalid",
            "ring 07700 900001",
            "ring +44 7700-900.001",
            "to BS1 4DJ please",
            "to sw1a1aa",
            "EC1A 1BB",
            &"x".repeat(281),
        ] {
            assert!(!is_note(refused), "{refused}");
        }
    }
}
