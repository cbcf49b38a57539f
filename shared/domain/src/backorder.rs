//! Orders that wait for goods: first come, first served, and when each can expect its own.

use crate::id::OrderId;
use jiff::Timestamp;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Goods that are on their way to a warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expected {
    /// The purchase.
    pub reference: String,
    /// Which SKU.
    pub sku: String,
    /// How many are still to come.
    pub quantity: i64,
    /// The day they should be there.
    #[schemars(with = "crate::time::Day")]
    pub on: Date,
}

/// An order that waits for a SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Waiting {
    /// Which.
    pub order: OrderId,
    /// Since when we know it.
    #[schemars(with = "crate::time::Moment")]
    pub since: Timestamp,
    /// Pieces it lacks.
    pub quantity: i64,
    /// The day its goods should be there; `None` when nobody has ordered enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::time::Day>")]
    pub promised: Option<Date>,
}

/// Puts those who wait in the order they came and says when each is served. `free` pieces are there already.
pub fn promise(waiting: &mut [Waiting], expected: &[Expected], free: i64) {
    waiting.sort_by(|a, b| (a.since, &a.order).cmp(&(b.since, &b.order)));
    let mut coming: Vec<&Expected> = expected.iter().filter(|e| e.quantity > 0).collect();
    coming.sort_by(|a, b| (a.on, &a.reference).cmp(&(b.on, &b.reference)));
    let mut wanted = 0_i64;
    for one in waiting {
        wanted += one.quantity;
        let mut there = free.max(0);
        one.promised = coming.iter().find_map(|e| {
            there += e.quantity;
            (there >= wanted).then_some(e.on)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_came_first_is_served_first() {
        let order = |n: i64, quantity| Waiting {
            order: format!("ord_{n}").parse().unwrap(),
            since: Timestamp::from_second(n).unwrap(),
            quantity,
            promised: None,
        };
        let expected = |reference: &str, quantity, on: &str| Expected {
            reference: reference.into(),
            sku: "A".into(),
            quantity,
            on: on.parse().unwrap(),
        };
        let mut waiting = [order(3, 5), order(1, 2), order(2, 4)];
        promise(&mut waiting, &[expected("late", 5, "2026-12-24"), expected("soon", 5, "2026-12-01")], 1);
        let dates: Vec<_> =
            waiting.iter().map(|w| (w.order.as_str(), w.promised.map(|d| d.to_string()))).collect();
        let day = |text: &str| Some(text.to_owned());
        assert_eq!(
            dates,
            [("ord_1", day("2026-12-01")), ("ord_2", day("2026-12-01")), ("ord_3", day("2026-12-24"))]
        );
        let mut too_many = [order(1, 20)];
        promise(&mut too_many, &[expected("soon", 5, "2026-12-01")], 0);
        assert_eq!(too_many[0].promised, None);
    }
}
