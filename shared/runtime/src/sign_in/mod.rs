//! Signing in with a browser. A browser that follows a link sends no `Authorization` header, so the gateway cannot ask
//! for one on the console's pages; what it would check is checked here (decision 009).
//!
//! [`Tokens`] says who a token names, [`Pages`] leads to the user pool's own pages and back (OAuth 2.0 code flow with
//! PKCE, RFC 6749 and RFC 7636), [`Jar`] keeps what came of it in cookies that no script can read.

mod cookies;
mod pages;
mod token;

pub use cookies::{Cookie, Jar};
pub use pages::{Begun, Got, Pages};
pub use token::{Tokens, Who};

/// The field in which every form repeats what its session has.
pub const FORM: &str = "form";

use crate::config::{Egress, Reader};
use crate::outbound::Outbound;
use std::sync::Arc;

/// Why nobody is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotSignedIn {
    /// The token, code or session is not good, or not any more.
    #[error("the sign-in is over or was never good: sign in again")]
    Refused,
    /// The user pool did not answer.
    #[error("the user pool does not answer: try again")]
    Unavailable,
}

/// Where the user pool is, as the template says.
#[derive(Debug, Clone)]
pub struct Place {
    /// What its tokens name as their issuer.
    pub issuer: String,
    /// The client that staff sign in with.
    pub client: String,
    /// Where its public keys are.
    pub keys: String,
    /// Cookies are for TLS only.
    pub secure: bool,
}

impl Place {
    /// `SIGN_IN_ISSUER` and `SIGN_IN_CLIENT`. The local AWS issues tokens in the real pool's name and shows their keys
    /// at its own address.
    pub fn read(read: &mut Reader, egress: Egress) -> Self {
        let issuer = read.need("SIGN_IN_ISSUER", "the address of the user pool");
        let client = read.need("SIGN_IN_CLIENT", "the id of the client that staff sign in with");
        let base = match egress {
            Egress::Public => issuer.clone(),
            Egress::Local => {
                let pool = issuer.rsplit('/').next().unwrap_or_default();
                format!("{}/{pool}", read.need("AWS_ENDPOINT_URL", "the address of the local AWS"))
            }
        };
        let keys = format!("{base}/.well-known/jwks.json");
        Self { issuer, client, keys, secure: egress == Egress::Public }
    }

    /// Says who a token of this pool names.
    pub fn tokens(&self, outbound: Arc<dyn Outbound>) -> Tokens {
        Tokens::new(self.clone(), outbound)
    }

    /// Keeps cookies as this place needs them.
    pub fn jar(&self) -> Jar {
        Jar::new(self.secure)
    }
}
