//! Tells a merchant's channels how much of a SKU may be sold.
//!
//! Pushes are coalesced: the message names a SKU, the number is read when it is worked on, and a channel that was
//! told this number is not told again. A number the channel already shows is not written either, so our own echo
//! ends there.

use crate::Env;
use aws_lc_rs::digest::{SHA256, digest};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use waybill_channels::stock::{Level, Outcome};
use waybill_channels::{Operation, counts_physical};
use waybill_domain::time::after;
use waybill_domain::{ConnectionId, MerchantId};
use waybill_runtime::channel::NotDone;
use waybill_runtime::directory::Account;
use waybill_runtime::{Failure, Step};
use waybill_store::pushes::Pushed;

/// A channel that has no place for a SKU is asked again after this.
const REFUSED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Tells every channel of the merchant. One that cannot be told now keeps no other waiting.
pub(crate) async fn push(
    env: &Env,
    merchant: &MerchantId,
    sku: &str,
    now: Timestamp,
) -> Result<Step, Failure> {
    let levels = env.db.levels(merchant, sku).await?;
    if levels.is_empty() {
        return Ok(Step::Done);
    }
    let sum = |of: fn(&waybill_domain::stock::Level) -> i64| {
        u32::try_from(levels.iter().map(of).sum::<i64>().max(0)).unwrap_or(u32::MAX)
    };
    let (sellable, physical) = (sum(|l| l.available), sum(|l| l.on_hand));
    let mut result = Ok(Step::Done);
    for (id, kind) in env.db.connections(merchant).await? {
        let Some(channel) = kind.channel() else { continue };
        let quantity = if counts_physical(channel) { physical } else { sellable };
        let told = env.db.pushed(merchant, sku, &id).await?;
        if told.is_some_and(|t| is_told(&t, quantity, now)) {
            continue;
        }
        let account = env.directory.account(&id, now).await?.ok_or(Failure::Fault("no such connection"))?;
        if !account.is_active() {
            continue;
        }
        let level = Level {
            sku: sku.to_owned(),
            sellable,
            physical,
            place: account.connection.places.values().next().cloned(),
            key: key(&id, sku, quantity, now),
        };
        match tell(env, &account, level, now).await {
            Ok(outcome) => {
                let refused = match outcome {
                    Outcome::NotPossible(why) => Some(why.to_owned()),
                    Outcome::Unsupported => Some("unsupported".to_owned()),
                    Outcome::Applied | Outcome::Pending => None,
                };
                tracing::info!(connection = %id, ?outcome, "stock told");
                env.db.save_pushed(merchant, sku, &id, &Pushed { quantity, at: now, refused }).await?;
            }
            Err(not) => {
                tracing::warn!(connection = %id, error = %not, "stock not told");
                result = worse(result, not.step());
            }
        }
    }
    result
}

fn is_told(told: &Pushed, quantity: u32, now: Timestamp) -> bool {
    match told.refused {
        Some(_) => now < after(told.at, REFUSED_FOR),
        None => told.quantity == quantity,
    }
}

async fn tell(env: &Env, account: &Arc<Account>, level: Level, now: Timestamp) -> Result<Outcome, NotDone> {
    let open = env.channels.open(account, now).await?;
    let talk = open.channel.stock(level);
    env.channels.tell(&open, Operation::Stock, talk, now).await
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
