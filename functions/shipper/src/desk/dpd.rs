//! DPD and DPD Local, by the customer API. It is asked what is on offer before each booking, tells a shipment's key
//! once, and undoes nothing.

use super::{Booking, Found, Held, Printed, Undone};
use http::Response;
use waybill_carriers::dpd::customs::{Customs, Product, Terms};
use waybill_carriers::dpd::label::{self, Booked, BookingRequest, Made, Parcel, Printer};
use waybill_carriers::dpd::{Account, services, void};
use waybill_carriers::error::{CannotBuild, CannotRead};
use waybill_carriers::royal_mail::cancel::Voided;
use waybill_carriers::royal_mail::label::Declaration;
use waybill_domain::advice::Advice;
use waybill_domain::customs::DeliveryTerm;
use waybill_domain::exception::Reason;
use waybill_domain::shipment::LabelFormat;
use waybill_privacy::disclosure::Disclosed;
use waybill_runtime::line::Line;
use waybill_runtime::remote::Told;

type Reply = Response<Vec<u8>>;

/// The longest description of the goods as a whole.
const DESCRIPTION: usize = 45;

/// The parcels of a booking, and what customs are told of them where it goes to Ireland.
pub(super) struct Goods {
    account: Account,
    parcels: Vec<Parcel>,
    customs: Option<Customs>,
}

/// Puts together what depends on nothing at DPD.
///
/// # Errors
/// `CannotBuild::Customs` for goods that pass customs in more than one parcel, for which is in which is not known,
/// and for terms by which VAT was paid already: DPD takes no IOSS number that any source has seen.
pub(super) fn goods(account: &Account, booking: &Booking<'_>) -> Result<Goods, CannotBuild> {
    let mut account = account.clone();
    let parcel = |grams| Parcel { grams, products: Vec::new() };
    let mut parcels: Vec<Parcel> = booking.shipment.parcel_grams().into_iter().map(parcel).collect();
    let ireland = booking.to.recipient().country.as_deref() == Some("IE");
    let declaration = match booking.customs {
        Some(declaration) if ireland => declaration,
        None if ireland => return Err(CannotBuild::Customs { field: "contents" }),
        // The islands pass customs too, but DPD is told of goods for Ireland alone (contract, "Republic of Ireland
        // customs").
        _ => return Ok(Goods { account, parcels, customs: None }),
    };
    let [only] = parcels.as_mut_slice() else { return Err(CannotBuild::Customs { field: "parcels" }) };
    only.products = declaration.contents.iter().map(product).collect();
    if account.sender.eori.is_none() {
        account.sender.eori.clone_from(&declaration.terms.eori);
    }
    if account.sender.eori.is_none() {
        return Err(CannotBuild::Customs { field: "eoriNumber" });
    }
    let customs = Some(customs(declaration)?);
    Ok(Goods { account, parcels, customs })
}

fn product(content: &waybill_domain::customs::Content) -> Product {
    Product {
        description: content.description.clone(),
        quantity: content.quantity,
        grams: content.unit_grams,
        value: content.unit_value,
        commodity_code: content.hs_code.clone(),
        origin: content.origin.clone(),
    }
}

fn customs(declaration: Declaration<'_>) -> Result<Customs, CannotBuild> {
    let terms = match declaration.terms.term {
        DeliveryTerm::DduDap => Terms::Dap,
        DeliveryTerm::Ddp => Terms::Dt1,
        DeliveryTerm::IossDdp | DeliveryTerm::IossDdu => {
            return Err(CannotBuild::Customs { field: "termsOfDelivery" });
        }
    };
    // As many kinds of goods as there is room for; each by itself is told in full.
    let mut description = String::new();
    for content in declaration.contents {
        let longer = match description.is_empty() {
            true => content.description.trim().to_owned(),
            false => format!("{description}, {}", content.description.trim()),
        };
        if description.is_empty() || longer.chars().count() <= DESCRIPTION {
            description = longer;
        }
    }
    Ok(Customs { description, currency: declaration.currency.to_owned(), terms })
}

