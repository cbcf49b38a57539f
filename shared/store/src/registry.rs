//! Merchants and their connections.

mod credentials;

pub use credentials::{Credentials, account_of_keyset, account_of_shop};

use crate::db::{Db, Item, from_item, key, s, to_item};
use crate::error::StoreError;
use crate::polling::{CONNECTIONS, connection_of};
use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use waybill_domain::allocation::Candidate;
use waybill_domain::order::Channel;
use waybill_domain::retention::Policy;
use waybill_domain::service::Shipping;
use waybill_domain::{ConnectionId, MerchantId, WarehouseId};
use waybill_privacy::recipient::Needs;

/// The partition that lists every merchant, one row each with nothing but its id.
pub(crate) const MERCHANTS: &str = "merchants";

/// A warehouse, as far as allocation and booking need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MerchantWarehouse")]
pub struct Warehouse {
    /// Which.
    pub id: WarehouseId,
    /// What staff call it.
    pub name: String,
    /// Lower is preferred.
    pub priority: u32,
    /// UK postcode areas it is near to.
    #[serde(default)]
    pub near: Vec<String>,
}

/// A tenant and its settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merchant {
    /// Which.
    pub id: MerchantId,
    /// Trading name.
    pub name: String,
    /// The index key, sealed under the credentials key.
    #[serde(with = "bytes")]
    pub index_key: Vec<u8>,
    /// Which optional personal fields its settings need.
    #[serde(default)]
    pub needs: Needs,
    /// How long personal data is kept; never longer than the longest.
    #[serde(default)]
    pub retention: Policy,
    /// Orders may go out in parts as stock allows.
    #[serde(default)]
    pub part_ship: bool,
    /// Its warehouses.
    pub warehouses: Vec<Warehouse>,
    /// Which service carries what. Stored lists of rules of before the ladder are read as its rules.
    #[serde(deserialize_with = "waybill_domain::service::stored")]
    pub services: Shipping,
}

impl Merchant {
    /// The warehouses as candidates for allocation.
    pub fn candidates(&self) -> Vec<Candidate> {
        let one =
            |w: &Warehouse| Candidate { warehouse: w.id.clone(), priority: w.priority, near: w.near.clone() };
        self.warehouses.iter().map(one).collect()
    }
}

/// What a connection leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ConnectionKind")]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A Shopify shop.
    Shopify,
    /// A WooCommerce shop.
    #[serde(rename = "woocommerce")]
    WooCommerce,
    /// A Magento or Adobe Commerce shop.
    Magento,
    /// An Amazon seller.
    Amazon,
    /// An eBay seller.
    Ebay,
    /// A Royal Mail Click & Drop account.
    RoyalMail,
    /// A Royal Mail Pro Shipping account.
    ProShipping,
    /// A DPD or DPD Local account.
    Dpd,
}

impl Kind {
    /// Which channel it is; `None` for carriers.
    pub fn channel(self) -> Option<Channel> {
        match self {
            Self::Shopify => Some(Channel::Shopify),
            Self::WooCommerce => Some(Channel::WooCommerce),
            Self::Magento => Some(Channel::Magento),
            Self::Amazon => Some(Channel::Amazon),
            Self::Ebay => Some(Channel::Ebay),
            Self::RoyalMail | Self::ProShipping | Self::Dpd => None,
        }
    }
}

/// Whether a connection may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// In use.
    Active,
    /// Its credentials were refused: nothing is sent until it is connected again.
    Refused,
    /// Paused by the merchant: nothing is sent or taken until it is resumed.
    Paused,
    /// Uninstalled or disconnected: nothing is sent or taken.
    Disconnected,
}

/// A row that lists a connection.
#[derive(Serialize, Deserialize)]
pub(crate) struct ConnectionRow {
    pub(crate) kind: Kind,
}

