//! Connecting a shop: the handshake that gives an integration its token, and what must be known of the shop.
//!
//! When a merchant activates our integration, the shop posts its credentials to our callback, which anybody can
//! call (contract section 1): take an activation only while that merchant has the set-up open. Then
//! [`build_request_token`] and [`build_access_token`] are sent in turn. Adobe's SaaS has no handshake; see
//! [`super::token`].

use super::oauth::Signer;
use super::reply;
use super::{Access, Query, Shop, WeightUnit, address, call, sensitive};
use crate::Stamp;
use crate::error::{CannotBuild, CannotRead};
use crate::lax::Lax;
use http::header::{ACCEPT, AUTHORIZATION};
use http::{Method, Request, Response};
use serde::Deserialize;
use waybill_domain::exception::Reason;
use waybill_privacy::secret::Secret;

/// The longest callback or reply that is read.
const LONGEST: usize = 16_384;

/// What a shop posts when our integration is activated.
#[derive(Debug, Clone)]
pub struct Activation {
    /// The shop's address, without a slash at the end. [`Shop::base`] is this and `/rest/{store}`.
    pub store: String,
    /// Names us there.
    pub consumer_key: String,
    /// Signs.
    pub consumer_secret: Secret,
    /// Proves that we got this.
    pub verifier: Secret,
}

/// A token and what it signs with.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The token.
    pub token: Secret,
    /// Its secret.
    pub secret: Secret,
}

/// Reads an activation, a form.
///
/// # Errors
/// `CannotRead::Field` names what is missing.
pub fn read_activation(body: &[u8]) -> Result<Activation, CannotRead> {
    let form = Form::read(body)?;
    let store = form.need("store_base_url")?.trim_end_matches('/').to_owned();
    address(&store).map_err(|_| CannotRead::Field { field: "store_base_url" })?;
    Ok(Activation {
        store,
        consumer_key: form.need("oauth_consumer_key")?,
        consumer_secret: Secret::new(form.need("oauth_consumer_secret")?),
        verifier: Secret::new(form.need("oauth_verifier")?),
    })
}

/// Asks for a request token.
///
/// # Errors
/// `CannotBuild` when the shop's address or key cannot be sent.
pub fn build_request_token(given: &Activation, stamp: &Stamp) -> Result<Request<Vec<u8>>, CannotBuild> {
    exchange(given, "request", None, stamp)
}

/// Asks for the access token, with the request token.
///
/// # Errors
/// `CannotBuild` when the shop's address or key cannot be sent.
pub fn build_access_token(
    given: &Activation,
    request_token: &Pair,
    stamp: &Stamp,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    exchange(given, "access", Some(request_token), stamp)
}

fn exchange(
    given: &Activation,
    which: &str,
    token: Option<&Pair>,
    stamp: &Stamp,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let uri = address(&format!("{}/oauth/token/{which}", given.store))?;
    let signer = Signer {
        consumer_key: &given.consumer_key,
        consumer_secret: given.consumer_secret.expose(),
        token: token.map(|pair| (pair.token.expose(), pair.secret.expose())),
        verifier: token.map(|_| given.verifier.expose()),
    };
    let header = signer.header(&Method::POST, &uri, &[], stamp);
    Request::post(uri)
        .header(AUTHORIZATION, sensitive(&header)?)
        .header(ACCEPT, "*/*")
        .body(Vec::new())
        .map_err(|_| CannotBuild::Address)
}

/// Reads either token, a form.
///
/// # Errors
/// `CannotRead::Connection` when the shop refuses: activate the integration again, its key lives for minutes.
pub fn read_pair(reply: &Response<Vec<u8>>) -> Result<Pair, CannotRead> {
    if matches!(reply.status().as_u16(), 400..=407 | 409..=428) {
        return Err(CannotRead::Connection { code: format!("http_{}", reply.status().as_u16()) });
    }
    reply::good(reply, Reason::ConnectionRefused)?;
    let form = Form::read(reply.body())?;
    let need = |name| form.need(name).map(Secret::new);
    Ok(Pair { token: need("oauth_token")?, secret: need("oauth_token_secret")? })
}

/// The access a shop is called with from then on.
pub fn access(given: &Activation, access_token: &Pair) -> Access {
    Access::OAuth1 {
        consumer_key: given.consumer_key.clone(),
        consumer_secret: given.consumer_secret.clone(),
        token: access_token.token.clone(),
        token_secret: access_token.secret.clone(),
    }
}

/// A form, decoded.
struct Form(Vec<(String, String)>);

impl Form {
    fn read(body: &[u8]) -> Result<Self, CannotRead> {
        if body.len() > LONGEST {
            return Err(CannotRead::TooMany { field: "form" });
        }
        let text = std::str::from_utf8(body).map_err(|_| CannotRead::Reply)?;
        let pairs = text.trim().split('&').filter_map(|pair| pair.split_once('='));
        Ok(Self(pairs.filter_map(|(name, value)| Some((decode(name)?, decode(value)?))).collect()))
    }

    fn need(&self, field: &'static str) -> Result<String, CannotRead> {
        let found = self.0.iter().find(|(name, value)| name == field && !value.is_empty());
        found.map(|(_, value)| value.clone()).ok_or(CannotRead::Field { field })
    }
}

/// Undoes form encoding; `None` for what is no text.
fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'+' => out.push(b' '),
            b'%' => {
                let hex = std::str::from_utf8(tail.get(..2)?).ok()?;
                out.push(u8::from_str_radix(hex, 16).ok()?);
                rest = tail.get(2..)?;
            }
            byte => out.push(*byte),
        }
    }
    String::from_utf8(out).ok()
}

/// Asks in what the shop weighs.
///
/// # Errors
/// `CannotBuild` when the address or credentials cannot be sent.
pub fn build_weight_unit(shop: &Shop, stamp: &Stamp) -> Result<Request<Vec<u8>>, CannotBuild> {
    call(shop, Method::GET, "store/storeConfigs", &Query::new(), None, stamp)
}

/// Reads in what the shop weighs: the unit its stores agree on.
///
/// # Errors
/// `CannotRead` when the shop refuses, says nothing of it, or its stores differ.
pub fn read_weight_unit(reply: &Response<Vec<u8>>) -> Result<WeightUnit, CannotRead> {
    #[derive(Deserialize)]
    struct Store {
        #[serde(default)]
        weight_unit: Lax<String>,
    }
    let field = "weight_unit";
    let stores: Vec<Store> = reply::read(reply, Reason::ConnectionRefused)?;
    let mut units = Vec::new();
    for store in stores {
        units.push(match store.weight_unit.need(field)?.as_str() {
            "kgs" => WeightUnit::Kilograms,
            "lbs" => WeightUnit::Pounds,
            _ => return Err(CannotRead::Field { field }),
        });
    }
    match units.split_first() {
        Some((first, rest)) if rest.iter().all(|unit| unit == first) => Ok(*first),
        _ => Err(CannotRead::Field { field }),
    }
}
