//! Specifications that are written as YAML.

use serde_json::{Value, json};
use yaml_rust2::scanner::ScanError;
use yaml_rust2::{Yaml, YamlLoader};

/// A text's first document as JSON.
pub fn read(text: &str) -> Result<Value, ScanError> {
    Ok(YamlLoader::load_from_str(text)?.first().map_or(Value::Null, json_of))
}

fn json_of(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Hash(map) => {
            let pairs = map.iter().map(|(name, value)| (name_of(name), json_of(value)));
            Value::Object(pairs.collect())
        }
        Yaml::Array(list) => list.iter().map(json_of).collect(),
        Yaml::String(text) => json!(text),
        Yaml::Integer(number) => json!(number),
        Yaml::Boolean(yes) => json!(yes),
        other => other.as_f64().map_or(Value::Null, |number| json!(number)),
    }
}

/// Statuses of answers are written as numbers.
fn name_of(yaml: &Yaml) -> String {
    match yaml {
        Yaml::String(text) => text.clone(),
        Yaml::Integer(number) => number.to_string(),
        _ => String::new(),
    }
}
