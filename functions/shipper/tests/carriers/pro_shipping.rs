//! What is Pro Shipping's own: inland, one parcel, no manifest, tokens that end, and a search page by page.

use crate::leaving::booked;
use crate::stage::{Api, Outcome, Stage, bristol, is};
use crate::{Scenario, dpd, row};
use waybill_domain::exception::Reason;
use waybill_domain::order::Status;
use waybill_privacy::{Recipient, Sensitive};
use waybill_sandbox::FaultKind;
use waybill_sandbox::pro_shipping::Shipment;

pub fn rows() -> Vec<Scenario> {
    [
        row!("abroad: refused before any call, said so", abroad),
        row!("several parcels: refused before any call, said so", several),
        row!("lost booking behind 600 others: found on the second page", second_page),
        row!("booked the day before yesterday: found all the same", days_later),
        row!("cancelled on the site: not taken for ours", cancelled_there),
        row!("token ends: logs in again", token_ends),
        row!("token refused early: one login, the booking made once", token_revoked),
        row!("untracked service: the barcode's number", untracked),
        row!("hand-over: refused, said so", dpd::manifest),
    ]
    .map(|row| row.alone(Api::ProShipping).not_at_dpd("see above"))
    .into()
}

async fn refused(stage: &Stage, who: Recipient, grams: u32) -> Outcome {
    let id = stage.order_to(who, grams).await;
    stage.ship(&id).await?;
    let detail = stage.asks(&id, Reason::CarrierRefused).await?;
    is("says so", detail.contains("by this adapter"), true)?;
    is("creates", stage.asked("create"), 0)?;
    is("claimed", stage.see(&id).await.claim.is_some(), false)
}

async fn abroad(stage: &Stage) -> Outcome {
    // The islands too: their goods pass customs.
    let jersey = Recipient {
        postcode: Some(Sensitive::new("JE2 3AB".into())),
        country: Some("JE".into()),
        ..bristol()
    };
    let shirt = crate::booking::shirt();
    stage.db.save_product(&crate::stage::MERCHANT.parse().unwrap(), &shirt).await.unwrap();
    stage.set_shipping(vec![stage.rule(&[], stage.brand.home)].into()).await;
    refused(stage, jersey, 600).await
}

async fn several(stage: &Stage) -> Outcome {
    let mut rule = stage.rule(&["GB"], stage.brand.home);
    rule.way.parcel_grams = Some(20_000);
    stage.set_shipping(vec![rule].into()).await;
    refused(stage, bristol(), 45_000).await
}

/// An order whose booking is at the carrier and whose reply was lost.
async fn uncertain(stage: &Stage) -> waybill_domain::OrderId {
    stage.sandbox.add_fault(stage.fault("create", FaultKind::LoseReply { hold_seconds: 1 }).times(1));
    let id = stage.order().await;
    let _ = stage.once(&id).await;
    id
}

async fn second_page(stage: &Stage) -> Outcome {
    let id = uncertain(stage).await;
    stage.sandbox.with_state(|state| {
        let all = &mut state.pro_shipping.shipments;
        let mine = all.pop().unwrap();
        let other =
            |n: u32| Shipment { id: n.to_string(), reference: Some(format!("X-{n}")), ..mine.clone() };
        all.extend((0..600).map(other));
        all.push(mine);
    });
    stage.ship(&id).await?;
    is("creates", stage.asked("create"), 1)?;
    is("pages", stage.asked("find"), 2)?;
    is("status", stage.see(&id).await.status, Status::Booked)
}

async fn days_later(stage: &Stage) -> Outcome {
    let id = uncertain(stage).await;
    stage.hours(49);
    stage.ship(&id).await?;
    is("creates", stage.asked("create"), 1)?;
    stage.one_label(&id).await
}

async fn cancelled_there(stage: &Stage) -> Outcome {
    let id = uncertain(stage).await;
    stage.sandbox.with_state(|state| {
        state.pro_shipping.shipments[0].status = waybill_sandbox::pro_shipping::Status::Cancelled;
    });
    stage.ship(&id).await?;
    is("creates", stage.asked("create"), 2)?;
    stage.one_label(&id).await
}

async fn token_ends(stage: &Stage) -> Outcome {
    booked(stage).await?;
    booked(stage).await?;
    is("logins", stage.asked("login"), 1)?;
    stage.hours(2);
    booked(stage).await?;
    is("logins", stage.asked("login"), 2)?;
    is("at the carrier", stage.at_carrier(), (3, 3, 0))
}

async fn token_revoked(stage: &Stage) -> Outcome {
    booked(stage).await?;
    stage.sandbox.with_state(|state| state.pro_shipping.revoke());
    booked(stage).await?;
    is("logins", stage.asked("login"), 2)?;
    is("at the carrier", stage.at_carrier(), (2, 2, 0))
}

async fn untracked(stage: &Stage) -> Outcome {
    stage.set_shipping(vec![stage.rule(&["GB"], "CRL1")].into()).await;
    let id = booked(stage).await?;
    let number = stage.shipment(&id).await?.tracking().unwrap_or_default().to_owned();
    is("number", number.starts_with("3A"), true)?;
    stage.one_label(&id).await
}
