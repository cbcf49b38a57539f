//! What is refused, by us before a call or by the carrier, and what a person then reads.

use crate::stage::{Api, Outcome, Stage, bristol, is};
use crate::{Scenario, row};
use waybill_domain::exception::Reason;
use waybill_domain::order::Status;
use waybill_domain::service::{Carrier, Way};
use waybill_domain::shipment::Booking;
use waybill_domain::time::{after, days};
use waybill_privacy::Recipient;
use waybill_sandbox::FaultKind;
use waybill_sandbox::pro_shipping::Shipment;
use waybill_store::registry::ConnectionState;

pub fn rows() -> Vec<Scenario> {
    vec![
        row!("200 with failures inside: a person, and nothing booked", all_failed)
            .not_at_dpd("an error of Click & Drop")
            .not_at_pro("an error of Click & Drop"),
        row!("label fails after the order exists: reprinted, not rebooked", label_fails)
            .not_at_dpd("an error of Click & Drop: see below"),
        row!("credentials refused (401): the account is paused", unauthorised),
        row!("no credit account (403 on the label): said so", no_credit_account)
            .not_at_dpd("accounts have credit")
            .not_at_pro("accounts have credit"),
        row!("pay-as-you-go code: refused before any call", pay_as_you_go)
            .not_at_dpd("has no such codes")
            .not_at_pro("has no such codes"),
        row!("reference exists twice: a person, and no third", twice).not_at_dpd("shows no bookings"),
        row!("address refused: named before any call", address_refused),
        row!("service of another carrier: refused before any call", other_carrier),
        row!("no service fits: the exception says why not", no_service),
        row!("not assessed for a year: given nothing until it is", not_assessed),
        row!("service does not go there: refused before any call", wrong_destination)
            .not_at_pro("is inland alone: see below"),
    ]
}

/// Nothing was sent to the carrier.
fn no_call(stage: &Stage) -> Outcome {
    is("creates", stage.asked("create"), 0)
}

/// Held for a person with nothing at the carrier: the next attempt may create without asking.
async fn as_new(stage: &Stage, id: &waybill_domain::OrderId) -> Outcome {
    let order = stage.see(id).await;
    is("status", order.status, Status::Held)?;
    is("claimed", order.claim.is_some(), false)?;
    is("at the carrier", stage.at_carrier(), (0, 0, 0))
}

async fn all_failed(stage: &Stage) -> Outcome {
    stage.sandbox.add_fault(stage.fault("create", FaultKind::AllFailed).times(1));
    let id = stage.order().await;
    stage.ship(&id).await?;
    stage.asks(&id, Reason::CarrierRefused).await?;
    as_new(stage, &id).await?;
    again(stage, &id).await;
    stage.ship(&id).await?;
    stage.one_label(&id).await
}

/// As a person does who says "book again".
async fn again(stage: &Stage, id: &waybill_domain::OrderId) {
    stage
        .change(id, |order| {
            order.status = Status::Allocated;
            order.hold = None;
            order.exceptions.clear();
        })
        .await;
    // The claim that is left must lapse first.
    stage.advance(200);
}

async fn label_fails(stage: &Stage) -> Outcome {
    stage.sandbox.add_fault(stage.fault("label", FaultKind::LabelFails).times(1));
    let id = stage.order().await;
    stage.ship(&id).await?;
    stage.asks(&id, Reason::LabelFailed).await?;
    let created = matches!(stage.shipment(&id).await?.booking, Booking::Created { .. });
    is("what the carrier has is stored", created, true)?;
    again(stage, &id).await;
    stage.ship(&id).await?;
    is("creates", stage.asked("create"), 1)?;
    stage.one_label(&id).await
}

async fn unauthorised(stage: &Stage) -> Outcome {
    match stage.brand.api {
        Api::Dpd => stage.set_account(&serde_json::json!({"secret": "another"})),
        Api::ProShipping => {
            stage.sandbox.with_state(|state| state.pro_shipping.client_secret = "another".into());
        }
        Api::ClickAndDrop => stage.sandbox.with_state(|state| state.royal_mail.accounts.clear()),
    }
    let id = stage.order().await;
    stage.ship(&id).await?;
    stage.asks(&id, Reason::ConnectionRefused).await?;
    let connection = stage.db.connection(&stage.connection()).await.unwrap().unwrap();
    is("paused", connection.state, ConnectionState::Refused)?;
    let asked = stage.asked("create");
    stage.advance(61);
    let other = stage.order().await;
    is("another order", stage.once(&other).await, Ok(waybill_runtime::Step::Done))?;
    is("calls on a paused account", stage.asked("create"), asked)?;
    is("it waits", stage.see(&other).await.status, Status::Allocated)
}

