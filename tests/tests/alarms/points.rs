//! What was measured, as CloudWatch takes it out of a line in its embedded metric format.

use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// One number.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    pub at: Timestamp,
    pub namespace: String,
    pub name: String,
    pub dimensions: BTreeMap<String, String>,
    pub value: f64,
}

/// The numbers of a line. Panics when the line is not of the format.
pub fn of(line: &Value) -> Vec<Point> {
    let at = Timestamp::from_millisecond(line["_aws"]["Timestamp"].as_i64().unwrap()).unwrap();
    let mut found = Vec::new();
    for directive in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
        for set in directive["Dimensions"].as_array().unwrap() {
            let names = set.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
            let dimensions: BTreeMap<String, String> =
                names.map(|name| (name.to_owned(), line[name].as_str().unwrap().to_owned())).collect();
            for metric in directive["Metrics"].as_array().unwrap() {
                let name = metric["Name"].as_str().unwrap();
                found.push(Point {
                    at,
                    namespace: directive["Namespace"].as_str().unwrap().to_owned(),
                    name: name.to_owned(),
                    dimensions: dimensions.clone(),
                    value: line[name].as_f64().unwrap(),
                });
            }
        }
    }
    found
}
