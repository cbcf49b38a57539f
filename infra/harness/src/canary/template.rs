//! The resources of `template.yaml`: their types and properties, as far as the scan asks.

use crate::stack::Trouble;
use saphyr_parser::{Event, Parser};
use serde_json::{Map, Value};
use std::path::Path;

/// A resource of the template.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Its logical id.
    pub id: String,
    /// Its type, such as `AWS::SQS::Queue`.
    pub kind: String,
    /// It stands under a condition, so a stack may be without it.
    pub conditional: bool,
    /// Its properties; short tags are left out, only what they stand at is kept.
    pub properties: Value,
}

/// Reads the resources of a template file.
///
/// # Errors
/// When the file is not there, is not YAML or has no resources.
pub fn resources(file: &Path) -> Result<Vec<Resource>, Trouble> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let resources = parse(&text)?;
    if resources.is_empty() {
        return Err(format!("{}: no resources; give the path of template.yaml", file.display()).into());
    }
    Ok(resources)
}

fn parse(text: &str) -> Result<Vec<Resource>, Trouble> {
    let mut events = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| format!("the template is not YAML: {error}"))?;
        if !matches!(event, Event::Nothing | Event::StreamStart | Event::DocumentStart(_)) {
            events.push(event);
        }
    }
    let whole = node(&mut events.into_iter())?;
    let resources = whole["Resources"].as_object().into_iter().flatten();
    Ok(resources
        .map(|(id, resource)| Resource {
            id: id.clone(),
            kind: resource["Type"].as_str().unwrap_or_default().to_owned(),
            conditional: !resource["Condition"].is_null(),
            properties: resource["Properties"].clone(),
        })
        .collect())
}

fn node<'a>(events: &mut impl Iterator<Item = Event<'a>>) -> Result<Value, Trouble> {
    let first = events.next().ok_or("the template ends too early")?;
    node_from(first, events)
}

fn node_from<'a>(first: Event<'a>, events: &mut impl Iterator<Item = Event<'a>>) -> Result<Value, Trouble> {
    match first {
        Event::Scalar(text, ..) => Ok(Value::String(text.into_owned())),
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match events.next().ok_or("the template ends too early")? {
                    Event::SequenceEnd => return Ok(Value::Array(items)),
                    item => items.push(node_from(item, events)?),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut entries = Map::new();
            loop {
                match events.next().ok_or("the template ends too early")? {
                    Event::MappingEnd => return Ok(Value::Object(entries)),
                    Event::Scalar(key, ..) => {
                        entries.insert(key.into_owned(), node(events)?);
                    }
                    _ => return Err("a mapping of the template has a key that is not a word".into()),
                }
            }
        }
        _ => Err("the template has something that CloudFormation does not know".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_types_conditions_and_properties_are_read() {
        let text = "Resources:\n  A:\n    Type: AWS::SQS::Queue\n    Condition: IsDev\n  B:\n    Type: X::Y\n    Properties: { Name: !Sub \"${C}-x\" }\n";
        let found = parse(text).unwrap();
        assert_eq!(
            found.iter().map(|r| (r.id.as_str(), r.conditional)).collect::<Vec<_>>(),
            [("A", true), ("B", false)]
        );
        assert_eq!(found[1].properties["Name"], "${C}-x");
    }
}
