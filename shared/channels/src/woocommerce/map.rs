//! From WooCommerce's order to ours (contract section 4). What is not named here is not kept.

use super::wire::{
    ANONYMIZED, Address, BUNDLE_KEY, BUNDLE_PART_SHIPS, BUNDLED_BY, Line, Order, REFUNDED_ITEM, Refund, meta,
};
use crate::Normalised;
use crate::amount::{is_currency, money};
use crate::error::CannotRead;
use crate::lax::{Lax, Part};
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::{BTreeMap, BTreeSet};
use waybill_domain::intake::{Delivery, Incoming, IncomingLine, Readiness};
use waybill_domain::money::Money;
use waybill_domain::order::{Channel, ChannelRef, Destination};
use waybill_privacy::recipient::Text;
use waybill_privacy::{Recipient, Sensitive};
use zeroize::Zeroizing;

/// The most lines an order may have.
const MOST_LINES: usize = 500;

/// Pieces that were refunded, by line.
pub(super) type Refunded = BTreeMap<String, u32>;

/// What one order is, before it is taken apart.
pub(super) enum Kind {
    /// A checkout that was not finished: no order yet.
    Draft,
    /// The shop erased its people: nothing may be taken from it.
    Erased(String),
    /// It has refunds, and they do not say here which lines they take pieces off.
    Refunded(String),
    /// All of it is here.
    Whole,
}

/// Says what an order is.
pub(super) fn kind(order: &mut Order) -> Result<Kind, CannotRead> {
    let id = std::mem::take(&mut order.id).need("id")?;
    let key = id.0.clone();
    order.id = Lax::Is(id);
    if erased(order) {
        return Ok(Kind::Erased(key));
    }
    Ok(match &order.status {
        Lax::Is(status) if matches!(bare(status), "checkout-draft" | "auto-draft" | "draft" | "new") => {
            Kind::Draft
        }
        _ if order.refunds.0.is_empty() => Kind::Whole,
        _ => Kind::Refunded(key),
    })
}

/// Custom code may leave the prefix of the database on a status.
fn bare(status: &str) -> &str {
    status.strip_prefix("wc-").unwrap_or(status)
}

fn erased(order: &Order) -> bool {
    let flagged = meta(&order.meta_data, ANONYMIZED).is_some_and(|v| matches!(v, "yes" | "true" | "1"));
    let places = order.billing.iter().chain(&order.shipping);
    let masked = |text: &Lax<_>| matches!(text, Lax::Is(super::wire::Masked { is: true, .. }));
    flagged || places.into_iter().any(|a| masked(&a.address_1) || masked(&a.email))
}

/// Adds what a refund takes off each line.
pub(super) fn add_refund(refunded: &mut Refunded, refund: Refund) {
    for line in refund.line_items.0 {
        let Some(of) = meta(&line.meta_data, REFUNDED_ITEM) else { continue };
        let taken = line.quantity.hint().map_or(0, |pieces| pieces.0);
        let sum = refunded.entry(of.to_owned()).or_default();
        *sum = sum.saturating_add(taken);
    }
}

