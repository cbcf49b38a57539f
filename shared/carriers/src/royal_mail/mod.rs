//! Royal Mail: Click & Drop API v1 for labels, Tracking API v2 for what becomes of them.

pub mod cancel;
mod codes;
pub mod documents;
mod errors;
pub mod label;
mod limits;
pub mod manifest;
pub mod returns;
pub mod track;
mod wire;

pub(crate) use limits::bookable;

use crate::error::CannotBuild;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use jiff::SignedDuration;
use waybill_domain::rate::Rate;
use waybill_privacy::disclosure::Field;
use waybill_privacy::secret::Secret;

/// How often a Click & Drop account is called: 5 calls a second are allowed (contract, "Click & Drop: basics"). Calls
/// that are taken one second may arrive the next, so we take 3 at most at once and as many again each second. Where some
/// were held up a sixth may still come into one second: the carrier then says to wait, and all that call it do.
pub const RATE: Rate = Rate { every: SignedDuration::from_millis(333), burst: 3 };

/// A Click & Drop account. Whoever has the key can read every order on it.
#[derive(Debug, Clone)]
pub struct Account {
    /// `https://api.parcel.royalmail.com` or the sandbox's address; without `/api/v1`.
    pub base: String,
    /// The key from the account's settings.
    pub key: Secret,
}

/// The right to ask the Tracking API.
#[derive(Debug, Clone)]
pub struct TrackingAccount {
    /// `https://api.royalmail.net` or the sandbox's address; without `/mailpieces`.
    pub base: String,
    /// `X-IBM-Client-Id`.
    pub client_id: Secret,
    /// `X-IBM-Client-Secret`.
    pub client_secret: Secret,
}

const INLAND: &[Field] =
    &[Field::Name, Field::Company, Field::Lines, Field::City, Field::Postcode, Field::Country];

const ABROAD: &[Field] =
    &[Field::Name, Field::Company, Field::Lines, Field::City, Field::Region, Field::Postcode, Field::Country];

/// Begins every inland service code of the service table, pay-as-you-go included.
const INLAND_CODES: [&str; 11] = ["BPL", "BPR", "OLP", "SD", "SEA", "SEB", "SEC", "SED", "STL", "TP", "TR"];

/// The personal fields a service needs (contract, "Minimal customer data"). Inland no county is needed; a code
/// we do not know may go abroad, where states are. Phone and e-mail are not among them: they are needed only with
/// `receiveEmailNotification` or `receiveSmsNotification`, which the merchant pays for (`crate::account`).
pub fn allowed_fields(service_code: &str) -> &'static [Field] {
    let inland =
        INLAND_CODES.iter().any(|begin| service_code.starts_with(begin)) || service_code.starts_with("TOLP");
    if inland { INLAND } else { ABROAD }
}

/// One call to Click & Drop. `path` begins after `/api/v1`.
fn call(
    account: &Account,
    method: Method,
    path: &str,
    body: Option<Vec<u8>>,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let bearer = format!("Bearer {}", account.key.expose());
    let mut request = Request::builder()
        .method(method)
        .uri(format!("{}/api/v1{path}", account.base))
        .header(AUTHORIZATION, secret_header(&bearer)?)
        .header(ACCEPT, "application/json, application/pdf");
    if body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    request.body(body.unwrap_or_default()).map_err(|_| CannotBuild::Address)
}

fn secret_header(text: &str) -> Result<HeaderValue, CannotBuild> {
    let mut value = HeaderValue::from_str(text).map_err(|_| CannotBuild::Credential)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Click & Drop's own key for an order: a whole number.
fn carrier_key(carrier_order: &str) -> Result<&str, CannotBuild> {
    let fits = (1..=18).contains(&carrier_order.len()) && carrier_order.bytes().all(|b| b.is_ascii_digit());
    if fits { Ok(carrier_order) } else { Err(CannotBuild::Beyond { field: "orderIdentifier" }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inland_services_get_no_county_and_none_gets_phone_or_mail() {
        for code in ["TPN24", "TPS48", "TRN24", "SD1", "SEA", "BPL2", "STL1", "OLP1", "TOLP24SF"] {
            assert!(!allowed_fields(code).contains(&Field::Region), "{code}");
        }
        for code in ["MPR", "DE6", "OTA", "OLA", "OLS", "ITROLP", "something new"] {
            assert!(allowed_fields(code).contains(&Field::Region), "{code}");
        }
        for code in ["TPN24", "MPR"] {
            assert!(!allowed_fields(code).iter().any(|f| matches!(f, Field::Phone | Field::Email)));
        }
    }
}
