//! Shipments: beside their order, one item each.

use crate::db::{Db, Item, from_item, key, n, to_item};
use crate::error::StoreError;
use waybill_domain::OrderId;
use waybill_domain::shipment::Shipment;

impl Db {
    /// The shipments of an order that a carrier has answered about, by id.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when an item is not a shipment.
    pub async fn shipments(&self, order: &OrderId) -> Result<Vec<Shipment>, StoreError> {
        let items = self.partition_of(&self.tables.orders, order.as_str(), Some("shp_")).await?;
        items.into_iter().map(shipment_of).collect()
    }

    /// Reads one shipment.
    ///
    /// # Errors
    /// As [`Db::shipments`].
    pub async fn shipment(&self, id: &waybill_domain::ShipmentId) -> Result<Option<Shipment>, StoreError> {
        let Ok(order) = id.order() else { return Ok(None) };
        self.get(&self.tables.orders, order.as_str(), id.as_str()).await?.map(shipment_of).transpose()
    }

    /// Stores a shipment if nobody wrote since it was read; bumps its `rev`, which is 0 for a new one.
    ///
    /// # Errors
    /// `Condition` when somebody wrote in between.
    pub async fn save_shipment(&self, shipment: &mut Shipment) -> Result<(), StoreError> {
        shipment.rev += 1;
        let mut item = to_item(&*shipment)?;
        item.extend(key(shipment.order.as_str(), shipment.id.as_str()));
        let put = self.client.put_item().table_name(&self.tables.orders).set_item(Some(item));
        let put = if shipment.rev == 1 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put.condition_expression("rev = :held").expression_attribute_values(":held", n(shipment.rev - 1))
        };
        put.send().await.map_err(|e| StoreError::from_sdk("dynamodb:PutItem", &e))?;
        Ok(())
    }
}

fn shipment_of(item: Item) -> Result<Shipment, StoreError> {
    from_item(item, "shipment")
}
