//! The result: every number read back from tables, bucket, sandbox and CloudTrail, and the promises it must keep.

use super::calls::Calls;
use super::say;
use super::standing::Standing;
use super::{carriers, channels, drill, goods};
use crate::canary;
use crate::seed::SHOP;
use crate::stack::{Stack, Trouble};
use serde_json::{Value, json};
use waybill_domain::order::Status;

/// What the summary is made from.
pub(super) struct Readings<'a> {
    pub(super) live: &'a Standing,
    pub(super) delivered: &'a Standing,
    pub(super) forgotten: &'a Standing,
    pub(super) before: &'a canary::Report,
    pub(super) after: &'a canary::Report,
    pub(super) calls: &'a Calls,
    pub(super) placed: &'a channels::Placed,
    pub(super) differences: usize,
    pub(super) drill: &'a Value,
    pub(super) erasure: &'a Value,
    pub(super) seconds: f64,
}

/// The numbers.
pub(super) struct Summary {
    fields: Vec<(&'static str, Value)>,
}

impl Summary {
    /// Reads what is still to be read, from the sandbox.
    pub(super) async fn read(stack: &Stack, r: &Readings<'_>) -> Result<Self, Trouble> {
        let shop = stack.control("GET", "state?brief=true", &Value::Null).await?;
        let count = |path: &str| shop.pointer(path).and_then(Value::as_u64).unwrap_or(0);
        let reserved = r.live.reserved_for();
        let of = |status: Status| r.live.orders.iter().filter(move |o| o.status == status);
        let never = |status: Status| of(status).filter(|o| !reserved.contains(o.id.as_str())).count();
        let delivered = r.delivered.orders.iter().filter(|o| o.status == Status::Delivered).count();
        let resurrected = r.forgotten.orders.len() - r.forgotten.erased()
            + r.forgotten.live_keys
            + r.forgotten.sealed
            + r.forgotten.documents;
        let oversold = r.live.unsound_levels() + r.forgotten.unsound_levels();
        let stored = r.live.orders.len();
        let orders_in = count(&format!("/shops/{SHOP}/orders"));
        let per_order = |n: f64| if stored == 0 { 0.0 } else { n / stored as f64 };
        let round = |n: f64| json!((n * 100.0).round() / 100.0);
        let fetched: usize = r.placed.values().sum();
        let (parcels, twice) = carriers::at_carriers(&shop);
        let by_channel = channels::report(stack, r.live, r.forgotten, orders_in, r.placed).await?;
        let fields = vec![
            ("orders_in", json!(orders_in + fetched as u64 + count("/webhooks/answered_401"))),
            ("unique", json!(count("/webhooks/orders_accepted") + fetched as u64)),
            ("stored", json!(stored)),
            ("rejected", json!(count("/webhooks/answered_401"))),
            ("allocated", json!(reserved.len())),
            ("backordered", json!(never(Status::Backordered))),
            ("held", json!(never(Status::Held))),
            ("cancelled_before_allocation", json!(never(Status::Cancelled))),
            ("labels", json!(r.live.labelled())),
            ("parcels_at_carrier", json!(parcels)),
            ("booked_twice", json!(twice)),
            ("written_back", json!(r.live.written_back())),
            ("write_back_refused", json!(r.live.write_back_refused())),
            ("void_refused", json!(r.live.void_refused())),
            ("delivered", json!(delivered)),
            ("forgotten", json!(r.forgotten.erased().min(r.forgotten.fences))),
            ("resurrected", json!(resurrected)),
            ("oversold", json!(oversold)),
            ("stock_differences", json!(r.differences)),
            ("canary_hits", json!(r.before.hits() + r.after.hits())),
            ("canary_sinks", json!(r.after.sinks.len())),
            ("aws_calls_per_order", round(per_order(r.calls.total() as f64))),
            ("usd_per_million", round(per_order(r.calls.usd()) * 1e6)),
            ("stock", goods::report(stack, r.live).await?),
            ("channels", by_channel),
            ("carriers", carriers::report(r.live, r.delivered)),
            ("breach_drill", r.drill.clone()),
            ("erasure", r.erasure.clone()),
            ("contracts", shop["contracts"].clone()),
            ("seconds", round(r.seconds)),
        ];
        Ok(Self { fields })
    }

    /// One number; 0 when there is none by that name.
    pub(super) fn number(&self, name: &str) -> f64 {
        self.fields.iter().find(|(n, _)| *n == name).and_then(|(_, v)| v.as_f64()).unwrap_or(0.0)
    }

    /// All of them, in order.
    pub(super) fn fields(&self) -> &[(&'static str, Value)] {
        &self.fields
    }

    /// What a part of the demo reports of itself.
    fn report(&self, name: &str) -> &Value {
        self.fields.iter().find(|(n, _)| *n == name).map_or(&Value::Null, |(_, report)| report)
    }

    /// True when this number of every channel is above 0.
    fn every_channel(&self, name: &str) -> bool {
        self.report("channels")
            .as_object()
            .is_some_and(|all| all.values().all(|one| one[name].as_u64().is_some_and(|n| n > 0)))
    }

    /// Promises that were not kept, in words.
    pub(super) fn broken(&self) -> Vec<String> {
        let n = |name: &str| self.number(name);
        let sum = n("allocated") + n("backordered") + n("held") + n("cancelled_before_allocation");
        let checks = [
            (n("unique") == n("stored"), "every accepted order is stored once"),
            (
                n("stored") == sum,
                "every stored order is allocated, backordered, held or was cancelled before",
            ),
            (n("labels") == n("parcels_at_carrier"), "every label is one parcel at the carrier"),
            (n("booked_twice") == 0.0, "nothing is booked twice"),
            (
                n("written_back") + n("write_back_refused") + n("void_refused") == n("labels"),
                "the shop knows every label, or a person knows why not",
            ),
            (n("forgotten") == n("stored"), "every stored order is forgotten in the end"),
            (n("resurrected") == 0.0, "nobody comes back"),
            (n("oversold") == 0.0, "nothing is oversold"),
            (n("stock_differences") == 0.0, "stock is what its movements say"),
            (n("canary_hits") == 0.0, "nobody is found in the clear"),
            (
                self.report("contracts")["invalid"].as_array().is_none_or(Vec::is_empty),
                "every request is what the official specifications say",
            ),
            (self.report("erasure")["done"].as_u64() > Some(0), "who asks to be forgotten is"),
            (self.every_channel("stock_pushed"), "every channel is told of stock"),
        ];
        let kept = |(kept, promise): (bool, &str)| (!kept).then(|| promise.to_owned());
        let drill = drill::broken(self.report("breach_drill")).into_iter().collect();
        let parts = [drill, carriers::broken(self.report("carriers")), goods::broken(self.report("stock"))];
        checks.into_iter().filter_map(kept).chain(parts.into_iter().flatten()).collect()
    }

    /// The table at the end.
    pub(super) fn print(&self) {
        say("");
        for (name, value) in &self.fields {
            say(&format!("  {:<28} {value}", name.replace('_', " ")));
        }
    }

    /// One line of JSON.
    pub(super) fn json(&self) -> String {
        let pairs: Vec<String> =
            self.fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", pairs.join(","))
    }
}
