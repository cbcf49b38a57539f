//! Which places of a stack can hold data, from the template. A type that is not listed here, and a setting that
//! opens a place nobody reads, is an error: a scan that skips says nothing.

use super::template::{Resource, resources};
use crate::signed::{Signed, elements};
use crate::stack::{Stack, Trouble};
use std::collections::BTreeMap;
use std::path::Path;

/// What kind of place it is, and so how it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Items of a table.
    Table,
    /// Rows of an index.
    Index,
    /// Messages of a queue.
    Queue,
    /// Messages that failed too often.
    DeadLetters,
    /// Events of the bus, through the queue that taps it.
    Bus,
    /// Objects of a bucket.
    Objects,
    /// Names, metadata and tags of these objects.
    ObjectNames,
    /// Lines of a log group.
    Log,
    /// Environment and description of a function.
    Function,
    /// What a schedule sends.
    Schedule,
    /// Description and tags of a key.
    Key,
    /// Users of the pool.
    Users,
    /// The record of calls, with their parameters and KMS contexts.
    Trail,
    /// Names and dimensions of metrics.
    Metrics,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Table => "table",
            Self::Index => "index",
            Self::Queue => "queue",
            Self::DeadLetters => "dead letters",
            Self::Bus => "events",
            Self::Objects => "objects",
            Self::ObjectNames => "object names",
            Self::Log => "log",
            Self::Function => "function settings",
            Self::Schedule => "schedule",
            Self::Key => "key",
            Self::Users => "users",
            Self::Trail => "record of calls",
            Self::Metrics => "metrics",
        })
    }
}

/// A place to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sink {
    /// Its logical id in the template, with the index where it is one.
    pub name: String,
    /// How to read it.
    pub kind: Kind,
    /// Its physical id.
    pub id: String,
    /// Its index.
    pub index: Option<String>,
}

/// What a type of resource means to the scan.
enum Holds {
    /// Data.
    Data,
    /// Only what the deployment wrote: the template itself.
    Settings,
}

fn holds(kind: &str) -> Option<Holds> {
    Some(match kind {
        "AWS::DynamoDB::Table"
        | "AWS::SQS::Queue"
        | "AWS::S3::Bucket"
        | "AWS::Logs::LogGroup"
        | "AWS::Events::EventBus"
        | "AWS::Serverless::Function"
        | "AWS::Scheduler::Schedule"
        | "AWS::KMS::Key"
        | "AWS::Cognito::UserPool" => Holds::Data,
        "AWS::KMS::Alias"
        | "AWS::SQS::QueuePolicy"
        | "AWS::S3::BucketPolicy"
        | "AWS::Events::Rule"
        | "AWS::IAM::Role"
        | "AWS::IAM::ManagedPolicy"
        | "AWS::Lambda::Permission"
        | "AWS::ApiGatewayV2::Api"
        | "AWS::ApiGatewayV2::Stage"
        | "AWS::ApiGatewayV2::Integration"
        | "AWS::ApiGatewayV2::Route"
        | "AWS::ApiGatewayV2::Authorizer"
        | "AWS::Cognito::UserPoolGroup"
        | "AWS::Cognito::UserPoolClient"
        | "AWS::Cognito::UserPoolResourceServer"
        | "AWS::Cognito::UserPoolDomain"
        | "AWS::CloudWatch::Alarm"
        | "AWS::CloudWatch::Dashboard" => Holds::Settings,
        _ => return None,
    })
}

/// Settings that send data to a place the scan does not read.
const BLIND: [(&str, &str); 7] = [
    ("AWS::DynamoDB::Table", "KinesisStreamSpecification"),
    ("AWS::S3::Bucket", "VersioningConfiguration"),
    ("AWS::S3::Bucket", "ReplicationConfiguration"),
    ("AWS::S3::Bucket", "LoggingConfiguration"),
    ("AWS::Serverless::Function", "Tracing"),
    ("AWS::Serverless::Function", "EventInvokeConfig"),
    ("AWS::Events::EventBus", "DeadLetterConfig"),
];

