//! The packing bench: `/v1/orders/{order}/packing`. What is scanned into parcels is checked and kept, and where labels
//! wait for that, they are bought. Nothing in it names a person.

use crate::Env;
use crate::answer::{BAD_PLACE, Stop};
use crate::body::Told;
use crate::caller::Caller;
use crate::dry_run::order_of;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use waybill_domain::WarehouseId;
use waybill_domain::access::Action;
use waybill_domain::boxes::{BoxKind, Goods, Suggestion, suggest};
use waybill_domain::catalogue::{Invalid, Sku};
use waybill_domain::intake::SWEEP_AFTER;
use waybill_domain::order::Order;
use waybill_domain::packing::{Packed, by_warehouse, waits, weigh};
use waybill_domain::picking::{Mismatch, check};
use waybill_domain::service::MOST_PARCELS;
use waybill_domain::time::after;
use waybill_store::work::stages;
use waybill_store::{Queue, StoreError, Work};

/// How often a check is kept anew when the order changed meanwhile.
const TRIES: usize = 5;

/// What one warehouse's parcels for an order should hold.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Packing {
    /// From where.
    pub warehouse: WarehouseId,
    /// Pieces by SKU.
    pub goods: BTreeMap<String, i64>,
    /// In which boxes.
    pub boxes: Suggestion,
}

/// Suggests boxes for what an order holds.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn boxes(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Vec<Packing>>, Stop> {
    let merchant = caller.may(&env, Action::ReadStock)?;
    let order = order_of(&env, merchant, path).await?;
    let kinds = env.db.places(merchant).await?.policy.boxes;
    let mut all = Vec::new();
    for (warehouse, goods) in by_warehouse(&order) {
        let names: Vec<String> = goods.keys().cloned().collect();
        let known = env.db.skus(merchant, &names).await?;
        let one = |(sku, pieces): (&String, &i64)| {
            let entered = known.iter().find(|k| k.sku == *sku);
            Goods {
                sku: sku.clone(),
                quantity: u32::try_from(*pieces).unwrap_or_default(),
                grams: entered.map_or(0, |k| k.grams),
                size: entered.and_then(|k| k.size),
            }
        };
        let packed: Vec<Goods> = goods.iter().map(one).collect();
        all.push(Packing { warehouse, boxes: suggest(&packed, &kinds), goods });
    }
    Ok(Json(all))
}

/// What a parcel was packed in.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[schemars(rename = "PackedBox")]
#[serde(default, deny_unknown_fields)]
pub struct Boxed {
    /// A box of the policy; none for goods in their own packaging.
    pub(crate) name: Option<String>,
    /// What the scales say, in grams; reckoned from the catalogue and the box when absent.
    pub(crate) grams: Option<u32>,
}

/// What was scanned into the parcels of one shipment.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "PackedParcels")]
#[serde(deny_unknown_fields)]
pub struct Scanned {
    pub(crate) warehouse: WarehouseId,
    /// Each parcel's pieces, by barcode or SKU.
    pub(crate) parcels: Vec<BTreeMap<String, i64>>,
    /// What each of them was packed in, in the same order; none, when nobody said.
    #[serde(default)]
    pub(crate) boxes: Vec<Boxed>,
}

/// What the check says.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PackingChecked")]
pub struct Checked {
    /// Close the parcels.
    pub right: bool,
    /// What differs.
    pub differences: Vec<Mismatch>,
    /// The parcels as they are kept, when all is right.
    pub parcels: Vec<Packed>,
    /// Labels are bought now: nothing else of the order is left to pack.
    pub books: bool,
}

/// Checks what was packed, and keeps it when it is right. An order whose labels waited for that is booked once every
/// warehouse has packed its part.
///
/// # Errors
/// `no_access`, `not_allowed`, `bad_body`, `invalid_field`, `not_found`, `bad_place`, `busy`, `unavailable`.
pub async fn pack(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    Told(body): Told<Scanned>,
) -> Result<Json<Checked>, Stop> {
    let merchant = caller.may(&env, Action::WorkStock)?;
    let mut order = order_of(&env, merchant, path).await?;
    for _ in 0..TRIES {
        let wanted = by_warehouse(&order).remove(&body.warehouse).ok_or(BAD_PLACE)?;
        let names: Vec<String> = wanted.keys().cloned().collect();
        let known = env.db.skus(merchant, &names).await?;
        let parcels = named(&body.parcels, &known);
        let differences = check(&wanted, &parcels);
        if !differences.is_empty() {
            return Ok(Json(Checked { right: false, differences, parcels: Vec::new(), books: false }));
        }
        let kinds = env.db.places(merchant).await?.policy.boxes;
        let parcels = closed(&order, parcels, &body.boxes, &kinds, &known)?;
        match keep(&env, order.clone(), &body.warehouse, &parcels).await {
            Ok(books) => return Ok(Json(Checked { right: true, differences, parcels, books })),
            Err(Stop::Store(StoreError::Condition { .. })) => {
                order = env.db.order(&order.id).await?.ok_or(BAD_PLACE)?;
            }
            Err(stop) => return Err(stop),
        }
    }
    Err(StoreError::Conflict.into())
}

