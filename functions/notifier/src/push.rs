//! Tells a merchant's channels how much of a SKU may be sold, under its own name and wherever a listing of theirs was
//! mapped to it, and has them told of the bundles it goes into.
//!
//! Pushes are coalesced: the message names a SKU, the number is read when it is worked on, and a channel that was
//! told this number is not told again. A number the channel already shows is not written either, so our own echo
//! ends there. While one message waits for a channel's budget, no other about the same SKU does.

use crate::{Env, reach};
use aws_lc_rs::digest::{SHA256, digest};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use waybill_channels::counts_physical;
use waybill_channels::stock::{Level, Outcome};
use waybill_domain::catalogue::Mapping;
use waybill_domain::service::local_date;
use waybill_domain::time::after;
use waybill_domain::{ConnectionId, MerchantId};
use waybill_runtime::channel::NotDone;
use waybill_runtime::directory::Account;
use waybill_runtime::{Failure, Step};
use waybill_store::pushes::{Listing, Pushed, listings};
use waybill_store::queues::MAX_DELAY;
use waybill_store::{Queue, Work};

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
    let pieces = |pieces: i64| u32::try_from(pieces.max(0)).unwrap_or(u32::MAX);
    let physical = pieces(goods.on_hand);
    let connections = env.db.connections(merchant).await?;
    let mapped = env.db.listed_as(merchant, sku).await?;
    let each =
        connections.iter().filter_map(|(id, kind)| Some((id, kind.channel()?))).flat_map(|(id, channel)| {
            let sellable = pieces(policy.shown(channel, sku, &goods.available, goods.safety));
            let physical_counts = counts_physical(channel);
            let wrote = &wrote;
            listings(sku, id, &mapped).map(move |(listing, units)| {
                let (sellable, physical) = (sellable / units, physical / units);
                let quantity = if physical_counts { physical } else { sellable };
                one(env, (merchant, listing), Told { sellable, physical, quantity }, wrote, now)
            })
        });
    // All at once: a channel takes two calls, and ten messages of five channels would outlast the function.
    let done = join_all(each).await.into_iter().fold(Ok(Step::Done), worse);
    reach::watch(env, merchant, sku, &goods, now).await?;
    // Stock may have moved while channels were told, and whoever told them of that may have been quicker.
    if wrote.load(Ordering::Relaxed) && env.db.goods(merchant, sku, today).await?.as_ref() != Some(&goods) {
        env.pushes.announce(merchant, BTreeSet::from([sku.to_owned()]), now).await?;
    }
    done
}

/// What is to be told.
#[derive(Clone, Copy)]
struct Told {
    sellable: u32,
    physical: u32,
    /// The one of the two that the channel counts.
    quantity: u32,
}

/// Whose listing.
type Subject<'a> = (&'a MerchantId, Listing<'a>);

/// Tells one listing.
async fn one(
    env: &Env,
    subject: Subject<'_>,
    told: Told,
    wrote: &AtomicBool,
    now: Timestamp,
) -> Result<Step, Failure> {
    let (merchant, listing) = subject;
    let (id, quantity) = (listing.connection, told.quantity);
    if env.db.pushed(merchant, &listing).await?.is_some_and(|before| is_told(&before, quantity, now)) {
        return Ok(Step::Done);
    }
    // The account may have a listing of this name that stands for other goods.
    let other = |mapping: &Mapping| mapping.sku != listing.sku;
    if env.db.mapping(merchant, id, listing.channel_sku).await?.as_ref().is_some_and(other) {
        return Ok(Step::Done);
    }
    let account = env.directory.account(id, now).await?.ok_or(Failure::Fault("no such connection"))?;
    if !account.is_active() {
        return Ok(Step::Done);
    }
    if env.db.push_put_off(merchant, &listing).await?.is_some_and(|until| now < until) {
        return Ok(Step::Done);
    }
    let level = Level {
        sku: listing.channel_sku.to_owned(),
        sellable: told.sellable,
        physical: told.physical,
        place: account.connection.places.values().next().cloned(),
        key: key(id, listing.channel_sku, quantity, now),
    };
    wrote.store(true, Ordering::Relaxed);
    let not = match tell(env, &account, level, now).await {
        Ok(outcome) => {
            let refused = match outcome {
                Outcome::NotPossible(why) => Some(why.to_owned()),
                Outcome::Unsupported => Some("unsupported".to_owned()),
                Outcome::Applied | Outcome::Pending => None,
            };
            tracing::info!(connection = %id, ?outcome, "stock told");
            env.db.save_pushed(merchant, &listing, &Pushed { quantity, at: now, refused }).await?;
            return Ok(Step::Done);
        }
        Err(not) => not,
    };
    tracing::warn!(connection = %id, error = %not, "stock not told");
    match not.step()? {
        Step::Again { seconds } if seconds > LONG => {
            put_off(env, subject, seconds.min(MAX_DELAY), now).await?;
            Ok(Step::Done)
        }
        step => Ok(step),
    }
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
        Some(_) => now < after(told.at, REFUSED_FOR),
        None => told.quantity == quantity,
    }
}

async fn tell(env: &Env, account: &Arc<Account>, level: Level, now: Timestamp) -> Result<Outcome, NotDone> {
    let open = env.channels.open(account, now).await?;
    env.channels.tell_stock(&open, level, now).await
}

/// The same for every attempt of one message, another for every other number or time.
fn key(id: &ConnectionId, sku: &str, quantity: u32, now: Timestamp) -> String {
    let text = format!("{id}|{sku}|{quantity}|{now}");
    hex::encode(digest(&SHA256, text.as_bytes()).as_ref().get(..16).unwrap_or_default())
}

/// A failure outweighs a wait, a longer wait a shorter.
fn worse(a: Result<Step, Failure>, b: Result<Step, Failure>) -> Result<Step, Failure> {
    match (a?, b?) {
        (Step::Again { seconds: a }, Step::Again { seconds: b }) => Ok(Step::Again { seconds: a.max(b) }),
        (again @ Step::Again { .. }, Step::Done) | (Step::Done, again) => Ok(again),
    }
}
