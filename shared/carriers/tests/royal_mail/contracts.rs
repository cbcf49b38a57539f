//! The wire contracts lie beside the repository, not in it.

use serde_json::Value;
use std::path::PathBuf;

/// A file of Royal Mail's contract; `None`, said aloud, when there are no contracts here.
pub fn file(name: &str) -> Option<Value> {
    beside(&format!("royal-mail/{name}"))
}

/// A file of the contracts.
pub fn beside(name: &str) -> Option<Value> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/contracts");
    let root = std::env::var_os("CONTRACTS_DIR").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    if !root.is_dir() {
        println!("skipped: no contracts");
        return None;
    }
    let text = std::fs::read(root.join(name)).unwrap();
    Some(serde_json::from_slice(&text).unwrap())
}

/// The bytes of a sample.
pub fn sample(name: &str) -> Option<Vec<u8>> {
    file(&format!("samples/{name}.json")).map(|s| s.to_string().into_bytes())
}

/// Fails unless `value` is a `name` of the August 2026 schema.
pub fn assert_valid(name: &str, value: &Value) {
    let Some(mut schema) = file("click-and-drop-2026-08.schema.json") else { return };
    schema["$ref"] = Value::String(format!("#/$defs/{name}"));
    let errors: Vec<String> =
        jsonschema::validator_for(&schema).unwrap().iter_errors(value).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
}
