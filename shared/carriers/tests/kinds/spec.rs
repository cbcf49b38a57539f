//! The carriers' own specifications, which lie beside the repository: Swagger 2 and OpenAPI 3.

use http::Request;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use yaml_rust2::{Yaml, YamlLoader};

/// One specification.
pub struct Spec {
    name: String,
    all: Value,
}

/// Opens one; `None`, said aloud, when there are no contracts here.
pub fn open(name: &str) -> Option<Spec> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/contracts");
    let root = std::env::var_os("CONTRACTS_DIR").map_or_else(|| PathBuf::from(beside), PathBuf::from);
    if !root.is_dir() {
        println!("skipped: no contracts");
        return None;
    }
    let text = std::fs::read_to_string(root.join(name)).unwrap();
    Some(Spec { name: name.to_owned(), all: json_of(&YamlLoader::load_from_str(&text).unwrap()[0]) })
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

/// A value as it stands in a query.
fn as_asked(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Spec {
    /// What `of` is or refers to.
    fn resolved<'a>(&'a self, of: &'a Value) -> &'a Value {
        match of["$ref"].as_str() {
            Some(reference) => self.resolved(self.all.pointer(&reference[1..]).unwrap()),
            None => of,
        }
    }

    /// What a pointer names.
    pub fn at(&self, pointer: &str) -> &Value {
        self.all.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// A property of a definition is one of these by now.
    pub fn now_one_of(&mut self, definition: &str, property: &str, all: &Value) {
        assert!(all.as_array().is_some_and(|all| !all.is_empty()), "{definition}.{property}");
        self.all["definitions"][definition]["properties"][property] = json!({"type": "string", "enum": all});
    }

    /// Everything that is wrong with a request by this specification. `base` is what its paths begin after.
    pub fn wrongs(&self, base: &str, request: &Request<Vec<u8>>) -> Vec<String> {
        let (method, path) = (request.method().as_str().to_lowercase(), request.uri().path());
        let paths = self.all["paths"].as_object().unwrap();
        let Some((_, item)) = path.strip_prefix(base).and_then(|path| {
            // The one with most words of its own: `/orders/status` is no identifier.
            let fits = paths.iter().filter(|(one, item)| fits(one, path) && item.get(&method).is_some());
            fits.min_by_key(|(one, _)| one.matches('{').count())
        }) else {
            return vec![format!("{}: no {method} {path}", self.name)];
        };
        let operation = &item[&method];
        let declared = [&item["parameters"], &operation["parameters"]];
        let declared: Vec<&Value> = declared
            .into_iter()
            .filter_map(Value::as_array)
            .flatten()
            .map(|one| self.resolved(one))
            .collect();
        let mut wrong = self.asked(&declared, request);
        let headers = declared.iter().filter(|one| one["in"] == "header" && one["required"] == true);
        for name in headers.filter_map(|one| one["name"].as_str()) {
            if !request.headers().contains_key(name) {
                wrong.push(format!("lacks the header {name}"));
            }
        }
        let old = declared.iter().find(|one| one["in"] == "body").map(|one| &one["schema"]);
        let new = operation["requestBody"]["content"].get("application/json").map(|one| &one["schema"]);
        match old.or(new).map(|schema| self.resolved(schema)) {
            None if request.body().is_empty() => {}
            None => wrong.push("has a body".to_owned()),
            Some(schema) => wrong.extend(self.told(schema, request.body())),
        }
        wrong
    }

    /// Of the query.
    fn asked(&self, declared: &[&Value], request: &Request<Vec<u8>>) -> Vec<String> {
        let mut wrong = Vec::new();
        let query = request.uri().query().unwrap_or_default();
        let sent: Vec<(&str, &str)> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let known: Vec<&&Value> = declared.iter().filter(|one| one["in"] == "query").collect();
        for (name, value) in &sent {
            let Some(one) = known.iter().find(|one| one["name"] == *name) else {
                wrong.push(format!("asks {name}, which is not there"));
                continue;
            };
            let schema = self.resolved(one.get("schema").unwrap_or(one));
            if schema["enum"].as_array().is_some_and(|all| !all.iter().any(|one| as_asked(one) == *value)) {
                wrong.push(format!("{name} cannot be {value}"));
            }
        }
        for one in known.iter().filter(|one| one["required"] == true) {
            if !sent.iter().any(|(name, _)| one["name"] == *name) {
                wrong.push(format!("lacks {}", one["name"]));
            }
        }
        wrong
    }

    /// Of the body: what does not fit, and what the schema does not name, which carriers ignore without an error.
    fn told(&self, schema: &Value, body: &[u8]) -> Vec<String> {
        let Ok(body) = serde_json::from_slice::<Value>(body) else { return vec!["has no body".to_owned()] };
        let mut whole = self.all.clone();
        whole["allOf"] = json!([schema]);
        let validator = jsonschema::validator_for(&whole).unwrap();
        let mut wrong: Vec<String> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
        let (mut named, mut sent) = (BTreeSet::new(), BTreeSet::new());
        self.names(schema, String::new(), &mut named, 0);
        pointers(&body, String::new(), &mut sent);
        wrong.extend(sent.difference(&named).map(|one| format!("tells {one}, which is not there")));
        wrong
    }

    fn names(&self, schema: &Value, at: String, all: &mut BTreeSet<String>, depth: usize) {
        let schema = self.resolved(schema);
        all.insert(at.clone());
        // Deeper than any body of ours; some schemas hold themselves.
        if depth > 12 {
            return;
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.names(part, at.clone(), all, depth + 1);
        }
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            self.names(inner, format!("{at}/{name}"), all, depth + 1);
        }
        if !schema["items"].is_null() {
            self.names(&schema["items"], format!("{at}/*"), all, depth + 1);
        }
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (a, b): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    a.len() == b.len() && a.iter().zip(&b).all(|(t, p)| t == p || (t.starts_with('{') && !p.is_empty()))
}

fn pointers(value: &Value, at: String, all: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(k, v)| pointers(v, format!("{at}/{k}"), all)),
        Value::Array(list) => list.iter().for_each(|v| pointers(v, format!("{at}/*"), all)),
        _ => drop(all.insert(at)),
    }
}
