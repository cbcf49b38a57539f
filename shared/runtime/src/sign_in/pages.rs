//! The user pool's own pages: there with a challenge, back with a code, and a code or a refresh token into a new token.
//! Addresses and fields: "Amazon Cognito user pools, the authorize, token and revoke endpoints".

use super::NotSignedIn;
use crate::config::{Egress, Reader};
use crate::outbound::Outbound;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Request, header};
use serde::Deserialize;
use std::sync::Arc;

/// Leads to the sign-in pages and back.
pub struct Pages {
    base: String,
    client: String,
    back: String,
    outbound: Arc<dyn Outbound>,
}

/// A sign-in that has begun.
pub struct Begun {
    /// Where the browser goes.
    pub address: String,
    /// What the browser keeps until it is back: the state and the verifier.
    pub kept: String,
}

/// What the user pool gave.
#[derive(Deserialize)]
pub struct Got {
    /// Says who it is.
    pub id_token: String,
    /// Gets the next one; only a sign-in gives it.
    #[serde(default)]
    pub refresh_token: Option<String>,
}

impl Pages {
    /// `SIGN_IN_PAGES` and `SIGN_IN_BACK`. The local AWS plays the pages at its own address.
    pub fn read(read: &mut Reader, egress: Egress, client: &str, outbound: Arc<dyn Outbound>) -> Self {
        let base = match egress {
            Egress::Public => read.need("SIGN_IN_PAGES", "the address of the user pool's pages"),
            Egress::Local => read.need("AWS_ENDPOINT_URL", "the address of the local AWS"),
        };
        let back = read.need("SIGN_IN_BACK", "where the sign-in pages lead back to");
        Self::new(base, client.to_owned(), back, outbound)
    }

    /// Pages at `base`, which lead `back` to us.
    pub fn new(base: String, client: String, back: String, outbound: Arc<dyn Outbound>) -> Self {
        Self { base, client, back, outbound }
    }

    /// Where we are ourselves, as the pages lead back to it: without the path and a slash at the end.
    pub fn home(&self) -> &str {
        self.back.split_once("/console/").map_or(self.back.as_str(), |(home, _)| home)
    }

    /// Begins a sign-in; `None` when there is no chance to be had.
    pub fn begin(&self) -> Option<Begun> {
        let state = crate::nonce()?;
        let verifier = format!("{}{}", crate::nonce()?, crate::nonce()?);
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
        let query = serde_urlencoded::to_string([
            ("response_type", "code"),
            ("client_id", &self.client),
            ("redirect_uri", &self.back),
            ("scope", "openid"),
            ("state", &state),
            ("code_challenge_method", "S256"),
            ("code_challenge", &challenge),
        ]);
        let address = format!("{}/oauth2/authorize?{}", self.base, query.ok()?);
        Some(Begun { address, kept: format!("{state}.{verifier}") })
    }

    /// Turns a code into a token, if this browser is the one that began.
    ///
    /// # Errors
    /// `Refused` when the state is another's or the code is not good; `Unavailable`.
    pub async fn finish(&self, kept: &str, state: &str, code: &str) -> Result<Got, NotSignedIn> {
        let (begun, verifier) = kept.split_once('.').ok_or(NotSignedIn::Refused)?;
        aws_lc_rs::constant_time::verify_slices_are_equal(begun.as_bytes(), state.as_bytes())
            .map_err(|_| NotSignedIn::Refused)?;
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", &self.client),
            ("code", code),
            ("redirect_uri", &self.back),
            ("code_verifier", verifier),
        ];
        self.ask("token", &fields).await
    }

    /// Gets a new token for one that has ended.
    ///
    /// # Errors
    /// `Refused` when the day is over or the sign-in was revoked; `Unavailable`.
    pub async fn renew(&self, keep: &str) -> Result<Got, NotSignedIn> {
        let fields = [("grant_type", "refresh_token"), ("client_id", &self.client), ("refresh_token", keep)];
        self.ask("token", &fields).await
    }

    /// Ends a sign-in at the user pool. The cookies go whatever it says, so nothing hangs on its answer.
    pub async fn revoke(&self, keep: &str) {
        if let Some(request) = self.request("revoke", &[("client_id", &self.client), ("token", keep)])
            && self.outbound.send(request).await.is_err()
        {
            tracing::warn!("a sign-in could not be revoked at the user pool");
        }
    }

    fn request(&self, what: &str, fields: &[(&str, &str)]) -> Option<Request<Vec<u8>>> {
        let body = serde_urlencoded::to_string(fields).ok()?.into_bytes();
        let request = Request::post(format!("{}/oauth2/{what}", self.base))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        request.body(body).ok()
    }

    async fn ask(&self, what: &str, fields: &[(&str, &str)]) -> Result<Got, NotSignedIn> {
        let request = self.request(what, fields).ok_or(NotSignedIn::Refused)?;
        let reply = self.outbound.send(request).await.map_err(|_| NotSignedIn::Unavailable)?;
        match reply.status().as_u16() {
            200 => serde_json::from_slice(reply.body()).map_err(|_| NotSignedIn::Unavailable),
            400..=499 => Err(NotSignedIn::Refused),
            _ => Err(NotSignedIn::Unavailable),
        }
    }
}
