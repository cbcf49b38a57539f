//! SKUs, what channels call them, and goods on order.

use crate::db::{Db, Item, MAX_ACTIONS, from_item, key, n, s, to_item};
use crate::error::StoreError;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use std::collections::BTreeSet;
use waybill_domain::backorder::Expected;
use waybill_domain::catalogue::{Catalogue, Mapping, Sku, is_channel_sku};
use waybill_domain::order::Order;
use waybill_domain::stock::Movement;
use waybill_domain::{ConnectionId, MerchantId};

/// Partitions a merchant's SKUs are spread over, so that an import is not bound to one.
pub const SKU_SHARDS: u8 = 16;

/// The shard of a SKU.
pub(crate) fn shard_of(sku: &str) -> u8 {
    let hash =
        sku.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    u8::try_from(hash % u32::from(SKU_SHARDS)).unwrap_or_default()
}

fn skus_pk(merchant: &MerchantId, shard: u8) -> String {
    format!("skus#{merchant}#{shard}")
}

/// Where the row of a SKU lies, for loading many past the doors.
#[cfg(feature = "memory")]
pub fn row_key(merchant: &MerchantId, sku: &str) -> (String, String) {
    (skus_pk(merchant, shard_of(sku)), sku.to_owned())
}

fn mappings_pk(merchant: &MerchantId, connection: &ConnectionId) -> String {
    format!("mappings#{merchant}#{connection}")
}

/// Where it is said which bundles a SKU goes into.
fn made_into_pk(merchant: &MerchantId, sku: &str) -> String {
    format!("made-into#{merchant}#{sku}")
}

fn listed_as_pk(merchant: &MerchantId, sku: &str) -> String {
    format!("listed-as#{merchant}#{sku}")
}

fn expected_pk(merchant: &MerchantId, sku: &str) -> String {
    format!("expected#{merchant}#{sku}")
}

/// A row of the list of SKUs: entered, or only known because goods of that name came in.
#[derive(serde::Serialize, serde::Deserialize)]
struct Row {
    #[serde(flatten)]
    sku: Sku,
    #[serde(default)]
    entered: bool,
}

/// What a look-up of names found.
#[derive(Debug, Default)]
struct Rows {
    entered: Vec<Sku>,
    only_stocked: Vec<String>,
}

impl Rows {
    fn add(&mut self, row: Row) {
        if row.entered {
            self.entered.push(row.sku);
        } else {
            self.only_stocked.push(row.sku.sku);
        }
    }

    fn extend(&mut self, more: Self) {
        self.entered.extend(more.entered);
        self.only_stocked.extend(more.only_stocked);
    }
}