/// The key of the service that the merchant's rule names, as DPD offers it for this shipment.
pub(super) async fn service(
    line: &Line<'_, Account>,
    booking: &Booking<'_>,
    goods: &Goods,
) -> Result<String, Told> {
    let grams: Vec<u32> = goods.parcels.iter().map(|parcel| parcel.grams).collect();
    let build = |token: &_| services::build_offers(&goods.account, token, booking.to, &grams);
    let read = |r: &Reply| services::read_offers(r.status(), r.headers(), r.body());
    let offers = line.exchange(build, read).await?;
    match services::choose(&goods.account, &offers, &booking.shipment.service) {
        Ok(offer) => Ok(offer.network_key.clone()),
        // The rule must change, not the order.
        Err(CannotRead::Refused { code }) => {
            Err(Told { advice: Advice::AskPerson(Reason::NoService), text: code })
        }
        Err(other) => Err(other.into()),
    }
}

/// Books. `None` when the service key went out of date since it was asked for: nothing was booked.
pub(super) async fn create(
    line: &Line<'_, Account>,
    booking: &Booking<'_>,
    goods: &Goods,
    network_key: &str,
) -> Result<Option<Held>, Told> {
    let request = BookingRequest {
        shipment: booking.shipment,
        to: booking.to,
        network_key,
        parcels: &goods.parcels,
        ship_at: line.now,
        customs: goods.customs.as_ref(),
    };
    let build = |token: &_| label::build_create(&goods.account, token, &request);
    let read = |r: &Reply| label::read_create(r.status(), r.headers(), r.body());
    match line.exchange(build, read).await? {
        Made::Booked(booked) => Ok(Some(Held { carrier_order: booked.key(), numbers: booked.parcels })),
        Made::StaleService => Ok(None),
        Made::Exists => {
            let advice = Advice::AskPerson(Reason::UncertainBooking);
            Err(Told { advice, text: "reference_exists".to_owned() })
        }
    }
}

/// DPD offers a service and does not take it, twice.
pub(super) fn stale() -> Told {
    Told { advice: Advice::AskPerson(Reason::NoService), text: "service_refused_though_on_offer".to_owned() }
}

/// What tracking knows of our reference. Neither answer lets anything be booked again: known parcels have labels
/// out of our reach, and unknown ones may be known later.
pub(super) async fn find(
    line: &Line<'_, Account>,
    reference: &str,
    to: Option<&Disclosed>,
) -> Result<Found, Told> {
    let Some(to) = to else { return Ok(Found::Unproven("carrier_shows_no_bookings")) };
    let build = |token: &_| label::build_find(line.account, token, reference, to);
    let read = |r: &Reply| label::read_find(r.status(), r.headers(), r.body());
    Ok(Found::Unproven(match line.exchange(build, read).await? {
        label::Found::Parcels(_) => "booked_label_only_on_carriers_site",
        label::Found::Unproven => "carrier_knows_nothing_yet",
    }))
}

/// The labels of all parcels in Zebra's language, one after another, byte for byte.
pub(super) async fn labels(line: &Line<'_, Account>, held: &Held) -> Result<Printed, Told> {
    let booked = Booked::from_key(&held.carrier_order).ok_or_else(|| Told {
        advice: Advice::AskPerson(Reason::LabelFailed),
        text: "the shipment's key is not one of DPD".to_owned(),
    })?;
    let build = |token: &_| label::build_labels(line.account, token, &booked, Printer::Zpl);
    let read = |r: &Reply| label::read_labels(&booked, Printer::Zpl, r.status(), r.headers(), r.body());
    let labels = line.exchange(build, read).await?;
    Ok(Printed { format: LabelFormat::Zpl, bytes: labels.concat(), numbers: booked.parcels })
}

/// DPD undoes nothing.
pub(super) fn delete() -> Undone {
    match void() {
        Voided::Done => Undone::Done,
        Voided::Refused { code } => Undone::Refused(code),
    }
}

/// Booking data reaches DPD at once; there is nothing to hand over.
pub(super) fn no_manifest() -> Told {
    let text = "this carrier takes no manifest: what is booked is handed over already".to_owned();
    Told { advice: Advice::AskPerson(Reason::CarrierRefused), text }
}
