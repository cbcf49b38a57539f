//! The wire contracts lie beside the repository, not in it.

use serde_json::{Value, json};
use std::path::PathBuf;
use yaml_rust2::{Yaml, YamlLoader};

fn text(name: &str) -> Option<String> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/contracts");
    let root = std::env::var_os("CONTRACTS_DIR").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    if !root.is_dir() {
        println!("skipped: no contracts");
        return None;
    }
    Some(std::fs::read_to_string(root.join("royal-mail").join(name)).unwrap())
}

/// A JSON file of Royal Mail's contract; `None`, said aloud, when there are no contracts here.
pub fn file(name: &str) -> Option<Value> {
    Some(serde_json::from_str(&text(name)?).unwrap())
}

fn json_of(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Hash(map) => {
            map.iter().map(|(k, v)| (k.as_str().unwrap_or("?").to_owned(), json_of(v))).collect()
        }
        Yaml::Array(list) => list.iter().map(json_of).collect(),
        Yaml::String(text) => json!(text),
        Yaml::Integer(number) => json!(number),
        Yaml::Boolean(yes) => json!(yes),
        other => other.as_f64().map_or(Value::Null, |number| json!(number)),
    }
}

/// The official specification.
pub fn spec() -> Option<Value> {
    Some(json_of(&YamlLoader::load_from_str(&text("shipping-v4.openapi.yaml")?).unwrap()[0]))
}

/// Fails unless the request stands in the specification and its body is what it says.
pub fn assert_valid(request: &http::Request<Vec<u8>>) {
    let Some(spec) = spec() else { return };
    let path = request.uri().path();
    let fits = |template: &str| {
        let (a, b): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
        a.len() == b.len() && a.iter().zip(&b).all(|(t, p)| t == p || t.starts_with('{'))
    };
    let method = request.method().as_str().to_lowercase();
    let items = spec["paths"].as_object().unwrap();
    let (_, operation) = items
        .iter()
        .filter(|(template, _)| fits(template))
        .find_map(|(template, item)| Some((template, item.get(&method)?)))
        .unwrap_or_else(|| panic!("{method} {path}"));
    for pair in request.uri().query().unwrap_or_default().split('&').filter(|p| !p.is_empty()) {
        let name = pair.split('=').next().unwrap();
        let known = operation["parameters"].as_array().unwrap().iter().any(|p| p["name"] == name);
        assert!(known, "{name} of {path}");
    }
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    if schema.is_null() {
        assert!(request.body().is_empty());
        return;
    }
    let whole = json!({"allOf": [schema], "components": spec["components"]});
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    let errors: Vec<String> =
        jsonschema::validator_for(&whole).unwrap().iter_errors(&body).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
}
