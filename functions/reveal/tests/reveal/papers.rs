//! Papers beside a label: opened as labels are, each by itself, and only once they are made.

use crate::stage::{ORDER, Stage};
use waybill_domain::ShipmentId;
use waybill_domain::access::Role;
use waybill_domain::paper::Paper;
use waybill_domain::shipment::LabelFormat;
use waybill_store::audit::Action;

fn address(n: usize, paper: &str, purpose: &str) -> String {
    let id = ShipmentId::of(&ORDER.parse().unwrap(), n);
    format!("/v1/shipments/{id}/papers/{paper}?purpose={purpose}")
}

#[tokio::test]
async fn a_paper_is_opened_with_a_record_of_what_its_carrier_was_given() {
    let stage = Stage::set().await;
    stage.add_label(2, b"%PDF-1.4 label", LabelFormat::Pdf).await;
    stage.add_paper(2, Paper::DespatchNote, b"%PDF-1.4 note").await;
    stage.add_paper(2, Paper::ReturnLabel, b"%PDF-1.4 return").await;
    let note = stage.as_role(Role::Packer, &address(2, "despatch_note", "label")).await;
    assert_eq!((note.status, note.body.as_slice()), (200, b"%PDF-1.4 note".as_slice()));
    assert_eq!(note.headers["content-type"], "application/pdf");
    let back = stage.as_role(Role::Support, &address(2, "return_label", "return")).await;
    assert_eq!((back.status, back.body.as_slice()), (200, b"%PDF-1.4 return".as_slice()));
    let records = stage.records().await;
    let fields: Vec<_> = records.iter().map(|one| (one.event.action, one.event.fields.len())).collect();
    assert_eq!(fields, [(Action::Label, 3), (Action::Label, 1)]);
    assert_eq!(stage.kms.decrypts(), 2);
}

#[tokio::test]
async fn what_was_not_asked_for_is_not_there_and_nobody_elses_is() {
    let stage = Stage::set().await;
    stage.add_label(2, b"%PDF-1.4 label", LabelFormat::Pdf).await;
    let none = stage.as_role(Role::Packer, &address(2, "cn22", "label")).await;
    assert_eq!(none.problem(), (404, "no_paper".into()));
    stage.add_paper(2, Paper::Cn22, b"%PDF-1.4 cn22").await;
    for (who, paper, purpose, expected) in [
        ("sub-Packer", "tea", "label", (404, "not_found")),
        ("sub-Packer", "cn22", "return", (403, "not_allowed")),
        ("sub-Auditor", "cn22", "label", (403, "not_allowed")),
        ("other-Packer", "cn22", "label", (404, "not_found")),
        ("sub-Packer", "cn22", "", (400, "purpose_required")),
    ] {
        let answer = stage.get(Some(who), &address(2, paper, purpose)).await;
        let (status, code) = expected;
        assert_eq!(answer.problem(), (status, code.into()), "{who} {paper} {purpose}");
    }
    assert_eq!(stage.kms.decrypts(), 0);
    stage.advance(90 * 86_400);
    stage.hire().await;
    let late = stage.as_role(Role::Packer, &address(2, "cn22", "label")).await;
    assert_eq!(late.problem(), (410, "erased".into()));
}