async fn no_credit_account(stage: &Stage) -> Outcome {
    let id = stage.order().await;
    stage.sandbox.with_state(|state| {
        for account in state.royal_mail.accounts.values_mut() {
            account.oba = false;
        }
    });
    stage.ship(&id).await?;
    match stage.brand.carrier {
        // An account without credit does not have Parcelforce's account codes at all.
        Carrier::Parcelforce => {
            let detail = stage.asks(&id, Reason::CarrierRefused).await?;
            is("names the code", detail.contains("serviceCode"), true)
        }
        _ => {
            let detail = stage.asks(&id, Reason::LabelFailed).await?;
            is("says why", detail.contains("no_credit_account"), true)
        }
    }
}

async fn pay_as_you_go(stage: &Stage) -> Outcome {
    let code = if stage.brand.carrier == Carrier::Parcelforce { "PFE48" } else { "TOLP48" };
    stage.set_shipping(vec![stage.rule(&["GB"], code)].into()).await;
    let id = stage.order().await;
    stage.ship(&id).await?;
    let detail = stage.asks(&id, Reason::CreditAccountNeeded).await?;
    is("says why", detail.contains("credit account"), true)?;
    no_call(stage)?;
    as_new(stage, &id).await
}

async fn twice(stage: &Stage) -> Outcome {
    let id = stage.order().await;
    // Somebody booked the same reference by hand, twice, and our own create was lost.
    stage.sandbox.add_fault(stage.fault("create", FaultKind::LoseReply { hold_seconds: 1 }).times(1));
    let _ = stage.once(&id).await;
    stage.sandbox.with_state(|state| {
        if let Some(mine) = state.pro_shipping.shipments.first().cloned() {
            state.pro_shipping.shipments.push(Shipment { id: "another".into(), ..mine });
            return;
        }
        let (_, mine) = state.royal_mail.orders.iter().next().map(|(n, o)| (*n, o.clone())).unwrap();
        let copy = waybill_sandbox::royal_mail::CarrierOrder { id: 9_999, ..mine };
        let reference = copy.reference.clone().unwrap();
        state.royal_mail.orders.insert(9_999, copy);
        state.royal_mail.by_reference.entry(reference).or_default().push(9_999);
    });
    stage.advance(200);
    stage.ship(&id).await?;
    is("detail", stage.asks(&id, Reason::UncertainBooking).await?, "reference_exists_twice".to_owned())?;
    is("creates", stage.asked("create"), 1)
}

async fn address_refused(stage: &Stage) -> Outcome {
    let id = stage.order_to(Recipient { postcode: None, ..bristol() }, 600).await;
    stage.ship(&id).await?;
    is("names it", stage.asks(&id, Reason::CarrierRefused).await?.to_lowercase().contains("postcode"), true)?;
    no_call(stage)?;
    as_new(stage, &id).await
}

async fn other_carrier(stage: &Stage) -> Outcome {
    let mut rule = stage.rule(&["GB"], "1^12");
    rule.way.service.carrier = match stage.brand.carrier {
        // One account is of one brand.
        Carrier::DpdLocal | Carrier::RoyalMail | Carrier::Parcelforce => Carrier::Dpd,
        Carrier::Dpd => Carrier::DpdLocal,
    };
    stage.set_shipping(vec![rule].into()).await;
    let id = stage.order().await;
    stage.ship(&id).await?;
    stage.asks(&id, Reason::NoService).await?;
    no_call(stage)?;
    as_new(stage, &id).await
}

async fn no_service(stage: &Stage) -> Outcome {
    let mut light = stage.rule(&["GB"], stage.brand.home);
    light.up_to_grams = 100;
    stage.set_shipping(vec![light, stage.rule(&["FR"], stage.brand.abroad)].into()).await;
    let id = stage.order().await;
    stage.ship(&id).await?;
    let want = "rule 0 too_heavy, rule 1 country".to_owned();
    is("why not", stage.asks(&id, Reason::NoService).await?, want)?;
    no_call(stage)
}

async fn not_assessed(stage: &Stage) -> Outcome {
    stage.assess(after(stage.now(), -days(365))).await;
    let id = stage.order().await;
    stage.ship(&id).await?;
    is("names it", stage.asks(&id, Reason::NotAssessed).await?, stage.connection().to_string())?;
    no_call(stage)?;
    is("opened", stage.kms.decrypts(), 0)?;
    as_new(stage, &id).await?;
    stage.assess(stage.now()).await;
    again(stage, &id).await;
    stage.ship(&id).await?;
    stage.one_label(&id).await
}

async fn wrong_destination(stage: &Stage) -> Outcome {
    let way = Way {
        connection: stage.connection(),
        service: stage.service(stage.brand.abroad),
        parcel_grams: None,
    };
    let mut rule = stage.rule(&["GB"], stage.brand.home);
    rule.way = way;
    stage.set_shipping(vec![rule].into()).await;
    let id = stage.order().await;
    stage.ship(&id).await?;
    stage.asks(&id, Reason::NoService).await?;
    no_call(stage)
}
