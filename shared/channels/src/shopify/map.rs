//! From Shopify's order to ours (contract section 4). What is not named here is not kept.

use super::wire::{Address, Customer, Line, List, Order, PriceSet, Weight, key};
use crate::Normalised;
use crate::amount::{is_currency, money};
use crate::error::CannotRead;
use crate::lax::{Lax, Part};
use rust_decimal::{Decimal, RoundingStrategy};
use waybill_domain::intake::{Delivery, Incoming, IncomingLine, Readiness};
use waybill_domain::money::Money;
use waybill_domain::order::{Channel, ChannelRef, Destination};
use waybill_privacy::Recipient;
use waybill_privacy::Sensitive;
use waybill_privacy::recipient::Text;
use zeroize::Zeroizing;

/// The most lines an order may have.
const MOST_LINES: usize = 500;

/// Normalises an order, whichever way it came.
pub(super) fn normalise(mut order: Order) -> Result<Normalised, CannotRead> {
    let total = total(&mut order)?;
    let mut lines = lines(order.line_items.take())?;
    let pickup = collected(&order);
    let readiness = if waits(&order) { Readiness::OnHold } else { paid(&order.financial_status) };
    let email = order.email.may("email")?;
    let contact = order.contact_email.may("contact_email")?;
    let mut customer = order.customer.unwrap_or_default();
    let buyer = match email.as_ref().or(contact.as_ref()) {
        Some(email) => Some(email.clone()),
        None => std::mem::take(&mut customer.email).may("customer.email")?,
    };
    let place = order.shipping_address.map(place).transpose()?.flatten();
    let delivery = if pickup && place.is_none() { Delivery::Pickup } else { Delivery::Ship };
    let destination = place.as_ref().map(|p| p.destination.clone());
    let sent = lines.iter().any(|l| l.ships && l.quantity > 0);
    let recipient = match (place, delivery) {
        _ if !sent => None,
        (Some(place), _) => {
            let mut who = place.who;
            who.phone = match (who.phone.take(), order.phone.may("phone")?) {
                (None, None) => customer.phone.may("customer.phone")?,
                (own, orders) => own.or(orders),
            };
            who.email = contact.or(email);
            who.gift_note = order.note.may("note")?.map(|note| note.0);
            Some(who)
        }
        (None, Delivery::Pickup) => collector(customer)?,
        (None, Delivery::Ship) => None,
    };
    let cancelled_at = order.cancelled_at.may("cancelled_at")?;
    if cancelled_at.is_some() {
        // What is not to be sent any more was not sent.
        lines.iter_mut().for_each(|l| l.sent = 0);
    }
    let incoming = Incoming {
        channel: Channel::Shopify,
        channel_ref: ChannelRef {
            id: key("Order", order.admin_graphql_api_id, order.id, "id")?,
            name: order.name.may("name")?,
        },
        version: order.updated_at.need("updated_at")?,
        placed_at: order.created_at.need("created_at")?,
        cancelled_at,
        arrived_at: None,
        test: order.test.may("test")?.unwrap_or(false),
        readiness,
        delivery,
        destination,
        lines,
        total,
    };
    Ok(Normalised { incoming, recipient, buyer })
}

/// What is not paid must not be sent: it may still vanish. `authorized` is sent, because many merchants take the
/// money when they send; what is not told or not known stands in nobody's way.
fn paid(status: &Lax<String>) -> Readiness {
    let open = ["pending", "partially_paid", "expired", "voided"];
    match status {
        Lax::Is(status) if open.iter().any(|code| status.eq_ignore_ascii_case(code)) => {
            Readiness::AwaitingPayment
        }
        _ => Readiness::Ready,
    }
}

/// A part of it is on hold or not yet due (contract section 4: such parts are not shipped). All of it waits then,
/// because a webhook, which carries no fulfillment orders, could not say which pieces may go.
fn waits(order: &Order) -> bool {
    let works = order.fulfillment_orders.iter().flat_map(|list| &list.items);
    works.map(|work| &work.status).any(
        |status| matches!(status, Lax::Is(code) if ["ON_HOLD", "SCHEDULED"].iter().any(|c| code.eq_ignore_ascii_case(c))),
    )
}

/// A deliverable address.
struct Place {
    destination: Destination,
    who: Recipient,
}

/// `None` for an address nobody can deliver to: without a country or any street line. Shopify sends those
/// for apps without level 2 approval, with every field null, and they mean "not allowed", not "collected".
fn place(address: Address) -> Result<Option<Place>, CannotRead> {
    let street = [address.address1.may("address1")?, address.address2.may("address2")?];
    let lines: Vec<Text> = street.into_iter().flatten().collect();
    let (Some(country), false) = (address.country_code.hint(), lines.is_empty()) else { return Ok(None) };
    let country = country.0;
    let (postcode, area) = match address.zip.may("zip")? {
        Some(zip) => (Some(zip.text), zip.area.filter(|_| country == "GB")),
        None => (None, None),
    };
    let name = match address.name.may("name")? {
        Some(name) => Some(name),
        None => joined(address.first_name, address.last_name)?,
    };
    let who = Recipient {
        name,
        company: address.company.may("company")?,
        lines,
        city: address.city.may("city")?,
        region: address.province.may("province")?,
        postcode,
        country: Some(country.clone()),
        phone: address.phone.may("phone")?,
        email: None,
        gift_note: None,
    };
    Ok(Some(Place { destination: Destination { country, postcode_area: area }, who }))
}

