//! From Magento's order to ours (contract section 4). What is not named here is not kept.

use super::WeightUnit;
use super::wire::{Address, Item, List, Maybe, Order};
use crate::Normalised;
use crate::amount::{is_currency, money};
use crate::error::CannotRead;
use crate::lax::{Lax, Part};
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::BTreeMap;
use waybill_domain::intake::{Delivery, Incoming, IncomingLine, Readiness};
use waybill_domain::money::Money;
use waybill_domain::order::{Channel, ChannelRef, Destination};
use waybill_privacy::Recipient;
use waybill_privacy::Sensitive;
use waybill_privacy::recipient::Text;
use zeroize::Zeroizing;

/// The most rows an order may have, parts of bundles included.
const MOST_ROWS: usize = 1000;
/// Carriers take three street lines; a shop may be set to more.
const STREET_LINES: usize = 3;

/// The fields [`normalise`] reads, as a call asks for them: what is not asked for never arrives.
pub(super) const FIELDS: &str = "entity_id,increment_id,state,created_at,updated_at,relation_child_id,\
order_currency_code,grand_total,customer_email,\
items[item_id,parent_item_id,product_type,sku,is_virtual,weight,price,price_incl_tax,\
qty_ordered,qty_canceled,qty_refunded,qty_shipped],\
extension_attributes[pickup_location_code,shipping_assignments[shipping[method,\
address[firstname,middlename,lastname,company,street,city,region,postcode,country_id,telephone,email]]]]";

/// Normalises an order.
pub(super) fn normalise(order: Order, unit: WeightUnit) -> Result<Normalised, CannotRead> {
    let version = order.updated_at.need("updated_at")?.0;
    let state = order.state.may("state")?;
    // An edited order is cancelled and lives on as its child, which comes by itself.
    let replaced = order.relation_child_id.may("relation_child_id")?.is_some_and(|child| child != "0");
    let cancelled = replaced || matches!(state.as_deref(), Some("canceled" | "closed"));
    let mut lines = lines(order.items, unit)?;
    if cancelled {
        // What is not to be sent any more was not sent.
        lines.iter_mut().for_each(|l| l.sent = 0);
    }
    let extension = order.extension_attributes.hint().unwrap_or_default();
    let mut method = None;
    let mut address = None;
    for assignment in extension.shipping_assignments.all() {
        let shipping = assignment.hint().and_then(|a| a.shipping.hint());
        if let (Some(shipping), None) = (shipping, &address) {
            method = shipping.method.hint();
            address = shipping.address.hint();
        }
    }
    let at = extension.pickup_location_code.may("pickup_location_code")?;
    let pickup = at.is_some() || method.as_deref().is_some_and(|m| m.starts_with("instore_"));
    let delivery = if pickup { Delivery::Pickup } else { Delivery::Ship };
    let buyer = order.customer_email.may("customer_email")?;
    let place = address.map(place).transpose()?.flatten();
    let destination = place.as_ref().map(|p| p.destination.clone());
    let sent = lines.iter().any(|l| l.ships && l.quantity > 0);
    let recipient = match (place, delivery) {
        (Some(place), Delivery::Ship) if sent => {
            let mut who = place.who;
            who.email = who.email.or_else(|| buyer.clone());
            Some(who)
        }
        // What is collected has the shop's own address; a name is enough to hand it over.
        (Some(place), Delivery::Pickup) if sent => {
            place.who.name.map(|name| Recipient { name: Some(name), ..Recipient::default() })
        }
        _ => None,
    };
    let currency =
        is_currency(order.order_currency_code.need("order_currency_code")?, "order_currency_code")?;
    let incoming = Incoming {
        channel: Channel::Magento,
        channel_ref: ChannelRef {
            id: order.entity_id.need("entity_id")?.0,
            name: order.increment_id.may("increment_id")?,
        },
        version,
        placed_at: order.created_at.need("created_at")?.0,
        cancelled_at: cancelled.then_some(version),
        arrived_at: None,
        test: false,
        readiness: readiness(state.as_deref()),
        delivery,
        destination: if pickup { None } else { destination },
        lines,
        total: Money { amount: money(order.grand_total.need("grand_total")?), currency },
    };
    Ok(Normalised { incoming, recipient, buyer })
}

/// The state decides; the status is a merchant's label. A state nobody knows waits for someone to look.
fn readiness(state: Option<&str>) -> Readiness {
    match state {
        Some("processing" | "complete" | "closed" | "canceled") => Readiness::Ready,
        Some("new" | "pending_payment" | "payment_review") => Readiness::AwaitingPayment,
        _ => Readiness::OnHold,
    }
}