/// Every place of the stack that can hold data: those of the template, the record of calls and the metrics.
///
/// # Errors
/// When the template has something this scan cannot read, or the stack lacks what the template has.
pub async fn sinks(stack: &Stack, aws: &Signed<'_>, template: &Path) -> Result<Vec<Sink>, Trouble> {
    let deployed = deployed(stack, aws).await?;
    let resources = resources(template)?;
    let taps = taps(&resources);
    let mut found = Vec::new();
    for resource in &resources {
        readable(resource)?;
        if let Some(Holds::Settings) = holds(&resource.kind) {
            continue;
        }
        let Some(id) = deployed.get(&resource.id) else {
            if resource.conditional {
                continue;
            }
            return Err(format!(
                "{} is in the template and not in the stack; is it another template?",
                resource.id
            )
            .into());
        };
        found.extend(of(resource, id, &taps, &resources)?);
    }
    for (name, kind) in [("CloudTrail", Kind::Trail), ("CloudWatch metrics", Kind::Metrics)] {
        found.push(Sink { name: name.into(), kind, id: String::new(), index: None });
    }
    Ok(found)
}

/// That nothing of a resource escapes the scan.
fn readable(resource: &Resource) -> Result<(), Trouble> {
    let Resource { id, kind, properties, .. } = resource;
    if holds(kind).is_none() {
        return Err(format!(
            "{id} is a {kind}, which the canary scan cannot read: teach it in infra/harness/src/canary/sinks.rs"
        )
        .into());
    }
    // A stream of keys alone carries what the scan reads in the table.
    let stream = &properties["StreamSpecification"];
    if !stream.is_null() && *stream != serde_json::json!({"StreamViewType": "KEYS_ONLY"}) {
        return Err(
            format!("{id} has a stream of more than keys, which the canary scan does not read").into()
        );
    }
    match BLIND.iter().find(|(of, setting)| of == kind && !properties[*setting].is_null()) {
        Some((_, setting)) => {
            Err(format!("{id} has {setting}, which sends data where the canary scan does not read").into())
        }
        None => Ok(()),
    }
}

fn of(resource: &Resource, id: &str, taps: &[String], all: &[Resource]) -> Result<Vec<Sink>, Trouble> {
    let sink = |name: &str, kind, index: Option<&str>| Sink {
        name: name.to_owned(),
        kind,
        id: id.to_owned(),
        index: index.map(str::to_owned),
    };
    let name = resource.id.as_str();
    let one = |kind| vec![sink(name, kind, None)];
    Ok(match resource.kind.as_str() {
        "AWS::DynamoDB::Table" => {
            let indexes = ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"];
            let rows = indexes.iter().filter_map(|list| resource.properties[*list].as_array()).flatten();
            let names = rows.map(|index| index["IndexName"].as_str().ok_or("an index has no name"));
            let mut found = one(Kind::Table);
            for index in names {
                let index = index?;
                found.push(sink(&format!("{name}/{index}"), Kind::Index, Some(index)));
            }
            found
        }
        "AWS::SQS::Queue" if taps.iter().any(|tap| tap == name) => one(Kind::Bus),
        "AWS::SQS::Queue" if is_dead(name, all) => one(Kind::DeadLetters),
        "AWS::SQS::Queue" => one(Kind::Queue),
        "AWS::S3::Bucket" => {
            vec![sink(name, Kind::Objects, None), sink(&format!("{name} (names)"), Kind::ObjectNames, None)]
        }
        "AWS::Logs::LogGroup" => one(Kind::Log),
        // Its events are read where they are tapped.
        "AWS::Events::EventBus" if !taps.is_empty() => Vec::new(),
        "AWS::Events::EventBus" => {
            return Err(format!(
                "{name} has no rule that brings its events to a queue, so they cannot be read"
            )
            .into());
        }
        "AWS::Serverless::Function" => one(Kind::Function),
        "AWS::Scheduler::Schedule" => one(Kind::Schedule),
        "AWS::KMS::Key" => one(Kind::Key),
        "AWS::Cognito::UserPool" => one(Kind::Users),
        other => return Err(format!("{name} is a {other}, and nobody said how to read it").into()),
    })
}

