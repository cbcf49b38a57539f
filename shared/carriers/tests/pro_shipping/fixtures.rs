//! An account, a shipment and people who do not exist.

use http::{HeaderMap, StatusCode};
use serde_json::Value;
use waybill_carriers::error::CannotRead;
use waybill_carriers::pro_shipping::Account;
use waybill_carriers::pro_shipping::token::Token;
use waybill_domain::service::{Carrier, ServiceChoice};
use waybill_domain::shipment::{Booking, LabelPrinter, Shipment, Transit, WriteBack};
use waybill_privacy::recipient::Text;
use waybill_privacy::secret::Secret;
use waybill_privacy::{Recipient, Sensitive};

pub fn account() -> Account {
    Account {
        base: "https://api.proshipping.net".into(),
        login: "https://authentication.proshipping.net".into(),
        client_id: Secret::new("id-EXAMPLE".into()),
        client_secret: Secret::new("secret-EXAMPLE".into()),
        shipping_account: "8d87bc48-e23f-4eeb-9486-a4f6cb8ea02e".into(),
        shipping_location: "708a1cad-67a7-4e2a-a0bc-a302eba819e7".into(),
        goods: "Clothing".into(),
        printer: LabelPrinter::Zpl203,
    }
}

pub fn token() -> Token {
    Token {
        access: Secret::new("access-EXAMPLE".into()),
        expires_at: "2026-11-23T10:00:00Z".parse().unwrap(),
        base: account().base,
        client_id: account().client_id,
    }
}

pub fn shipment() -> Shipment {
    Shipment {
        id: "shp_1-1".parse().unwrap(),
        order: "ord_1".parse().unwrap(),
        merchant: "mer_1".parse().unwrap(),
        warehouse: "wh_1".parse().unwrap(),
        carrier: "con_1".parse().unwrap(),
        service: ServiceChoice {
            carrier: Carrier::RoyalMail,
            code: "CRL1".into(),
            format: "parcel".into(),
            notify: None,
        },
        lines: vec![("lin_1".parse().unwrap(), 1)],
        parcels: 1,
        weights: Vec::new(),
        grams: 1500,
        reference: "WB-0123456789abcdef0123456789abcdef-2".into(),
        booking: Booking::Planned,
        write_back: WriteBack::Pending,
        transit: Transit::Pending,
        disclosed: Vec::new(),
        label_format: Default::default(),
        labelled_at: None,
        papers: Vec::new(),
        seen_at: None,
        delivered_at: None,
        rev: 1,
    }
}

pub fn text(value: &str) -> Option<Text> {
    Some(Sensitive::new(value.to_owned()))
}

/// A recipient with every field there is.
pub fn whole() -> Recipient {
    Recipient {
        name: text("B Buyer"),
        company: text("Fern & Daughters"),
        lines: ["10 Example Road", "Flat 3", "Rear"].iter().map(|l| text(l).unwrap()).collect(),
        city: text("Bristol"),
        region: text("Avon"),
        postcode: text("bs14dj"),
        country: Some("GB".into()),
        phone: text("07700 900123"),
        email: text("b.buyer@example.invalid"),
        gift_note: text("Happy birthday"),
    }
}

pub fn get<T>(
    read: impl FnOnce(StatusCode, &HeaderMap, &[u8]) -> Result<T, CannotRead>,
    status: u16,
    body: &Value,
) -> Result<T, CannotRead> {
    read(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.to_string().as_bytes())
}
