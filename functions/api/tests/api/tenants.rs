//! Every route of the table, asked by every role of the merchant and by every role of another.

use crate::examples::someone;
use crate::ready::ready;
use serde_json::Value;
use waybill_domain::access::Role;
use waybill_http::About;

/// Words that only the first merchant's things hold: whole ids where others are made by chance.
const MINE: [&str; 6] = [
    "ord_0000000000000000000000000000000",
    "TEE-RED",
    "con_00000000000000aa",
    "pick_1",
    "inc_00000000000000a1",
    "req_00000000000000a1",
];

/// What names something in its path and answers another merchant well: files, places and registers of their own, under
/// names that everyone may use.
const OWN: [&str; 7] = [
    "GET /v1/exports/{kind}",
    "GET /v1/warehouses/{warehouse}/bins",
    "POST /v1/registers/{register}",
    "POST /v1/uploads/{upload}",
    "PUT /v1/skus/{sku}",
    "PUT /v1/staff/{sub}",
    "PUT /v1/warehouses/{warehouse}",
];

fn table() -> Vec<About> {
    let all = waybill_api::routes().into_iter().map(|route| route.about);
    all.filter(|about| about.example.is_some() && !about.actions.is_empty()).collect()
}

/// What an example names of its merchant, in its path or its body, by ids that nobody else has.
fn names_something(about: &About) -> bool {
    about.path.contains('{')
}

#[tokio::test]
async fn the_role_decides_as_the_table_says() {
    // The role is judged before anything else, so what was done before changes no verdict.
    let stage = ready().await;
    for about in table() {
        let (key, example) = (about.key(), about.example.unwrap());
        for role in Role::ALL {
            let sub = format!("mine-{role:?}");
            let body = example.body.map(|body| body());
            let (status, _, got) =
                stage.send(Some(&sub), about.method.as_str(), example.address, body, &[]).await;
            let refused = status == 403 && String::from_utf8_lossy(&got).contains("\"not_allowed\"");
            assert_eq!(refused, !about.is_for(role), "{key} as {role:?}: {status}");
        }
    }
}

#[tokio::test]
async fn another_merchant_sees_and_changes_nothing_and_cannot_tell_that_anything_is_there() {
    let stage = ready().await;
    for about in table() {
        let (key, example) = (about.key(), about.example.unwrap());
        for role in Role::ALL {
            let sub = format!("other-{role:?}");
            let body = example.body.map(|body| body());
            let ask = async |address: &str, body: Option<Value>| {
                stage.send(Some(&sub), about.method.as_str(), address, body, &[]).await
            };
            let (status, _, got) = ask(example.address, body.clone()).await;
            let text = String::from_utf8_lossy(&got).into_owned();
            if !about.is_for(role) {
                assert_eq!(status, 403, "{key} as {sub}: {text}");
                continue;
            }
            let sent = body.as_ref().map(Value::to_string).unwrap_or_default();
            for word in MINE.iter().filter(|word| !sent.contains(**word) && !example.address.contains(**word))
            {
                assert!(!text.contains(word), "{key} as {sub} shows {word}: {text}");
            }
            if names_something(&about) && !OWN.contains(&key.as_str()) {
                assert_eq!(status / 100, 4, "{key} as {sub}: {text}");
                // What is there and what is not look the same.
                let elsewhere = unknown(&about);
                let (other, _, told) = ask(&elsewhere, body).await;
                assert_eq!(
                    (status, &text),
                    (other, &String::from_utf8_lossy(&told).into_owned()),
                    "{key} as {sub}"
                );
            }
        }
    }
    // Whoever may sees what was there before, unchanged.
    let fresh = ready().await;
    for address in
        ["/v1/connections", "/v1/stock/TEE-RED", "/v1/requests", "/v1/holds", "/v1/incidents", "/v1/picks"]
    {
        assert_eq!(
            stage.get(Some("mine-Owner"), address).await,
            fresh.get(Some("mine-Owner"), address).await
        );
    }
}

/// Routes of another merchant that answer well: they read or store something of the asking merchant's own.
#[tokio::test]
async fn what_another_merchant_gets_an_answer_to_is_this_list() {
    let mut answered = Vec::new();
    for about in table().into_iter().filter(names_something) {
        let stage = ready().await;
        let example = about.example.unwrap();
        let sub = someone(&about).replace("mine-", "other-");
        let body = example.body.map(|body| body());
        let (status, _, _) = stage.send(Some(&sub), about.method.as_str(), example.address, body, &[]).await;
        if status < 400 {
            answered.push(about.key());
        }
    }
    answered.sort();
    assert_eq!(answered, OWN);
}

/// The address of the example with an id that nobody has.
fn unknown(about: &About) -> String {
    let example = about.example.unwrap();
    let (path, query) = example.address.split_once('?').unwrap_or((example.address, ""));
    let parts = about.path.split('/').zip(path.split('/'));
    let parts: Vec<String> = parts
        .map(|(name, value)| if name.starts_with('{') { other(value) } else { value.to_owned() })
        .collect();
    if query.is_empty() { parts.join("/") } else { format!("{}?{query}", parts.join("/")) }
}

fn other(value: &str) -> String {
    let mut other = value.to_owned();
    let last = other.pop().unwrap();
    other.push(if last == '7' { '8' } else { '7' });
    other
}
