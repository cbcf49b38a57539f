//! What the demo shows of stock: where it lies, what was put together from it, and which orders were served from
//! several warehouses. All of it is read from the tables.

use super::say;
use super::standing::Standing;
use crate::stack::{Stack, Trouble};
use crate::verify;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use waybill_domain::order::{Line, Order};

/// Bins of all warehouses together, at least.
const BINS: u64 = 60;
/// Of a hundred orders of several articles, so many come from several warehouses, at least.
const SPLIT: u64 = 15;

/// Where goods lie and how orders were served.
pub(super) async fn report(stack: &Stack, live: &Standing) -> Result<Value, Trouble> {
    let db = stack.db()?;
    let (mut warehouses, mut bins) = (0, 0);
    for id in db.merchants().await? {
        let registry = db.merchant(&id).await?.map(|merchant| merchant.candidates()).unwrap_or_default();
        for candidate in db.places(&id).await?.candidates(registry) {
            warehouses += 1;
            bins += db.bins(&id, &candidate.warehouse).await?.len();
        }
    }
    let several: Vec<&Order> = live.orders.iter().filter(|order| articles(order) > 1).collect();
    let split = several.iter().filter(|order| sources(live, order) > 1).count();
    Ok(json!({
        "warehouses": warehouses,
        "bins": bins,
        "bundles_sold": sold(live, |line| line.parts.len() > 1),
        "multipacks_sold": sold(live, |line| matches!(line.parts.as_slice(), [one] if one.units > 1)),
        "multi_line": several.len(),
        "split": split,
    }))
}

/// Lines of an order that are sent.
fn articles(order: &Order) -> usize {
    order.lines.iter().filter(|line| line.ships && line.quantity + line.sent > 0).count()
}

/// Warehouses that made a label for an order.
fn sources(live: &Standing, order: &Order) -> usize {
    let labels = live.shipments.iter().filter(|shipment| shipment.order == order.id && shipment.has_label());
    labels.map(|shipment| &shipment.warehouse).collect::<BTreeSet<_>>().len()
}

/// Pieces of such lines in parcels that have a label.
fn sold(live: &Standing, is: impl Fn(&Line) -> bool) -> u32 {
    let labels = live.shipments.iter().filter(|shipment| shipment.has_label());
    let pieces = labels.flat_map(|shipment| {
        let lines = live.orders.iter().filter(|order| order.id == shipment.order).flat_map(|o| &o.lines);
        let is_sent = |line: &&Line| is(line);
        lines.filter(is_sent).flat_map(|line| {
            shipment.lines.iter().filter(|(id, _)| *id == line.id).map(|(_, pieces)| *pieces)
        })
    });
    pieces.sum()
}

/// Walks all stock as `verify-stock` does and gives how many merchants' walks ended at a difference.
pub(super) async fn differences(stack: &Stack) -> Result<usize, Trouble> {
    let walked = verify::stack(stack).await?;
    walked.lines.iter().for_each(|line| say(&format!("     {line}")));
    Ok(walked.differences)
}

/// Promises about stock that were not kept, in words.
pub(super) fn broken(report: &Value) -> Vec<String> {
    let n = |name: &str| report[name].as_u64().unwrap_or(0);
    let promises = [
        (n("bins") >= BINS, "goods lie in 60 bins"),
        (
            n("split") * 100 >= SPLIT * n("multi_line"),
            "of the orders of several articles 15 % come from several warehouses",
        ),
    ];
    promises.into_iter().filter(|(kept, _)| !kept).map(|(_, promise)| promise.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_bins_or_split_orders_break_a_promise() {
        let good = json!({"bins": 60, "multi_line": 20, "split": 3});
        assert!(broken(&good).is_empty());
        for (name, n) in [("bins", 59), ("split", 2), ("multi_line", 21)] {
            let mut bad = good.clone();
            bad[name] = json!(n);
            assert_eq!(broken(&bad).len(), 1, "{name}");
        }
    }
}
