//! Every example of the document is sent as it stands, and its answer is of the form the document says.

use crate::ready::ready;
use serde_json::{Value, json};
use waybill_domain::access::Role;
use waybill_http::{About, Body};

/// Complaints about a value that should be of a form of the document.
pub fn complaints(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let whole = json!({"allOf": [schema], "components": document["components"]});
    jsonschema::validator_for(&whole)
        .unwrap()
        .iter_errors(value)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect()
}

/// Whoever of the merchant may.
pub fn someone(about: &About) -> String {
    let role = Role::ALL.into_iter().find(|role| about.is_for(*role)).unwrap();
    format!("mine-{role:?}")
}

#[tokio::test]
async fn every_example_is_carried_out_and_answered_as_documented() {
    let document: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    for about in waybill_api::routes().into_iter().map(|route| route.about) {
        let Some(example) = about.example else {
            // It needs a state that was just given out; its own story is among the tests of connections.
            assert!(about.path.starts_with("/connect/{channel}"), "a route needs an example: {}", about.path);
            continue;
        };
        let stage = ready().await;
        let key = about.key();
        let body = example.body.map(|body| body());
        let operation = &document["paths"][about.path][about.method.as_str().to_lowercase()];
        if let (Some(Body::Json(_)), Some(body)) = (about.body, &body) {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            assert_eq!(complaints(&document, schema, body), [""; 0], "{key}: {body}");
        }
        let sub = someone(&about);
        let mut seen = String::new();
        if about.guarded {
            let (_, headers, _) = stage.send(Some(&sub), "GET", example.address, None, &[]).await;
            seen = headers["etag"].to_str().unwrap().to_owned();
        }
        let sent: &[(&str, &str)] = if about.guarded { &[("if-match", &seen)] } else { &[] };
        let (status, headers, got) =
            stage.send(Some(&sub), about.method.as_str(), example.address, body, sent).await;
        let text = String::from_utf8_lossy(&got);
        assert_eq!(status, about.answers[0].status, "{key}: {text}");
        let media = headers["content-type"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let content = &operation["responses"][status.to_string()]["content"][&media];
        assert!(content.is_object(), "{key}: {media} is not documented");
        if media == "application/json" {
            let value: Value = serde_json::from_slice(&got).unwrap();
            assert_eq!(complaints(&document, &content["schema"], &value), [""; 0], "{key}: {value}");
        }
    }
}

#[test]
fn a_value_of_another_form_is_noticed() {
    let document: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    let schema = json!({"$ref": "#/components/schemas/Money"});
    assert_eq!(complaints(&document, &schema, &json!({"amount": "25.00", "currency": "GBP"})), [""; 0]);
    assert_eq!(complaints(&document, &schema, &json!({"amount": "25.00"})).len(), 1);
}
