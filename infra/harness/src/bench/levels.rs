//! Does it grow with the catalogue? The same orders are allocated and the same SKUs asked for with ever more levels.

use super::calls::BATCH;
use super::hot::arrive;
use super::row::{Budget, Row};
use crate::stack::Trouble;
use crate::world::{Setup, World};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use waybill_store::catalogue::row_key;
use waybill_store::memory::Calm;
use waybill_store::{Queue, Work};

/// Orders allocated at each size.
const ORDERS: usize = 500;
/// SKUs asked for at each size.
const ASKED: usize = 200;
/// Levels loaded at a time.
const CHUNK: usize = 10_000;

/// What one size costs.
struct Cost {
    levels: usize,
    allocate: Duration,
    ask: Duration,
    units: f64,
}

/// Measures from a thousand levels up to `most`, ten times as many each time.
///
/// # Errors
/// When the in-memory tables fail.
pub async fn rows(most: usize) -> Result<Vec<Row>, Trouble> {
    let mut costs = Vec::new();
    let mut levels = 1_000;
    while levels <= most {
        eprintln!("  {levels} levels ...");
        costs.push(measure(levels).await?);
        levels *= 10;
    }
    let mut rows = Vec::new();
    for Cost { levels, allocate, ask, units } in &costs {
        let micros = |d: &Duration, n: usize| d.as_secs_f64() * 1e6 / n as f64;
        rows.push(Row::new(format!("{levels} levels, allocate"), micros(allocate, ORDERS), "us/order"));
        rows.push(Row::new(format!("{levels} levels, ask for a SKU"), micros(ask, ASKED), "us"));
        rows.push(Row::new(format!("{levels} levels, write units"), *units, "units/order"));
    }
    if let (Some(first), Some(last)) = (costs.first(), costs.last()) {
        let grown = last.units / first.units;
        let name = format!("write units, {} levels against {}", last.levels, first.levels);
        rows.push(Row::new(name, grown, "times").budget(Budget::AtMost(1.05)));
    }
    Ok(rows)
}

fn name(n: usize) -> String {
    format!("SKU-{n:07}")
}

async fn measure(levels: usize) -> Result<Cost, Trouble> {
    let world = World::new(&Setup { stock: Vec::new(), ..Setup::default() }, Arc::new(Calm)).await?;
    let (merchant, place) = (world.merchant_id().clone(), world.merchant.warehouses[0].id.clone());
    for chunk in (0..levels).collect::<Vec<_>>().chunks(CHUNK) {
        let item = |n: &usize| -> [Value; 3] {
            let (sku, at) = (name(*n), world.time.now().to_string());
            let (pk, sk) = row_key(&merchant, &sku);
            let pieces = json!({"N": "1000"});
            [
                json!({"pk": {"S": format!("{merchant}#{sku}")}, "sk": {"S": format!("lvl#{place}")},
                    "warehouse": {"S": place}, "on_hand": pieces, "reserved": {"N": "0"}, "available": pieces,
                    "at#DOCK": pieces, "free#DOCK": pieces}),
                json!({"pk": {"S": format!("{merchant}#{sku}")},
                    "sk": {"S": format!("mov#ref#receive#{place}#opening")}, "kind": {"S": "receive"},
                    "warehouse": {"S": place}, "quantity": pieces, "at": {"S": at},
                    "spots": {"L": [{"L": [{"S": "DOCK"}, pieces]}]}, "reference": {"S": "opening"}}),
                json!({"pk": {"S": pk}, "sk": {"S": sk}, "sku": {"S": sku}}),
            ]
        };
        world.engine.load("stock", chunk.iter().flat_map(item).collect())?;
    }
    // Spread evenly, so that every size is asked for cold rows.
    let pick = |n: usize, of: usize| name(n * (levels / of).max(1) % levels);
    let mut work = Vec::with_capacity(ORDERS);
    for n in 0..ORDERS {
        let order = arrive(&world, n, &pick(n, ORDERS)).await?;
        work.push((n.to_string(), Work::Order { order, at: world.time.now() }));
    }
    let units = || -> f64 { world.engine.capacity().writes.values().sum() };
    let (before, start) = (units(), Instant::now());
    for batch in work.chunks(BATCH) {
        if !world.functions.work(Queue::Allocate, batch).await?.is_empty() {
            return Err("an order could not be allocated".into());
        }
    }
    let allocate = start.elapsed();
    let used = (units() - before) / ORDERS as f64;
    let start = Instant::now();
    for n in 0..ASKED {
        let (found, _) = world.db.sku(&merchant, &pick(n, ASKED)).await?;
        if found.is_empty() {
            return Err("a level is missing".into());
        }
    }
    Ok(Cost { levels, allocate, ask: start.elapsed(), units: used })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn ten_times_the_levels_cost_no_more_units() {
        let (small, large) = (measure(1_000).await.unwrap(), measure(10_000).await.unwrap());
        assert!((small.units - large.units).abs() < 0.5, "{} {}", small.units, large.units);
    }
}
