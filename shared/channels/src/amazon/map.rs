//! From Amazon's order to ours (contract section 5). What is not named here is not kept.

use super::packages::{have_arrived, packages};
use super::wire::{Address, Amount, Item, ItemFulfillment, Order, Receiver};
use crate::Normalised;
use crate::amount::{is_currency, money};
use crate::error::CannotRead;
use crate::lax::Lax;
use rust_decimal::Decimal;
use waybill_domain::intake::{Delivery, Incoming, IncomingLine, Readiness};
use waybill_domain::money::Money;
use waybill_domain::order::{Channel, ChannelRef, Destination};
use waybill_privacy::recipient::Text;
use waybill_privacy::{Recipient, Sensitive};
use zeroize::Zeroizing;

/// The most lines an order may have.
const MOST_LINES: usize = 500;

/// ISO 4217 for "no currency": an order that is not authorised yet may come without any amount.
const NO_CURRENCY: &str = "XXX";

/// Where an order stands at Amazon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Placed, not authorised: keep the goods, it may still vanish.
    Pending,
    /// To be sent, wholly or in part.
    Open,
    /// All of it has left.
    Shipped,
    /// Cancelled.
    Cancelled,
    /// Not told, or a word we do not know.
    Unknown,
}

/// What an order shows about itself before anything personal is looked at.
impl Order {
    pub(super) fn standing(&self) -> Standing {
        let told = self.fulfillment.as_ref().map(|f| &f.fulfillment_status);
        let Some(Lax::Is(status)) = told else { return Standing::Unknown };
        match status.as_str() {
            "PENDING" | "PENDING_AVAILABILITY" => Standing::Pending,
            "UNSHIPPED" | "PARTIALLY_SHIPPED" => Standing::Open,
            "SHIPPED" => Standing::Shipped,
            "CANCELLED" => Standing::Cancelled,
            _ => Standing::Unknown,
        }
    }

    /// False for what Amazon's own warehouse sends.
    pub(super) fn is_merchants(&self) -> bool {
        let by = self.fulfillment.as_ref().map(|f| &f.fulfilled_by);
        !matches!(by, Some(Lax::Is(by)) if by == "AMAZON")
    }

    /// False when it says that it is of another marketplace.
    pub(super) fn is_of(&self, marketplace: &str) -> bool {
        let of = self.sales_channel.as_ref().map(|s| &s.marketplace_id);
        !matches!(of, Some(Lax::Is(of)) if of != marketplace)
    }

    /// The buyer collects it in the seller's shop.
    pub(super) fn is_collected(&self) -> bool {
        self.is_in("IN_STORE_PICK_UP")
    }

    fn is_in(&self, program: &str) -> bool {
        let named = self.programs.iter().flatten();
        named.into_iter().any(|p| matches!(p, Lax::Is(p) if p == program))
    }
}

/// Normalises an order, whichever way it came. A recipient comes only from an order that is to be sent: of every
/// other one the same is kept whether Amazon gave an address or not. The address of a collected order is the
/// shop's own.
pub(super) fn normalise(mut order: Order) -> Result<Normalised, CannotRead> {
    let standing = order.standing();
    let delivery = if order.is_collected() { Delivery::Pickup } else { Delivery::Ship };
    let id = order.order_id.need("orderId")?;
    let version = order.last_updated_time.need("lastUpdatedTime")?;
    let placed_at = order.created_time.need("createdTime")?;
    let items = items(order.order_items.take(), standing)?;
    let cancelled_at = cancelled(&items, standing).then_some(version);
    // Amazon tells that it arrived and not when: the time of the change is the latest it can be (contract section 8). Before all
    // is sent, what arrived is a part.
    let all_arrived = have_arrived(&packages(order.packages.take())?);
    let arrived_at = (standing == Standing::Shipped && all_arrived).then_some(version);
    let total = match order.proceeds.and_then(|p| p.grand_total) {
        Some(total) => amount(total, "proceeds.grandTotal")?,
        None => None,
    };
    let total = match total.or_else(|| summed(&items)) {
        Some(total) => total,
        None => Money { amount: money(Decimal::ZERO), currency: NO_CURRENCY.to_owned() },
    };
    let sent = standing == Standing::Open
        && cancelled_at.is_none()
        && delivery == Delivery::Ship
        && items.iter().any(|i| i.line.quantity > 0);
    let place = match order.recipient.filter(|_| sent) {
        Some(receiver) => place(receiver)?,
        None => None,
    };
    let (destination, recipient) = match place {
        Some((destination, who)) => {
            (Some(destination), Some(Recipient { gift_note: gift_note(&items), ..who }))
        }
        None => (None, None),
    };
    let mut lines: Vec<IncomingLine> = items.into_iter().map(|i| i.line).collect();
    if cancelled_at.is_some() {
        // What is not to be sent any more was not sent.
        lines.iter_mut().for_each(|l| l.sent = 0);
    }
    let incoming = Incoming {
        channel: Channel::Amazon,
        channel_ref: ChannelRef { name: Some(id.clone()), id },
        version,
        placed_at,
        cancelled_at,
        arrived_at,
        test: false,
        readiness: match standing {
            Standing::Pending => Readiness::AwaitingPayment,
            Standing::Unknown => Readiness::OnHold,
            Standing::Open | Standing::Shipped | Standing::Cancelled => Readiness::Ready,
        },
        delivery,
        destination,
        lines,
        total,
    };
    Ok(Normalised { incoming, recipient, buyer: None })
}

