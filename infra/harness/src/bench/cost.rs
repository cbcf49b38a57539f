//! What a million orders cost at AWS, from counted calls and list prices.
//!
//! **Prices**: AWS price list, eu-west-2 (London), in USD without tax, from memory 2026; check before quoting. Free
//! tiers, savings plans and support are left out, and so is what does not grow with orders: two CMKs' monthly fee,
//! idle polling of queues and timers, storage of at most 30 days, backups, and KMS calls that AWS makes for encrypted
//! tables and queues (it keeps those keys for minutes).
//!
//! **Assumptions**: the allocator works in batches of 25, as measured; every other message is sent, received and
//! deleted by itself. Functions have 256 MB on arm64 and wait for their calls one after another, for as long as
//! [`milliseconds`] says: typical times within a region, not measured here.

use super::calls::{Road, Usage};
use std::collections::BTreeMap;

/// The most a million orders may cost (DESIGN section 11).
pub const BUDGET: f64 = 60.0;

/// List prices in USD.
pub mod price {
    /// DynamoDB on demand, a million write request units.
    pub const WRITES: f64 = 0.7423;
    /// DynamoDB on demand, a million read request units.
    pub const READS: f64 = 0.1485;
    /// KMS, a million requests (0.03 per 10,000).
    pub const KMS: f64 = 3.0;
    /// SQS standard, a million requests.
    pub const SQS: f64 = 0.40;
    /// S3 Standard, a million PUTs (0.0053 per 1,000); deleting is free.
    pub const S3_PUTS: f64 = 5.30;
    /// S3 Standard, a million GETs.
    pub const S3_GETS: f64 = 0.42;
    /// HTTP API, a million requests.
    pub const HTTP: f64 = 1.16;
    /// Lambda, a million starts.
    pub const STARTS: f64 = 0.20;
    /// Lambda on arm64, a million GB-seconds.
    pub const GB_SECONDS: f64 = 13.3334;
    /// EventBridge, a million events of ours.
    pub const EVENTS: f64 = 1.0;
    /// CloudWatch Logs, a GB taken in.
    pub const LOGS_GB: f64 = 0.5985;
}

/// Memory of a function in GB (template.yaml, MemorySize).
const GB: f64 = 0.25;
/// What a start leaves in the logs: the platform's three lines and one or two of ours, in bytes.
const LOG_BYTES: f64 = 900.0;
/// What a start takes besides its calls, in milliseconds.
const START_MS: f64 = 2.0;
/// A message is sent, received and deleted.
const REQUESTS_PER_MESSAGE: f64 = 3.0;

/// How long a call is waited for, in milliseconds: assumed, see above.
pub fn milliseconds(call: &str) -> f64 {
    match call {
        "dynamodb:TransactWriteItems" => 15.0,
        "dynamodb:BatchGetItem" => 8.0,
        "s3:PutObject" => 25.0,
        call if call.starts_with("dynamodb:") => 5.0,
        call if call.starts_with("kms:") || call.starts_with("sqs:") => 8.0,
        call if call.starts_with("s3:") => 15.0,
        call if call.starts_with("carrier:") => 300.0,
        call if call.starts_with("shop:") => 250.0,
        _ => 0.0,
    }
}

/// USD for a million orders, by service.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Money {
    /// By service.
    pub services: BTreeMap<&'static str, f64>,
    /// DynamoDB's part by stage of the road, in its order: where there is something to save.
    pub stages: Vec<(&'static str, f64)>,
}

impl Money {
    /// All services together.
    pub fn total(&self) -> f64 {
        self.services.values().sum()
    }

    /// Lines for people.
    pub fn lines(&self) -> Vec<String> {
        let mut lines =
            vec!["USD for 1 M orders, by service (list prices and assumptions: bench/cost.rs):".to_owned()];
        lines.extend(self.services.iter().map(|(service, usd)| format!("  {usd:6.2}  {service}")));
        lines.push("of it DynamoDB, by stage:".to_owned());
        lines.extend(self.stages.iter().map(|(stage, usd)| format!("  {usd:6.2}  {stage}")));
        lines
    }
}

