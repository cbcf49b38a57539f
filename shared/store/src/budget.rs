//! What is spent of a connection's rate limits, shared by every function that calls it.

use crate::db::{Db, from_item, key, s, to_item};
use crate::error::StoreError;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use jiff::{SignedDuration, Timestamp};
use waybill_domain::ConnectionId;
use waybill_domain::rate::{Rate, Spent};

/// Under which name a carrier's budget is kept: every call of an account counts alike.
pub const EVERY_CALL: &str = "calls";
/// How often a budget that others take from at the same moment is read again.
const TRIES: usize = 6;

/// The attribute that the conditions look at.
const FULL_AT: &str = "full_at";

/// Sorts as text, to the nanosecond: some channels allow several calls a second.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.9fZ").to_string()
}

/// What a budget is taken to hold before calls are taken out of it.
#[derive(Clone, Copy)]
enum Before {
    /// All, or it was never used.
    Full(Timestamp),
    /// As it was found.
    Spent(Spent),
}

impl Before {
    fn spent(self) -> Option<Spent> {
        match self {
            Self::Full(_) => None,
            Self::Spent(spent) => Some(spent),
        }
    }
}

impl Db {
    /// Takes calls of one kind out of a connection's budget: nothing, or how long to wait for them. When others
    /// take so busily that we never get a turn, that is a second.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn take_calls(
        &self,
        connection: &ConnectionId,
        operation: &str,
        rate: Rate,
        calls: u32,
        now: Timestamp,
    ) -> Result<Option<SignedDuration>, StoreError> {
        // Nearly always it is full again, which is not read first: the write that is refused tells what there is.
        let mut before = Before::Full(now);
        for _ in 0..TRIES {
            let next = match rate.take_many(before.spent(), calls, now) {
                Ok(next) => next,
                Err(wait) => return Ok(Some(wait)),
            };
            match self.save_spent(connection, operation, before, next).await? {
                None => return Ok(None),
                Some(spent) => before = Before::Spent(spent),
            }
        }
        Ok(Some(SignedDuration::from_secs(1)))
    }

    /// Records that the channel said to wait: nobody calls until then.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn told_to_wait(
        &self,
        connection: &ConnectionId,
        operation: &str,
        rate: Rate,
        wait: SignedDuration,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let next = rate.exhausted(wait, now);
        let mut before = Before::Full(now);
        for _ in 0..TRIES {
            match self.save_spent(connection, operation, before, next).await? {
                Some(spent) if spent.full_at < next.full_at => before = Before::Spent(spent),
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    /// What is spent of a connection's budget for calls of one kind; `None` when none was ever made.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn spent(
        &self,
        connection: &ConnectionId,
        operation: &str,
    ) -> Result<Option<Spent>, StoreError> {
        let item = self.get(&self.tables.registry, connection.as_str(), &format!("rate#{operation}")).await?;
        item.map(|i| from_item(i, "budget")).transpose()
    }

    /// Writes what is spent in place of what was before; gives what is there instead when that is something else.
    async fn save_spent(
        &self,
        connection: &ConnectionId,
        operation: &str,
        before: Before,
        next: Spent,
    ) -> Result<Option<Spent>, StoreError> {
        let mut item = to_item(&next)?;
        item.insert(FULL_AT.into(), s(moment(next.full_at)));
        item.extend(key(connection.as_str(), &format!("rate#{operation}")));
        let put = self.client.put_item().table_name(&self.tables.registry).set_item(Some(item));
        let put = put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let (condition, at) = match before {
            Before::Full(now) => ("attribute_not_exists(pk) OR full_at <= :at", now),
            Before::Spent(spent) => ("full_at = :at", spent.full_at),
        };
        let put = put.condition_expression(condition).expression_attribute_values(":at", s(moment(at)));
        match put.send().await {
            Ok(_) => Ok(None),
            Err(SdkError::ServiceError(refused)) if refused.err().is_conditional_check_failed_exception() => {
                let PutItemError::ConditionalCheckFailedException(there) = refused.into_err() else {
                    return Err(StoreError::Corrupt("budget"));
                };
                let item = there.item.ok_or(StoreError::Corrupt("budget"))?;
                from_item(item, "budget").map(Some)
            }
            Err(error) => Err(StoreError::from_sdk("dynamodb:PutItem", &error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::moment;
    use jiff::Timestamp;

    #[test]
    fn moments_of_one_second_sort_as_they_follow() {
        let at: Vec<Timestamp> =
            ["2026-11-23T09:15:00Z", "2026-11-23T09:15:00.2Z", "2026-11-23T09:15:00.25Z"]
                .map(|at| at.parse().unwrap())
                .to_vec();
        let texts: Vec<String> = at.iter().copied().map(moment).collect();
        assert!(texts.is_sorted() && texts.iter().map(|text| text.parse::<Timestamp>().unwrap()).eq(at));
    }
}
