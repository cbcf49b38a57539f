//! What became of each carrier's parcels, read from the tables and held against the sandbox.

use super::standing::Standing;
use crate::accounts::ACCOUNT;
use serde_json::{Value, json};
use waybill_carriers::least;
use waybill_domain::service::Carrier;
use waybill_domain::shipment::{Booking, Shipment, Transit};

/// The carriers of the demo.
pub(super) const CARRIERS: [Carrier; 3] = [Carrier::RoyalMail, Carrier::Parcelforce, Carrier::Dpd];

/// Bookings, voids, labels and deliveries by carrier, with the personal fields each was given and the fewest its
/// services need.
pub(super) fn report(live: &Standing, delivered: &Standing) -> Value {
    let mut report = json!({});
    for carrier in CARRIERS {
        let of = |standing: &'_ Standing, fits: &dyn Fn(&Shipment) -> bool| {
            standing.shipments.iter().filter(|s| s.service.carrier == carrier && fits(s)).count()
        };
        let (mut sent, mut least) = (0, 0);
        for shipment in live.shipments.iter().filter(|s| s.service.carrier == carrier) {
            let order = live.orders.iter().find(|o| o.id == shipment.order);
            let to = order.and_then(|o| o.destination.as_ref());
            let abroad = to.is_some_and(|to| to.country != "GB");
            let (given, needed) = least::of_booking(&shipment.service, abroad, &shipment.disclosed);
            (sent, least) = (sent + given, least + needed);
        }
        report[carrier.as_str()] = json!({
            "booked": of(live, &|s| s.booking != Booking::Planned),
            "voided": of(live, &Shipment::is_void),
            "labels": of(live, &Shipment::has_label),
            "delivered": of(delivered, &|s| s.transit == Transit::Delivered),
            "fields_sent": sent,
            "fields_minimum": least,
        });
    }
    report
}

/// Live bookings at all carriers, and references that one of them has twice, by the sandbox's brief report.
pub(super) fn at_carriers(state: &Value) -> (u64, u64) {
    let dpd = &state["dpd"][ACCOUNT];
    let sum = |at_royal_mail: &str, at_dpd: &str| {
        let both = [&state["royal_mail"][at_royal_mail], &dpd[at_dpd]];
        both.into_iter().filter_map(Value::as_u64).sum()
    };
    (sum("orders", "shipments"), sum("booked_twice", "booked_twice"))
}

/// Promises about carriers that were not kept, in words.
pub(super) fn broken(report: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    for carrier in CARRIERS {
        let one = &report[carrier.as_str()];
        let n = |name: &str| one[name].as_u64().unwrap_or(0);
        if n("labels") == 0 {
            broken.push(format!("{} carries some of it", carrier.name()));
        }
        if n("booked") != n("labels") + n("voided") {
            broken.push(format!("what {} booked has its label or was undone", carrier.name()));
        }
        if n("fields_sent") != n("fields_minimum") {
            broken.push(format!("{} is given the least a label needs", carrier.name()));
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sandbox_counts() {
        let state = json!({
            "royal_mail": {"orders": 7, "booked_twice": 0},
            "dpd": {ACCOUNT: {"shipments": 3, "booked_twice": 1}},
        });
        assert_eq!(at_carriers(&state), (10, 1));
    }

    #[test]
    fn a_field_too_many_or_a_label_too_few_breaks_a_promise() {
        let good = json!({"booked": 3, "voided": 1, "labels": 2, "fields_sent": 15, "fields_minimum": 15});
        let report = |one: &Value| json!({"royal_mail": good, "parcelforce": good, "dpd": one});
        assert!(broken(&report(&good)).is_empty());
        for (name, n) in [("labels", 1), ("labels", 0), ("fields_sent", 16), ("booked", 4)] {
            let mut bad = good.clone();
            bad[name] = json!(n);
            assert!(!broken(&report(&bad)).is_empty(), "{name}");
        }
    }
}
