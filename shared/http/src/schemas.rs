//! The schemas of a document: what callers send and what they get are not the same form, since what may be left out
//! when sending is always there when getting.

use crate::route::Kind;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Where references point.
const HERE: &str = "#/components/schemas/";

/// Gathers schemas.
pub(crate) struct Schemas {
    sent: SchemaGenerator,
    got: SchemaGenerator,
}

impl Schemas {
    pub(crate) fn new() -> Self {
        let settings = |settings: SchemaSettings| {
            settings
                .with(|s| {
                    s.definitions_path = "/components/schemas".into();
                    s.meta_schema = None;
                })
                .into_generator()
        };
        Self {
            sent: settings(SchemaSettings::draft2020_12().for_deserialize()),
            got: settings(SchemaSettings::draft2020_12().for_serialize()),
        }
    }

    /// Of what is sent. References lead to names of what is got until [`Schemas::finish`].
    pub(crate) fn sent(&mut self, kind: Kind) -> Value {
        kind(&mut self.sent).to_value()
    }

    /// Of a query, whose fields become parameters one by one: the form itself stands nowhere.
    pub(crate) fn query(&mut self, kind: Kind) -> Value {
        let before: BTreeSet<String> = self.sent.definitions().keys().cloned().collect();
        let schema = self.sent(kind);
        let name =
            schema["$ref"].as_str().and_then(|text| text.strip_prefix(HERE)).unwrap_or_default().to_owned();
        let form = self.sent.definitions().get(&name).cloned().unwrap_or(schema);
        if !before.contains(&name) {
            self.sent.definitions_mut().remove(&name);
        }
        form
    }

    /// Of what is got.
    pub(crate) fn got(&mut self, kind: Kind) -> Value {
        kind(&mut self.got).to_value()
    }

    /// Every schema by name, and the names that what is sent must go by instead: those of a form of their own.
    pub(crate) fn finish(mut self) -> (Map<String, Value>, BTreeSet<String>) {
        let mut all = self.got.take_definitions(true);
        let sent = self.sent.take_definitions(true);
        let mut own: BTreeSet<String> = BTreeSet::new();
        // What names a schema with a form of its own has one too.
        loop {
            let differs = |name: &String, schema: &Value| {
                all.get(name).is_some_and(|got| got != schema) || refers(schema, &own)
            };
            let found: BTreeSet<String> = sent
                .iter()
                .filter(|(n, s)| all.contains_key(*n) && differs(n, s))
                .map(|(n, _)| n.clone())
                .collect();
            if found == own {
                break;
            }
            own = found;
        }
        for (name, mut schema) in sent {
            rename(&mut schema, &own);
            let name = if own.contains(&name) { renamed(&name) } else { name };
            all.entry(name).or_insert(schema);
        }
        (all, own)
    }
}

fn renamed(name: &str) -> String {
    format!("{name}Sent")
}

fn refers(schema: &Value, names: &BTreeSet<String>) -> bool {
    match schema {
        Value::Object(entries) => entries.iter().any(|(key, value)| match value {
            Value::String(text) if key == "$ref" => {
                text.strip_prefix(HERE).is_some_and(|name| names.contains(name))
            }
            other => refers(other, names),
        }),
        Value::Array(items) => items.iter().any(|item| refers(item, names)),
        _ => false,
    }
}

/// Lets what is sent refer to forms of its own.
pub(crate) fn rename(schema: &mut Value, own: &BTreeSet<String>) {
    match schema {
        Value::Object(entries) => {
            for (key, value) in entries.iter_mut() {
                match value {
                    Value::String(text) if key == "$ref" => {
                        if let Some(name) = text.strip_prefix(HERE).filter(|name| own.contains(*name)) {
                            *text = format!("{HERE}{}", renamed(name));
                        }
                    }
                    other => rename(other, own),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, own)),
        _ => {}
    }
}
