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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::{Debug, Display};
    use std::marker::PhantomData;

    /// What is not found on the type itself is found here: the compiler's own answer to "has it this trait?".
    trait Without {
        const DEBUG: bool = false;
        const DISPLAY: bool = false;
        const SERIALIZE: bool = false;
    }
    struct Of<T>(PhantomData<T>);
    impl<T> Without for Of<T> {}
    impl<T: Debug> Of<T> {
        const DEBUG: bool = true;
    }
    impl<T: Display> Of<T> {
        const DISPLAY: bool = true;
    }
    impl<T: serde::Serialize> Of<T> {
        const SERIALIZE: bool = true;
    }

    #[test]
    fn what_is_personal_can_be_neither_printed_nor_serialised() {
        assert_eq!(
            [Of::<String>::DEBUG, Of::<String>::DISPLAY, Of::<String>::SERIALIZE],
            [true; 3],
            "the question works"
        );
        let personal = [
            Of::<Sensitive<String>>::DEBUG,
            Of::<Sensitive<String>>::DISPLAY,
            Of::<Sensitive<String>>::SERIALIZE,
            Of::<crate::Recipient>::DEBUG,
            Of::<crate::Recipient>::DISPLAY,
            Of::<crate::Recipient>::SERIALIZE,
        ];
        assert_eq!(personal, [false; 6]);
    }
}
