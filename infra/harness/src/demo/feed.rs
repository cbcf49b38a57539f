//! What the shop sends: orders of every kind, each delivery twice and out of turn, some forged, some cancelled.

use super::{Options, channels, say};
use crate::canary::{Token, personal_tokens};
use crate::seed::SHOP;
use crate::stack::{Stack, Trouble};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Deliveries with a wrong signature, of orders that the shop does not have: had it, we would read them there.
const FORGED: usize = 5;
/// Orders that are cancelled: half of them before they can be allocated, the rest whenever it happens to be.
const CANCELLED: usize = 10;
/// Orders that are changed right after they were placed.
const UPDATED: usize = 20;

/// What was fed.
pub(super) struct Fed {
    /// Orders of the shop that were really sent by it.
    honest: Vec<i64>,
    /// The personal values of all of them.
    pub(super) tokens: Vec<Token>,
}

/// Has the shop place its orders and send its webhooks.
pub(super) async fn feed(stack: &Stack, options: &Options) -> Result<Fed, Trouble> {
    // The documented limit of five calls a second would make this a demo of waiting.
    let limits =
        json!({"shopify_cost": true, "click_and_drop_per_second": null, "tracking_per_second": null});
    stack.control("PUT", "limits", &limits).await?;
    stack.control("PUT", "sending", &json!({"paused": true})).await?;
    let invented = stack
        .control(
            "POST",
            "invent",
            &json!({"shop": SHOP, "seed": options.seed, "count": channels::shopifys(options)}),
        )
        .await?;
    let ids: Vec<i64> =
        invented["orders"].as_array().into_iter().flatten().filter_map(|o| o["id"].as_i64()).collect();
    let mut tokens = Vec::new();
    for id in &ids {
        let order = stack.control("GET", &format!("orders/{SHOP}/{id}"), &Value::Null).await?;
        tokens.extend(personal_tokens(&order["order"]));
    }
    let (forged, honest) = ids.split_at(FORGED.min(ids.len()));
    deliver(stack, "orders/create", forged, json!({"wrong_signature": true})).await?;
    for id in forged {
        stack.control("POST", &format!("orders/{SHOP}/{id}/delete"), &json!({})).await?;
    }
    deliver(stack, "orders/create", honest, json!({"copies": 2})).await?;
    for id in honest.iter().rev().take(UPDATED) {
        let changed = json!({"address2": "Flat 2"});
        stack.control("POST", &format!("orders/{SHOP}/{id}/address"), &changed).await?;
        deliver(stack, "orders/updated", &[*id], json!({"copies": 2})).await?;
    }
    let early: Vec<i64> = honest.iter().copied().take(CANCELLED / 2).collect();
    for id in &early {
        cancel(stack, *id).await?;
    }
    deliver(stack, "orders/cancelled", &early, json!({"shuffle": true})).await?;
    stack.control("PUT", "sending", &json!({"paused": false, "concurrency": 8})).await?;
    // The others wherever they are by then; the shop itself refuses to cancel what it knows to be on its way.
    let mut late = 0;
    for id in honest.iter().rev().skip(UPDATED) {
        if late == CANCELLED - early.len() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1500)).await;
        if cancel(stack, *id).await.is_ok() {
            deliver(stack, "orders/cancelled", &[*id], json!({"copies": 2})).await?;
            late += 1;
        }
    }
    Ok(Fed { honest: honest.to_vec(), tokens })
}

async fn cancel(stack: &Stack, id: i64) -> Result<(), Trouble> {
    stack.control("POST", &format!("orders/{SHOP}/{id}/cancel"), &json!({"reason": "customer"})).await?;
    Ok(())
}

async fn deliver(stack: &Stack, topic: &str, orders: &[i64], how: Value) -> Result<(), Trouble> {
    let mut body = json!({"shop": SHOP, "topic": topic, "orders": orders});
    for (name, value) in how.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    stack.control("POST", "deliver", &body).await?;
    Ok(())
}

/// Waits until everything the shop has to send was answered.
pub(super) async fn delivered(stack: &Stack, patience: Duration) -> Result<(), Trouble> {
    let start = Instant::now();
    loop {
        let state = stack.control("GET", "state?brief=true", &Value::Null).await?;
        let sent = &state["webhooks"];
        let left = sent["waiting"].as_u64().unwrap_or(0) + sent["in_flight"].as_u64().unwrap_or(0);
        say(&format!(
            "     {:>4} delivered, {:>3} refused, {:>4} to go",
            sent["delivered"].as_u64().unwrap_or(0),
            sent["answered_4xx"].as_u64().unwrap_or(0),
            left
        ));
        if left == 0 {
            return Ok(());
        }
        if start.elapsed() > patience {
            return Err("the shop's webhooks are not all answered; look at the webhook function's log".into());
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

/// Sends every honest order again, as if for the first time.
pub(super) async fn replay(stack: &Stack, fed: &Fed, patience: Duration) -> Result<(), Trouble> {
    deliver(stack, "orders/create", &fed.honest, json!({"shuffle": true})).await?;
    deliver(stack, "orders/updated", &fed.honest, json!({"shuffle": true})).await?;
    delivered(stack, patience).await
}
