//! An alarm as the template defines it, and what CloudWatch makes of numbers by it (user guide, "Alarm evaluation").

use crate::Course;
use crate::formula;
use crate::points::Point;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;
use waybill_domain::time::after;
use waybill_harness::canary::template::Resource;

/// One metric, summed up by period.
#[derive(Debug)]
pub struct Stat {
    pub namespace: String,
    pub name: String,
    /// A value that refers to a resource is its logical id.
    pub dimensions: BTreeMap<String, String>,
    pub statistic: String,
    /// In seconds.
    pub period: i64,
}

/// What is watched.
#[derive(Debug)]
pub enum What {
    One(Stat),
    Formula { text: String, of: BTreeMap<String, Stat> },
}

/// An alarm.
#[derive(Debug)]
pub struct Alarm {
    pub id: String,
    pub what: What,
    /// Periods that are looked at.
    pub periods: i64,
    /// How many of them must breach.
    needed: i64,
    comparison: String,
    pub threshold: f64,
    missing: String,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn number(value: &Value) -> Option<f64> {
    value.as_str().map(|text| text.parse().unwrap())
}

fn whole(value: &Value) -> Option<i64> {
    value.as_str().map(|text| text.parse().unwrap())
}

fn dimensions(value: &Value) -> BTreeMap<String, String> {
    value.as_array().into_iter().flatten().map(|d| (text(&d["Name"]), text(&d["Value"]))).collect()
}

impl Alarm {
    /// Reads one; panics on what this does not know.
    pub fn read(resource: &Resource) -> Self {
        let p = &resource.properties;
        let what = match p["Metrics"].as_array() {
            None => What::One(Stat {
                namespace: text(&p["Namespace"]),
                name: text(&p["MetricName"]),
                dimensions: dimensions(&p["Dimensions"]),
                statistic: text(&p["Statistic"]),
                period: whole(&p["Period"]).unwrap(),
            }),
            Some(all) => {
                let result = all.iter().find(|one| one["ReturnData"] == "true").unwrap();
                let of = all.iter().filter(|one| one["ReturnData"] == "false").map(|one| {
                    let (stat, metric) = (&one["MetricStat"], &one["MetricStat"]["Metric"]);
                    let stat = Stat {
                        namespace: text(&metric["Namespace"]),
                        name: text(&metric["MetricName"]),
                        dimensions: dimensions(&metric["Dimensions"]),
                        statistic: text(&stat["Stat"]),
                        period: whole(&stat["Period"]).unwrap(),
                    };
                    (text(&one["Id"]), stat)
                });
                What::Formula { text: text(&result["Expression"]), of: of.collect() }
            }
        };
        let periods = whole(&p["EvaluationPeriods"]).unwrap();
        Self {
            id: resource.id.clone(),
            what,
            periods,
            needed: whole(&p["DatapointsToAlarm"]).unwrap_or(periods),
            comparison: text(&p["ComparisonOperator"]),
            threshold: number(&p["Threshold"]).unwrap(),
            missing: text(&p["TreatMissingData"]),
        }
    }

    /// Every metric it looks at.
    pub fn stats(&self) -> Vec<&Stat> {
        match &self.what {
            What::One(stat) => vec![stat],
            What::Formula { of, .. } => of.values().collect(),
        }
    }

    /// True when it is in the state ALARM at the end of the course.
    pub fn fires(&self, course: &Course) -> bool {
        let period = self.stats()[0].period;
        assert!(self.stats().iter().all(|stat| stat.period == period), "{}", self.id);
        let breaches = (0..self.periods).filter(|back| {
            let end = after(course.until, SignedDuration::from_secs(-period * back));
            let value = match &self.what {
                What::One(stat) => stat.value(&course.points, end),
                What::Formula { text, of } => formula::value(text, &|id: &str| {
                    of.get(id).unwrap_or_else(|| panic!("no metric {id}")).value(&course.points, end)
                }),
            };
            match (value, self.missing.as_str()) {
                (Some(value), _) => self.breaches(value),
                (None, "breaching") => true,
                (None, "notBreaching") => false,
                (None, other) => panic!("{}: {other}", self.id),
            }
        });
        breaches.count() >= usize::try_from(self.needed).unwrap()
    }

    fn breaches(&self, value: f64) -> bool {
        match self.comparison.as_str() {
            "GreaterThanOrEqualToThreshold" => value >= self.threshold,
            "GreaterThanThreshold" => value > self.threshold,
            "LessThanThreshold" => value < self.threshold,
            other => panic!("{}: {other}", self.id),
        }
    }
}

impl Stat {
    /// Over the period that ends so; `None` without a number in it.
    fn value(&self, points: &[Point], end: Timestamp) -> Option<f64> {
        let from = after(end, SignedDuration::from_secs(-self.period));
        let of = |p: &&Point| {
            (&p.namespace, &p.name, &p.dimensions) == (&self.namespace, &self.name, &self.dimensions)
        };
        let values: Vec<f64> =
            points.iter().filter(of).filter(|p| from <= p.at && p.at < end).map(|p| p.value).collect();
        if values.is_empty() {
            return None;
        }
        Some(match self.statistic.as_str() {
            "Maximum" => values.iter().copied().fold(f64::MIN, f64::max),
            "Sum" => values.iter().sum(),
            "SampleCount" => values.len() as f64,
            other => panic!("{other}"),
        })
    }
}
