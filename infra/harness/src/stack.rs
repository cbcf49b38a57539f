//! A running stack: where it is, and the few AWS calls the harness makes that no function makes.

use crate::signed::{Call, Signed};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use waybill_store::keyring::Kms;
use waybill_store::{Db, Tables};

/// Anything that can go wrong while driving a stack, said in one sentence.
pub type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// What `cargo xtask up` wrote about a stack (infra/local/README.md).
#[derive(Debug, Clone, Deserialize)]
pub struct Stack {
    /// Its name.
    pub name: String,
    /// Its name in CloudFormation, and the beginning of every physical name.
    pub stack: String,
    /// Where all of AWS answers.
    pub endpoint: String,
    /// Its region.
    pub region: String,
    /// The administrator's key: it stands for nobody in the product.
    pub access_key_id: String,
    /// The administrator's secret.
    pub secret_access_key: String,
    /// Base of the HTTP API.
    pub api_url: String,
    /// Base of the sandbox.
    pub sandbox_url: String,
    /// The outputs of the template.
    pub outputs: BTreeMap<String, String>,
}

impl Stack {
    /// Reads a state file.
    ///
    /// # Errors
    /// When there is none or it is not one.
    pub fn read(file: &std::path::Path) -> Result<Self, Trouble> {
        let text = std::fs::read(file)
            .map_err(|e| format!("{}: {e}. Start a stack with `cargo xtask up`.", file.display()))?;
        Ok(serde_json::from_slice(&text)?)
    }

    /// An output of the template.
    ///
    /// # Errors
    /// When the template has none by that name.
    pub fn output(&self, name: &str) -> Result<&str, Trouble> {
        self.outputs
            .get(name)
            .map(String::as_str)
            .ok_or_else(|| format!("the template has no output {name}").into())
    }

    fn credentials(&self) -> Credentials {
        Credentials::new(&self.access_key_id, &self.secret_access_key, None, None, "stack")
    }

    /// The access keys of a function's sessions: the local AWS derives them from what was called, which is the version
    /// (the first on a new stack) or its alias, and the role (infra/local/README.md, Who is who).
    pub fn session_keys(&self, function: &str) -> [String; 2] {
        let (name, region) = (format!("waybill-{}-{function}", self.name), &self.region);
        ["1", "live"].map(|called| {
            let session = format!(
                "arn:aws:lambda:{region}:000000000000:function:{name}:{called}:arn:aws:iam::000000000000:role/{name}"
            );
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, session.as_bytes());
            format!("ASIA{}", &hex::encode_upper(digest)[..16])
        })
    }

    /// SDK configuration of the administrator.
    pub fn sdk(&self) -> SdkConfig {
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .endpoint_url(&self.endpoint)
            .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(
                self.credentials(),
            ))
            .build()
    }

    /// The tables, as the administrator.
    ///
    /// # Errors
    /// When the template lacks one.
    pub fn db(&self) -> Result<Db, Trouble> {
        let name = |n: &str| self.output(n).map(str::to_owned);
        Ok(Db {
            client: aws_sdk_dynamodb::Client::new(&self.sdk()),
            tables: Tables {
                orders: name("TableOrders")?,
                keys: name("TableKeys")?,
                stock: name("TableStock")?,
                registry: name("TableRegistry")?,
                audit: name("TableAudit")?,
            },
        })
    }

    /// The KMS keys, as the administrator.
    ///
    /// # Errors
    /// When the template lacks one.
    pub fn kms(&self) -> Result<Kms, Trouble> {
        Ok(Kms {
            client: aws_sdk_kms::Client::new(&self.sdk()),
            recipients: self.output("KeyRecipients")?.to_owned(),
            credentials: self.output("KeyCredentials")?.to_owned(),
        })
    }

    /// Runs a function with an event, by the alias that everything calls, and gives its answer.
    ///
    /// # Errors
    /// When it cannot be invoked or fails.
    pub async fn invoke(&self, output: &str, event: &Value) -> Result<Value, Trouble> {
        let path = format!("/2015-03-31/functions/{}/invocations?Qualifier=live", self.output(output)?);
        let reply = self.call("lambda", &path, &[], event).await?;
        if reply.get("errorMessage").is_some() {
            return Err(format!("{output} failed: {reply}").into());
        }
        Ok(reply)
    }

    /// Runs a scheduled function as if it were `at`.
    ///
    /// # Errors
    /// As [`Stack::invoke`].
    pub async fn run_at(&self, output: &str, at: jiff::Timestamp) -> Result<Value, Trouble> {
        let time = waybill_domain::time::sortable(at);
        let event = json!({"version": "0", "id": "harness", "source": "aws.scheduler", "detail-type": "Scheduled Event",
            "account": "000000000000", "region": self.region, "resources": [], "detail": "{}", "time": time});
        self.invoke(output, &event).await
    }

    /// One call of a service that speaks JSON 1.1, such as `CloudTrail_20131101.LookupEvents`.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn json(&self, service: &str, target: &str, body: &Value) -> Result<Value, Trouble> {
        let headers = [("x-amz-target", target), ("content-type", "application/x-amz-json-1.1")];
        self.call(service, "/", &headers, body).await
    }

    async fn call(
        &self,
        service: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Result<Value, Trouble> {
        let body = serde_json::to_vec(body)?;
        let call = Call { method: "POST", service, path, headers, body: &body };
        let answer = Signed::new(self).send(call).await?;
        if answer.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(&answer)?) }
    }

    /// One call of the sandbox's control door.
    ///
    /// # Errors
    /// When the sandbox refuses.
    pub async fn control(&self, method: &str, path: &str, body: &Value) -> Result<Value, Trouble> {
        let method = reqwest::Method::from_bytes(method.as_bytes())?;
        let url = format!("{}/control/{path}", self.sandbox_url);
        let request = reqwest::Client::new().request(method, url);
        let request = if body.is_null() { request } else { request.json(body) };
        let reply = request.send().await?;
        let status = reply.status();
        let answer: Value = reply.json().await?;
        if status.is_success() {
            Ok(answer)
        } else {
            Err(format!("the sandbox refused {path}: {answer}").into())
        }
    }
}
