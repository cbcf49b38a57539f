//! The three shapes in which Click & Drop and the Tracking API say what is wrong: one object, a list, or a list
//! inside an object. Only the code is kept.

use crate::error::{code, http_code};
use http::StatusCode;
use serde_json::Value;

/// The first code an error body names; its status when it names none.
pub(super) fn first_code(status: StatusCode, body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    listed(&body).unwrap_or_else(|| http_code(status))
}

/// The first code an error list names; `None` when the body is no error list.
pub(super) fn listed(body: &Value) -> Option<String> {
    let first = match body {
        Value::Array(list) => list.first()?,
        Value::Object(object) => match object.get("errors").or_else(|| object.get("labelErrors")) {
            Some(Value::Array(list)) => list.first()?,
            _ => body,
        },
        _ => return None,
    };
    let named = ["code", "errorCode"].into_iter().find_map(|name| first.get(name))?;
    match named {
        Value::String(text) => code(text),
        Value::Number(number) => code(&number.to_string()),
        _ => None,
    }
}
