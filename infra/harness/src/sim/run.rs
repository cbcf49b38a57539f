//! One run from beginning to end: half an hour of everything at once, quiet, delivery, purge, and the past again.

use super::check::{self, Stop};
use super::facts::Facts;
use super::fate::Weather;
use super::gate::Gate;
use super::mail;
use super::plant::Plant;
use super::scheduler::Sim;
use super::script;
use crate::world::{Setup, Stocked, World, WorldError};
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::Arc;
use waybill_domain::catalogue::{Mapping, Part, Sku};
use waybill_domain::time::{after, days};
use waybill_sandbox::royal_mail::Fate as ParcelFate;
use waybill_sandbox::{Fault, FaultKind};
use waybill_store::Queue;

/// What a run is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Orders placed.
    pub orders: usize,
    /// A bug put in on purpose.
    pub plant: Option<Plant>,
}

/// A promise that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which promise.
    pub promise: &'static str,
    /// What was seen instead.
    pub seen: String,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// Steps the scheduler took.
    pub steps: u64,
    /// What did not hold, if anything.
    pub failure: Option<Failure>,
    /// What happened, one line each.
    pub history: Vec<String>,
}

/// Runs one seed.
///
/// # Errors
/// When the harness itself fails; a broken promise is in the outcome.
pub fn run(seed: u64, settings: Settings) -> Result<Outcome, WorldError> {
    // Of this thread, on which all of the run happens.
    fastrand::seed(seed);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|_| WorldError::Setup("runtime"))?;
    runtime.block_on(async {
        let mut sim = begin(seed, settings).await?;
        let failure = match live(&mut sim).await {
            Ok(()) => None,
            Err(Stop::Broken(failure)) => Some(failure),
            Err(Stop::Harness(error)) => return Err(error),
        };
        Ok(Outcome { seed, steps: sim.steps, failure, history: std::mem::take(&mut sim.history) })
    })
}

async fn begin(seed: u64, settings: Settings) -> Result<Sim, WorldError> {
    let mut rng = StdRng::seed_from_u64(seed);
    let gate = Arc::new(Gate::default());
    let start = Setup::default().now;
    let script = script::write(&mut rng, seed, settings.orders, start);
    let most = if rng.random_ratio(1, 3) { 40 } else { 4 };
    // What is ordered is kept, but for one article nobody keeps.
    let mut kept: Vec<String> = script::skus(&script).into_iter().filter(|sku| sku != "MUG-STONE").collect();
    let made = catalogue(&mut rng, &mut kept);
    let stock = kept
        .into_iter()
        .map(|sku| Stocked { sku, pieces: [rng.random_range(0..=most), rng.random_range(0..=most)] })
        .collect();
    let setup = Setup { seed, part_ship: rng.random_ratio(1, 3), stock, ..Setup::default() };
    let world = World::new(&setup, gate.clone()).await?;
    for sku in &made.bundles {
        world.db.save_sku(world.merchant_id(), sku).await?;
    }
    for (channel_sku, sku, units) in made.listings.iter().cloned() {
        let mapping = Mapping { connection: world.shop.clone(), channel_sku, sku, units };
        world.db.save_mapping(world.merchant_id(), &mapping).await?;
    }
    let mut sim = Sim::new(world, gate, rng, settings.plant);
    sim.script = script;
    for sku in &made.bundles {
        sim.note(&format!("{} is made of {:?}", sku.sku, sku.parts));
    }
    for (listing, sku, units) in &made.listings {
        sim.note(&format!("{listing} is sold as {units} of {sku}"));
    }
    if settings.plant == Some(Plant::HastyVoid) {
        sim.world.hasty.begin();
    }
    trouble(&mut sim);
    Ok(sim)
}

/// What is sold as something else.
#[derive(Default)]
struct Made {
    /// Put together from other articles.
    bundles: Vec<Sku>,
    /// What the shop calls so many pieces of an article.
    listings: Vec<(String, String, u32)>,
}

/// In most runs one of the articles is put together from two others and has no stock of its own, and another is sold
/// as several of a third.
fn catalogue(rng: &mut StdRng, kept: &mut Vec<String>) -> Made {
    let mut made = Made::default();
    if kept.len() >= 3 && rng.random_ratio(3, 4) {
        let bundle = kept.remove(rng.random_range(0..kept.len()));
        let first = rng.random_range(0..kept.len() - 1);
        let part = |sku: &String, units| Part { sku: sku.clone(), units };
        let parts = vec![part(&kept[first], rng.random_range(1..=2)), part(&kept[first + 1], 1)];
        made.bundles.push(Sku { parts, ..Sku::named(bundle) });
    }
    if kept.len() >= 2 && rng.random_ratio(1, 2) {
        made.listings.push((kept[0].clone(), kept[1].clone(), 2));
    }
    made
}

