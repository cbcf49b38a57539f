//! Numbers about the template: how late an erasure can be, and how many places could keep a copy.

use std::fs;

use serde_json::Value;

use crate::failure::{Done, While};
use crate::policy::{self, Template};
use crate::{paths, yaml};

/// Kinds of resources that hold data of their own, as the canary's scanner sees them (CONTROLS section 4 point 3).
const SINKS: [&str; 8] = [
    "AWS::DynamoDB::Table",
    "AWS::SQS::Queue",
    "AWS::S3::Bucket",
    "AWS::Logs::LogGroup",
    "AWS::Serverless::Function",
    "AWS::Scheduler::Schedule",
    "AWS::KMS::Key",
    "AWS::Cognito::UserPool",
];

/// The template as JSON.
///
/// # Errors
/// When it cannot be read.
pub fn template() -> Done<Value> {
    yaml::read(&fs::read_to_string(paths::template()).or_say("template.yaml")?)
}

/// Places that could hold a copy: every such resource, every index of a table, and the names in every bucket.
pub fn sinks(template: &Value) -> usize {
    let template = Template::new(template);
    let each = template.resources().filter(|resource| SINKS.contains(&resource.kind)).map(|resource| {
        let indexes = ["/GlobalSecondaryIndexes", "/LocalSecondaryIndexes"];
        let indexes: usize =
            indexes.iter().filter_map(|list| resource.property(list).as_array()).map(Vec::len).sum();
        1 + indexes + usize::from(resource.kind == "AWS::S3::Bucket")
    });
    each.sum()
}

/// Days after shipping by which a recipient is gone in the worst case.
pub fn t_eff_days(template: &Value) -> Option<f64> {
    policy::worst_case_days(template).map(|days| (days * 100.0).round() / 100.0)
}
