//! What makes a shipment request refused. The texts "Delivery contact telephone number (outbound) is
//! mandatory", "Delivery notification email or mobile is mandatory", "Shipment Date is mandatory", "Failed to
//! query network", "Exporter address is mandatory" and "Delivery Description is mandatory" are DPD's; the
//! others are made after them. The codes are those of the older API.

use jiff::civil::{Date, DateTime};
use serde_json::{Value, json};

/// One error of a reply.
#[derive(Debug)]
pub struct Wrong {
    code: u32,
    /// Where, as `outboundConsignment.shippingRef1`.
    pub path: String,
    /// A sentence without any value.
    pub message: String,
}

impl Wrong {
    /// An error.
    pub fn new(code: u32, path: &str, message: &str) -> Self {
        Self { code, path: path.to_owned(), message: message.to_owned() }
    }

    /// As DPD shows it.
    pub fn shown(&self) -> Value {
        json!({"code": self.code, "type": "validation", "message": self.message, "fieldPath": self.path})
    }
}

/// Something is not there.
pub fn mandatory(path: &str, name: &str) -> Wrong {
    Wrong::new(1007, path, &format!("{name} is mandatory"))
}

/// The text of a field that holds one.
pub fn text(value: &Value) -> Option<&str> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// The paths of everything below `at` that holds a value.
pub fn below(value: &Value, at: &str) -> Vec<String> {
    match value {
        Value::Object(map) => {
            map.iter().flat_map(|(name, inner)| below(inner, &format!("{at}.{name}"))).collect()
        }
        Value::Array(list) => list.iter().flat_map(|inner| below(inner, at)).collect(),
        Value::Null => Vec::new(),
        _ => vec![at.to_owned()],
    }
}

/// Everything wrong with a shipment request but what depends on the account.
pub fn shipment(body: &Value, today: Date) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    date(body, today, &mut wrong);
    let consignment = &body["outboundConsignment"];
    let at = "outboundConsignment";
    party(&consignment["collectionDetails"], &format!("{at}.collectionDetails"), "Collection", &mut wrong);
    party(&consignment["deliveryDetails"], &format!("{at}.deliveryDetails"), "Delivery", &mut wrong);
    notification(&consignment["deliveryDetails"], &format!("{at}.deliveryDetails"), &mut wrong);
    let country = consignment["deliveryDetails"]["address"]["countryCode"].as_str().unwrap_or_default();
    if !["GB", "IM", "JE", "GG", "IE", ""].contains(&country) {
        let path = format!("{at}.deliveryDetails.address.countryCode");
        wrong.push(Wrong::new(1021, &path, "Country is not served by domestic services"));
    }
    let parcels = consignment["numberOfParcels"].as_u64().unwrap_or(0);
    if parcels == 0 || parcels > 99 {
        wrong.push(mandatory(&format!("{at}.numberOfParcels"), "Number of parcels"));
    }
    let rows = consignment["parcels"].as_array();
    if rows.is_some_and(|rows| u64::try_from(rows.len()) != Ok(parcels)) {
        wrong.push(Wrong::new(1015, &format!("{at}.parcels"), "Parcels must be as many as numberOfParcels"));
    }
    if consignment["totalWeight"].as_f64().is_none_or(|weight| weight <= 0.0) {
        wrong.push(mandatory(&format!("{at}.totalWeight"), "Total weight"));
    }
    for name in ["shippingRef1", "shippingRef2", "shippingRef3"] {
        long(&consignment[name], &format!("{at}.{name}"), 25, &mut wrong);
    }
    long(&consignment["deliveryInstructions"], &format!("{at}.deliveryInstructions"), 50, &mut wrong);
    long(&consignment["deliveryDescription"], &format!("{at}.deliveryDescription"), 45, &mut wrong);
    if country == "IE" {
        customs(body, &mut wrong);
    }
    wrong
}

fn date(body: &Value, today: Date, wrong: &mut Vec<Wrong>) {
    let path = "shipmentDate";
    let Some(written) = text(&body[path]) else {
        wrong.push(mandatory(path, "Shipment Date"));
        return;
    };
    let date = written.parse::<DateTime>().ok().filter(|_| written.len() == 19).map(|at| at.date());
    let last = today.checked_add(jiff::Span::new().days(30)).unwrap_or(Date::MAX);
    match date {
        None => wrong.push(Wrong::new(1002, path, "Shipment Date must be yyyy-MM-ddTHH:mm:ss")),
        Some(date) if date < today => wrong.push(Wrong::new(1030, path, "Shipment Date is in the past")),
        Some(date) if date > last => wrong.push(Wrong::new(1030, path, "Shipment Date is too far ahead")),
        Some(_) => {}
    }
}

fn long(value: &Value, path: &str, most: usize, wrong: &mut Vec<Wrong>) {
    if value.as_str().is_some_and(|text| text.chars().count() > most) {
        wrong.push(Wrong::new(1001, path, &format!("longer than {most} characters")));
    }
}

