//! The wire contracts lie beside the repository, not in it.

use http::{Request, Uri};
use serde_json::{Value, json};
use std::path::PathBuf;

fn root() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/contracts");
    let root = std::env::var_os("CONTRACTS_DIR").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    if !root.is_dir() {
        println!("skipped: no contracts");
        return None;
    }
    Some(root.join("amazon"))
}

/// A file of Amazon's contract; `None`, said aloud, when there are no contracts here.
pub fn file(name: &str) -> Option<Value> {
    let text = std::fs::read(root()?.join(name)).unwrap();
    Some(serde_json::from_slice(&text).unwrap())
}

/// Every sample with its name.
pub fn samples() -> Option<Vec<(String, Value)>> {
    let entries = std::fs::read_dir(root()?.join("samples")).unwrap();
    let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    Some(names.into_iter().map(|n| (n.clone(), file(&format!("samples/{n}")).unwrap())).collect())
}

/// Asserts that a value fits a definition of a specification.
pub fn fits(spec: &Value, definition: &str, value: &Value) {
    let schema = json!({
        "$ref": format!("#/definitions/{definition}"),
        "definitions": spec["definitions"],
    });
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(value).map(|e| format!("{} {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{definition}: {errors:?}");
}

/// Asserts that a request is one of the specification: path, method, query and body.
pub fn is_of(spec: &Value, path: &str, request: &Request<Vec<u8>>) {
    let method = request.method().as_str().to_lowercase();
    let operation = &spec["paths"][path][&method];
    assert!(operation.is_object(), "{method} {path}");
    matches_template(path, request.uri());
    let asked = pairs(request.uri());
    let known = operation["parameters"].as_array().unwrap();
    for (name, value) in &asked {
        let one = known.iter().find(|p| p["in"] == "query" && p["name"] == **name);
        let one = one.unwrap_or_else(|| panic!("{name} is no parameter of {path}"));
        let values: Vec<&str> = if one["type"] == "array" { value.split(',').collect() } else { vec![value] };
        if let Some(most) = one["maxItems"].as_u64() {
            assert!(values.len() as u64 <= most, "{name}");
        }
        let of = if one["type"] == "array" { &one["items"]["enum"] } else { &one["enum"] };
        if let Some(of) = of.as_array() {
            assert!(values.iter().all(|v| of.contains(&json!(v))), "{name}: {values:?}");
        }
        match one["format"].as_str() {
            Some("date-time") => assert!(value.parse::<jiff::Timestamp>().is_ok(), "{name}: {value}"),
            _ if one["type"] == "integer" => assert!(value.parse::<u32>().is_ok(), "{name}: {value}"),
            _ => {}
        }
    }
    for one in known.iter().filter(|p| p["required"] == true && p["in"] == "query") {
        assert!(asked.iter().any(|(name, _)| one["name"] == *name), "{} is missing", one["name"]);
    }
    let body = known.iter().find(|p| p["in"] == "body");
    assert_eq!(body.is_some(), !request.body().is_empty(), "{path}");
    if let Some(body) = body {
        let reference = body["schema"]["$ref"].as_str().unwrap().trim_start_matches("#/definitions/");
        fits(spec, reference, &serde_json::from_slice(request.body()).unwrap());
    }
}

fn matches_template(template: &str, uri: &Uri) {
    let (ours, theirs): (Vec<_>, Vec<_>) = (uri.path().split('/').collect(), template.split('/').collect());
    let same = |(a, b): (&&str, &&str)| if b.starts_with('{') { !a.is_empty() } else { a == b };
    assert!(ours.len() == theirs.len() && ours.iter().zip(&theirs).all(same), "{uri} is not {template}");
}

/// The query of an address, decoded.
pub fn pairs(uri: &Uri) -> Vec<(String, String)> {
    let each = uri.query().unwrap_or_default().split('&').filter(|p| !p.is_empty());
    each.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap();
        (name.to_owned(), decoded(value))
    })
    .collect()
}

/// `%41` undone.
pub fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
            out.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).unwrap()
}
