//! An order as Waybill keeps it: lines, where it stands, and nothing that names a person.

use crate::allocation::Slot;
use crate::catalogue::Part;
use crate::exception::{Exception, Reason};
use crate::id::{ConnectionId, LineId, MerchantId, OrderId, WarehouseId};
use crate::instructions::Instructions;
use crate::money::Money;
use crate::packing::Bench;
use crate::passed::Passed;
use crate::retention::Milestones;
use crate::service::Wish;
use crate::stock::{Lot, Spot};
use jiff::Timestamp;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Where orders come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Shopify.
    Shopify,
    /// WooCommerce.
    #[serde(rename = "woocommerce")]
    WooCommerce,
    /// Magento Open Source and Adobe Commerce.
    Magento,
    /// Amazon, orders the merchant fulfils.
    Amazon,
    /// eBay.
    Ebay,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 5] = [Self::Shopify, Self::WooCommerce, Self::Magento, Self::Amazon, Self::Ebay];

    /// The name used in addresses, the API and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shopify => "shopify",
            Self::WooCommerce => "woocommerce",
            Self::Magento => "magento",
            Self::Amazon => "amazon",
            Self::Ebay => "ebay",
        }
    }
}

/// Where an order stands on its road (DESIGN section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Stored, or changed since it was last allocated; waiting for stock to be reserved.
    Received,
    /// Every line is reserved.
    Allocated,
    /// Some lines are reserved and may go ahead.
    PartAllocated,
    /// Not enough stock; waiting for some to arrive.
    Backordered,
    /// Waiting for something other than stock; see [`Hold`].
    Held,
    /// Someone is collecting its goods.
    Picking,
    /// Every shipment has its label.
    Booked,
    /// Every shipment has left and the channel knows.
    Dispatched,
    /// Every shipment arrived.
    Delivered,
    /// Cancelled at the channel or by the merchant.
    Cancelled,
    /// It came back.
    Returned,
}

impl Status {
    /// The name used in index keys, the API and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Allocated => "allocated",
            Self::PartAllocated => "part_allocated",
            Self::Backordered => "backordered",
            Self::Held => "held",
            Self::Picking => "picking",
            Self::Booked => "booked",
            Self::Dispatched => "dispatched",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
            Self::Returned => "returned",
        }
    }

    /// Every status, in the order of the road.
    pub const ALL: [Self; 11] = [
        Self::Received,
        Self::Allocated,
        Self::PartAllocated,
        Self::Backordered,
        Self::Held,
        Self::Picking,
        Self::Booked,
        Self::Dispatched,
        Self::Delivered,
        Self::Cancelled,
        Self::Returned,
    ];
}

/// Why an order is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// No line needs shipping.
    NothingToShip,
    /// The buyer collects it.
    Pickup,
    /// A test order of the channel.
    TestOrder,
    /// It is not paid yet: it may still vanish, and must not be sent.
    AwaitingPayment,
    /// The channel or the merchant put it on hold there.
    Channel,
    /// A person must act; the order's exceptions say how.
    Exception,
    /// The merchant's own people hold it until they release it.
    Merchant,
}

/// Whether an order still has personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PersonalData {
    /// Not yet erased; for an order that came without a recipient there may be none.
    Live,
    /// Erased, for good.
    Erased,
}

/// What the channel calls the order; removed when the order is forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelRef {
    /// The channel's own key for the order.
    pub id: String,
    /// What people call it, such as `#1001`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Where an order goes, no finer than about 200,000 addresses (CONTROLS section 6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Destination {
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// The letters a UK postcode begins with, `SW` of `SW1A 1AA`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postcode_area: Option<String>,
}

impl Destination {
    /// The area of a UK postcode: its leading letters, in capitals; `None` where there are none or too many.
    pub fn area_of(postcode: &str) -> Option<String> {
        let area: String = postcode
            .trim_start()
            .chars()
            .take_while(char::is_ascii_alphabetic)
            .map(|c| c.to_ascii_uppercase())
            .collect();
        (1..=2).contains(&area.len()).then_some(area)
    }
}

/// Pieces of a line reserved at, or sent from, one warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Allocation {
    /// Where.
    pub warehouse: WarehouseId,
    /// Pieces.
    pub quantity: u32,
}

