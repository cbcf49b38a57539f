//! After an outage of two days and more: orders whose key DynamoDB's own deletion took before a run came to it.
//!
//! Nobody can read them any more, but nothing points to them either: the purge index is made of keys. So every order
//! is looked at once, and what is left of a person goes the usual way, fence and all (decision 043).

use crate::{Env, Outcome, Report, at_last};
use jiff::Timestamp;
use waybill_domain::MerchantId;
use waybill_domain::order::{PersonalData, Status};
use waybill_domain::time::{after, days};
use waybill_runtime::Failure;
use waybill_store::keys::{BACKSTOP_DAYS, KeyState};
use waybill_store::requests::Place;
use waybill_store::runs::{Run, Walk};

/// Orders looked at at a time.
const PAGE: i32 = 100;

/// Whether a key can have been deleted since the last run that left nothing undone. What was due then was forgotten, and
/// what became due since is deleted two days later at the earliest.
fn are_possible(run: &Run, now: Timestamp) -> bool {
    run.at.is_none_or(|at| after(at, days(BACKSTOP_DAYS)) <= now)
}

/// Looks for such orders of a merchant where there can be any, at about `most` of them, and notes how far that has got; true
/// when there are more. `undone` says that this run could not forget somebody who was due.
pub(crate) async fn look(
    env: &Env,
    merchant: &MerchantId,
    undone: bool,
    most: usize,
    now: Timestamp,
    report: &mut Report,
) -> Result<bool, Failure> {
    let mut run = env.db.retention_run(merchant).await?;
    let mut done = Some(now);
    if run.walk.is_some() || are_possible(&run, now) {
        let mut walk = run.walk.take().unwrap_or(Walk { began: now, place: Place::default() });
        if Box::pin(go_on(env, merchant, &mut walk.place, most, now, report)).await? {
            run.walk = Some(walk);
            env.db.save_retention_run(merchant, &run).await?;
            return Ok(true);
        }
        done = (!walk.place.failed).then_some(walk.began);
    }
    run.at = done.filter(|_| !undone).or(run.at);
    env.db.save_retention_run(merchant, &run).await?;
    Ok(false)
}

/// Goes on from a place, and through all once more when somebody was found: an order that moved on meanwhile is met the
/// next time. True when it is not at its end.
async fn go_on(
    env: &Env,
    merchant: &MerchantId,
    place: &mut Place,
    most: usize,
    now: Timestamp,
    report: &mut Report,
) -> Result<bool, Failure> {
    let mut looked = 0;
    while looked < most {
        let Some(status) = Status::ALL.get(place.status) else {
            if !place.found {
                return Ok(false);
            }
            *place = Place::default();
            continue;
        };
        let (ids, next) = env.db.orders_by_status(merchant, *status, PAGE, place.row()).await?;
        looked += ids.len();
        for order in env.db.orders(&ids).await? {
            if order.personal != PersonalData::Live
                || env.db.recipient_key(&order.id).await? != KeyState::Erased
            {
                continue;
            }
            match Box::pin(at_last(env, &order.id, "retention", now)).await {
                Ok(Outcome::Forgotten) => {
                    report.forgotten += 1;
                    place.found = true;
                }
                Ok(Outcome::Held) => report.held += 1,
                Err(error) => {
                    report.failed += 1;
                    place.failed = true;
                    tracing::error!(order = %order.id, %error, "not forgotten yet; the next run takes it up");
                }
            }
        }
        place.move_on(next);
    }
    Ok(true)
}
