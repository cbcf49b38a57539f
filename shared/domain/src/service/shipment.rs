//! From one shipment of an order to what the ladder is asked.

use super::ask::{Ask, Goods, Size};
use super::ladder::{Explanation, Shipping};
use crate::booking::Planned;
use crate::customs::Product;
use crate::order::{Line, Order};
use jiff::Timestamp;

/// Walks the merchant's ladder for one shipment; `None` when the order goes nowhere. Calls nobody.
pub fn explain(
    order: &Order,
    shipping: &Shipping,
    plan: &Planned,
    products: &[Product],
    now: Timestamp,
) -> Option<Explanation> {
    let pieces: Vec<(&Line, u32)> = plan
        .lines
        .iter()
        .filter_map(|(id, pieces)| Some((order.lines.iter().find(|line| line.id == *id)?, *pieces)))
        .collect();
    let of = |line: &Line| products.iter().find(|p| Some(&p.sku) == line.sku.as_ref());
    let goods = |(line, _): &(&Line, u32)| {
        let tags = of(line).map(|product| product.tags.clone()).unwrap_or_default();
        Goods { sku: line.sku.clone().unwrap_or_default(), tags }
    };
    let goods: Vec<Goods> = pieces.iter().map(goods).collect();
    let ask = Ask {
        wish: order.wish.as_ref(),
        channel: order.channel,
        to: order.destination.as_ref()?,
        grams: plan.grams,
        size: size(&pieces, of),
        value: pieces.iter().map(|(line, pieces)| line.price * rust_decimal::Decimal::from(*pieces)).sum(),
        currency: &order.total.currency,
        goods: &goods,
        at: now,
    };
    Some(shipping.explain(&ask))
}

/// The measures of the package: those of the goods when there is one piece. How several are packed is not known.
fn size<'a>(pieces: &[(&Line, u32)], of: impl Fn(&Line) -> Option<&'a Product>) -> Option<Size> {
    match pieces {
        [(line, 1)] => of(line)?.size,
        _ => None,
    }
}
