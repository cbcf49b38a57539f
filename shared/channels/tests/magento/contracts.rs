//! The wire contracts lie beside the repository, not in it.

use serde_json::{Map, Value};
use std::path::PathBuf;
use yaml_rust2::{Yaml, YamlLoader};

fn text(name: &str) -> Option<String> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/contracts");
    let root = std::env::var_os("CONTRACTS_DIR").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    if !root.is_dir() {
        println!("skipped: no contracts");
        return None;
    }
    Some(std::fs::read_to_string(root.join("magento").join(name)).unwrap())
}

/// A JSON file of Magento's contract; `None`, said aloud, when there are no contracts here.
pub fn file(name: &str) -> Option<Value> {
    text(name).map(|text| serde_json::from_str(&text).unwrap())
}

/// A YAML file of Magento's contract.
pub fn yaml(name: &str) -> Option<Value> {
    text(name).map(|text| json(&YamlLoader::load_from_str(&text).unwrap()[0]))
}

fn json(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Real(text) => text.parse().map_or(Value::Null, Value::Number),
        Yaml::Integer(n) => Value::from(*n),
        Yaml::String(text) => Value::from(text.as_str()),
        Yaml::Boolean(b) => Value::from(*b),
        Yaml::Array(all) => all.iter().map(json).collect(),
        Yaml::Hash(all) => {
            let key = |key: &Yaml| match key {
                Yaml::Integer(n) => n.to_string(),
                other => other.as_str().unwrap_or_default().to_owned(),
            };
            Value::Object(all.iter().map(|(k, v)| (key(k), json(v))).collect::<Map<_, _>>())
        }
        Yaml::Alias(_) | Yaml::Null | Yaml::BadValue => Value::Null,
    }
}
