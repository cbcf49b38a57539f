//! Tokens of Adobe IMS, which the SaaS edition takes instead of an integration's (contract section 1). They are
//! given against lasting credentials; there is no refresh token and nobody to ask.

use super::{address, oauth};
use crate::Stamp;
use crate::error::{CannotBuild, CannotRead, code};
use crate::lax::{Lax, Scalar};
use crate::token::Token;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Method, Request, Response};
use jiff::SignedDuration;
use serde::Deserialize;
use waybill_domain::exception::Reason;
use waybill_domain::time::after;
use waybill_privacy::secret::Secret;
use zeroize::Zeroizing;

/// Where Adobe gives tokens.
pub const IMS: &str = "https://ims-na1.adobelogin.com";

/// What a token must be good for (contract samples, `saas token`).
pub const SCOPES: &str = "openid,AdobeID,email,profile,additional_info.roles,\
additional_info.projectedProductContext,commerce.accs";

/// The longest life taken at its word: IMS gives a day.
const LONGEST_LIFE: i64 = 7 * 24 * 3600;

/// A server-to-server credential of Adobe's developer console.
#[derive(Debug, Clone)]
pub struct Application {
    /// [`IMS`], or the sandbox's address of the shop.
    pub base: String,
    /// Its name.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
}

/// Asks for a token.
///
/// # Errors
/// `CannotBuild::Address` when the address is none.
pub fn build_refresh(application: &Application) -> Result<Request<Vec<u8>>, CannotBuild> {
    let form: [(&str, &str); 4] = [
        ("grant_type", "client_credentials"),
        ("client_id", &application.client_id),
        ("client_secret", application.client_secret.expose()),
        ("scope", SCOPES),
    ];
    let pairs: Vec<String> =
        form.iter().map(|(name, value)| format!("{name}={}", oauth::encode(value))).collect();
    Request::builder()
        .method(Method::POST)
        .uri(address(&format!("{}/ims/token/v3", application.base))?)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json")
        .body(pairs.join("&").into_bytes())
        .map_err(|_| CannotBuild::Address)
}

/// A token's text, wiped when dropped.
struct Wiped(Zeroizing<String>);

impl Scalar for Wiped {
    fn read(text: &str) -> Option<Self> {
        (text.len() <= 16_384).then(|| Self(Zeroizing::new(text.to_owned())))
    }
}

/// Reads a token.
///
/// # Errors
/// `CannotRead::Connection` when Adobe refuses the credential: connect the account again.
pub fn read_token(reply: &Response<Vec<u8>>, stamp: &Stamp) -> Result<Token, CannotRead> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Told {
        access_token: Lax<Wiped>,
        /// Seconds.
        expires_in: Lax<u32>,
        error: Lax<String>,
    }
    let told: Result<Told, _> = serde_json::from_slice(reply.body());
    if reply.status().is_client_error() && !matches!(reply.status().as_u16(), 408 | 429) {
        let error = told.ok().and_then(|told| told.error.hint());
        let code = error.map_or_else(|| format!("http_{}", reply.status().as_u16()), |error| code(&error));
        return Err(CannotRead::Connection { code });
    }
    super::reply::good(reply, Reason::ConnectionRefused)?;
    let told = told.map_err(|_| CannotRead::Reply)?;
    let access = told.access_token.need("access_token")?;
    let life = i64::from(told.expires_in.need("expires_in")?).min(LONGEST_LIFE);
    Ok(Token {
        access: Secret::new(String::clone(&access.0)),
        expires_at: after(stamp.now, SignedDuration::from_secs(life)),
        refresh: None,
    })
}
