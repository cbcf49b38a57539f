//! What shop, buyers and staff do in a run.

use jiff::{SignedDuration, Timestamp};
use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use waybill_domain::time::after;
use waybill_sandbox::invent::{self, Kind, Mix};

/// Begins every personal text in a run, so that a copy in plain is found wherever it is.
pub const TOKEN: &str = "qzx9v";
/// Topic of the signed body that nobody can read.
pub const UNREADABLE: &str = "orders/paid";

/// One thing somebody does. Orders are named by their place in the order of invention.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// A buyer places an order.
    Place(usize, Box<Value>),
    /// The merchant changes quantities.
    Edit(usize),
    /// The buyer corrects the address.
    Address(usize),
    /// Something else about the order changes.
    Touch(usize),
    /// The order is cancelled.
    Cancel(usize),
    /// The shop holds the goods back, or lets them go.
    Hold(usize, bool),
    /// The buyer asks to be forgotten.
    Redact(usize),
    /// The shop sends an earlier version once more.
    Stale(usize),
    /// A delivery of long ago arrives again.
    Replay,
    /// Goods arrive.
    Receive(u32),
    /// Staff want the label of an order undone.
    Void(usize),
    /// Staff say whether an order whose label was undone is booked again.
    AfterVoid(usize),
    /// Something is done in the warehouse.
    Warehouse(u32),
    /// The merchant removes the app.
    Uninstall,
    /// Two days later the shop's data is to go.
    ShopRedact,
    /// Somebody sends a body with a wrong signature.
    Forge,
    /// The shop signs a body that makes no sense.
    Garble(u32),
    /// A planted bug: fences fall.
    DropFence,
}

/// Orders of a run: what buyers write holds [`TOKEN`].
fn invent(rng: &mut StdRng, seed: u64, orders: usize) -> Vec<Value> {
    use Kind::{
        BeyondStock, DigitalOnly, Gift, MixedDigital, NoAddress, NonAscii, Pickup, Plain, SeveralLines, Test,
    };
    let mix = Mix::of(&[
        (Plain, 30),
        (SeveralLines, 40),
        (NonAscii, 5),
        (Gift, 4),
        (MixedDigital, 6),
        (DigitalOnly, 3),
        (NoAddress, 4),
        (Pickup, 3),
        (BeyondStock, 3),
        (Test, 2),
    ]);
    let mut made: Vec<Value> = invent::orders(seed % 1_000_000, orders, &mix, invent::catalogue())
        .into_iter()
        .map(|o| o.order)
        .collect();
    let mut last: Option<Value> = None;
    for order in &mut made {
        let mark = format!("{TOKEN}{:08x}", rng.random::<u32>());
        for name in ["email", "contact_email", "note"] {
            brand(&mut order[name], &mark);
        }
        for name in ["shipping_address", "billing_address", "customer"] {
            brand_all(&mut order[name], &mark);
        }
        brand_all(&mut order["customer"]["default_address"], &mark);
        // Some buyers come back.
        if let Some(before) = last.as_ref().filter(|_| order["email"].is_string() && rng.random_ratio(1, 5)) {
            order["email"] = before.clone();
            order["contact_email"] = before.clone();
        }
        if order["email"].is_string() {
            last = Some(order["email"].clone());
        }
    }
    made
}

fn brand(value: &mut Value, mark: &str) {
    if let Some(text) = value.as_str().filter(|text| !text.is_empty()) {
        let joint = if text.contains('@') { "." } else { " " };
        *value = json!(format!("{mark}{joint}{text}"));
    }
}

fn brand_all(object: &mut Value, mark: &str) {
    if let Some(fields) = object.as_object_mut() {
        for name in ["first_name", "last_name", "name", "company", "address1", "address2", "city", "email"] {
            if let Some(value) = fields.get_mut(name) {
                brand(value, mark);
            }
        }
    }
}

/// Writes the script of a run: its first half hour and what follows from it.
pub fn write(rng: &mut StdRng, seed: u64, orders: usize, start: Timestamp) -> Vec<(Timestamp, Act)> {
    let mut script = Vec::new();
    let minutes = |rng: &mut StdRng, from: Timestamp, most: i64| {
        after(from, SignedDuration::from_millis(rng.random_range(0..most * 60_000)))
    };
    for (n, order) in invent(rng, seed, orders).into_iter().enumerate() {
        let placed = minutes(rng, start, 8);
        script.push((placed, Act::Place(n, Box::new(order))));
        let mut maybe = |one_in: u32, most: i64, act: Act| {
            if rng.random_ratio(1, one_in) {
                script.push((minutes(rng, placed, most), act));
            }
        };
        maybe(3, 10, Act::Edit(n));
        maybe(5, 20, Act::Edit(n));
        maybe(5, 15, Act::Address(n));
        maybe(4, 15, Act::Touch(n));
        maybe(5, 4, Act::Cancel(n));
        maybe(8, 20, Act::Cancel(n));
        maybe(3, 12, Act::Stale(n));
        maybe(15, 25, Act::Redact(n));
        maybe(3, 25, Act::Replay);
        if rng.random_ratio(1, 15) {
            let held = minutes(rng, placed, 10);
            script.push((held, Act::Hold(n, true)));
            script.push((minutes(rng, held, 10), Act::Hold(n, false)));
        }
    }
    for n in 0..rng.random_range(0..3) {
        script.push((minutes(rng, start, 60), Act::Receive(n)));
    }
    for n in 0..rng.random_range(6..16) {
        script.push((minutes(rng, start, 60), Act::Warehouse(n)));
    }
    script.push((minutes(rng, start, 20), Act::Forge));
    if rng.random_ratio(1, 6) {
        script.push((minutes(rng, start, 20), Act::Garble(rng.random())));
    }
    if rng.random_ratio(1, 10) {
        let gone = minutes(rng, after(start, SignedDuration::from_mins(4)), 30);
        script.push((gone, Act::Uninstall));
        script.push((after(gone, SignedDuration::from_hours(48)), Act::ShopRedact));
    }
    for n in 0..orders {
        if rng.random_ratio(1, 2) {
            let asked = minutes(rng, after(start, SignedDuration::from_mins(4)), 26);
            script.push((asked, Act::Void(n)));
            script.push((minutes(rng, asked, 12), Act::AfterVoid(n)));
        }
    }
    script.sort_by_key(|(at, _)| *at);
    script
}

/// The articles that are ordered and shipped.
pub fn skus(script: &[(Timestamp, Act)]) -> BTreeSet<String> {
    let bodies = script.iter().filter_map(|(_, act)| match act {
        Act::Place(_, body) => body["line_items"].as_array(),
        _ => None,
    });
    let shipped = bodies.flatten().filter(|line| line["requires_shipping"] != json!(false));
    shipped.filter_map(|line| line["sku"].as_str()).map(str::to_owned).collect()
}
