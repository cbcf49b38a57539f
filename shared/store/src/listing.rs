//! Where a merchant's orders of one status stand in its list, newest first: places without the orders.

use crate::db::{Db, Item, key, s};
use crate::error::StoreError;
use crate::orders::{ORDER, pk_of, status_key};
use jiff::{SignedDuration, Timestamp};
use waybill_domain::order::Status;
use waybill_domain::time::{after, sortable};
use waybill_domain::{MerchantId, OrderId};

/// A place in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// When the order was placed, in whole seconds.
    pub placed_at: Timestamp,
    /// Which order.
    pub order: OrderId,
}

/// Which part of a list is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Span {
    /// Orders placed then or later.
    pub from: Option<Timestamp>,
    /// Orders placed before.
    pub before: Option<Timestamp>,
}

impl Span {
    /// The first and the last text of a time in it: the index holds whole seconds.
    fn edges(&self) -> (String, String) {
        let almost = SignedDuration::new(1, -1);
        let first = self.from.map_or_else(|| "!".to_owned(), |from| sortable(after(from, almost)));
        let nano = SignedDuration::from_nanos(-1);
        let last = self.before.map_or_else(|| "~".to_owned(), |before| sortable(after(before, nano)));
        (first, last)
    }

    /// Whether a list can be read on from this place: DynamoDB refuses one outside of what is asked for.
    pub fn holds(&self, place: &Place) -> bool {
        let (first, last) = self.edges();
        (first..=last).contains(&sortable(place.placed_at))
    }
}

impl Db {
    /// The next places of a list after one of them, and whether there may be more.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when an index row has no time.
    pub async fn places_of_status(
        &self,
        merchant: &MerchantId,
        status: Status,
        span: Span,
        behind: Option<&Place>,
        limit: i32,
    ) -> Result<(Vec<Place>, bool), StoreError> {
        let list = status_key(merchant, status);
        let (first, last) = span.edges();
        if first > last {
            return Ok((Vec::new(), false));
        }
        let start = behind.map(|place| {
            let mut item = key(place.order.as_str(), ORDER);
            item.insert("status_key".into(), s(&list));
            item.insert("placed_at".into(), s(sortable(place.placed_at)));
            item
        });
        let reply = self
            .client
            .query()
            .table_name(&self.tables.orders)
            .index_name("by-status")
            .key_condition_expression("status_key = :k AND placed_at BETWEEN :first AND :last")
            .expression_attribute_values(":k", s(&list))
            .expression_attribute_values(":first", s(first))
            .expression_attribute_values(":last", s(last))
            .scan_index_forward(false)
            .limit(limit)
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:Query", &e))?;
        let rows = reply.items.unwrap_or_default();
        let places = rows.iter().map(place_of).collect::<Result<_, _>>()?;
        Ok((places, reply.last_evaluated_key.is_some()))
    }
}

fn place_of(row: &Item) -> Result<Place, StoreError> {
    let text = row.get("placed_at").and_then(|value| value.as_s().ok());
    let placed_at = text.and_then(|text| text.parse().ok()).ok_or(StoreError::Corrupt("index row"))?;
    Ok(Place { placed_at, order: pk_of(row)? })
}
