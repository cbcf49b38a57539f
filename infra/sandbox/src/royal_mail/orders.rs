//! Orders at Click & Drop: create, delete, set status.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::reading::{Wanted, identifiers};
use super::{documents, parcelforce, problem, schema, services};
use crate::clock;
use crate::faults::FaultKind;
use crate::state::State;
use crate::wire::{Call, Reply};

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Status {
    /// No label yet.
    New,
    /// Label made, may still be undone.
    LabelGenerated,
    /// Said to be on its way, may still be undone.
    Despatched,
    /// Handed over; nothing can be undone.
    Manifested,
    /// Gone from the account.
    Deleted,
}

/// An order as Click & Drop keeps it.
#[derive(Debug, Clone, Serialize)]
pub struct CarrierOrder {
    /// Number given by Click & Drop.
    pub id: i64,
    /// Key of the account.
    #[serde(skip)]
    pub account: String,
    /// The sender's own reference.
    pub reference: Option<String>,
    /// The booking as sent.
    #[serde(skip)]
    pub request: Value,
    /// Where it stands.
    pub status: Status,
    /// Tracking number per package, once there is a label.
    pub packages: Vec<Option<String>>,
    /// When it was booked.
    pub created_on: Timestamp,
    /// When its label was first made.
    pub printed_on: Option<Timestamp>,
    /// When it was despatched.
    pub shipped_on: Option<Timestamp>,
    /// When it was manifested.
    pub manifested_on: Option<Timestamp>,
}

impl CarrierOrder {
    /// Service code of the booking.
    pub fn service(&self) -> Option<&str> {
        self.request["postageDetails"]["serviceCode"].as_str()
    }

    /// Two or three letter country of the recipient.
    pub fn country(&self) -> &str {
        self.request["recipient"]["address"]["countryCode"].as_str().unwrap_or_default()
    }

    /// A `GetOrderInfoResource`; fields without a value are left out.
    pub fn info(&self) -> Value {
        let mut info = json!({
            "orderIdentifier": self.id,
            "createdOn": self.created_on.to_string(),
            "orderDate": self.request["orderDate"],
            "packages": self.packages.iter().enumerate().map(|(index, number)| match number {
                Some(number) => json!({"packageNumber": index + 1, "trackingNumber": number}),
                None => json!({"packageNumber": index + 1}),
            }).collect::<Vec<Value>>(),
        });
        let times = [
            ("printedOn", self.printed_on),
            ("shippedOn", self.shipped_on),
            ("manifestedOn", self.manifested_on),
        ];
        for (name, at) in times {
            if let Some(at) = at {
                info[name] = json!(clock::utc(at));
            }
        }
        if let Some(reference) = &self.reference {
            info["orderReference"] = json!(reference);
        }
        if let Some(number) = self.packages.first().and_then(Option::as_ref) {
            info["trackingNumber"] = json!(number);
        }
        info
    }
}

/// True for the country codes of the United Kingdom.
pub fn is_home(country: &str) -> bool {
    matches!(country, "GB" | "GBR")
}

/// True where inland services go: the United Kingdom, the Isle of Man and the Channel Islands.
pub fn is_inland(country: &str) -> bool {
    is_home(country) || matches!(country, "IM" | "IMN" | "JE" | "JEY" | "GG" | "GGY")
}

/// True where parcels pass customs: abroad, and the Channel Islands however their country is written.
pub fn passes_customs(address: &Value) -> bool {
    let country = address["countryCode"].as_str().unwrap_or_default();
    let code = address["postcode"].as_str().unwrap_or_default().trim_start().to_ascii_uppercase();
    let islands = code.starts_with("JE") || code.starts_with("GY");
    !country.is_empty() && !matches!(country, "IM" | "IMN") && (!is_home(country) || islands)
}

