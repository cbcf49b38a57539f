//! The wire contracts lie beside the repository, not in it.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use yaml_rust2::{Yaml, YamlLoader};

fn text(name: &str) -> Option<String> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/contracts");
    let root = std::env::var_os("CONTRACTS_DIR").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    if !root.is_dir() {
        println!("skipped: no contracts");
        return None;
    }
    Some(std::fs::read_to_string(root.join("dpd").join(name)).unwrap())
}

/// A file of DPD's contract; `None`, said aloud, when there are no contracts here.
pub fn file(name: &str) -> Option<Value> {
    Some(serde_json::from_str(&text(name)?).unwrap())
}

/// A sample.
pub fn sample(name: &str) -> Option<Value> {
    file(&format!("samples/{name}.json"))
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

/// The observed specification.
pub fn spec() -> Option<Value> {
    Some(json_of(&YamlLoader::load_from_str(&text("customer-v1.observed.openapi.yaml")?).unwrap()[0]))
}

/// The pointers of everything in a value, with list indices as `*`.
pub fn pointers(value: &Value, at: &str, all: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(k, v)| pointers(v, &format!("{at}/{k}"), all)),
        Value::Array(list) => list.iter().for_each(|v| pointers(v, &format!("{at}/*"), all)),
        _ => drop(all.insert(at.to_owned())),
    }
}

/// The pointers that a schema names.
fn named(spec: &Value, schema: &Value, at: &str, all: &mut BTreeSet<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        return named(spec, spec.pointer(&reference[1..]).unwrap(), at, all);
    }
    all.insert(at.to_owned());
    for part in schema["allOf"].as_array().into_iter().flatten() {
        named(spec, part, at, all);
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        named(spec, inner, &format!("{at}/{name}"), all);
    }
    if !schema["items"].is_null() {
        named(spec, &schema["items"], &format!("{at}/*"), all);
    }
}

/// Fails unless `value` is what `schema`, a pointer into the specification, says, and holds nothing the schema
/// does not name: DPD ignores what it does not know without an error.
pub fn assert_valid(schema: &str, value: &Value) {
    let Some(spec) = spec() else { return };
    let whole =
        json!({"$ref": format!("#{schema}"), "components": spec["components"], "paths": spec["paths"]});
    let errors: Vec<String> =
        jsonschema::validator_for(&whole).unwrap().iter_errors(value).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let (mut known, mut sent) = (BTreeSet::new(), BTreeSet::new());
    named(&spec, spec.pointer(schema).unwrap(), "", &mut known);
    pointers(value, "", &mut sent);
    assert!(sent.is_subset(&known), "not in the specification: {:?}", sent.difference(&known));
}

/// Fails unless the method and path of a request stand in the specification.
pub fn assert_path(request: &http::Request<Vec<u8>>) {
    let Some(spec) = spec() else { return };
    let path = request.uri().path();
    let paths = spec["paths"].as_object().unwrap();
    let fits = |template: &str| {
        let (a, b): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
        a.len() == b.len() && a.iter().zip(&b).all(|(t, p)| t == p || t.starts_with('{'))
    };
    let method = request.method().as_str().to_lowercase();
    assert!(paths.iter().any(|(t, item)| fits(t) && item.get(&method).is_some()), "{method} {path}");
}
