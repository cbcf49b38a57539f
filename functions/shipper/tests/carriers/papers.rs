//! Papers beside the label, and return labels, which are booked once.

use crate::booking::{berlin, shirt};
use crate::leaving::booked;
use crate::stage::{Api, Outcome, Stage, bristol, is};
use crate::{Scenario, row};
use jiff::Timestamp;
use waybill_domain::OrderId;
use waybill_domain::instructions::void;
use waybill_domain::order::Status;
use waybill_domain::paper::{Paper, Printed, Progress};
use waybill_domain::service::{ReturnAddress, Returns, Shipping};
use waybill_privacy::seal::{Binding, FieldSet, open_bytes};
use waybill_runtime::{Failure, Step};
use waybill_sandbox::FaultKind;
use waybill_store::Work;
use waybill_store::keyring::OpenKeys;
use waybill_store::keys::KeyState;
use waybill_store::labels::{Documents, paper_id, paper_name};

const BOOKED_THERE: &str = "books them: see above";

pub fn rows() -> Vec<Scenario> {
    let there = |scenario: Scenario| scenario.alone(Api::ClickAndDrop);
    vec![
        there(row!("despatch note is printed, sealed and kept; again is the same", note)),
        there(row!("customs declaration is printed apart", declaration)),
        row!("a paper that is not offered is refused, plainly", not_offered),
        there(row!("a paper while the carrier is down: waits, then is there", down)),
        there(row!("papers go with a label that is voided", voided)),
        there(row!("a paper of a label that was voided meanwhile is not kept", overtaken)),
        there(row!("return label: booked once, however often it is asked for", back)),
        there(row!("return label: two shippers at once", at_once)),
        there(row!("return label: reply lost, a person looks before another", lost)),
        there(row!("return label: process dies at each step", dies)),
        there(row!("return label: too many calls, booked later and once", throttled)),
        there(row!("return label: refused by the carrier, asked again when mended", refused)),
        there(row!("return label: not without an assessment, a setting, a recipient", not_without)),
        row!("return label: none by this account", none).not_at_click_and_drop(BOOKED_THERE),
    ]
}

async fn wanted(stage: &Stage, id: &OrderId, paper: Paper, looked: bool) -> Result<Work, String> {
    let shipment = stage.shipment(id).await?.id;
    Ok(Work::Paper { shipment, paper, looked, at: stage.now() })
}

async fn send(stage: &Stage, work: &Work) -> Result<Step, Failure> {
    waybill_shipper::work_on(&stage.shipper, work.clone()).await
}

async fn ask(stage: &Stage, id: &OrderId, paper: Paper) -> Outcome {
    let work = wanted(stage, id, paper, false).await?;
    is("ends", send(stage, &work).await, Ok(Step::Done))
}

async fn state(stage: &Stage, id: &OrderId, paper: Paper) -> Result<Printed, String> {
    stage.shipment(id).await?.paper(paper).cloned().ok_or_else(|| "nothing is noted of it".to_owned())
}

/// The paper, opened as `reveal` does.
async fn opened(stage: &Stage, id: &OrderId, paper: Paper) -> Result<Vec<u8>, String> {
    let shipment = stage.shipment(id).await?;
    let key = stage.db.paper_key(id, &shipment.id, paper).await.map_err(|e| e.to_string())?;
    let KeyState::Live { wrapped, .. } = key else { return Err("it has no key".to_owned()) };
    let key = OpenKeys::open(&stage.kms, &shipment.merchant, id, &wrapped).await.unwrap();
    let sealed = stage.documents.get(&paper_name(id, &shipment.id, paper)).await.unwrap();
    let sealed_as = paper_id(&shipment.id, paper);
    let to = Binding { merchant: &shipment.merchant, order: id, field_set: FieldSet::Label(&sealed_as) };
    let bytes = open_bytes(&key, to, &sealed.ok_or("it is not kept")?).map_err(|e| e.to_string())?;
    Ok(bytes.to_vec())
}

fn says(pdf: &[u8], words: &str) -> Outcome {
    let text = String::from_utf8_lossy(pdf);
    is(&format!("{words} in {text}"), pdf.starts_with(b"%PDF-") && text.contains(words), true)
}

