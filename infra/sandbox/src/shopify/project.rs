//! Cuts the answer down to what was asked for, and estimates what a query costs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::graphql::Selection;

const CONNECTION: &str = "__connection";

/// A list that is read in pages: `first`, `after`, and `nodes`, `edges`, `pageInfo` in the answer.
pub fn connection(nodes: Vec<Value>) -> Value {
    json!({ CONNECTION: nodes })
}

/// A GraphQL error as it stands in `errors`.
pub fn error(message: &str, code: &str, path: &[String]) -> Value {
    json!({"message": message, "path": path, "extensions": {"code": code}})
}

/// Picks `fields` from `value`. What does not exist goes to `errors`, as Shopify does.
pub fn project(
    value: &Value,
    fields: &[Selection],
    path: &mut Vec<String>,
    errors: &mut Vec<Value>,
) -> Value {
    match value {
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| project(item, fields, path, errors)).collect())
        }
        Value::Object(object) => {
            let mut out = Map::new();
            for field in fields {
                path.push(field.alias.clone());
                let picked = pick(object, field, path, errors);
                path.pop();
                out.insert(field.alias.clone(), picked);
            }
            Value::Object(out)
        }
        other => other.clone(),
    }
}

fn pick(
    object: &Map<String, Value>,
    field: &Selection,
    path: &mut Vec<String>,
    errors: &mut Vec<Value>,
) -> Value {
    match object.get(&field.name) {
        Some(value) => field_of(value, field, path, errors),
        None if field.name == "__typename" => Value::Null,
        None => {
            let message = format!("Field '{}' doesn't exist here", field.name);
            errors.push(error(&message, "undefinedField", path));
            Value::Null
        }
    }
}

/// Shows `value` as the answer to `field`: one page of a connection, and only the fields that were asked for.
pub fn field_of(value: &Value, field: &Selection, path: &mut Vec<String>, errors: &mut Vec<Value>) -> Value {
    let page;
    let value = match value.get(CONNECTION) {
        Some(nodes) => match slice(nodes, &field.args) {
            Ok(sliced) => {
                page = sliced;
                &page
            }
            Err(message) => {
                errors.push(error(message, "BAD_REQUEST", path));
                return Value::Null;
            }
        },
        None => value,
    };
    let composite = value.is_object() || value.get(0).is_some_and(Value::is_object);
    if composite && field.fields.is_empty() {
        let message = format!("Field must have selections (field '{}' returns an object)", field.name);
        errors.push(error(&message, "selectionMismatch", path));
        return Value::Null;
    }
    if field.fields.is_empty() { value.clone() } else { project(value, &field.fields, path, errors) }
}

fn slice(nodes: &Value, args: &Map<String, Value>) -> Result<Value, &'static str> {
    let nodes = nodes.as_array().map(Vec::as_slice).unwrap_or_default();
    let Some(first) = args.get("first").and_then(Value::as_u64) else {
        return Err("you must provide one of first or last");
    };
    if first > 250 {
        return Err("first must be at most 250");
    }
    let start = match args.get("after").and_then(Value::as_str) {
        Some(cursor) => cursor_position(cursor).ok_or("invalid cursor")? + 1,
        None => 0,
    };
    let end = nodes.len().min(start + usize::try_from(first).unwrap_or(250));
    let shown = nodes.get(start..end).unwrap_or_default();
    let edges: Vec<Value> = shown
        .iter()
        .enumerate()
        .map(|(index, node)| json!({"cursor": STANDARD.encode((start + index).to_string()), "node": node}))
        .collect();
    Ok(page(edges, start > 0, end < nodes.len()))
}

/// A page made of `edges` of `cursor` and `node`.
pub fn page(edges: Vec<Value>, before: bool, more: bool) -> Value {
    let cursor = |edge: Option<&Value>| edge.and_then(|edge| edge.get("cursor")).cloned();
    let info = json!({
        "hasNextPage": more,
        "hasPreviousPage": before,
        "startCursor": cursor(edges.first()),
        "endCursor": cursor(edges.last()),
    });
    let nodes: Vec<Value> = edges.iter().filter_map(|edge| edge.get("node")).cloned().collect();
    json!({"nodes": nodes, "edges": edges, "pageInfo": info})
}

fn cursor_position(cursor: &str) -> Option<usize> {
    String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?.parse().ok()
}

/// Points a selection costs: one per object, two and `first` times its contents per connection, ten per
/// mutation, at most 1,000. Shopify's own rule differs in detail and changes; this keeps its shape.
pub fn cost(fields: &[Selection], mutation: bool) -> u32 {
    let points: u64 = fields.iter().map(|field| points(field, mutation)).sum();
    u32::try_from(points.min(1_000)).unwrap_or(1_000)
}

fn points(field: &Selection, mutation: bool) -> u64 {
    if field.fields.is_empty() {
        return 0;
    }
    let inner: u64 = field.fields.iter().map(|field| points(field, false)).sum();
    match field.args.get("first").and_then(Value::as_u64) {
        Some(first) => 2 + first.saturating_mul(inner.max(1)),
        None if mutation => 10 + inner,
        None if matches!(field.name.as_str(), "nodes" | "edges" | "node" | "pageInfo") => inner,
        None => 1 + inner,
    }
}