/// The queues that rules of the template bring events to.
fn taps(all: &[Resource]) -> Vec<String> {
    let rules = all.iter().filter(|resource| resource.kind == "AWS::Events::Rule");
    let targets = rules.filter_map(|rule| rule.properties["Targets"].as_array()).flatten();
    targets.filter_map(|target| Some(target["Arn"].as_str()?.split('.').next()?.to_owned())).collect()
}

fn is_dead(queue: &str, all: &[Resource]) -> bool {
    let target = format!("{queue}.Arn");
    all.iter().any(|other| other.properties["RedrivePolicy"]["deadLetterTargetArn"] == *target)
}

/// Logical to physical ids of what really runs.
async fn deployed(stack: &Stack, aws: &Signed<'_>) -> Result<BTreeMap<String, String>, Trouble> {
    let mut found = BTreeMap::new();
    let mut next: Option<String> = None;
    loop {
        let mut ask =
            vec![("Action", "ListStackResources"), ("Version", "2010-05-15"), ("StackName", &stack.stack)];
        if let Some(token) = &next {
            ask.push(("NextToken", token));
        }
        let xml = aws.query("cloudformation", &ask).await?;
        for member in elements(&xml, "member") {
            let one = |name| elements(&member, name).into_iter().next();
            if let (Some(logical), Some(physical)) = (one("LogicalResourceId"), one("PhysicalResourceId")) {
                found.insert(logical, physical);
            }
        }
        next = elements(&xml, "NextToken").into_iter().next();
        if next.is_none() {
            return Ok(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn resource(kind: &str, properties: serde_json::Value) -> Resource {
        Resource { id: "It".into(), kind: kind.into(), conditional: false, properties }
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_not_a_skip() {
        assert!(readable(&resource("AWS::SQS::Queue", json!({}))).is_ok());
        assert!(readable(&resource("AWS::Kinesis::Stream", json!({}))).is_err());
        assert!(readable(&resource("AWS::Logs::SubscriptionFilter", json!({}))).is_err());
        let stream = |view: &str| {
            let properties = json!({"StreamSpecification": {"StreamViewType": view}});
            readable(&resource("AWS::DynamoDB::Table", properties))
        };
        assert!(stream("NEW_IMAGE").is_err() && stream("KEYS_ONLY").is_ok());
    }

    #[test]
    fn a_bus_nobody_taps_is_an_error() {
        let bus = resource("AWS::Events::EventBus", json!({}));
        assert!(of(&bus, "bus", &[], &[]).is_err());
        assert!(of(&bus, "bus", &["EventsQueue".into()], &[]).unwrap().is_empty());
    }

    #[test]
    fn every_index_is_a_sink() {
        let table = resource(
            "AWS::DynamoDB::Table",
            json!({"GlobalSecondaryIndexes": [{"IndexName": "a"}, {"IndexName": "b"}]}),
        );
        let names: Vec<_> = of(&table, "t", &[], &[]).unwrap().into_iter().map(|sink| sink.name).collect();
        assert_eq!(names, ["It", "It/a", "It/b"]);
    }

    #[test]
    fn every_resource_of_the_real_template_can_be_read() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
        let all = resources(&file).unwrap();
        let taps = taps(&all);
        for resource in &all {
            readable(resource).unwrap();
            if let Some(Holds::Data) = holds(&resource.kind) {
                of(resource, "id", &taps, &all).unwrap();
            }
        }
    }
}
