//! Creating a shipment and printing its label.

use super::errors::{first_code, good, text};
use super::token::Token;
use super::{Account, call, key};
use crate::error::{CannotBuild, CannotRead};
use crate::preflight;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method, Request, StatusCode};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Number, Value};
use waybill_domain::shipment::{LabelPrinter, Shipment};
use waybill_privacy::Purpose;
use waybill_privacy::disclosure::Disclosed;
use waybill_privacy::recipient::Text;

/// Longest line, name and town: the API takes 50, Royal Mail prints 40 (specification, `ShipmentAddress`).
const TEXT: usize = 40;
/// Longest `Reference1`; longer references are shortened by [`preflight::short_reference`].
pub(super) const REFERENCE: usize = 30;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body<'a> {
    shipment_information: Information<'a>,
    shipper: Shipper<'a>,
    destination: Destination<'a>,
    packages: [Package; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Information<'a> {
    /// `Create` books without a label, so that both steps can be repeated.
    action: &'static str,
    content_type: &'static str,
    service_code: &'a str,
    description_of_goods: &'a str,
    /// Who buys from whom: told of what goes to Northern Ireland, as at Click & Drop (contract, "Minimal customer
    /// data"); which parcels need it here no source says.
    #[serde(skip_serializing_if = "Option::is_none")]
    business_transaction_type: Option<&'static str>,
    weight_unit_of_measure: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shipper<'a> {
    shipping_account_id: &'a str,
    shipping_location_id: &'a str,
    reference1: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Destination<'a> {
    address: Address<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Address<'a> {
    contact_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    company_name: Option<&'a str>,
    line1: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line2: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line3: Option<&'a str>,
    town: &'a str,
    postcode: &'a str,
    country_code: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Package {
    package_type: &'static str,
    package_occurrence: u8,
    declared_weight: Number,
}

/// Asks for a shipment without a label. Only here do personal texts leave their wrapping. The rule's format is
/// `letter`, `largeLetter`, `parcel` or `printedPapers`, as at Click & Drop.
///
/// # Errors
/// `CannotBuild` names the field that is missing or does not fit; nothing was booked. `Unsupported` abroad.
pub fn build_create(
    account: &Account,
    token: &Token,
    shipment: &Shipment,
    to: &Disclosed,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let who = to.recipient();
    let country = who.country.as_deref().ok_or(CannotBuild::Missing { field: "CountryCode" })?;
    if country != "GB" {
        return Err(CannotBuild::Unsupported { what: "shipments abroad by this adapter" });
    }
    let company_name = optional("CompanyName", who.company.as_ref())?;
    let name = optional("ContactName", who.name.as_ref())?.or(company_name);
    let postcode = optional("Postcode", who.postcode.as_ref())?.ok_or(missing("Postcode"))?;
    let postcode = preflight::uk_postcode(postcode).ok_or(CannotBuild::Malformed { field: "Postcode" })?;
    if who.lines.len() > 3 {
        return Err(CannotBuild::Beyond { field: "Line3" });
    }
    let address = Address {
        contact_name: name.ok_or(missing("ContactName"))?,
        company_name,
        line1: optional("Line1", who.lines.first())?.ok_or(missing("Line1"))?,
        line2: optional("Line2", who.lines.get(1))?,
        line3: optional("Line3", who.lines.get(2))?,
        town: optional("Town", who.city.as_ref())?.ok_or(missing("Town"))?,
        postcode: &postcode,
        country_code: country,
    };
    if shipment.parcels > 1 {
        return Err(CannotBuild::Unsupported { what: "several parcels in one shipment by this adapter" });
    }
    if shipment.grams == 0 {
        return Err(CannotBuild::Beyond { field: "DeclaredWeight" });
    }
    let weight = Decimal::new(i64::from(shipment.grams), 3).normalize().to_string();
    let reference = preflight::short_reference(&shipment.reference, REFERENCE);
    let buyer = if company_name.is_some() { "B2B" } else { "B2C" };
    let body = Body {
        shipment_information: Information {
            action: "Create",
            content_type: "NDX",
            service_code: fit("ServiceCode", &shipment.service.code, 10)?,
            description_of_goods: fit("DescriptionOfGoods", &account.goods, 70)?,
            business_transaction_type: postcode.starts_with("BT").then_some(buyer),
            weight_unit_of_measure: "KG",
        },
        shipper: Shipper {
            shipping_account_id: fit("ShippingAccountId", &account.shipping_account, 36)?,
            shipping_location_id: fit("ShippingLocationId", &account.shipping_location, 36)?,
            reference1: fit("Reference1", &reference, REFERENCE)?,
        },
        destination: Destination { address },
        packages: [Package {
            package_type: package_type(&shipment.service.format)?,
            package_occurrence: 1,
            declared_weight: serde_json::from_str(&weight)
                .map_err(|_| CannotBuild::Beyond { field: "DeclaredWeight" })?,
        }],
    };
    let body = serde_json::to_vec(&body).map_err(|_| missing("Shipment"))?;
    call(account, token, Method::POST, "/shipments/rm", Some(body))
}

fn package_type(format: &str) -> Result<&'static str, CannotBuild> {
    let known = ["Letter", "LargeLetter", "Parcel", "PrintedPapers"];
    let fits = known.into_iter().find(|name| name.eq_ignore_ascii_case(format.trim()));
    fits.ok_or(CannotBuild::Malformed { field: "PackageType" })
}

