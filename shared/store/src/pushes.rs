//! What each channel was last told of a SKU's stock.

use crate::db::{Db, from_item, key, s, to_item};
use crate::error::StoreError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use waybill_domain::catalogue::Mapping;
use waybill_domain::stock::Level;
use waybill_domain::time::sortable;
use waybill_domain::{ConnectionId, MerchantId};

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
    fn pk(&self, merchant: &MerchantId) -> String {
        format!("{merchant}#{}", self.sku)
    }

    fn sk(&self, what: &str) -> String {
        let Self { sku, connection, channel_sku, place } = self;
        let at = place.map(|place| format!("@{place}")).unwrap_or_default();
        if sku == channel_sku {
            format!("{what}#{connection}{at}")
        } else {
            format!("{what}#{connection}{at}#{channel_sku}")
        }
    }
}

/// What a place of a channel was last told of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldPlace {
    /// How the channel calls it.
    pub place: String,
    /// The channel's SKU.
    pub channel_sku: String,
    /// What it was told.
    pub pushed: Pushed,
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
        let reply = self
            .client
            .query()
            .table_name(&self.tables.stock)
            .key_condition_expression("pk = :pk AND begins_with(sk, :levels)")
            .expression_attribute_values(":pk", s(format!("{merchant}#{sku}")))
            .expression_attribute_values(":levels", s("lvl#"))
            .consistent_read(true)
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:Query", &e))?;
        reply.items.unwrap_or_default().into_iter().map(|item| from_item(item, "level")).collect()
    }

    /// Every place of an account that was ever told of a SKU, with what it was told last.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when a row is not one of these.
    pub async fn told_places(
        &self,
        merchant: &MerchantId,
        sku: &str,
        connection: &ConnectionId,
    ) -> Result<Vec<ToldPlace>, StoreError> {
        let begins = format!("push#{connection}@");
        let reply = self
            .client
            .query()
            .table_name(&self.tables.stock)
            .key_condition_expression("pk = :pk AND begins_with(sk, :begins)")
            .expression_attribute_values(":pk", s(format!("{merchant}#{sku}")))
            .expression_attribute_values(":begins", s(begins.as_str()))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:Query", &e))?;
        let told = |item: crate::db::Item| {
            let sk = item.get("sk").and_then(|v| v.as_s().ok()).and_then(|sk| sk.strip_prefix(&begins));
            let at = sk.ok_or(StoreError::Corrupt("push"))?;
            // Neither locations nor sources have a `#` in their names.
            let (place, channel_sku) = at.split_once('#').unwrap_or((at, sku));
            let (place, channel_sku) = (place.to_owned(), channel_sku.to_owned());
            Ok(ToldPlace { place, channel_sku, pushed: from_item(item, "push")? })
        };
        reply.items.unwrap_or_default().into_iter().map(told).collect()
    }

    /// What was last told at a listing.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn pushed(
        &self,
        merchant: &MerchantId,
        listing: &Listing<'_>,
    ) -> Result<Option<Pushed>, StoreError> {
        let item = self.get(&self.tables.stock, &listing.pk(merchant), &listing.sk("push")).await?;
        item.map(|i| from_item(i, "push")).transpose()
    }

    /// Records what was told.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_pushed(
        &self,
        merchant: &MerchantId,
        listing: &Listing<'_>,
        pushed: &Pushed,
    ) -> Result<(), StoreError> {
        let mut item = to_item(pushed)?;
        item.extend(key(&listing.pk(merchant), &listing.sk("push")));
        self.client
            .put_item()
            .table_name(&self.tables.stock)
            .set_item(Some(item))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:PutItem", &e))?;
        Ok(())
    }

    /// Until when a listing is not to be told, because a message that will be back by then does it.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn push_put_off(
        &self,
        merchant: &MerchantId,
        listing: &Listing<'_>,
    ) -> Result<Option<Timestamp>, StoreError> {
        let item = self.get(&self.tables.stock, &listing.pk(merchant), &listing.sk("push-off")).await?;
        let until = |item: crate::db::Item| from_item::<PutOff>(item, "push").map(|put_off| put_off.until);
        item.map(until).transpose()
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
        let mut item = key(&listing.pk(merchant), &listing.sk("push-off"));
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
