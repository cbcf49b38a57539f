//! From eBay's order to ours (contract section 5). What is not named here is not kept.
//!
//! Decisions that the contract leaves open:
//! - **The reference of the international programmes** (`shipToReferenceId`) becomes the first street line,
//!   `Reference #...`: eBay wants it "immediately above the street address" of its hub. eBay has two street lines,
//!   so there are three at most; a carrier that prints fewer must refuse rather than cut.
//! - **A line without SKU** keeps none: `legacyItemId` is a listing's number, and taking it for a SKU would book
//!   stock under a name the merchant never gave. A person maps it.
//! - **A refund** is an amount, never pieces. A line refunded whole, or an order, is not sent any more; a line
//!   refunded in part is, because most of those are goodwill.
//! - **A label eBay provides** (`shippingLabelProvidedBy` EBAY): on hold, or we would buy a second one.

use super::is_key;
use super::wire::{Amount, CancelStatus, Contact, Instruction, Line, Order, Refund};
use crate::Normalised;
use crate::amount::{is_currency, money};
use crate::error::CannotRead;
use crate::lax::{Lax, Note};
use jiff::Timestamp;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use waybill_domain::intake::{Delivery, Incoming, IncomingLine, Readiness};
use waybill_domain::money::Money;
use waybill_domain::order::{Channel, ChannelRef, Destination};
use waybill_privacy::recipient::Text;
use waybill_privacy::{Recipient, Sensitive};

/// The most lines an order may have.
const MOST_LINES: usize = 500;

/// Pieces of each line that left, by the fulfilments eBay shows.
pub(super) type Left = BTreeMap<String, u32>;

/// True when a row of the list is all there is to know: no cancellation, whose requests only `getOrder` shows, no
/// refund, and no line that was sent in part, of which only the fulfilments tell how much.
pub(super) fn is_whole(order: &Order) -> bool {
    let cancel = order.cancel_status.as_ref().map(|status| &status.cancel_state);
    let asked = cancel.is_some_and(|state| !matches!(state, Lax::Absent) && !says(state, "NONE_REQUESTED"));
    let refunds = order.payment_summary.as_ref().and_then(|summary| summary.refunds.as_ref());
    let lines = || order.line_items.iter().flatten();
    let refunded = refunds.is_some_and(|all| !all.is_empty())
        || lines().any(|line| line.refunds.as_ref().is_some_and(|all| !all.is_empty()))
        || ["FULLY_REFUNDED", "PARTIALLY_REFUNDED"].iter().any(|s| says(&order.order_payment_status, s));
    !asked && !refunded && !is_begun(order)
}

/// True when some line was sent in part, perhaps.
pub(super) fn is_begun(order: &Order) -> bool {
    order.line_items.iter().flatten().any(|line| says(&line.line_item_fulfillment_status, "IN_PROGRESS"))
}

/// Normalises an order, whichever way it came; `None` for one that eBay sends itself.
pub(super) fn normalise(mut order: Order, left: &Left) -> Result<Option<Normalised>, CannotRead> {
    let id = order.order_id.need("orderId")?;
    if !is_key(&id) {
        return Err(CannotRead::Field { field: "orderId" });
    }
    let instruction = order
        .fulfillment_start_instructions
        .take()
        .unwrap_or_default()
        .into_iter()
        .next()
        .unwrap_or_default();
    let program = order.program.unwrap_or_default();
    let kind = |text: &str| says(&instruction.fulfillment_instructions_type, text);
    let fulfilled_by = program.fulfillment_program.unwrap_or_default().fulfilled_by;
    if kind("FULFILLED_BY_EBAY") || says(&fulfilled_by, "EBAY") {
        return Ok(None);
    }
    let (pickup, digital) = (kind("PREPARE_FOR_PICKUP"), kind("DIGITAL"));
    let version = order.last_modified_date.need("lastModifiedDate")?;
    let total = total(order.pricing_summary.unwrap_or_default().total)?;
    let mut lines = lines(order.line_items, &total.currency, left)?;
    let cancel = order.cancel_status.unwrap_or_default();
    let mut readiness = paid(&order.order_payment_status);
    if is_asked(&cancel)
        || says(&program.ebay_shipping.unwrap_or_default().shipping_label_provided_by, "EBAY")
    {
        readiness = Readiness::OnHold;
    }
    let cancelled_at = cancelled_at(cancel, version);
    for line in &mut lines {
        line.ships = !digital;
        if cancelled_at.is_some() {
            // What is not to be sent any more was not sent.
            line.sent = 0;
        } else if says(&order.order_payment_status, "FULLY_REFUNDED") {
            line.quantity = line.sent;
        }
    }
    let buyer = order.buyer.unwrap_or_default();
    let sends = lines.iter().any(|line| line.ships && line.quantity > 0);
    let place = if pickup || digital { None } else { place(instruction)? };
    let destination = place.as_ref().map(|place| place.destination.clone());
    let recipient = match place {
        _ if !sends => None,
        // For collection a name is enough.
        None if pickup => {
            let name = buyer.buyer_registration_address.unwrap_or_default().full_name;
            name.may("fullName")?.map(|name| Recipient { name: Some(name), ..Recipient::default() })
        }
        None => None,
        Some(place) => {
            let note: Option<Note> = order.buyer_checkout_notes.may("buyerCheckoutNotes")?;
            Some(Recipient { gift_note: note.map(|note| note.0), ..place.who })
        }
    };
    let incoming = Incoming {
        channel: Channel::Ebay,
        channel_ref: ChannelRef { name: Some(id.clone()), id },
        version,
        placed_at: order.creation_date.need("creationDate")?,
        cancelled_at,
        arrived_at: None,
        test: false,
        readiness,
        delivery: if pickup { Delivery::Pickup } else { Delivery::Ship },
        destination,
        lines,
        total,
    };
    Ok(Some(Normalised { incoming, recipient, buyer: buyer.username.may("buyer.username")? }))
}

