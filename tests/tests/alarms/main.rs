//! Every alarm of `template.yaml` is made to fire, and is seen to stay quiet when all is well.
//!
//! What our functions count is really brought about, in memory, and their own lines are held against the alarm as the
//! template defines it: namespace, name, dimensions, statistic, threshold and periods. Numbers that AWS counts are played;
//! for these the resource must be there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod alarm;
mod audited;
mod formula;
mod points;
mod ticked;

use alarm::{Alarm, What};
use jiff::{SignedDuration, Timestamp};
use points::Point;
use std::collections::BTreeMap;
use std::path::Path;
use waybill_domain::time::after;
use waybill_harness::canary::template::{Resource, resources};
use waybill_runtime::metrics::{Metric, Service, line};

/// What was measured up to a moment.
pub struct Course {
    /// Numbers, in no order.
    pub points: Vec<Point>,
    /// The moment.
    pub until: Timestamp,
}

/// One course that is an emergency, one that is not.
pub struct Case {
    /// The alarm must fire at its end.
    pub bad: Course,
    /// It must not.
    pub good: Course,
}

fn template() -> Vec<Resource> {
    resources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml")).unwrap()
}

/// A full day and a full quarter of an hour end here, as CloudWatch counts periods.
pub fn midnight() -> Timestamp {
    "2026-11-23T00:00:00Z".parse().unwrap()
}

#[tokio::test]
async fn every_alarm_fires_when_it_should_and_is_quiet_when_all_is_well() {
    let resources = template();
    let alarms: Vec<Alarm> =
        resources.iter().filter(|r| r.kind == "AWS::CloudWatch::Alarm").map(Alarm::read).collect();
    let mut ours: BTreeMap<&str, Case> = ticked::cases().await;
    ours.extend(audited::cases().await);
    ours.insert("CostPerOrderAlarm", dear());
    for alarm in &alarms {
        let case = ours.remove(alarm.id.as_str()).unwrap_or_else(|| played(alarm, &resources));
        assert!(alarm.fires(&case.bad), "{} does not fire", alarm.id);
        assert!(!alarm.fires(&case.good), "{} fires although all is well", alarm.id);
    }
    assert!(ours.is_empty(), "no such alarms: {:?}", ours.keys());
}

/// Numbers of AWS: at the threshold in every period, and just below it.
fn played(alarm: &Alarm, resources: &[Resource]) -> Case {
    let What::One(stat) = &alarm.what else { panic!("{} needs a case here", alarm.id) };
    let (dimension, kind) = match (stat.namespace.as_str(), stat.name.as_str()) {
        ("AWS/SQS", "ApproximateAgeOfOldestMessage" | "ApproximateNumberOfMessagesVisible") => {
            ("QueueName", "AWS::SQS::Queue")
        }
        ("AWS/Lambda", "Errors" | "IteratorAge") => ("FunctionName", "AWS::Serverless::Function"),
        ("AWS/ApiGateway", "5xx") => ("ApiId", "AWS::ApiGatewayV2::Api"),
        // Of the whole account.
        ("AWS/Lambda", "Throttles") => ("", ""),
        other => panic!("{} needs a case here: {other:?}", alarm.id),
    };
    for (name, value) in &stat.dimensions {
        let id = value.split('.').next().unwrap();
        assert_eq!(name, dimension, "{}", alarm.id);
        assert!(resources.iter().any(|r| r.id == id && r.kind == kind), "{}: {id} is no {kind}", alarm.id);
    }
    assert_eq!(stat.dimensions.is_empty(), dimension.is_empty(), "{}", alarm.id);
    let course = |value: f64| Course {
        points: (1..=alarm.periods)
            .map(|n| Point {
                at: after(midnight(), SignedDuration::from_secs(-stat.period * n)),
                namespace: stat.namespace.clone(),
                name: stat.name.clone(),
                dimensions: stat.dimensions.clone(),
                value,
            })
            .collect(),
        until: midnight(),
    };
    Case { bad: course(alarm.threshold), good: course(alarm.threshold - 1.0) }
}

/// A day of 120 orders. Each takes some 200 units and a second and a half; then a loop writes ten times as much.
fn dear() -> Case {
    let noon = after(midnight(), SignedDuration::from_hours(-12));
    let day = |writes: f64| {
        let stored = |service, count| points::of(&line(service, &[(Metric::OrdersStored, count)], noon));
        let mut points = [stored(Service::Webhook, 70), stored(Service::Poller, 50)].concat();
        let aws = |namespace: &str, name: &str, table: Option<&str>, value: f64| Point {
            at: noon,
            namespace: namespace.into(),
            name: name.into(),
            dimensions: table.iter().map(|t| ("TableName".to_owned(), (*t).to_owned())).collect(),
            value,
        };
        for table in ["OrdersTable", "KeysTable", "StockTable", "RegistryTable"] {
            points.push(aws("AWS/DynamoDB", "ConsumedWriteCapacityUnits", Some(table), writes * 120.0 / 4.0));
        }
        for table in ["OrdersTable", "RegistryTable"] {
            points.push(aws("AWS/DynamoDB", "ConsumedReadCapacityUnits", Some(table), 100.0 * 120.0 / 2.0));
        }
        points.push(aws("AWS/Lambda", "Duration", None, 1500.0 * 120.0));
        Course { points, until: midnight() }
    };
    Case { bad: day(1000.0), good: day(100.0) }
}

#[test]
fn few_orders_are_no_measure_of_what_one_costs() {
    let resources = template();
    let alarm = resources.iter().find(|r| r.id == "CostPerOrderAlarm").map(Alarm::read).unwrap();
    let mut course = dear().bad;
    course.points.retain(|point| point.dimensions.get("service").is_none_or(|s| s != "poller"));
    assert!(!alarm.fires(&course), "70 orders");
}

#[test]
fn the_dashboard_shows_whatever_there_is_an_alarm_on() {
    let resources = template();
    let body = resources.iter().find(|r| r.id == "Dashboard").unwrap().properties["DashboardBody"].clone();
    let shown: serde_json::Value = serde_json::from_str(body.as_str().unwrap()).unwrap();
    let shown = shown.to_string();
    for alarm in resources.iter().filter(|r| r.kind == "AWS::CloudWatch::Alarm").map(Alarm::read) {
        for stat in alarm.stats() {
            assert!(
                shown.contains(&format!("\"{}\",\"{}\"", stat.namespace, stat.name)),
                "{}: {}",
                alarm.id,
                stat.name
            );
        }
    }
    for metric in Metric::ALL {
        assert!(shown.contains(&format!("\"Waybill\",\"{}\"", metric.as_str())), "{metric:?}");
    }
}
