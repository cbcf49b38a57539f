//! What each channel was last told of a SKU's stock.

use crate::db::{Db, from_item, key, n, s, to_item};
use crate::error::StoreError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use waybill_domain::catalogue::Mapping;
use waybill_domain::stock::Level;
use waybill_domain::time::sortable;
use waybill_domain::{ConnectionId, MerchantId};

/// What its rows of the SKU's partition begin with.
const PUSH: &str = "push#";
const PUT_OFF: &str = "push-off#";

/// The last thing a channel was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushed {
    /// The number, in the way the channel counts.
    pub quantity: u32,
    /// When.
    pub at: Timestamp,
    /// The channel has no place for it; a code that says why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// Two told it at once, and which number it took last is not known: it is told once more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unsure: bool,
}

impl Pushed {
    /// It was told last that there are none.
    #[must_use]
    pub fn shows_none(&self) -> bool {
        self.quantity == 0 && !self.unsure
    }
}

/// Where a channel shows a SKU of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing<'a> {
    /// Ours.
    pub sku: &'a str,
    /// Through which account.
    pub connection: &'a ConnectionId,
    /// The channel's SKU; ours where nobody mapped it.
    pub channel_sku: &'a str,
    /// How the channel calls the place, where it is told of each by itself.
    pub place: Option<&'a str>,
}

impl Listing<'_> {
    /// Its name among all that shows the SKU.
    fn name(&self) -> String {
        let Self { sku, connection, channel_sku, place } = self;
        let at = place.map(|place| format!("@{place}")).unwrap_or_default();
        if sku == channel_sku {
            format!("{connection}{at}")
        } else {
            format!("{connection}{at}#{channel_sku}")
        }
    }
}

fn pk(merchant: &MerchantId, sku: &str) -> String {
    format!("{merchant}#{sku}")
}

/// What was last told of one SKU, wherever it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldOf {
    sku: String,
    told: BTreeMap<String, Pushed>,
    put_off: BTreeMap<String, Timestamp>,
}

impl ToldOf {
    /// What was last told at a listing.
    #[must_use]
    pub fn at(&self, listing: &Listing<'_>) -> Option<&Pushed> {
        self.told.get(&listing.name())
    }

    /// Until when a listing is not to be told, because a message that will be back by then does it.
    #[must_use]
    pub fn put_off(&self, listing: &Listing<'_>) -> Option<Timestamp> {
        self.put_off.get(&listing.name()).copied()
    }

    /// Every place of an account that was ever told of the SKU.
    pub fn places<'a>(&'a self, connection: &ConnectionId) -> impl Iterator<Item = ToldPlace<'a>> {
        let begins = format!("{connection}@");
        self.told.iter().filter_map(move |(listing, pushed)| {
            let at = listing.strip_prefix(&begins)?;
            // Neither locations nor sources have a `#` in their names.
            let (place, channel_sku) = at.split_once('#').unwrap_or((at, &self.sku));
            Some(ToldPlace { place, channel_sku, pushed })
        })
    }
}

/// What a place of a channel was last told of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToldPlace<'a> {
    /// How the channel calls it.
    pub place: &'a str,
    /// The channel's SKU.
    pub channel_sku: &'a str,
    /// What it was told.
    pub pushed: &'a Pushed,
}

/// Where an account shows the SKU, and how many pieces one of each listing is.
pub fn listings<'a>(
    sku: &'a str,
    connection: &'a ConnectionId,
    mapped: &'a [Mapping],
) -> impl Iterator<Item = (Listing<'a>, u32)> {
    let mapped = mapped.iter().filter(move |mapping| mapping.connection == *connection);
    // A listing of our SKU's own name is told by its mapping, if it has one.
    let own = mapped.clone().all(|mapping| mapping.channel_sku != sku).then_some((sku, 1));
    let all = mapped.map(|mapping| (mapping.channel_sku.as_str(), mapping.units.max(1))).chain(own);
    all.map(move |(channel_sku, units)| (Listing { sku, connection, channel_sku, place: None }, units))
}

