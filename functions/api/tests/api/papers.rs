//! Papers beside a label: who may ask, what is sent on, and what is refused before anybody is asked.

use crate::ready::{CARRIER, ready};
use crate::stage::{MERCHANT, Stage, code, order_id};
use serde_json::{Value, json};
use waybill_domain::order::Destination;
use waybill_domain::paper::{Paper, Printed, Progress};
use waybill_domain::service::{ReturnAddress, Returns};
use waybill_store::{Queue, Work};

fn address() -> String {
    format!("/v1/shipments/shp_{:032x}-1", 6)
}

async fn ask(stage: &Stage, who: &str, body: Value) -> (u16, Value) {
    stage.call(Some(who), "POST", &format!("{}/papers", address()), Some(body)).await
}

fn sent(stage: &Stage) -> Vec<(Paper, bool)> {
    let all = stage.queues.take().into_iter();
    all.filter_map(|sent| match (sent.queue, sent.work) {
        (Queue::Book, Work::Paper { paper, looked, .. }) => Some((paper, looked)),
        _ => None,
    })
    .collect()
}

async fn note(stage: &Stage, progress: Progress) {
    let mut shipment = stage.db.shipments(&order_id(6).parse().unwrap()).await.unwrap().remove(0);
    shipment.note(Printed {
        paper: Paper::ReturnLabel,
        progress,
        at: stage.now(),
        carrier: CARRIER.parse().unwrap(),
        tracking: Some("TT000000001GB".into()),
        disclosed: vec!["name".into()],
    });
    stage.db.save_shipment(&mut shipment).await.unwrap();
}

async fn open_returns(stage: &Stage) {
    let mut merchant = stage.db.merchant(&MERCHANT.parse().unwrap()).await.unwrap().unwrap();
    merchant.services.returns = Some(Returns {
        connection: CARRIER.parse().unwrap(),
        service: "TSS".into(),
        to: ReturnAddress {
            company: "Harbour & Finch".into(),
            lines: vec!["Unit 4".into()],
            city: "Bristol".into(),
            postcode: "BS1 4ZZ".into(),
        },
    });
    stage.db.save_merchant(&merchant).await.unwrap();
}

#[tokio::test]
async fn who_may_have_a_paper_made_is_told_how_far_it_is() {
    let stage = ready().await;
    assert_eq!(code(&ask(&stage, "mine-Auditor", json!({"paper": "cn22"})).await), (403, "not_allowed"));
    let elsewhere = ask(&stage, "other-Owner", json!({"paper": "despatch_note"})).await;
    assert_eq!(code(&elsewhere), (404, "not_found"));
    assert_eq!(code(&ask(&stage, "mine-Packer", json!({"paper": "tea"})).await), (400, "bad_body"));
    assert!(sent(&stage).is_empty());
    let (status, told) = ask(&stage, "mine-Packer", json!({"paper": "despatch_note"})).await;
    assert_eq!((status, &told["booking"]), (202, &json!("labelled")));
    assert_eq!(sent(&stage), [(Paper::DespatchNote, false)]);
    note(&stage, Progress::Made).await;
    let (_, one) = stage.mine(&address()).await;
    let paper = &one["papers"][0];
    assert_eq!((&paper["paper"], &paper["state"]), (&json!("return_label"), &json!("made")));
    assert_eq!((&paper["tracking"], &paper["disclosed"]), (&json!("TT000000001GB"), &json!(["name"])));
}

#[tokio::test]
async fn what_cannot_be_printed_is_refused_before_anybody_is_asked() {
    let stage = ready().await;
    let id = order_id(6).parse().unwrap();
    let go = async |country: &str| {
        let mut order = stage.db.order(&id).await.unwrap().unwrap();
        order.destination = Some(Destination { country: country.into(), postcode_area: None });
        stage.db.save_order(&mut order).await.unwrap();
    };
    let refused = async |body: Value| code(&ask(&stage, "mine-Owner", body).await).1.to_owned();
    go("GB").await;
    assert_eq!(refused(json!({"paper": "cn23"})).await, "no_customs");
    assert_eq!(refused(json!({"paper": "return_label"})).await, "no_returns");
    open_returns(&stage).await;
    go("FR").await;
    assert_eq!(refused(json!({"paper": "return_label"})).await, "no_papers");
    go("GB").await;
    note(&stage, Progress::Uncertain).await;
    assert_eq!(refused(json!({"paper": "return_label"})).await, "uncertain_return");
    assert!(sent(&stage).is_empty());
    let looked = ask(&stage, "mine-Support", json!({"paper": "return_label", "looked": true})).await;
    assert_eq!((looked.0, sent(&stage)), (202, vec![(Paper::ReturnLabel, true)]));
    let mut shipment = stage.db.shipments(&id).await.unwrap().remove(0);
    shipment.carrier = "con_00000000000000aa".parse().unwrap();
    stage.db.save_shipment(&mut shipment).await.unwrap();
    assert_eq!(refused(json!({"paper": "despatch_note"})).await, "no_papers", "not booked at Click & Drop");
    shipment.booking = waybill_domain::shipment::Booking::Voided;
    stage.db.save_shipment(&mut shipment).await.unwrap();
    assert_eq!(refused(json!({"paper": "despatch_note"})).await, "no_label");
    assert!(sent(&stage).is_empty());
}