/// `POST /orders`. A body that cannot be read gives 400; an order that breaks a rule goes to `failedOrders`
/// under HTTP 200.
pub fn create(state: &mut State, key: &str, call: &Call) -> Reply {
    const NAME: &str = "royal-mail.create";
    let Ok(body) = serde_json::from_slice::<Value>(&call.body) else {
        state.refuse(NAME, "the body is not JSON");
        return problem(400, "BadRequest", "The request body could not be parsed");
    };
    let items = body["items"].as_array().filter(|items| !items.is_empty());
    let only_items = body.as_object().is_some_and(|body| body.keys().all(|name| name == "items"));
    let (Some(items), true) = (items, only_items) else {
        state.refuse(NAME, "the body is not an object of items with at least one order");
        return problem(400, "BadRequest", "The request body must hold items and nothing else");
    };
    let wants_label = |item: &Value| item["label"]["includeLabelInResponse"] == json!(true);
    if items.len() > 1 && items.iter().any(wants_label) {
        state.refuse(NAME, "label.includeLabelInResponse with more than one order in the request");
        return problem(400, "BadRequest", "Amount of labels across all items must not exceed '1'");
    }
    let all_fail = state.take_fault(NAME, |kind| *kind == FaultKind::AllFailed).is_some();
    let (mut created, mut failed) = (Vec::new(), Vec::new());
    for item in items {
        let mut errors = errors_of(state, key, item);
        for error in &errors {
            let reason = format!("{} {}", error.field, error.message);
            state.refuse(NAME, reason.trim().to_owned());
        }
        if all_fail {
            errors.push(schema::Wrong {
                field: String::new(),
                message: "The service is not available at present".to_owned(),
                value: String::new(),
            });
        }
        if errors.is_empty() {
            created.push(book(state, key, item, wants_label(item)));
        } else {
            failed.push(json!({"order": item, "errors": errors.iter().map(shown).collect::<Vec<Value>>()}));
        }
    }
    let body = json!({
        "successCount": created.len(),
        "errorsCount": failed.len(),
        "createdOrders": created,
        "failedOrders": failed,
    });
    Reply::json(200, &body)
}

fn shown(error: &schema::Wrong) -> Value {
    let fields = match error.field.as_str() {
        "" => json!([]),
        name => json!([{"fieldName": name, "value": error.value}]),
    };
    json!({"errorCode": 0, "errorMessage": format!("{} {}", error.field, error.message).trim(), "fields": fields})
}

