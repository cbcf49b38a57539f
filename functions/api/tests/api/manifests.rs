//! The day's hand-over: on the seller's word alone, asked for once, and its document only when there is one.

use crate::ready::{CARRIER, CONNECTION, ready};
use crate::stage::{Stage, code};
use serde_json::{Value, json};
use waybill_domain::manifest::Progress;
use waybill_store::labels::Documents;
use waybill_store::{Queue, Work};

fn all() -> String {
    format!("/v1/connections/{CARRIER}/manifests")
}

fn wanted() -> Value {
    json!({"warehouse": "wh_north", "carrier_name": "Royal Mail OBA", "sweeps_account": true})
}

fn asked(stage: &Stage) -> Vec<String> {
    let sent = stage.queues.take().into_iter();
    sent.filter_map(|sent| match (sent.queue, sent.work) {
        (Queue::Book, Work::Manifest { manifest, .. }) => Some(manifest.to_string()),
        _ => None,
    })
    .collect()
}

async fn under(stage: &Stage, key: &str) -> (u16, Value) {
    let headers = [("idempotency-key", key)];
    let (status, _, body) = stage.send(Some("mine-Manager"), "POST", &all(), Some(wanted()), &headers).await;
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn nothing_is_handed_over_before_the_seller_says_what_goes_with_it() {
    let stage = ready().await;
    for (body, problem) in [
        (json!({"warehouse": "wh_north", "carrier_name": "Royal Mail OBA"}), "sweeps_account"),
        (json!({"warehouse": "wh_north", "carrier_name": "", "sweeps_account": true}), "bad_carrier_name"),
        (
            json!({"warehouse": "wh_moon", "carrier_name": "Royal Mail OBA", "sweeps_account": true}),
            "bad_place",
        ),
    ] {
        assert_eq!(code(&stage.post(&all(), body).await), (400, problem));
    }
    let shop = stage.post(&format!("/v1/connections/{CONNECTION}/manifests"), wanted()).await;
    assert_eq!(code(&shop), (409, "no_manifests"));
    for role in ["Packer", "Support", "Auditor", "Integrator"] {
        let refused = stage.ask(&format!("mine-{role}"), &all(), &wanted()).await;
        assert_eq!(code(&refused), (403, "not_allowed"), "{role}");
    }
    assert_eq!(code(&stage.ask("other-Owner", &all(), &wanted()).await), (404, "not_found"));
    assert!(asked(&stage).is_empty());
}

#[tokio::test]
async fn the_same_wish_is_one_manifest_and_one_that_went_on_is_left_alone() {
    let stage = ready().await;
    let (status, made) = under(&stage, "k-1").await;
    assert_eq!((status, &made["state"]), (202, &json!("planned")), "{made}");
    let id = made["id"].as_str().unwrap().to_owned();
    assert_eq!(asked(&stage), [id.as_str()]);
    assert_eq!(under(&stage, "k-1").await, (202, made));
    assert!(asked(&stage).is_empty(), "the answer was kept");
    // The shipper went on, and a wish whose answer was never kept comes again.
    let (connection, named) = (CARRIER.parse().unwrap(), id.parse().unwrap());
    let mut manifest = stage.db.manifest(&connection, &named).await.unwrap().unwrap();
    manifest.progress = Progress::Asked;
    stage.db.save_manifest(&manifest).await.unwrap();
    stage.advance(25 * 3600);
    let (status, again) = under(&stage, "k-1").await;
    assert_eq!((status, &again["id"], &again["state"]), (202, &json!(id), &json!("asked")), "{again}");
    assert!(asked(&stage).is_empty(), "whoever asked the carrier is not overtaken");
    let (_, other) = under(&stage, "k-2").await;
    assert_ne!(other["id"], json!(id));
}

#[tokio::test]
async fn the_document_is_there_once_the_carrier_made_it() {
    let stage = ready().await;
    let id = under(&stage, "k-1").await.1["id"].as_str().unwrap().to_owned();
    let one = format!("{}/{id}", all());
    let document = format!("{one}/document");
    assert_eq!(code(&stage.mine(&document).await), (404, "no_document"));
    let (connection, named) = (CARRIER.parse().unwrap(), id.parse().unwrap());
    let mut manifest = stage.db.manifest(&connection, &named).await.unwrap().unwrap();
    stage.documents.put(&manifest.document(), b"%PDF-1.4 mine".to_vec()).await.unwrap();
    assert_eq!(code(&stage.mine(&document).await), (404, "no_document"), "not before it is done");
    manifest.progress = Progress::Done { number: 12 };
    stage.db.save_manifest(&manifest).await.unwrap();
    let (status, headers, body) = stage.send(Some("mine-Packer"), "GET", &document, None, &[]).await;
    assert_eq!(
        (status, &headers["content-type"], body),
        (200, &"application/pdf".parse().unwrap(), b"%PDF-1.4 mine".to_vec())
    );
    assert_eq!(stage.mine(&one).await.1["number"], 12);
    let (_, listed) = stage.mine(&all()).await;
    assert_eq!(listed["manifests"].as_array().map(Vec::len), Some(2), "{listed}");
    for address in [one, document, all()] {
        assert_eq!(code(&stage.get(Some("other-Owner"), &address).await), (404, "not_found"), "{address}");
    }
}
