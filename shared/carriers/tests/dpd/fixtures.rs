//! An account, a shipment and people who do not exist.

use http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use waybill_carriers::dpd::customs::{Customs, Product, Terms};
use waybill_carriers::dpd::label::{Booked, BookingRequest, Parcel, build_create};
use waybill_carriers::dpd::token::Token;
use waybill_carriers::dpd::{Account, Sender, allowed_fields};
use waybill_carriers::error::{CannotBuild, CannotRead};
use waybill_domain::service::{Carrier, ServiceChoice};
use waybill_domain::shipment::{Booking, Shipment, Transit, WriteBack};
use waybill_privacy::disclosure::{Disclosed, Field};
use waybill_privacy::recipient::Text;
use waybill_privacy::secret::Secret;
use waybill_privacy::{Recipient, Sensitive};

pub const CREATE: &str = "/components/schemas/DomesticShipmentRequest";

pub fn account() -> Account {
    Account {
        base: "https://api.customers.dpd.co.uk".to_owned(),
        key: Secret::new("key-EXAMPLE".to_owned()),
        secret: Secret::new("secret-EXAMPLE".to_owned()),
        local: false,
        sender: Sender {
            organisation: "Example Shop Ltd".into(),
            street: "1 Trade Park".into(),
            town: "Smethwick".into(),
            postcode: "b661by".into(),
            contact: "Dispatch".into(),
            phone: "01632 960001".into(),
            email: "dispatch@shop.invalid".into(),
            eori: Some("GB123456789000".into()),
            vat: Some("GB123456789".into()),
        },
    }
}

pub fn token() -> Token {
    Token {
        access: Secret::new("access-EXAMPLE".to_owned()),
        expires_at: "2026-11-24T09:00:00Z".parse().unwrap(),
        base: account().base,
        key: account().key,
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
            carrier: Carrier::Dpd,
            code: "1^12".into(),
            format: "Parcel".into(),
            notify: None,
        },
        lines: vec![("lin_1".parse().unwrap(), 1)],
        parcels: 1,
        weights: Vec::new(),
        grams: 1200,
        reference: "SO-1001".into(),
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

pub fn lines(values: &[&str]) -> Vec<Text> {
    values.iter().map(|v| text(v).unwrap()).collect()
}

/// A recipient with every field there is.
pub fn whole() -> Recipient {
    Recipient {
        name: text("B Buyer"),
        company: text("Fern & Daughters"),
        lines: lines(&["10 Example Road", "Flat 3", "Rear"]),
        city: text("Bristol"),
        region: text("Avon"),
        postcode: text("bs14dj"),
        country: Some("GB".into()),
        phone: text("07700 900123"),
        email: text("b.buyer@example.invalid"),
        gift_note: text("Happy birthday"),
    }
}

/// The buyer of the contract's minimal sample.
pub fn minimal() -> Recipient {
    Recipient {
        name: text("A Buyer"),
        company: None,
        lines: lines(&["10 Example Road"]),
        phone: text("01632960002"),
        email: text("relay-1234@marketplace.example"),
        ..whole()
    }
}

/// The buyer of the contract's Irish sample.
pub fn irish() -> Recipient {
    Recipient {
        lines: lines(&["10 Sample Street"]),
        city: text("Dublin"),
        postcode: text("D02 AF30"),
        country: Some("IE".into()),
        phone: text("+353 (015) 550-123"),
        ..minimal()
    }
}

pub fn customs() -> Customs {
    Customs { description: "Men's cotton t-shirts".into(), currency: "GBP".into(), terms: Terms::Dap }
}

pub fn shirts() -> Product {
    Product {
        description: "Men's cotton t-shirt".into(),
        quantity: 2,
        grams: 300,
        value: "12.25".parse().unwrap(),
        commodity_code: "61091000".into(),
        origin: "PT".into(),
    }
}

pub const ALL: [Field; 9] = [
    Field::Name,
    Field::Company,
    Field::Lines,
    Field::City,
    Field::Region,
    Field::Postcode,
    Field::Country,
    Field::Phone,
    Field::Email,
];

/// Everything a booking is made of, to be changed by a test.
pub struct Case {
    pub account: Account,
    pub shipment: Shipment,
    pub who: Recipient,
    pub allowed: Vec<Field>,
    pub network: String,
    pub parcels: Vec<Parcel>,
    pub customs: Option<Customs>,
}

impl Case {
    pub fn of(who: Recipient) -> Self {
        Self {
            account: account(),
            shipment: shipment(),
            who,
            allowed: allowed_fields("1^12").to_vec(),
            network: "1^12".into(),
            parcels: vec![Parcel { grams: 1200, products: Vec::new() }],
            customs: None,
        }
    }

    pub fn ireland() -> Self {
        Self {
            shipment: Shipment { reference: "SO-1002".into(), ..shipment() },
            network: "1^19".into(),
            parcels: vec![Parcel { grams: 600, products: vec![shirts()] }],
            customs: Some(customs()),
            ..Self::of(irish())
        }
    }

    pub fn request(self) -> Result<Request<Vec<u8>>, CannotBuild> {
        let to = Disclosed::new(self.who, &self.allowed);
        let request = BookingRequest {
            shipment: &self.shipment,
            to: &to,
            network_key: &self.network,
            parcels: &self.parcels,
            ship_at: "2026-11-24T16:00:00Z".parse().unwrap(),
            customs: self.customs.as_ref(),
        };
        build_create(&self.account, &token(), &request)
    }

    pub fn body(self) -> Result<Value, CannotBuild> {
        Ok(serde_json::from_slice(self.request()?.body()).unwrap())
    }
}

pub fn booked() -> Booked {
    Booked {
        shipment: "812345678".into(),
        consignment: "1234567890".into(),
        parcels: vec!["15500000000001".into(), "15500000000002".into()],
    }
}

pub fn get<T>(
    read: impl FnOnce(StatusCode, &HeaderMap, &[u8]) -> Result<T, CannotRead>,
    status: u16,
    body: &Value,
) -> Result<T, CannotRead> {
    read(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.to_string().as_bytes())
}