/// Normalises an order that [`kind`] called whole, or refunded and whose refunds were read.
pub(super) fn normalise(order: Order, refunded: &Refunded) -> Result<Normalised, CannotRead> {
    let version = order.date_modified_gmt.need("date_modified_gmt")?.0;
    let status = order.status.need("status")?;
    let standing = Standing::of(bare(&status));
    let billing = order.billing.unwrap_or_default();
    let shipping = order.shipping.unwrap_or_default();
    let methods: Vec<Lax<String>> = order.shipping_lines.0.into_iter().map(|l| l.method_id).collect();
    let collects = |method: &Lax<String>| {
        let Lax::Is(method) = method else { return false };
        matches!(method.split(':').next(), Some("local_pickup" | "pickup_location"))
    };
    let pickup = !methods.is_empty() && methods.iter().all(collects);
    // Neither a way of shipping nor an address: downloads and services. A line does not say so itself.
    let goods = !methods.is_empty() || is_place(&shipping);
    let include_tax = order.prices_include_tax.hint().unwrap_or(false);
    let mut lines = lines(order.line_items.0, include_tax, refunded)?;
    for line in &mut lines {
        line.ships &= goods;
        line.sent = if standing == Standing::Sent { line.quantity } else { 0 };
    }
    let sent = lines.iter().any(|l| l.ships && l.quantity > 0);
    let buyer = match &billing.email {
        Lax::Is(email) => Some(email.text.clone()),
        Lax::Absent => None,
        Lax::Bad => return Err(CannotRead::Field { field: "billing.email" }),
    };
    let note = order.customer_note.may("customer_note")?.map(|note| note.0);
    let (delivery, destination, recipient) = match (sent, pickup) {
        (_, true) => (Delivery::Pickup, None, if sent { collector(shipping, billing)? } else { None }),
        (false, false) => (Delivery::Ship, None, None),
        (true, false) => match place(shipping, billing)? {
            Some((destination, mut who)) => {
                who.gift_note = note;
                (Delivery::Ship, Some(destination), Some(who))
            }
            None => (Delivery::Ship, None, None),
        },
    };
    let total = Money {
        amount: money(order.total.need("total")?),
        currency: is_currency(order.currency.need("currency")?, "currency")?,
    };
    let incoming = Incoming {
        channel: Channel::WooCommerce,
        channel_ref: ChannelRef { id: order.id.need("id")?.0, name: order.number.may("number")? },
        version,
        placed_at: order.date_created_gmt.may("date_created_gmt")?.map_or(version, |at| at.0),
        cancelled_at: (standing == Standing::Cancelled).then_some(version),
        arrived_at: None,
        // The core has no test orders.
        test: false,
        readiness: standing.readiness(),
        delivery,
        destination,
        lines,
        total,
    };
    Ok(Normalised { incoming, recipient, buyer })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    AwaitingPayment,
    Ready,
    OnHold,
    Sent,
    Cancelled,
}

impl Standing {
    /// Plugins add statuses of their own: nothing is sent on one we do not know.
    fn of(status: &str) -> Self {
        match status {
            "pending" => Self::AwaitingPayment,
            "processing" => Self::Ready,
            "completed" => Self::Sent,
            "cancelled" | "refunded" | "failed" | "trash" => Self::Cancelled,
            _ => Self::OnHold,
        }
    }

    fn readiness(self) -> Readiness {
        match self {
            Self::AwaitingPayment => Readiness::AwaitingPayment,
            Self::OnHold => Readiness::OnHold,
            Self::Ready | Self::Sent | Self::Cancelled => Readiness::Ready,
        }
    }
}

/// True for an address that names a place; names and a country alone stand there by default.
fn is_place(address: &Address) -> bool {
    let any = |text: &Lax<Text>| matches!(text, Lax::Is(_));
    !matches!(address.address_1, Lax::Absent)
        || any(&address.address_2)
        || any(&address.city)
        || !matches!(address.postcode, Lax::Absent)
}

/// Where it goes and who gets it: the shipping address, or the billing address where that one is empty. `None`
/// without a country or any street line.
fn place(shipping: Address, mut billing: Address) -> Result<Option<(Destination, Recipient)>, CannotRead> {
    let (phone, email) = (std::mem::take(&mut billing.phone), std::mem::take(&mut billing.email));
    let to = if is_place(&shipping) { shipping } else { billing };
    let street = [to.address_1.may("address_1")?.map(|m| m.text), to.address_2.may("address_2")?];
    let lines: Vec<Text> = street.into_iter().flatten().collect();
    let (Some(country), false) = (to.country.hint(), lines.is_empty()) else { return Ok(None) };
    let country = country.0;
    let (postcode, area) = match to.postcode.may("postcode")? {
        Some(code) => (Some(code.text), code.area.filter(|_| country == "GB")),
        None => (None, None),
    };
    let who = Recipient {
        name: joined(to.first_name, to.last_name)?,
        company: to.company.may("company")?,
        lines,
        city: to.city.may("city")?,
        region: to.state.may("state")?,
        postcode,
        country: Some(country.clone()),
        phone: match to.phone.may("shipping.phone")? {
            Some(own) => Some(own),
            None => phone.may("billing.phone")?,
        },
        email: email.may("billing.email")?.map(|m| m.text),
        gift_note: None,
    };
    Ok(Some((Destination { country, postcode_area: area }, who)))
}

