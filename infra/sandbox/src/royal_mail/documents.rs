//! `GET /orders/{ids}/label`: labels and the papers that go with them.

use serde_json::{Value, json};

use super::orders::{CarrierOrder, Status, is_inland, passes_customs};
use super::tracking::Parcel;
use super::{label, reading, services};
use crate::faults::FaultKind;
use crate::state::State;
use crate::wire::{Call, Reply};

/// Why a label could not be made.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// Click & Drop's number of the order.
    pub order: i64,
    /// Its reference.
    pub reference: Option<String>,
    /// Machine word.
    pub code: &'static str,
    /// Sentence.
    pub message: &'static str,
}

/// Answers the label endpoint.
pub fn get(state: &mut State, key: &str, ids: &str, call: &Call) -> Reply {
    const NAME: &str = "royal-mail.label";
    if state.royal_mail.accounts.get(key).is_none_or(|account| !account.oba) {
        return Reply::empty(403);
    }
    let mut bad = |reason: &str| {
        state.refuse(NAME, reason);
        Reply::json(400, &json!([{"code": "BadRequest", "message": reason}]))
    };
    let kind = call.param("documentType").unwrap_or_default();
    if !["postageLabel", "despatchNote", "CN22", "CN23"].contains(&kind.as_str()) {
        return bad("documentType must be postageLabel, despatchNote, CN22 or CN23");
    }
    let flag = |name: &str| call.param(name).map(|text| text.to_lowercase());
    let is_flag = |text: &String| text == "true" || text == "false";
    if kind == "postageLabel" && !flag("includeReturnsLabel").as_ref().is_some_and(is_flag) {
        return bad("includeReturnsLabel is required for postageLabel");
    }
    if flag("includeCN").as_ref().is_some_and(|text| !is_flag(text)) {
        return bad("includeCN must be true or false");
    }
    let found = match reading::resolve(state, key, ids, NAME) {
        Ok(found) => found,
        Err(reply) => return reply,
    };
    let made = match kind.as_str() {
        "postageLabel" => labels(state, key, &found, flag("includeCN").as_deref() == Some("true")),
        other => papers(state, &found, other),
    };
    match made {
        Ok(pdf) => Reply::pdf(pdf),
        Err(refusal) => Reply::json(
            400,
            &json!([{
                "accountOrderNumber": refusal.order,
                "channelOrderReference": refusal.reference,
                "code": refusal.code,
                "message": refusal.message,
            }]),
        ),
    }
}

fn refusal_of(order: &CarrierOrder, oba: bool) -> Option<Refusal> {
    let refuse =
        |code, message| Some(Refusal { order: order.id, reference: order.reference.clone(), code, message });
    let Some(service) = order.service() else {
        return refuse("OrderNotReady", "Label cannot be generated for this order: no service code");
    };
    if !oba {
        return refuse("FeatureNotAvailable", "Labels are for OBA accounts only");
    }
    if is_inland(order.country()) == services::is_international(service) {
        return refuse("ServiceNotAvailable", "Service is not available for this destination");
    }
    None
}

/// One PDF with the labels of `ids`. The first call makes the label and gives the tracking number, later calls
/// print it again. With `customs` each label that passes customs is followed by its declaration.
///
/// # Errors
/// The first order that cannot have a label; then none is made.
pub fn labels(state: &mut State, key: &str, ids: &[i64], customs: bool) -> Result<Vec<u8>, Refusal> {
    let fault = state.take_fault("royal-mail.label", |kind| *kind == FaultKind::LabelFails);
    let account = state.royal_mail.accounts.get(key).cloned().unwrap_or_default();
    for id in ids {
        let Some(order) = state.royal_mail.orders.get(id) else { continue };
        if fault.is_some() {
            let (code, message) = ("LabelGenerationFailed", "Label could not be generated");
            return Err(Refusal { order: *id, reference: order.reference.clone(), code, message });
        }
        if let Some(refusal) = refusal_of(order, account.oba) {
            return Err(refusal);
        }
    }
    ids.iter().for_each(|id| number(state, *id));
    state.royal_mail.label_documents += 1;
    let orders = ids.iter().filter_map(|id| state.royal_mail.orders.get(id));
    Ok(label::document(orders, &account, customs))
}

/// Gives an order its label and tracking numbers, once.
fn number(state: &mut State, id: i64) {
    let now = state.now();
    let Some(mut order) = state.royal_mail.orders.remove(&id) else { return };
    if order.status == Status::New {
        let code = order.service().unwrap_or_default().to_owned();
        let fate = order.reference.as_ref().and_then(|one| state.royal_mail.fates.get(one)).copied();
        for package in &mut order.packages {
            let number = services::tracking_number(&code, state.royal_mail.next_serial());
            let parcel = Parcel::new(id, code.clone(), now, fate.unwrap_or_default());
            state.royal_mail.parcels.insert(number.clone(), parcel);
            *package = Some(number);
        }
        order.status = Status::LabelGenerated;
        order.printed_on = Some(now);
        state.royal_mail.labels += 1;
    }
    state.royal_mail.orders.insert(id, order);
}

fn papers(state: &State, ids: &[i64], kind: &str) -> Result<Vec<u8>, Refusal> {
    let orders: Vec<&CarrierOrder> = ids.iter().filter_map(|id| state.royal_mail.orders.get(id)).collect();
    let home = orders.iter().find(|order| !passes_customs(&order.request["recipient"]["address"]));
    if let (true, Some(home)) = (kind != "despatchNote", home) {
        return Err(Refusal {
            order: home.id,
            reference: home.reference.clone(),
            code: "DocumentNotAvailable",
            message: "No customs document for this destination",
        });
    }
    let pages = orders.iter().map(|order| (kind.to_owned(), contents(order)));
    Ok(label::text_document(pages))
}

/// What an order holds, line by line.
pub(super) fn contents(order: &CarrierOrder) -> Vec<String> {
    let packages = order.request["packages"].as_array().into_iter().flatten();
    let contents = packages.flat_map(|package| package["contents"].as_array().into_iter().flatten());
    let text = |product: &Value| {
        let name = product["customsDescription"].as_str().or(product["name"].as_str()).unwrap_or("Goods");
        let mut lines = vec![format!("{} x {name}", product["quantity"])];
        if let Some(code) = product["customsCode"].as_str() {
            let origin = product["originCountryCode"].as_str().unwrap_or_default();
            let (value, grams) = (&product["unitValue"], &product["unitWeightInGrams"]);
            lines.push(format!("   HS {code}   origin {origin}   each {value}, {grams} g"));
        }
        lines
    };
    let reference = order.reference.clone().unwrap_or_default();
    let mut lines = vec![format!("Order {reference}"), format!("Click & Drop {}", order.id)];
    lines.extend(contents.flat_map(text));
    if passes_customs(&order.request["recipient"]["address"]) {
        let currency = order.request["currencyCode"].as_str().unwrap_or("GBP");
        lines.push(format!("Total {} {currency}", order.request["subtotal"]));
        let said = |name: &str, value: &Value| value.as_str().map(|text| format!("{name} {text}"));
        let category = &order.request["packages"][0]["contents"][0]["customsDeclarationCategory"];
        lines.extend(said("Reason", category));
        lines.extend(said("Delivery term", &order.request["deliveryTerm"]));
        lines.extend(said("IOSS", &order.request["postageDetails"]["IOSSNumber"]));
    }
    lines
}
