//! The door: one request in, one answer out.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State as Shared;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::faults::FaultKind;
use crate::meters::Captured;
use crate::state::State;
use crate::{
    Sandbox, amazon, control, dpd, ebay, magento, pro_shipping, receiver, royal_mail, shopify, woocommerce,
};

/// Set on an answer that must not reach the caller: the work was done, the reply is lost. Its value is how many
/// seconds to keep the caller waiting.
pub const LOST_REPLY_HEADER: &str = "x-sandbox-lost-reply";
/// Set on an answer that is late; its value is the delay in milliseconds.
pub const SLOW_HEADER: &str = "x-sandbox-slow-ms";

/// One request, fully read.
#[derive(Debug, Clone)]
pub struct Call {
    /// HTTP method.
    pub method: Method,
    /// Path as sent, still percent-encoded.
    pub path: String,
    /// Query as sent, without the question mark.
    pub query: String,
    /// Headers.
    pub headers: HeaderMap,
    /// Body bytes.
    pub body: Bytes,
}

impl Call {
    /// A request without headers and body.
    pub fn new(method: Method, path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        Self {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// Adds a header; one that HTTP does not allow is left out.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Sets a JSON body.
    pub fn json(mut self, body: &Value) -> Self {
        self.body = Bytes::from(body.to_string());
        self.header("content-type", "application/json")
    }

    /// The value of a header as text.
    pub fn header_text(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A query parameter, decoded.
    pub fn param(&self, name: &str) -> Option<String> {
        self.query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key == name).then(|| percent_decode(&value.replace('+', " ")))
        })
    }
}

/// One answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// Body bytes.
    pub body: Vec<u8>,
}

impl Reply {
    /// A status without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// JSON.
    pub fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type", "application/json; charset=utf-8".to_owned())],
            body: body.to_string().into_bytes(),
        }
    }

    /// A PDF document.
    pub fn pdf(body: Vec<u8>) -> Self {
        Self { status: 200, headers: vec![("content-type", "application/pdf".to_owned())], body }
    }

    /// Adds a header.
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// True when the caller must not see this answer.
    pub fn is_lost(&self) -> bool {
        self.headers.iter().any(|(name, _)| *name == LOST_REPLY_HEADER)
    }

    /// The body as JSON; null when it is none.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

pub(crate) fn router(sandbox: Sandbox) -> Router {
    Router::new().fallback(handle).with_state(sandbox)
}

async fn handle(Shared(sandbox): Shared<Sandbox>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return Reply::json(400, &json!({"error": "the request body broke off; send it again"}))
            .into_response();
    };
    let call = Call {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body: body.to_bytes(),
    };
    sandbox.answer(&call).into_response()
}

/// Routes by the first path segment, applies the faults that any endpoint can have, counts and captures.
pub(crate) fn answer(state: &mut State, call: &Call) -> Reply {
    let segments: Vec<&str> = call.path.split('/').filter(|part| !part.is_empty()).collect();
    let (endpoint, work): (String, Work<'_>) = match segments.as_slice() {
        ["control", rest @ ..] => return control::answer(state, call, rest),
        ["shopify", shop, rest @ ..] => {
            let asked = shopify::read(state, shop, rest, call);
            (asked.endpoint(), Work::Shopify(asked))
        }
        ["royal-mail", "api", "v1", rest @ ..] => {
            (royal_mail::endpoint(call, rest), Work::ClickAndDrop(rest))
        }
        ["royal-mail-tracking", "mailpieces", "v2", rest @ ..] => {
            (royal_mail::tracking::endpoint(rest), Work::Tracking(rest))
        }
        ["woocommerce", rest @ ..] => {
            (woocommerce::endpoint(call, rest), Work::Plain(woocommerce::answer, rest))
        }
        ["magento", rest @ ..] => (magento::endpoint(call, rest), Work::Plain(magento::answer, rest)),
        ["amazon", rest @ ..] => (amazon::endpoint(call, rest), Work::Plain(amazon::answer, rest)),
        ["ebay", rest @ ..] => (ebay::endpoint(call, rest), Work::Plain(ebay::answer, rest)),
        ["pro-shipping", rest @ ..] => {
            (pro_shipping::endpoint(call, rest), Work::Plain(pro_shipping::answer, rest))
        }
        ["receiver", rest @ ..] => (receiver::endpoint(call, rest), Work::Plain(receiver::answer, rest)),
        ["dpd", rest @ ..] => (dpd::endpoint(call, rest), Work::Plain(dpd::answer, rest)),
        _ => ("unknown".to_owned(), Work::Nothing),
    };
    let fault = state.take_fault(&endpoint, is_for_any_endpoint);
    let reply = match (&fault, work) {
        (Some(FaultKind::TooManyRequests { .. }), Work::Shopify(asked)) => shopify::throttled(state, &asked),
        (Some(FaultKind::TooManyRequests { retry_after }), _) => too_many(*retry_after),
        (Some(FaultKind::ServerError), _) => server_error(),
        (_, Work::Shopify(asked)) => shopify::answer(state, asked),
        (_, Work::ClickAndDrop(rest)) => royal_mail::answer(state, call, rest),
        (_, Work::Tracking(rest)) => royal_mail::tracking::answer(state, call, rest),
        (_, Work::Plain(answer, rest)) => answer(state, call, rest),
        (_, Work::Nothing) => {
            Reply::json(404, &json!({"error": "the sandbox plays nothing at this address"}))
        }
    };
    let reply = match fault {
        Some(FaultKind::ErrorAfterWork) => server_error(),
        Some(FaultKind::LoseReply { hold_seconds }) => {
            Reply::empty(504).with(LOST_REPLY_HEADER, hold_seconds)
        }
        Some(FaultKind::Slow { milliseconds }) => reply.with(SLOW_HEADER, milliseconds),
        _ => reply,
    };
    state.meters.count(capture(state.clock.now(), endpoint, call, reply.status), reply.is_lost());
    reply
}

enum Work<'a> {
    Shopify(shopify::Asked),
    ClickAndDrop(&'a [&'a str]),
    Tracking(&'a [&'a str]),
    Plain(fn(&mut State, &Call, &[&str]) -> Reply, &'a [&'a str]),
    Nothing,
}

fn is_for_any_endpoint(kind: &FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::TooManyRequests { .. }
            | FaultKind::ServerError
            | FaultKind::ErrorAfterWork
            | FaultKind::LoseReply { .. }
            | FaultKind::Slow { .. }
    )
}

fn too_many(retry_after: Option<u32>) -> Reply {
    let reply = Reply::empty(429);
    match retry_after {
        Some(seconds) => reply.with("retry-after", seconds),
        None => reply,
    }
}

fn server_error() -> Reply {
    Reply::json(
        500,
        &json!({"code": "InternalServerError", "message": "Internal server error", "details": ""}),
    )
}

fn capture(at: jiff::Timestamp, endpoint: String, call: &Call, status: u16) -> Captured {
    let headers: BTreeMap<String, String> = call
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let url = if call.query.is_empty() { call.path.clone() } else { format!("{}?{}", call.path, call.query) };
    let body = String::from_utf8_lossy(&call.body).into_owned();
    Captured { endpoint, at, method: call.method.to_string(), url, headers, body, status }
}

/// Decodes `%41`; leaves what is not an escape as it is.
pub(crate) fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match (bytes[at], escape.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
