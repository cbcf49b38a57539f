//! A schema of a specification as a document of its own: only what it refers to, and closed, so that a field nobody
//! named is wrong.

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// No schema of ours lies in more parts of parts than this; one that does holds itself.
const DEPTH: usize = 16;

/// Compiles a schema of `all`. Swagger 2 and OpenAPI 3.0 speak a JSON Schema of draft 4's time.
pub fn compile(all: &Value, schema: &Value) -> Result<Validator, String> {
    let mut closing = Closing { all, places: BTreeMap::new(), taken: Vec::new() };
    let root = closing.close(schema, false, 0);
    let definitions: Map<String, Value> =
        closing.taken.into_iter().enumerate().map(|(n, one)| (n.to_string(), one)).collect();
    jsonschema::options()
        .with_draft(Draft::Draft4)
        .should_validate_formats(true)
        .build(&json!({"allOf": [root], "definitions": definitions}))
        .map_err(|error| format!("the specification's own schema is not one: {error}"))
}

/// Everything that is wrong with a value, at `place`: where and which rule, without the value.
pub fn wrongs(validator: &Validator, value: &Value, place: &str) -> Vec<String> {
    validator
        .iter_errors(value)
        .map(|error| format!("{place}{}: {}", error.instance_path(), error.masked()))
        .collect()
}

/// What a reference names.
pub fn resolved<'a>(all: &'a Value, one: &'a Value) -> &'a Value {
    let mut one = one;
    for _ in 0..DEPTH {
        let Some(named) = one["$ref"].as_str().and_then(|name| all.pointer(name.strip_prefix('#')?)) else {
            break;
        };
        one = named;
    }
    one
}

struct Closing<'a> {
    all: &'a Value,
    /// Where each reference went in `taken`.
    places: BTreeMap<String, usize>,
    taken: Vec<Value>,
}

impl Closing<'_> {
    /// A copy of a schema that refers to `taken` alone. Left `open`, its own level takes any field: a part of a whole
    /// does not know the fields of the other parts.
    fn close(&mut self, schema: &Value, open: bool, depth: usize) -> Value {
        let Some(map) = schema.as_object() else { return schema.clone() };
        if let Some(name) = map.get("$ref").and_then(Value::as_str) {
            if open && depth < DEPTH {
                return self.close(resolved(self.all, schema), true, depth + 1);
            }
            return self.refer(name);
        }
        let mut out = Map::new();
        for (key, value) in map {
            let kept = match (key.as_str(), value) {
                ("properties", Value::Object(inner)) => inner
                    .iter()
                    .map(|(name, one)| (name.clone(), self.close(one, false, depth)))
                    .collect::<Map<_, _>>()
                    .into(),
                ("items" | "additionalProperties" | "not", Value::Object(_)) => {
                    self.close(value, false, depth)
                }
                ("allOf", Value::Array(parts)) => {
                    parts.iter().map(|one| self.close(one, true, depth + 1)).collect()
                }
                ("oneOf" | "anyOf", Value::Array(parts)) => {
                    parts.iter().map(|one| self.close(one, open, depth)).collect()
                }
                // `required: true` on a property is a habit of some files and no rule of a schema.
                ("required", Value::Array(_)) => value.clone(),
                (
                    "type"
                    | "enum"
                    | "format"
                    | "pattern"
                    | "additionalProperties"
                    | "minimum"
                    | "maximum"
                    | "exclusiveMinimum"
                    | "exclusiveMaximum"
                    | "multipleOf"
                    | "minLength"
                    | "maxLength"
                    | "minItems"
                    | "maxItems"
                    | "uniqueItems"
                    | "minProperties"
                    | "maxProperties",
                    _,
                ) => value.clone(),
                _ => continue,
            };
            out.insert(key.clone(), kept);
        }
        if map.get("nullable") == Some(&json!(true))
            && let Some(kind) = out.get("type").cloned()
        {
            out.insert("type".into(), json!([kind, "null"]));
        }
        if !open {
            shut(&mut out);
        }
        Value::Object(out)
    }

    fn refer(&mut self, name: &str) -> Value {
        let place = match self.places.get(name) {
            Some(place) => *place,
            None => {
                let place = self.taken.len();
                self.places.insert(name.to_owned(), place);
                // Its place is taken before it is copied: it may refer to itself.
                self.taken.push(Value::Null);
                let named = name.strip_prefix('#').and_then(|pointer| self.all.pointer(pointer));
                // What is referred to and is not there fits nothing.
                let copy = named.map_or_else(|| json!({"not": {}}), |one| self.close(one, false, 0));
                if let Some(free) = self.taken.get_mut(place) {
                    *free = copy;
                }
                place
            }
        };
        json!({"$ref": format!("#/definitions/{place}")})
    }
}

/// Forbids the fields that neither the schema nor the parts it is made of name. A schema that names none, or says
/// itself that it takes more, takes any.
fn shut(schema: &mut Map<String, Value>) {
    let mut names = Vec::new();
    if !named(schema, &mut names) || names.is_empty() {
        return;
    }
    let properties = schema.entry("properties").or_insert_with(|| json!({}));
    if let Some(properties) = properties.as_object_mut() {
        for name in names {
            properties.entry(name).or_insert_with(|| json!({}));
        }
    }
    schema.insert("additionalProperties".into(), json!(false));
}

/// Collects the names; false when more are taken.
fn named(schema: &Map<String, Value>, names: &mut Vec<String>) -> bool {
    if schema.get("additionalProperties").is_some_and(|more| more != &json!(false))
        || schema.contains_key("oneOf")
        || schema.contains_key("anyOf")
    {
        return false;
    }
    names
        .extend(schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys).cloned());
    let parts = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
    parts.filter_map(Value::as_object).all(|part| named(part, names))
}
