//! Tokens that end: kept sealed for all functions, renewed by one of them at a time.

use crate::channel::{NotDone, stamp};
use crate::outbound::Outbound;
use crate::remote::Told;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use waybill_carriers::{dpd, pro_shipping};
use waybill_channels::token::Token;
use waybill_channels::{Stamp, amazon, ebay, magento, shopify};
use waybill_domain::ConnectionId;
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_domain::time::after;
use waybill_privacy::secret::Secret;
use waybill_store::keyring::Vault;
use waybill_store::registry::{ConnectionState, Credentials};
use waybill_store::tokens::HeldToken;
use waybill_store::{Db, StoreError};

/// A token is not used in its last minute: a call may take that long.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// A token younger than this that is refused was never good.
pub(crate) const FRESH: SignedDuration = SignedDuration::from_secs(60);

/// Where an account's tokens come from.
pub enum Source {
    /// Login with Amazon, with what the seller granted.
    Amazon(amazon::token::Application, Secret),
    /// eBay, with what the seller granted.
    Ebay(ebay::token::Application, Secret),
    /// Adobe's identity service.
    Adobe(magento::token::Application),
    /// A Shopify shop whose tokens end, with what refreshes the first.
    Shopify(shopify::token::Application, Secret),
    /// DPD, with the account's own key and secret.
    Dpd(Box<dpd::Account>),
    /// Pro Shipping, with the account's own client credentials.
    ProShipping(Box<pro_shipping::Account>),
}

impl Source {
    /// The source that fits an account's credentials; `auth` is the address that gives tokens.
    pub(crate) fn of(credentials: &Credentials, auth: String) -> Option<Self> {
        let secret = |text: &String| Secret::new(text.clone());
        Some(match credentials {
            Credentials::Amazon { client_id, client_secret, refresh_token, .. } => {
                let (client_id, client_secret) = (client_id.clone(), secret(client_secret));
                let application = amazon::token::Application { auth, client_id, client_secret };
                Self::Amazon(application, secret(refresh_token))
            }
            Credentials::Ebay { client_id, client_secret, refresh_token, .. } => {
                let application = ebay::token::Application {
                    consent: auth.clone(),
                    base: auth,
                    client_id: client_id.clone(),
                    client_secret: secret(client_secret),
                    redirect: String::new(),
                };
                Self::Ebay(application, secret(refresh_token))
            }
            Credentials::AdobeCommerce { client_id, client_secret, .. } => {
                let (client_id, client_secret) = (client_id.clone(), secret(client_secret));
                Self::Adobe(magento::token::Application { base: auth, client_id, client_secret })
            }
            Credentials::Shopify {
                secrets,
                client_id: Some(client_id),
                refresh_token: Some(refresh),
                ..
            } => {
                let client_secret = secret(secrets.first()?);
                let (base, client_id) = (auth, client_id.clone());
                Self::Shopify(shopify::token::Application { base, client_id, client_secret }, secret(refresh))
            }
            _ => return None,
        })
    }

    /// Asks for a token; `refresh` is what the last one said to refresh with, if it said so.
    fn build(&self, refresh: Option<&Secret>) -> Result<Request<Vec<u8>>, Told> {
        Ok(match self {
            Self::Amazon(application, granted) => {
                amazon::token::build_refresh(application, refresh.unwrap_or(granted))?
            }
            Self::Ebay(application, granted) => {
                ebay::token::build_refresh(application, refresh.unwrap_or(granted))?
            }
            Self::Adobe(application) => magento::token::build_refresh(application)?,
            Self::Shopify(application, granted) => {
                shopify::token::build_refresh(application, refresh.unwrap_or(granted))?
            }
            Self::Dpd(account) => dpd::token::build_login(account)?,
            Self::ProShipping(account) => pro_shipping::token::build_login(account)?,
        })
    }

