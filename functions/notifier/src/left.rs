//! Places of a channel that are ours no more: what they were last told would be sold from for ever, so they are told that
//! they have none, before those that are ours are told anything.

use crate::Env;
use crate::push::{Told, one, worse};
use jiff::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use waybill_domain::MerchantId;
use waybill_domain::catalogue::Mapping;
use waybill_domain::order::Channel;
use waybill_runtime::directory::Account;
use waybill_runtime::{Failure, Step};
use waybill_store::pushes::{Listing, Pushed, ToldOf, listings};

const NONE: Told = Told { sellable: 0, physical: 0, quantity: 0 };

/// Tells them of one SKU. Done when none is left that shows some.
pub(crate) async fn leave(
    env: &Env,
    account: &Arc<Account>,
    (merchant, sku, mapped): (&MerchantId, &str, &[Mapping]),
    told: &ToldOf,
    wrote: &AtomicBool,
    now: Timestamp,
) -> Result<Step, Failure> {
    let (id, places) = (&account.connection.id, &account.connection.places);
    let channel = account.connection.kind.channel();
    if !matches!(channel, Some(Channel::Shopify | Channel::Magento)) {
        return Ok(Step::Done);
    }
    let mut done = Step::Done;
    for left in told.places(id) {
        if left.pushed.shows_none() || places.values().any(|place| place == left.place) {
            continue;
        }
        let whole = Listing { sku, connection: id, channel_sku: left.channel_sku, place: None };
        if places.is_empty() {
            // What was told of all together before there were places is old.
            let old = Pushed {
                quantity: 0,
                at: Timestamp::UNIX_EPOCH,
                refused: Some("places_changed".into()),
                unsure: false,
            };
            wrote.store(true, Ordering::Relaxed);
            env.db.save_pushed(merchant, &whole, &old).await?;
        }
        let listing = Listing { place: Some(left.place), ..whole };
        done = worse(Ok(done), one(env, account, (merchant, listing), told, NONE, wrote, now).await)?;
    }
    // What was told of all together stands at Magento's default source.
    let default = waybill_channels::magento::stock::DEFAULT_SOURCE;
    if channel == Some(Channel::Magento) && !places.is_empty() && places.values().all(|p| p != default) {
        for (listing, _) in listings(sku, id, mapped) {
            if told.at(&listing).is_some_and(|told| !told.shows_none()) {
                done = worse(Ok(done), one(env, account, (merchant, listing), told, NONE, wrote, now).await)?;
            }
        }
    }
    Ok(done)
}
