//! OAuth 1.0a signatures with HMAC-SHA256 (RFC 5849 section 3; contract section 1). The body of a call is not
//! signed, because it is JSON.

use crate::Stamp;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Uri};
use std::fmt::Write;
use zeroize::Zeroizing;

/// Percent-encodes all but letters, digits and `-._~` (RFC 5849 section 3.6).
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// What is signed: method, address without query, and every parameter of query and protocol, sorted after
/// encoding. What stands in brackets is therefore encoded twice.
pub fn base_string<'a>(
    method: &str,
    address: &str,
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut encoded: Vec<(String, String)> =
        parameters.into_iter().map(|(name, value)| (encode(name), encode(value))).collect();
    encoded.sort_unstable();
    let pairs: Vec<String> = encoded.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{}&{}&{}", method.to_ascii_uppercase(), encode(address), encode(&pairs.join("&")))
}

/// The signature of a base string, in base64.
pub fn signature(base_string: &str, consumer_secret: &str, token_secret: &str) -> String {
    let secret = Zeroizing::new(format!("{}&{}", encode(consumer_secret), encode(token_secret)));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    STANDARD.encode(hmac::sign(&key, base_string.as_bytes()))
}

/// Who signs.
pub(super) struct Signer<'a> {
    pub(super) consumer_key: &'a str,
    pub(super) consumer_secret: &'a str,
    /// A token and its secret; none while there is no token yet.
    pub(super) token: Option<(&'a str, &'a str)>,
    /// Only in exchange for an access token.
    pub(super) verifier: Option<&'a str>,
}

impl Signer<'_> {
    /// The `Authorization` header of a call.
    pub(super) fn header(
        &self,
        method: &Method,
        uri: &Uri,
        query: &[(String, String)],
        stamp: &Stamp,
    ) -> String {
        let time = stamp.now.as_second().to_string();
        let mut protocol = vec![
            ("oauth_consumer_key", self.consumer_key),
            ("oauth_nonce", stamp.nonce.as_str()),
            ("oauth_signature_method", "HMAC-SHA256"),
            ("oauth_timestamp", time.as_str()),
            ("oauth_version", "1.0"),
        ];
        protocol.extend(self.token.map(|(token, _)| ("oauth_token", token)));
        protocol.extend(self.verifier.map(|verifier| ("oauth_verifier", verifier)));
        let asked = query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let base = base_string(method.as_str(), &plain(uri), protocol.iter().copied().chain(asked));
        let secret = self.token.map_or("", |(_, secret)| secret);
        let signed = signature(&base, self.consumer_secret, secret);
        protocol.push(("oauth_signature", &signed));
        let parts: Vec<String> =
            protocol.iter().map(|(name, value)| format!("{name}=\"{}\"", encode(value))).collect();
        format!("OAuth {}", parts.join(", "))
    }
}

/// The address as it is signed: no query, small letters in scheme and host, no port that goes without saying
/// (RFC 5849 section 3.4.1.2).
fn plain(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or_default().to_ascii_lowercase();
    let host = uri.host().unwrap_or_default().to_ascii_lowercase();
    let port = match (scheme.as_str(), uri.port_u16()) {
        ("http", Some(80)) | ("https", Some(443)) | (_, None) => String::new(),
        (_, Some(port)) => format!(":{port}"),
    };
    format!("{scheme}://{host}{port}{}", uri.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signed_address_is_the_plain_one() {
        let of = |text: &str| plain(&text.parse().unwrap());
        assert_eq!(of("HTTPS://Shop.Example:443/rest/V1/orders?x=1"), "https://shop.example/rest/V1/orders");
        assert_eq!(
            of("http://127.0.0.1:8080/magento/a/V1/orders"),
            "http://127.0.0.1:8080/magento/a/V1/orders"
        );
        assert_eq!(of("http://shop.example:443/"), "http://shop.example:443/");
    }
}
