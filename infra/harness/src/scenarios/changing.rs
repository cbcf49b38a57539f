//! What buyers and merchants do to an order at its channel while it is on its way.

use super::bodies::Wanted;
use super::stage::{Broken, Stage, must};
use super::telling::agrees;
use super::{MUG, PIECES, SCARF, is_sound, is_told, open, status_is, stock_is};
use waybill_domain::exception::Reason;
use waybill_domain::order::{Channel, Status};
use waybill_store::Queue;

/// An order that stands allocated, its booking held back.
async fn allocated(channel: Channel, lines: &[(&'static str, u32)]) -> Result<(Stage, String), Broken> {
    let mut stage = open(channel).await?;
    let id = stage.road(channel).arrive(&[Wanted::new(1, lines)])?.remove(0);
    stage.held.insert(Queue::Book);
    stage.rounds(channel, 1).await?;
    status_is(&stage, channel, &id, Status::Allocated)?;
    Ok((stage, id))
}

/// Two mugs become one: one is sent, the other is free again.
pub async fn edit(channel: Channel) -> Result<(), Broken> {
    let (mut stage, id) = allocated(channel, &[(MUG, 2), (SCARF, 1)]).await?;
    stock_is(&stage, MUG, PIECES, 2)?;
    let stands = stage.road(channel).edit(&id, MUG, 1)?;
    stage.rounds(channel, 1).await?;
    stock_is(&stage, MUG, PIECES, 1)?;
    stage.held.clear();
    stage.rounds(channel, 1).await?;
    is_told(&stage, channel, &stands, 1)?;
    stock_is(&stage, MUG, PIECES - 1, 0)?;
    stock_is(&stage, SCARF, PIECES - 1, 0)?;
    if stands == id {
        return is_sound(&stage, channel, 1).await;
    }
    // Where an edit is another order, the first one is cancelled and nothing of it was sent.
    status_is(&stage, channel, &id, Status::Cancelled)?;
    is_sound(&stage, channel, 2).await
}

/// Nothing is sent, everything is free again. eBay is asked about the order before a label is bought: there, that also
/// holds when nobody has read of it yet.
pub async fn cancel_before_booking(channel: Channel) -> Result<(), Broken> {
    let (mut stage, id) = allocated(channel, &[(MUG, 2)]).await?;
    stage.road(channel).cancel(&id)?;
    if channel == Channel::Ebay {
        stage.held = [Queue::Poll].into();
        stage.run(3).await?;
        status_is(&stage, channel, &id, Status::Allocated)?;
        let (facts, order) = (stage.facts()?, stage.order_id(channel, &id)?);
        must(facts.shipments_of(&order).all(|one| !one.has_label()), || "a label was bought".to_owned())?;
    } else {
        stage.rounds(channel, 1).await?;
    }
    stage.held.clear();
    stage.rounds(channel, 1).await?;
    is_gone(&stage, channel, &id).await
}

/// The label is voided, everything is free again, and the channel never sees a number.
pub async fn cancel_after_booking(channel: Channel) -> Result<(), Broken> {
    let mut stage = open(channel).await?;
    let road = stage.road(channel);
    let id = road.arrive(&[Wanted::new(1, &[(MUG, 2)])])?.remove(0);
    stage.held.insert(Queue::Notify);
    stage.rounds(channel, 1).await?;
    status_is(&stage, channel, &id, Status::Booked)?;
    road.cancel(&id)?;
    stage.rounds(channel, 1).await?;
    stage.held.clear();
    stage.rounds(channel, 1).await?;
    match channel {
        // The demo merchant sends what eBay sells by DPD, which takes nothing back (contracts/dpd, "Void").
        Channel::Ebay => is_left_to_a_person(&stage, channel, &id).await,
        _ => is_gone(&stage, channel, &id).await,
    }
}

/// It is sent once, with a label of its own, and the goods of the first try are not lost.
pub async fn wanted_again(channel: Channel) -> Result<(), Broken> {
    for before in [Queue::Book, Queue::Notify] {
        let mut stage = open(channel).await?;
        let road = stage.road(channel);
        let id = road.arrive(&[Wanted::new(1, &[(MUG, 2)])])?.remove(0);
        stage.held.insert(before);
        stage.rounds(channel, 1).await?;
        road.cancel(&id)?;
        stage.rounds(channel, 1).await?;
        stage.held.clear();
        stage.rounds(channel, 1).await?;
        is_gone(&stage, channel, &id).await?;
        road.pay(&id)?;
        stage.held.insert(Queue::Book);
        stage.rounds(channel, 1).await?;
        status_is(&stage, channel, &id, Status::Allocated)?;
        stock_is(&stage, MUG, PIECES, 2)?;
        stage.held.clear();
        stage.rounds(channel, 1).await?;
        is_told(&stage, channel, &id, 1)?;
        stock_is(&stage, MUG, PIECES - 2, 0)?;
        is_sound(&stage, channel, 1).await?;
    }
    Ok(())
}

/// The parcel is still at the carrier: its goods stay promised until somebody has seen to it.
async fn is_left_to_a_person(stage: &Stage, channel: Channel, id: &str) -> Result<(), Broken> {
    status_is(stage, channel, id, Status::Cancelled)?;
    stock_is(stage, MUG, PIECES, 2)?;
    let order = stage.stored(channel, id)?.order;
    must(order.exceptions.iter().any(|open| open.reason == Reason::VoidRefused), || {
        format!("nobody is asked: {:?}", order.exceptions)
    })?;
    is_sound(stage, channel, 1).await
}

async fn is_gone(stage: &Stage, channel: Channel, id: &str) -> Result<(), Broken> {
    status_is(stage, channel, id, Status::Cancelled)?;
    stock_is(stage, MUG, PIECES, 0)?;
    let shown = stage.road(channel).shown(id)?;
    must(shown.cancelled && shown.tracking.is_empty(), || format!("the channel shows {shown:?}"))?;
    let labels = stage.world.sandbox.report()["royal_mail"]["orders"].as_u64().unwrap_or(0);
    must(labels == 0, || format!("{labels} labels are left at the carrier"))?;
    is_sound(stage, channel, 1).await
}

/// No label is made and its goods stay promised until the merchant releases it; what else is said of it meanwhile
/// releases nothing.
pub async fn held_at_channel(channel: Channel) -> Result<(), Broken> {
    let (mut stage, id) = allocated(channel, &[(MUG, 2)]).await?;
    let road = stage.road(channel);
    road.hold(&id, true)?;
    stage.rounds(channel, 1).await?;
    stage.held.clear();
    road.move_to_leeds(&id)?;
    stage.rounds(channel, 1).await?;
    status_is(&stage, channel, &id, Status::Held)?;
    let order = stage.stored(channel, &id)?.order;
    must(order.exceptions.iter().any(|open| open.reason == Reason::HeldByChannel), || {
        format!("nobody is told that it is held: {:?}", order.exceptions)
    })?;
    must(road.shown(&id)?.tracking.is_empty(), || "an order on hold was sent".to_owned())?;
    // No other channel may sell them, and this one has.
    stock_is(&stage, MUG, PIECES, 2)?;
    agrees(&stage, channel)?;
    road.hold(&id, false)?;
    stage.rounds(channel, 1).await?;
    is_told(&stage, channel, &id, 1)?;
    stock_is(&stage, MUG, PIECES - 2, 0)?;
    is_sound(&stage, channel, 1).await
}

/// It counts as cancelled: nothing is sent, everything is free again.
pub async fn deleted_at_channel(channel: Channel) -> Result<(), Broken> {
    let (mut stage, id) = allocated(channel, &[(MUG, 2)]).await?;
    stage.road(channel).delete(&id)?;
    stage.rounds(channel, 1).await?;
    stage.held.clear();
    stage.rounds(channel, 1).await?;
    status_is(&stage, channel, &id, Status::Cancelled)?;
    stock_is(&stage, MUG, PIECES, 0)?;
    is_sound(&stage, channel, 1).await
}

/// The scarf is paid back before it leaves: the mugs are sent without it.
pub async fn partial_refund(channel: Channel) -> Result<(), Broken> {
    let (mut stage, id) = allocated(channel, &[(MUG, 2), (SCARF, 1)]).await?;
    stock_is(&stage, SCARF, PIECES, 1)?;
    stage.road(channel).refund(&id, SCARF, 1)?;
    stage.rounds(channel, 1).await?;
    stock_is(&stage, SCARF, PIECES, 0)?;
    stage.held.clear();
    stage.rounds(channel, 1).await?;
    is_told(&stage, channel, &id, 1)?;
    stock_is(&stage, MUG, PIECES - 2, 0)?;
    stock_is(&stage, SCARF, PIECES, 0)?;
    is_sound(&stage, channel, 1).await
}