impl Db {
    /// What is known of the SKUs that orders name: one read, and one more where a channel's name stands for another or
    /// a bundle has components that were not named.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn catalogue(&self, merchant: &MerchantId, orders: &[Order]) -> Result<Catalogue, StoreError> {
        let named: BTreeSet<(ConnectionId, String)> = orders
            .iter()
            .flat_map(|o| o.lines.iter().filter_map(|l| Some((o.connection.clone(), l.sku.clone()?))))
            // What cannot be a key is not known, and must not keep the rest of the batch from being read.
            .filter(|(_, sku)| is_channel_sku(sku))
            .collect();
        let direct: BTreeSet<String> = named.iter().map(|(_, sku)| sku.clone()).collect();
        let mut known = Catalogue::default();
        let mut rows = Rows::default();
        let mappings = named.iter().map(|(c, sku)| key(&mappings_pk(merchant, c), sku));
        let skus = direct.iter().map(|sku| key(&skus_pk(merchant, shard_of(sku)), sku));
        let keys: Vec<Item> = mappings.chain(skus).collect();
        for chunk in keys.chunks(MAX_ACTIONS) {
            for item in self.batch_get(&self.tables.stock, chunk.to_vec()).await? {
                if item.contains_key("channel_sku") {
                    let Mapping { connection, channel_sku, sku, units } = from_item(item, "mapping")?;
                    known.mappings.insert((connection, channel_sku), (sku, units));
                } else {
                    rows.add(from_item(item, "SKU")?);
                }
            }
        }
        // What a channel's name stands for is mostly another name.
        let meant: BTreeSet<String> =
            known.mappings.values().map(|(sku, _)| sku.clone()).filter(|sku| !direct.contains(sku)).collect();
        if !meant.is_empty() {
            rows.extend(self.rows(merchant, &meant).await?);
        }
        let names: BTreeSet<String> = direct.into_iter().chain(meant).collect();
        known.stocked.extend(rows.only_stocked);
        // Components are looked up too, for the tags that rules ask for.
        let parts: BTreeSet<String> = rows
            .entered
            .iter()
            .flat_map(|sku| sku.parts.iter().map(|p| p.sku.clone()))
            .filter(|name| !names.contains(name))
            .collect();
        known.skus.extend(rows.entered.into_iter().map(|sku| (sku.sku.clone(), sku)));
        if !parts.is_empty() {
            let rows = self.rows(merchant, &parts).await?;
            known.stocked.extend(rows.only_stocked);
            known.skus.extend(rows.entered.into_iter().map(|sku| (sku.sku.clone(), sku)));
        }
        Ok(known)
    }

    /// SKUs by name; those that were never entered are left out.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn skus(&self, merchant: &MerchantId, names: &[String]) -> Result<Vec<Sku>, StoreError> {
        Ok(self.rows(merchant, &names.iter().cloned().collect()).await?.entered)
    }

    /// Names of which no SKU was entered and no goods came in.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn unknown_skus(
        &self,
        merchant: &MerchantId,
        names: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>, StoreError> {
        let rows = self.rows(merchant, names).await?;
        let known: BTreeSet<String> =
            rows.entered.into_iter().map(|sku| sku.sku).chain(rows.only_stocked).collect();
        Ok(names.difference(&known).cloned().collect())
    }

    async fn rows(&self, merchant: &MerchantId, names: &BTreeSet<String>) -> Result<Rows, StoreError> {
        let keys: Vec<Item> = names.iter().map(|sku| key(&skus_pk(merchant, shard_of(sku)), sku)).collect();
        let mut found = Rows::default();
        for chunk in keys.chunks(MAX_ACTIONS) {
            for item in self.batch_get(&self.tables.stock, chunk.to_vec()).await? {
                found.add(from_item(item, "SKU")?);
            }
        }
        Ok(found)
    }

    /// A SKU as it was entered.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn entered_sku(&self, merchant: &MerchantId, sku: &str) -> Result<Option<Sku>, StoreError> {
        let item = self.get(&self.tables.stock, &skus_pk(merchant, shard_of(sku)), sku).await?;
        let row = item.map(|item| from_item::<Row>(item, "SKU")).transpose()?;
        Ok(row.filter(|row| row.entered).map(|row| row.sku))
    }

    /// The bundles that a SKU goes into, or once did: what they are made of now they say themselves.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn made_into(&self, merchant: &MerchantId, sku: &str) -> Result<BTreeSet<String>, StoreError> {
        let items = self.partition(&made_into_pk(merchant, sku)).await?;
        let name = |item: &Item| item.get("sk").and_then(|v| v.as_s().ok()).cloned();
        Ok(items.iter().filter_map(name).collect())
    }

    /// Stores a SKU in place of what was known.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_sku(&self, merchant: &MerchantId, sku: &Sku) -> Result<(), StoreError> {
        // First: a bundle that is not there yet has no stock, one that no part leads to is never told of.
        for part in &sku.parts {
            self.put_stock(Item::new(), &made_into_pk(merchant, &part.sku), &sku.sku).await?;
        }
        let pk = skus_pk(merchant, shard_of(&sku.sku));
        self.put_stock(to_item(&Row { sku: sku.clone(), entered: true })?, &pk, &sku.sku).await
    }

    /// Stores a SKU if what is there is what the caller says it should be; false when it is not, or nothing is.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn replace_sku(
        &self,
        merchant: &MerchantId,
        sku: &Sku,
        same: impl Fn(&Sku) -> bool,
    ) -> Result<bool, StoreError> {
        let pk = skus_pk(merchant, shard_of(&sku.sku));
        let Some(held) = self.get(&self.tables.stock, &pk, &sku.sku).await? else { return Ok(false) };
        if !same(&from_item::<Row>(held.clone(), "sku")?.sku) {
            return Ok(false);
        }
        for part in &sku.parts {
            self.put_stock(Item::new(), &made_into_pk(merchant, &part.sku), &sku.sku).await?;
        }
        let mut item = to_item(&Row { sku: sku.clone(), entered: true })?;
        item.extend(key(&pk, &sku.sku));
        self.put_stock_over(item, Some(held)).await
    }

    /// The write that makes a name known, whatever was entered for it.
    pub(crate) fn make_known(
        &self,
        merchant: &MerchantId,
        sku: &str,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.tables.stock)
            .set_key(Some(key(&skus_pk(merchant, shard_of(sku)), sku)))
            .update_expression("SET sku = :sku")
            .expression_attribute_values(":sku", s(sku))
            .build()
            .map_err(|_| StoreError::Corrupt("update"))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// A page of the merchant's SKUs of one shard, by name, after `after`. Those only known by their goods come with
    /// nothing but their name.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn sku_page(
        &self,
        merchant: &MerchantId,
        shard: u8,
        after: Option<&str>,
        limit: i32,
    ) -> Result<Vec<Sku>, StoreError> {
        let pk = skus_pk(merchant, shard);
        let reply = self
            .client
            .query()
            .table_name(&self.tables.stock)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", s(&pk))
            .consistent_read(true)
            .limit(limit)
            .set_exclusive_start_key(after.map(|sku| key(&pk, sku)))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:Query", &e))?;
        let rows = reply.items.unwrap_or_default().into_iter();
        rows.map(|item| from_item::<Row>(item, "SKU").map(|row| row.sku)).collect()
    }

    /// Stores a mapping in place of what was known.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_mapping(&self, merchant: &MerchantId, mapping: &Mapping) -> Result<(), StoreError> {
        let Mapping { connection, channel_sku, sku, .. } = mapping;
        let sk = format!("{connection} {channel_sku}");
        // First: one too many is found out when it is read, a listing that no SKU leads to is never told of.
        self.put_stock(to_item(mapping)?, &listed_as_pk(merchant, sku), &sk).await?;
        self.put_stock(to_item(mapping)?, &mappings_pk(merchant, connection), channel_sku).await
    }

    /// Takes a mapping away; false when it stands for something else by now, or is gone. What leads to it stays: whoever
    /// follows that finds nothing, and who stores the same mapping again at this moment is not undone by half.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn remove_mapping(&self, merchant: &MerchantId, mapping: &Mapping) -> Result<bool, StoreError> {
        let Mapping { connection, channel_sku, sku, units } = mapping;
        let done = self
            .client
            .delete_item()
            .table_name(&self.tables.stock)
            .set_key(Some(key(&mappings_pk(merchant, connection), channel_sku)))
            .condition_expression("sku = :sku AND units = :units")
            .expression_attribute_values(":sku", s(sku))
            .expression_attribute_values(":units", n(units))
            .send()
            .await;
        match done.map_err(|e| StoreError::from_sdk("dynamodb:DeleteItem", &e)) {
            Ok(_) => Ok(true),
            Err(StoreError::Condition { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What a channel's SKU stands for, where somebody said so.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn mapping(
        &self,
        merchant: &MerchantId,
        connection: &ConnectionId,
        channel_sku: &str,
    ) -> Result<Option<Mapping>, StoreError> {
        let item = self.get(&self.tables.stock, &mappings_pk(merchant, connection), channel_sku).await?;
        item.map(|item| from_item(item, "mapping")).transpose()
    }

    /// The channels' SKUs that stand for this one, through all accounts.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn listed_as(&self, merchant: &MerchantId, sku: &str) -> Result<Vec<Mapping>, StoreError> {
        let mut found = Vec::new();
        for item in self.partition(&listed_as_pk(merchant, sku)).await? {
            let Mapping { connection, channel_sku, .. } = from_item(item, "mapping")?;
            // It may have been given to another since.
            let now = self.mapping(merchant, &connection, &channel_sku).await?;
            found.extend(now.filter(|mapping| mapping.sku == sku));
        }
        Ok(found)
    }

    /// The mappings of one connection, by the channel's SKU.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn mappings(
        &self,
        merchant: &MerchantId,
        connection: &ConnectionId,
    ) -> Result<Vec<Mapping>, StoreError> {
        let items = self.partition(&mappings_pk(merchant, connection)).await?;
        items.into_iter().map(|item| from_item(item, "mapping")).collect()
    }

    /// Stores goods on order in place of what was known under the reference.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_expected(&self, merchant: &MerchantId, expected: &Expected) -> Result<(), StoreError> {
        let pk = expected_pk(merchant, &expected.sku);
        self.put_stock(to_item(expected)?, &pk, &expected.reference).await
    }

    /// Goods on order of a SKU.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn expected(&self, merchant: &MerchantId, sku: &str) -> Result<Vec<Expected>, StoreError> {
        let items = self.partition(&expected_pk(merchant, sku)).await?;
        items.into_iter().map(|item| from_item(item, "goods on order")).collect()
    }

    /// The write that takes received goods off what is on order under the same purchase; the part of the reference
    /// before the first `/` names it. `None` when nothing was on order under that name.
    pub(crate) async fn arrival_of(
        &self,
        merchant: &MerchantId,
        sku: &str,
        movement: &Movement,
    ) -> Result<Option<TransactWriteItem>, StoreError> {
        let reference = movement.reference.as_deref().unwrap_or_default();
        let purchase = reference.split('/').next().unwrap_or_default();
        let pk = expected_pk(merchant, sku);
        if purchase.is_empty() || self.get(&self.tables.stock, &pk, purchase).await?.is_none() {
            return Ok(None);
        }
        let update = Update::builder()
            .table_name(&self.tables.stock)
            .set_key(Some(key(&pk, purchase)))
            .update_expression("ADD quantity :less")
            .expression_attribute_values(":less", n(-movement.quantity))
            .build()
            .map_err(|_| StoreError::Corrupt("update"))?;
        Ok(Some(TransactWriteItem::builder().update(update).build()))
    }
}
