//! The document as a page that people can read: one file, no script, nothing fetched from anywhere.

use serde_json::{Map, Value};
use std::fmt::Write;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2530;background:#fff}\
article{border-top:1px solid #dfe3e8;margin-top:1.5rem}h3 code{font-size:1rem}b.m{display:inline-block;min-width:4.5rem}\
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0;border-top:1px solid #eef1f4}\
pre{background:#f4f6f8;padding:.75rem;overflow:auto}a{color:#0b5394}nav a{margin-right:.8rem}\
@media(prefers-color-scheme:dark){body{background:#12171d;color:#e6eaee}pre{background:#1d242c}a{color:#8ab8e8}td,th,article{border-color:#2b343e}}";

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The page of a document that [`crate`] made.
pub fn reference(document: &Value) -> String {
    let mut out = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>Waybill API</title><style>{STYLE}</style></head><body><main><h1>Waybill \
         API</h1><p>{}</p><p>For programs: <a href=\"/v1/openapi.json\">/v1/openapi.json</a> (OpenAPI 3.1).</p>",
        text(&document["info"]["description"])
    );
    // Writing to a string cannot fail.
    let mut tags: Vec<&str> = Vec::new();
    let operations: Vec<(&String, &String, &Value)> = entries(&document["paths"])
        .flat_map(|(path, methods)| {
            entries(methods).map(move |(method, operation)| (path, method, operation))
        })
        .collect();
    for tag in operations.iter().filter_map(|(_, _, operation)| operation["tags"][0].as_str()) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    out.push_str("<nav aria-label=\"Parts\">");
    for tag in &tags {
        let _ = write!(out, "<a href=\"#{0}\">{0}</a> ", escape(tag));
    }
    out.push_str("<a href=\"#forms\">forms</a></nav>");
    for tag in &tags {
        let _ = write!(out, "<h2 id=\"{0}\">{0}</h2>", escape(tag));
        for (path, method, one) in operations.iter().filter(|(_, _, one)| one["tags"][0] == *tag) {
            operation(&mut out, document, path, method, one);
        }
    }
    out.push_str("<h2 id=\"forms\">Forms</h2>");
    for (name, schema) in entries(&document["components"]["schemas"]) {
        form(&mut out, name, schema);
    }
    out.push_str("</main></body></html>\n");
    out
}

fn operation(out: &mut String, document: &Value, path: &str, method: &str, one: &Value) {
    let id = text(&one["operationId"]);
    let _ = write!(
        out,
        "<article id=\"{id}\"><h3><b class=\"m\">{}</b> <code>{}</code></h3><p>{}</p>",
        method.to_uppercase(),
        escape(path),
        text(&one["summary"])
    );
    match one["x-roles"].as_array() {
        Some(roles) => {
            let roles: Vec<&str> = roles.iter().filter_map(Value::as_str).collect();
            let _ = write!(out, "<p>For: {}.</p>", roles.join(", "));
        }
        None => out.push_str("<p>For everyone, without signing in.</p>"),
    }
    let parameters = one["parameters"].as_array().into_iter().flatten();
    let parameters: Vec<&Value> = parameters.map(|one| resolved(document, one)).collect();
    if !parameters.is_empty() {
        out.push_str("<table><tr><th scope=\"col\">Name</th><th scope=\"col\">In</th><th scope=\"col\">Meaning</th></tr>");
        for one in parameters {
            let needed = if one["required"] == true { "" } else { " (may be left out)" };
            let _ = write!(
                out,
                "<tr><td><code>{}</code></td><td>{}{needed}</td><td>{}</td></tr>",
                text(&one["name"]),
                text(&one["in"]),
                text(&one["description"])
            );
        }
        out.push_str("</table>");
    }
    for (media, content) in entries(&one["requestBody"]["content"]) {
        let _ = write!(out, "<p>Takes {} {}</p>", escape(media), kind(&content["schema"]));
        match &content["example"] {
            Value::Null => {}
            Value::String(file) => drop(write!(out, "<pre>{}</pre>", escape(file))),
            other => drop(write!(out, "<pre>{}</pre>", escape(&format!("{other:#}")))),
        }
    }
    for (status, answer) in entries(&one["responses"]) {
        for (media, content) in entries(&resolved(document, answer)["content"]) {
            let _ =
                write!(out, "<p>{} gives {} {}</p>", escape(status), escape(media), kind(&content["schema"]));
        }
    }
    out.push_str("</article>");
}

/// What a reference leads to.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let to = value["$ref"].as_str().and_then(|text| text.strip_prefix('#'));
    to.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

/// A schema in a few words, with a link where it has a name.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|text| text.rsplit('/').next()) {
        return format!("<a href=\"#form-{0}\">{0}</a>", escape(name));
    }
    if let Some(any) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
        let words: Vec<String> = any.iter().map(kind).collect();
        return words.join(" or ");
    }
    if let Some(choices) = schema["enum"].as_array() {
        let words: Vec<&str> = choices.iter().filter_map(Value::as_str).collect();
        return escape(&words.join(", "));
    }
    if !schema["const"].is_null() {
        return escape(&schema["const"].to_string());
    }
    match &schema["type"] {
        Value::String(name) if name == "array" => format!("list of {}", kind(&schema["items"])),
        Value::String(name) => escape(schema["format"].as_str().unwrap_or(name)),
        Value::Array(names) => {
            let words: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            escape(&words.join(" or "))
        }
        _ => String::new(),
    }
}

fn form(out: &mut String, name: &str, schema: &Value) {
    let _ = write!(
        out,
        "<article id=\"form-{0}\"><h3>{0}</h3><p>{1}</p>",
        escape(name),
        text(&schema["description"])
    );
    match schema["oneOf"].as_array() {
        Some(choices) => {
            out.push_str("<ul>");
            for choice in choices {
                let _ = write!(out, "<li>{} {}", kind(choice), text(&choice["description"]));
                fields(out, choice);
                out.push_str("</li>");
            }
            out.push_str("</ul>");
        }
        None if schema["properties"].is_object() => fields(out, schema),
        None => drop(write!(out, "<p>{}</p>", kind(schema))),
    }
    out.push_str("</article>");
}

fn fields(out: &mut String, schema: &Value) {
    let none = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&none);
    if properties.is_empty() {
        return;
    }
    let needed =
        |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    out.push_str(
        "<table><tr><th scope=\"col\">Field</th><th scope=\"col\">Is</th><th scope=\"col\">Meaning</th></tr>",
    );
    for (name, one) in properties {
        let may = if needed(name) { "" } else { " (may be missing)" };
        let _ = write!(
            out,
            "<tr><td><code>{}</code>{may}</td><td>{}</td><td>{}</td></tr>",
            escape(name),
            kind(one),
            text(&one["description"])
        );
    }
    out.push_str("</table>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_of_a_document_becomes_markup() {
        let document = json!({
            "info": {"description": "<script>"},
            "paths": {"/v1/<b>": {"get": {"tags": ["<i>"], "summary": "<u>", "operationId": "x", "responses": {}}}},
            "components": {"schemas": {"A": {"description": "<em>", "type": "string"}}},
        });
        let page = reference(&document);
        for markup in ["<script>", "<b>", "<i>", "<u>", "<em>"] {
            assert!(!page.contains(markup), "{markup}");
        }
        assert!(page.contains("/v1/&lt;b&gt;"));
    }
}
