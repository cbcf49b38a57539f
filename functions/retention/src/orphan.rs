//! After an outage of two days and more: orders whose key DynamoDB's own deletion took before a run came to it.
//!
//! Nobody can read them any more, but nothing points to them either: the purge index is made of keys. So every order
//! is looked at once, and what is left of a person goes the usual way, fence and all (decision 043).

use crate::{Env, Outcome, Report, at_last};
use jiff::Timestamp;
use waybill_domain::MerchantId;
use waybill_domain::order::{PersonalData, Status};
use waybill_domain::retention::Policy;
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

/// Looks for such orders of a merchant where there can be any, while orders are `left` to this run, and notes how far that
/// has got; true when there are more. `undone` says that this run could not forget somebody who was due.
pub(crate) async fn look(
    env: &Env,
    merchant: &MerchantId,
    undone: bool,
    left: &mut usize,
    now: Timestamp,
    report: &mut Report,
) -> Result<bool, Failure> {
    let mut run = env.db.retention_run(merchant).await?;
    let mut done = Some(now);
    if run.walk.is_some() || are_possible(&run, now) {
        let mut walk = run.walk.take().unwrap_or(Walk { began: now, place: Place::default() });
        // Their keys may be deleted before the walk is at its end, behind its back.
        walk.place.failed |= undone;
        while let Some(status) = next(&mut walk.place) {
            if *left == 0 {
                return Ok(true);
            }
            let looked = Box::pin(page(env, merchant, status, &mut walk.place, now, report)).await?;
            *left = left.saturating_sub(looked);
            run.walk = Some(walk.clone());
            env.db.save_retention_run(merchant, &run).await?;
        }
        done = (!walk.place.failed).then_some(walk.began);
    }
    run.walk = None;
    run.at = done.filter(|_| !undone).or(run.at);
    env.db.save_retention_run(merchant, &run).await?;
    Ok(false)
}

/// The status that is walked now; `None` at the end. Where somebody was found all is walked once more: an order that moved
/// on meanwhile is met the next time.
fn next(place: &mut Place) -> Option<Status> {
    if Status::ALL.get(place.status).is_none() && place.found {
        *place = Place { failed: place.failed, ..Place::default() };
    }
    Status::ALL.get(place.status).copied()
}

/// Looks at a page of orders; how many they were.
async fn page(
    env: &Env,
    merchant: &MerchantId,
    status: Status,
    place: &mut Place,
    now: Timestamp,
    report: &mut Report,
) -> Result<usize, Failure> {
    let (ids, next) = env.db.orders_by_status(merchant, status, PAGE, place.row()).await?;
    for order in env.db.orders(&ids).await? {
        if order.personal != PersonalData::Live || env.db.recipient_key(&order.id).await? != KeyState::Erased
        {
            continue;
        }
        if order.milestones.purge_at(Policy::LONGEST) > now {
            // Not DynamoDB's doing: keys were lost. Nobody can read it, but whether it is given up a person says.
            place.failed = true;
            report.failed += 1;
            tracing::error!(order = %order.id, "its key is gone before its time");
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
    Ok(ids.len())
}
