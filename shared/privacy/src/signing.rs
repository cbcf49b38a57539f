//! The secret that signs what we send to a merchant's own address, by the Standard Webhooks specification
//! (standard-webhooks/standard-webhooks, spec/standard-webhooks.md, "Signature scheme").

use aws_lc_rs::{hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use zeroize::Zeroizing;

/// What every secret begins with.
const PREFIX: &str = "whsec_";
/// Bytes of a new secret; the specification asks for 24 to 64.
const LENGTH: usize = 32;

/// A secret that signs. It is wiped when dropped and prints as `SigningSecret(..)`.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(Zeroizing<Vec<u8>>);

/// No secret can be made, or a text is none. Holds no part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a signing secret")]
pub struct NoSecret;

impl SigningSecret {
    /// A new one, by chance.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn fresh() -> Result<Self, NoSecret> {
        let mut bytes = Zeroizing::new(vec![0; LENGTH]);
        rand::fill(&mut bytes).map_err(|_| NoSecret)?;
        Ok(Self(bytes))
    }

    /// Reads the text of [`SigningSecret::text`].
    ///
    /// # Errors
    /// When it is not one.
    pub fn parse(text: &str) -> Result<Self, NoSecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(NoSecret)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| NoSecret)?;
        if bytes.is_empty() { Err(NoSecret) } else { Ok(Self(Zeroizing::new(bytes))) }
    }

    /// `whsec_` and the secret in base64, as libraries of receivers take it.
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}", STANDARD.encode(&*self.0)))
    }

    /// Signs a body under its id and the time it is sent, in seconds since 1970; `v1,` and the signature in base64.
    pub fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &self.0));
        context.update(format!("{id}.{seconds}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign().as_ref()))
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own reference libraries.
    #[test]
    fn signs_as_the_reference_libraries_do() {
        let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature =
            secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_new_secret_is_its_own_and_does_not_print() {
        let (one, other) = (SigningSecret::fresh().unwrap(), SigningSecret::fresh().unwrap());
        assert_ne!(one, other);
        assert_eq!(SigningSecret::parse(&one.text()).unwrap(), one);
        assert_eq!(format!("{one:?}"), "SigningSecret(..)");
        for bad in ["", "whsec_", "whsec_***", &one.text()[6..]] {
            assert!(SigningSecret::parse(bad).is_err(), "{bad}");
        }
    }
}
