//! Warehouses, bins and the policy of a merchant. They lie in the stock table, so that whoever keeps them needs no
//! grant on the registry.

use crate::db::{Db, Item, from_item, key, n, s, to_item};
use crate::error::StoreError;
use std::collections::BTreeMap;
use waybill_domain::allocation::Candidate;
use waybill_domain::places::{Bin, Place};
use waybill_domain::sourcing::Policy;
use waybill_domain::stock::BinId;
use waybill_domain::{MerchantId, WarehouseId};

/// How often an item was written over what had been read of it.
const PUTS: &str = "puts";

/// The sort key of the policy, beside the warehouses.
const POLICY: &str = "policy";

fn pk(merchant: &MerchantId) -> String {
    format!("places#{merchant}")
}

fn bins_pk(merchant: &MerchantId, warehouse: &WarehouseId) -> String {
    format!("bins#{merchant}#{warehouse}")
}

/// Where a merchant keeps goods and how it chooses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places {
    /// Warehouses by id.
    pub places: BTreeMap<WarehouseId, Place>,
    /// How it chooses.
    pub policy: Policy,
}

impl Places {
    /// The warehouses orders can come from: those of the registry, as corrected here, and those entered here.
    pub fn candidates(&self, registry: Vec<Candidate>) -> Vec<Candidate> {
        let mut all: BTreeMap<WarehouseId, Candidate> =
            registry.into_iter().map(|c| (c.warehouse.clone(), c)).collect();
        for (id, place) in &self.places {
            let Place { priority, near, .. } = place;
            let candidate = Candidate { warehouse: id.clone(), priority: *priority, near: near.clone() };
            if place.active {
                all.insert(id.clone(), candidate)
            } else {
                all.remove(id)
            };
        }
        all.into_values().collect()
    }

    /// Every warehouse that may hold goods, closed ones too: what is reserved there can still be given back.
    pub fn warehouses(&self, registry: &[Candidate]) -> Vec<WarehouseId> {
        let mut all: Vec<WarehouseId> = registry.iter().map(|c| c.warehouse.clone()).collect();
        all.extend(self.places.keys().cloned());
        all.sort();
        all.dedup();
        all
    }
}

