//! Every example of the table is sent as it stands, and its answer is of the form the table says; every role and
//! another merchant's staff are asked too.

use crate::stage::{Answer, MERCHANT, ORDER, Stage, sub};
use serde_json::{Value, json};
use waybill_domain::access::{Role, Why, allowed};
use waybill_domain::paper::Paper;
use waybill_domain::request::{Asker, Clock, Kind};
use waybill_domain::shipment::LabelFormat;
use waybill_http::{About, document};
use waybill_store::requests::{Request, Scope};

/// A merchant for whom every example can be carried out.
async fn ready() -> Stage {
    let stage = Stage::set().await;
    stage.open_business().await;
    stage.add_label(2, b"^XA^XZ", LabelFormat::Zpl).await;
    stage.add_paper(2, Paper::DespatchNote, b"%PDF-1.4 note").await;
    let request = Request::new(
        "req_00000000000000a1".parse().unwrap(),
        MERCHANT.parse().unwrap(),
        Clock::start(Kind::Export, Asker::Person, stage.now()),
        Scope::Orders { orders: vec![ORDER.parse().unwrap()] },
        "sub-Support".into(),
    );
    stage.db().save_request(&request).await.unwrap();
    stage
}

fn table() -> Vec<About> {
    waybill_reveal::routes().into_iter().map(|route| route.about).collect()
}

async fn ask(stage: &Stage, about: &About, who: &str) -> Answer {
    let example = about.example.unwrap();
    let body = example.body.map(|body| body());
    stage.call(about.method.as_str(), Some(who), example.address, body.as_ref()).await
}

#[tokio::test]
async fn every_example_is_carried_out_and_answered_as_documented() {
    let table = table();
    let document = document(&table);
    for about in table {
        let answer = ask(&ready().await, &about, &sub(Role::Owner)).await;
        let (key, text) = (about.key(), String::from_utf8_lossy(&answer.body));
        assert_eq!(answer.status, about.answers[0].status, "{key}: {text}");
        let media = answer.headers["content-type"].to_str().unwrap().split(';').next().unwrap();
        let operation = &document["paths"][about.path][about.method.as_str().to_lowercase()];
        let content = &operation["responses"][answer.status.to_string()]["content"][media];
        assert!(content.is_object(), "{key}: {media} is not documented");
        if media == "application/json" {
            let whole = json!({"allOf": [content["schema"]], "components": document["components"]});
            let value: Value = serde_json::from_slice(&answer.body).unwrap();
            let validator = jsonschema::validator_for(&whole).unwrap();
            let complaints: Vec<String> = validator.iter_errors(&value).map(|e| e.to_string()).collect();
            assert_eq!(complaints, [""; 0], "{key}");
        }
    }
}

/// The purpose that the example states.
fn purpose(about: &About) -> Why {
    match about.example.unwrap().address.split("purpose=").nth(1) {
        Some("label") => Why::Label,
        _ => Why::Request,
    }
}

#[tokio::test]
async fn the_role_decides_as_the_table_says_and_another_merchant_finds_nothing() {
    for about in table() {
        use waybill_domain::access::Action;
        let key = about.key();
        for role in Role::ALL {
            let stage = ready().await;
            let answer = ask(&stage, &about, &sub(role)).await;
            // The table names every purpose; the example states one.
            let stated = about.actions.iter().filter(|action| match action {
                Action::RevealRecipient(why) | Action::DownloadLabel(why) => *why == purpose(&about),
                _ => true,
            });
            let may = stated.into_iter().any(|action| allowed(role, *action));
            assert_eq!(answer.status == 403, !may, "{key} as {role:?}: {}", answer.status);
            let other = ask(&stage, &about, &format!("other-{role:?}")).await;
            let text = String::from_utf8_lossy(&other.body).into_owned();
            let nothing = if may { other.status == 404 } else { other.status == 403 };
            // Their own buyer by the same mail address, of whom there is nothing.
            let own = about.path == "/v1/buyers/requests" && may;
            assert!(nothing || own, "{key} as other {role:?}: {} {text}", other.status);
            assert!(!text.contains("Bristol") && !text.contains("^XA"), "{key} as other {role:?}: {text}");
        }
    }
}