/// What shop and carrier do wrong by themselves.
fn trouble(sim: &mut Sim) {
    let strength = sim.weather.strength;
    let faults = [
        ("royal-mail.*", FaultKind::TooManyRequests { retry_after: Some(7) }, 0.02),
        ("shopify.*", FaultKind::TooManyRequests { retry_after: None }, 0.02),
        ("royal-mail.*", FaultKind::ServerError, 0.02),
        ("shopify.*", FaultKind::ServerError, 0.02),
        ("royal-mail.*", FaultKind::ErrorAfterWork, 0.02),
        ("shopify.*", FaultKind::ErrorAfterWork, 0.02),
        ("royal-mail.create", FaultKind::LoseReply { hold_seconds: 30 }, 0.05),
        ("shopify.fulfillmentCreate", FaultKind::LoseReply { hold_seconds: 30 }, 0.05),
        ("royal-mail.label", FaultKind::LabelFails, 0.02),
        ("royal-mail.create", FaultKind::AllFailed, 0.01),
        ("tracking.*", FaultKind::ServerError, 0.05),
    ];
    for (endpoint, kind, chance) in faults {
        sim.world.sandbox.add_fault(Fault::new(endpoint, kind).with_probability(chance * strength));
    }
}

/// Ends all trouble and lets everything settle.
async fn settle(sim: &mut Sim, until: Timestamp) -> Result<(), Stop> {
    let weather = std::mem::replace(&mut sim.weather, Weather { strength: 0.0 });
    sim.world.sandbox.clear_faults();
    redrive(sim);
    // What was begun in trouble may still die of it, until the longest time-out has passed.
    sim.run_until(after(sim.now(), mail::time_out(Queue::Erase))).await?;
    redrive(sim);
    sim.run_until(until).await?;
    sim.weather = weather;
    Ok(())
}

/// Sends the dead letters again, as an operator does once the fault is mended.
fn redrive(sim: &mut Sim) {
    let now = sim.now();
    let redriven = sim.mail.redrive(now);
    sim.note(&format!("--- calm, {redriven} dead letters sent again"));
}

/// Runs on, looking at what must always hold every now and then.
async fn rough(sim: &mut Sim, length: SignedDuration, looks: u32) -> Result<(), Stop> {
    trouble(sim);
    let step = length.checked_div(i32::try_from(looks).unwrap_or(1)).unwrap_or(length);
    for _ in 0..looks {
        let until = after(sim.now(), step);
        sim.run_until(until).await?;
        check::always(sim, &Facts::read(&sim.world)?)?;
    }
    Ok(())
}

async fn live(sim: &mut Sim) -> Result<(), Stop> {
    let start = sim.start;
    let at = |by: SignedDuration| after(start, by);
    rough(sim, SignedDuration::from_mins(40), 6).await?;
    settle(sim, at(SignedDuration::from_mins(240))).await?;
    let facts = Facts::read(&sim.world)?;
    check::always(sim, &facts)?;
    check::at_rest(sim, &facts).await?;
    fates(sim);
    for hours in [26, 40, 77, 101] {
        sim.world.set_now(at(SignedDuration::from_hours(hours)));
        rough(sim, SignedDuration::from_mins(25), 1).await?;
        settle(sim, after(at(SignedDuration::from_hours(hours)), SignedDuration::from_mins(70))).await?;
    }
    let facts = Facts::read(&sim.world)?;
    check::always(sim, &facts)?;
    check::at_rest(sim, &facts).await?;
    for day in [8, 19, 27, 92] {
        sim.world.set_now(at(days(day)));
        sim.note(&format!("--- day {day}"));
        sim.retain();
        sim.script.push((sim.now(), script::Act::Replay));
        rough(sim, SignedDuration::from_mins(20), 1).await?;
        settle(sim, after(at(days(day)), SignedDuration::from_mins(70))).await?;
        sim.retain();
        let until = after(sim.now(), SignedDuration::from_mins(20));
        settle(sim, until).await?;
        check::on_time(sim)?;
    }
    sim.note("--- the past again");
    sim.replay_all();
    rough(sim, SignedDuration::from_mins(30), 1).await?;
    let until = after(sim.now(), SignedDuration::from_hours(3));
    settle(sim, until).await?;
    let facts = Facts::read(&sim.world)?;
    check::always(sim, &facts)?;
    check::forgotten(sim, &facts).await?;
    Ok(())
}

/// Decides what becomes of the parcels; most arrive.
fn fates(sim: &mut Sim) {
    let rng = &mut sim.rng;
    sim.world.sandbox.with_state(|state| {
        for parcel in state.royal_mail.parcels.values_mut() {
            parcel.fate = match rng.random_range(0..12) {
                0 => ParcelFate::Fail,
                1 => ParcelFate::Return,
                2 => ParcelFate::Lose,
                3 => ParcelFate::Keep,
                _ => ParcelFate::Deliver,
            };
        }
    });
}
