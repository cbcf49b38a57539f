//! The checks.

use crate::report::{Check, Counts};
use jiff::Timestamp;
use waybill_domain::MerchantId;
use waybill_domain::time::{after, days};
use waybill_store::audit::{Stream, first_break};
use waybill_store::{Db, StoreError};

/// Every chain of a merchant, by the name it has in a check.
const STREAMS: [(Stream, &str); 3] =
    [(Stream::Access, "access"), (Stream::Disclosure, "disclosure"), (Stream::Erasure, "erasure")];
/// Retention runs daily, so an order may be this late without anything being wrong.
const GRACE_DAYS: i64 = 1;
/// Overdue orders counted in each shard of the index; beyond that the exact number does not matter.
const MAX_PER_SHARD: i32 = 1000;

/// Follows every chain of every merchant from its first record to its last.
pub(crate) async fn chains(db: &Db) -> Result<Vec<Check>, StoreError> {
    let mut checks = Vec::new();
    for merchant in db.merchants().await? {
        for (stream, name) in STREAMS {
            checks.push(chain(db, &merchant, stream, name).await?);
        }
    }
    Ok(checks)
}

/// A chain that holds is told by its length and last hash: once logged, cutting records off its end shows too.
async fn chain(db: &Db, merchant: &MerchantId, stream: Stream, name: &str) -> Result<Check, StoreError> {
    let verdict = match db.records(merchant, stream).await {
        Ok(records) => match first_break(&records)? {
            None => {
                let last = records.last().map_or("none", |record| record.hash.as_str());
                Ok(format!("{} records, last hash {last}", records.len()))
            }
            Some(seq) => Err(format!(
                "record {seq} of {} does not follow from the one before it; compare with a restored backup",
                records.len()
            )),
        },
        // We never write what we cannot read: somebody else did.
        Err(StoreError::Corrupt(_)) => Err("a record cannot be read; compare with a restored backup".into()),
        Err(error) => return Err(error),
    };
    let ok = verdict.is_ok();
    let detail = verdict.unwrap_or_else(|broken| broken);
    let name = format!("audit_chain/{merchant}/{name}");
    Ok(Check { name, ok, detail, counts: Counts::BrokenChains, found: usize::from(!ok) })
}

/// Counts the orders that should have been erased more than a day ago and were not.
pub(crate) async fn purge(db: &Db, now: Timestamp) -> Result<Check, StoreError> {
    let late = db.purgeable(after(now, -days(GRACE_DAYS)), MAX_PER_SHARD).await?;
    let detail = match late.first() {
        None => "no order is kept past its purge time".to_owned(),
        Some(first) => format!(
            "{} orders are kept more than a day past their purge time, among them {first}; run retention and read its errors",
            late.len()
        ),
    };
    let (ok, found) = (late.is_empty(), late.len());
    Ok(Check { name: "purge_overdue".into(), ok, detail, counts: Counts::OverdueOrders, found })
}
