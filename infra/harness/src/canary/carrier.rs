//! The one place where a canary may appear: what carriers were sent, and there only the fields of the service.

use super::Token;
use super::needles::Needles;
use crate::stack::Trouble;
use serde_json::Value;
use std::collections::BTreeSet;

/// The fields of a shipping address that a label needs (the allow-list of Click & Drop's services).
const LABEL: [&str; 11] = [
    "/shipping_address/name",
    "/shipping_address/first_name",
    "/shipping_address/last_name",
    "/shipping_address/company",
    "/shipping_address/address1",
    "/shipping_address/address2",
    "/shipping_address/city",
    "/shipping_address/province",
    "/shipping_address/province_code",
    "/shipping_address/zip",
    "/shipping_address/country_code",
];

/// DPD goes by no county, and asks for a number on every shipment.
const DPD: [&str; 10] = [
    "/shipping_address/name",
    "/shipping_address/first_name",
    "/shipping_address/last_name",
    "/shipping_address/company",
    "/shipping_address/address1",
    "/shipping_address/address2",
    "/shipping_address/city",
    "/shipping_address/zip",
    "/shipping_address/country_code",
    "/shipping_address/phone",
];

/// What DPD offers depends on where it goes, and on nothing else of a person.
const PLACE: [&str; 3] =
    ["/shipping_address/city", "/shipping_address/zip", "/shipping_address/country_code"];

/// The fields that may be in the body of a call, by the sandbox's name of it; in any other call there may be none.
fn allowed(endpoint: &str) -> &'static [&'static str] {
    match endpoint {
        "royal-mail.create" => &LABEL,
        "dpd.create" => &DPD,
        "dpd.services" => &PLACE,
        // Looking for a booking whose reply was lost.
        "dpd.tracking" => &["/shipping_address/zip"],
        _ => &[],
    }
}

/// Which fields of the orders reached carriers.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Disclosures {
    /// Requests to carriers that were looked at.
    pub requests: usize,
    /// Fields that were there and may be.
    pub allowed: BTreeSet<String>,
    /// Fields that were there and must not be, with the endpoint.
    pub forbidden: BTreeSet<String>,
}

/// Looks through everything the sandbox's carriers were sent: bodies, addresses and headers. `captured` is the
/// answer of `GET /control/captured?endpoint=royal-mail` or `...=dpd`.
///
/// # Errors
/// When requests were dropped, so that not all can be looked at, or a value is too short to be searched for.
pub fn carrier_check(captured: &Value, tokens: &[Token]) -> Result<Disclosures, Trouble> {
    if captured["dropped"] != 0 {
        return Err("the sandbox kept too few requests; ask it earlier".into());
    }
    let needles = Needles::new(tokens)?;
    let mut found = Disclosures::default();
    for request in captured["captured"].as_array().ok_or("the sandbox gave no captured requests")? {
        found.requests += 1;
        let endpoint = request["endpoint"].as_str().unwrap_or("?");
        let body = needles.search(request["body"].as_str().unwrap_or_default().as_bytes());
        // An allowed field is allowed in the body of the calls that need it, and nowhere else.
        let around = needles.search(format!("{}\n{}", request["url"], request["headers"]).as_bytes());
        for (token, in_body) in
            body.into_keys().map(|t| (t, true)).chain(around.into_keys().map(|t| (t, false)))
        {
            let Some(Token { pointer, .. }) = tokens.get(token) else { continue };
            if in_body && allowed(endpoint).contains(&pointer.as_str()) {
                found.allowed.insert(pointer.clone());
            } else {
                found.forbidden.insert(format!("{pointer} in {endpoint}"));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn token(pointer: &str, value: &str) -> Token {
        Token { pointer: pointer.into(), value: value.into() }
    }

    #[test]
    fn an_address_may_be_in_a_booking_and_nothing_else_may_be_anywhere() {
        let tokens = [
            token("/shipping_address/city", "TOKENCITY1"),
            token("/email", "tokenmail2@x.invalid"),
            token("/shipping_address/name", "TOKENNAME3"),
        ];
        let request = |endpoint: &str, url: &str, body: &str| json!({"endpoint": endpoint, "url": url, "headers": {}, "body": body});
        let captured = |requests: Value| json!({"captured": requests, "dropped": 0});
        let body = "{\"city\":\"TOKENCITY1\"}";
        let good = captured(json!([
            request("royal-mail.create", "/orders", body),
            request("dpd.services", "/services", body),
            request("dpd.create", "/shipments", body),
        ]));
        let seen = carrier_check(&good, &tokens).unwrap();
        assert!(seen.forbidden.is_empty() && seen.allowed.contains("/shipping_address/city"));
        for bad in [
            request("royal-mail.create", "/orders", "tokenmail2@x.invalid"),
            request("royal-mail.create", "/orders/TOKENCITY1", ""),
            request("royal-mail.get", "/orders", "TOKENCITY1"),
            request("dpd.create", "/shipments", "tokenmail2@x.invalid"),
            request("dpd.services", "/services", "TOKENNAME3"),
            request("dpd.labels", "/shipments/TOKENCITY1/labels", ""),
            request("dpd.tracking", "/parcel/tracking", "TOKENCITY1"),
        ] {
            assert_eq!(carrier_check(&captured(json!([bad])), &tokens).unwrap().forbidden.len(), 1);
        }
        assert!(carrier_check(&json!({"captured": [], "dropped": 1}), &tokens).is_err());
    }
}
