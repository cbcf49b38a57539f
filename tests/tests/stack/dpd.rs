//! An order that goes by DPD: booked with a token that one function gets for all, and followed with a newer one.

use crate::support::{Shop, Story, deliver_everything};
use waybill_domain::order::Status;
use waybill_domain::service::{Carrier, ServiceChoice, ServiceRule};
use waybill_domain::shipment::Booking;
use waybill_sandbox::invent::Kind;

pub static BY_DPD: Story = Story::new("by dpd", || Box::pin(by_dpd()));

/// Two days: on offer for every postcode.
const SERVICE: &str = "11";

#[test]
#[ignore = "needs a running stack"]
fn a_parcel_by_dpd_is_booked_followed_and_delivered() {
    BY_DPD.told();
}

async fn by_dpd() {
    let shop = Shop::open().await;
    let mut merchant = shop.db.merchant(&shop.ids.merchant).await.unwrap().unwrap();
    let choice = ServiceChoice { carrier: Carrier::Dpd, code: SERVICE.into(), format: "parcel".into() };
    merchant.services = vec![ServiceRule::up_to(30_000, shop.ids.dpd.clone(), choice)].into();
    shop.db.save_merchant(&merchant).await.unwrap();
    let order = shop.bought(Kind::Plain).await;
    let id = shop.tell("orders/create", order).await;
    shop.stands(&id, Status::Dispatched).await;
    let shipments = shop.db.shipments(&id).await.unwrap();
    let [shipment] = &shipments[..] else { panic!("{} shipments", shipments.len()) };
    assert!(matches!(shipment.booking, Booking::Labelled { .. }));
    assert_eq!(shop.at_carrier(&id).await, (0, 0), "Royal Mail knows nothing of it");

    let token = shop.db.token(&shop.ids.dpd).await.unwrap().expect("the shipper got a token");
    shop.db.end_token(&shop.ids.dpd, token.obtained_at, token.obtained_at).await.unwrap();
    deliver_everything(&shop).await;
    shop.stands(&id, Status::Delivered).await;
    let renewed = shop.db.token(&shop.ids.dpd).await.unwrap().unwrap();
    assert!(renewed.obtained_at > token.obtained_at, "the tracker asked with a token that had ended");
}
