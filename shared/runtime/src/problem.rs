//! Errors of the HTTP side: problem+json with a stable code (RFC 9457), and never a word of the input.

use http::{Response, StatusCode, header};

/// An error answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// Stable, part of the API.
    pub code: &'static str,
    /// What is wrong and what to do, for people.
    pub title: &'static str,
}

impl Problem {
    /// A problem.
    pub const fn new(status: StatusCode, code: &'static str, title: &'static str) -> Self {
        Self { status, code, title }
    }

    /// Something failed on our side; the caller may try again.
    pub const UNAVAILABLE: Self =
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Something failed on our side; try again.");

    /// The answer. It carries the problem itself along, for whoever says it in another form than a document.
    pub fn response<B: From<String> + Default>(self) -> Response<B> {
        let body = serde_json::json!({
            "type": "about:blank", "status": self.status.as_u16(), "code": self.code, "title": self.title,
        });
        let mut response = Response::new(B::from(body.to_string()));
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self);
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/problem+json"));
        response
    }
}
