//! What people must do: registers, requests, incidents; and what is unusual about who opened what.

use crate::report::{Check, Counts};
use jiff::Timestamp;
use waybill_domain::MerchantId;
use waybill_domain::anomaly::{self, Opening};
use waybill_domain::register::due;
use waybill_domain::time::after;
use waybill_store::audit::{Action, Stream};
use waybill_store::{Db, StoreError};

/// How far back accesses are looked at: a day, and an hour so that nothing is cut in two.
const HOURS_BACK: i64 = 25;
/// Items named in a check; the rest is counted.
const NAMED: usize = 5;

/// Every check about the people of every merchant.
pub(crate) async fn all(db: &Db, now: Timestamp) -> Result<Vec<Check>, StoreError> {
    let mut checks = Vec::new();
    for merchant in db.merchants().await? {
        checks.push(registers(db, &merchant, now).await?);
        checks.push(consents(db, &merchant, now).await?);
        checks.push(clocks(db, &merchant, now).await?);
        checks.push(access(db, &merchant, now).await?);
    }
    Ok(checks)
}

fn check(name: String, counts: Counts, wrong: &[String], well: &str) -> Check {
    let found = wrong.len();
    let detail = match found {
        0 => well.to_owned(),
        _ => format!("{found}: {}", wrong.get(..found.min(NAMED)).unwrap_or_default().join(", ")),
    };
    Check { name, ok: found == 0, detail, counts, found }
}

/// What is due in the registers.
async fn registers(db: &Db, merchant: &MerchantId, now: Timestamp) -> Result<Check, StoreError> {
    let entries = db.register_entries(merchant).await?;
    let wrong: Vec<String> = due(&entries, now)
        .into_iter()
        .map(|due| match (due.name.as_str(), due.controls.is_empty()) {
            ("", _) => format!("{:?} was never done", due.register),
            (name, true) => format!("{:?} {name} is due", due.register),
            (name, false) => format!("{name} has changed; look again at {}", due.controls.join(" ")),
        })
        .collect();
    Ok(check(format!("registers/{merchant}"), Counts::DueItems, &wrong, "nothing is due"))
}

/// Accounts whose owner must agree anew within a month: after that day nothing is read from them any more.
async fn consents(db: &Db, merchant: &MerchantId, now: Timestamp) -> Result<Check, StoreError> {
    let all = db.consents(merchant).await?.into_iter();
    let wrong: Vec<String> = all
        .filter(|one| one.ends_soon(now))
        .map(|one| format!("what was agreed for {} ends at {}", one.connection, one.until))
        .collect();
    let name = format!("consents/{merchant}");
    Ok(check(name, Counts::DueItems, &wrong, "no agreement with a channel ends within 30 days"))
}

/// Requests and notices whose day has passed.
async fn clocks(db: &Db, merchant: &MerchantId, now: Timestamp) -> Result<Check, StoreError> {
    let requests = db.requests(merchant).await?.into_iter();
    let mut wrong: Vec<String> = requests
        .filter(|request| request.done_at.is_none() && request.clock.is_overdue(now))
        .map(|request| format!("{} is not answered", request.id))
        .collect();
    for incident in db.incidents(merchant).await? {
        let late = incident.running(now).into_iter().filter(|clock| clock.overdue);
        wrong.extend(
            late.map(|clock| format!("{}: nothing is decided about {:?}", incident.id, clock.notice)),
        );
    }
    Ok(check(format!("clocks/{merchant}"), Counts::OverdueClocks, &wrong, "no clock has run out"))
}

/// Bulk reads, odd hours, refusals (CONTROLS D5). Functions open too; only people are looked at.
async fn access(db: &Db, merchant: &MerchantId, now: Timestamp) -> Result<Check, StoreError> {
    let since = after(now, -jiff::SignedDuration::from_hours(HOURS_BACK));
    let records = db.records(merchant, Stream::Access).await?;
    let openings =
        records.iter().map(|record| &record.event).filter(|event| event.at > since).filter_map(|event| {
            let refused = match event.action {
                Action::Reveal | Action::Label | Action::Export => false,
                Action::Refused => true,
                Action::Disclose | Action::Erase | Action::Hold | Action::BreakGlass => return None,
            };
            let label = event.action == Action::Label;
            Some(Opening { actor: &event.actor, at: event.at, refused, label })
        });
    let wrong: Vec<String> = anomaly::find(openings)
        .into_iter()
        .map(|alarm| format!("{:?}: {} by {} from {}", alarm.rule, alarm.count, alarm.actor, alarm.from))
        .collect();
    Ok(check(format!("access/{merchant}"), Counts::AccessAlarms, &wrong, "nothing unusual"))
}
