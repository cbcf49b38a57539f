//! Each opening of a recipient against CloudTrail's own record of it (CONTROLS D4): what was opened without a record,
//! what is on record and was not opened, and who was refused by KMS.

use crate::Env;
use crate::report::{Check, Counts};
use jiff::{SignedDuration, Timestamp};
use waybill_domain::MerchantId;
use waybill_domain::openings::{Compared, Opening, SLACK, compare};
use waybill_domain::time::after;
use waybill_runtime::Failure;
use waybill_store::audit::Stream;
use waybill_store::trail::Decrypt;
use waybill_store::{Db, StoreError};

/// The span that is looked at ends this long ago: CloudTrail's events come late.
const LATE: SignedDuration = SignedDuration::from_hours(1);
/// A day: the runs follow one another without a gap.
const SPAN: SignedDuration = SignedDuration::from_hours(24);
/// Orders named in a check; the rest is counted.
const NAMED: usize = 5;

/// Compares a day of every merchant, and keeps how each came out.
pub(crate) async fn all(env: &Env, now: Timestamp) -> Result<Vec<Check>, Failure> {
    let until = after(now, -LATE);
    let from = after(until, -SPAN);
    let (mut opened, refused): (Vec<Decrypt>, Vec<Decrypt>) = env
        .trail
        .decrypts(after(from, -SLACK), after(until, SLACK))
        .await?
        .into_iter()
        .partition(|one| !one.denied);
    let mut checks = Vec::new();
    for merchant in env.db.merchants().await? {
        let mine: Vec<Opening> = opened
            .extract_if(.., |one| one.merchant.as_ref() == Some(&merchant) && one.order.is_some())
            .filter_map(|one| Some(Opening { order: one.order?, at: one.at }))
            .collect();
        let compared = compare(&recorded(&env.db, &merchant, from).await?, &mine, from, until);
        env.db.save_openings_compared(&merchant, &compared).await?;
        checks.push(check(&merchant, &compared));
    }
    // What is left names nobody of ours: our key was used past our code.
    let within = |one: &&Decrypt| from <= one.at && one.at < until;
    let (strange, refused) = (opened.iter().filter(within).count(), refused.iter().filter(within).count());
    checks.push(counted(
        "openings/nobody",
        Counts::Openings,
        strange,
        "openings that name no order of a merchant",
    ));
    checks.push(counted("openings/refused", Counts::AccessAlarms, refused, "openings that KMS refused"));
    Ok(checks)
}

/// Every record of an opening near the span. Records follow one another in time but for what ran side by side.
async fn recorded(db: &Db, merchant: &MerchantId, from: Timestamp) -> Result<Vec<Opening>, StoreError> {
    let mut all = Vec::new();
    for stream in [Stream::Access, Stream::Disclosure] {
        let records = db.records_since(merchant, stream, after(from, -(SLACK * 2))).await?;
        let opened = records.iter().filter_map(|record| record.access(merchant));
        all.extend(opened.map(|access| Opening { order: access.order.clone(), at: access.at }));
    }
    Ok(all)
}

fn check(merchant: &MerchantId, compared: &Compared) -> Check {
    let Compared { recorded, opened, unrecorded, unopened, .. } = compared;
    let found = unrecorded.len() + unopened.len();
    let named = |what: &str, orders: &[waybill_domain::OrderId]| match orders {
        [] => String::new(),
        some => {
            let first: Vec<&str> = some.iter().take(NAMED).map(|order| order.as_str()).collect();
            format!("; {} {what}: {}", some.len(), first.join(", "))
        }
    };
    let detail = format!(
        "{opened} openings, {recorded} on record{}{}",
        named("opened without a record", unrecorded),
        named("on record and not opened", unopened)
    );
    Check {
        name: format!("openings/{merchant}"),
        ok: compared.holds(),
        detail,
        counts: Counts::Openings,
        found,
    }
}

fn counted(name: &str, counts: Counts, found: usize, what: &str) -> Check {
    Check { name: name.into(), ok: found == 0, detail: format!("{found} {what}"), counts, found }
}
