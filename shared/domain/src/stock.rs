//! Stock of one SKU at one warehouse, and what moves it.
//!
//! Every piece on hand lies in exactly one [`Spot`]; goods that were taken in and not put away lie at the dock,
//! picked ones on the packing bench. So the sum of the movements is what is on hand, per level and per spot.

mod count;
mod holders;
mod level;
mod movement;
mod spot;

pub use count::{Counted, count};
pub use holders::{Holder, holders, moved};
pub use level::{Held, Level, Refused};
pub use movement::{Effect, Movement, MovementKind, Why, is_reference};
pub use spot::{BinId, InvalidSpot, Lot, Spot};

#[cfg(test)]
mod tests;
