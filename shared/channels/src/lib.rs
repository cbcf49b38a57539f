//! Channels: where orders come from and tracking numbers go back to.
//!
//! Everything is pure: `build_*` makes a request, `read_*` takes a reply or a delivery apart. Sending, waiting
//! and storing happen elsewhere, so that every case is tested without a socket (DESIGN section 7).

mod account;
pub mod amazon;
mod amount;
pub mod care;
pub mod ebay;
pub mod error;
pub mod feed;
pub mod hint;
mod lax;
pub mod magento;
mod operation;
pub mod shopify;
pub mod stamp;
pub mod stock;
pub mod token;
pub mod woocommerce;
pub mod writeback;

pub use account::{Account, ReadOne, Talk, counts_physical, poll_every};
pub use operation::Operation;
pub use stamp::Stamp;

use waybill_domain::intake::Incoming;
use waybill_privacy::Recipient;
use waybill_privacy::recipient::Text;

/// An order as every channel gives it: what names nobody, and apart from it what does. A payload's other
/// fields have nowhere to go.
pub struct Normalised {
    /// The order.
    pub incoming: Incoming,
    /// Who gets it; the caller cuts it with [`Recipient::minimised`]. `None` when nothing is sent.
    pub recipient: Option<Recipient>,
    /// How the channel names the buyer when it asks to erase one, for the blind index that finds their orders:
    /// the e-mail address, or at eBay the user name.
    pub buyer: Option<Text>,
}