/// The schema, then the rules a schema cannot say.
fn errors_of(state: &State, key: &str, item: &Value) -> Vec<schema::Wrong> {
    let mut errors = schema::check(schema::ORDER, item);
    let mut rule = |field: &str, message: &str| {
        let (field, message) = (field.to_owned(), message.to_owned());
        errors.push(schema::Wrong { field, message, value: String::new() });
    };
    let recipient = &item["recipient"];
    let address = &recipient["address"];
    if !address.is_object() {
        if recipient["addressBookReference"].is_null() {
            rule("recipient.address", "is required");
        }
        return errors;
    }
    let empty = |value: &Value| value.as_str().is_none_or(|text| text.trim().is_empty());
    for name in ["addressLine1", "city", "countryCode"] {
        if address[name].is_string() && empty(&address[name]) {
            rule(&format!("recipient.address.{name}"), "must not be empty");
        }
    }
    if empty(&address["fullName"]) && empty(&address["companyName"]) {
        rule("recipient.address.fullName", "or companyName is required");
    }
    let country = address["countryCode"].as_str().unwrap_or_default();
    if !country.is_empty() && (country.len() < 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase())) {
        rule("recipient.address.countryCode", "must be an ISO code of two or three capital letters");
    }
    if is_home(country) && empty(&address["postcode"]) {
        rule("recipient.address.postcode", "is required for the United Kingdom");
    }
    let business = state.royal_mail.accounts.get(key).is_some_and(|account| account.business);
    let northern = address["postcode"].as_str().is_some_and(|code| code.trim_start().starts_with("BT"));
    if business && is_home(country) && northern && !item["isRecipientABusiness"].is_boolean() {
        rule("isRecipientABusiness", "is required from a business to Northern Ireland");
    }
    let postage = &item["postageDetails"];
    let code = postage["serviceCode"].as_str();
    let pays_on_account = state.royal_mail.accounts.get(key).is_some_and(|account| account.oba);
    let parcelforce = code.and_then(parcelforce::service);
    let of_other_account = parcelforce.is_some_and(|service| service.pay_as_you_go == pays_on_account);
    if code.is_some_and(|code| services::name(code).is_none()) || of_other_account {
        rule("postageDetails.serviceCode", "is not a service of this account");
    }
    let to_recipient = postage["sendNotificationsTo"].as_str().is_none_or(|to| to == "recipient");
    if postage["receiveEmailNotification"] == json!(true) && to_recipient && empty(&recipient["emailAddress"])
    {
        rule("recipient.emailAddress", "is required for an e-mail notification");
    }
    if postage["receiveSmsNotification"] == json!(true) && to_recipient && empty(&recipient["phoneNumber"]) {
        rule("recipient.phoneNumber", "is required for a text message");
    }
    let packages = item["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    if packages.is_empty() {
        rule("packages", "must hold at least one package");
    }
    for (index, package) in packages.iter().enumerate() {
        let sides =
            ["heightInMms", "widthInMms", "depthInMms"].map(|side| package["dimensions"][side].as_i64());
        if package["dimensions"].is_object() && sides.iter().any(|side| side.is_none_or(|side| side < 1)) {
            rule(&format!("packages[{index}].dimensions"), "must all be above 0, or be left out");
        }
        let format = package["packageFormatIdentifier"].as_str().unwrap_or_default();
        if parcelforce.is_some_and(|service| !service.takes(format)) {
            rule(&format!("packages[{index}].packageFormatIdentifier"), "is not a format of this service");
        }
        let contents = package["contents"].as_array().map(Vec::as_slice).unwrap_or_default();
        if passes_customs(address) && contents.is_empty() {
            rule(&format!("packages[{index}].contents"), "is required outside the United Kingdom");
        }
        for (line, product) in contents.iter().enumerate() {
            if product["SKU"].is_null()
                && (product["unitValue"].is_null() || product["unitWeightInGrams"].is_null())
            {
                let field = format!("packages[{index}].contents[{line}].unitValue");
                rule(
                    &field,
                    "When value 'SKU' is not provided values 'UnitValue' and 'UnitWeightInGrams' are required.",
                );
            }
        }
    }
    errors
}

fn book(state: &mut State, key: &str, item: &Value, wants_label: bool) -> Value {
    let now = state.now();
    let id = state.royal_mail.next_order();
    let packages = item["packages"].as_array().map_or(0, Vec::len);
    let order = CarrierOrder {
        id,
        account: key.to_owned(),
        reference: item["orderReference"].as_str().map(str::to_owned),
        request: item.clone(),
        status: Status::New,
        packages: vec![None; packages],
        created_on: now,
        printed_on: None,
        shipped_on: None,
        manifested_on: None,
    };
    if let Some(reference) = order.reference.clone() {
        state.royal_mail.by_reference.entry(reference).or_default().push(id);
    }
    state.royal_mail.orders.insert(id, order);
    let mut label = None;
    let mut errors = Vec::new();
    if wants_label {
        match documents::labels(state, key, &[id], item["label"]["includeCN"] == json!(true)) {
            Ok(pdf) => label = Some(STANDARD.encode(pdf)),
            Err(refusal) => errors.push(json!({"code": refusal.code, "message": refusal.message})),
        }
    }
    let mut shown = state.royal_mail.orders.get(&id).map(CarrierOrder::info).unwrap_or_default();
    shown["labelErrors"] = json!(errors);
    shown["generatedDocuments"] = if label.is_some() { json!(["postageLabel"]) } else { json!([]) };
    if let Some(label) = label {
        shown["label"] = json!(label);
    }
    shown
}

