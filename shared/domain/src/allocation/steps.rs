//! An order that changes more levels than one transaction takes goes in several, each of which leaves it whole: what
//! it says it holds is what is reserved for it.

use super::{Changes, Slot, held};
use crate::catalogue::Part;
use crate::id::{LineId, WarehouseId};
use crate::order::{Line, Order};

/// From `before` to `after` by way of orders of which no two neighbours differ in what they hold of more than `most`
/// slots; the last is `after`. Those in between have the lines of their moment and are `before` in all else, so that
/// whoever meets one carries on. What is given back comes first: the order itself may need it.
///
/// One line at one warehouse is never divided: it takes as many slots as a bundle has components.
pub fn steps(before: &Order, after: &Order, most: usize) -> Vec<Order> {
    let mut done = Vec::new();
    let (mut now, mut written) = (before.clone(), held(before));
    for turn in turns(&before.lines, &after.lines) {
        let mut next = now.clone();
        turn.carry_out(&mut next.lines);
        let so_far = held(&now);
        if difference(&written, &held(&next)).len() > most && so_far != written {
            done.push(now);
            written = so_far;
        }
        now = next;
    }
    done.push(after.clone());
    done
}

/// What an order that holds `after` changed when it held `before`.
pub fn difference(before: &Changes, after: &Changes) -> Changes {
    let mut changes = after.clone();
    for (slot, pieces) in before {
        *changes.entry(slot.clone()).or_default() -= pieces;
    }
    changes.retain(|_, pieces| *pieces != 0);
    changes
}

/// The slots that leave with the next transaction of a dispatch, and whether they are all.
pub fn next_to_leave(leaving: &Changes, most: usize) -> (Changes, bool) {
    let some: Changes = leaving.iter().take(most).map(|(slot, n)| (slot.clone(), *n)).collect();
    let all = some.len() == leaving.len();
    (some, all)
}

/// Takes note that these slots of an order have left and others have not yet.
pub fn set_off(order: &mut Order, slots: impl IntoIterator<Item = Slot>) {
    order.gone.extend(slots);
    let gone = &order.gone;
    order.picked.retain(|p| !gone.iter().any(|(sku, place)| (sku, place) == (&p.sku, &p.warehouse)));
}

/// A line has `quantity` pieces at one warehouse from now on.
struct Turn<'a> {
    line: &'a Line,
    parts: &'a [Part],
    warehouse: &'a WarehouseId,
    quantity: u32,
}

impl Turn<'_> {
    fn carry_out(&self, lines: &mut Vec<Line>) {
        let id: &LineId = &self.line.id;
        if !lines.iter().any(|line| line.id == *id) {
            lines.push(Line { allocations: Vec::new(), ..self.line.clone() });
        }
        let Some(line) = lines.iter_mut().find(|line| line.id == *id) else { return };
        line.parts = self.parts.to_vec();
        match line.allocations.iter_mut().find(|a| a.warehouse == *self.warehouse) {
            Some(allocation) => allocation.quantity = self.quantity,
            None => line.allocations.push(crate::order::Allocation {
                warehouse: self.warehouse.clone(),
                quantity: self.quantity,
            }),
        }
        line.allocations.retain(|a| a.quantity > 0);
    }
}

/// What is given back, then what is taken.
fn turns<'a>(before: &'a [Line], after: &'a [Line]) -> Vec<Turn<'a>> {
    let of = |lines: &'a [Line], line: &Line| lines.iter().find(|other| other.id == line.id);
    let at = |line: Option<&Line>, place: &WarehouseId| {
        let found = line.and_then(|line| line.allocations.iter().find(|a| a.warehouse == *place));
        found.map_or(0, |a| a.quantity)
    };
    let mut turns = Vec::new();
    for line in before {
        let then = of(after, line).filter(|then| then.takes() == line.takes());
        for allocation in line.allocations.iter().rev() {
            let quantity = at(then, &allocation.warehouse);
            if quantity < allocation.quantity {
                let warehouse = &allocation.warehouse;
                turns.push(Turn { line, parts: &line.parts, warehouse, quantity });
            }
        }
    }
    for line in after {
        let then = of(before, line).filter(|then| then.takes() == line.takes());
        for allocation in &line.allocations {
            if allocation.quantity > at(then, &allocation.warehouse) {
                let (warehouse, quantity) = (&allocation.warehouse, allocation.quantity);
                turns.push(Turn { line, parts: &line.parts, warehouse, quantity });
            }
        }
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation::tests::order;
    use crate::order::Allocation;
    use proptest::prelude::*;

    fn with(lines: &[Vec<u32>], mapped: &[bool]) -> Order {
        let mut made = order("BS", &[]);
        for (n, quantities) in lines.iter().enumerate() {
            let mut line = order("BS", &[("A", 9)]).lines.remove(0);
            line.id = format!("lin_{n}").parse().unwrap();
            line.sku = Some(format!("S{n}"));
            if mapped[n] {
                line.parts = (0..3).map(|p| Part { sku: format!("P{p}"), units: 2 }).collect();
            }
            let at = |(w, q): (usize, &u32)| Allocation {
                warehouse: format!("wh_{w}").parse().unwrap(),
                quantity: *q,
            };
            line.allocations = quantities.iter().enumerate().map(at).filter(|a| a.quantity > 0).collect();
            made.lines.push(line);
        }
        made
    }

    fn side() -> impl Strategy<Value = (Vec<Vec<u32>>, Vec<bool>)> {
        let quantities = proptest::collection::vec(0u32..4, 3);
        (proptest::collection::vec(quantities, 12), proptest::collection::vec(any::<bool>(), 12))
    }

    proptest! {
        /// Every step is small, they add up to the whole, and nothing is taken before all that is given back is back.
        #[test]
        fn steps_are_small_and_lead_from_one_end_to_the_other(a in side(), b in side(), most in 3usize..9) {
            let (before, after) = (with(&a.0, &a.1), with(&b.0, &b.1));
            let (mut last, mut taking) = (before.clone(), false);
            for step in steps(&before, &after, most) {
                let changes = difference(&held(&last), &held(&step));
                prop_assert!(changes.len() <= most, "{} slots", changes.len());
                prop_assert!(!taking || changes.values().all(|n| *n > 0));
                taking |= changes.values().any(|n| *n > 0);
                last = step;
            }
            prop_assert_eq!(last, after);
        }
    }

    #[test]
    fn what_fits_is_one_step() {
        let (before, after) = (with(&[vec![1, 0]], &[false]), with(&[vec![0, 1]], &[false]));
        assert_eq!(steps(&before, &after, 49), [after]);
    }
}
