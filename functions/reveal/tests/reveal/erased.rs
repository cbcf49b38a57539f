//! What may no longer be read is not, though it still lies there.

use crate::stage::{ORDER, SHIPMENT, Stage, label_of, recipient_of};
use waybill_domain::access::Role;
use waybill_domain::shipment::Booking;
use waybill_domain::time::{after, days};
use waybill_domain::{OrderId, ShipmentId};

async fn is_gone(stage: &Stage) {
    for address in [recipient_of(ORDER, "label"), label_of(SHIPMENT, "label")] {
        assert_eq!(stage.as_role(Role::Owner, &address).await.problem(), (410, "erased".into()), "{address}");
    }
    assert_eq!(stage.kms.decrypts(), 0);
    assert!(stage.records().await.is_empty());
}

#[tokio::test]
async fn from_the_purge_time_on_nothing_is_opened_though_everything_is_there() {
    let stage = Stage::set().await;
    stage.advance(90 * 86_400);
    stage.hire().await;
    is_gone(&stage).await;
    let order: OrderId = ORDER.parse().unwrap();
    assert!(stage.db().order_with_sealed(&order).await.unwrap().unwrap().1.is_some());
    assert_eq!(stage.documents.all().len(), 1);
}

#[tokio::test]
async fn a_second_before_the_purge_time_it_still_opens() {
    let stage = Stage::set().await;
    stage.advance(90 * 86_400 - 1);
    stage.hire().await;
    assert_eq!(stage.as_role(Role::Owner, &recipient_of(ORDER, "label")).await.status, 200);
    assert_eq!(stage.as_role(Role::Owner, &label_of(SHIPMENT, "label")).await.status, 200);
}

#[tokio::test]
async fn a_label_obeys_the_purge_time_of_its_order_when_its_own_key_says_later() {
    let stage = Stage::set().await;
    let order: OrderId = ORDER.parse().unwrap();
    stage.db().reschedule(&order, after(stage.now(), days(1)), stage.now()).await.unwrap();
    stage.advance(86_400);
    is_gone(&stage).await;
}

#[tokio::test]
async fn an_erased_order_answers_gone() {
    let stage = Stage::set().await;
    stage.db().shred(&ORDER.parse().unwrap(), stage.now()).await.unwrap();
    is_gone(&stage).await;
}

#[tokio::test]
async fn a_shipment_without_a_label_says_so_and_a_forgotten_one_is_gone() {
    let stage = Stage::set().await;
    let id: ShipmentId = SHIPMENT.parse().unwrap();
    let created = Booking::Created { carrier_order: "1001".into(), numbers: Vec::new() };
    for (booking, expected) in [
        (created, (404, "no_label")),
        (Booking::Voided, (404, "no_label")),
        (Booking::Forgotten, (410, "erased")),
    ] {
        let mut shipment = stage.db().shipment(&id).await.unwrap().unwrap();
        shipment.booking = booking;
        stage.db().save_shipment(&mut shipment).await.unwrap();
        let answer = stage.as_role(Role::Packer, &label_of(SHIPMENT, "label")).await;
        assert_eq!(answer.problem(), (expected.0, expected.1.to_owned()));
    }
    assert_eq!(stage.kms.decrypts(), 0);
    assert!(stage.records().await.is_empty());
}
