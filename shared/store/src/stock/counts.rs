//! Blind counts: small differences are booked at once, large ones wait for a second person. Of the counts of one spot
//! the last one goes: two that wait would book one difference twice.

use super::by_hand::Recorded;
use super::ledger::{Ledger, once};
use crate::db::{Db, from_item, key, s, to_item};
use crate::error::StoreError;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use waybill_domain::allocation::Slot;
use waybill_domain::stock::{Counted, Movement, MovementKind, Spot, Why, count};
use waybill_domain::{MerchantId, WarehouseId};

/// How far a count is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CountState {
    /// The stock says so now.
    Booked,
    /// The difference is too large for one person.
    Waiting,
    /// The spot was counted again, or another count of it was approved, before this one was.
    Superseded,
}

impl CountState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Waiting => "waiting",
            Self::Superseded => "superseded",
        }
    }
}

/// One count of one spot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Count {
    /// What it is called; it happens once.
    pub reference: String,
    /// Of which SKU.
    pub sku: String,
    /// Where.
    pub warehouse: WarehouseId,
    /// In which spot.
    pub spot: Spot,
    /// What was expected. Told only after the count.
    pub expected: i64,
    /// What was counted.
    pub counted: i64,
    /// How far it is.
    pub state: CountState,
    /// Who counted.
    pub by: String,
    /// Who approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// When.
    #[schemars(with = "waybill_domain::time::Moment")]
    pub at: Timestamp,
}

/// What became of an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// It is booked.
    Booked,
    /// There is no such count, or it is booked already.
    NotWaiting,
    /// Whoever counted cannot approve.
    SamePerson,
    /// Orders hold what is missing.
    Held,
}

fn pk(merchant: &MerchantId) -> String {
    format!("counts#{merchant}")
}

/// Ends the waiting of a count, if it still waits.
fn waits_no_more(db: &Db, merchant: &MerchantId, reference: &str, state: CountState) -> UpdateBuilder {
    Update::builder()
        .table_name(&db.tables.stock)
        .set_key(Some(key(&pk(merchant), reference)))
        .update_expression("SET #state = :state")
        .condition_expression("#state = :waiting")
        .expression_attribute_names("#state", "state")
        .expression_attribute_values(":state", s(state.as_str()))
        .expression_attribute_values(":waiting", s(CountState::Waiting.as_str()))
}

fn action(update: UpdateBuilder) -> Result<TransactWriteItem, StoreError> {
    let update = update.build().map_err(|_| StoreError::Corrupt("update"))?;
    Ok(TransactWriteItem::builder().update(update).build())
}

/// How often a count is judged anew when goods moved meanwhile.
const TRIES: usize = 5;

impl Db {
    /// Takes a count; the same reference again gives what it led to then. `None` when the missing pieces are held by
    /// orders: they must be short-picked or released first.
    ///
    /// # Errors
    /// As AWS answers.
    #[allow(clippy::too_many_arguments)]
    pub async fn take_count(
        &self,
        merchant: &MerchantId,
        slot: &Slot,
        spot: &Spot,
        counted: i64,
        limit: i64,
        reference: &str,
        by: &str,
        at: Timestamp,
    ) -> Result<Option<Count>, StoreError> {
        for _ in 0..TRIES {
            if let Some(before) = self.count(merchant, reference).await? {
                return Ok(Some(before));
            }
            let level = self.level(merchant, slot).await?;
            let held = level.as_ref().and_then(|l| l.spots.get(spot)).copied().unwrap_or_default();
            let judged = count(held.on_hand, counted, limit);
            let waiting = matches!(judged, Counted::Approve(_));
            let taken = Count {
                reference: reference.to_owned(),
                sku: slot.0.clone(),
                warehouse: slot.1.clone(),
                spot: spot.clone(),
                expected: held.on_hand,
                counted,
                state: if waiting { CountState::Waiting } else { CountState::Booked },
                by: by.to_owned(),
                approved_by: None,
                at,
            };
            let mut rest = self.superseded(merchant, &taken).await?;
            rest.push(self.count_put(merchant, &taken)?);
            let done = match judged {
                Counted::Book(variance) => {
                    let booked = self.book(merchant, &taken, variance, None, rest).await?;
                    if booked == Recorded::Short {
                        let now = self.level(merchant, slot).await?;
                        let same = now.as_ref().and_then(|l| l.spots.get(spot)).copied().unwrap_or_default();
                        if same == held {
                            return Ok(None);
                        }
                    }
                    booked == Recorded::Done
                }
                Counted::Exact | Counted::Approve(_) => match self.transact(rest).await {
                    Ok(()) => true,
                    Err(StoreError::Condition { .. } | StoreError::Conflict) => false,
                    Err(error) => return Err(error),
                },
            };
            if done {
                return Ok(Some(taken));
            }
        }
        Err(StoreError::Conflict)
    }

