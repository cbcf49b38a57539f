//! From an order's plan to its shipments: the service of each, and what customs must be told.

use crate::Env;
use jiff::Timestamp;
use std::collections::BTreeSet;
use waybill_domain::booking::Planned;
use waybill_domain::customs::{self, Content, Product};
use waybill_domain::exception::Reason;
use waybill_domain::order::Order;
use waybill_domain::service::{Explanation, Shipping, Verdict, explain};
use waybill_domain::shipment::{Booking, LabelFormat, Shipment, Transit, WriteBack};
use waybill_runtime::Failure;
use waybill_store::registry::Merchant;

/// What the catalogue says of an order's goods; read only where a rule or customs ask for it.
pub(crate) async fn products(env: &Env, order: &Order, merchant: &Merchant) -> Result<Vec<Product>, Failure> {
    let declared = order.destination.as_ref().is_some_and(customs::needed);
    if !declared && !merchant.services.looks_at_products() {
        return Ok(Vec::new());
    }
    let skus: BTreeSet<String> = order.lines.iter().filter_map(|line| line.sku.clone()).collect();
    Ok(env.db.products(&order.merchant, &skus.into_iter().collect::<Vec<_>>()).await?)
}

/// The shipment of a plan.
///
/// # Errors
/// The reason for a person and, for an order that no service takes, the rows that were nearest.
pub(crate) fn new_shipment(
    order: &Order,
    shipping: &Shipping,
    plan: &Planned,
    products: &[Product],
    now: Timestamp,
) -> Result<Shipment, (Reason, Option<String>)> {
    let told = explain(order, shipping, plan, products, now).ok_or((Reason::MissingAddress, None))?;
    let way = told.chosen.clone().ok_or_else(|| (Reason::NoService, why_not(&told)))?;
    if way.parcel_grams.is_some_and(|most| plan.weights.iter().any(|grams| *grams > most)) {
        return Err((Reason::NoService, Some("parcel_too_heavy".to_owned())));
    }
    let parcels = if plan.weights.is_empty() {
        told.parcels
    } else {
        u32::try_from(plan.weights.len()).unwrap_or(u32::MAX)
    };
    Ok(Shipment {
        id: plan.id.clone(),
        order: order.id.clone(),
        merchant: order.merchant.clone(),
        warehouse: plan.warehouse.clone(),
        carrier: way.connection,
        service: way.service,
        lines: plan.lines.clone(),
        grams: plan.grams,
        parcels,
        weights: plan.weights.clone(),
        reference: plan.reference(),
        booking: Booking::Planned,
        write_back: WriteBack::Pending,
        transit: Transit::Pending,
        disclosed: Vec::new(),
        label_format: LabelFormat::default(),
        labelled_at: None,
        papers: Vec::new(),
        delivered_at: None,
        seen_at: None,
        rev: 0,
    })
}

/// The rows that did not take it, by rung, place and reason: `rule 0 too_heavy`.
fn why_not(told: &Explanation) -> Option<String> {
    let word = |value: &dyn std::fmt::Debug| {
        let mut text = String::new();
        for (n, c) in format!("{value:?}").chars().enumerate() {
            if c.is_ascii_uppercase() && n > 0 {
                text.push('_');
            }
            text.push(c.to_ascii_lowercase());
        }
        text
    };
    let row = |row: &waybill_domain::service::Judged| match row.verdict {
        Verdict::Lost(why) => Some(format!("{} {} {}", word(&row.rung), row.place, word(&why))),
        Verdict::Won | Verdict::NotReached => None,
    };
    let rows: Vec<String> = told.rows.iter().filter_map(row).take(8).collect();
    (!rows.is_empty()).then(|| rows.join(", "))
}

/// The goods of a shipment as customs are told of them; `None` where customs need nothing.
///
/// # Errors
/// The SKU and what it lacks.
pub(crate) fn declared(
    order: &Order,
    shipment: &Shipment,
    products: &[Product],
) -> Result<Option<Vec<Content>>, String> {
    if !order.destination.as_ref().is_some_and(customs::needed) {
        return Ok(None);
    }
    customs::contents(order, &shipment.lines, products).map(Some).map_err(|lacking| lacking.to_string())
}
