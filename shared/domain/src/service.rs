//! Which service carries a shipment: an ordered list of rules, kept as data per merchant.

use crate::id::ConnectionId;
use crate::order::Destination;
use serde::{Deserialize, Serialize};

/// Who carries a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// Royal Mail, by Click & Drop.
    RoyalMail,
    /// Parcelforce, on Royal Mail's platform.
    Parcelforce,
    /// DPD UK.
    Dpd,
    /// DPD Local.
    DpdLocal,
}

impl Carrier {
    /// Every carrier.
    pub const ALL: [Self; 4] = [Self::RoyalMail, Self::Parcelforce, Self::Dpd, Self::DpdLocal];

    /// The name used in the API and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RoyalMail => "royal_mail",
            Self::Parcelforce => "parcelforce",
            Self::Dpd => "dpd",
            Self::DpdLocal => "dpd_local",
        }
    }

    /// The name people know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::RoyalMail => "Royal Mail",
            Self::Parcelforce => "Parcelforce",
            Self::Dpd => "DPD UK",
            Self::DpdLocal => "DPD Local",
        }
    }
}

/// What is booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceChoice {
    /// Who carries it.
    pub carrier: Carrier,
    /// The carrier's own code for the service, such as `TPS48`.
    pub code: String,
    /// The carrier's own name of the package's shape, such as `parcel`.
    pub format: String,
}

/// One rule: when everything it names fits, its service is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceRule {
    /// Countries it covers, ISO 3166-1 alpha-2; empty for all.
    #[serde(default)]
    pub countries: Vec<String>,
    /// Heaviest parcel in grams.
    pub up_to_grams: u32,
    /// Through which carrier account.
    pub connection: ConnectionId,
    /// What to book.
    pub service: ServiceChoice,
}

/// The first rule that covers the destination and weight, with its position for the explanation.
pub fn choose<'a>(
    rules: &'a [ServiceRule],
    to: &Destination,
    grams: u32,
) -> Option<(usize, &'a ServiceRule)> {
    rules.iter().enumerate().find(|(_, rule)| {
        grams <= rule.up_to_grams && (rule.countries.is_empty() || rule.countries.contains(&to.country))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(countries: &[&str], up_to_grams: u32, code: &str) -> ServiceRule {
        ServiceRule {
            countries: countries.iter().map(|c| (*c).to_owned()).collect(),
            up_to_grams,
            connection: "con_1".parse().unwrap(),
            service: ServiceChoice {
                carrier: Carrier::RoyalMail,
                code: code.into(),
                format: "parcel".into(),
            },
        }
    }

    #[test]
    fn the_first_rule_that_fits_is_taken() {
        let rules = [rule(&["GB"], 2000, "TPS48"), rule(&["GB"], 20_000, "TPN24"), rule(&[], 2000, "MPR")];
        let to = |c: &str| Destination { country: c.into(), postcode_area: None };
        assert_eq!(choose(&rules, &to("GB"), 2000).unwrap().0, 0);
        assert_eq!(choose(&rules, &to("GB"), 2001).unwrap().0, 1);
        assert_eq!(choose(&rules, &to("DE"), 10).unwrap().1.service.code, "MPR");
        assert!(choose(&rules, &to("DE"), 5000).is_none());
    }
}
