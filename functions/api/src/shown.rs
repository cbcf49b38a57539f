//! What each channel was told of a SKU, beside what it may sell now: overs sell what is not there, unders leave it lying.

use crate::Env;
use crate::answer::Stop;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use waybill_channels::counts_physical;
use waybill_domain::order::Channel;
use waybill_domain::service::local_date;
use waybill_domain::{ConnectionId, MerchantId};
use waybill_store::pushes::{Listing, listings};

/// One listing of a SKU at one account.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ChannelStock")]
pub struct Shown {
    /// Through which account.
    pub connection: ConnectionId,
    /// At which channel.
    pub channel: Channel,
    /// The channel's SKU.
    pub listing: String,
    /// The channel's own name of the place, where each is told by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What it should show now, in pieces of the listing and in the way the channel counts.
    pub due: u32,
    /// What it was last told; absent when it never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<u32>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<waybill_domain::time::Moment>")]
    pub told_at: Option<Timestamp>,
    /// It did not take what it was told; a code that says why. It is told again within a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// How many more it was told than it should show, or fewer, below zero; absent when it took nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over: Option<i64>,
}

/// Every listing of a SKU, by account; none for what never was in a warehouse.
pub(crate) async fn of(env: &Env, merchant: &MerchantId, sku: &str) -> Result<Vec<Shown>, Stop> {
    let Some(goods) = env.db.goods(merchant, sku, local_date(env.clock.read())).await? else {
        return Ok(Vec::new());
    };
    let policy = env.db.places(merchant).await?.policy;
    let mapped = env.db.listed_as(merchant, sku).await?;
    let told_of = env.db.told_of(merchant, sku).await?;
    let mut all = Vec::new();
    for (connection, kind) in env.db.connections(merchant).await? {
        let Some(channel) = kind.channel() else { continue };
        let account = env.db.connection(&connection).await?;
        let places = account.map(|account| account.places).unwrap_or_default();
        let shown = policy.shown_each(channel, sku, &goods.available, goods.safety);
        let places = goods.by_place(&places, &shown);
        for (listing, units) in listings(sku, &connection, &mapped) {
            for (place, there) in &places {
                let listing = Listing { place: *place, ..listing };
                let told = told_of.at(&listing);
                let counted = if counts_physical(channel) { there.physical } else { there.sellable };
                let due = counted / units;
                let took = told.filter(|told| told.refused.is_none());
                all.push(Shown {
                    connection: connection.clone(),
                    channel,
                    listing: listing.channel_sku.to_owned(),
                    place: place.map(str::to_owned),
                    due,
                    over: took.map(|told| i64::from(told.quantity) - i64::from(due)),
                    told: told.map(|told| told.quantity),
                    told_at: told.map(|told| told.at),
                    refused: told.and_then(|told| told.refused.clone()),
                });
            }
        }
    }
    Ok(all)
}
