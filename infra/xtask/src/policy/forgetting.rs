//! How long anything is kept, and how late an erasure can be (CONTROLS C4, C8, C9, D2).

use super::Finding;
use super::template::{Resource, Template, target};

const RULE: &str = "retention";
const BOUND: &str = "erasure-bound";

const DAY: i64 = 86_400;
/// Days after shipping at which an order that is never confirmed as delivered is purged: `Policy::LONGEST`, which no
/// merchant's policy exceeds. A test holds it against that, so that this crate need not build the domain's.
pub(super) const PURGE_AFTER_SHIPPING: i64 = 25;
/// Days after shipping by which it must be gone, whatever lags.
const LAST_DAY: i64 = 30;
/// Debug logs live at most this many days; the log of who called what at least [`SECURITY_LOG`].
const DEBUG_LOG: i64 = 30;
/// See [`DEBUG_LOG`].
const SECURITY_LOG: i64 = 400;

pub fn check(template: &Template) -> Vec<Finding> {
    let mut found = Vec::new();
    for log in template.of_type("AWS::Logs::LogGroup") {
        let days = log.number("/RetentionInDays");
        let right = if log.id == "HttpLogs" {
            days.is_some_and(|days| days >= SECURITY_LOG)
        } else {
            days.is_some_and(|days| days <= DEBUG_LOG)
        };
        if !right {
            found.push(Finding::new(RULE, log.id, "debug logs are kept at most 30 days, the log of the HTTP API at least 400; a log without RetentionInDays is kept for ever."));
        }
    }
    for (name, function) in template.functions() {
        let log = target(function.property("/LoggingConfig/LogGroup")).and_then(|id| template.resource(id));
        if log.is_none_or(|log| log.kind != "AWS::Logs::LogGroup") {
            found.push(Finding::new(
                RULE,
                function.id,
                format!("`{name}` names no log group of ours, so Lambda would make one that never ends."),
            ));
        }
    }
    for queue in template.of_type("AWS::SQS::Queue") {
        let limit = if is_dead_letters(template, queue) { 14 } else { 4 };
        if queue.number("/MessageRetentionPeriod").is_none_or(|seconds| seconds > limit * DAY) {
            found.push(Finding::new(RULE, queue.id, format!("must keep a message at most {limit} days.")));
        }
    }
    for bucket in template.of_type("AWS::S3::Bucket") {
        found.extend(check_bucket(bucket));
    }
    for table in template.of_type("AWS::DynamoDB::Table") {
        found.extend(check_table(table));
    }
    for archive in template.of_type("AWS::Events::Archive") {
        found.push(Finding::new(RULE, archive.id, "events are not archived."));
    }
    found
}

/// Whether a queue is where another sends what it cannot handle.
pub fn is_dead_letters(template: &Template, queue: Resource) -> bool {
    template
        .of_type("AWS::SQS::Queue")
        .any(|other| target(other.property("/RedrivePolicy/deadLetterTargetArn")) == Some(queue.id))
}

fn check_bucket(bucket: Resource) -> Vec<Finding> {
    let mut found = Vec::new();
    let rule = |name: &str| bucket.number(&format!("/LifecycleConfiguration/Rules/0/{name}"));
    let enabled = bucket.property("/LifecycleConfiguration/Rules/0/Status") == "Enabled"
        && bucket.property("/LifecycleConfiguration/Rules/0/Prefix").is_null();
    if !enabled
        || rule("ExpirationInDays").is_none_or(|days| days > 35)
        || rule("NoncurrentVersionExpiration/NoncurrentDays").is_none_or(|days| days > 1)
    {
        found.push(Finding::new(
            RULE,
            bucket.id,
            "must expire every object within 35 days and old versions within 1.",
        ));
    }
    if !bucket.property("/VersioningConfiguration").is_null()
        || !bucket.property("/ReplicationConfiguration").is_null()
    {
        found.push(Finding::new(
            RULE,
            bucket.id,
            "must keep no versions and no copies, or a deleted label comes back.",
        ));
    }
    found
}

fn check_table(table: Resource) -> Vec<Finding> {
    let mut found = Vec::new();
    let backup = table.property("/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled");
    let days = table.number("/PointInTimeRecoverySpecification/RecoveryPeriodInDays");
    match table.id {
        // Deleting in this table is the erasure: a backup would undo it.
        "KeysTable" => {
            if backup != false {
                found.push(Finding::new(
                    RULE,
                    table.id,
                    "must have no point-in-time recovery, or an erased key can be restored.",
                ));
            }
            if table.property("/TimeToLiveSpecification/Enabled") != true {
                found.push(Finding::new(RULE, table.id, "must have its TTL backstop."));
            }
        }
        _ if backup != true || days != Some(35) => {
            found.push(Finding::new(
                RULE,
                table.id,
                "must be recoverable to any moment of the last 35 days.",
            ));
        }
        _ => {}
    }
    if table.property("/DeletionProtectionEnabled") != true
        || table.property("/BillingMode") != "PAY_PER_REQUEST"
    {
        found.push(Finding::new(RULE, table.id, "must be protected from deletion and billed on demand."));
    }
    let stream = table.property("/StreamSpecification");
    if !stream.is_null() && *stream != serde_json::json!({"StreamViewType": "KEYS_ONLY"}) {
        found.push(Finding::new(
            RULE,
            table.id,
            "must have no stream but one of keys alone: it would be one more copy for 24 hours.",
        ));
    }
    found
}

/// The worst case of an erasure: the purge time, one missed run, all retries, the run itself, and whatever could still restore a key.
#[must_use]
pub fn worst_case_seconds(template: &Template) -> Option<i64> {
    let schedule = template.resource("RetentionSchedule")?;
    let period = match schedule.property("/ScheduleExpression").as_str()? {
        "rate(1 hour)" => 3600,
        "rate(1 day)" => DAY,
        cron if is_daily(cron) => DAY,
        _ => return None,
    };
    let retries = schedule.number("/Target/RetryPolicy/MaximumEventAgeInSeconds").unwrap_or(DAY);
    let run = template.resource("RetentionFunction")?.number("/Timeout")?;
    let restore = match template
        .resource("KeysTable")?
        .property("/PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled")
        == true
    {
        true => 35 * DAY,
        false => 0,
    };
    // A run that is missed altogether (an outage of one period) is made good by the next.
    Some(PURGE_AFTER_SHIPPING * DAY + 2 * period + retries + run + restore)
}

pub fn check_bound(template: &Template) -> Vec<Finding> {
    match worst_case_seconds(template) {
        None => vec![Finding::new(
            BOUND,
            "RetentionSchedule",
            "the worst case of an erasure cannot be computed: the schedule must run daily or more often, at a fixed time.",
        )],
        Some(worst) if worst > LAST_DAY * DAY => {
            let days = worst as f64 / DAY as f64;
            vec![Finding::new(
                BOUND,
                "RetentionSchedule",
                format!("an order may live {days:.2} days after shipping; {LAST_DAY} are promised."),
            )]
        }
        Some(_) => Vec::new(),
    }
}

/// `cron(minute hour * * ? *)` with plain numbers.
fn is_daily(cron: &str) -> bool {
    let fields: Vec<&str> = cron.trim_start_matches("cron(").trim_end_matches(')').split(' ').collect();
    matches!(fields[..], [minute, hour, "*", "*", "?", "*"] if minute.parse::<u8>().is_ok() && hour.parse::<u8>().is_ok())
}
