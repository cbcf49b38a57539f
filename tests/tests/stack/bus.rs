//! What the bus carried, as the tap of the template kept it.

use crate::support::{Shop, until};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Mutex;
use waybill_domain::OrderId;
use waybill_harness::signed::percent;

/// Every event of ours so far, each once: an event may come twice under its id.
pub async fn carried(shop: &Shop) -> Vec<Value> {
    let (url, aws) = (shop.stack.output("QueueEvents").unwrap(), shop.aws());
    let path = format!("/_ministack/sqs/messages?QueueUrl={}", percent(url));
    let found = aws.get("sqs", &path).await.unwrap();
    let mut events: BTreeMap<String, Value> = BTreeMap::new();
    strings(&found, &mut |text| {
        let Ok(event) = serde_json::from_str::<Value>(text) else { return };
        if event["source"] == "waybill" {
            assert_eq!(event["detail-type"], event["detail"]["type"]);
            events.insert(event["detail"]["id"].to_string(), event["detail"].clone());
        }
    });
    events.into_values().collect()
}

fn strings(value: &Value, each: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => each(text),
        Value::Array(all) => all.iter().for_each(|one| strings(one, each)),
        Value::Object(all) => all.values().for_each(|one| strings(one, each)),
        _ => {}
    }
}

/// Waits until the bus has carried these steps of an order, in this sequence and no others.
pub async fn hears_of(shop: &Shop, order: &OrderId, steps: &[&str]) {
    let seen = Mutex::new(Vec::new());
    let all = async || {
        let mut ours: Vec<Value> =
            carried(shop).await.into_iter().filter(|event| event["order"] == order.as_str()).collect();
        ours.sort_by_key(|event| event["revision"].as_u64());
        let step = |event: &Value| match event["type"].as_str() {
            Some("order.status_changed") => event["status"].as_str().unwrap().to_owned(),
            other => other.unwrap().to_owned(),
        };
        let heard: Vec<String> = ours.iter().map(step).collect();
        let done = heard == steps;
        *seen.lock().unwrap() = heard;
        done.then_some(())
    };
    let what = || format!("the bus to carry {steps:?} of {order}; it carried {:?}", seen.lock().unwrap());
    until(what, all).await;
}