async fn note(stage: &Stage) -> Outcome {
    let id = booked(stage).await?;
    for _ in 0..2 {
        ask(stage, &id, Paper::DespatchNote).await?;
    }
    is("asked", stage.asked("label"), 2)?;
    let noted = state(stage, &id, Paper::DespatchNote).await?;
    is("noted", (noted.progress, noted.disclosed.len()), (Progress::Made, 0))?;
    says(&opened(stage, &id, Paper::DespatchNote).await?, "despatchNote")?;
    // It is sealed as itself, and the label is as it was.
    let sealed = stage.documents.all();
    is("kept", sealed.len(), 2)?;
    is("sealed", sealed.values().any(|one| one.starts_with(b"%PDF-")), false)?;
    stage.one_label(&id).await
}

async fn declaration(stage: &Stage) -> Outcome {
    let merchant = crate::stage::MERCHANT.parse().unwrap();
    stage.db.save_product(&merchant, &shirt()).await.unwrap();
    let id = stage.order_to(berlin(), 600).await;
    stage.ship(&id).await?;
    stage.advance(1);
    ask(stage, &id, Paper::Cn22).await?;
    says(&opened(stage, &id, Paper::Cn22).await?, "CN22")
}

async fn not_offered(stage: &Stage) -> Outcome {
    let id = booked(stage).await?;
    // Nothing is declared inland; and the others print nothing apart.
    ask(stage, &id, Paper::Cn23).await?;
    let noted = state(stage, &id, Paper::Cn23).await?;
    is("refused", matches!(noted.progress, Progress::Refused(_)), true)?;
    is("kept", stage.documents.all().len(), 1)
}

async fn down(stage: &Stage) -> Outcome {
    let id = booked(stage).await?;
    stage.sandbox.add_fault(stage.fault("label", FaultKind::ServerError).times(1));
    let work = wanted(stage, &id, Paper::DespatchNote, false).await?;
    is("comes back", send(stage, &work).await.is_err(), true)?;
    is("kept", stage.documents.all().len(), 1)?;
    is("ends", send(stage, &work).await, Ok(Step::Done))?;
    is("noted", state(stage, &id, Paper::DespatchNote).await?.progress, Progress::Made)
}

async fn voided(stage: &Stage) -> Outcome {
    let id = booked(stage).await?;
    ask(stage, &id, Paper::DespatchNote).await?;
    let shipment = stage.shipment(&id).await?;
    let now = stage.now();
    stage.change(&id, |order| void(order, &shipment, shipment.voiding(None), now).unwrap()).await;
    is("ends", stage.once(&id).await, Ok(Step::Done))?;
    is("kept", stage.documents.all().len(), 0)?;
    let work = Work::Paper { shipment: shipment.id, paper: Paper::Cn22, looked: false, at: stage.now() };
    is("nobody is asked", send(stage, &work).await, Ok(Step::Done))?;
    is("asked", stage.asked("label"), 2)
}

async fn overtaken(stage: &Stage) -> Outcome {
    let id = booked(stage).await?;
    let mut shipment = stage.shipment(&id).await?;
    let db = stage.db.clone();
    let (work, again) = (wanted(stage, &id, Paper::DespatchNote, false).await?, stage.now());
    shipment.note(Printed {
        paper: Paper::DespatchNote,
        progress: Progress::Asked,
        at: again,
        carrier: shipment.carrier.clone(),
        tracking: None,
        disclosed: Vec::new(),
    });
    shipment.booking = waybill_domain::shipment::Booking::Voided;
    shipment.rev += 1;
    stage.hand.meanwhile("s3:PutObject", move || {
        let (db, mut shipment) = (db.clone(), shipment.clone());
        Box::pin(async move { db.save_shipment(&mut shipment).await.unwrap() })
    });
    is("ends", send(stage, &work).await, Ok(Step::Done))?;
    is("kept", stage.documents.all().len(), 1)
}

/// Goods come back to the merchant by the account that sent them.
async fn open_returns(stage: &Stage) {
    let returns = Returns {
        connection: stage.connection(),
        service: "TSS".into(),
        to: ReturnAddress {
            company: "Harbour & Finch".into(),
            lines: vec!["Unit 4, Example Wharf".into()],
            city: "Bristol".into(),
            postcode: "BS1 4ZZ".into(),
        },
    };
    let rules = vec![stage.rule(&["GB"], stage.brand.home), stage.rule(&[], stage.brand.abroad)];
    stage.set_shipping(Shipping { returns: Some(returns), ..rules.into() }).await;
}