/// A deliverable address.
struct Place {
    destination: Destination,
    who: Recipient,
}

/// `None` for an address nobody can deliver to: without a country or any street line.
fn place(address: Address) -> Result<Option<Place>, CannotRead> {
    let mut street = Vec::new();
    for line in address.street.0 {
        street.extend(line.may("street")?);
    }
    let (Some(country), false) = (address.country_id.hint(), street.is_empty()) else { return Ok(None) };
    let country = country.0;
    let (postcode, area) = match address.postcode.may("postcode")? {
        Some(code) => (Some(code.text), code.area.filter(|_| country == "GB")),
        None => (None, None),
    };
    let who = Recipient {
        name: joined([address.firstname, address.middlename, address.lastname])?,
        company: address.company.may("company")?,
        lines: folded(street),
        city: address.city.may("city")?,
        region: address.region.may("region")?,
        postcode,
        country: Some(country.clone()),
        phone: address.telephone.may("telephone")?,
        email: address.email.may("email")?,
        gift_note: None,
    };
    Ok(Some(Place { destination: Destination { country, postcode_area: area }, who }))
}

fn joined(parts: [Lax<Part>; 3]) -> Result<Option<Text>, CannotRead> {
    let mut name = Zeroizing::new(String::new());
    for part in parts {
        let Some(part) = part.may("firstname")? else { continue };
        if !name.is_empty() {
            name.push(' ');
        }
        name.push_str(&part.0);
    }
    Ok((!name.is_empty()).then(|| Sensitive::new(String::clone(&name))))
}

/// Street lines, what is too many in the last of them.
fn folded(street: Vec<Part>) -> Vec<Text> {
    let mut lines: Vec<Zeroizing<String>> = Vec::new();
    for part in street {
        if lines.len() < STREET_LINES {
            lines.push(part.0);
        } else if let Some(last) = lines.last_mut() {
            last.push_str(", ");
            last.push_str(&part.0);
        }
    }
    lines.iter().map(|line| Sensitive::new(String::clone(line))).collect()
}

/// A row that can be used.
struct Row {
    id: String,
    parent: Option<String>,
    kind: Option<String>,
    sku: Option<String>,
    ships: bool,
    grams: u32,
    price: Decimal,
    ordered: Decimal,
    cancelled: Decimal,
    refunded: Decimal,
    shipped: Decimal,
}

fn row(item: Maybe<Item>, unit: WeightUnit) -> Result<Row, CannotRead> {
    let Maybe::Is(item) = item else { return Err(CannotRead::Field { field: "items" }) };
    let none = |quantity: Option<Decimal>| quantity.unwrap_or_default().max(Decimal::ZERO);
    let parent = match item.parent_item_id.may("items.parent_item_id")? {
        Some(parent) => Some(parent.0),
        None => match item.parent_item.hint() {
            Some(parent) => parent.item_id.may("items.parent_item.item_id")?.map(|id| id.0),
            None => None,
        },
    };
    let kind = item.product_type.may("items.product_type")?;
    let by_kind = !matches!(kind.as_deref(), Some("virtual" | "downloadable"));
    let price = match item.price_incl_tax.may("items.price_incl_tax")? {
        Some(price) => price,
        None => item.price.may("items.price")?.unwrap_or_default(),
    };
    Ok(Row {
        id: item.item_id.need("items.item_id")?.0,
        parent: parent.filter(|id| id != "0"),
        kind,
        sku: item.sku.may("items.sku")?,
        // When it does not say, someone looks at the parcel rather than nobody sending it.
        ships: item.is_virtual.may("items.is_virtual")?.map_or(by_kind, |is_virtual| !is_virtual.0),
        grams: item.weight.hint().and_then(|weight| grams(weight, unit)).unwrap_or(0),
        price: money(price),
        ordered: none(Some(item.qty_ordered.need("items.qty_ordered")?)),
        cancelled: none(item.qty_canceled.may("items.qty_canceled")?),
        refunded: none(item.qty_refunded.may("items.qty_refunded")?),
        shipped: none(item.qty_shipped.may("items.qty_shipped")?),
    })
}

/// A weight is optional to a shop and never a reason to refuse an order.
fn grams(weight: Decimal, unit: WeightUnit) -> Option<u32> {
    let one = match unit {
        WeightUnit::Kilograms => Decimal::ONE_THOUSAND,
        WeightUnit::Pounds => Decimal::new(45_359_237, 5),
    };
    let grams = weight.checked_mul(one)?;
    grams.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).try_into().ok()
}

