//! What the channel is told: tracking numbers and stock.

use super::bodies::Wanted;
use super::stage::{Broken, Stage, must};
use super::{MUG, PIECES, is_sound, is_told, open, ours, status_is, stock_is, with_stock};
use jiff::Timestamp;
use waybill_domain::order::{Channel, Status};
use waybill_sandbox::{Fault, FaultKind};
use waybill_store::{Queue, Work};

/// Two pieces from the one warehouse, one from the other: two parcels, both shown, and nothing left to send.
pub async fn two_parcels(channel: Channel) -> Result<(), Broken> {
    let mut stage = with_stock(channel, [2, 1]).await?;
    let road = stage.road(channel);
    let id = road.arrive(&[Wanted::new(1, &[(MUG, 3)])])?.remove(0);
    stage.rounds(channel, 1).await?;
    is_told(&stage, channel, &id, 2)?;
    stock_is(&stage, MUG, 0, 0)?;
    let shown = road.shown(&id)?;
    let mut pieces: Vec<u64> = shown.tracking.iter().filter_map(|parcel| parcel.pieces).collect();
    pieces.sort_unstable();
    let right = match channel {
        // A note to the buyer names the number only.
        Channel::WooCommerce => pieces.is_empty() && shown.status == "completed",
        Channel::Shopify => pieces == [1, 2] && shown.status == "fulfilled",
        Channel::Magento => pieces == [1, 2] && shown.status == "complete",
        Channel::Amazon => pieces == [1, 2] && shown.status == "SHIPPED",
        Channel::Ebay => pieces == [1, 2] && shown.status == "FULFILLED",
    };
    must(right, || format!("the channel shows {} with {pieces:?}", shown.status))?;
    is_sound(&stage, channel, 1).await
}

/// The channel took the number and its answer never came: it is looked for, not told again.
pub async fn lost_reply(channel: Channel) -> Result<(), Broken> {
    let mut stage = open(channel).await?;
    let road = stage.road(channel);
    let lost = FaultKind::LoseReply { hold_seconds: 30 };
    stage.world.sandbox.add_fault(Fault::new(road.write_back_endpoint(), lost).times(1));
    let id = road.arrive(&[Wanted::new(1, &[(MUG, 1)])])?.remove(0);
    stage.rounds(channel, 1).await?;
    is_told(&stage, channel, &id, 1)?;
    let report = stage.world.sandbox.report();
    let met = report["endpoints"][road.write_back_endpoint()]["lost_replies"].as_u64();
    must(met == Some(1), || "no reply was lost".to_owned())?;
    is_sound(&stage, channel, 1).await
}

fn push(stage: &mut Stage) {
    let work = Work::Push { merchant: stage.world.merchant.id.clone(), sku: MUG.to_owned(), at: stage.now() };
    let now: Timestamp = stage.now();
    stage.mail.send(Queue::Push, work, now);
}

async fn receive(stage: &mut Stage, pieces: i64, why: &str) -> Result<(), Broken> {
    let world = &stage.world;
    let place = world.merchant.warehouses.first().ok_or("there is no warehouse")?.id.clone();
    world.db.receive(&world.merchant.id, &(MUG.to_owned(), place), pieces, why, world.time.now()).await?;
    push(stage);
    Ok(())
}

/// What the channel is to believe, in the way it counts.
fn wanted(stage: &Stage, channel: Channel) -> Result<i64, Broken> {
    let (on_hand, reserved) = ours(stage, MUG)?;
    Ok(if waybill_channels::counts_physical(channel) { on_hand } else { on_hand - reserved })
}

pub(super) fn agrees(stage: &Stage, channel: Channel) -> Result<(), Broken> {
    let (shown, wanted) = (stage.road(channel).stock(MUG)?, wanted(stage, channel)?);
    must(shown == wanted, || format!("the channel believes in {shown} instead of {wanted}"))
}

/// Two numbers are to be told and the first is old by then: the newer one is told, once. And when the channel's own
/// number changes just before ours is written, ours still stands in the end.
pub async fn stock_push_stale(channel: Channel) -> Result<(), Broken> {
    let mut stage = open(channel).await?;
    let road = stage.road(channel);
    stage.held.insert(Queue::Book);
    stage.held.insert(Queue::Push);
    let id = road.arrive(&[Wanted::new(1, &[(MUG, 2)])])?.remove(0);
    stage.rounds(channel, 1).await?;
    status_is(&stage, channel, &id, Status::Allocated)?;
    let before = sets(&stage, channel);
    receive(&mut stage, 5, "first").await?;
    receive(&mut stage, 7, "second").await?;
    stage.held.remove(&Queue::Push);
    stage.run(10).await?;
    stock_is(&stage, MUG, PIECES + 12, 2)?;
    agrees(&stage, channel)?;
    let told = sets(&stage, channel) - before;
    must(told == 1, || format!("the number was written {told} times"))?;
    let behind = road.clone();
    stage.meddler.before_call(road.stock_write(), move || {
        // The shop sells, or somebody counts, at the worst moment.
        let _ = behind.set_stock(MUG, 3);
    });
    receive(&mut stage, 1, "third").await?;
    stage.rounds(channel, 1).await?;
    must(stage.meddler.is_done(), || "nothing was written a second time".to_owned())?;
    agrees(&stage, channel)?;
    is_sound(&stage, channel, 1).await
}

fn sets(stage: &Stage, channel: Channel) -> u64 {
    stage.road(channel).report()["stock_sets"].as_u64().unwrap_or(0)
}
