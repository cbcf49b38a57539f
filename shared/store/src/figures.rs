//! Anonymous weekly figures: counted in the very transaction that forgets an order, so each counts exactly once, and
//! kept only in cells that single out nobody (CONTROLS section 6).

use crate::db::{Db, from_item, key, n, to_item};
use crate::error::StoreError;
use crate::keys::RECIPIENT;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem, Update};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use waybill_domain::aggregate::{Cell, Count, Lot, Row, four_weeks, is_over, publish};
use waybill_domain::{MerchantId, OrderId};

/// Cells one order may add to: an order of more articles adds its first ones. A transaction has 100 actions at most.
const MOST_CELLS: usize = 90;
/// Rows and counts written or removed in one transaction.
const MOST_ROWS: usize = 90;

/// Counts that are not published: they may be of few orders, and are removed when their weeks are over.
fn counting(merchant: &MerchantId) -> String {
    format!("{merchant}#counting")
}

/// What is kept.
fn kept(merchant: &MerchantId) -> String {
    format!("{merchant}#figures")
}

fn sk(cell: &Cell) -> String {
    format!("{}#{:?}#{}#{}", cell.week, cell.class, cell.region, cell.sku)
}

#[derive(Serialize, Deserialize)]
struct Counted {
    #[serde(flatten)]
    cell: Cell,
    #[serde(flatten)]
    count: Count,
}

/// The writes that count an order, to go with the one that forgets it.
pub(crate) fn count(
    db: &Db,
    merchant: &MerchantId,
    cells: &BTreeMap<Cell, Count>,
) -> Result<Vec<TransactWriteItem>, StoreError> {
    let one = |(cell, count): (&Cell, &Count)| {
        let text = |value: &str| crate::db::s(value);
        let class =
            serde_dynamo::to_attribute_value(cell.class).map_err(|_| StoreError::Corrupt("figure"))?;
        let mut expression =
            "SET week = :week, #class = :class, #region = :region, sku = :sku ADD orders :orders, units :units, squares :squares"
                .to_owned();
        // DynamoDB knows no empty set.
        let lots = (!count.lots.is_empty())
            .then(|| AttributeValue::Ns(count.lots.iter().map(ToString::to_string).collect()));
        if lots.is_some() {
            expression.push_str(", lots :lots");
        }
        let mut update = Update::builder();
        if let Some(lots) = lots {
            update = update.expression_attribute_values(":lots", lots);
        }
        update
            .table_name(&db.tables.registry)
            .set_key(Some(key(&counting(merchant), &sk(cell))))
            .update_expression(expression)
            .expression_attribute_names("#class", "class")
            .expression_attribute_names("#region", "region")
            .expression_attribute_values(":week", text(&cell.week))
            .expression_attribute_values(":class", class)
            .expression_attribute_values(":region", text(&cell.region))
            .expression_attribute_values(":sku", text(&cell.sku))
            .expression_attribute_values(":orders", n(count.orders))
            .expression_attribute_values(":units", n(count.units))
            .expression_attribute_values(":squares", n(count.squares))
            .build()
            .map(|update| TransactWriteItem::builder().update(update).build())
            .map_err(|_| StoreError::Corrupt("update"))
    };
    cells.iter().take(MOST_CELLS).map(one).collect()
}

impl Db {
    /// The lot an order's address falls in, until its erasure is closed.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn lot(&self, order: &OrderId) -> Result<Option<Lot>, StoreError> {
        let item = self.get(&self.tables.keys, order.as_str(), RECIPIENT).await?.unwrap_or_default();
        let text = item.get("lot").and_then(|value| value.as_n().ok());
        text.map(|text| text.parse().map_err(|_| StoreError::Corrupt("key"))).transpose()
    }

    /// The figures of a merchant that are kept.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn figures(&self, merchant: &MerchantId) -> Result<Vec<Row>, StoreError> {
        let items = self.registry_rows(&kept(merchant), "row#").await?;
        items.into_iter().map(|item| from_item(item, "figure")).collect()
    }

    /// Publishes what was counted in weeks whose orders are all forgotten, and removes the counts. Four weeks are
    /// published once; what comes after that is removed unpublished, because the difference would tell it.
    ///
    /// # Errors
    /// As AWS answers; what was not done is done by the next run.
    pub async fn publish_figures(&self, merchant: &MerchantId, now: Timestamp) -> Result<usize, StoreError> {
        let mut groups: BTreeMap<String, BTreeMap<Cell, Count>> = BTreeMap::new();
        for item in self.registry_rows(&counting(merchant), "2").await? {
            let Counted { cell, count } = from_item(item, "figure")?;
            if let Some(group) = four_weeks(&cell.week).filter(|_| is_over(&cell.week, now)) {
                groups.entry(group).or_default().insert(cell, count);
            }
        }
        let mut published = 0;
        for (group, cells) in groups {
            let done =
                self.get(&self.tables.registry, &kept(merchant), &format!("done#{group}")).await?.is_some();
            let counts: Vec<String> = cells.keys().map(sk).collect();
            if !done {
                let rows = publish(cells);
                published += rows.len();
                for chunk in rows.chunks(MOST_ROWS) {
                    let writes =
                        chunk.iter().map(|row| self.figure_put(merchant, row)).collect::<Result<_, _>>()?;
                    self.transact(writes).await?;
                }
                self.save_entry(Default::default(), &kept(merchant), &format!("done#{group}")).await?;
            }
            for chunk in counts.chunks(MOST_ROWS) {
                let writes =
                    chunk.iter().map(|sk| self.count_gone(merchant, sk)).collect::<Result<_, _>>()?;
                self.transact(writes).await?;
            }
        }
        Ok(published)
    }

    fn figure_put(&self, merchant: &MerchantId, row: &Row) -> Result<TransactWriteItem, StoreError> {
        let mut item = to_item(row)?;
        item.extend(key(&kept(merchant), &format!("row#{}", sk(&row.cell))));
        let put = Put::builder().table_name(&self.tables.registry).set_item(Some(item)).build();
        put.map(|put| TransactWriteItem::builder().put(put).build()).map_err(|_| StoreError::Corrupt("put"))
    }

    fn count_gone(&self, merchant: &MerchantId, sk: &str) -> Result<TransactWriteItem, StoreError> {
        let gone = Delete::builder()
            .table_name(&self.tables.registry)
            .set_key(Some(key(&counting(merchant), sk)))
            .build();
        gone.map(|gone| TransactWriteItem::builder().delete(gone).build())
            .map_err(|_| StoreError::Corrupt("delete"))
    }
}
