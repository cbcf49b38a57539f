//! A credential: a token, an API key, a signing secret.

use std::fmt;
use zeroize::Zeroizing;

/// Holds a credential in the clear, inside one function only. It is wiped when dropped, prints as
/// `Secret(..)` and cannot be serialised.
///
/// ```compile_fail
/// serde_json::to_string(&waybill_privacy::secret::Secret::new("key".to_owned()));
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a credential as soon as it is opened.
    pub fn new(value: String) -> Self {
        Self(Zeroizing::new(value))
    }

    /// The credential, for the header or signature it is made for.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert_eq!(secret.clone().expose(), "hunter2");
    }
}