/// True when a text is this code.
fn says(text: &Lax<String>, code: &str) -> bool {
    matches!(text, Lax::Is(text) if text.eq_ignore_ascii_case(code))
}

/// An unknown status waits: what is not known to be paid is not sent.
fn paid(status: &Lax<String>) -> Readiness {
    let paid = ["PAID", "PARTIALLY_REFUNDED", "FULLY_REFUNDED"].iter().any(|code| says(status, code));
    if paid { Readiness::Ready } else { Readiness::AwaitingPayment }
}

/// True when a cancellation is asked for and not settled.
fn is_asked(cancel: &CancelStatus) -> bool {
    let state = &cancel.cancel_state;
    let settled = ["NONE_REQUESTED", "CANCELED"].iter().any(|code| says(state, code));
    let open = |state: &Lax<String>| says(state, "REQUESTED") || says(state, "IN_PROGRESS");
    (!settled && !matches!(state, Lax::Absent))
        || cancel.cancel_requests.iter().flatten().any(|one| open(&one.cancel_request_state))
}

/// `cancelState` decides, whatever fulfilment and payment say beside it (contract section 5).
fn cancelled_at(cancel: CancelStatus, version: Timestamp) -> Option<Timestamp> {
    if !says(&cancel.cancel_state, "CANCELED") {
        return None;
    }
    let done = |one: super::wire::CancelRequest| one.cancel_completed_date.hint();
    let asked = || cancel.cancel_requests.into_iter().flatten().filter_map(done).max();
    Some(cancel.cancelled_date.hint().or_else(asked).unwrap_or(version))
}

/// A deliverable address.
struct Place {
    destination: Destination,
    who: Recipient,
}

/// `None` for an address nobody can deliver to, without a country or any street line: after 90 days eBay takes
/// name, phone and street away (contract section 2).
fn place(instruction: Instruction) -> Result<Option<Place>, CannotRead> {
    let step = instruction.shipping_step.unwrap_or_default();
    let Contact { full_name, company_name, contact_address, primary_phone, email } =
        step.ship_to.unwrap_or_default();
    let address = contact_address.unwrap_or_default();
    let street = [address.address_line1.may("addressLine1")?, address.address_line2.may("addressLine2")?];
    let mut lines: Vec<Text> = street.into_iter().flatten().collect();
    let (Some(country), false) = (address.country_code.hint(), lines.is_empty()) else { return Ok(None) };
    if let Some(reference) = step.ship_to_reference_id.may("shipToReferenceId")? {
        lines.insert(0, Sensitive::new(format!("Reference #{}", *reference.0)));
    }
    let country = country.0;
    let (postcode, area) = match address.postal_code.may("postalCode")? {
        Some(code) => (Some(code.text), code.area.filter(|_| country == "GB")),
        None => (None, None),
    };
    let county = address.county.may("county")?;
    let who = Recipient {
        name: full_name.may("fullName")?,
        company: company_name.may("companyName")?,
        lines,
        city: address.city.may("city")?,
        region: address.state_or_province.may("stateOrProvince")?.or(county),
        postcode,
        country: Some(country.clone()),
        phone: primary_phone.unwrap_or_default().phone_number.may("phoneNumber")?,
        email: email.may("email")?,
        gift_note: None,
    };
    Ok(Some(Place { destination: Destination { country, postcode_area: area }, who }))
}

