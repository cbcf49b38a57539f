//! `{Message, Errors: [{Message, Cause, ErrorCode}]}`: the field in `Cause` or the code is kept, never a text.

use crate::error::{CannotRead, code, http_code};
use http::StatusCode;
use serde_json::Value;

/// The first field or code an error body names; its status when it names none.
pub(super) fn first_code(status: StatusCode, body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let errors = || body["Errors"].as_array().into_iter().flatten();
    let named = |name: &'static str| errors().find_map(|e| e[name].as_str().and_then(code));
    named("Cause").or_else(|| named("ErrorCode")).unwrap_or_else(|| http_code(status))
}

/// True when an error has this code.
pub(super) fn has_code(body: &[u8], wanted: &str) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body["Errors"].as_array().into_iter().flatten().any(|e| e["ErrorCode"] == wanted)
}

/// The body of a good answer.
pub(super) fn good(status: StatusCode, body: &[u8]) -> Result<Value, CannotRead> {
    if !status.is_success() {
        return Err(CannotRead::Refused { code: first_code(status, body) });
    }
    serde_json::from_slice(body).map_err(|_| CannotRead::Reply)
}

/// A text that holds something.
pub(super) fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}
