//! Orders come in: once, twice, shuffled, a hundred at a time, and with one among them that nobody can read.

use super::bodies::Wanted;
use super::road::Letter;
use super::stage::{Broken, must};
use super::{MUG, PIECES, SCARF, is_sound, is_told, open, ours, stock_is};
use waybill_domain::exception::Reason;
use waybill_domain::order::{Channel, Hold, Status};
use waybill_store::Queue;

/// Stored, reserved, booked, sent; the channel shows its number; and an unpaid one waits until it is paid.
pub async fn arrive(channel: Channel) -> Result<(), Broken> {
    let mut stage = open(channel).await?;
    let road = stage.road(channel);
    let unpaid = Wanted { paid: false, ..Wanted::new(2, &[(MUG, 1)]) };
    let ids = road.arrive(&[Wanted::new(1, &[(MUG, 2), (SCARF, 1)]), unpaid])?;
    stage.rounds(channel, 1).await?;
    is_told(&stage, channel, &ids[0], 1)?;
    stock_is(&stage, SCARF, PIECES - 1, 0)?;
    let waits = road.shown(&ids[1])?.tracking.is_empty();
    must(waits, || "an order that is not paid was sent".to_owned())?;
    road.pay(&ids[1])?;
    stage.rounds(channel, 1).await?;
    is_told(&stage, channel, &ids[1], 1)?;
    stock_is(&stage, MUG, PIECES - 3, 0)?;
    is_sound(&stage, channel, 2).await
}

/// The same delivery again, at once and once more when all is done, and every page read again.
pub async fn twice(channel: Channel) -> Result<(), Broken> {
    let mut stage = open(channel).await?;
    let road = stage.road(channel);
    let id = road.arrive(&[Wanted::new(1, &[(MUG, 2)])])?.remove(0);
    road.deliver(&id, Letter::Twice)?;
    stage.rounds(channel, 1).await?;
    is_told(&stage, channel, &id, 1)?;
    stage.replay().await;
    road.deliver(&id, Letter::Twice)?;
    stage.rounds(channel, 1).await?;
    is_told(&stage, channel, &id, 1)?;
    stock_is(&stage, MUG, PIECES - 2, 0)?;
    is_sound(&stage, channel, 1).await
}

/// The second word of the channel is heard before the first: the second stands.
pub async fn out_of_order(channel: Channel) -> Result<(), Broken> {
    let mut stage = open(channel).await?;
    let road = stage.road(channel);
    let id = road.arrive(&[Wanted::new(1, &[(MUG, 1)])])?.remove(0);
    let first = stage.take_letters();
    stage.held.insert(Queue::Book);
    stage.world.set_now(waybill_domain::time::after(stage.now(), jiff::SignedDuration::from_secs(5)));
    road.move_to_leeds(&id)?;
    for letter in stage.take_letters().into_iter().chain(first) {
        let status = stage.deliver(letter).await;
        must(status == 200 || status == 204, || format!("a delivery was answered {status}"))?;
    }
    stage.rounds(channel, 1).await?;
    let area = |stage: &super::Stage| -> Result<Option<String>, Broken> {
        Ok(stage.stored(channel, &id)?.order.destination.and_then(|to| to.postcode_area))
    };
    let seen = area(&stage)?;
    must(seen.as_deref() == Some("LS"), || format!("it goes to {seen:?} instead of Leeds"))?;
    stage.held.clear();
    stage.rounds(channel, 1).await?;
    is_told(&stage, channel, &id, 1)?;
    is_sound(&stage, channel, 1).await
}

/// No delivery tells of them: reading alone brings all, once, and reads no order that did not change.
pub async fn hundred_on_a_page(channel: Channel) -> Result<(), Broken> {
    let mut stage = open(channel).await?;
    let road = stage.road(channel);
    stage.held.insert(Queue::Allocate);
    stage.post_lost = true;
    let wanted: Vec<Wanted> = (1..=100).map(|number| Wanted::new(number, &[(MUG, 1)])).collect();
    let ids = road.arrive(&wanted)?;
    stage.rounds(channel, 2).await?;
    let facts = stage.facts()?;
    for id in &ids {
        let held = facts.orders.get(&stage.order_id(channel, id)?);
        let stands = held.map(|one| one.order.status);
        must(stands == Some(Status::Received), || format!("order {id} is {stands:?}"))?;
    }
    // Each is handed on once, however often its page is read, but for the clock's own reminders.
    stage.held.clear();
    stage.held.insert(Queue::Book);
    stage.rounds(channel, 1).await?;
    let reserved = ours(&stage, MUG)?;
    must(reserved == (PIECES, 100), || format!("{reserved:?} instead of 100 promised"))?;
    stage.held.clear();
    is_sound(&stage, channel, 100).await
}

/// The others go their way, a person is told of the one, and once it is mended it goes its way too.
pub async fn poison_in_the_middle(channel: Channel) -> Result<(), Broken> {
    let mut stage = open(channel).await?;
    let road = stage.road(channel);
    stage.post_lost = true;
    let wanted: Vec<Wanted> = (1..=5).map(|number| Wanted::new(number, &[(MUG, 1)])).collect();
    let ids = road.arrive(&wanted)?;
    road.spoil(&ids[2])?;
    stage.rounds(channel, 2).await?;
    for id in ids.iter().enumerate().filter(|(place, _)| *place != 2).map(|(_, id)| id) {
        is_told(&stage, channel, id, 1)?;
    }
    let facts = stage.facts()?;
    let told = facts.orders.values().filter(|one| {
        one.order.status == Status::Held
            && one.order.hold == Some(Hold::Exception)
            && one.order.exceptions.iter().any(|e| e.reason == Reason::Unreadable)
    });
    let told = told.count();
    must(told == 1, || format!("{told} orders wait for a person instead of the one"))?;
    is_sound(&stage, channel, 5).await?;
    let again = Wanted::new(3, &[(MUG, 1)]);
    road.arrive(&[again])?;
    stage.rounds(channel, 2).await?;
    is_told(&stage, channel, &ids[2], 1)
}