/// `DELETE /orders/{ids}`: what can go goes, the rest is listed under `errors`.
pub fn delete(state: &mut State, key: &str, ids: &str) -> Reply {
    let wanted = match identifiers(ids) {
        Ok(wanted) => wanted,
        Err(reason) => {
            state.refuse("royal-mail.delete", reason.clone());
            return Reply::json(400, &json!([{"code": "BadRequest", "message": reason}]));
        }
    };
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for one in wanted {
        let found = one.find(&state.royal_mail, key);
        let [id] = found.as_slice() else {
            let code = if found.is_empty() { "OrderNotFound" } else { "OrderReferenceNotUnique" };
            errors.push(one.error(code, "Order cannot be deleted"));
            continue;
        };
        let Some(order) = state.royal_mail.orders.get_mut(id) else { continue };
        let reference = order.reference.clone();
        if order.status == Status::Manifested {
            errors.push(json!({
                "orderIdentifier": id,
                "orderReference": reference,
                "code": "OrderAlreadyManifested",
                "message": "Order cannot be deleted",
            }));
            continue;
        }
        order.status = Status::Deleted;
        let numbers: Vec<String> = order.packages.iter().flatten().cloned().collect();
        void(state, &numbers);
        deleted.push(json!({"orderIdentifier": id, "orderReference": reference}));
    }
    Reply::json(200, &json!({"deletedOrders": deleted, "errors": errors}))
}

fn void(state: &mut State, numbers: &[String]) {
    for number in numbers {
        if let Some(parcel) = state.royal_mail.parcels.get_mut(number) {
            parcel.voided = true;
        }
    }
}

/// `PUT /orders/status`: `new` undoes the label, `despatched` says it is on its way.
pub fn set_status(state: &mut State, key: &str, call: &Call) -> Reply {
    const NAME: &str = "royal-mail.status";
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let wrong = schema::check(schema::SET_STATUS, &body);
    let items = body["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !wrong.is_empty() || items.len() > 100 {
        let reason = wrong.first().map_or("more than 100 items".to_owned(), |one| {
            format!("{} {}", one.field, one.message).trim().to_owned()
        });
        state.refuse(NAME, reason.clone());
        return Reply::json(400, &json!([{"code": "BadRequest", "message": reason}]));
    }
    let (mut updated, mut errors) = (Vec::new(), Vec::new());
    for item in items {
        let (id, reference) = (item["orderIdentifier"].as_i64(), item["orderReference"].as_str());
        let status = item["status"].as_str().unwrap_or_default();
        let mut refuse = |code: &str, message: &str| {
            errors.push(json!({
                "orderIdentifier": id,
                "orderReference": reference,
                "status": status,
                "code": code,
                "message": message,
            }));
        };
        let wanted = match (id, reference) {
            (Some(id), None) => Wanted::Id(id),
            (None, Some(reference)) => Wanted::Reference(reference.to_owned()),
            _ => {
                refuse("BadRequest", "Give exactly one of orderIdentifier and orderReference");
                continue;
            }
        };
        let found = wanted.find(&state.royal_mail, key);
        let [found] = found.as_slice() else {
            refuse("OrderNotFound", "Order status cannot be changed");
            continue;
        };
        let now = state.now();
        let Some(order) = state.royal_mail.orders.get_mut(found) else { continue };
        if order.status == Status::Manifested {
            refuse("OrderAlreadyManifested", "Order status cannot be changed");
            continue;
        }
        match status {
            "new" => {
                let numbers: Vec<String> = order.packages.iter_mut().filter_map(Option::take).collect();
                order.status = Status::New;
                order.printed_on = None;
                order.shipped_on = None;
                updated.push(
                    json!({"orderIdentifier": found, "orderReference": order.reference, "status": status}),
                );
                void(state, &numbers);
            }
            "despatched" if order.status != Status::New => {
                order.status = Status::Despatched;
                order.shipped_on = Some(now);
                updated.push(
                    json!({"orderIdentifier": found, "orderReference": order.reference, "status": status}),
                );
            }
            "despatched" => refuse("OrderHasNoLabel", "Order status cannot be changed"),
            _ => refuse("FeatureNotAvailable", "Reserved for ChannelShipper accounts"),
        }
    }
    Reply::json(200, &json!({"updatedOrders": updated, "errors": errors}))
}