fn lines(list: Option<Vec<Line>>, currency: &str, left: &Left) -> Result<Vec<IncomingLine>, CannotRead> {
    let list = list.ok_or(CannotRead::Field { field: "lineItems" })?;
    if list.len() > MOST_LINES {
        return Err(CannotRead::TooMany { field: "lineItems" });
    }
    let one = |line| line_of(line, currency, left);
    let mut lines = list.into_iter().map(one).collect::<Result<Vec<_>, _>>()?;
    lines.sort_by(|a, b| {
        (a.channel_line.len(), &a.channel_line).cmp(&(b.channel_line.len(), &b.channel_line))
    });
    let keys: BTreeSet<&str> = lines.iter().map(|line| line.channel_line.as_str()).collect();
    // One key for two lines: neither could be told apart from the other.
    if keys.len() < lines.len() { Err(CannotRead::Field { field: "lineItemId" }) } else { Ok(lines) }
}

fn line_of(line: Line, currency: &str, left: &Left) -> Result<IncomingLine, CannotRead> {
    let channel_line = line.line_item_id.need("lineItemId")?;
    let bought = line.quantity.need("quantity")?;
    if !is_key(&channel_line) || bought == 0 {
        return Err(CannotRead::Field { field: "lineItems" });
    }
    let sent = if says(&line.line_item_fulfillment_status, "FULFILLED") {
        bought
    } else {
        left.get(&channel_line).copied().unwrap_or(0).min(bought)
    };
    let cost = line.line_item_cost.unwrap_or_default().within(currency, "lineItemCost")?;
    let due = match line.discounted_line_item_cost {
        Some(cost) => cost.within(currency, "discountedLineItemCost")?,
        None => cost,
    };
    let refunded = refunded(line.refunds.unwrap_or_default(), currency);
    let quantity = if refunded > Decimal::ZERO && refunded >= due { sent } else { bought };
    let each = cost.checked_div(Decimal::from(bought)).unwrap_or_default();
    Ok(IncomingLine {
        channel_line,
        sku: line.sku.may("sku")?,
        quantity,
        sent,
        ships: true,
        // eBay's orders have no weights.
        grams: 0,
        price: money(each.round_dp(4)),
    })
}

/// What was given back for a line; amounts that are missing or in another currency do not count.
fn refunded(refunds: Vec<Refund>, currency: &str) -> Decimal {
    let amounts = refunds.into_iter().filter_map(|refund| refund.amount);
    amounts
        .filter_map(|amount| amount.within(currency, "refunds").ok())
        .try_fold(Decimal::ZERO, Decimal::checked_add)
        .unwrap_or(Decimal::MAX)
}

fn total(amount: Option<Amount>) -> Result<Money, CannotRead> {
    let field = "pricingSummary.total";
    let [original, shown] = amount.unwrap_or_default().both(field)?;
    let (amount, currency) = original.or(shown).ok_or(CannotRead::Field { field })?;
    Ok(Money { amount: money(amount), currency })
}

impl Amount {
    /// The amount before conversion, if there was one, and the amount as shown.
    fn both(self, field: &'static str) -> Result<[Option<(Decimal, String)>; 2], CannotRead> {
        let pair = |value: Lax<Decimal>, currency: Lax<String>| {
            let (Some(value), Some(currency)) = (value.may(field)?, currency.may(field)?) else {
                return Ok::<_, CannotRead>(None);
            };
            Ok(Some((value, is_currency(currency, field)?)))
        };
        Ok([pair(self.converted_from_value, self.converted_from_currency)?, pair(self.value, self.currency)?])
    }

    /// The amount in the order's currency.
    fn within(self, currency: &str, field: &'static str) -> Result<Decimal, CannotRead> {
        let both = self.both(field)?;
        let fits = both.into_iter().flatten().find(|(_, code)| code == currency);
        fits.map(|(value, _)| value).ok_or(CannotRead::Field { field })
    }
}
