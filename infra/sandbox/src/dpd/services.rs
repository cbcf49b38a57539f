//! What is on offer: it depends on postcode, weight and number of parcels, and the keys change when told to.

use serde_json::{Value, json};

use super::check::{Wrong, below, mandatory, text};
use super::{Account, body, refuse};
use crate::state::State;
use crate::wire::{Call, Reply};

/// One service: number, product, name.
struct Service(&'static str, &'static str, &'static str);

const PARCEL: &[Service] = &[
    Service("12", "Parcel", "Next Day"),
    Service("13", "Parcel", "12:00"),
    Service("14", "Parcel", "10:30"),
    Service("11", "Parcel", "Two Day"),
    Service("16", "Parcel", "Saturday"),
];
const EXPRESSPAK: &[Service] =
    &[Service("32", "Expresspak", "Next Day"), Service("33", "Expresspak", "12:00")];
const REMOTE: &[Service] = &[Service("11", "Parcel", "Two Day")];
const FREIGHT: &[Service] =
    &[Service("81", "Freight Parcel", "Two Day"), Service("82", "Freight Parcel", "Next Day")];
const IRELAND: &[Service] = &[Service("19", "Parcel", "Ireland Two Day")];

/// Postcode areas of the highlands, the islands and Northern Ireland: two days.
const FAR: [&str; 8] = ["BT", "HS", "IM", "IV", "JE", "GY", "KW", "ZE"];

/// A parcel as far as the offer depends on it.
pub struct Route<'a> {
    /// Country of delivery.
    pub country: &'a str,
    /// Postcode of delivery.
    pub postcode: &'a str,
    /// Weight of all parcels in kilograms.
    pub kilograms: f64,
    /// Number of parcels.
    pub parcels: u64,
}

fn on_offer(route: &Route<'_>) -> Vec<&'static Service> {
    let each = route.kilograms / if route.parcels == 0 { 1.0 } else { count(route.parcels) };
    if !(each > 0.0 && each <= 1000.0) {
        return Vec::new();
    }
    let area: String = route.postcode.trim().chars().take_while(char::is_ascii_alphabetic).collect();
    let far = FAR.contains(&area.to_ascii_uppercase().as_str());
    let lists: &[&'static [Service]] = match route.country {
        "IE" => &[IRELAND],
        "GB" | "IM" | "JE" | "GG" if each > 30.0 => &[FREIGHT],
        "GB" | "IM" | "JE" | "GG" if far => &[REMOTE],
        "GB" | "IM" | "JE" | "GG" if route.parcels == 1 && each <= 5.0 => &[PARCEL, EXPRESSPAK],
        "GB" | "IM" | "JE" | "GG" => &[PARCEL],
        _ => &[],
    };
    lists.iter().copied().flatten().collect()
}

fn count(parcels: u64) -> f64 {
    u32::try_from(parcels).map_or(f64::MAX, f64::from)
}

impl Account {
    /// `1^12`, and `1^12^1` after the keys were changed once.
    fn key(&self, service: &Service) -> String {
        let brand = if self.setup.local { '2' } else { '1' };
        match self.generation {
            0 => format!("{brand}^{}", service.0),
            n => format!("{brand}^{}^{n}", service.0),
        }
    }

    /// The name of the service with this key, if it is on offer.
    pub(super) fn service(&self, key: &str, route: &Route<'_>) -> Option<String> {
        let service = on_offer(route).into_iter().find(|service| self.key(service) == key)?;
        Some(format!("{} {}", service.1, service.2))
    }
}

/// `POST shipping/reference/outboundservices`.
pub fn answer(state: &mut State, account: &str, call: &Call) -> Reply {
    const NAME: &str = "dpd.services";
    let asked = match body(state, account, NAME, call) {
        Ok(asked) => asked,
        Err(reply) => return reply,
    };
    let wrong = check(&asked);
    if !wrong.is_empty() {
        return refuse(state, account, NAME, &wrong);
    }
    // Nobody needs to say more of a person to ask for offers.
    for path in below(&asked["deliveryDetails"], "deliveryDetails") {
        if !["countryCode", "town", "postcode"].iter().any(|name| path.ends_with(&format!(".address.{name}")))
        {
            state.refuse(NAME, format!("{path} is not needed here"));
        }
    }
    let address = &asked["deliveryDetails"]["address"];
    let route = Route {
        country: address["countryCode"].as_str().unwrap_or_default(),
        postcode: address["postcode"].as_str().unwrap_or_default(),
        kilograms: asked["totalWeight"].as_f64().unwrap_or(0.0),
        parcels: asked["numberOfParcels"].as_u64().unwrap_or(0),
    };
    let Some(account) = state.dpd.accounts.get(account) else { return Reply::empty(404) };
    let row = |service: &Service| {
        json!({
            "networkKey": account.key(service),
            "networkDesc": format!("{} {}", service.1, service.2),
            "service": {"serviceKey": service.0, "serviceDesc": service.2},
            "product": {"productKey": service.1, "productDesc": service.1},
        })
    };
    Reply::json(200, &json!({"data": on_offer(&route).into_iter().map(row).collect::<Vec<_>>()}))
}

fn check(asked: &Value) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    for side in ["collectionDetails", "deliveryDetails"] {
        for name in ["countryCode", "town", "postcode"] {
            if text(&asked[side]["address"][name]).is_none() {
                wrong.push(mandatory(&format!("{side}.address.{name}"), name));
            }
        }
    }
    if asked["totalWeight"].as_f64().is_none_or(|weight| weight <= 0.0) {
        wrong.push(mandatory("totalWeight", "Total weight"));
    }
    if asked["numberOfParcels"].as_u64().is_none_or(|parcels| parcels == 0) {
        wrong.push(mandatory("numberOfParcels", "Number of parcels"));
    }
    if asked["shipmentType"] != 0 {
        wrong.push(Wrong::new(1015, "shipmentType", "Shipment type must be 0"));
    }
    wrong
}
