//! A new version takes over by and by where `Rollout=gradual`, as prod is deployed, and an alarm brings the version before
//! back (decision 017).

use serde_json::json;

use super::Finding;
use super::template::{Template, list, target};

const RULE: &str = "rollout";
/// What CodeDeploy moves from one version to the next.
const ALIAS: &str = "live";
/// The ways of `gradual`. Each takes at least a quarter of an hour, because the errors alarms need ten minutes to fire.
const GRADUAL: [&str; 5] = [
    "Canary10Percent15Minutes",
    "Canary10Percent30Minutes",
    "Linear10PercentEvery2Minutes",
    "Linear10PercentEvery3Minutes",
    "Linear10PercentEvery10Minutes",
];

pub fn check(template: &Template) -> Vec<Finding> {
    let mut found = Vec::new();
    let globals = template.part("/Globals/Function");
    if globals["AutoPublishAlias"] != ALIAS || globals["AutoPublishAliasAllProperties"] != true {
        found.push(Finding::new(
            RULE,
            "Globals",
            format!("every change of a function must publish a version as `{ALIAS}`."),
        ));
    }
    let gradual = template.part("/Mappings/Rollout/gradual");
    if gradual["Gradually"] != true || !gradual["Type"].as_str().is_some_and(|way| GRADUAL.contains(&way)) {
        found.push(Finding::new(
            RULE,
            "Mappings",
            format!("`gradual` must be one of {}.", GRADUAL.join(", ")),
        ));
    }
    check_functions(template, &mut found);
    check_callers(template, &mut found);
    found
}

/// Each is switched as the parameter says, and watched by the alarm on its own errors.
fn check_functions(template: &Template, found: &mut Vec<Finding>) {
    let asked = |what: &str| json!({"Fn::FindInMap": ["Rollout", {"Ref": "Rollout"}, what]});
    for (name, function) in template.functions() {
        let preference = function.property("/DeploymentPreference");
        let watched = list(&preference["Alarms"]).into_iter().filter_map(target).any(|alarm| {
            template.resource(alarm).is_some_and(|alarm| {
                alarm.property("/MetricName") == "Errors"
                    && target(alarm.property("/Dimensions/0/Value")) == Some(function.id)
            })
        });
        if preference["Enabled"] != asked("Gradually") || preference["Type"] != asked("Type") || !watched {
            found.push(Finding::new(
                RULE,
                function.id,
                format!(
                    "`{name}` must be switched as the parameter `Rollout` says, watched by its errors alarm."
                ),
            ));
        }
    }
}

/// Whoever called a function without its alias would call what was deployed last, whatever CodeDeploy thinks of it.
fn check_callers(template: &Template, found: &mut Vec<Finding>) {
    for (kind, pointer) in [
        ("AWS::ApiGatewayV2::Integration", "/IntegrationUri"),
        ("AWS::Lambda::Permission", "/FunctionName"),
        ("AWS::Scheduler::Schedule", "/Target/Arn"),
    ] {
        for caller in template.of_type(kind) {
            let called = caller.property(pointer);
            if !called["Ref"].as_str().is_some_and(|name| name.ends_with(".Alias")) {
                found.push(Finding::new(
                    RULE,
                    caller.id,
                    format!("must call the alias: {pointer} is {called}."),
                ));
            }
        }
    }
}
