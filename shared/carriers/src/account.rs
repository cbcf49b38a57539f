//! The accounts and services of every carrier in one shape: which platform a carrier's parcels are booked on, and
//! what each service may be given. One exhaustive match each; a new carrier is a new arm, not a new place.

use crate::error::CannotBuild;
use crate::{dpd, parcelforce, pro_shipping, royal_mail};
use waybill_domain::rate::Rate;
use waybill_domain::service::{Carrier, Notify, ServiceChoice};
use waybill_privacy::Recipient;
use waybill_privacy::disclosure::{Disclosed, Field};

/// A carrier account, ready to build requests with.
#[derive(Debug, Clone)]
pub enum Account {
    /// At Click & Drop.
    ClickAndDrop(royal_mail::Account),
    /// At Pro Shipping.
    ProShipping(Box<pro_shipping::Account>),
    /// At DPD.
    Dpd(Box<dpd::Account>),
}

impl Account {
    /// How often the account may be called; `None` where no limit is documented.
    pub fn rate(&self) -> Option<Rate> {
        match self {
            Self::ClickAndDrop(_) => Some(royal_mail::RATE),
            // There are limits, but no source has their numbers (contracts/dpd, "Errors").
            Self::Dpd(_) => None,
            // Its specification names no limit (contracts/royal-mail, `shipping-v4.openapi.yaml`).
            Self::ProShipping(_) => None,
        }
    }

    /// The account, if the service is booked on its platform.
    ///
    /// # Errors
    /// `CannotBuild::OtherCarrier` when the service rule names a connection of another carrier.
    pub fn for_service(&self, service: &ServiceChoice) -> Result<&Self, CannotBuild> {
        let fits = match self {
            // Its own services and Parcelforce's (infra/decisions/007).
            Self::ClickAndDrop(_) => matches!(service.carrier, Carrier::RoyalMail | Carrier::Parcelforce),
            // Its enhancements `Email` and `SMS` are not asked for.
            Self::ProShipping(_) => service.carrier == Carrier::RoyalMail && service.notify.is_none(),
            // The account decides which of the two brands it books (contracts/dpd).
            Self::Dpd(account) => {
                service.carrier == if account.local { Carrier::DpdLocal } else { Carrier::Dpd }
            }
        };
        if fits { Ok(self) } else { Err(CannotBuild::OtherCarrier) }
    }

    /// The personal fields a service may be given by this account: the allow-list of CONTROLS A5.
    pub fn allowed_fields(&self, service: &ServiceChoice) -> Vec<Field> {
        match self {
            Self::ProShipping(_) => pro_shipping::allowed_fields(&service.code).to_vec(),
            Self::ClickAndDrop(_) | Self::Dpd(_) => allowed_fields(service),
        }
    }

    /// A recipient cut down to what this account is given for a service.
    pub fn disclose(&self, mut who: Recipient, service: &ServiceChoice) -> Disclosed {
        if matches!(self, Self::ClickAndDrop(_)) {
            royal_mail::label::keep_reachable(&mut who);
        }
        Disclosed::new(who, &self.allowed_fields(service))
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
/// `CreditAccount` for a service of a pay-as-you-go account, `Beyond` for a format the carrier does not take or a
/// notice it does not sell.
pub fn bookable(service: &ServiceChoice) -> Result<(), CannotBuild> {
    match service.carrier {
        Carrier::Dpd | Carrier::DpdLocal if service.notify.is_some() => {
            Err(CannotBuild::Beyond { field: "notify" })
        }
        Carrier::RoyalMail => royal_mail::bookable(&service.code, &service.format),
        Carrier::Parcelforce => parcelforce::check(&service.code, &service.format, 0),
        // What DPD offers is asked for per shipment.
        Carrier::Dpd | Carrier::DpdLocal => Ok(()),
    }
}

/// The personal fields a service may be given on its carrier's first platform.
pub fn allowed_fields(service: &ServiceChoice) -> Vec<Field> {
    let needed = match service.carrier {
        Carrier::RoyalMail => royal_mail::allowed_fields(&service.code),
        Carrier::Parcelforce => parcelforce::allowed_fields(&service.code),
        // DPD tells the recipient anyhow, by the telephone that every service needs.
        Carrier::Dpd | Carrier::DpdLocal => return dpd::allowed_fields(&service.code).to_vec(),
    };
    let paid = service.notify.map(|notify| match notify {
        Notify::Email => Field::Email,
        Notify::Sms => Field::Phone,
    });
    needed.iter().copied().chain(paid).collect()
}