impl Db {
    /// A merchant's warehouses and policy, as entered here.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn places(&self, merchant: &MerchantId) -> Result<Places, StoreError> {
        let mut found = Places::default();
        for item in self.partition(&pk(merchant)).await? {
            let is_policy = item.get("sk").and_then(|v| v.as_s().ok()).is_some_and(|sk| sk == POLICY);
            if is_policy {
                found.policy = policy_of(&item)?;
            } else {
                let place: Place = from_item(item, "place")?;
                found.places.insert(place.id.clone(), place);
            }
        }
        Ok(found)
    }

    /// Stores a warehouse in place of what was known.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_place(&self, merchant: &MerchantId, place: &Place) -> Result<(), StoreError> {
        self.put_stock(to_item(place)?, &pk(merchant), place.id.as_str()).await
    }

    /// Stores the policy in place of what was known. As text: it is a document that nothing looks into.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_policy(&self, merchant: &MerchantId, policy: &Policy) -> Result<(), StoreError> {
        let text = serde_json::to_string(policy).map_err(|_| StoreError::Corrupt("policy"))?;
        let item = Item::from([("document".to_owned(), s(text))]);
        self.put_stock(item, &pk(merchant), POLICY).await
    }

    /// A warehouse's bins, by name.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn bins(
        &self,
        merchant: &MerchantId,
        warehouse: &WarehouseId,
    ) -> Result<BTreeMap<BinId, Bin>, StoreError> {
        let items = self.partition(&bins_pk(merchant, warehouse)).await?;
        let bins = items.into_iter().map(|item| from_item::<Bin>(item, "bin"));
        bins.map(|bin| bin.map(|bin| (bin.id.clone(), bin))).collect()
    }

    /// Whether goods may be put into a bin: it is on the warehouse's map, or there is no map.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn may_hold(
        &self,
        merchant: &MerchantId,
        warehouse: &WarehouseId,
        bin: &BinId,
    ) -> Result<bool, StoreError> {
        let pk = bins_pk(merchant, warehouse);
        if self.get(&self.tables.stock, &pk, bin.as_str()).await?.is_some() {
            return Ok(true);
        }
        let reply = self
            .client
            .query()
            .table_name(&self.tables.stock)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", s(pk))
            .consistent_read(true)
            .limit(1)
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:Query", &e))?;
        Ok(reply.items.unwrap_or_default().is_empty())
    }

    /// Stores a bin in place of what was known.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_bin(
        &self,
        merchant: &MerchantId,
        warehouse: &WarehouseId,
        bin: &Bin,
    ) -> Result<(), StoreError> {
        self.put_stock(to_item(bin)?, &bins_pk(merchant, warehouse), bin.id.as_str()).await
    }

    /// Takes a bin off the map; nothing happens when it is not on it.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn remove_bin(
        &self,
        merchant: &MerchantId,
        warehouse: &WarehouseId,
        id: &BinId,
    ) -> Result<(), StoreError> {
        self.drop_stock(&bins_pk(merchant, warehouse), id.as_str()).await
    }

    /// Stores a warehouse if what was entered for it, if anything, is what the caller says it should be; false when it is
    /// not.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn replace_place(
        &self,
        merchant: &MerchantId,
        place: &Place,
        same: impl Fn(Option<&Place>) -> bool,
    ) -> Result<bool, StoreError> {
        let (pk, sk) = (pk(merchant), place.id.as_str());
        let held = self.get(&self.tables.stock, &pk, sk).await?;
        let now: Option<Place> = held.clone().map(|item| from_item(item, "place")).transpose()?;
        if !same(now.as_ref()) {
            return Ok(false);
        }
        let mut item = to_item(place)?;
        item.extend(key(&pk, sk));
        self.put_stock_over(item, held).await
    }

    /// A bin.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn bin(
        &self,
        merchant: &MerchantId,
        warehouse: &WarehouseId,
        id: &BinId,
    ) -> Result<Option<Bin>, StoreError> {
        let item = self.get(&self.tables.stock, &bins_pk(merchant, warehouse), id.as_str()).await?;
        item.map(|item| from_item(item, "bin")).transpose()
    }

    /// Stores a bin if what is there is what the caller says it should be; false when it is not, or nothing is.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn replace_bin(
        &self,
        merchant: &MerchantId,
        warehouse: &WarehouseId,
        bin: &Bin,
        same: impl Fn(&Bin) -> bool,
    ) -> Result<bool, StoreError> {
        let (pk, sk) = (bins_pk(merchant, warehouse), bin.id.as_str());
        let Some(held) = self.get(&self.tables.stock, &pk, sk).await? else { return Ok(false) };
        if !same(&from_item(held.clone(), "bin")?) {
            return Ok(false);
        }
        let mut item = to_item(bin)?;
        item.extend(key(&pk, sk));
        self.put_stock_over(item, Some(held)).await
    }

    /// Stores the policy if what is there is what the caller says it should be; false when it is not.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn replace_policy(
        &self,
        merchant: &MerchantId,
        policy: &Policy,
        same: impl Fn(&Policy) -> bool,
    ) -> Result<bool, StoreError> {
        let held = self.get(&self.tables.stock, &pk(merchant), POLICY).await?;
        if !same(&held.as_ref().map(policy_of).transpose()?.unwrap_or_default()) {
            return Ok(false);
        }
        let text = serde_json::to_string(policy).map_err(|_| StoreError::Corrupt("policy"))?;
        let mut item = Item::from([("document".to_owned(), s(text))]);
        item.extend(key(&pk(merchant), POLICY));
        self.put_stock_over(item, held).await
    }

    pub(crate) async fn put_stock_over(&self, item: Item, held: Option<Item>) -> Result<bool, StoreError> {
        self.put_over(&self.tables.stock, item, held).await
    }

    /// Writes an item if what is there is still `held`: attribute by attribute, and by the count of such writes, without which
    /// an attribute that somebody added meanwhile would not be missed. False when it is not.
    pub(crate) async fn put_over(
        &self,
        table: &str,
        mut item: Item,
        held: Option<Item>,
    ) -> Result<bool, StoreError> {
        let puts = held.as_ref().and_then(|held| held.get(PUTS)).and_then(|puts| puts.as_n().ok());
        let counted = puts.and_then(|puts| puts.parse::<u64>().ok()).unwrap_or_default();
        item.insert(PUTS.to_owned(), n(counted + 1));
        let first = held.is_some() && puts.is_none();
        let mut put = self.client.put_item().table_name(table).set_item(Some(item));
        let mut same = Vec::new();
        for (at, (name, value)) in held.into_iter().flatten().enumerate() {
            same.push(format!("#a{at} = :a{at}"));
            put = put
                .expression_attribute_names(format!("#a{at}"), name)
                .expression_attribute_values(format!(":a{at}"), value);
        }
        if first {
            same.push("attribute_not_exists(#puts)".to_owned());
            put = put.expression_attribute_names("#puts", PUTS);
        }
        let condition = if same.is_empty() { "attribute_not_exists(pk)".into() } else { same.join(" AND ") };
        let reply = put.condition_expression(condition).send().await;
        match reply.map_err(|e| StoreError::from_sdk("dynamodb:PutItem", &e)) {
            Ok(_) => Ok(true),
            Err(StoreError::Condition { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn put_stock(&self, mut item: Item, pk: &str, sk: &str) -> Result<(), StoreError> {
        item.extend(key(pk, sk));
        self.client
            .put_item()
            .table_name(&self.tables.stock)
            .set_item(Some(item))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:PutItem", &e))?;
        Ok(())
    }

    /// Takes an item away; nothing happens when it is not there.
    pub(crate) async fn drop_stock(&self, pk: &str, sk: &str) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.tables.stock)
            .set_key(Some(key(pk, sk)))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:DeleteItem", &e))?;
        Ok(())
    }
}

fn policy_of(item: &Item) -> Result<Policy, StoreError> {
    let text = item.get("document").and_then(|v| v.as_s().ok()).ok_or(StoreError::Corrupt("policy"))?;
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt("policy"))
}