    /// Reads it.
    fn read(&self, reply: &Response<Vec<u8>>, stamp: &Stamp) -> Result<Token, Told> {
        Ok(match self {
            Self::Amazon(..) => amazon::token::read_token(reply, stamp)?,
            Self::Ebay(..) => ebay::token::read_token(reply, stamp)?,
            Self::Adobe(_) => magento::token::read_token(reply, stamp)?,
            Self::Shopify(..) => shopify::token::read_token(reply, stamp)?,
            Self::Dpd(account) => {
                let (status, headers, body) = (reply.status(), reply.headers(), reply.body());
                let token = dpd::token::read_token(account, stamp.now, status, headers, body)?;
                Token { access: token.access, expires_at: token.expires_at, refresh: None }
            }
            Self::ProShipping(account) => {
                let (status, headers, body) = (reply.status(), reply.headers(), reply.body());
                let token = pro_shipping::token::read_token(account, stamp.now, status, headers, body)?;
                Token { access: token.access, expires_at: token.expires_at, refresh: None }
            }
        })
    }
}

/// A token that can be used now.
#[derive(Clone)]
pub(crate) struct Current {
    pub(crate) access: Secret,
    pub(crate) obtained_at: Timestamp,
    pub(crate) expires_at: Timestamp,
}

impl Current {
    /// It is good for a call that begins now.
    pub(crate) fn lasts(&self, now: Timestamp) -> bool {
        now < after(self.expires_at, -MARGIN)
    }
}

/// What getting a token takes.
#[derive(Clone, Copy)]
pub struct Tokens<'a> {
    /// Keeps tokens.
    pub db: &'a Db,
    /// Seals them.
    pub vault: &'a dyn Vault,
    /// Sends.
    pub outbound: &'a dyn Outbound,
}

/// What is sealed.
#[derive(Serialize, Deserialize, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
struct Kept {
    access: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh: Option<String>,
}

/// The connection's token, renewed if it is about to end. While another function renews it the work comes back
/// in a second.
pub(crate) async fn current(
    tokens: Tokens<'_>,
    id: &ConnectionId,
    source: &Source,
    now: Timestamp,
) -> Result<Current, NotDone> {
    let held = tokens.db.token(id).await?;
    let kept = match &held {
        Some(held) => Some(open(tokens, id, held).await?),
        None => None,
    };
    if let (Some(held), Some(kept)) = (&held, &kept)
        && now < after(held.expires_at, -MARGIN)
    {
        return Ok(Current {
            access: Secret::new(kept.access.clone()),
            obtained_at: held.obtained_at,
            expires_at: held.expires_at,
        });
    }
    if !tokens.db.lease_token(id, held.as_ref(), now).await? {
        let text = "another function is getting the connection's token".to_owned();
        return Err(Told { advice: Advice::Wait { seconds: 1 }, text }.into());
    }
    let refresh = kept.as_ref().and_then(|k| k.refresh.clone()).map(Secret::new);
    let request = source.build(refresh.as_ref())?;
    let reply = tokens.outbound.send(request).await.map_err(Told::from)?;
    let token = match source.read(&reply, &stamp(now)) {
        Ok(token) => token,
        Err(told) => {
            if told.advice == Advice::AskPerson(Reason::ConnectionRefused) {
                tracing::error!(connection = %id, error = %told, "the account no longer grants us a token; this connection is paused");
                tokens.db.set_connection_state(id, ConnectionState::Refused).await?;
            }
            return Err(told.into());
        }
    };
    let kept = Kept {
        access: token.access.expose().to_owned(),
        refresh: token.refresh.or(refresh).map(|r| r.expose().to_owned()),
    };
    let plain =
        serde_json::to_vec(&kept).map(zeroize::Zeroizing::new).map_err(|_| StoreError::Corrupt("token"))?;
    let sealed = tokens.vault.seal(id.as_str(), &plain).await?;
    let held = HeldToken { sealed, obtained_at: now, expires_at: token.expires_at };
    tokens.db.save_token(id, &held).await?;
    Ok(Current { access: token.access, obtained_at: now, expires_at: token.expires_at })
}

async fn open(tokens: Tokens<'_>, id: &ConnectionId, held: &HeldToken) -> Result<Kept, StoreError> {
    let plain = tokens.vault.open(id.as_str(), &held.sealed).await?;
    serde_json::from_slice(&plain).map_err(|_| StoreError::Corrupt("token"))
}
