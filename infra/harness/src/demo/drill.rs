//! A breach drill: a colleague opens a few addresses, the owner suspects them, and the incident names exactly those
//! orders, drafts every notice and keeps every decision.

use super::api::Person;
use super::say;
use super::standing::Standing;
use crate::stack::{Stack, Trouble};
use crate::staff;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Instant;
use waybill_domain::incident::Notice;
use waybill_domain::order::Status;
use waybill_domain::time::after;

/// How many addresses the colleague opens.
const OPENED: usize = 3;

/// Carries the drill out, enters it in the register, and says what came of it.
pub(super) async fn carry_out(stack: &Stack, live: &Standing) -> Result<Value, Trouble> {
    let colleague = Person::sign_in(stack, staff::MANAGER).await?;
    let owner = Person::sign_in(stack, staff::OWNER).await?;
    let mut opened = BTreeSet::new();
    for order in live.orders.iter().filter(|order| order.status == Status::Dispatched).take(OPENED) {
        colleague.get(&format!("/v1/orders/{}/recipient?purpose=label", order.id)).await?;
        opened.insert(order.id.to_string());
    }
    let (now, hour) = (Timestamp::now(), SignedDuration::from_hours(1));
    let suspicion = json!({"from": after(now, -hour), "until": after(now, hour), "actor": colleague.sub()});
    let began = Instant::now();
    let view = owner.post("/v1/incidents", &json!({"suspicion": suspicion, "high_risk": true})).await?;
    let seconds = began.elapsed().as_secs_f64();
    let affected = orders(&view);
    let drafts = view["drafts"].as_object().map_or(0, |drafts| {
        drafts
            .values()
            .filter(|draft| draft.as_str().is_some_and(|text| text.contains("Incident inc_")))
            .count()
    });
    let incident = view["incident"]["id"].as_str().ok_or("an incident has no id")?;
    let mut clocks = Notice::ALL.len();
    for notice in Notice::ALL {
        let path = format!("/v1/incidents/{incident}/decisions");
        let decided = owner.post(&path, &json!({"notice": notice, "not_told": "no_personal_data"})).await?;
        clocks = decided["clocks"].as_array().map_or(clocks, Vec::len);
    }
    owner.post("/v1/registers/breach_drill", &json!({"name": "demo", "done_at": now})).await?;
    say(&format!(
        "     {OPENED} addresses opened, {} orders named, {drafts} notices drafted",
        affected.len()
    ));
    Ok(json!({
        "opened": opened.len(),
        "affected": affected.len(),
        "rightly": affected.intersection(&opened).count(),
        "drafts": drafts,
        "clocks_running": clocks,
        "seconds": (seconds * 100.0).round() / 100.0,
    }))
}

/// The orders that an incident names.
fn orders(view: &Value) -> BTreeSet<String> {
    let merchants = view["affected"]["merchants"].as_object().into_iter().flatten();
    merchants
        .flat_map(|(_, orders)| orders.as_object().into_iter().flatten())
        .map(|(id, _)| id.clone())
        .collect()
}

/// Promises about the drill that were not kept, in words.
pub(super) fn broken(report: &Value) -> Option<String> {
    let n = |name: &str| report[name].as_u64().unwrap_or(0);
    let all = OPENED as u64;
    let kept = n("opened") == all
        && n("affected") == all
        && n("rightly") == all
        && n("drafts") == Notice::ALL.len() as u64
        && report["clocks_running"] == 0;
    (!kept).then(|| "an incident names who is affected, drafts every notice and ends".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_order_too_many_or_one_notice_too_few_breaks_the_promise() {
        let good = json!({"opened": 3, "affected": 3, "rightly": 3, "drafts": 4, "clocks_running": 0});
        assert_eq!(broken(&good), None);
        for (name, n) in
            [("opened", 0), ("affected", 4), ("rightly", 2), ("drafts", 3), ("clocks_running", 1)]
        {
            let mut bad = good.clone();
            bad[name] = json!(n);
            assert!(broken(&bad).is_some(), "{name}");
        }
    }
}