fn returns(stage: &Stage) -> usize {
    stage.sandbox.with_state(|state| state.royal_mail.returns.len())
}

async fn back(stage: &Stage) -> Outcome {
    open_returns(stage).await;
    let id = booked(stage).await?;
    let work = wanted(stage, &id, Paper::ReturnLabel, false).await?;
    for _ in 0..2 {
        is("ends", send(stage, &work).await, Ok(Step::Done))?;
        ask(stage, &id, Paper::ReturnLabel).await?;
    }
    is("booked", returns(stage), 1)?;
    let noted = state(stage, &id, Paper::ReturnLabel).await?;
    is("noted", noted.progress, Progress::Made)?;
    is("its number", noted.tracking.is_some_and(|number| number.starts_with("TT")), true)?;
    is(
        "given",
        noted.disclosed,
        ["name", "lines", "city", "postcode", "country"].map(String::from).to_vec(),
    )?;
    let pdf = opened(stage, &id, Paper::ReturnLabel).await?;
    says(&pdf, "Harbour & Finch")?;
    let sent = stage.sandbox.with_state(|state| state.royal_mail.returns[0].request.to_string());
    is("phone or mail", sent.contains("900001") || sent.contains('@'), false)?;
    is("tracked apart", stage.shipment(&id).await?.numbers().len(), 1)
}

async fn at_once(stage: &Stage) -> Outcome {
    for yields in 0..12 {
        let fresh = Stage::set(stage.brand).await;
        open_returns(&fresh).await;
        let id = booked(&fresh).await?;
        let work = wanted(&fresh, &id, Paper::ReturnLabel, false).await?;
        fresh.hand.yields.store(yields, std::sync::atomic::Ordering::Relaxed);
        let _ = tokio::join!(send(&fresh, &work), send(&fresh, &work));
        is(&format!("booked with {yields} turns"), returns(&fresh), 1)?;
        is("noted", state(&fresh, &id, Paper::ReturnLabel).await?.progress, Progress::Made)?;
    }
    Ok(())
}

async fn lost(stage: &Stage) -> Outcome {
    open_returns(stage).await;
    let id = booked(stage).await?;
    stage.sandbox.add_fault(stage.fault("return", FaultKind::LoseReply { hold_seconds: 1 }).times(1));
    let work = wanted(stage, &id, Paper::ReturnLabel, false).await?;
    is("ends", send(stage, &work).await, Ok(Step::Done))?;
    let noted = state(stage, &id, Paper::ReturnLabel).await?;
    is("noted", (noted.progress, noted.disclosed.len()), (Progress::Uncertain, 5))?;
    for _ in 0..2 {
        is("the message again", send(stage, &work).await, Ok(Step::Done))?;
        stage.advance(3600);
        ask(stage, &id, Paper::ReturnLabel).await?;
    }
    is("booked", returns(stage), 1)?;
    // Somebody looked, and it is not there.
    stage.sandbox.with_state(|state| state.royal_mail.returns.clear());
    let looked = wanted(stage, &id, Paper::ReturnLabel, true).await?;
    for _ in 0..2 {
        is("ends", send(stage, &looked).await, Ok(Step::Done))?;
    }
    is("booked", returns(stage), 1)?;
    is("noted", state(stage, &id, Paper::ReturnLabel).await?.progress, Progress::Made)
}

