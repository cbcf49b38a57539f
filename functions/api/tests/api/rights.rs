//! A connection that may read but not write: only what it may not stops, and its owner is told.

use crate::stage::{MERCHANT, Stage};
use http::{Request, Response};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use waybill_channels::feed::Window;
use waybill_channels::stock::Level;
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_domain::time::after;
use waybill_runtime::Channels;
use waybill_runtime::channel::NotDone;
use waybill_runtime::outbound::{NoAnswer, Outbound};
use waybill_store::registry::{ConnectionState, Kind};

const ID: &str = "con_00000000000000d4";

/// A shop that refuses everything; it counts how often it was asked.
#[derive(Default)]
struct Forbids(AtomicUsize);

#[async_trait::async_trait]
impl Outbound for Forbids {
    async fn send(&self, _: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, NoAnswer> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let body = br#"{"code":"woocommerce_rest_cannot_edit","message":"no","data":{"status":403}}"#;
        let reply = Response::builder().status(403).header("content-type", "application/json");
        Ok(reply.body(body.to_vec()).unwrap())
    }
}

async fn tell(stage: &Stage, channels: &Channels) -> NotDone {
    let account = stage.env.directory.account(&ID.parse().unwrap(), stage.now()).await.unwrap().unwrap();
    let open = channels.open(&account, stage.now()).await.unwrap();
    let level = Level { sku: "TEE-RED".into(), sellable: 3, physical: 3, place: None, key: "k".into() };
    channels.tell_stock(&open, level, stage.now()).await.unwrap_err()
}

async fn state(stage: &Stage) -> ConnectionState {
    stage.db.connection(&ID.parse().unwrap()).await.unwrap().unwrap().state
}

#[tokio::test]
async fn a_missing_right_stops_its_own_kind_of_call_alone_and_is_told() {
    let stage = Stage::set().await;
    let secrets = json!({"kind": "woocommerce", "secrets": ["invented"], "key": "ck_1", "secret": "cs_1"});
    stage.connect(ID, MERCHANT, Kind::WooCommerce, &secrets).await;
    let shop = Arc::new(Forbids::default());
    let channels =
        Channels::new(stage.db.clone(), stage.env.vault.clone(), shop.clone(), stage.env.clock.clone());
    let address = format!("/v1/connections/{ID}");
    let refused = |not: NotDone| match not {
        NotDone::Told(told) => assert_eq!(told.advice, Advice::AskPerson(Reason::ConnectionRefused)),
        NotDone::Store(error) => panic!("{error}"),
    };

    refused(tell(&stage, &channels).await);
    assert_eq!(state(&stage).await, ConnectionState::Active, "all else goes on");
    let asked = shop.0.load(Ordering::Relaxed);
    refused(tell(&stage, &channels).await);
    assert_eq!(shop.0.load(Ordering::Relaxed), asked, "the shop is not asked again at once");
    let shown = stage.get(Some("mine-Owner"), &address).await.1;
    assert_eq!((&shown["state"], &shown["stopped"][0]["operation"]), (&json!("active"), &json!("stock")));

    // A person gave the right: resumed, it is asked at once.
    let resumed = stage.call(Some("mine-Owner"), "POST", &format!("{address}/resume"), None).await;
    assert_eq!((resumed.0, &resumed.1["stopped"]), (200, &Value::Null));
    refused(tell(&stage, &channels).await);
    assert!(shop.0.load(Ordering::Relaxed) > asked);
    // Or nobody says so: it is tried again by itself.
    let asked = shop.0.load(Ordering::Relaxed);
    stage.advance(3601);
    stage.confirm().await;
    refused(tell(&stage, &channels).await);
    assert!(shop.0.load(Ordering::Relaxed) > asked);

    // An account that may not even be read is refused as a whole.
    let account = stage.env.directory.account(&ID.parse().unwrap(), stage.now()).await.unwrap().unwrap();
    let open = channels.open(&account, stage.now()).await.unwrap();
    let window = Window { from: after(stage.now(), -jiff::SignedDuration::from_mins(5)), to: stage.now() };
    refused(channels.page(&open, &window, None, stage.now()).await.err().unwrap());
    assert_eq!(state(&stage).await, ConnectionState::Refused);
}
