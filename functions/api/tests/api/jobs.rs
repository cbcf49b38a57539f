//! What takes a while is listed with how far it is.

use crate::ready::{CONNECTION, ready};
use crate::stage::{OTHER, Stage, code};
use serde_json::{Value, json};

async fn jobs(stage: &Stage, sub: &str, query: &str) -> Vec<Value> {
    let (status, all) = stage.get(Some(sub), &format!("/v1/jobs{query}")).await;
    assert_eq!(status, 200, "{all}");
    all["jobs"].as_array().unwrap().clone()
}

#[tokio::test]
async fn backfills_and_uploads_are_listed_what_is_under_way_first() {
    let stage = ready().await;
    let span = json!({"from": "2026-11-01T00:00:00Z", "to": "2026-11-08T00:00:00Z"});
    let begin = format!("/v1/connections/{CONNECTION}/backfills");
    assert_eq!(stage.ask("mine-Owner", &begin, &span).await.0, 202);
    let all = jobs(&stage, "mine-Manager", "").await;
    let told: Vec<_> = all.iter().map(|job| (&job["kind"], &job["state"], &job["percent"])).collect();
    assert_eq!(
        told,
        [(&json!("backfill"), &json!("running"), &json!(0)), (&json!("upload"), &json!("done"), &json!(100)),]
    );
    assert_eq!((&all[0]["connection"], &all[0]["address"]), (&json!(CONNECTION), &json!(begin)));
    assert_eq!((&all[1]["id"], &all[1]["done"]), (&json!("U-1"), &json!(1)));
    for job in &all {
        let address = job["address"].as_str().unwrap();
        assert_eq!(stage.get(Some("mine-Manager"), address).await.0, 200, "{job}");
    }
    assert_eq!(jobs(&stage, "mine-Manager", "?state=done").await, all[1..]);
    // Who may not see accounts sees no job of one.
    assert_eq!(jobs(&stage, "mine-Packer", "").await, all[1..]);
    assert_eq!(jobs(&stage, "other-Owner", "").await, Vec::<Value>::new(), "{OTHER} has none");
    assert_eq!(code(&stage.mine("/v1/jobs?state=lost").await), (400, "bad_query"));
    stage.advance(30 * 60);
    stage.confirm().await;
    assert_eq!(jobs(&stage, "mine-Manager", "?state=stands_still").await.len(), 1);
}

#[tokio::test]
async fn an_upload_with_bad_rows_is_not_done_well() {
    let stage = ready().await;
    let bad = json!("sku,name,grams\nCUP,Cup,heavy\n");
    let sent = stage.post("/v1/uploads/U-3?kind=skus&mode=all_or_nothing", bad).await;
    assert_eq!((sent.0, &sent.1["state"]), (200, &json!("refused")), "{}", sent.1);
    let all = jobs(&stage, "mine-Manager", "?state=refused").await;
    assert_eq!(all.iter().map(|job| job["id"].as_str().unwrap()).collect::<Vec<_>>(), ["U-3"]);
}