/// For collection a name is enough.
fn collector(shipping: Address, billing: Address) -> Result<Option<Recipient>, CannotRead> {
    let name = match joined(shipping.first_name, shipping.last_name)? {
        Some(name) => Some(name),
        None => joined(billing.first_name, billing.last_name)?,
    };
    Ok(name.map(|name| Recipient { name: Some(name), ..Recipient::default() }))
}

fn joined(first: Lax<Part>, last: Lax<Part>) -> Result<Option<Text>, CannotRead> {
    let whole = match (first.may("first_name")?, last.may("last_name")?) {
        (Some(first), Some(last)) => Zeroizing::new(format!("{} {}", *first.0, *last.0)),
        (Some(one), None) | (None, Some(one)) => one.0,
        (None, None) => return Ok(None),
    };
    Ok(Some(Sensitive::new(String::clone(&whole))))
}

/// Parts of a bundle ship and the bundle does not, unless it is packed already: then it is the other way round.
/// Counted once either way (contract section 4).
fn lines(wire: Vec<Line>, include_tax: bool, refunded: &Refunded) -> Result<Vec<IncomingLine>, CannotRead> {
    if wire.len() > MOST_LINES {
        return Err(CannotRead::TooMany { field: "line_items" });
    }
    let mut rows = wire.into_iter().map(|l| row(l, include_tax, refunded)).collect::<Result<Vec<_>, _>>()?;
    // By number, so that the same order reads the same whichever way it came; parts follow their bundle.
    rows.sort_by(|a, b| {
        let (a, b) = (&a.line.channel_line, &b.line.channel_line);
        (a.len(), a).cmp(&(b.len(), b))
    });
    let mut unpacked: BTreeSet<usize> = BTreeSet::new();
    let mut last = None;
    for at in 0..rows.len() {
        let Some(key) = rows[at].bundled_by.as_deref() else {
            last = Some(at);
            continue;
        };
        let named = rows.iter().position(|r| r.bundle_key.as_deref() == Some(key));
        if rows[at].line.ships {
            unpacked.extend(named.or(last));
        }
    }
    for at in unpacked {
        rows[at].line.ships = false;
    }
    Ok(rows.into_iter().map(|r| r.line).collect())
}

struct Row {
    line: IncomingLine,
    bundled_by: Option<String>,
    bundle_key: Option<String>,
}

fn row(mut line: Line, include_tax: bool, refunded: &Refunded) -> Result<Row, CannotRead> {
    let channel_line = line.id.need("line_items.id")?.0;
    let bought = line.quantity.need("line_items.quantity")?.0;
    let paid = match std::mem::take(&mut line.subtotal).may("line_items.subtotal")? {
        Some(subtotal) if include_tax => line
            .subtotal_tax
            .may("line_items.subtotal_tax")?
            .and_then(|tax| subtotal.checked_add(tax))
            .unwrap_or(subtotal),
        Some(subtotal) => subtotal,
        None => line.total.need("line_items.total")?,
    };
    let bundled_by = meta(&line.meta_data, BUNDLED_BY).map(str::to_owned);
    let packed = bundled_by.is_some() && meta(&line.meta_data, BUNDLE_PART_SHIPS) == Some("no");
    let taken = refunded.get(&channel_line).copied().unwrap_or(0);
    Ok(Row {
        bundle_key: meta(&line.meta_data, BUNDLE_KEY).map(str::to_owned),
        bundled_by,
        line: IncomingLine {
            channel_line,
            sku: line.sku.may("line_items.sku")?,
            quantity: bought.saturating_sub(taken),
            sent: 0,
            ships: !packed,
            // Orders carry no weights.
            grams: 0,
            price: each(paid, bought),
        },
    })
}

/// The price of one: from the line's amount, because the price field is a float (contract section 4).
fn each(amount: Decimal, pieces: u32) -> Decimal {
    let places = amount.normalize().scale().max(2);
    let one = amount.checked_div(Decimal::from(pieces)).unwrap_or(Decimal::ZERO);
    money(one.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero))
}
