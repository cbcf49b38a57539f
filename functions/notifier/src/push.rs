//! Tells a merchant's channels how much of a SKU may be sold, under its own name and wherever a listing of theirs was
//! mapped to it, and has them told of the bundles it goes into.
//!
//! Pushes are coalesced: the message names a SKU, the number is read when it is worked on, and a channel that was
//! told this number is not told again. A number the channel already shows is not written either, so our own echo
//! ends there. While one message waits for a channel's budget, no other about the same SKU does.

use crate::{Env, left, reach};
use aws_lc_rs::digest::{SHA256, digest};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use waybill_channels::counts_physical;
use waybill_channels::stock::{Level, Outcome};
use waybill_domain::MerchantId;
use waybill_domain::advice::Advice;
use waybill_domain::catalogue::Mapping;
use waybill_domain::exception::Reason;
use waybill_domain::service::local_date;
use waybill_domain::time::after;
use waybill_runtime::channel::NotDone;
use waybill_runtime::directory::Account;
use waybill_runtime::{Failure, Step};
use waybill_store::pushes::{Listing, Pushed, ToldOf, listings};
use waybill_store::queues::MAX_DELAY;
use waybill_store::{Queue, StoreError, Work};

/// A channel that has no place for a SKU is asked again after this.
const REFUSED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// A wait longer than this, in seconds, is left to one message.
const LONG: u32 = 15;
/// That one comes back this long after others may try again themselves, so that a clock that is a little behind
/// never takes its own mark for another's.
const SLACK: SignedDuration = SignedDuration::from_secs(5);

/// Tells every channel of the merchant. One that cannot be told now keeps no other waiting.
pub(crate) async fn push(
    env: &Env,
    merchant: &MerchantId,
    sku: &str,
    now: Timestamp,
) -> Result<Step, Failure> {
    let bundles = env.db.made_into(merchant, sku).await?;
    env.pushes.announce(merchant, bundles, now).await?;
    let today = local_date(now);
    let Some(goods) = env.db.goods(merchant, sku, today).await? else { return Ok(Step::Done) };
    let policy = env.db.places(merchant).await?.policy;
    let wrote = AtomicBool::new(false);
    let mapped = env.db.listed_as(merchant, sku).await?;
    // After the goods: who tells something else of them meanwhile looks at the goods again.
    let mut told = env.db.told_of(merchant, sku).await?;
    let mut tellable = Vec::new();
    let mut opened = Ok(Step::Done);
    for (id, kind) in env.db.connections(merchant).await? {
        let Some(channel) = kind.channel() else { continue };
        let account = match env.directory.account(&id, now).await {
            Ok(Some(account)) => account,
            Ok(None) => {
                opened = Err(Failure::Fault("no such connection"));
                continue;
            }
            Err(error) => {
                opened = Err(error.into());
                continue;
            }
        };
        // First, because what is told of all together may go to a place that is told that it has none.
        match left::leave(env, &account, (merchant, sku, &mapped), &told, &wrote, now).await {
            Ok(Step::Done) => {}
            other => {
                opened = worse(opened, other);
                continue;
            }
        }
        let each = policy.shown_each(channel, sku, &goods.available, goods.safety);
        tellable.push((account, counts_physical(channel), each));
    }
    if wrote.load(Ordering::Relaxed) {
        told = env.db.told_of(merchant, sku).await?;
    }
    let each = tellable.iter().flat_map(|(account, physical_counts, shown)| {
        let (wrote, before) = (&wrote, &told);
        let places = goods.by_place(&account.connection.places, shown);
        listings(sku, &account.connection.id, &mapped).flat_map(move |(listing, units)| {
            places.clone().into_iter().map(move |(place, there)| {
                let (sellable, physical) = (there.sellable / units, there.physical / units);
                let quantity = if *physical_counts { physical } else { sellable };
                let listing = Listing { place, ..listing };
                let told = Told { sellable, physical, quantity };
                one(env, account, (merchant, listing), before, told, wrote, now)
            })
        })
    });
    // All at once: a channel takes two calls, and ten messages of five channels would outlast the function.
    let done = join_all(each).await.into_iter().fold(opened, worse);
    reach::watch(env, merchant, sku, &goods, now).await?;
    // Stock may have moved while channels were told, and whoever told them of that may have been quicker.
    if wrote.load(Ordering::Relaxed) && env.db.goods(merchant, sku, today).await?.as_ref() != Some(&goods) {
        env.pushes.announce(merchant, BTreeSet::from([sku.to_owned()]), now).await?;
    }
    done
}

/// What is to be told.
#[derive(Clone, Copy)]
pub(crate) struct Told {
    pub(crate) sellable: u32,
    pub(crate) physical: u32,
    /// The one of the two that the channel counts.
    pub(crate) quantity: u32,
}

/// Whose listing.
pub(crate) type Subject<'a> = (&'a MerchantId, Listing<'a>);