fn party(party: &Value, at: &str, side: &str, wrong: &mut Vec<Wrong>) {
    let address = &party["address"];
    for name in ["street", "town", "postcode", "countryCode"] {
        if text(&address[name]).is_none() {
            wrong.push(mandatory(&format!("{at}.address.{name}"), &format!("{side} address {name}")));
        }
    }
    for name in ["organisation", "street", "locality", "town", "county"] {
        long(&address[name], &format!("{at}.address.{name}"), 35, wrong);
    }
    let contact = &party["contactDetails"];
    let path = format!("{at}.contactDetails");
    if text(&contact["contactName"]).is_none() {
        wrong.push(mandatory(&format!("{path}.contactName"), &format!("{side} contact name")));
    }
    long(&contact["contactName"], &format!("{path}.contactName"), 35, wrong);
    let path = format!("{path}.telephone");
    match text(&contact["telephone"]) {
        None => {
            wrong.push(mandatory(&path, &format!("{side} contact telephone number (outbound)")));
        }
        Some(number) if !is_phone(number) => wrong.push(Wrong::new(1010, &path, "Invalid telephone number")),
        Some(_) => {}
    }
}

/// `^([+]\d{1,14}|\d{0,15})$`
fn is_phone(text: &str) -> bool {
    let (digits, most) = text.strip_prefix('+').map_or((text, 15), |rest| (rest, 14));
    (1..=most).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

fn notification(delivery: &Value, at: &str, wrong: &mut Vec<Wrong>) {
    let told = &delivery["notificationDetails"];
    let at = format!("{at}.notificationDetails");
    let (email, mobile) = (text(&told["email"]), text(&told["mobile"]));
    if email.is_none() && mobile.is_none() {
        wrong.push(mandatory(&at, "Delivery notification email or mobile"));
    }
    if email.is_some_and(|text| !text.contains('@') || text.chars().count() > 50) {
        wrong.push(Wrong::new(1013, &format!("{at}.email"), "Invalid email"));
    }
    if mobile.is_some_and(|text| !is_phone(text)) {
        wrong.push(Wrong::new(1010, &format!("{at}.mobile"), "Invalid mobile number"));
    }
}

fn customs(body: &Value, wrong: &mut Vec<Wrong>) {
    let (invoice, consignment) = (&body["invoice"], &body["outboundConsignment"]);
    if body["generateCustomsData"] != true {
        wrong.push(mandatory("generateCustomsData", "Customs data"));
    }
    for (name, side) in [("exporterDetails", "Exporter"), ("importerDetails", "Importer")] {
        if invoice[name]["address"].is_object() {
            party(&invoice[name], &format!("invoice.{name}"), side, wrong);
        } else {
            wrong.push(mandatory(&format!("invoice.{name}.address"), &format!("{side} address")));
        }
    }
    let eori = text(&invoice["exporterDetails"]["eoriNumber"]);
    if !eori.is_some_and(|eori| eori.starts_with("GB")) {
        wrong.push(mandatory("invoice.exporterDetails.eoriNumber", "GB EORI number of the exporter"));
    }
    if !matches!(invoice["invoiceType"].as_u64(), Some(1 | 2)) {
        wrong.push(mandatory("invoice.invoiceType", "Invoice type"));
    }
    if !matches!(invoice["termsOfDelivery"].as_str(), Some("DAP" | "DT1")) {
        wrong.push(mandatory("invoice.termsOfDelivery", "Terms of delivery"));
    }
    let at = "outboundConsignment";
    if text(&consignment["deliveryDescription"]).is_none() {
        wrong.push(mandatory(&format!("{at}.deliveryDescription"), "Delivery Description"));
    }
    if consignment["customsValue"].as_f64().is_none_or(|value| value <= 0.0) {
        wrong.push(Wrong::new(1015, &format!("{at}.customsValue"), "Customs value must be above zero"));
    }
    if !matches!(consignment["currency"].as_str(), Some("GBP" | "EUR" | "USD")) {
        wrong.push(mandatory(&format!("{at}.currency"), "Currency"));
    }
    for parcel in consignment["parcels"].as_array().into_iter().flatten() {
        let products = parcel["products"].as_array().map_or(&[][..], Vec::as_slice);
        if products.is_empty() {
            wrong.push(mandatory(&format!("{at}.parcels.products"), "Products"));
        }
        for (product, name) in products.iter().flat_map(|p| PRODUCT.iter().map(move |name| (p, name))) {
            if product[*name].is_null() {
                wrong.push(mandatory(&format!("{at}.parcels.products.{name}"), name));
            }
        }
    }
}

const PRODUCT: [&str; 6] =
    ["productDescription", "productQty", "unitWeight", "unitValue", "commodityCode", "countryOfOrigin"];
