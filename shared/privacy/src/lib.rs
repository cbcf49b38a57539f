//! Personal data: the types that hold it, how it is sealed, and who may open it.
//!
//! A personal value is a [`Sensitive`], which cannot be printed or serialised. It leaves only by
//! [`seal::seal`] (at rest) or [`Sensitive::open`] with a [`Purpose`] (for a person or a carrier).

pub mod disclosure;
pub mod index;
pub mod purpose;
pub mod recipient;
pub mod seal;
pub mod secret;
pub mod sensitive;
pub mod signing;

pub use purpose::Purpose;
pub use recipient::Recipient;
pub use sensitive::Sensitive;
