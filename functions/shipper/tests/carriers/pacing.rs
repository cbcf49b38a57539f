//! The carrier's documented limit of calls is kept by all shippers together.

use crate::stage::{Outcome, Stage, is};
use crate::{Scenario, row};
use jiff::SignedDuration;
use waybill_domain::OrderId;
use waybill_domain::order::Status;
use waybill_runtime::Step;
use waybill_sandbox::FaultKind;
use waybill_sandbox::state::Limits;

/// Why DPD and Pro Shipping play none of these.
const NO_LIMIT: &str = "documents no limit";

pub fn rows() -> Vec<Scenario> {
    vec![
        row!("twenty orders at once: no call too many, each booked once", rush)
            .not_at_dpd(NO_LIMIT)
            .not_at_pro(NO_LIMIT),
        row!("waiting for the limit opens no recipient and claims nothing", waiting)
            .not_at_dpd(NO_LIMIT)
            .not_at_pro(NO_LIMIT),
        row!("throttled (429): nobody else calls either", throttled_for_all)
            .not_at_dpd(NO_LIMIT)
            .not_at_pro(NO_LIMIT),
        row!("a message that the clock has replaced waits no more", replaced)
            .not_at_dpd(NO_LIMIT)
            .not_at_pro(NO_LIMIT),
    ]
}

async fn orders(stage: &Stage, count: usize) -> Vec<OrderId> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(stage.order().await);
    }
    ids
}

/// Calls that the sandbox answered with 429.
fn refused(stage: &Stage) -> u64 {
    stage.sandbox.with_state(|state| {
        let each = state.meters.endpoints.values().map(|one| one.by_status.get(&429).copied().unwrap_or(0));
        each.sum()
    })
}

async fn rush(stage: &Stage) -> Outcome {
    stage.sandbox.set_limits(Limits::DOCUMENTED);
    let began = stage.now();
    let mut left = orders(stage, 20).await;
    while !left.is_empty() {
        // Five functions side by side, as the template lets run.
        for five in left.chunks(5) {
            let all = five.iter().map(|id| stage.once(id));
            let ends = futures::future::join_all(all).await;
            is("none fails", ends.iter().all(Result::is_ok), true)?;
        }
        let mut next = Vec::new();
        for id in left {
            if stage.see(&id).await.status != Status::Booked {
                next.push(id);
            }
        }
        left = next;
        stage.advance(1);
    }
    is("answered 429", refused(stage), 0)?;
    is("at the carrier", stage.at_carrier(), (20, 20, 0))?;
    // Three calls each, at no less than half of what is allowed.
    is("in good time", stage.now().duration_since(began) <= SignedDuration::from_secs(30), true)
}

async fn waiting(stage: &Stage) -> Outcome {
    let ids = orders(stage, 2).await;
    is("first", stage.once(&ids[0]).await, Ok(Step::Done))?;
    let (opened, calls) = (stage.hand.times("kms:Decrypt"), stage.asked("create"));
    let before = stage.see(&ids[1]).await;
    let Ok(Step::Again { seconds: 1..=2 }) = stage.once(&ids[1]).await else {
        return Err("the second does not wait".to_owned());
    };
    is("opened", stage.hand.times("kms:Decrypt"), opened)?;
    is("asked", stage.asked("create"), calls)?;
    is("order", stage.see(&ids[1]).await, before)?;
    stage.ship(&ids[1]).await?;
    is("at the carrier", stage.at_carrier(), (2, 2, 0))
}

async fn throttled_for_all(stage: &Stage) -> Outcome {
    let kind = FaultKind::TooManyRequests { retry_after: Some(40) };
    stage.sandbox.add_fault(stage.fault("create", kind).times(1));
    let ids = orders(stage, 2).await;
    is("told", stage.once(&ids[0]).await, Ok(Step::Again { seconds: 40 }))?;
    stage.advance(30);
    let Ok(Step::Again { seconds: 10.. }) = stage.once(&ids[1]).await else {
        return Err("the other calls".to_owned());
    };
    is("asked", stage.asked("create"), 1)?;
    stage.advance(12);
    is("then", stage.once(&ids[1]).await, Ok(Step::Done))
}

async fn replaced(stage: &Stage) -> Outcome {
    let ids = orders(stage, 2).await;
    let old = stage.work(&ids[1]);
    stage.advance(17 * 60);
    is("first", stage.once(&ids[0]).await, Ok(Step::Done))?;
    let end = waybill_shipper::work_on(&stage.shipper, old).await;
    is("the old message", end, Ok(Step::Done))?;
    is("not booked", stage.asked("create"), 1)?;
    let Ok(Step::Again { .. }) = stage.once(&ids[1]).await else {
        return Err("the new message does not wait".to_owned());
    };
    Ok(())
}
