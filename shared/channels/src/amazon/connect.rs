//! Connecting a seller: the page where they agree, what they come back with, and the lasting token for it
//! (Amazon's website authorization workflow).

use super::encode::{percent, plain};
use super::is_key;
use super::token::{Application, form};
use crate::error::{CannotBuild, CannotRead};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use http::{Request, Uri};
use waybill_privacy::secret::Secret;

/// Where sellers agree.
#[derive(Debug, Clone)]
pub struct Consent {
    /// Seller Central of the marketplace, `https://sellercentral.amazon.co.uk`; no slash at the end.
    pub site: String,
    /// The application's id there, `amzn1.sp.solution...`; not the client id.
    pub application_id: String,
    /// The application is a draft: only sellers it was told about can agree.
    pub draft: bool,
}

/// The address to send the seller to. `state` comes back with them: make it unguessable, keep it with their
/// session, and let it end after some minutes.
///
/// # Errors
/// `CannotBuild` when the site is no address.
pub fn authorisation(consent: &Consent, state: &str) -> Result<Uri, CannotBuild> {
    let draft = if consent.draft { "&version=beta" } else { "" };
    let (id, state) = (percent(&consent.application_id), percent(state));
    let address = format!("{}/apps/authorize/consent?application_id={id}&state={state}{draft}", consent.site);
    address.parse().map_err(|_| CannotBuild::Address)
}

/// What a seller comes back with.
#[derive(Debug, Clone)]
pub struct Callback {
    /// Whose account it is.
    pub seller_id: String,
    /// Good for five minutes and one [`build_exchange`].
    pub code: Secret,
}

/// Reads the query a seller comes back with; `state` is the one they were sent away with, compared in constant
/// time.
///
/// # Errors
/// `CannotRead::Field` names what is missing; `state` means that somebody else sent them.
pub fn read_callback(query: &str, state: &str) -> Result<Callback, CannotRead> {
    let told = |field: &'static str| {
        let pairs = query.trim_start_matches('?').split('&').filter_map(|pair| pair.split_once('='));
        let mut values = pairs.filter(|(name, _)| *name == field).map(|(_, value)| value);
        let value = values.next().filter(|value| value.len() <= 2_000).and_then(plain);
        value.filter(|v| !v.is_empty()).ok_or(CannotRead::Field { field })
    };
    verify_slices_are_equal(told("state")?.as_bytes(), state.as_bytes())
        .map_err(|_| CannotRead::Field { field: "state" })?;
    let seller_id = told("selling_partner_id")?;
    if !is_key(&seller_id) {
        return Err(CannotRead::Field { field: "selling_partner_id" });
    }
    Ok(Callback { seller_id, code: Secret::new(told("spapi_oauth_code")?) })
}

/// Asks for the seller's tokens; read them with [`super::token::read_token`], whose `refresh` is the lasting
/// one. `redirect` is the address the seller came back to, as registered with the application.
///
/// # Errors
/// `CannotBuild` when the address is none.
pub fn build_exchange(
    application: &Application,
    code: &Secret,
    redirect: &str,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let pairs = [("grant_type", "authorization_code"), ("code", code.expose()), ("redirect_uri", redirect)];
    form(application, &pairs)
}
