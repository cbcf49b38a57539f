//! Each stage has a queue that neither loses nor blocks (DESIGN section 3).

use super::Finding;
use super::template::{Template, target};

const RULE: &str = "queues";

pub fn check(template: &Template) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut read = Vec::new();
    for (_, function) in template.functions() {
        let Some(timeout) = function.number("/Timeout") else {
            found.push(Finding::new(RULE, function.id, "must say its Timeout."));
            continue;
        };
        let events = function
            .property("/Events")
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, event)| event["Type"] == "SQS");
        for (_, event) in events {
            let source = &event["Properties"];
            let Some(queue) = target(&source["Queue"]).and_then(|id| template.resource(id)) else { continue };
            read.push(queue.id);
            let window = source["MaximumBatchingWindowInSeconds"].as_i64().unwrap_or(0);
            if queue.number("/VisibilityTimeout").is_none_or(|seconds| seconds < 6 * timeout + window) {
                let least = 6 * timeout + window;
                found.push(Finding::new(RULE, queue.id, format!("must hide a message for at least {least} s: 6 x the time-out of {} and its batching window.", function.id)));
            }
            if source["FunctionResponseTypes"] != serde_json::json!(["ReportBatchItemFailures"]) {
                found.push(Finding::new(
                    RULE,
                    function.id,
                    "must report failures one by one, or one poison message blocks its batch.",
                ));
            }
            if source["ScalingConfig"]["MaximumConcurrency"].as_i64().is_none_or(|number| number < 2) {
                found.push(Finding::new(
                    RULE,
                    function.id,
                    "must bound its concurrency (MaximumConcurrency).",
                ));
            }
            let dead = target(queue.property("/RedrivePolicy/deadLetterTargetArn"))
                .and_then(|id| template.resource(id));
            if dead.is_none()
                || queue
                    .number("/RedrivePolicy/maxReceiveCount")
                    .is_none_or(|times| !(2..=10).contains(&times))
            {
                found.push(Finding::new(
                    RULE,
                    queue.id,
                    "must pass a message to its dead letters after 2 to 10 tries.",
                ));
            }
        }
    }
    for stage in [
        "PollQueue",
        "AllocateQueue",
        "BookQueue",
        "NotifyQueue",
        "PushQueue",
        "TrackQueue",
        "EraseQueue",
        "DeliverQueue",
        "AmazonChangesQueue",
    ] {
        if read.iter().filter(|queue| **queue == stage).count() != 1 {
            found.push(Finding::new(RULE, stage, "must be read by exactly one function."));
        }
    }
    found
}