/// One line of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Ours.
    pub id: LineId,
    /// The channel's key for the line; removed when the order is forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_line: Option<String>,
    /// The merchant's stock-keeping unit as the channel named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// Pieces still to be sent or sent by us: what was bought less what was edited away or refunded.
    pub quantity: u32,
    /// False for downloads, gift cards and services.
    pub ships: bool,
    /// Weight of one piece in grams; 0 when the channel does not say.
    #[serde(default)]
    pub grams: u32,
    /// Price of one piece in the order's currency.
    pub price: Decimal,
    /// What is reserved for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allocations: Vec<Allocation>,
    /// What one piece takes from stock, where that is not simply one piece of `sku`: a mapped listing, a bundle.
    /// Kept as long as something is reserved, so that what is given back is what was taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// Pieces that left in earlier rounds of an order that went out in parts; not in `quantity` any more.
    #[serde(default, skip_serializing_if = "is_none_yet")]
    pub sent: u32,
}

fn is_none_yet(sent: &u32) -> bool {
    *sent == 0
}

impl Line {
    /// What one piece takes from stock.
    pub fn takes(&self) -> Vec<Part> {
        match (&self.sku, self.parts.is_empty()) {
            (_, false) => self.parts.clone(),
            (Some(sku), true) => vec![Part { sku: sku.clone(), units: 1 }],
            (None, true) => Vec::new(),
        }
    }

    /// Pieces reserved over all warehouses.
    pub fn allocated(&self) -> u32 {
        self.allocations.iter().map(|a| a.quantity).sum()
    }

    /// Pieces that are to be sent and have nothing reserved yet.
    pub fn owed(&self) -> u32 {
        if self.ships { self.quantity.saturating_sub(self.allocated()) } else { 0 }
    }
}

/// One shipper's hold on an order while it talks to carriers. It is written before the first call and taken
/// off when every answer is stored, so a shipper that meets one knows that a call may have been made whose
/// reply was lost: it asks the carrier for our reference before it creates anything
/// (models.md section 7 point 3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// When the present holder took it; it lapses after a lease.
    pub at: Timestamp,
    /// When the first holder took it: calls may have been made since then.
    pub since: Timestamp,
    /// The accounts that may have been asked to book.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub carriers: BTreeSet<ConnectionId>,
    /// By whom: chance alone, so that a shipper whose write was answered with silence knows its own claim again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// Pieces of a SKU that were taken off the shelf for an order and have not left yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picked {
    /// Which.
    pub sku: String,
    /// Where.
    pub warehouse: WarehouseId,
    /// Of which lot, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<Lot>,
    /// How many.
    pub quantity: i64,
}

impl Picked {
    /// Where on the packing bench they lie.
    pub fn spot(&self) -> Spot {
        Spot { lot: self.lot.clone(), ..Spot::pack() }
    }
}

/// How long an unpaid order keeps its goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unpaid {
    /// Until when.
    pub until: Timestamp,
    /// That moment has come and the goods were given back.
    #[serde(default)]
    pub lapsed: bool,
}

/// An order as Waybill keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Ours; see [`OrderId`].
    pub id: OrderId,
    /// Whose.
    pub merchant: MerchantId,
    /// Through which account it came.
    pub connection: ConnectionId,
    /// Through which channel.
    pub channel: Channel,
    /// What the channel calls it; `None` once forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_ref: Option<ChannelRef>,
    /// The channel's own time of the last change we know.
    pub version: Timestamp,
    /// A keyed digest of that version's content: equal times with different digests mean "read again".
    pub digest: String,
    /// Counts our own writes; every write is conditional on it.
    pub rev: u64,
    /// Where it stands.
    pub status: Status,
    /// Why, when it is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// When it was placed, by the channel.
    pub placed_at: Timestamp,
    /// What happened to it, for retention.
    pub milestones: Milestones,
    /// Where it goes, coarsely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<Destination>,
    /// Its lines.
    pub lines: Vec<Line>,
    /// What the buyer paid, in the shop's currency.
    pub total: Money,
    /// How it wants to be sent; `None` when neither the channel nor staff say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wish: Option<Wish>,
    /// How many shipments its goods leave in; 0 until a shipper has claimed it.
    #[serde(default)]
    pub shipments: u32,
    /// A shipper is, or was, talking to carriers about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// Its reservations have been settled: the goods left, or the promise was taken back.
    #[serde(default)]
    pub stock_settled: bool,
    /// Open matters for a person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Exception>,
    /// Goods on the packing bench for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub picked: Vec<Picked>,
    /// What the packing bench knows of it.
    #[serde(default, skip_serializing_if = "Bench::is_empty")]
    pub bench: Bench,
    /// Slots whose goods have left while the rest of a large order waits for its own transaction; none before and
    /// after that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<Slot>,
    /// It waits for payment and keeps its goods meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpaid: Option<Unpaid>,
    /// A person let it go although a rule holds it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub let_go: bool,
    /// What the merchant's own people said of it.
    #[serde(default, skip_serializing_if = "Instructions::is_empty")]
    pub instructions: Instructions,
    /// Shipments that left in earlier rounds of an order that goes out in parts.
    #[serde(default, skip_serializing_if = "is_none_yet")]
    pub rounds: u32,
    /// Where it has stood, oldest first; what the outside is told from (decision 014).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<Passed>,
    /// Whether it still has personal data.
    pub personal: PersonalData,
    /// When the clock should next look at it; `None` when nothing is left to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Timestamp>,
}

