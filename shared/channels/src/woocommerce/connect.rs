//! Connecting a shop without copying keys (contract section 1): the merchant is sent to the shop, says yes, and the
//! shop posts its new keys to us before it sends the merchant back.

use super::{encoded, is_safe};
use crate::error::{CannotBuild, CannotRead};
use crate::lax::{Lax, Scalar};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use serde::Deserialize;
use waybill_privacy::secret::Secret;

/// What a merchant is asked to grant.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// The shop's address, as in [`super::Shop::base`].
    pub base: &'a str,
    /// Our name, as the shop shows it.
    pub app_name: &'a str,
    /// A secret of ours that is used once. The shop gives it back with the keys, and nothing else tells whose
    /// they are: the callback is not signed.
    pub once: &'a Secret,
    /// Where the merchant comes back to.
    pub return_url: &'a str,
    /// Where the shop posts the keys; https, or the shop refuses.
    pub callback_url: &'a str,
}

/// The address to send the merchant to. It holds the one-time secret: keep it out of logs.
///
/// # Errors
/// `CannotBuild::Address` when one of the addresses is not https, `Credential` when the one-time secret is not
/// 20 to 100 letters, digits, `-` and `_`.
pub fn authorisation(ask: &Ask<'_>) -> Result<Secret, CannotBuild> {
    let https = |url: &str| url.starts_with("https://");
    if !is_safe(ask.base) || !https(ask.callback_url) || ask.return_url.is_empty() || ask.app_name.is_empty()
    {
        return Err(CannotBuild::Address);
    }
    let once = ask.once.expose();
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !(20..=100).contains(&once.len()) || !once.bytes().all(fits) {
        return Err(CannotBuild::Credential);
    }
    Ok(Secret::new(format!(
        "{}/wc-auth/v1/authorize?app_name={}&scope=read_write&user_id={once}&return_url={}&callback_url={}",
        ask.base,
        encoded(ask.app_name),
        encoded(ask.return_url),
        encoded(ask.callback_url),
    )))
}

/// What the shop posted.
#[derive(Debug)]
pub struct Granted {
    once: Secret,
    /// The consumer key.
    pub key: Secret,
    /// The consumer secret.
    pub secret: Secret,
}

impl Granted {
    /// The one-time secret it came with, to look the pending connection up by its hash.
    pub fn once(&self) -> &Secret {
        &self.once
    }

    /// Whether it answers what was asked with this one-time secret; takes constant time. Use each only once.
    pub fn answers(&self, once: &Secret) -> bool {
        verify_slices_are_equal(self.once.expose().as_bytes(), once.expose().as_bytes()).is_ok()
    }
}

/// Reads what the shop posted. Answer 200 only when the keys are kept: on any other answer the shop deletes them.
///
/// # Errors
/// `CannotRead` when it is not the documented shape, or the keys may not read and write.
pub fn read_callback(body: &[u8]) -> Result<Granted, CannotRead> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Body {
        user_id: Lax<Hidden>,
        consumer_key: Lax<Hidden>,
        consumer_secret: Lax<Hidden>,
        key_permissions: Lax<String>,
    }
    let body: Body = serde_json::from_slice(body)?;
    if body.key_permissions.need("key_permissions")? != "read_write" {
        return Err(CannotRead::Field { field: "key_permissions" });
    }
    Ok(Granted {
        once: body.user_id.need("user_id")?.0,
        key: body.consumer_key.need("consumer_key")?.0,
        secret: body.consumer_secret.need("consumer_secret")?.0,
    })
}

struct Hidden(Secret);

impl Scalar for Hidden {
    fn read(text: &str) -> Option<Self> {
        (text.len() <= 200).then(|| Self(Secret::new(text.to_owned())))
    }
}
