//! Stock of one SKU at one warehouse, and what moves it.

use crate::id::{OrderId, WarehouseId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How many of a SKU a warehouse holds. `available` is kept beside the two it comes from because a
/// DynamoDB condition can compare but not subtract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Where.
    pub warehouse: WarehouseId,
    /// Pieces on the shelves.
    pub on_hand: i64,
    /// Pieces promised to orders.
    pub reserved: i64,
    /// `on_hand - reserved`.
    pub available: i64,
}

impl Level {
    /// True when the three numbers agree and nothing is oversold.
    pub fn is_sound(&self) -> bool {
        self.reserved >= 0 && self.available >= 0 && self.available == self.on_hand - self.reserved
    }
}

/// Why stock moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// Goods came in.
    Receive,
    /// Promised to orders.
    Reserve,
    /// A promise taken back.
    Release,
    /// Left the building.
    Dispatch,
}

impl MovementKind {
    /// How `quantity` pieces change (on hand, reserved).
    pub fn effect(self, quantity: i64) -> (i64, i64) {
        match self {
            Self::Receive => (quantity, 0),
            Self::Reserve => (0, quantity),
            Self::Release => (0, -quantity),
            Self::Dispatch => (-quantity, -quantity),
        }
    }
}

/// One recorded change of one level. A batch of orders is one movement that names its orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// Why.
    pub kind: MovementKind,
    /// Where.
    pub warehouse: WarehouseId,
    /// Pieces, all orders together, never negative; 0 when one order took what another gave back.
    pub quantity: i64,
    /// When it was decided.
    pub at: Timestamp,
    /// Which orders, each with its pieces, negative for what was given back. Empty for goods received.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<(OrderId, i64)>,
}
