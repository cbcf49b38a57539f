//! What buyers ask and the law demands, by forms: requests, legal holds, incidents, registers.

use super::browser::Browser;
use super::keeping::{done, refused};
use super::markup::problems;
use crate::stage::{Stage, order_id};
use waybill_domain::time::{after, days};
use waybill_store::Work;

#[tokio::test]
async fn a_buyer_is_forgotten_by_a_button_and_a_hold_takes_two() {
    let stage = Stage::set().await;
    stage.open_warehouses().await;
    let mut support = Browser::of(&stage, "mine-Support").await;
    let (one, two) = (order_id(1), order_id(2));
    assert!(support.get(&format!("/console/orders/{one}")).await.text.contains("Forget this buyer"));
    let to = done(&mut support, &format!("/console/orders/{one}/forget"), &[]).await;
    assert!(to.contains("console/requests/req_") && to.ends_with("?done=asked"), "{to}");
    let page = support.get(&format!("/{}", to.trim_start_matches("../"))).await;
    assert!(page.text.contains("not finished yet"), "{}", page.text);
    assert_eq!(problems(&page.text), Vec::<String>::new());
    let sent = stage.queues.take();
    assert!(matches!(sent.last().map(|one| &one.work), Some(Work::Request { .. })));
    assert!(support.get("/console/forgetting").await.text.contains("A buyer asks"));
    let mut packer = Browser::of(&stage, "mine-Packer").await;
    assert_eq!(packer.post(&format!("/console/orders/{one}/forget"), &[]).await.status, 403);
    let mut other = Browser::of(&stage, "other-Owner").await;
    assert_eq!(other.post(&format!("/console/orders/{one}/forget"), &[]).await.status, 404);

    let mut manager = Browser::of(&stage, "mine-Manager").await;
    let hold = format!("/console/orders/{two}/hold");
    let until = after(stage.now(), days(30)).strftime("%Y-%m-%d").to_string();
    done(&mut manager, &hold, &[("reason", "claim"), ("until", &until)]).await;
    assert!(
        manager.get(&format!("/console/orders/{two}")).await.text.contains("until a second person agrees")
    );
    assert_eq!(manager.post(&format!("{hold}/agree"), &[]).await.status, 409);
    let mut owner = Browser::of(&stage, "mine-Owner").await;
    done(&mut owner, &format!("{hold}/agree"), &[]).await;
    assert!(owner.get(&format!("/console/orders/{two}")).await.text.contains("Legal hold"));
    assert_eq!(support.post(&hold, &[("reason", "claim"), ("until", &until)]).await.status, 403);
}

#[tokio::test]
async fn an_incident_is_opened_and_decided_and_registers_are_entered() {
    let stage = Stage::set().await;
    stage.open_warehouses().await;
    let mut manager = Browser::of(&stage, "mine-Manager").await;
    let span = [("from", "2026-11-01T09:00"), ("until", "2026-11-02T09:00"), ("actor", ""), ("order", "")];
    let to = done(&mut manager, "/console/incidents", &span).await;
    let at = format!("/{}", to.trim_start_matches("../").split('?').next().unwrap());
    let page = manager.get(&at).await;
    assert_eq!(problems(&page.text), Vec::<String>::new());
    assert!(page.text.contains("orders affected") && page.text.contains("Draft for"), "{}", page.text);
    let decision = [("notice", "regulator"), ("not_told", "no_risk")];
    done(&mut manager, &format!("{at}/decisions"), &decision).await;
    assert!(manager.get(&at).await.text.contains("No risk"));
    done(&mut manager, &format!("{at}/risk"), &[]).await;
    let page = manager.get(&at).await.text;
    assert!(page.contains("may be high") && !page.contains("high after all"), "{page}");
    let turned = [("from", "2026-11-03T09:00"), ("until", "2026-11-02T09:00")];
    refused(&mut manager, "/console/incidents", &turned, "cannot be read").await;
    let mut auditor = Browser::of(&stage, "mine-Auditor").await;
    assert!(auditor.get("/console/incidents").await.text.contains(at.rsplit('/').next().unwrap()));
    assert_eq!(auditor.post("/console/incidents", &span).await.status, 403);

    let entry = [("register", "restore_drill"), ("name", "orders"), ("done_at", "2026-11-20")];
    done(&mut manager, "/console/evidence/registers", &entry).await;
    refused(
        &mut manager,
        "/console/evidence/registers",
        &[("register", "policy"), ("name", "p"), ("done_at", "2026-11-20")],
        "SHA-256",
    )
    .await;
    assert_eq!(auditor.post("/console/evidence/registers", &entry).await.status, 403);
}
