//! The wire contracts lie beside the repository, not in it.

use serde_json::{Value, json};
use std::path::PathBuf;

/// A file of eBay's contract; `None`, said aloud, when there are no contracts here.
pub fn file(name: &str) -> Option<Value> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/contracts");
    let root = std::env::var_os("CONTRACTS_DIR").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    if !root.is_dir() {
        println!("skipped: no contracts");
        return None;
    }
    let text = std::fs::read(root.join("ebay").join(name)).unwrap();
    Some(serde_json::from_slice(&text).unwrap())
}

/// What is wrong with a value against one schema of an OpenAPI document, in which nothing unnamed may be.
pub fn faults(document: &Value, schema: &str, value: &Value) -> Vec<String> {
    let mut strict = document.clone();
    for one in strict["components"]["schemas"].as_object_mut().unwrap().values_mut() {
        one["additionalProperties"] = json!(false);
    }
    strict["$ref"] = json!(format!("#/components/schemas/{schema}"));
    let validator = jsonschema::validator_for(&strict).unwrap();
    validator.iter_errors(value).map(|error| error.to_string()).collect()
}

/// The operation a request is for: its path must be one of the document's, its query only name parameters of it.
pub fn operation<'a>(document: &'a Value, base: &str, request: &http::Request<Vec<u8>>) -> &'a Value {
    let path = request.uri().path().strip_prefix(base).unwrap();
    let fits = |template: &str| {
        let (a, b): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
        a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.starts_with('{') || a == b)
    };
    let paths = document["paths"].as_object().unwrap();
    let (_, methods) = paths.iter().find(|(template, _)| fits(template)).unwrap();
    let operation = &methods[request.method().as_str().to_lowercase()];
    assert!(operation.is_object(), "{path}");
    let known = |name: &str| {
        let all = operation["parameters"].as_array().unwrap();
        all.iter().any(|p| p["in"] == "query" && p["name"] == name)
    };
    for pair in request.uri().query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        assert!(known(pair.split('=').next().unwrap()), "{pair}");
    }
    operation
}
