//! What a trusted delivery from a channel asks us to do.

use crate::Normalised;
use waybill_privacy::recipient::Text;

/// What a delivery asks us to do.
pub enum Hint {
    /// Take this order in.
    Order(Box<Normalised>),
    /// Read this order from the channel: the delivery does not carry it whole.
    Reread {
        /// The channel's key.
        channel_id: String,
    },
    /// Erase a buyer: these orders, and whatever the blind indexes of these names find. Either may be empty.
    EraseOrders {
        /// The channel's keys.
        orders: Vec<String>,
        /// How the channel names the buyer; see [`Normalised::buyer`]. More than one where the channel's own
        /// documents disagree on which field holds it.
        buyers: Vec<Text>,
    },
    /// Erase everything of the shop.
    EraseShop,
    /// Give a buyer's data to the merchant.
    DataRequest {
        /// The channel's key for the request.
        request: String,
        /// The channel's keys of the orders asked for.
        orders: Vec<String>,
        /// How the channel names the buyer.
        buyer: Option<Text>,
    },
    /// The merchant removed us: the token is dead, stop every job of the shop.
    Uninstalled,
    /// Nothing to do.
    Ignore,
}