/// Rows become lines: a row of its own as it is; a configurable and its one child as one line with the parent's
/// key, price and quantities and the child's SKU; a bundle as its children.
fn lines(items: List<Maybe<Item>>, unit: WeightUnit) -> Result<Vec<IncomingLine>, CannotRead> {
    let List::Is(items) = items else { return Err(CannotRead::Field { field: "items" }) };
    if items.len() > MOST_ROWS {
        return Err(CannotRead::TooMany { field: "items" });
    }
    let mut rows = items.into_iter().map(|item| row(item, unit)).collect::<Result<Vec<_>, _>>()?;
    // By number, so that the same order reads the same whichever way it came.
    rows.sort_by(|a, b| (a.id.len(), &a.id).cmp(&(b.id.len(), &b.id)));
    let known: BTreeMap<&str, ()> = rows.iter().map(|row| (row.id.as_str(), ())).collect();
    let above = |row: &Row| row.parent.clone().filter(|id| *id != row.id && known.contains_key(id.as_str()));
    let mut children: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for row in &rows {
        if let Some(parent) = above(row) {
            children.entry(parent).or_default().push(row);
        }
    }
    let mut lines = Vec::new();
    for row in rows.iter().filter(|row| above(row).is_none()) {
        match children.get(&row.id).map(Vec::as_slice) {
            None | Some([]) => lines.push(line(row, row, Decimal::ONE)?),
            Some([only]) if row.kind.as_deref() != Some("bundle") => {
                lines.push(line(row, only, Decimal::ONE)?)
            }
            Some(parts) => bundle(row, parts, &mut lines)?,
        }
    }
    lines.sort_by(|a, b| {
        (a.channel_line.len(), &a.channel_line).cmp(&(b.channel_line.len(), &b.channel_line))
    });
    Ok(lines)
}

/// A line that is told by two rows: one has the key and the price, the other what stands on the shelf.
/// Whichever of them counts cancelled, refunded and shipped pieces, the other may not; `per` is how many pieces
/// one of `key` holds.
fn line(key: &Row, goods: &Row, per: Decimal) -> Result<IncomingLine, CannotRead> {
    let both = |of: fn(&Row) -> Decimal, field| pieces(of(key).saturating_mul(per).max(of(goods)), field);
    let ordered = pieces(goods.ordered, "items.qty_ordered")?;
    let cancelled = both(|row| row.cancelled, "items.qty_canceled")?;
    let refunded = both(|row| row.refunded, "items.qty_refunded")?;
    let quantity = ordered.saturating_sub(cancelled).saturating_sub(refunded);
    Ok(IncomingLine {
        channel_line: key.id.clone(),
        sku: goods.sku.clone().or_else(|| key.sku.clone()),
        quantity,
        sent: both(|row| row.shipped, "items.qty_shipped")?.min(quantity),
        ships: goods.ships,
        grams: if goods.grams == 0 { key.grams } else { goods.grams },
        price: key.price,
    })
}

/// The children of a bundle, each a line of its own with its own key: whether the shop ships them together
/// or apart is asked when tracking is told ([`super::writeback`]).
fn bundle(parent: &Row, parts: &[&Row], lines: &mut Vec<IncomingLine>) -> Result<(), CannotRead> {
    // A bundle with a fixed price has none on its children: the first carries it, so that it counts once.
    let mut fixed = parts.iter().all(|part| part.price.is_zero()).then_some(parent.price);
    for part in parts {
        let per = part.ordered.checked_div(parent.ordered).unwrap_or(Decimal::ONE);
        let mut one = line(parent, part, per)?;
        one.channel_line.clone_from(&part.id);
        one.grams = part.grams;
        one.price = match fixed.take() {
            Some(whole) => money(whole.checked_div(per).unwrap_or(whole).round_dp(2)),
            None => part.price,
        };
        lines.push(one);
    }
    Ok(())
}

/// Whole pieces. Goods by the metre cannot be counted; someone must look at such an order.
fn pieces(quantity: Decimal, field: &'static str) -> Result<u32, CannotRead> {
    // A share of a bundle may not divide evenly.
    let quantity = quantity.round_dp(4);
    let whole = quantity.fract().is_zero();
    let pieces = if whole { u32::try_from(quantity).ok() } else { None };
    pieces.ok_or(CannotRead::Field { field })
}
