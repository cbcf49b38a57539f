//! One role per function, and no role that can rewrite history (CONTROLS D3).

use super::Finding;
use super::template::{Template, list, statements, target};

const RULE: &str = "audit";

const REWRITES: &[&str] = &[
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:PartiQLUpdate",
    "dynamodb:PartiQLDelete",
    "dynamodb:PartiQLInsert",
];

pub fn check(template: &Template) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, statement) in template.identity_statements() {
        let audit = statement.resources().into_iter().any(|resource| target(resource) == Some("AuditTable"));
        if statement.allows() && audit && REWRITES.iter().any(|action| statement.covers(action)) {
            found.push(Finding::new(
                RULE,
                at,
                "may rewrite audit records. Only PutItem and Query are for functions.",
            ));
        }
    }
    let denied = template.resource("AuditIsAppendOnly").is_some_and(|policy| {
        statements(policy.property("/PolicyDocument")).any(|statement| {
            statement.0["Effect"] == "Deny"
                && statement.0["Condition"].is_null()
                && REWRITES.iter().all(|action| statement.covers(action))
                && statement.resources().into_iter().any(|resource| target(resource) == Some("AuditTable"))
        })
    });
    if !denied {
        found.push(Finding::new(
            RULE,
            "AuditIsAppendOnly",
            "must deny every way to change or delete an audit record.",
        ));
    }
    for (name, function) in template.functions() {
        let role = target(function.property("/Role")).and_then(|id| template.resource(id));
        let own = format!("{}Role", function.id.strip_suffix("Function").unwrap_or(function.id));
        let Some(role) = role.filter(|role| role.id == own) else {
            found.push(Finding::new(RULE, function.id, format!("must have the role {own}, its own.")));
            continue;
        };
        if !list(role.property("/ManagedPolicyArns"))
            .into_iter()
            .any(|policy| target(policy) == Some("AuditIsAppendOnly"))
        {
            found.push(Finding::new(RULE, role.id, format!("`{name}` must carry AuditIsAppendOnly.")));
        }
    }
    found
}
