//! The promises of the design (section 1), as checks: some hold at every moment, some once all has settled.

mod carrier;
mod person;
mod rest;
mod shop;
mod stock;

pub(crate) use person::traces;
pub(crate) use stock::{promised, sound};

use super::facts::Facts;
use super::run::Failure;
use super::scheduler::Sim;
use super::script::TOKEN;
use crate::world::WorldError;

/// A check that did not hold, or the harness that failed.
pub(super) enum Stop {
    /// A promise is broken.
    Broken(Failure),
    /// The harness failed.
    Harness(WorldError),
}

impl From<WorldError> for Stop {
    fn from(error: WorldError) -> Self {
        Self::Harness(error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Broken(failure)
    }
}

/// Says that a promise is broken unless `holds`.
fn must(holds: bool, promise: &'static str, seen: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure { promise, seen: seen() }) }
}

/// What holds at every moment, whatever is under way.
pub(super) fn always(sim: &Sim, facts: &Facts) -> Result<(), Stop> {
    stock::sound(facts)?;
    carrier::never_twice(sim)?;
    carrier::undone_is_gone(sim, facts)?;
    shop::never_twice(sim)?;
    rest::no_strangers(sim, facts)?;
    must(facts.leak.is_none(), "personal texts are nowhere in plain", || {
        facts.leak.clone().unwrap_or_default()
    })?;
    let queues = sim.mail.queues.values().flatten().chain(sim.mail.dead.iter().map(|(_, message)| message));
    for message in queues {
        let text = serde_json::to_string(&message.work).unwrap_or_default();
        must(!text.contains(TOKEN), "messages carry ids only", || message.id.clone())?;
    }
    Ok(())
}

/// What the product's own proof says.
async fn verified(sim: &Sim) -> Result<(), Stop> {
    let seen = sim.world.db.verify(sim.world.merchant_id()).await.map_err(WorldError::Store)?;
    must(seen.difference.is_none(), "verify-stock is clean", || format!("{:?}", seen.difference))?;
    Ok(())
}

/// What holds when trouble has ended and the clock has had time.
pub(super) async fn at_rest(sim: &Sim, facts: &Facts) -> Result<(), Stop> {
    rest::quiet(sim)?;
    stock::traced(facts)?;
    verified(sim).await?;
    rest::every_order_is_here(sim, facts)?;
    rest::nobody_is_stuck(sim, facts)?;
    rest::as_the_shop_says(sim, facts)?;
    stock::promised(facts)?;
    carrier::one_each(sim, facts)?;
    carrier::none_for_cancelled(sim, facts)?;
    shop::told_once(sim, facts)?;
    person::redacted_are_gone(sim, facts)?;
    person::live_ones_open(sim, facts).await?;
    Ok(())
}

/// What holds after a retention run in peace.
pub(super) fn on_time(sim: &Sim) -> Result<(), Stop> {
    let facts = Facts::read(&sim.world)?;
    stock::promised(&facts)?;
    carrier::none_for_cancelled(sim, &facts)?;
    person::nothing_is_overdue(sim, &facts)?;
    Ok(())
}

/// What holds once everybody has been forgotten and the past has been sent again.
pub(super) async fn forgotten(sim: &Sim, facts: &Facts) -> Result<(), Stop> {
    person::nobody_is_left(facts)?;
    person::ledger(sim, facts).await?;
    stock::traced(facts)?;
    verified(sim).await?;
    rest::quiet(sim)?;
    rest::every_order_is_here(sim, facts)?;
    rest::nothing_is_due(facts)?;
    stock::promised(facts)?;
    carrier::none_for_cancelled(sim, facts)?;
    shop::told_once(sim, facts)?;
    Ok(())
}
