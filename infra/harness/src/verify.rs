//! `cargo xtask verify-stock`: walks stock, and makes trouble for it first where that is asked for.

use crate::sim::{Settings, run};
use crate::stack::{Stack, Trouble};
use crate::world::{Setup, World};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use waybill_store::memory::Calm;
use waybill_store::stock::verify::Seen;

/// Orders of one rough run.
const ORDERS: usize = 6;

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Nothing differs.
    pub clean: bool,
    /// Merchants of a stack whose walk ended at a difference.
    pub differences: usize,
    /// What was walked, one line each.
    pub lines: Vec<String>,
}

fn line(who: &str, seen: &Seen) -> String {
    let Seen { skus, levels, movements, orders, difference } = seen;
    let found = difference.as_ref().map_or_else(String::new, |d| {
        let place = d.warehouse.as_ref().map_or_else(String::new, |w| format!(" at {w}"));
        let order = d.order.as_ref().map_or_else(String::new, |o| format!(" ({o})"));
        format!(
            "; FIRST DIFFERENCE: {}{place}: {} is {}, should be {}{order}",
            d.sku, d.figure, d.stored, d.should_be
        )
    });
    format!("{who}: {skus} SKUs, {levels} levels, {movements} movements, {orders} open orders{found}")
}

/// Walks every merchant of a running stack.
///
/// # Errors
/// When the stack does not answer.
pub async fn stack(stack: &Stack) -> Result<Report, Trouble> {
    let db = stack.db()?;
    let mut report = Report::default();
    for merchant in db.merchants().await? {
        let seen = db.verify(&merchant).await?;
        report.differences += usize::from(seen.difference.is_some());
        report.lines.push(line(merchant.as_str(), &seen));
    }
    report.clean = report.differences == 0;
    Ok(report)
}

/// Runs so many orders through the simulation, whose checks include the walk, and at wish shows that the walk finds a
/// level that was changed by hand.
///
/// # Errors
/// When the harness itself fails.
pub fn faults(orders: usize, corrupt: bool) -> Result<Report, Trouble> {
    let seeds = u64::try_from(orders.div_ceil(ORDERS))?;
    let settings = Settings { orders: ORDERS, plant: None };
    let next = AtomicU64::new(1);
    let work = || -> Result<Vec<String>, crate::world::WorldError> {
        let mut broken = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > seeds {
                return Ok(broken);
            }
            if let Some(failure) = run(seed, settings)?.failure {
                broken.push(format!("seed {seed}: {}: {}", failure.promise, failure.seen));
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let broken = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut all = Vec::new();
        for one in running {
            all.extend(one.join().map_err(|_| "a run panicked")??);
        }
        Ok::<_, Trouble>(all)
    })?;
    let done =
        format!("{} orders in {seeds} rough runs, {} broken", u64::try_from(ORDERS)? * seeds, broken.len());
    let mut report = Report { clean: broken.is_empty(), lines: broken, ..Report::default() };
    report.lines.push(done);
    if corrupt {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let seen = runtime.block_on(by_hand())?;
        report.clean &= seen.difference.is_some();
        report.lines.push(line("one level changed by hand", &seen));
    }
    Ok(report)
}

/// A world whose stock is right but for one number.
async fn by_hand() -> Result<Seen, Trouble> {
    let world = World::new(&Setup::default(), Arc::new(Calm)).await?;
    let clean = world.db.verify(world.merchant_id()).await?;
    if clean.difference.is_some() {
        return Ok(Seen::default());
    }
    let first = Setup::default().stock.into_iter().next().ok_or("the world has no stock")?;
    let slot = (first.sku, world.merchant.warehouses[0].id.clone());
    world.db.corrupt_level(world.merchant_id(), &slot, "reserved", 1).await?;
    Ok(world.db.verify(world.merchant_id()).await?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_rough_run_is_clean_and_a_change_by_hand_is_named() {
        let report = super::faults(6, true).unwrap();
        assert!(report.clean, "{:?}", report.lines);
        assert!(
            report.lines.iter().any(|line| line.contains("reserved is 1, should be 0")),
            "{:?}",
            report.lines
        );
    }
}
