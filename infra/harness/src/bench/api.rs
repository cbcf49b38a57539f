//! Does the API grow slower with the orders it looks through? A merchant's orders are listed and read, by the handlers as
//! they are deployed, with ever more of them in the tables.
//!
//! Told is our own time and that of the tables in memory: no network and no gateway is in it.

use super::hot::arrive;
use super::row::{Budget, Row};
use crate::stack::Trouble;
use crate::world::{Setup, World};
use axum::body::{Body, to_bytes};
use http::Request;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tower::ServiceExt;
use waybill_domain::OrderId;
use waybill_domain::access::Role;
use waybill_domain::time::{after, sortable};
use waybill_runtime::config::Egress;
use waybill_runtime::outbound::{NoAnswer, Outbound};
use waybill_runtime::{Channels, Directory, Pushes};
use waybill_store::memory::Calm;
use waybill_store::staff::Staff;

/// Requests of each kind at each size.
const ASKED: usize = 200;
/// Orders loaded at a time.
const CHUNK: usize = 10_000;
/// Our own time at the middle, in milliseconds (issue 7, "Numbers").
const BUDGET: f64 = 5.0;
/// Who asks.
const SUB: &str = "bench";

/// What every order is of.
const SKU: &str = "MUG";

/// What is asked, as the rows call it.
const KINDS: [&str; 2] = ["list 50 orders", "get an order"];

/// Measures from a thousand orders up to `most`, ten times as many each time.
///
/// # Errors
/// When the in-memory tables fail, or an answer is not what it should be.
pub async fn rows(most: usize) -> Result<Vec<Row>, Trouble> {
    let mut costs = Vec::new();
    let mut orders = 1_000;
    while orders <= most {
        eprintln!("  {orders} orders ...");
        costs.push((orders, measure(orders).await?));
        orders *= 10;
    }
    let mut rows = Vec::new();
    for (orders, Cost { middles, .. }) in &costs {
        for (kind, middle) in KINDS.iter().zip(middles) {
            let row = Row::new(format!("{orders} orders, {kind}, p50"), *middle, "ms");
            rows.push(row.budget(Budget::AtMost(BUDGET)));
        }
    }
    if let (Some((least, first)), Some((most, last))) = (costs.first(), costs.last()) {
        let against = format!("{most} orders against {least}");
        for (n, kind) in KINDS.iter().enumerate() {
            rows.push(Row::new(format!("{kind}, {against}"), last.middles[n] / first.middles[n], "times"));
        }
        let row = Row::new(format!("read units of both, {against}"), last.reads / first.reads, "times");
        rows.push(row.budget(Budget::AtMost(1.05)));
    }
    Ok(rows)
}

/// A network that leads nowhere: nothing that is asked here needs one.
struct Nowhere;

