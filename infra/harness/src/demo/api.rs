//! A member of staff at the API.

use crate::stack::{Stack, Trouble};
use crate::staff;
use serde_json::Value;

/// Somebody who is signed in.
pub(super) struct Person {
    http: reqwest::Client,
    api: String,
    token: String,
    sub: String,
}

impl Person {
    /// Signs one of the demo's staff in.
    pub(super) async fn sign_in(stack: &Stack, name: &str) -> Result<Self, Trouble> {
        let token = staff::sign_in(stack, name).await?;
        let sub = staff::sub(&token)?;
        Ok(Self { http: reqwest::Client::new(), api: stack.api_url.clone(), token, sub })
    }

    /// Who they are in the audit records.
    pub(super) fn sub(&self) -> &str {
        &self.sub
    }

    /// Reads something; whatever is not answered well is trouble.
    pub(super) async fn get(&self, path: &str) -> Result<Value, Trouble> {
        let reply = self.http.get(format!("{}{path}", self.api)).bearer_auth(&self.token).send().await?;
        read(path, reply).await
    }

    /// Asks for something to be done; whatever is not answered well is trouble.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, Trouble> {
        let request = self.http.post(format!("{}{path}", self.api)).bearer_auth(&self.token).json(body);
        read(path, request.send().await?).await
    }
}

async fn read(path: &str, reply: reqwest::Response) -> Result<Value, Trouble> {
    let (status, answer) = (reply.status(), reply.json::<Value>().await?);
    if status.is_success() {
        Ok(answer)
    } else {
        // A problem names what went wrong and nobody's data.
        Err(format!("{path} is answered {status}: {}", answer["code"]).into())
    }
}
