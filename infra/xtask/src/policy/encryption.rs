//! Everything that keeps data names a key of ours (CONTROLS B2).

use serde_json::Value;

use super::Finding;
use super::template::{Resource, Template, target};

const RULE: &str = "encryption";

/// Where each kind of store names its key.
const STORES: &[(&str, &str)] = &[
    ("AWS::DynamoDB::Table", "/SSESpecification/KMSMasterKeyId"),
    ("AWS::SQS::Queue", "/KmsMasterKeyId"),
    (
        "AWS::S3::Bucket",
        "/BucketEncryption/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault/KMSMasterKeyID",
    ),
    ("AWS::Logs::LogGroup", "/KmsKeyId"),
    ("AWS::Events::EventBus", "/KmsKeyIdentifier"),
];

/// Kinds that keep no content, or none that this rule is about; a kind on neither list must be classified before it may be used.
const NO_CONTENT: &[&str] = &[
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Authorizer",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::Stage",
    // Staff accounts, encrypted by Cognito; no customer is in it.
    "AWS::Cognito::UserPool",
    "AWS::Cognito::UserPoolClient",
    "AWS::Cognito::UserPoolDomain",
    "AWS::Cognito::UserPoolGroup",
    "AWS::Cognito::UserPoolResourceServer",
    "AWS::CloudWatch::Alarm",
    // Names of metrics, which hold no id (runtime/metrics.rs).
    "AWS::CloudWatch::Dashboard",
    "AWS::Events::Rule",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::Lambda::Permission",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::Scheduler::Schedule",
    "AWS::Serverless::Function",
];

pub fn check(template: &Template) -> Vec<Finding> {
    let mut found = Vec::new();
    for resource in template.resources() {
        match STORES.iter().find(|(kind, _)| *kind == resource.kind) {
            Some((_, property)) if !is_ours(template, resource.property(property)) => {
                found.push(Finding::new(
                    RULE,
                    resource.id,
                    format!("names no key of ours in {}.", property.replace('/', " ").trim()),
                ));
            }
            None if !NO_CONTENT.contains(&resource.kind) => {
                found.push(Finding::new(RULE, resource.id, format!("{} is not classified. Say in infra/xtask/src/policy/encryption.rs where it names its key, or that it keeps nothing.", resource.kind)));
            }
            _ => {}
        }
    }
    let everywhere = template.part("/Globals/Function/KmsKeyArn");
    for (_, function) in template.functions() {
        let own = function.property("/KmsKeyArn");
        if !is_ours(template, if own.is_null() { everywhere } else { own }) {
            found.push(Finding::new(
                RULE,
                function.id,
                "keeps its settings under no key of ours (KmsKeyArn).",
            ));
        }
        found.extend(secret_settings(function));
    }
    found
}

/// Secrets lie sealed in the registry, never in a function's settings (CONTROLS B6), and nothing may widen what the SDK logs (D6).
fn secret_settings(function: Resource) -> Vec<Finding> {
    let names =
        function.property("/Environment/Variables").as_object().into_iter().flatten().map(|(name, _)| name);
    let banned =
        ["SECRET", "PASSWORD", "TOKEN", "API_KEY", "LOG_SENSITIVE_BODIES", "LOG_SIGNABLE_BODY", "RUST_LOG"];
    names
        .filter(|name| banned.iter().any(|word| name.contains(word)))
        .map(|name| {
            Finding::new(
                RULE,
                function.id,
                format!("setting {name} looks like a secret, or widens what is logged."),
            )
        })
        .collect()
}

fn is_ours(template: &Template, value: &Value) -> bool {
    target(value).and_then(|id| template.resource(id)).is_some_and(|key| key.kind == "AWS::KMS::Key")
}