/// A line with what is needed of it besides.
struct Read {
    line: IncomingLine,
    /// Amazon, the buyer or the merchant cancelled it.
    cancelled: bool,
    gift: Option<Zeroizing<String>>,
    worth: Option<Money>,
}

fn items(list: Option<Vec<Item>>, standing: Standing) -> Result<Vec<Read>, CannotRead> {
    let list = list.ok_or(CannotRead::Field { field: "orderItems" })?;
    if list.len() > MOST_LINES {
        return Err(CannotRead::TooMany { field: "orderItems" });
    }
    let mut items = list.into_iter().map(|i| item(i, standing)).collect::<Result<Vec<_>, _>>()?;
    // By number, so that the same order reads the same whichever way it came.
    items.sort_by(|a, b| {
        let (a, b) = (&a.line.channel_line, &b.line.channel_line);
        (a.len(), a).cmp(&(b.len(), b))
    });
    Ok(items)
}

fn item(item: Item, standing: Standing) -> Result<Read, CannotRead> {
    let ordered = item.quantity_ordered.need("orderItems.quantityOrdered")?;
    let cancelled = item.cancellation.is_some_and(|c| c.cancellation_execution.is_some());
    let fulfillment = item.fulfillment.unwrap_or_default();
    let (quantity, sent) = pieces(ordered, &fulfillment, cancelled, standing)?;
    let gift = fulfillment.packing.and_then(|p| p.gift_option).map(|g| g.gift_message);
    let product = item.product.unwrap_or_default();
    let price = match product.price.and_then(|p| p.unit_price) {
        Some(price) => amount(price, "orderItems.product.price.unitPrice")?,
        None => None,
    };
    let proceeds = match item.proceeds.and_then(|p| p.proceeds_total) {
        Some(total) => amount(total, "orderItems.proceeds.proceedsTotal")?,
        None => None,
    };
    let times = |price: &Money| {
        let amount = price.amount.checked_mul(Decimal::from(quantity))?;
        Some(Money { amount: money(amount), currency: price.currency.clone() })
    };
    let worth = proceeds.or_else(|| price.as_ref().and_then(times));
    let line = IncomingLine {
        channel_line: item.order_item_id.need("orderItems.orderItemId")?,
        sku: product.seller_sku.may("orderItems.product.sellerSku")?,
        quantity,
        sent,
        // Amazon has no downloads a merchant delivers, and tells no weight of a piece.
        ships: true,
        grams: 0,
        price: price.map_or_else(|| money(Decimal::ZERO), |p| p.amount),
    };
    let gift = gift.unwrap_or_default().may("orderItems.fulfillment.packing.giftOption")?.map(|g| g.0);
    Ok(Read { line, cancelled, gift, worth })
}

