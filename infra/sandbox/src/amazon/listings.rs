//! Listings and their quantities: `patchListingsItem`, `merge` and `replace`.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::{account, error, invalid};
use crate::invent;
use crate::state::State;
use crate::wire::{Call, Reply, percent_decode};

const AVAILABILITY: &str = "/attributes/fulfillment_availability";

/// What is offered of one SKU.
#[derive(Debug, Clone, Serialize)]
pub struct Listing {
    /// Units that may be bought.
    pub quantity: i64,
    /// Days the seller takes; a `replace` that leaves it out loses it.
    pub lead_time_to_ship_max_days: Option<u32>,
}

/// Everything a seller offers.
#[derive(Debug)]
pub struct Listings {
    by_sku: BTreeMap<String, Listing>,
    queued: Vec<(Timestamp, String, Listing)>,
    /// Patches that were accepted.
    pub sets: u64,
}

impl Default for Listings {
    /// The invented catalogue, none in stock.
    fn default() -> Self {
        let new = || Listing { quantity: 0, lead_time_to_ship_max_days: Some(2) };
        let goods = invent::catalogue().iter().filter(|product| product.ships);
        let by_sku = goods.map(|product| (product.sku.to_owned(), new())).collect();
        Self { by_sku, queued: Vec::new(), sets: 0 }
    }
}

impl Listings {
    /// What the buyer sees now.
    pub fn shown(&mut self, now: Timestamp) -> &BTreeMap<String, Listing> {
        let (due, later) = std::mem::take(&mut self.queued).into_iter().partition(|(at, ..)| *at <= now);
        self.queued = later;
        for (_, sku, listing) in due {
            self.by_sku.insert(sku, listing);
        }
        &self.by_sku
    }

    /// Sets a number as the seller does by hand; adds the SKU when it is new.
    pub fn set(&mut self, sku: &str, units: i64) {
        let new = Listing { quantity: 0, lead_time_to_ship_max_days: Some(2) };
        self.by_sku.entry(sku.to_owned()).or_insert(new).quantity = units;
    }

    /// Takes off what was bought.
    pub fn sold(&mut self, sku: &str, units: i64) {
        if let Some(listing) = self.by_sku.get_mut(sku) {
            listing.quantity = (listing.quantity - units).max(0);
        }
    }
}

/// What a patch makes of a listing.
fn patched(listing: &Listing, body: &Value) -> Result<Listing, Reply> {
    let product = body["productType"].as_str().filter(|text| !text.is_empty());
    product.ok_or_else(|| invalid("productType is required."))?;
    let patches = body["patches"].as_array().filter(|patches| !patches.is_empty());
    let mut listing = listing.clone();
    for patch in patches.ok_or_else(|| invalid("patches is required."))? {
        if patch["path"] != AVAILABILITY {
            return Err(invalid("The sandbox knows the path /attributes/fulfillment_availability only."));
        }
        let value = &patch["value"][0];
        if value["fulfillment_channel_code"] != "DEFAULT" {
            return Err(invalid("fulfillment_channel_code must be DEFAULT."));
        }
        let quantity = value["quantity"].as_i64().filter(|quantity| *quantity >= 0);
        let lead = value["lead_time_to_ship_max_days"].as_u64().and_then(|days| u32::try_from(days).ok());
        let before = match patch["op"].as_str() {
            Some("merge") => Some(&listing),
            Some("replace" | "add") => None,
            _ => return Err(invalid("op is unknown.")),
        };
        listing = Listing {
            quantity: quantity.ok_or_else(|| invalid("quantity must be a whole number from 0."))?,
            lead_time_to_ship_max_days: lead.or_else(|| before.and_then(|l| l.lead_time_to_ship_max_days)),
        };
    }
    Ok(listing)
}

/// Answers a patch: accepted, and applied later.
pub fn answer(
    state: &mut State,
    name: &str,
    (seller, sku): (&str, &str),
    call: &Call,
) -> Result<Reply, Reply> {
    let (now, submission) = (state.now(), state.fresh_uuid());
    let account = account(state, name)?;
    if percent_decode(seller) != account.config.seller_id {
        return Err(error(403, "Unauthorized", "Access to requested resource is denied."));
    }
    let places = call.param("marketplaceIds").unwrap_or_default();
    if places != account.config.marketplace_id {
        return Err(invalid("marketplaceIds must name the seller's marketplace."));
    }
    let sku = percent_decode(sku);
    let missing = || error(404, "NOT_FOUND", "The SKU is not in the marketplace.");
    let listing = account.listings.shown(now).get(&sku).ok_or_else(missing)?;
    let body: Value = serde_json::from_slice(&call.body).map_err(|_| invalid("The body is no JSON."))?;
    let listing = patched(listing, &body)?;
    let wait = SignedDuration::from_secs(i64::from(account.config.show_after_seconds));
    account.listings.queued.push((now.checked_add(wait).unwrap_or(now), sku.clone(), listing));
    account.listings.sets += 1;
    let body = json!({"sku": sku, "status": "ACCEPTED", "submissionId": submission, "issues": []});
    Ok(Reply::json(200, &body))
}
