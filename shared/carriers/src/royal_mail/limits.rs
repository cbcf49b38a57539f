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
        Carrier::RoyalMail if codes::is_pay_as_you_go(code) || codes::is_pay_as_you_go_format(format) => {
            return Err(CannotBuild::CreditAccount);
        }
        Carrier::RoyalMail => {}
        Carrier::Dpd | Carrier::DpdLocal => return Err(CannotBuild::OtherCarrier),
    }
    let most = match format {
        "letter" => LETTER,
        "largeLetter" => LARGE_LETTER,
        "parcel" | "documents" => HEAVIEST,
        _ => return Err(CannotBuild::Beyond { field: "packageFormatIdentifier" }),
    };
    if heaviest > most {
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