impl Db {
    /// The levels of a SKU, by warehouse.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn levels(&self, merchant: &MerchantId, sku: &str) -> Result<Vec<Level>, StoreError> {
        let items = self.partition_of(&self.tables.stock, &pk(merchant, sku), Some("lvl#")).await?;
        items.into_iter().map(|item| from_item(item, "level")).collect()
    }

    /// What every listing of a SKU was last told, at every account, and which are not to be told now: one read.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when a row is not one of these.
    pub async fn told_of(&self, merchant: &MerchantId, sku: &str) -> Result<ToldOf, StoreError> {
        let mut all = ToldOf { sku: sku.to_owned(), told: BTreeMap::new(), put_off: BTreeMap::new() };
        for item in self.partition_of(&self.tables.stock, &pk(merchant, sku), Some("push")).await? {
            let sk = item.get("sk").and_then(|v| v.as_s().ok()).cloned().unwrap_or_default();
            if let Some(listing) = sk.strip_prefix(PUSH) {
                all.told.insert(listing.to_owned(), from_item(item, "push")?);
            } else {
                let listing = sk.strip_prefix(PUT_OFF).ok_or(StoreError::Corrupt("push"))?;
                all.put_off.insert(listing.to_owned(), from_item::<PutOff>(item, "push")?.until);
            }
        }
        Ok(all)
    }

    /// Records what was told, whatever was known.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_pushed(
        &self,
        merchant: &MerchantId,
        listing: &Listing<'_>,
        pushed: &Pushed,
    ) -> Result<(), StoreError> {
        self.put_pushed(merchant, listing, pushed)?
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:PutItem", &e))?;
        Ok(())
    }

    /// Records what was told in place of what was known before it was told.
    ///
    /// # Errors
    /// As AWS answers; `Condition` when another told the listing meanwhile, so that nobody knows which of the two the
    /// channel took last.
    pub async fn save_pushed_over(
        &self,
        merchant: &MerchantId,
        listing: &Listing<'_>,
        before: Option<&Pushed>,
        pushed: &Pushed,
    ) -> Result<(), StoreError> {
        let put = self.put_pushed(merchant, listing, pushed)?;
        let put = match before {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(before) => put
                .condition_expression("#at = :at AND quantity = :quantity")
                .expression_attribute_names("#at", "at")
                .expression_attribute_values(":at", s(before.at.to_string()))
                .expression_attribute_values(":quantity", n(before.quantity)),
        };
        put.send().await.map_err(|e| StoreError::from_sdk("dynamodb:PutItem", &e))?;
        Ok(())
    }

    fn put_pushed(
        &self,
        merchant: &MerchantId,
        listing: &Listing<'_>,
        pushed: &Pushed,
    ) -> Result<PutItemFluentBuilder, StoreError> {
        let mut item = to_item(pushed)?;
        item.extend(key(&pk(merchant, listing.sku), &format!("{PUSH}{}", listing.name())));
        Ok(self.client.put_item().table_name(&self.tables.stock).set_item(Some(item)))
    }

    /// Puts off telling a listing. Nothing happens when another message has done so.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn put_off_push(
        &self,
        merchant: &MerchantId,
        listing: &Listing<'_>,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut item = key(&pk(merchant, listing.sku), &format!("{PUT_OFF}{}", listing.name()));
        item.insert("until".into(), s(sortable(until)));
        let put = self.client.put_item().table_name(&self.tables.stock).set_item(Some(item));
        let put = put
            .condition_expression("attribute_not_exists(pk) OR #until <= :now")
            .expression_attribute_names("#until", "until")
            .expression_attribute_values(":now", s(sortable(now)));
        match put.send().await.map_err(|e| StoreError::from_sdk("dynamodb:PutItem", &e)) {
            Ok(_) | Err(StoreError::Condition { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

#[derive(Deserialize)]
struct PutOff {
    until: Timestamp,
}
