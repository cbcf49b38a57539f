//! An export as a page that people can read: one file, nothing fetched from anywhere.

use serde_json::Value;
use std::fmt::Write;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1c2530}\
section{border-top:1px solid #dfe3e8;margin-top:1.5rem}dt{font-weight:600}dd{margin:0 0 .5rem}";

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A name of ours as words.
fn words(name: &str) -> String {
    escape(&name.replace('_', " "))
}

fn value(out: &mut String, at: &Value) {
    // Writing to a string cannot fail.
    let _ = match at {
        Value::Null => write!(out, "none"),
        Value::String(text) => write!(out, "{}", escape(text)),
        Value::Array(items) if items.is_empty() => write!(out, "none"),
        Value::Array(items) => {
            out.push_str("<ul>");
            for item in items {
                out.push_str("<li>");
                value(out, item);
                out.push_str("</li>");
            }
            write!(out, "</ul>")
        }
        Value::Object(entries) => {
            out.push_str("<dl>");
            for (name, inner) in entries {
                let _ = write!(out, "<dt>{}</dt><dd>", words(name));
                value(out, inner);
                out.push_str("</dd>");
            }
            write!(out, "</dl>")
        }
        other => write!(out, "{other}"),
    };
}

/// The page.
pub(crate) fn page(export: &Value) -> String {
    let mut out = String::new();
    let text = |name: &str| escape(export[name].as_str().unwrap_or_default());
    let _ = write!(
        out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Your data</title><style>{STYLE}</style>\
         </head><body><h1>What {} holds about you</h1><p>Made {} for request {}.</p><p>{}</p><h2>What it is used for</h2>",
        text("by"),
        text("made_at"),
        text("request"),
        text("rights")
    );
    value(&mut out, &export["purposes"]);
    for order in export["orders"].as_array().into_iter().flatten() {
        let _ =
            write!(out, "<section><h2>Order {}</h2>", escape(order["order"].as_str().unwrap_or_default()));
        value(&mut out, order);
        out.push_str("</section>");
    }
    if export["next"].is_string() {
        let _ = write!(
            out,
            "<p>This is a part of what is held, which is {} orders in all. The next part follows.</p>",
            export["orders_in_all"]
        );
    }
    out.push_str("</body></html>\n");
    out
}
