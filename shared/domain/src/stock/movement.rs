//! What moves stock, and by how much.

use super::Spot;
use crate::id::{OrderId, WarehouseId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What happened to the goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// Goods came in.
    Receive,
    /// From the dock to their bin.
    Putaway,
    /// From one bin to another.
    Move,
    /// Left for another warehouse.
    TransferOut,
    /// Arrived from another warehouse.
    TransferIn,
    /// A correction of what is there; may be negative.
    Adjust,
    /// The difference a count found; may be negative.
    Count,
    /// Promised to orders.
    Reserve,
    /// A promise taken back.
    Release,
    /// From its bin to the packing bench.
    Pick,
    /// Promised and not found: neither on hand nor reserved any more.
    ShortPick,
    /// Left the building.
    Dispatch,
    /// A buyer's parcel came back, fit for sale.
    ReturnToStock,
    /// A buyer's parcel came back and must be looked at.
    ReturnToQuarantine,
    /// Taken out of sale.
    Quarantine,
    /// Fit for sale after all.
    FromQuarantine,
    /// Gone for good: broken, lost, expired.
    WriteOff,
    /// What was in quarantine is gone for good.
    Scrap,
}

/// What a movement does to a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Effect {
    /// Change of what is on hand and fit for sale.
    pub on_hand: i64,
    /// Change of what is promised.
    pub reserved: i64,
    /// Change of what is in quarantine.
    pub quarantined: i64,
}

impl std::ops::AddAssign for Effect {
    fn add_assign(&mut self, other: Self) {
        self.on_hand += other.on_hand;
        self.reserved += other.reserved;
        self.quarantined += other.quarantined;
    }
}

impl MovementKind {
    /// Every kind.
    pub const ALL: [Self; 18] = [
        Self::Receive,
        Self::Putaway,
        Self::Move,
        Self::TransferOut,
        Self::TransferIn,
        Self::Adjust,
        Self::Count,
        Self::Reserve,
        Self::Release,
        Self::Pick,
        Self::ShortPick,
        Self::Dispatch,
        Self::ReturnToStock,
        Self::ReturnToQuarantine,
        Self::Quarantine,
        Self::FromQuarantine,
        Self::WriteOff,
        Self::Scrap,
    ];

    /// How `quantity` pieces change a level.
    pub fn effect(self, quantity: i64) -> Effect {
        let (on_hand, reserved, quarantined) = match self {
            Self::Receive | Self::TransferIn | Self::Adjust | Self::Count | Self::ReturnToStock => {
                (quantity, 0, 0)
            }
            Self::Putaway | Self::Move | Self::Pick => (0, 0, 0),
            Self::TransferOut | Self::WriteOff => (-quantity, 0, 0),
            Self::Reserve => (0, quantity, 0),
            Self::Release => (0, -quantity, 0),
            Self::ShortPick | Self::Dispatch => (-quantity, -quantity, 0),
            Self::ReturnToQuarantine => (0, 0, quantity),
            Self::Quarantine => (-quantity, 0, quantity),
            Self::FromQuarantine => (quantity, 0, -quantity),
            Self::Scrap => (0, 0, -quantity),
        };
        Effect { on_hand, reserved, quarantined }
    }

    /// Pieces may be negative: the kind says nothing about the direction.
    pub fn is_signed(self) -> bool {
        matches!(self, Self::Adjust | Self::Count)
    }

    /// Staff may record it by itself. The others follow from orders, pick lists, counts and transfers.
    pub fn is_by_hand(self) -> bool {
        matches!(
            self,
            Self::Receive
                | Self::Putaway
                | Self::Move
                | Self::Adjust
                | Self::ReturnToStock
                | Self::ReturnToQuarantine
                | Self::Quarantine
                | Self::FromQuarantine
                | Self::WriteOff
                | Self::Scrap
        )
    }

    /// How one order's pieces in the movement change what that order holds. A batch of promises names pieces
    /// given back as negative ones; what left or was not found is named as it is.
    pub fn held(self, quantity: i64) -> i64 {
        match self {
            Self::Reserve | Self::Release => quantity,
            Self::Dispatch | Self::ShortPick => -quantity,
            _ => 0,
        }
    }
}

/// Why staff or a rule moved it. A closed list: free text could name a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "MovementReason")]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// The first count of a new warehouse.
    Opening,
    /// Bought from a supplier.
    Purchase,
    /// An order.
    Order,
    /// Goods a buyer sent back.
    CustomerReturn,
    /// Broken.
    Damaged,
    /// Not found.
    Lost,
    /// Found again.
    Found,
    /// Past its date.
    Expired,
    /// A count.
    Count,
    /// Between warehouses.
    Transfer,
    /// Tidying up the shelves.
    Rebin,
    /// An earlier entry was wrong.
    Correction,
}

/// One recorded change of one level. A batch of orders is one movement that names its orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// What happened.
    pub kind: MovementKind,
    /// Where.
    pub warehouse: WarehouseId,
    /// Pieces, all orders together; negative only for kinds that say so; 0 when one order took what another
    /// gave back.
    pub quantity: i64,
    /// When it was decided.
    pub at: Timestamp,
    /// Which orders, each with its pieces, negative for what was given back. Empty for goods received.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<(OrderId, i64)>,
    /// Change of what lies in each spot. They add up to the change of what is on hand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spots: Vec<(Spot, i64)>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Why>,
    /// Who: the pseudonymous subject of a sign-in; `None` for the system itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What it belongs to: a purchase, a count, a pick list, an upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

impl Movement {
    /// A movement of no order, spot, actor or reference.
    pub fn new(kind: MovementKind, warehouse: WarehouseId, quantity: i64, at: Timestamp) -> Self {
        Self {
            kind,
            warehouse,
            quantity,
            at,
            orders: Vec::new(),
            spots: Vec::new(),
            reason: None,
            actor: None,
            reference: None,
        }
    }

    /// The same, between these spots.
    #[must_use]
    pub fn between(mut self, from: Option<Spot>, to: Option<Spot>) -> Self {
        let on_hand = self.effect().on_hand;
        let pieces = if on_hand == 0 { self.quantity } else { on_hand.abs() };
        let leaves = on_hand < 0 || (on_hand == 0 && to.is_some());
        let arrives = on_hand > 0 || (on_hand == 0 && from.is_some());
        let out = from.filter(|_| leaves).map(|spot| (spot, -pieces));
        let inn = to.filter(|_| arrives).map(|spot| (spot, pieces));
        self.spots = out.into_iter().chain(inn).filter(|(_, q)| *q != 0).collect();
        self
    }

    /// The same, because of something, by someone, for something.
    #[must_use]
    pub fn noted(mut self, reason: Option<Why>, actor: Option<&str>, reference: &str) -> Self {
        self.reason = reason;
        self.actor = actor.map(str::to_owned);
        self.reference = Some(reference.to_owned());
        self
    }

    /// What it does to its level.
    pub fn effect(&self) -> Effect {
        self.kind.effect(self.quantity)
    }

    /// The spots add up to what it does, and the sign fits the kind.
    pub fn is_whole(&self) -> bool {
        let spots: i64 = self.spots.iter().map(|(_, q)| q).sum();
        spots == self.effect().on_hand && (self.quantity >= 0 || self.kind.is_signed())
    }
}

/// Whether text may be a reference: what can be typed from paper and names nobody.
pub fn is_reference(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b':'))
}
