//! How DPD says no: `error` is one object (logging in), a list (shipping) or null, also under HTTP 200. A field
//! is named `fieldPath` or `fieldName`. Only codes and field names are kept; the texts are looked at for the
//! two that change what must be done.

use crate::error::{CannotRead, code, http_code};
use http::StatusCode;
use serde_json::Value;

/// What DPD refuses.
pub(super) struct Refusal {
    /// The field it names, else its code.
    code: Option<String>,
    /// It refuses the token or the credentials.
    is_connection: bool,
    /// The service key is not on offer, any more or for this parcel.
    pub(super) is_stale_network: bool,
    /// Our reference has been booked before.
    pub(super) is_repeated: bool,
}

impl Refusal {
    /// The refusal in a body; `None` when it holds none.
    pub(super) fn of(body: &Value) -> Option<Self> {
        let listed = match body.get("error")? {
            Value::Array(list) => list.iter().filter(|e| e.is_object()).collect(),
            one @ Value::Object(_) => vec![one],
            Value::Null => return None,
            // Text or a flag: it says no without saying why.
            _ => Vec::new(),
        };
        if listed.is_empty() && body["error"].is_array() {
            return None;
        }
        let any = |is: fn(&Value) -> bool| listed.iter().any(|e| is(e));
        Some(Self {
            code: listed.iter().find_map(|e| field(e)).or_else(|| listed.iter().find_map(|e| number(e))),
            is_connection: any(|e| matches!(e["statusCode"].as_u64(), Some(401 | 403))),
            is_stale_network: any(|e| says(e, "failed to query network")),
            is_repeated: any(is_repeated),
        })
    }

    /// As an error; without a code of its own the status stands in.
    pub(super) fn into_error(self, status: StatusCode) -> CannotRead {
        let code = self.code.unwrap_or_else(|| http_code(status));
        if self.is_connection { CannotRead::Connection { code } } else { CannotRead::Refused { code } }
    }
}

/// Reads a JSON body that may hold a refusal under any status.
pub(super) fn unless_refused(status: StatusCode, body: &[u8]) -> Result<Value, CannotRead> {
    let reply: Option<Value> = serde_json::from_slice(body).ok();
    match reply.as_ref().and_then(Refusal::of) {
        Some(refusal) => Err(refusal.into_error(status)),
        None if !status.is_success() => Err(CannotRead::Refused { code: http_code(status) }),
        None => reply.ok_or(CannotRead::Reply),
    }
}

fn says(error: &Value, words: &str) -> bool {
    let text = error["message"].as_str().or_else(|| error["errorMessage"].as_str());
    text.is_some_and(|text| text.to_ascii_lowercase().contains(words))
}

/// The rule "shippingRef1 not unique" of accounts that turn it on (legacy 1030); its wording in v1 is
/// unverified, so that the field together with a word like it is enough.
fn is_repeated(error: &Value) -> bool {
    let at_reference = says(error, "shippingref1")
        || path(error).is_some_and(|p| p.to_ascii_lowercase().ends_with("shippingref1"));
    at_reference && ["unique", "already", "duplicate", "used before"].iter().any(|word| says(error, word))
}

fn path(error: &Value) -> Option<&str> {
    ["fieldPath", "fieldName", "obj"].iter().find_map(|name| error[*name].as_str()).filter(|p| !p.is_empty())
}

/// The end of the field's path, as much of it as fits a code: `deliveryDetails.contactDetails.telephone`.
fn field(error: &Value) -> Option<String> {
    let mut path = path(error)?;
    while path.len() > 64 {
        path = path.split_once('.')?.1;
    }
    code(path)
}

fn number(error: &Value) -> Option<String> {
    let named = ["code", "errorCode", "statusCode"].iter().find_map(|name| match &error[*name] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })?;
    code(&named).map(|named| format!("error_{named}")).filter(|c| c.len() <= 64)
}