/// Each parcel's pieces by SKU.
fn named(parcels: &[BTreeMap<String, i64>], known: &[Sku]) -> Vec<BTreeMap<String, i64>> {
    let sku_of = |code: &str| {
        let by_code = known.iter().find(|sku| sku.barcodes.iter().any(|b| b == code));
        by_code.map_or_else(|| code.to_owned(), |sku| sku.sku.clone())
    };
    let one = |parcel: &BTreeMap<String, i64>| {
        let mut named: BTreeMap<String, i64> = BTreeMap::new();
        for (code, pieces) in parcel {
            *named.entry(sku_of(code)).or_default() += pieces;
        }
        named.retain(|_, pieces| *pieces != 0);
        named
    };
    parcels.iter().map(one).collect()
}

/// The parcels with their boxes and weights.
fn closed(
    order: &Order,
    parcels: Vec<BTreeMap<String, i64>>,
    boxes: &[Boxed],
    kinds: &[BoxKind],
    known: &[Sku],
) -> Result<Vec<Packed>, Invalid> {
    let must = |holds: bool, field, must| if holds { Ok(()) } else { Err(Invalid { field, must }) };
    let most = usize::try_from(MOST_PARCELS).unwrap_or(usize::MAX);
    must((1..=most).contains(&parcels.len()), "parcels", "1 to 10 parcels")?;
    must(
        parcels.iter().all(|p| !p.is_empty() && p.values().all(|n| *n > 0)),
        "parcels",
        "parcels with something in them",
    )?;
    must(boxes.is_empty() || boxes.len() == parcels.len(), "boxes", "one for each parcel, or none at all")?;
    must(boxes.iter().all(|one| one.grams != Some(0)), "boxes", "of one gram at least")?;
    let piece = |sku: &String| {
        let entered =
            known.iter().find(|one| one.sku == *sku).map(|one| one.grams).filter(|grams| *grams > 0);
        let said = order.lines.iter().find(|line| line.sku.as_ref() == Some(sku)).map(|line| line.grams);
        entered.or(said).unwrap_or_default()
    };
    let mut all = Vec::with_capacity(parcels.len());
    for (n, goods) in parcels.into_iter().enumerate() {
        let Boxed { name, grams } = boxes.get(n).cloned().unwrap_or_default();
        let kind = name.as_ref().and_then(|name| kinds.iter().find(|kind| kind.name == *name));
        must(name.is_none() || kind.is_some(), "boxes", "boxes of the policy, by name")?;
        let of = |(sku, pieces): (&String, &i64)| {
            piece(sku).saturating_mul(u32::try_from(*pieces).unwrap_or(u32::MAX))
        };
        let inside = goods.iter().map(of).fold(0, u32::saturating_add);
        all.push(Packed { grams: grams.unwrap_or_else(|| weigh(inside, kind)), goods, name });
    }
    Ok(all)
}

/// Keeps the parcels of a warehouse; true when that was all the order's labels waited for.
async fn keep(
    env: &Env,
    mut order: Order,
    warehouse: &WarehouseId,
    parcels: &[Packed],
) -> Result<bool, Stop> {
    let now: Timestamp = env.clock.read();
    let waited = waits(&order);
    if order.bench.parcels(warehouse) != parcels && order.holds_stock() {
        order.bench.packed.insert(warehouse.clone(), parcels.to_vec());
    } else if !waited && !stages(&order).contains(&Queue::Book) {
        return Ok(false);
    }
    let books = order.bench.first && stages(&order).contains(&Queue::Book);
    if books {
        // Should the message be lost, the clock sends another.
        order.due_at = Some(after(now, SWEEP_AFTER));
    }
    env.db.save_order(&mut order).await?;
    if books {
        env.queues.send(Queue::Book, &[Work::Order { order: order.id, at: now }], 0).await?;
    }
    Ok(books)
}