    /// Books a count that waits; whoever counted cannot approve.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn approve_count(
        &self,
        merchant: &MerchantId,
        reference: &str,
        by: &str,
    ) -> Result<Approval, StoreError> {
        let Some(taken) = self.count(merchant, reference).await? else { return Ok(Approval::NotWaiting) };
        if taken.state != CountState::Waiting {
            return Ok(Approval::NotWaiting);
        }
        if taken.by == by {
            return Ok(Approval::SamePerson);
        }
        let approved = waits_no_more(self, merchant, reference, CountState::Booked)
            .update_expression("SET #state = :state, approved_by = :by")
            .expression_attribute_values(":by", s(by));
        let mut rest = self.superseded(merchant, &taken).await?;
        rest.push(action(approved)?);
        let variance = taken.counted - taken.expected;
        Ok(match self.book(merchant, &taken, variance, Some(by), rest).await? {
            Recorded::Done | Recorded::Repeat => Approval::Booked,
            Recorded::Different => Approval::NotWaiting,
            Recorded::Short => Approval::Held,
        })
    }

    /// Counts that wait for approval and those that were taken, by reference.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn counts(&self, merchant: &MerchantId) -> Result<Vec<Count>, StoreError> {
        let items = self.partition(&pk(merchant)).await?;
        items.into_iter().map(|item| from_item(item, "count")).collect()
    }

    /// Takes the other counts of the same spot that wait off the list.
    async fn superseded(
        &self,
        merchant: &MerchantId,
        by: &Count,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let spot = |count: &Count| (count.sku.clone(), count.warehouse.clone(), count.spot.clone());
        let waiting = self.waiting_counts(merchant).await?;
        let others = waiting.iter().filter(|one| one.reference != by.reference && spot(one) == spot(by));
        others
            .map(|one| action(waits_no_more(self, merchant, &one.reference, CountState::Superseded)))
            .collect()
    }

    async fn count(&self, merchant: &MerchantId, reference: &str) -> Result<Option<Count>, StoreError> {
        let item = self.get(&self.tables.stock, &pk(merchant), reference).await?;
        item.map(|i| from_item(i, "count")).transpose()
    }

    fn count_put(&self, merchant: &MerchantId, taken: &Count) -> Result<TransactWriteItem, StoreError> {
        let mut item = to_item(taken)?;
        item.extend(key(&pk(merchant), &taken.reference));
        let put = Put::builder()
            .table_name(&self.tables.stock)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(|_| StoreError::Corrupt("put"))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Books the difference. A count that is booked at once holds only while the spot is as it was when it was
    /// judged; an approved one is a difference that somebody has looked at, whatever moved since.
    async fn book(
        &self,
        merchant: &MerchantId,
        taken: &Count,
        variance: i64,
        approved_by: Option<&str>,
        mut rest: Vec<TransactWriteItem>,
    ) -> Result<Recorded, StoreError> {
        let slot = (taken.sku.clone(), taken.warehouse.clone());
        let spot = Some(taken.spot.clone());
        let actor = approved_by.unwrap_or(&taken.by);
        let movement = Movement::new(MovementKind::Count, taken.warehouse.clone(), variance, taken.at)
            .between(spot.clone(), spot)
            .noted(Some(Why::Count), Some(actor), &taken.reference);
        let mut ledger = Ledger::fresh();
        let sk = once(&movement)?;
        ledger.add(&taken.sku, sk.clone(), movement.clone());
        if approved_by.is_none() {
            ledger.expect(&slot, &taken.spot, taken.expected);
        }
        rest.push(self.make_known(merchant, &taken.sku)?);
        self.enter(merchant, &taken.sku, &sk, &movement, &ledger, rest).await
    }
}
