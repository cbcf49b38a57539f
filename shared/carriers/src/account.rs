//! The accounts and services of every carrier in one shape: which platform a carrier's parcels are booked on, and
//! what each service may be given. One exhaustive match each; a new carrier is a new arm, not a new place.

use crate::error::CannotBuild;
use crate::{dpd, parcelforce, royal_mail};
use waybill_domain::rate::Rate;
use waybill_domain::service::{Carrier, ServiceChoice};
use waybill_privacy::disclosure::Field;

/// The API a carrier's parcels are booked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// Royal Mail's Click & Drop, for its own services and Parcelforce's (infra/decisions/007).
    ClickAndDrop,
    /// DPD's customer API, for DPD UK and DPD Local.
    DpdCustomer,
}

impl Platform {
    /// Where a carrier's parcels are booked.
    pub fn of(carrier: Carrier) -> Self {
        match carrier {
            Carrier::RoyalMail | Carrier::Parcelforce => Self::ClickAndDrop,
            Carrier::Dpd | Carrier::DpdLocal => Self::DpdCustomer,
        }
    }
}

/// A carrier account, ready to build requests with.
#[derive(Debug, Clone)]
pub enum Account {
    /// At Click & Drop.
    ClickAndDrop(royal_mail::Account),
    /// At DPD.
    Dpd(Box<dpd::Account>),
}

impl Account {
    /// What it can book on.
    pub fn platform(&self) -> Platform {
        match self {
            Self::ClickAndDrop(_) => Platform::ClickAndDrop,
            Self::Dpd(_) => Platform::DpdCustomer,
        }
    }

    /// How often the account may be called; `None` where no limit is documented.
    pub fn rate(&self) -> Option<Rate> {
        match self {
            Self::ClickAndDrop(_) => Some(royal_mail::RATE),
            // There are limits, but no source has their numbers (contracts/dpd, "Errors").
            Self::Dpd(_) => None,
        }
    }

    /// The account, if the service is booked on its platform.
    ///
    /// # Errors
    /// `CannotBuild::OtherCarrier` when the service rule names a connection of another carrier.
    pub fn for_service(&self, service: &ServiceChoice) -> Result<&Self, CannotBuild> {
        let fits = match self {
            Self::ClickAndDrop(_) => Platform::of(service.carrier) == self.platform(),
            // The account decides which of the two brands it books (contracts/dpd).
            Self::Dpd(account) => {
                service.carrier == if account.local { Carrier::DpdLocal } else { Carrier::Dpd }
            }
        };
        if fits { Ok(self) } else { Err(CannotBuild::OtherCarrier) }
    }
}

/// A carrier account for asking where parcels are.
#[derive(Debug, Clone)]
pub enum TrackingAccount {
    /// Royal Mail's Tracking API, which knows Parcelforce's numbers too.
    RoyalMail(royal_mail::TrackingAccount),
    /// DPD's customer API, with the account that booked.
    Dpd(Box<dpd::Account>),
}

/// Whether a service can be booked by an account of ours at all, as far as its code and format say: a code we do not
/// know may be one of the merchant's own contract.
///
/// # Errors
/// `CreditAccount` for a service of a pay-as-you-go account, `Beyond` for a format the carrier does not take.
pub fn bookable(service: &ServiceChoice) -> Result<(), CannotBuild> {
    match service.carrier {
        Carrier::RoyalMail => royal_mail::bookable(&service.code, &service.format),
        Carrier::Parcelforce => parcelforce::check(&service.code, &service.format, 0),
        // What DPD offers is asked for per shipment.
        Carrier::Dpd | Carrier::DpdLocal => Ok(()),
    }
}

/// The personal fields a service may be given: the allow-list of CONTROLS A5.
pub fn allowed_fields(service: &ServiceChoice) -> &'static [Field] {
    match service.carrier {
        Carrier::RoyalMail => royal_mail::allowed_fields(&service.code),
        Carrier::Parcelforce => parcelforce::allowed_fields(&service.code),
        Carrier::Dpd | Carrier::DpdLocal => dpd::allowed_fields(&service.code),
    }
}
