//! What a function is told about (its settings) and what it may touch (its role) are the same things, and what the Lambda service needs is there.
//!
//! The local AWS reads queues, writes logs and fires schedules by itself, so no stack test would miss those grants: this check does.

use std::collections::BTreeSet;

use super::Finding;
use super::template::{Resource, Statement, Template, list, target};

const RULE: &str = "roles";

pub fn check(template: &Template) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, function) in template.functions() {
        let Some(role) = target(function.property("/Role")).and_then(|id| template.resource(id)) else {
            continue;
        };
        let grants = grants(role);
        check_settings(&name, function, &grants, &mut found);
        check_reading(template, function, role, &grants, &mut found);
        let log = target(function.property("/LoggingConfig/LogGroup")).unwrap_or("its log group");
        must_have(role, &grants, log, &["logs:CreateLogStream", "logs:PutLogEvents"], &mut found);
    }
    check_schedules(template, &mut found);
    found
}

fn grants(role: Resource<'_>) -> Vec<Statement<'_>> {
    let documents = list(role.property("/Policies")).into_iter();
    documents
        .flat_map(|policy| list(&policy["PolicyDocument"]["Statement"]))
        .map(Statement)
        .filter(|statement| statement.allows())
        .collect()
}

/// Settings that say where staff sign in: public addresses and a public client's id, which no grant of AWS governs. They
/// are for the two functions that stand behind the console.
const SIGN_IN: (&str, [&str; 2]) = ("SIGN_IN_", ["api", "reveal"]);

/// The auditor knows the name of the key, to find its uses in CloudTrail, and may not use it.
const LOOKED_FOR: (&str, &str) = ("auditor", "KEY_RECIPIENTS");

/// Every resource named in a setting has a grant, and every grant's resource a setting, but for logs and the function's own queue.
fn check_settings(name: &str, function: Resource, grants: &[Statement], found: &mut Vec<Finding>) {
    let settings: BTreeSet<&str> = function
        .property("/Environment/Variables")
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(setting, _)| !(setting.starts_with(SIGN_IN.0) && SIGN_IN.1.contains(&name)))
        .filter(|(setting, _)| (name, setting.as_str()) != LOOKED_FOR)
        .filter_map(|(_, value)| target(value))
        .collect();
    let own = own_queues(function);
    let granted: BTreeSet<&str> =
        grants.iter().flat_map(|statement| statement.resources()).filter_map(target).collect();
    for unused in settings.difference(&granted) {
        found.push(Finding::new(RULE, function.id, format!("`{name}` is told of {unused} and may not touch it. Remove the setting, or grant what is needed.")));
    }
    for unknown in granted.difference(&settings) {
        let sends = grants.iter().any(|statement| {
            statement.covers("sqs:SendMessage")
                && statement.resources().into_iter().any(|value| target(value) == Some(unknown))
        });
        if !unknown.ends_with("Logs") && (sends || !own.contains(unknown)) {
            found.push(Finding::new(RULE, function.id, format!("`{name}` may touch {unknown} and is not told of it. Remove the grant, or name it in a setting.")));
        }
    }
}

fn own_queues(function: Resource<'_>) -> BTreeSet<&str> {
    let events = function.property("/Events").as_object().into_iter().flatten();
    events.filter_map(|(_, event)| target(&event["Properties"]["Queue"])).collect()
}

/// Lambda reads a queue with the function's own role: three actions, on the queues the function has, and on no other.
fn check_reading(
    template: &Template,
    function: Resource,
    role: Resource,
    grants: &[Statement],
    found: &mut Vec<Finding>,
) {
    let own = own_queues(function);
    for queue in &own {
        must_have(
            role,
            grants,
            queue,
            &["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            found,
        );
    }
    for queue in template.of_type("AWS::SQS::Queue").filter(|queue| !own.contains(queue.id)) {
        if has(grants, queue.id, "sqs:ReceiveMessage") || has(grants, queue.id, "sqs:DeleteMessage") {
            found.push(Finding::new(
                RULE,
                role.id,
                format!("may read {}, which belongs to another function.", queue.id),
            ));
        }
    }
}

fn check_schedules(template: &Template, found: &mut Vec<Finding>) {
    for schedule in template.of_type("AWS::Scheduler::Schedule") {
        let Some(role) = target(schedule.property("/Target/RoleArn")).and_then(|id| template.resource(id))
        else {
            found.push(Finding::new(RULE, schedule.id, "needs a role of ours to start its function."));
            continue;
        };
        let function = target(schedule.property("/Target/Arn")).unwrap_or("its function");
        must_have(role, &grants(role), function, &["lambda:InvokeFunction"], found);
        if !schedule.property("/Target/Input").is_null() {
            found.push(Finding::new(
                RULE,
                schedule.id,
                "must send the scheduler's own event: its `time` is the moment the handler works with.",
            ));
        }
    }
}

fn must_have(
    role: Resource,
    grants: &[Statement],
    resource: &str,
    actions: &[&str],
    found: &mut Vec<Finding>,
) {
    for action in actions.iter().filter(|action| !has(grants, resource, action)) {
        found.push(Finding::new(RULE, role.id, format!("needs {action} on {resource}.")));
    }
}

fn has(grants: &[Statement], resource: &str, action: &str) -> bool {
    grants.iter().any(|statement| {
        statement.covers(action)
            && statement.resources().into_iter().any(|value| target(value) == Some(resource))
    })
}
