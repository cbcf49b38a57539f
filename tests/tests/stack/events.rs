//! The events that are kept for `sam local` are what the functions understand.

use crate::support::{Story, stack};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

static EVENTS: Story = Story::new("kept events", || Box::pin(events()));

/// Each file with the functions it is for.
const FOR: [(&str, &[&str]); 9] = [
    ("webhook-orders-create", &["FunctionWebhook"]),
    ("queue-poll", &["FunctionPoller"]),
    ("queue-allocate", &["FunctionAllocator"]),
    ("queue-book", &["FunctionShipper"]),
    ("queue-notify", &["FunctionNotifier"]),
    ("queue-deliver", &["FunctionNotifier"]),
    ("queue-track", &["FunctionTracker"]),
    ("queue-erase", &["FunctionRetention"]),
    ("schedule", &["FunctionClock", "FunctionRetention", "FunctionAuditor"]),
];

#[test]
#[ignore = "needs a running stack"]
fn every_kept_event_is_understood_by_its_function() {
    EVENTS.told();
}

async fn events() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("events");
    let kept: BTreeSet<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(kept, FOR.map(|(name, _)| name.to_owned()).into());
    let stack = stack();
    for (name, functions) in FOR {
        let text = std::fs::read_to_string(folder.join(name).with_extension("json")).unwrap();
        let event: Value = serde_json::from_str(&text).unwrap();
        for function in functions {
            let answer = stack.invoke(function, &event).await.unwrap();
            match name {
                // Its signature is by the seeded shop's secret, over these very bytes.
                "webhook-orders-create" => assert_eq!(answer["statusCode"], 200, "{answer}"),
                "schedule" => assert!(answer.get("errorType").is_none(), "{function}: {answer}"),
                _ => assert_eq!(answer["batchItemFailures"], serde_json::json!([]), "{function}: {answer}"),
            }
        }
    }
}
