//! Ending what a person had to see to.

use crate::stage::{Stage, code, order_id};
use serde_json::json;
use waybill_domain::access::Role;
use waybill_domain::exception::Reason;
use waybill_domain::order::{Hold, Status};

async fn held(stage: &Stage, n: u8, reason: Reason) {
    let mut order = stage.order(n).await;
    order.status = Status::Held;
    order.hold = Some(Hold::Exception);
    order.due_at = None;
    order.raise(reason, None, stage.now());
    stage.db.save_order(&mut order).await.unwrap();
}

#[tokio::test]
async fn a_matter_is_listed_with_its_remedy_and_settled_with_it() {
    let stage = Stage::set().await;
    held(&stage, 1, Reason::NoService).await;
    let (_, list) = stage.mine("/v1/exceptions").await;
    assert_eq!(list["orders"][0]["exceptions"][0]["remedy"], "retry");
    let address = format!("/v1/orders/{}/settle", order_id(1));
    let wrong = json!({"reason": "no_service", "remedy": "seen"});
    assert_eq!(code(&stage.post(&address, wrong).await), (409, "not_so"));
    let right = json!({"reason": "no_service", "remedy": "retry"});
    let (status, settled) = stage.post(&address, right.clone()).await;
    // Nothing was promised to it yet: it begins with its goods.
    assert_eq!((status, settled["status"].as_str()), (200, Some("received")));
    assert_eq!(stage.order(1).await.due_at, Some(stage.now()));
    assert_eq!(code(&stage.post(&address, right).await), (409, "not_waiting"));
}

#[tokio::test]
async fn many_are_settled_at_once_each_with_its_own_outcome() {
    let stage = Stage::set().await;
    held(&stage, 1, Reason::CarrierRefused).await;
    held(&stage, 2, Reason::UncertainBooking).await;
    let orders = [1, 2, 3, 200].map(order_id);
    let ask = json!({"orders": orders, "reason": "carrier_refused", "remedy": "retry"});
    let (status, all) = stage.post("/v1/exceptions/settle", ask).await;
    assert_eq!(status, 200);
    let told: Vec<_> = (0..4).map(|n| all[n]["code"].as_str().unwrap_or("settled")).collect();
    assert_eq!(told, ["settled", "not_waiting", "not_waiting", "not_found"]);
    let too_many = json!({"orders": vec![order_id(1); 101], "reason": "carrier_refused", "remedy": "retry"});
    assert_eq!(code(&stage.post("/v1/exceptions/settle", too_many).await), (400, "too_many"));
}

#[tokio::test]
async fn only_some_roles_settle_and_nobody_elses_order() {
    let stage = Stage::set().await;
    held(&stage, 1, Reason::CarrierRefused).await;
    let address = format!("/v1/orders/{}/settle", order_id(1));
    let ask = json!({"reason": "carrier_refused", "remedy": "retry"});
    for role in [Role::Packer, Role::Auditor, Role::Integrator] {
        let answer = stage.call(Some(&format!("mine-{role:?}")), "POST", &address, Some(ask.clone())).await;
        assert_eq!(code(&answer), (403, "not_allowed"), "{role:?}");
    }
    let theirs = stage.call(Some("other-Owner"), "POST", &address, Some(ask)).await;
    assert_eq!(code(&theirs), (404, "not_found"));
    assert_eq!(stage.order(1).await.status, Status::Held);
}
