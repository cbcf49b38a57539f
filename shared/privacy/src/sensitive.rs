//! A value that names or locates a person.

use crate::purpose::Purpose;
use zeroize::Zeroize;

/// Holds a personal value. It has no `Debug`, `Display` or `Serialize`, is wiped when dropped, and opens only
/// for a stated purpose.
///
/// ```compile_fail
/// let name = waybill_privacy::Sensitive::new(String::from("A Buyer"));
/// println!("{name:?}");
/// ```
/// ```compile_fail
/// let name = waybill_privacy::Sensitive::new(String::from("A Buyer"));
/// println!("{name}");
/// ```
/// ```compile_fail
/// let name = waybill_privacy::Sensitive::new(String::from("A Buyer"));
/// serde_json::to_string(&name);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Sensitive<T: Zeroize>(T);

impl<T: Zeroize> Sensitive<T> {
    /// Wraps a value as soon as it is read.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for a purpose the caller states and its audit record repeats.
    pub fn open(&self, _purpose: Purpose) -> &T {
        &self.0
    }

    /// For this crate's own sealing and indexing, which keep the value closed to everyone else.
    pub(crate) fn inner(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Sensitive<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
