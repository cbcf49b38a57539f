//! How a person ends an open matter of an order, and where the order goes on from there.

use crate::booking::plan;
use crate::exception::Reason;
use crate::order::{Hold, Line, Order, Status};
use crate::shipment::{Booking, Shipment};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a person says of an open matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// What stood in the way is mended: go on.
    Retry,
    /// The carrier holds no live label of it: there never was one, the person cancelled it there, or, where the
    /// carrier undoes none, it was destroyed and the parcel is not handed over.
    NothingAtCarrier,
    /// The person has seen to it; nothing is left to do here.
    Seen,
}

/// Why a remedy does not apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSettled {
    /// The order has no such open matter.
    #[error("this matter is not open on the order")]
    NotOpen,
    /// This matter ends in another way.
    #[error("this matter does not end so")]
    OtherWay,
}

/// How this matter of an order that stands so is ended, if by a person's word: others end by themselves or elsewhere,
/// as their advice says.
pub fn offered(reason: Reason, status: Status) -> Option<Remedy> {
    match (reason, status) {
        (
            Reason::NotAssessed
            | Reason::NoService
            | Reason::CarrierRefused
            | Reason::CreditAccountNeeded
            | Reason::CustomsIncomplete
            | Reason::LabelFailed
            | Reason::LabelVoided,
            Status::Held,
        ) => Some(Remedy::Retry),
        (Reason::UncertainBooking, Status::Held | Status::Cancelled)
        | (Reason::VoidRefused, Status::Cancelled) => Some(Remedy::NothingAtCarrier),
        (
            Reason::ShortPicked
            | Reason::ChangedAfterBooking
            | Reason::CancelledAfterDispatch
            | Reason::VoidRefused
            | Reason::WriteBackRefused
            | Reason::DeliveryFailed
            | Reason::ParcelStuck,
            _,
        ) => Some(Remedy::Seen),
        _ => None,
    }
}

/// Ends a matter: changes the order and what is kept of its shipments. What is due next is due at `now`.
///
/// # Errors
/// When the matter is not open, or does not end so.
pub fn settle(
    order: &mut Order,
    shipments: &mut [Shipment],
    reason: Reason,
    remedy: Remedy,
    now: Timestamp,
) -> Result<(), NotSettled> {
    if order.exceptions.iter().all(|open| open.reason != reason) {
        return Err(NotSettled::NotOpen);
    }
    if offered(reason, order.status) != Some(remedy) {
        return Err(NotSettled::OtherWay);
    }
    order.settle(reason);
    match (remedy, order.status) {
        // Whichever of several matters ends last lets it go on.
        (Remedy::Seen, Status::Held) if order.hold == Some(Hold::Exception) => go_on(order, now),
        (Remedy::Seen, _) => {}
        // What its channel holds besides goes on when its channel lets it.
        (Remedy::Retry, Status::Held) if !matches!(order.hold, Some(Hold::Exception | Hold::Merchant)) => {}
        (Remedy::Retry, _) => {
            go_on(order, now);
            // The shop may have changed it since it was held.
            if reason == Reason::LabelVoided && order.status != Status::Held && wants_other(order) {
                order.status = Status::Received;
            }
        }
        (Remedy::NothingAtCarrier, Status::Cancelled) => {
            order.settle(Reason::UncertainBooking);
            order.settle(Reason::VoidRefused);
            shipments.iter_mut().for_each(|shipment| shipment.booking = Booking::Voided);
            order.claim = None;
            order.shipments = 0;
            order.due_at = order.holds_stock().then_some(now);
        }
        (Remedy::NothingAtCarrier, _) => {
            forget_unlabelled(order, shipments);
            go_on(order, now);
        }
    }
    Ok(())
}

/// The next shipper begins anew with everything that has no label.
fn forget_unlabelled(order: &mut Order, shipments: &mut [Shipment]) {
    for shipment in shipments.iter_mut().filter(|s| matches!(s.booking, Booking::Created { .. })) {
        shipment.booking = Booking::Planned;
    }
    order.claim = None;
    order.shipments = 0;
}

/// What is promised to it is not what it wants by now.
fn wants_other(order: &Order) -> bool {
    let wanted = |line: &Line| if line.ships { line.quantity } else { 0 };
    !order.goods_are_out() && order.lines.iter().any(|line| line.allocated() != wanted(line))
}