/// How many pieces are still wanted, those sent included, and how many of them were sent.
///
/// Cancelling is told per line (contract section 5): of a cancelled line only what had left counts. Where Amazon
/// counts fewer pieces in all than were ordered, the rest was cancelled.
fn pieces(
    ordered: u32,
    fulfillment: &ItemFulfillment,
    cancelled: bool,
    standing: Standing,
) -> Result<(u32, u32), CannotRead> {
    let told = |count: &Lax<u32>, field| match count {
        Lax::Is(count) => Ok(Some(*count)),
        Lax::Absent => Ok(None),
        Lax::Bad => Err(CannotRead::Field { field }),
    };
    let done = told(&fulfillment.quantity_fulfilled, "orderItems.fulfillment.quantityFulfilled")?;
    let left = told(&fulfillment.quantity_unfulfilled, "orderItems.fulfillment.quantityUnfulfilled")?;
    let done = match (done, standing) {
        (Some(done), _) => done.min(ordered),
        (None, Standing::Shipped) if !cancelled => ordered,
        (None, _) => 0,
    };
    let quantity = match left {
        _ if cancelled => done,
        Some(left) => ordered.min(done.saturating_add(left)),
        None => ordered,
    };
    Ok((quantity, done))
}

fn cancelled(items: &[Read], standing: Standing) -> bool {
    let every = !items.is_empty() && items.iter().all(|i| i.cancelled && i.line.sent == 0);
    standing == Standing::Cancelled || every
}

fn amount(amount: Amount, field: &'static str) -> Result<Option<Money>, CannotRead> {
    let (Some(value), Some(currency)) = (amount.amount.may(field)?, amount.currency_code.may(field)?) else {
        return Ok(None);
    };
    Ok(Some(Money { amount: money(value), currency: is_currency(currency, field)? }))
}

/// What the lines are worth together; `None` when one does not say, or they are in several currencies.
fn summed(items: &[Read]) -> Option<Money> {
    let mut all = items.iter().map(|i| i.worth.as_ref());
    let mut total = all.next()??.clone();
    for worth in all {
        let worth = worth.filter(|w| w.currency == total.currency)?;
        total.amount = money(total.amount.checked_add(worth.amount)?);
    }
    Some(total)
}

/// The address and whose it is; `None` when nobody could deliver there. Without its restricted role an app gets
/// no recipient at all (contract section 2). An access point (`PICKUP_POINT`) is an address like any other.
fn place(receiver: Receiver) -> Result<Option<(Destination, Recipient)>, CannotRead> {
    let Some(address) = receiver.delivery_address else { return Ok(None) };
    let Address { address_line1, address_line2, address_line3, .. } = address;
    let street = [
        address_line1.may("addressLine1")?,
        address_line2.may("addressLine2")?,
        address_line3.may("addressLine3")?,
    ];
    let lines: Vec<Text> = street.into_iter().flatten().collect();
    let (Some(country), false) = (address.country_code.hint(), lines.is_empty()) else { return Ok(None) };
    let country = country.0;
    let (postcode, area) = match address.postal_code.may("postalCode")? {
        Some(code) => (Some(code.text), code.area.filter(|_| country == "GB")),
        None => (None, None),
    };
    let city = address.city.may("city")?;
    let region = address.state_or_region.may("stateOrRegion")?;
    let who = Recipient {
        name: address.name.may("name")?,
        company: address.company_name.may("companyName")?,
        lines,
        city: match city {
            Some(city) => Some(city),
            None => address.municipality.may("municipality")?,
        },
        region: match region {
            Some(region) => Some(region),
            None => address.district_or_county.may("districtOrCounty")?,
        },
        postcode,
        country: Some(country.clone()),
        phone: address.phone.may("phone")?,
        email: None,
        gift_note: None,
    };
    Ok(Some((Destination { country, postcode_area: area }, who)))
}

/// The gift messages of the lines to be sent, each once, in the order of the lines.
fn gift_note(items: &[Read]) -> Option<Text> {
    let mut told: Vec<&str> = Vec::new();
    for gift in items.iter().filter(|i| i.line.quantity > 0).filter_map(|i| i.gift.as_deref()) {
        if !told.contains(&gift.as_str()) {
            told.push(gift);
        }
    }
    if told.is_empty() { None } else { Some(Sensitive::new(told.join("\n"))) }
}