async fn dies(stage: &Stage) -> Outcome {
    let (mut made, mut uncertain) = (0, 0);
    for n in 0..100 {
        let fresh = Stage::set(stage.brand).await;
        open_returns(&fresh).await;
        let id = booked(&fresh).await?;
        let work = wanted(&fresh, &id, Paper::ReturnLabel, false).await?;
        fresh.hand.calls.store(0, std::sync::atomic::Ordering::Relaxed);
        *fresh.hand.dies_at.lock().unwrap() = Some(n);
        let died = tokio::select! {
            biased;
            _ = send(&fresh, &work) => false,
            () = fresh.hand.died.notified() => true,
        };
        *fresh.hand.dies_at.lock().unwrap() = None;
        // The queue brings it again until it is done with.
        for _ in 0..5 {
            match send(&fresh, &work).await {
                Ok(Step::Done) => break,
                Ok(Step::Again { seconds }) => fresh.advance(i64::from(seconds)),
                Err(_) => fresh.advance(60),
            }
        }
        match state(&fresh, &id, Paper::ReturnLabel).await?.progress {
            Progress::Made => {
                made += 1;
                is(&format!("step {n}: booked"), returns(&fresh), 1)?;
                opened(&fresh, &id, Paper::ReturnLabel).await?;
            }
            Progress::Uncertain => {
                uncertain += 1;
                is(&format!("step {n}: at most one"), returns(&fresh) <= 1, true)?;
            }
            other => return Err(format!("step {n}: {other:?}")),
        }
        if !died {
            return is("both ends were seen", made > 2 && uncertain > 2, true);
        }
    }
    Err("it never came to its end".to_owned())
}

async fn throttled(stage: &Stage) -> Outcome {
    open_returns(stage).await;
    let id = booked(stage).await?;
    stage
        .sandbox
        .add_fault(stage.fault("return", FaultKind::TooManyRequests { retry_after: Some(3) }).times(1));
    let work = wanted(stage, &id, Paper::ReturnLabel, false).await?;
    is("waits", matches!(send(stage, &work).await, Ok(Step::Again { .. })), true)?;
    is("booked", returns(stage), 0)?;
    stage.advance(5);
    is("ends", send(stage, &work).await, Ok(Step::Done))?;
    is("booked", returns(stage), 1)
}

async fn refused(stage: &Stage) -> Outcome {
    open_returns(stage).await;
    let id = booked(stage).await?;
    let credit = |stage: &Stage, yes: bool| {
        stage
            .sandbox
            .with_state(|state| state.royal_mail.accounts.values_mut().for_each(|one| one.oba = yes));
    };
    credit(stage, false);
    let work = wanted(stage, &id, Paper::ReturnLabel, false).await?;
    is("ends", send(stage, &work).await, Ok(Step::Done))?;
    let noted = state(stage, &id, Paper::ReturnLabel).await?;
    let Progress::Refused(why) = noted.progress else { return Err(format!("{noted:?}")) };
    is(&why, why.contains("no_credit_account"), true)?;
    credit(stage, true);
    // The message that came twice asks nobody; a person who asks again does.
    is("ends", send(stage, &work).await, Ok(Step::Done))?;
    is("booked", returns(stage), 0)?;
    stage.advance(60);
    ask(stage, &id, Paper::ReturnLabel).await?;
    is("booked", returns(stage), 1)
}

async fn not_without(stage: &Stage) -> Outcome {
    let why = |noted: Printed| match noted.progress {
        Progress::Refused(why) => why,
        other => format!("{other:?}"),
    };
    let id = booked(stage).await?;
    ask(stage, &id, Paper::ReturnLabel).await?;
    is("no setting", why(state(stage, &id, Paper::ReturnLabel).await?), "no_returns".to_owned())?;
    open_returns(stage).await;
    stage.assess(Timestamp::UNIX_EPOCH).await;
    stage.advance(60);
    ask(stage, &id, Paper::ReturnLabel).await?;
    is("no assessment", why(state(stage, &id, Paper::ReturnLabel).await?), "not_assessed".to_owned())?;
    stage.hours(400 * 24);
    stage.assess(stage.now()).await;
    ask(stage, &id, Paper::ReturnLabel).await?;
    is("no recipient", why(state(stage, &id, Paper::ReturnLabel).await?), "no_recipient".to_owned())?;
    is("booked", returns(stage), 0)
}

async fn none(stage: &Stage) -> Outcome {
    open_returns(stage).await;
    let id = stage.order_to(bristol(), 600).await;
    stage.ship(&id).await?;
    is("status", stage.see(&id).await.status, Status::Booked)?;
    ask(stage, &id, Paper::ReturnLabel).await?;
    let noted = state(stage, &id, Paper::ReturnLabel).await?;
    is("refused", matches!(noted.progress, Progress::Refused(_)), true)?;
    is("kept", stage.documents.all().len(), 1)
}
