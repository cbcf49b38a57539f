//! Sources, reservations and what can be sold.
//!
//! What can be sold is the sum of the sources and the reservations, which are negative: an open order holds one
//! from the moment it is placed until it ships or is cancelled.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Account, Refusal, whole};
use crate::invent;
use crate::wire::Call;

/// The source every shop has.
pub const DEFAULT: &str = "default";

/// A shop's stock.
#[derive(Debug)]
pub struct Stock {
    /// Pieces by SKU and source.
    pub sources: BTreeMap<(String, String), i64>,
    /// Pieces by SKU, negative while they are promised.
    pub reservations: BTreeMap<String, i64>,
    /// Shipments for which a source had too little.
    pub short: u64,
    known: BTreeSet<String>,
}

impl Default for Stock {
    /// The invented catalogue, nothing of it there.
    fn default() -> Self {
        let known: BTreeSet<String> = invent::catalogue().iter().map(|one| one.sku.to_owned()).collect();
        let sources = known.iter().map(|sku| ((sku.clone(), DEFAULT.to_owned()), 0)).collect();
        Self { sources, reservations: BTreeMap::new(), short: 0, known }
    }
}

impl Stock {
    /// Makes a product known.
    pub fn know(&mut self, sku: &str) {
        self.known.insert(sku.to_owned());
    }

    /// Promises pieces, or takes a promise back when negative.
    pub fn reserve(&mut self, sku: &str, pieces: i64) {
        *self.reservations.entry(sku.to_owned()).or_default() -= pieces;
    }

    /// Lowers a source for pieces that left and ends their promise.
    pub fn ship(&mut self, sku: &str, source: &str, pieces: i64) {
        let there = self.sources.entry((sku.to_owned(), source.to_owned())).or_default();
        if *there < pieces {
            self.short += 1;
        }
        *there = (*there - pieces).max(0);
        self.reserve(sku, -pieces);
    }

    /// Pieces at a source.
    pub fn at(&self, sku: &str, source: &str) -> i64 {
        self.sources.get(&(sku.to_owned(), source.to_owned())).copied().unwrap_or(0)
    }

    /// What can be sold.
    pub fn salable(&self, sku: &str) -> i64 {
        let there: i64 = self.sources.iter().filter(|((of, _), _)| of == sku).map(|(_, pieces)| pieces).sum();
        there + self.reservations.get(sku).copied().unwrap_or(0)
    }

    /// As REST lists source items.
    pub(super) fn rows(&self) -> Vec<Value> {
        let row = |((sku, source), pieces): (&(String, String), &i64)| json!({"sku": sku, "source_code": source, "quantity": pieces, "status": i32::from(*pieces > 0)});
        self.sources.iter().map(row).collect()
    }
}

/// `POST /V1/inventory/source-items`: all or nothing.
pub(super) fn set(account: &mut Account, call: &Call) -> Result<Value, Refusal> {
    if !account.config.multi_source {
        return Err(Refusal::new(404, "Request does not match any route."));
    }
    let body: Value = serde_json::from_slice(&call.body).map_err(|_| Refusal::new(400, "Decoding error."))?;
    let Some(items) = body["sourceItems"].as_array().filter(|items| !items.is_empty()) else {
        return Err(Refusal::new(400, "Input data is empty"));
    };
    let mut sets = Vec::new();
    for item in items {
        let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
        let (sku, source) = (text("sku"), text("source_code"));
        let wrong = if !account.stock.known.contains(&sku) {
            Some("sku")
        } else if !account.config.sources.contains(&source) {
            Some("source_code")
        } else if !item["quantity"].as_f64().is_some_and(|pieces| pieces >= 0.0) {
            Some("quantity")
        } else if !matches!(item["status"].as_i64(), Some(0 | 1)) {
            Some("status")
        } else {
            None
        };
        if let Some(field) = wrong {
            let refusal = Refusal::new(400, "Could not save Source Item: \"%field\" is not valid");
            return Err(refusal.with(json!({"field": field})));
        }
        sets.push(((sku, source), whole(&item["quantity"])));
    }
    account.stock_sets += sets.len() as u64;
    account.stock.sources.extend(sets);
    Ok(json!([]))
}

/// `GET /V1/inventory/get-product-salable-quantity/{sku}/{stockId}`: a bare number.
pub(super) fn salable(account: &Account, sku: &str) -> Result<Value, Refusal> {
    if account.stock.known.contains(sku) {
        Ok(json!(account.stock.salable(sku)))
    } else {
        Err(Refusal::missing())
    }
}