/// A merchant's account at one channel or carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Which.
    pub id: ConnectionId,
    /// Whose.
    pub merchant: MerchantId,
    /// What it leads to.
    pub kind: Kind,
    /// May it be used.
    pub state: ConnectionState,
    /// Address of the API, without a trailing slash.
    pub address: String,
    /// Address of the tracking API, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking_address: Option<String>,
    /// Address that gives tokens, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_address: Option<String>,
    /// Address of the keys that deliveries are signed with, where that is not the platform's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys_address: Option<String>,
    /// How the channel calls each of our warehouses, where it knows places.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub places: BTreeMap<WarehouseId, String>,
    /// [`Credentials`], sealed under the credentials key for this connection.
    #[serde(with = "bytes")]
    pub credentials: Vec<u8>,
}

impl Db {
    /// Reads a merchant.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn merchant(&self, id: &MerchantId) -> Result<Option<Merchant>, StoreError> {
        let item = self.get(&self.tables.registry, id.as_str(), "merchant").await?;
        item.map(|i| from_item(i, "merchant")).transpose()
    }

    /// Reads a connection.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn connection(&self, id: &ConnectionId) -> Result<Option<Connection>, StoreError> {
        let item = self.get(&self.tables.registry, id.as_str(), "connection").await?;
        item.map(|i| from_item(i, "connection")).transpose()
    }

    /// Stores a merchant and, in the same transaction, its row in the list of merchants.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_merchant(&self, merchant: &Merchant) -> Result<(), StoreError> {
        let id = merchant.id.as_str();
        let actions = vec![
            self.registry_put(to_item(merchant)?, id, "merchant")?,
            self.registry_put(Item::new(), MERCHANTS, id)?,
        ];
        self.transact(actions).await
    }

    /// Every merchant, by id.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when a row is not a merchant's.
    pub async fn merchants(&self) -> Result<Vec<MerchantId>, StoreError> {
        let rows = self.registry_rows(MERCHANTS, "mer_").await?;
        let id = |row: &Item| row.get("sk").and_then(|v| v.as_s().ok()).and_then(|id| id.parse().ok());
        rows.iter().map(|row| id(row).ok_or(StoreError::Corrupt("list of merchants"))).collect()
    }

    /// Stores a connection and, in the same transaction, its rows in the list of connections and in its
    /// merchant's. A channel is to be read at once.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_connection(&self, connection: &Connection) -> Result<(), StoreError> {
        let actions = self.connection_rows(connection)?;
        self.transact(actions).await
    }

    /// As [`Db::save_connection`], for a new one that leads to this account of its channel.
    ///
    /// # Errors
    /// `Condition` when the merchant's account is another connection's already.
    pub async fn connect(&self, connection: &Connection, account: &str) -> Result<(), StoreError> {
        // A digest: ids of keysets are in no key.
        let name = format!("{:?}|{account}", connection.kind);
        let sk = format!("account#{}", hex::encode(digest(&SHA256, name.as_bytes()).as_ref()));
        let mut row = key(connection.merchant.as_str(), &sk);
        row.insert("connection".into(), s(connection.id.as_str()));
        let put = Put::builder()
            .table_name(&self.tables.registry)
            .set_item(Some(row))
            .condition_expression("attribute_not_exists(pk) OR #connection = :id")
            .expression_attribute_names("#connection", "connection")
            .expression_attribute_values(":id", s(connection.id.as_str()))
            .build()
            .map_err(|_| StoreError::Corrupt("put"))?;
        let mut actions = self.connection_rows(connection)?;
        actions.push(TransactWriteItem::builder().put(put).build());
        self.transact(actions).await
    }

    fn connection_rows(&self, connection: &Connection) -> Result<Vec<TransactWriteItem>, StoreError> {
        let id = connection.id.as_str();
        let row = to_item(&ConnectionRow { kind: connection.kind })?;
        let mut listed = row.clone();
        if connection.kind.channel().is_some() {
            listed.insert("poll_at".into(), s(waybill_domain::time::sortable(jiff::Timestamp::UNIX_EPOCH)));
        }
        Ok(vec![
            self.registry_put(to_item(connection)?, id, "connection")?,
            self.registry_put(listed, CONNECTIONS, id)?,
            self.registry_put(row, connection.merchant.as_str(), &format!("con#{id}"))?,
        ])
    }

    /// The connections of a merchant with what they lead to.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn connections(&self, merchant: &MerchantId) -> Result<Vec<(ConnectionId, Kind)>, StoreError> {
        let rows = self.registry_rows(merchant.as_str(), "con#").await?;
        rows.into_iter()
            .map(|row| {
                let id = row.get("sk").and_then(|v| v.as_s().ok()).and_then(|sk| sk.strip_prefix("con#"));
                let id = id.and_then(|id| id.parse().ok()).ok_or(StoreError::Corrupt("connections"))?;
                Ok((id, from_item::<ConnectionRow>(row, "connections")?.kind))
            })
            .collect()
    }

    /// Every connection, whoever's.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn every_connection(&self) -> Result<Vec<ConnectionId>, StoreError> {
        self.registry_rows(CONNECTIONS, "con_").await?.iter().map(connection_of).collect()
    }

    /// Every connection of one kind, whoever's.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn connections_of_kind(&self, kind: Kind) -> Result<Vec<ConnectionId>, StoreError> {
        let mut found = Vec::new();
        for row in self.registry_rows(CONNECTIONS, "con_").await? {
            let id = connection_of(&row)?;
            if from_item::<ConnectionRow>(row, "list of connections")?.kind == kind {
                found.push(id);
            }
        }
        Ok(found)
    }

    pub(crate) fn registry_put(
        &self,
        item: Item,
        pk: &str,
        sk: &str,
    ) -> Result<TransactWriteItem, StoreError> {
        let item = item.into_iter().chain(key(pk, sk)).collect();
        let put = Put::builder().table_name(&self.tables.registry).set_item(Some(item)).build();
        put.map(|put| TransactWriteItem::builder().put(put).build()).map_err(|_| StoreError::Corrupt("put"))
    }

    /// The rows of one partition whose sort key begins so, in its order.
    pub(crate) async fn registry_rows(&self, pk: &str, begins: &str) -> Result<Vec<Item>, StoreError> {
        self.partition_of(&self.tables.registry, pk, Some(begins)).await
    }

    pub(crate) async fn save_entry(&self, mut item: Item, pk: &str, sk: &str) -> Result<(), StoreError> {
        item.extend(key(pk, sk));
        self.client
            .put_item()
            .table_name(&self.tables.registry)
            .set_item(Some(item))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:PutItem", &e))?;
        Ok(())
    }

    /// Changes whether a connection may be used. What was disconnected stays so when its credentials are refused
    /// afterwards: that they are is only to be expected.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn set_connection_state(
        &self,
        id: &ConnectionId,
        state: ConnectionState,
    ) -> Result<(), StoreError> {
        let value = |state: ConnectionState| {
            serde_dynamo::to_attribute_value(state).map_err(|_| StoreError::Corrupt("state"))
        };
        let update = self
            .client
            .update_item()
            .table_name(&self.tables.registry)
            .set_key(Some(key(id.as_str(), "connection")))
            .update_expression("SET #state = :state")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":state", value(state)?);
        let update = match state {
            ConnectionState::Refused => update
                .condition_expression("#state <> :gone")
                .expression_attribute_values(":gone", value(ConnectionState::Disconnected)?),
            _ => update.condition_expression("attribute_exists(pk)"),
        };
        match update.send().await.map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e)) {
            Err(StoreError::Condition { .. }) if state == ConnectionState::Refused => Ok(()),
            other => other.map(|_| ()),
        }
    }

    /// Changes how a connection's channel calls our warehouses, and nothing else of it.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_places_of(
        &self,
        id: &ConnectionId,
        places: &BTreeMap<WarehouseId, String>,
    ) -> Result<(), StoreError> {
        let places = serde_dynamo::to_attribute_value(places).map_err(|_| StoreError::Corrupt("places"))?;
        let update = self
            .client
            .update_item()
            .table_name(&self.tables.registry)
            .set_key(Some(key(id.as_str(), "connection")))
            .update_expression("SET #places = :places")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#places", "places")
            .expression_attribute_values(":places", places);
        update.send().await.map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e))?;
        Ok(())
    }
}

/// Bytes as a DynamoDB binary.
pub(crate) mod bytes {
    use serde::{Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
                Ok(bytes)
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<u8>, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = seq.next_element()? {
                    bytes.push(byte);
                }
                Ok(bytes)
            }
        }
        from.deserialize_byte_buf(Visitor)
    }
}