fn missing(field: &'static str) -> CannotBuild {
    CannotBuild::Missing { field }
}

fn optional<'a>(field: &'static str, text: Option<&'a Text>) -> Result<Option<&'a str>, CannotBuild> {
    let text = text.map(|t| t.open(Purpose::Label).trim()).filter(|t| !t.is_empty());
    text.map(|t| fit(field, t, TEXT)).transpose()
}

fn fit<'a>(field: &'static str, text: &'a str, most: usize) -> Result<&'a str, CannotBuild> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err(CannotBuild::Missing { field }),
        n if n > most => Err(CannotBuild::Beyond { field }),
        _ => Ok(text),
    }
}

/// Reads the key of the shipment that was created.
///
/// # Errors
/// `CannotRead::Refused` when the booking is refused; `Reply`, `Busy` and `Throttled` leave open whether it
/// exists.
pub fn read_create(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<String, CannotRead> {
    CannotRead::unless_answered(status, headers)?;
    let reply = good(status, body)?;
    let id = reply["Packages"].as_array().and_then(|list| list.iter().find_map(|p| text(&p["ShipmentId"])));
    id.filter(|id| key(id).is_ok()).ok_or(CannotRead::Reply)
}

fn label_format(printer: LabelPrinter) -> &'static str {
    match printer {
        LabelPrinter::Pdf => "PDF",
        LabelPrinter::Zpl203 => "ZPL203DPI",
        LabelPrinter::Zpl300 => "ZPL300DPI",
    }
}

/// Asks for the label; asking again reprints it until the manifest. It counts as printed from then on, which a
/// manifest needs.
///
/// # Errors
/// `CannotBuild` when the key, address or credential cannot be sent.
pub fn build_label(
    account: &Account,
    token: &Token,
    shipment: &str,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let format = label_format(account.printer);
    let path = format!("/shipments/printLabel/rm/{}?labelFormat={format}", key(shipment)?);
    call(account, token, Method::GET, &path, None)
}

/// A label, which shows the whole address, and its number.
#[derive(Clone, PartialEq, Eq)]
pub struct Label {
    /// As the carrier wrote it, to the byte.
    pub bytes: Vec<u8>,
    /// Tracking number; where the service has none, the number of the barcode, by which the carrier knows the
    /// parcel too.
    pub number: Option<String>,
}

/// Reads the label.
///
/// # Errors
/// `CannotRead::LabelFailed` when the carrier has the shipment but gives no label of that format.
pub fn read_label(
    printer: LabelPrinter,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Label, CannotRead> {
    CannotRead::unless_answered(status, headers)?;
    if !status.is_success() {
        return Err(CannotRead::LabelFailed { code: first_code(status, body) });
    }
    let reply: Value = serde_json::from_slice(body).map_err(|_| CannotRead::Reply)?;
    let bytes =
        reply["Label"].as_str().and_then(|label| STANDARD.decode(label).ok()).ok_or(CannotRead::Reply)?;
    let begins = |mark: &[u8]| bytes.windows(mark.len()).any(|w| w == mark);
    let is_label = match printer {
        LabelPrinter::Pdf => bytes.starts_with(b"%PDF-"),
        LabelPrinter::Zpl203 | LabelPrinter::Zpl300 => begins(b"^XA") && begins(b"^XZ"),
    };
    if !is_label {
        return Err(CannotRead::LabelFailed { code: "not_a_label".to_owned() });
    }
    let number = text(&reply["TrackingNumber"]).or_else(|| text(&reply["CarrierDetails"]["UniqueId"]));
    Ok(Label { bytes, number })
}