#[async_trait::async_trait]
impl Outbound for Nowhere {
    async fn send(&self, _: Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, NoAnswer> {
        Err(NoAnswer::Lost)
    }
}

/// What one size costs.
#[derive(Debug)]
struct Cost {
    /// The middle of each kind, in milliseconds.
    middles: [f64; 2],
    /// Read units of a list and a read together.
    reads: f64,
}

async fn measure(orders: usize) -> Result<Cost, Trouble> {
    let world = World::new(&Setup::default(), Arc::new(Calm)).await?;
    let template = template(&world).await?;
    for chunk in (0..orders).collect::<Vec<_>>().chunks(CHUNK) {
        let items = chunk.iter().map(|n| order(&world, &template, *n)).collect::<Result<Vec<_>, _>>()?;
        world.engine.load("orders", items)?;
    }
    let now = world.time.now();
    let staff = Staff {
        merchant: world.merchant_id().clone(),
        role: Role::Owner,
        trained_until: now,
        reviewed_at: now,
        active: true,
    };
    world.db.save_staff(SUB, &staff).await?;
    let router = router(&world);
    let reads = || -> f64 { world.engine.capacity().reads.values().sum() };
    let read_before = reads();
    let mut lists = Vec::with_capacity(ASKED);
    let mut gets = Vec::with_capacity(ASKED);
    for n in 0..ASKED {
        // Spread evenly over the whole, so that every size is asked for cold rows.
        let one = n * (orders / ASKED).max(1) % orders;
        let before = after(now, -minutes(one));
        let list = format!("/v1/orders?status=received&limit=50&placed_before={}", sortable(before));
        let (took, page) = ask(&router, &list).await?;
        if one + 50 < orders && page["orders"].as_array().is_none_or(|all| all.len() != 50) {
            return Err(format!("a page is not full: {page}").into());
        }
        lists.push(took);
        let id = id(one)?;
        let (took, found) = ask(&router, &format!("/v1/orders/{id}")).await?;
        if found["summary"]["order"] != id.as_str() {
            return Err(format!("another order was shown: {found}").into());
        }
        gets.push(took);
    }
    let reads = (reads() - read_before) / ASKED as f64;
    Ok(Cost { middles: [middle(lists), middle(gets)], reads })
}

/// The item of an order, as the road stores it; each of those loaded is this one under another id, at another time.
async fn template(world: &World) -> Result<(String, String), Trouble> {
    let id = arrive(world, 0, SKU).await?;
    let all = world.engine.dump("orders")?;
    let item = all.iter().find(|item| item["pk"]["S"] == id.as_str() && item["sk"]["S"] == "order");
    Ok((id.to_string(), item.ok_or("the order was not stored")?.to_string()))
}

/// The id of the `n`th order.
fn id(n: usize) -> Result<OrderId, Trouble> {
    Ok(format!("ord_{n:032x}").parse()?)
}

/// The `n`th order, placed `n` minutes before now.
fn order(world: &World, template: &(String, String), n: usize) -> Result<Value, Trouble> {
    let (old, text) = template;
    let mut item: Value = serde_json::from_str(&text.replace(old, id(n)?.as_str()))?;
    item["placed_at"] = json!({"S": sortable(after(world.time.now(), -minutes(n)))});
    Ok(item)
}

fn minutes(n: usize) -> SignedDuration {
    SignedDuration::from_mins(i64::try_from(n).unwrap_or(i64::MAX))
}

fn middle(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}

fn router(world: &World) -> axum::Router {
    let vault = Arc::new(world.kms.clone());
    let clock = world.time.clock();
    let queues = Arc::new(world.queues.clone());
    waybill_api::router(Arc::new(waybill_api::Env {
        db: world.db.clone(),
        directory: Directory::new(world.db.clone(), vault.clone()),
        channels: Channels::new(world.db.clone(), vault.clone(), Arc::new(Nowhere), clock.clone()),
        vault,
        egress: Egress::Public,
        pushes: Pushes::new(queues.clone(), clock.clone()),
        queues,
        documents: Arc::new(world.documents.clone()),
        clock,
    }))
}

/// Asks once, signed in; gives how long it took until the last byte was there.
async fn ask(router: &axum::Router, address: &str) -> Result<(Duration, Value), Trouble> {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
        "headers": {"host": "api.example.invalid"}, "isBase64Encoded": false,
        "requestContext": {
            "stage": "$default", "timeEpoch": 0, "http": {"method": "GET", "path": path},
            "authorizer": {"jwt": {"claims": {"sub": SUB}, "scopes": []}},
        },
    });
    let start = Instant::now();
    let (parts, body) = lambda_http::request::from_str(&event.to_string())?.into_parts();
    let request = Request::from_parts(parts, Body::from(body.to_vec()));
    let response = router.clone().oneshot(request).await?;
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await?;
    let took = start.elapsed();
    if !status.is_success() {
        return Err(format!("{address} was answered {status}").into());
    }
    Ok((took, serde_json::from_slice(&body)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Times are the machine's; what is read is ours.
    #[tokio::test]
    async fn ten_times_the_orders_are_listed_and_read_with_the_same_reads() {
        let small = measure(1_000).await.unwrap();
        let large = measure(10_000).await.unwrap();
        let reads = |cost: &Cost| cost.reads;
        assert!((reads(&small) - reads(&large)).abs() / reads(&small) < 0.05, "{small:?} {large:?}");
    }
}