/// What a road comes to for a million orders.
pub fn of(road: &Road) -> Money {
    let mut money = Money { services: priced(&road.total(), road.orders), stages: Vec::new() };
    for (stage, usage) in &road.stages {
        let usd = dynamo(usage, road.orders);
        match money.stages.iter_mut().find(|(name, _)| name == stage) {
            Some((_, sum)) => *sum += usd,
            None => money.stages.push((stage, usd)),
        }
    }
    money
}

fn dynamo(usage: &Usage, orders: usize) -> f64 {
    (usage.writes * price::WRITES + usage.reads * price::READS) / orders as f64
}

/// A price for a million of something is also the price of a million orders that need one each.
fn priced(usage: &Usage, orders: usize) -> BTreeMap<&'static str, f64> {
    let each = |count: u64| count as f64 / orders as f64;
    let waited: f64 = usage.calls.iter().map(|(call, count)| milliseconds(call) * *count as f64).sum();
    let seconds = (waited / orders as f64 + START_MS * each(usage.invocations)) / 1_000.0;
    let starts = each(usage.invocations);
    BTreeMap::from([
        ("DynamoDB", dynamo(usage, orders)),
        ("KMS", each(usage.count("kms:")) * price::KMS),
        ("SQS", each(usage.messages) * REQUESTS_PER_MESSAGE * price::SQS),
        (
            "S3",
            each(usage.count("s3:PutObject")) * price::S3_PUTS
                + each(usage.count("s3:GetObject")) * price::S3_GETS,
        ),
        ("API Gateway", each(usage.requests) * price::HTTP),
        ("EventBridge", each(usage.events) * price::EVENTS),
        ("Lambda", starts * price::STARTS + seconds * GB * price::GB_SECONDS),
        // A million times so many bytes, in GB.
        ("CloudWatch Logs", starts * LOG_BYTES / 1_000.0 * price::LOGS_GB),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn road() -> Road {
        let calls = [("kms:GenerateDataKey", 2), ("s3:PutObject", 2), ("carrier:create", 2)];
        let usage = Usage {
            calls: calls.into_iter().map(|(call, count)| (call.to_owned(), count)).collect(),
            writes: 20.0,
            reads: 4.0,
            invocations: 4,
            requests: 2,
            messages: 2,
            events: 6,
        };
        Road { stages: vec![("ingest", usage)], orders: 2, ..Road::default() }
    }

    #[test]
    fn a_million_orders_cost_a_million_times_one() {
        let money = of(&road());
        let near = |service: &str, usd: f64| {
            assert!((money.services[service] - usd).abs() < 1e-9, "{service}: {money:?}")
        };
        near("DynamoDB", 10.0 * 0.7423 + 2.0 * 0.1485);
        near("KMS", 3.0);
        near("S3", 5.3);
        near("SQS", 1.2);
        near("API Gateway", 1.16);
        near("EventBridge", 3.0);
        // Two starts of 2 ms and calls of 8 + 25 + 300 ms, at a quarter of a GB.
        near("Lambda", 0.4 + 0.337 * 0.25 * 13.3334);
        // 1,800 bytes an order are 1.8 GB.
        near("CloudWatch Logs", 1.8 * 0.5985);
        assert!((money.total() - money.services.values().sum::<f64>()).abs() < 1e-9);
    }

    #[test]
    fn every_function_has_the_memory_that_is_reckoned_with() {
        let template = include_str!("../../../../template.yaml");
        let sizes: Vec<f64> = template
            .lines()
            .filter_map(|line| line.trim().strip_prefix("MemorySize: ")?.parse().ok())
            .collect();
        assert!(!sizes.is_empty() && sizes.iter().all(|size| *size == GB * 1024.0), "{sizes:?}");
    }

    #[test]
    fn stages_of_one_name_are_one() {
        let mut road = road();
        road.stages.push(road.stages[0].clone());
        let money = of(&road);
        assert_eq!(money.stages.len(), 1);
        assert!((money.stages[0].1 - money.services["DynamoDB"]).abs() < 1e-9);
    }
}
