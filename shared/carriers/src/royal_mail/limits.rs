//! What Click & Drop takes, checked before anything is sent, so that neither the order nor its label bounces.

use super::codes;
use crate::error::CannotBuild;
use crate::parcelforce;
use waybill_domain::customs;
use waybill_domain::order::Destination;
use waybill_domain::service::Carrier;
use waybill_domain::shipment::Shipment;

/// The heaviest package in grams (contract, "Required in POST /orders").
const HEAVIEST: u32 = 30_000;
/// Heaviest letter and large letter in grams: the sizes of Royal Mail's price guide, which the schema does not hold.
const LETTER: u32 = 100;
const LARGE_LETTER: u32 = 750;

/// Checks what a service of Royal Mail's own says by itself, its code and its format.
///
/// # Errors
/// `CreditAccount` for what only a pay-as-you-go account has, `Beyond` for a format there is not.
pub(crate) fn bookable(code: &str, format: &str) -> Result<(), CannotBuild> {
    if codes::is_pay_as_you_go(code) || codes::is_pay_as_you_go_format(format) {
        return Err(CannotBuild::CreditAccount);
    }
    heaviest_of(format).map(|_| ())
}

fn heaviest_of(format: &str) -> Result<u32, CannotBuild> {
    match format {
        "letter" => Ok(LETTER),
        "largeLetter" => Ok(LARGE_LETTER),
        "parcel" | "documents" => Ok(HEAVIEST),
        _ => Err(CannotBuild::Beyond { field: "packageFormatIdentifier" }),
    }
}

/// Checks the parts of a booking that are not personal: service, format, weights, destination.
///
/// # Errors
/// `CannotBuild` with what does not fit; nothing was sent.
pub(super) fn check(shipment: &Shipment, to: &Destination) -> Result<(), CannotBuild> {
    let (code, format) = (shipment.service.code.as_str(), shipment.service.format.as_str());
    let weights = shipment.parcel_grams();
    let heaviest = weights.iter().copied().max().unwrap_or_default();
    if weights.iter().any(|grams| !(1..=HEAVIEST).contains(grams)) {
        return Err(CannotBuild::Beyond { field: "weightInGrams" });
    }
    match shipment.service.carrier {
        Carrier::Parcelforce => parcelforce::check(code, format, heaviest)?,
        Carrier::RoyalMail => bookable(code, format)?,
        Carrier::Dpd | Carrier::DpdLocal => return Err(CannotBuild::OtherCarrier),
    }
    if heaviest > heaviest_of(format)? {
        return Err(CannotBuild::Beyond { field: "weightInGrams" });
    }
    let home = matches!(to.country.as_str(), "GB" | "IM" | "JE" | "GG");
    let stays = match shipment.service.carrier {
        Carrier::Parcelforce => parcelforce::service(code).map(|one| !one.abroad),
        _ => codes::stays_in_the_country(code),
    };
    if stays.is_some_and(|stays| stays != home) {
        return Err(CannotBuild::Destination);
    }
    // Which goods are in which parcel is not known, and each parcel declares its own.
    if customs::needed(to) && weights.len() > 1 {
        return Err(CannotBuild::Customs { field: "packages" });
    }
    Ok(())
}