/// Back on the road, once nothing else holds it.
pub(crate) fn go_on(order: &mut Order, now: Timestamp) {
    if !order.exceptions.is_empty() {
        return;
    }
    let lacks = order.lines.iter().any(|line| line.ships && line.allocated() < line.quantity);
    let status = match (plan(order).is_empty(), lacks) {
        (true, _) => Status::Received,
        (false, true) => Status::PartAllocated,
        (false, false) => Status::Allocated,
    };
    order.go_on(status, now);
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::allocation::tests::order;
    use crate::order::{Allocation, Claim};
    use crate::service::{Carrier, ServiceChoice};
    use crate::shipment::{Transit, WriteBack};
    use crate::{OrderId, ShipmentId};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    /// Held for this, with its goods promised and a claim that lapsed.
    fn held(reason: Reason) -> Order {
        let mut order = order("BS", &[("MUG", 2)]);
        order.lines[0].allocations = vec![Allocation { warehouse: "wh_north".parse().unwrap(), quantity: 2 }];
        order.status = Status::Held;
        order.hold = Some(Hold::Exception);
        order.claim = Some(Claim { at: NOW, since: NOW, carriers: Default::default(), by: None });
        order.shipments = 1;
        order.raise(reason, None, NOW);
        order
    }

    pub fn shipment(order: &OrderId, n: usize, booking: Booking) -> Shipment {
        Shipment {
            id: ShipmentId::of(order, n),
            order: order.clone(),
            merchant: "mer_1".parse().unwrap(),
            warehouse: "wh_north".parse().unwrap(),
            carrier: "con_1".parse().unwrap(),
            service: ServiceChoice {
                carrier: Carrier::Dpd,
                code: "11".into(),
                format: "parcel".into(),
                notify: None,
            },
            lines: Vec::new(),
            grams: 1,
            parcels: 1,
            weights: Vec::new(),
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

    fn created() -> Booking {
        Booking::Created { carrier_order: "1".into(), numbers: Vec::new() }
    }

    fn labelled() -> Booking {
        Booking::Labelled { carrier_order: "2".into(), tracking: "T".into(), others: Vec::new() }
    }

    #[test]
    fn what_is_mended_goes_on_and_keeps_the_trace_of_earlier_calls() {
        let mut order = held(Reason::CarrierRefused);
        settle(&mut order, &mut [], Reason::CarrierRefused, Remedy::Retry, NOW).unwrap();
        assert_eq!((order.status, order.hold, order.due_at), (Status::Allocated, None, Some(NOW)));
        assert!(order.claim.is_some() && order.exceptions.is_empty());
    }

    #[test]
    fn a_part_goes_on_as_a_part_and_an_order_without_goods_waits_for_some() {
        let mut order = held(Reason::NoService);
        order.lines[0].allocations[0].quantity = 1;
        settle(&mut order, &mut [], Reason::NoService, Remedy::Retry, NOW).unwrap();
        assert_eq!(order.status, Status::PartAllocated);
        let mut order = held(Reason::NoService);
        order.lines[0].allocations.clear();
        settle(&mut order, &mut [], Reason::NoService, Remedy::Retry, NOW).unwrap();
        assert_eq!(order.status, Status::Received);
    }

    #[test]
    fn whichever_matter_ends_last_lets_it_go_on() {
        let mut order = held(Reason::LabelVoided);
        order.raise(Reason::ChangedAfterBooking, None, NOW);
        settle(&mut order, &mut [], Reason::LabelVoided, Remedy::Retry, NOW).unwrap();
        assert_eq!(order.status, Status::Held);
        settle(&mut order, &mut [], Reason::ChangedAfterBooking, Remedy::Seen, NOW).unwrap();
        assert_eq!((order.status, order.due_at), (Status::Allocated, Some(NOW)));
    }

    #[test]
    fn booking_again_sends_nothing_that_its_channel_holds() {
        for hold in [Hold::AwaitingPayment, Hold::Channel, Hold::Pickup, Hold::TestOrder] {
            let mut order = held(Reason::LabelVoided);
            order.hold = Some(hold);
            settle(&mut order, &mut [], Reason::LabelVoided, Remedy::Retry, NOW).unwrap();
            assert_eq!((order.status, order.hold), (Status::Held, Some(hold)));
            assert!(order.exceptions.is_empty());
        }
    }

    #[test]
    fn another_open_matter_still_holds_it() {
        let mut order = held(Reason::NoService);
        order.raise(Reason::HeldByChannel, None, NOW);
        settle(&mut order, &mut [], Reason::NoService, Remedy::Retry, NOW).unwrap();
        assert_eq!((order.status, order.exceptions.len()), (Status::Held, 1));
    }

    #[test]
    fn an_uncertain_booking_begins_anew_but_what_has_a_label_keeps_it() {
        let mut order = held(Reason::UncertainBooking);
        let mut shipments = [shipment(&order.id, 1, created()), shipment(&order.id, 2, labelled())];
        let remedy = Remedy::NothingAtCarrier;
        settle(&mut order, &mut shipments, Reason::UncertainBooking, remedy, NOW).unwrap();
        assert_eq!(shipments[0].booking, Booking::Planned);
        assert_eq!(shipments[1].booking, labelled());
        assert_eq!((order.status, order.claim, order.shipments), (Status::Allocated, None, 0));
    }

    #[test]
    fn a_cancelled_order_whose_label_was_destroyed_gives_its_goods_back() {
        let mut order = held(Reason::VoidRefused);
        order.status = Status::Cancelled;
        order.hold = None;
        let mut shipments = [shipment(&order.id, 1, labelled())];
        let remedy = Remedy::NothingAtCarrier;
        settle(&mut order, &mut shipments, Reason::VoidRefused, remedy, NOW).unwrap();
        assert_eq!(shipments[0].booking, Booking::Voided);
        assert_eq!((order.status, order.shipments, order.due_at), (Status::Cancelled, 0, Some(NOW)));
    }

    #[test]
    fn what_is_not_open_or_ends_otherwise_changes_nothing() {
        let before = held(Reason::UncertainBooking);
        for (reason, remedy, why) in [
            (Reason::NoService, Remedy::Retry, NotSettled::NotOpen),
            (Reason::UncertainBooking, Remedy::Retry, NotSettled::OtherWay),
            (Reason::UncertainBooking, Remedy::Seen, NotSettled::OtherWay),
        ] {
            let mut order = before.clone();
            assert_eq!(settle(&mut order, &mut [], reason, remedy, NOW), Err(why));
            assert_eq!(order, before);
        }
    }
}
