//! Signed requests of the administrator to a running stack, for services and doors no function uses.

use crate::stack::{Stack, Trouble};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use serde_json::Value;
use std::time::SystemTime;

/// One client for many requests to one stack.
#[derive(Debug, Clone)]
pub struct Signed<'a> {
    stack: &'a Stack,
    client: reqwest::Client,
}

/// One request.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// HTTP method.
    pub method: &'a str,
    /// The service's name in a signature, such as `dynamodb`.
    pub service: &'a str,
    /// Path and query, from the slash on.
    pub path: &'a str,
    /// Headers to be signed.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
}

impl<'a> Signed<'a> {
    /// A client of `stack`.
    pub fn new(stack: &'a Stack) -> Self {
        Self { stack, client: reqwest::Client::new() }
    }

    /// Sends one request and gives the body of the answer.
    ///
    /// # Errors
    /// When the service refuses, with its answer.
    pub async fn send(&self, call: Call<'_>) -> Result<Vec<u8>, Trouble> {
        let Call { method, service, path, headers, body } = call;
        let url = format!("{}{path}", self.stack.endpoint);
        let keys = (&self.stack.access_key_id, &self.stack.secret_access_key);
        let identity = Credentials::new(keys.0, keys.1, None, None, "stack").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.stack.region)
            .name(service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let signable =
            SignableRequest::new(method, &url, headers.iter().copied(), SignableBody::Bytes(body))?;
        let (instructions, _) = sign(signable, &parameters)?.into_parts();
        let mut request = http::Request::builder().method(method).uri(&url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(body.to_vec())?;
        instructions.apply_to_request_http1x(&mut request);
        let reply = self.client.execute(reqwest::Request::try_from(request)?).await?;
        let status = reply.status();
        let bytes = reply.bytes().await?;
        if !status.is_success() {
            return Err(format!("{service} answered {status}: {}", String::from_utf8_lossy(&bytes)).into());
        }
        Ok(bytes.to_vec())
    }

    /// One call of a service that speaks JSON, such as `DynamoDB_20120810.Scan`.
    ///
    /// # Errors
    /// As [`Signed::send`].
    pub async fn json(&self, service: &str, target: &str, body: &Value) -> Result<Value, Trouble> {
        let headers = [("x-amz-target", target), ("content-type", "application/x-amz-json-1.1")];
        let body = serde_json::to_vec(body)?;
        let answer =
            self.send(Call { method: "POST", service, path: "/", headers: &headers, body: &body }).await?;
        read(&answer)
    }

    /// One call of a service that speaks REST with JSON and takes no body.
    ///
    /// # Errors
    /// As [`Signed::send`].
    pub async fn get(&self, service: &str, path: &str) -> Result<Value, Trouble> {
        read(&self.send(Call { method: "GET", service, path, headers: &[], body: &[] }).await?)
    }

    /// One call of a service that speaks the query protocol, such as IAM; gives its XML.
    ///
    /// # Errors
    /// As [`Signed::send`].
    pub async fn query(&self, service: &str, parameters: &[(&str, &str)]) -> Result<String, Trouble> {
        let pairs: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{name}={}", percent(value))).collect();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let body = pairs.join("&").into_bytes();
        let answer =
            self.send(Call { method: "POST", service, path: "/", headers: &headers, body: &body }).await?;
        Ok(String::from_utf8(answer)?)
    }
}

fn read(answer: &[u8]) -> Result<Value, Trouble> {
    if answer.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(answer)?) }
}

/// Everything but letters, digits and `-._~` as `%41`.
pub fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// The texts of every element of this name in an XML answer, entities written out.
pub fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = xml.split(&open).skip(1);
    parts.filter_map(|part| part.split_once(&close)).map(|(text, _)| entities(text)).collect()
}

fn entities(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_in_turn_and_written_out() {
        let xml = "<a><m><x>1</x></m><m><x>2 &lt;&amp;</x></m></a>";
        assert_eq!(elements(xml, "x"), ["1", "2 <&"]);
        assert_eq!(elements(xml, "m"), ["<x>1</x>", "<x>2 <&</x>"]);
        assert!(elements(xml, "y").is_empty());
    }

    #[test]
    fn a_form_value_is_escaped() {
        assert_eq!(percent("a b/ü"), "a%20b%2F%C3%BC");
    }
}
