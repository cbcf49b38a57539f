//! Least data, counted: personal fields sent for each service beside the fewest it can be booked with.
//!
//! The minimum is written down here a second time, from the contracts and not from the allow-lists, so that an
//! allow-list that grows shows as a ratio above one.

use serde::Serialize;
use std::collections::BTreeMap;
use waybill_domain::service::{Carrier, Notify, ServiceChoice};
use waybill_domain::shipment::Shipment;
use waybill_privacy::disclosure::Field;

/// What a booking cannot be made, or a parcel cannot be delivered, without: contracts/royal-mail "Minimal customer
/// data" and contracts/dpd "Customer data". The street lines, company and county of an order that has them are part
/// of where it goes; a county is so only abroad.
pub fn minimum(carrier: Carrier, abroad: bool) -> &'static [Field] {
    const INLAND: &[Field] =
        &[Field::Name, Field::Company, Field::Lines, Field::City, Field::Postcode, Field::Country];
    const ABROAD: &[Field] = &[
        Field::Name,
        Field::Company,
        Field::Lines,
        Field::City,
        Field::Region,
        Field::Postcode,
        Field::Country,
    ];
    // Telephone is mandatory there on every shipment; so is one way of telling the recipient, and a mobile is that
    // too. An e-mail beside it would be one field too many.
    const DPD: &[Field] = &[
        Field::Name,
        Field::Company,
        Field::Lines,
        Field::City,
        Field::Postcode,
        Field::Country,
        Field::Phone,
    ];
    match (carrier, abroad) {
        (Carrier::RoyalMail | Carrier::Parcelforce, false) => INLAND,
        (Carrier::RoyalMail | Carrier::Parcelforce, true) => ABROAD,
        (Carrier::Dpd | Carrier::DpdLocal, _) => DPD,
    }
}

/// Fields of one service, over any number of shipments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Shipments booked.
    pub shipments: u64,
    /// Personal fields sent, all shipments together.
    pub fields_sent: u64,
    /// Of these, fields the service needs.
    pub fields_minimum: u64,
}

impl Count {
    /// Sent for each that is needed, in hundredths: 100 is the target.
    pub fn percent(&self) -> u64 {
        (self.fields_sent * 100).checked_div(self.fields_minimum).unwrap_or(100)
    }

    fn add(&mut self, sent: u64, needed: u64) {
        self.shipments += 1;
        self.fields_sent += sent;
        self.fields_minimum += needed;
    }
}

/// Fields sent and needed for one booking, from the names in its disclosure record.
pub fn of_booking(service: &ServiceChoice, abroad: bool, disclosed: &[String]) -> (u64, u64) {
    // What the merchant pays the carrier to tell the recipient cannot be told without.
    let paid = match (service.carrier, service.notify) {
        (Carrier::RoyalMail | Carrier::Parcelforce, Some(Notify::Email)) => Some(Field::Email),
        (Carrier::RoyalMail | Carrier::Parcelforce, Some(Notify::Sms)) => Some(Field::Phone),
        _ => None,
    };
    let needed: Vec<&str> =
        minimum(service.carrier, abroad).iter().chain(&paid).map(|field| field.as_str()).collect();
    let is_needed = |name: &&String| needed.contains(&name.as_str());
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    (count(disclosed.len()), count(disclosed.iter().filter(is_needed).count()))
}

/// Counts bookings by carrier and service code. `abroad` says of each shipment whether it left the country.
pub fn count<'a>(
    shipments: impl IntoIterator<Item = (&'a Shipment, bool)>,
) -> BTreeMap<(Carrier, String), Count> {
    let mut all: BTreeMap<(Carrier, String), Count> = BTreeMap::new();
    for (shipment, abroad) in shipments {
        let (sent, needed) = of_booking(&shipment.service, abroad, &shipment.disclosed);
        let key = (shipment.service.carrier, shipment.service.code.clone());
        all.entry(key).or_default().add(sent, needed);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(carrier: Carrier) -> ServiceChoice {
        ServiceChoice { carrier, code: "X".into(), format: "parcel".into(), notify: None }
    }

    #[test]
    fn a_field_too_many_is_seen() {
        let names = |all: &[&str]| all.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let least = names(&["name", "lines", "city", "postcode", "country"]);
        assert_eq!(of_booking(&service(Carrier::RoyalMail), false, &least), (5, 5));
        let county = names(&["name", "lines", "city", "region", "postcode", "country"]);
        assert_eq!(of_booking(&service(Carrier::Parcelforce), false, &county), (6, 5));
        assert_eq!(of_booking(&service(Carrier::Parcelforce), true, &county), (6, 6));
        let told = names(&["name", "lines", "city", "postcode", "country", "email", "phone"]);
        let paid = ServiceChoice { notify: Some(Notify::Email), ..service(Carrier::RoyalMail) };
        assert_eq!(of_booking(&paid, false, &told), (7, 6), "the e-mail is paid for, the telephone is not");
        assert_eq!(of_booking(&service(Carrier::RoyalMail), false, &told), (7, 5));
        let mut count = Count::default();
        count.add(6, 5);
        assert_eq!(count.percent(), 120);
    }
}
