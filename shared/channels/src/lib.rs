//! Channels: where orders come from and tracking numbers go back to.
//!
//! Everything is pure: `build_*` makes a request, `read_*` takes a reply or a delivery apart. Sending, waiting
//! and storing happen elsewhere, so that every case is tested without a socket (DESIGN section 7).

pub mod error;
pub mod shopify;

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
    /// The buyer's e-mail, for the blind index that an erasure request is found by.
    pub buyer_email: Option<Text>,
}
