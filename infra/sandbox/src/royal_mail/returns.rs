//! Returns: booked and labelled in one call, and never shown again.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Value, json};

use super::{label, problem, schema, services};
use crate::state::State;
use crate::wire::{Call, Reply};

/// Return services of an account with credit, by code.
pub const SERVICES: [(&str, &str); 2] = [("TSN", "Tracked Returns 24"), ("TSS", "Tracked Returns 48")];

/// A return that is booked.
#[derive(Debug, Clone, Serialize)]
pub struct Return {
    /// Key of the account.
    #[serde(skip)]
    pub account: String,
    /// The sender's own reference.
    pub reference: Option<String>,
    /// The booking as sent.
    #[serde(skip)]
    pub request: Value,
    /// Its tracking number.
    pub tracking: String,
}

/// `GET /returns/services`.
pub fn list() -> Reply {
    let one = |(code, name): (&str, &str)| json!({"serviceCode": code, "serviceName": name});
    Reply::json(200, &json!({"services": SERVICES.map(one)}))
}

/// `POST /returns`: asking twice books two.
pub fn create(state: &mut State, key: &str, call: &Call) -> Reply {
    const NAME: &str = "royal-mail.return";
    if state.royal_mail.accounts.get(key).is_none_or(|account| !account.oba) {
        return Reply::empty(403);
    }
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    if let Some(wrong) = schema::check(schema::RETURN, &body).first() {
        let reason = format!("{} {}", wrong.field, wrong.message);
        state.refuse(NAME, reason.trim());
        return problem(400, "BadRequest", reason.trim());
    }
    let code = body["service"]["serviceCode"].as_str().unwrap_or_default();
    let Some((_, service)) = SERVICES.into_iter().find(|(known, _)| *known == code) else {
        return problem(400, "ServiceNotAvailable", "The service is none of this account's return services");
    };
    let tracking = services::tracking_number("TR", state.royal_mail.next_serial());
    let reference = body["shipment"]["customerReference"]["reference"].as_str().map(str::to_owned);
    let made = Return { account: key.to_owned(), reference, request: body, tracking: tracking.clone() };
    let pdf = label::return_label(&made, service);
    state.royal_mail.returns.push(made);
    let shipment = json!({"trackingNumber": tracking, "uniqueItemId": tracking});
    Reply::json(200, &json!({"shipment": shipment, "qrCode": "", "label": STANDARD.encode(pdf)}))
}