/// Tells one listing, unless it was told so before.
pub(crate) async fn one(
    env: &Env,
    account: &Arc<Account>,
    subject: Subject<'_>,
    before: &ToldOf,
    told: Told,
    wrote: &AtomicBool,
    now: Timestamp,
) -> Result<Step, Failure> {
    let (merchant, listing) = subject;
    let (id, quantity) = (listing.connection, told.quantity);
    if before.at(&listing).is_some_and(|before| is_told(before, quantity, now)) {
        return Ok(Step::Done);
    }
    if !account.is_active() {
        return Ok(Step::Done);
    }
    if before.put_off(&listing).is_some_and(|until| now < until) {
        return Ok(Step::Done);
    }
    // The account may have a listing of this name that stands for other goods.
    let other = |mapping: &Mapping| mapping.sku != listing.sku;
    if env.db.mapping(merchant, id, listing.channel_sku).await?.as_ref().is_some_and(other) {
        return Ok(Step::Done);
    }
    let level = Level {
        sku: listing.channel_sku.to_owned(),
        sellable: told.sellable,
        physical: told.physical,
        place: listing.place.map(str::to_owned),
        key: key(&listing, quantity, now),
    };
    wrote.store(true, Ordering::Relaxed);
    let not = match tell(env, account, level, now).await {
        Ok(outcome) => {
            let refused = match outcome {
                Outcome::NotPossible(why) => Some(why.to_owned()),
                Outcome::Unsupported => Some("unsupported".to_owned()),
                Outcome::Applied | Outcome::Pending => None,
            };
            tracing::info!(connection = %id, ?outcome, "stock told");
            let pushed = Pushed { quantity, at: now, refused, unsure: false };
            return match env.db.save_pushed_over(merchant, &listing, before.at(&listing), &pushed).await {
                Err(StoreError::Condition { .. }) => told_twice(env, subject, quantity, now).await,
                saved => saved.map(|()| Step::Done).map_err(Failure::from),
            };
        }
        Err(not) => not,
    };
    tracing::warn!(connection = %id, error = %not, "stock not told");
    if matches!(&not, NotDone::Told(told) if told.advice == Advice::AskPerson(Reason::ConnectionRefused)) {
        // A person has to do something first; until then the number is looked at anew now and then.
        put_off(env, subject, MAX_DELAY, now).await?;
        return Ok(Step::Done);
    }
    match not.step()? {
        Step::Again { seconds } if seconds > LONG => {
            put_off(env, subject, seconds.min(MAX_DELAY), now).await?;
            Ok(Step::Done)
        }
        step => Ok(step),
    }
}

/// Another told the listing at the same time, and the channel may have taken the two in another order than they were
/// noted in. It is told once more, whatever either told it.
async fn told_twice(
    env: &Env,
    (merchant, listing): Subject<'_>,
    quantity: u32,
    now: Timestamp,
) -> Result<Step, Failure> {
    // Noted first: if nothing can be announced this message comes back, and finds the note.
    let pushed = Pushed { quantity, at: now, refused: None, unsure: true };
    env.db.save_pushed(merchant, &listing, &pushed).await?;
    env.pushes.announce(merchant, BTreeSet::from([listing.sku.to_owned()]), now).await?;
    Ok(Step::Done)
}

/// Has a message of its own come back for one channel, and all others about the SKU leave it alone until then.
/// The message first: without the mark it is one too many, the mark without it would keep the channel waiting.
async fn put_off(
    env: &Env,
    (merchant, listing): Subject<'_>,
    seconds: u32,
    now: Timestamp,
) -> Result<(), Failure> {
    let work = Work::Push { merchant: merchant.clone(), sku: listing.sku.to_owned(), at: now };
    env.queues.send(Queue::Push, &[work], seconds).await?;
    let until = after(now, SignedDuration::from_secs(i64::from(seconds)) - SLACK);
    Ok(env.db.put_off_push(merchant, &listing, until, now).await?)
}

fn is_told(told: &Pushed, quantity: u32, now: Timestamp) -> bool {
    match told.refused {
        _ if told.unsure => false,
        Some(_) => now < after(told.at, REFUSED_FOR),
        None => told.quantity == quantity,
    }
}

async fn tell(env: &Env, account: &Arc<Account>, level: Level, now: Timestamp) -> Result<Outcome, NotDone> {
    let open = env.channels.open(account, now).await?;
    env.channels.tell_stock(&open, level, now).await
}

/// The same for every attempt of one message, another for every other number or time.
fn key(listing: &Listing<'_>, quantity: u32, now: Timestamp) -> String {
    let Listing { connection, channel_sku, place, .. } = listing;
    let text = match place {
        Some(place) => format!("{connection}|{channel_sku}|{place}|{quantity}|{now}"),
        None => format!("{connection}|{channel_sku}|{quantity}|{now}"),
    };
    hex::encode(digest(&SHA256, text.as_bytes()).as_ref().get(..16).unwrap_or_default())
}

/// A failure outweighs a wait, a longer wait a shorter.
pub(crate) fn worse(a: Result<Step, Failure>, b: Result<Step, Failure>) -> Result<Step, Failure> {
    match (a?, b?) {
        (Step::Again { seconds: a }, Step::Again { seconds: b }) => Ok(Step::Again { seconds: a.max(b) }),
        (again @ Step::Again { .. }, Step::Done) | (Step::Done, again) => Ok(again),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_known_by_its_own_key() {
        let id = "con_00000000000000aa".parse().unwrap();
        let at = |place| Listing { sku: "A", connection: &id, channel_sku: "A", place };
        let now = Timestamp::UNIX_EPOCH;
        assert_ne!(key(&at(Some("1")), 5, now), key(&at(Some("2")), 5, now));
        assert_eq!(key(&at(Some("1")), 5, now), key(&at(Some("1")), 5, now));
    }
}