/// For collection a name is enough.
fn collector(customer: Customer) -> Result<Option<Recipient>, CannotRead> {
    let name = joined(customer.first_name, customer.last_name)?;
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

/// True when the checkout says the buyer collects. Conservative: a title such as "Pickup van" does not count,
/// because an order taken for a collection is never sent.
fn collected(order: &Order) -> bool {
    let says = |text: &Lax<String>| {
        let Lax::Is(text) = text else { return false };
        let letters: String =
            text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        matches!(letters.as_str(), "pickup" | "localpickup" | "storepickup" | "instorepickup")
    };
    let chosen = order.shipping_lines.iter().flat_map(|l| &l.items);
    let worked = order.fulfillment_orders.iter().flat_map(|l| &l.items);
    chosen.flat_map(|l| [&l.delivery_category, &l.code, &l.source]).any(says)
        || worked.filter_map(|w| w.delivery_method.as_ref()).any(|m| says(&m.method_type))
}

fn lines(list: Option<List<Line>>) -> Result<Vec<IncomingLine>, CannotRead> {
    let list = list.ok_or(CannotRead::Field { field: "line_items" })?;
    if list.more || list.items.len() > MOST_LINES {
        return Err(CannotRead::TooMany { field: "line_items" });
    }
    let mut lines = list.items.into_iter().map(line).collect::<Result<Vec<_>, _>>()?;
    // By number, so that the same order reads the same whichever way it came.
    lines.sort_by(|a, b| {
        (a.channel_line.len(), &a.channel_line).cmp(&(b.channel_line.len(), &b.channel_line))
    });
    Ok(lines)
}

fn line(mut line: Line) -> Result<IncomingLine, CannotRead> {
    let quantity = match line.current_quantity.may("line_items.current_quantity")? {
        Some(quantity) => quantity,
        None => line.quantity.need("line_items.quantity")?,
    };
    let fulfillable = line.fulfillable_quantity.may("line_items.fulfillable_quantity")?;
    let price = match shop_amount(&mut line.price_set, "line_items.price_set")? {
        Some((price, _)) => price,
        None => money(line.price.need("line_items.price")?),
    };
    let weight =
        line.variant.and_then(|v| v.inventory_item).and_then(|i| i.measurement).and_then(|m| m.weight);
    let grams = line.grams.hint().or_else(|| weight.and_then(in_grams));
    Ok(IncomingLine {
        channel_line: key("LineItem", line.admin_graphql_api_id, line.id, "line_items.id")?,
        sku: line.sku.may("line_items.sku")?,
        quantity,
        sent: fulfillable.map_or(0, |left| quantity.saturating_sub(left)),
        // When it does not say, someone looks at the parcel rather than nobody sending it.
        ships: line.requires_shipping.may("line_items.requires_shipping")?.unwrap_or(true),
        grams: grams.and_then(whole).unwrap_or(0),
        price,
    })
}

fn in_grams(weight: Weight) -> Option<Decimal> {
    let unit = match weight.unit.hint()?.as_str() {
        "GRAMS" => Decimal::ONE,
        "KILOGRAMS" => Decimal::ONE_THOUSAND,
        "OUNCES" => Decimal::new(28_349_523_125, 9),
        "POUNDS" => Decimal::new(45_359_237, 5),
        _ => return None,
    };
    weight.value.hint()?.checked_mul(unit)
}

fn whole(grams: Decimal) -> Option<u32> {
    grams.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).try_into().ok()
}

fn total(order: &mut Order) -> Result<Money, CannotRead> {
    let sets = [
        (&mut order.current_total_price_set, "current_total_price_set"),
        (&mut order.total_price_set, "total_price_set"),
    ];
    for (set, field) in sets {
        if let Some((amount, Some(currency))) = shop_amount(set, field)? {
            return Ok(Money { amount, currency });
        }
    }
    let amount = match std::mem::take(&mut order.current_total_price).may("current_total_price")? {
        Some(amount) => amount,
        None => std::mem::take(&mut order.total_price).need("total_price")?,
    };
    let currency = std::mem::take(&mut order.currency).need("currency")?;
    Ok(Money { amount: money(amount), currency: is_currency(currency, "currency")? })
}

fn shop_amount(
    set: &mut Option<PriceSet>,
    field: &'static str,
) -> Result<Option<(Decimal, Option<String>)>, CannotRead> {
    let Some(shop) = set.take().and_then(|set| set.shop_money) else { return Ok(None) };
    let Some(amount) = shop.amount.may(field)? else { return Ok(None) };
    let currency = shop.currency_code.may(field)?.map(|code| is_currency(code, field)).transpose()?;
    Ok(Some((money(amount), currency)))
}