impl Order {
    /// Pieces that must leave a warehouse.
    pub fn pieces_to_ship(&self) -> u32 {
        self.lines.iter().filter(|l| l.ships).map(|l| l.quantity).sum()
    }

    /// True when some stock is reserved for it.
    pub fn holds_stock(&self) -> bool {
        !self.stock_settled && self.lines.iter().any(|l| !l.allocations.is_empty())
    }

    /// Its goods left the books and are still its own: its label was undone before they were handed over.
    pub fn goods_are_out(&self) -> bool {
        self.stock_settled && self.lines.iter().any(|l| !l.allocations.is_empty())
    }

    /// Pieces that are to be sent and have nothing reserved yet.
    pub fn owed(&self) -> u32 {
        self.lines.iter().map(Line::owed).sum()
    }

    /// Its channel has to say something first, whatever goods there are: that it is paid, let go or collected, or where
    /// it goes.
    pub fn waits_for_channel(&self) -> bool {
        let no_address = || self.exceptions.iter().any(|open| open.reason == Reason::MissingAddress);
        self.status == Status::Held
            && match self.hold {
                Some(Hold::AwaitingPayment | Hold::Channel | Hold::Pickup) => true,
                Some(Hold::Exception) => no_address(),
                Some(Hold::NothingToShip | Hold::TestOrder | Hold::Merchant) | None => false,
            }
    }

    /// It is not to leave now, whatever goods there are.
    pub fn stands_still(&self) -> bool {
        self.instructions.held || self.waits_for_channel()
    }

    /// It is held, and what it wants is kept for it meanwhile: its channel has sold that, and no other may be told that
    /// it is free (decision 029). Not what was ever at a carrier, nor what a person has to look at first.
    pub fn keeps_goods(&self) -> bool {
        let asked = |open: &Exception| matches!(open.reason, Reason::UnmappedSku | Reason::HeldByRule);
        let lapsed = self.unpaid.is_some_and(|unpaid| unpaid.lapsed);
        self.status == Status::Held
            && (self.stands_still() || self.exceptions.iter().any(asked))
            && !(lapsed || self.stock_settled || self.shipments > 0 || self.claim.is_some())
    }

    /// Goes on to `status`, unless its people hold it; is looked at when it is due.
    pub fn go_on(&mut self, status: Status, due: Timestamp) {
        let held = self.instructions.held;
        self.status = if held { Status::Held } else { status };
        self.hold = held.then_some(Hold::Merchant);
        self.due_at = Some(due);
    }

    /// Adds an open matter, once per reason.
    pub fn raise(&mut self, reason: Reason, detail: Option<String>, at: Timestamp) {
        match self.exceptions.iter_mut().find(|e| e.reason == reason) {
            Some(open) => open.detail = detail,
            None => self.exceptions.push(Exception { reason, since: at, detail }),
        }
    }

    /// Takes an open matter off.
    pub fn settle(&mut self, reason: Reason) {
        self.exceptions.retain(|e| e.reason != reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_postcode_area_is_all_that_is_kept() {
        assert_eq!(Destination::area_of("sw1a 1aa").as_deref(), Some("SW"));
        assert_eq!(Destination::area_of("B33 8TH").as_deref(), Some("B"));
        assert_eq!(Destination::area_of("78701"), None);
        assert_eq!(Destination::area_of("ABCDE"), None);
    }
}
