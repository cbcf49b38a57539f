//! Every action and resource by its name.

use serde_json::Value;

use super::template::{AMAZON, Statement, Template, list, statements};
use super::{Finding, matches_any};

const RULE: &str = "wildcards";

/// Resources that AWS lets nobody name exactly, each with the only actions that may use it.
const NEEDED: &[(&str, &[&str])] = &[
    // A label's name is made when it is stored.
    ("${LabelsBucket.Arn}/labels/*", &["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]),
    ("${LabelsBucket.Arn}/manifests/*", &["s3:GetObject", "s3:PutObject"]),
    // AWS knows no resource for it (service authorization reference, CloudTrail).
    ("*", &["cloudtrail:LookupEvents"]),
];

pub fn check(template: &Template) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, statement) in template.identity_statements() {
        // A wide Deny only takes away.
        if !statement.allows() {
            continue;
        }
        if !statement.0["NotAction"].is_null() || !statement.0["NotResource"].is_null() {
            found.push(Finding::new(
                RULE,
                at,
                "NotAction and NotResource grant what nobody has written down. List what is needed.",
            ));
        }
        for action in statement.actions().into_iter().filter(|action| action.contains('*')) {
            found.push(Finding::new(
                RULE,
                at,
                format!("action `{action}` has a wildcard. List the actions."),
            ));
        }
        for resource in statement.resources() {
            let text = text(resource);
            let needed = NEEDED.iter().any(|(name, actions)| {
                text == *name && statement.actions().iter().all(|action| actions.contains(action))
            });
            if text.contains('*') && !needed {
                found.push(Finding::new(
                    RULE,
                    at,
                    format!("resource `{text}` has a wildcard. Name the resource."),
                ));
            }
        }
    }
    for (id, role) in template.functions() {
        for shortcut in ["/Policies", "/Connectors"] {
            if !role.property(shortcut).is_null() {
                found.push(Finding::new(
                    RULE,
                    id.clone(),
                    format!("{} writes grants we cannot see. Put them into its role.", &shortcut[1..]),
                ));
            }
        }
    }
    for role in template.of_type("AWS::IAM::Role") {
        for managed in list(role.property("/ManagedPolicyArns")) {
            if managed["Ref"].as_str() != Some("AuditIsAppendOnly") {
                found.push(Finding::new(RULE, role.id, "attaches a managed policy that is not written here"));
            }
        }
    }
    found.extend(resource_policies(template));
    found
}

/// Policies on queues and the bucket: an Allow names its actions and its caller.
fn resource_policies(template: &Template) -> Vec<Finding> {
    let mut found = Vec::new();
    for policy in template
        .resources()
        .filter(|resource| matches_any(resource.kind, &["AWS::SQS::QueuePolicy", "AWS::S3::BucketPolicy"]))
    {
        for statement in statements(policy.property("/PolicyDocument")).filter(|statement| statement.allows())
        {
            let anyone = statement.0["Principal"] == "*" || statement.0["Principal"]["AWS"] == "*";
            if anyone || statement.actions().iter().any(|action| action.contains('*')) {
                found.push(Finding::new(
                    RULE,
                    policy.id,
                    "allows anyone, or everything. Name the service and the action.",
                ));
            }
            if !statement.0["Principal"]["AWS"].is_null() && !is_amazon_telling(policy.id, &statement) {
                found.push(Finding::new(
                    RULE,
                    policy.id,
                    "lets another account in. Only Amazon's may, to put what it tells into its one queue.",
                ));
            }
        }
    }
    found
}

/// The Selling Partner API's account, and what it needs of the queue it tells changes to (contracts/amazon section 4).
fn is_amazon_telling(policy: &str, statement: &Statement<'_>) -> bool {
    let needed = ["sqs:SendMessage", "sqs:GetQueueAttributes"];
    policy == "AmazonChangesQueuePolicy"
        && statement.0["Principal"]["AWS"] == AMAZON
        && statement.actions().iter().all(|action| needed.contains(action))
}

fn text(resource: &Value) -> &str {
    resource["Fn::Sub"].as_str().or(resource.as_str()).unwrap_or("")
}
