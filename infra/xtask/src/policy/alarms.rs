//! What goes wrong is noticed, and whoever is called finds a page that says what to do.

use super::Finding;
use super::template::{Resource, Template, target};
use crate::paths;

const RULE: &str = "alarms";
/// Where the pages lie.
const PAGES: &str = "infra/runbooks/";

pub fn check(template: &Template) -> Vec<Finding> {
    let mut found = Vec::new();
    for alarm in template.of_type("AWS::CloudWatch::Alarm") {
        check_page(&alarm, &mut found);
        if alarm.property("/AlarmActions").is_null() || alarm.property("/TreatMissingData").is_null() {
            found.push(Finding::new(
                RULE,
                alarm.id,
                "must be sent to the operator's topic and say what missing data means.",
            ));
        }
    }
    let watched = |metric: &str, dimension: &str, id: &str| {
        template.of_type("AWS::CloudWatch::Alarm").any(|alarm| {
            alarm.property("/MetricName") == metric
                && alarm.property("/Dimensions/0/Name") == dimension
                && target(alarm.property("/Dimensions/0/Value")) == Some(id)
        })
    };
    for queue in template.of_type("AWS::SQS::Queue") {
        let Some(dead) = target(queue.property("/RedrivePolicy/deadLetterTargetArn")) else { continue };
        if !watched("ApproximateAgeOfOldestMessage", "QueueName", queue.id) {
            found.push(Finding::new(RULE, queue.id, "must have an alarm on the age of its oldest message."));
        }
        if !watched("ApproximateNumberOfMessagesVisible", "QueueName", dead) {
            found.push(Finding::new(RULE, dead, "must have an alarm on its first message."));
        }
    }
    for (name, function) in template.functions() {
        if !watched("Errors", "FunctionName", function.id) {
            found.push(Finding::new(
                RULE,
                function.id,
                format!("`{name}` must have an alarm on its failed invocations."),
            ));
        }
    }
    found
}

/// Its description names a page that is there.
fn check_page(alarm: &Resource, found: &mut Vec<Finding>) {
    let text = alarm.property("/AlarmDescription").as_str().unwrap_or_default();
    let page = text.split_whitespace().find_map(|word| word.strip_prefix(PAGES));
    if !page.is_some_and(|page| paths::root().join(PAGES).join(page).is_file()) {
        found.push(Finding::new(
            RULE,
            alarm.id,
            format!("its description must name a page of {PAGES} that is there."),
        ));
    }
}
