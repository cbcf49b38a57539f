//! Carriers: booking, labels, cancelling, manifests and tracking.
//!
//! Everything is pure: `build_*` makes a request, `read_*` takes status, headers and body of the reply apart.
//! Sending, waiting and storing happen elsewhere, so that every case is tested without a socket
//! (DESIGN section 7). A `build` is given the fields the service may have, never the whole recipient.

pub mod account;
pub mod dpd;
pub mod error;
pub mod least;
pub mod parcelforce;
pub mod preflight;
pub mod pro_shipping;
pub mod royal_mail;
