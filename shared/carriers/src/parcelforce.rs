//! Parcelforce: service codes on Click & Drop. Same requests, labels, manifests and tracking as Royal Mail's own
//! services (contracts/parcelforce section A); what differs is which codes there are and what they take.

use crate::error::CannotBuild;
use waybill_privacy::disclosure::Field;

/// The heaviest parcel in grams: what one package of Click & Drop may weigh.
pub const HEAVIEST: u32 = 30_000;

/// One service of a credit account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// Its code at Click & Drop.
    pub code: &'static str,
    /// What Parcelforce calls it.
    pub name: &'static str,
    /// Compensation included, in pounds.
    pub compensation: u32,
    /// It goes abroad; the others stay in the United Kingdom.
    pub abroad: bool,
}

const fn inland(code: &'static str, name: &'static str, compensation: u32) -> Service {
    Service { code, name, compensation, abroad: false }
}

/// The services a credit account may have (contracts/parcelforce, service codes of August 2026).
pub const SERVICES: [Service; 9] = [
    inland("FE0", "express48", 150),
    inland("FE1", "express48", 750),
    inland("FE2", "express48", 1000),
    inland("FE3", "express48", 2500),
    inland("NDA", "express24", 150),
    inland("NDB", "express24", 750),
    inland("NDC", "express24", 1000),
    inland("NDE", "express24", 2500),
    Service { code: "ECA", name: "globalpriority Europe", compensation: 100, abroad: true },
];

/// The service with this code, if it is one we know.
pub fn service(code: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|one| one.code == code)
}

/// The codes of a pay-as-you-go account: the orders can be made by API, their labels cannot be had.
pub fn is_pay_as_you_go(code: &str) -> bool {
    code.starts_with("PF")
}

/// Checks a service before anything is sent. A code we do not know may be one of the merchant's own contract.
///
/// # Errors
/// `CreditAccount` for a pay-as-you-go code, `Beyond` for a format or weight that Parcelforce does not take.
pub(crate) fn check(code: &str, format: &str, heaviest: u32) -> Result<(), CannotBuild> {
    if is_pay_as_you_go(code) {
        return Err(CannotBuild::CreditAccount);
    }
    if format != "parcel" {
        return Err(CannotBuild::Beyond { field: "packageFormatIdentifier" });
    }
    if heaviest > HEAVIEST {
        return Err(CannotBuild::Beyond { field: "weightInGrams" });
    }
    Ok(())
}

const INLAND: &[Field] =
    &[Field::Name, Field::Company, Field::Lines, Field::City, Field::Postcode, Field::Country];

const ABROAD: &[Field] =
    &[Field::Name, Field::Company, Field::Lines, Field::City, Field::Region, Field::Postcode, Field::Country];

/// The personal fields a service needs: those of Click & Drop. Phone and e-mail are needed only with a notice to
/// the recipient, which the merchant pays for (`crate::account`); that one integrator asks for a phone is not proof that
/// a service refuses without one (contracts/parcelforce section A).
pub fn allowed_fields(code: &str) -> &'static [Field] {
    match service(code) {
        Some(service) if !service.abroad => INLAND,
        _ => ABROAD,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_parcels_of_a_credit_account_are_booked() {
        assert_eq!(check("FE0", "parcel", 30_000), Ok(()));
        assert_eq!(check("FEE", "parcel", 1), Ok(()));
        for code in ["PFE48", "PFE24SF", "PFEAM", "PFIGX", "PFELG"] {
            assert_eq!(check(code, "parcel", 1), Err(CannotBuild::CreditAccount), "{code}");
        }
        for format in ["letter", "largeLetter", "mediumParcel", "documents"] {
            let beyond = CannotBuild::Beyond { field: "packageFormatIdentifier" };
            assert_eq!(check("NDA", format, 1), Err(beyond), "{format}");
        }
        assert_eq!(check("NDA", "parcel", 30_001), Err(CannotBuild::Beyond { field: "weightInGrams" }));
    }

    #[test]
    fn only_what_goes_abroad_gets_a_county() {
        for one in &SERVICES {
            assert_eq!(allowed_fields(one.code).contains(&Field::Region), one.abroad, "{}", one.code);
            let private = [Field::Phone, Field::Email];
            assert!(!allowed_fields(one.code).iter().any(|field| private.contains(field)));
        }
    }
}
