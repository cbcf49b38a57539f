//! What things are called on the pages.

use crate::order::BookingView;
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Serialize;
use waybill_domain::OrderId;
use waybill_domain::exception::Reason;
use waybill_domain::order::{Channel, Hold, Status};
use waybill_domain::remedy::Remedy;
use waybill_domain::service::Carrier;
use waybill_domain::shipment::Transit;
use waybill_store::registry::{ConnectionState, Kind};

/// What the button says by which a person ends a matter.
pub fn remedy(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Retry => "It is mended: go on",
        Remedy::NothingAtCarrier => "Nothing is at the carrier",
        Remedy::Seen => "Seen to",
    }
}

/// A state in a person's words.
pub fn status(status: Status) -> &'static str {
    match status {
        Status::Received => "Received",
        Status::Allocated => "Allocated",
        Status::PartAllocated => "Part allocated",
        Status::Backordered => "Backordered",
        Status::Held => "Held",
        Status::Picking => "Picking",
        Status::Booked => "Booked",
        Status::Dispatched => "Dispatched",
        Status::Delivered => "Delivered",
        Status::Cancelled => "Cancelled",
        Status::Returned => "Returned",
    }
}

/// A state as a badge; its colour says nothing that its word does not.
pub fn badge(of: Status) -> Markup {
    let tone = match of {
        Status::Held | Status::Backordered => "warn",
        Status::Delivered | Status::Dispatched => "good",
        Status::Cancelled | Status::Returned => "quiet",
        Status::Received | Status::Allocated | Status::PartAllocated | Status::Picking | Status::Booked => {
            "busy"
        }
    };
    html! { span.badge.(tone) { (status(of)) } }
}

/// Why an order waits.
pub fn hold(hold: Hold) -> &'static str {
    match hold {
        Hold::NothingToShip => "nothing to ship",
        Hold::Pickup => "the buyer collects it",
        Hold::TestOrder => "a test order",
        Hold::AwaitingPayment => "not paid yet",
        Hold::Channel => "held at the channel",
        Hold::Exception => "needs a person",
        Hold::Merchant => "held by a colleague",
    }
}

/// The word of the API for something.
pub fn key<T: Serialize>(name: T) -> String {
    serde_json::to_value(name).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A name of the API in a person's words: `short_picked` is `Short picked`.
pub fn plain<T: Serialize>(name: T) -> String {
    let text = key(name).replace('_', " ");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A reason in a person's words.
pub fn reason(reason: Reason) -> String {
    plain(reason)
}

/// A channel's name.
pub fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Shopify => "Shopify",
        Channel::WooCommerce => "WooCommerce",
        Channel::Magento => "Magento",
        Channel::Amazon => "Amazon",
        Channel::Ebay => "eBay",
    }
}

/// Who carries a parcel.
pub fn carrier(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::RoyalMail => "Royal Mail",
        Carrier::Parcelforce => "Parcelforce",
        Carrier::Dpd => "DPD",
        Carrier::DpdLocal => "DPD Local",
    }
}

/// How far a booking is.
pub fn booking(booking: BookingView) -> &'static str {
    match booking {
        BookingView::Planned => "not booked yet",
        BookingView::Created => "booked, its label is not here yet",
        BookingView::Labelled => "its label is here",
        BookingView::Voided => "its label was cancelled",
        BookingView::Forgotten => "forgotten",
    }
}

/// Where a parcel is.
pub fn transit(transit: Transit) -> &'static str {
    match transit {
        Transit::Pending => "not scanned by the carrier",
        Transit::Moving => "with the carrier",
        Transit::Delivered => "delivered",
        Transit::Failed => "could not be delivered",
        Transit::Returned => "on its way back",
        Transit::Lost => "counts as lost",
    }
}

/// What an account leads to.
pub fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Shopify => "Shopify",
        Kind::WooCommerce => "WooCommerce",
        Kind::Magento => "Magento",
        Kind::Amazon => "Amazon",
        Kind::Ebay => "eBay",
        Kind::RoyalMail => "Royal Mail Click & Drop",
        Kind::ProShipping => "Royal Mail Pro Shipping",
        Kind::Dpd => "DPD",
    }
}

/// A connection's state as a badge.
pub fn connection(state: ConnectionState) -> Markup {
    let (tone, word) = match state {
        ConnectionState::Active => ("good", "Active"),
        ConnectionState::Refused => ("bad", "Refused"),
        ConnectionState::Paused => ("warn", "Paused"),
        ConnectionState::Disconnected => ("quiet", "Disconnected"),
    };
    html! { span.badge.(tone) { (word) } }
}

/// The end of an order's id, which is chance and enough to tell orders on one page apart.
pub fn short(order: &OrderId) -> &str {
    let text = order.suffix();
    text.get(text.len().saturating_sub(8)..).unwrap_or(text)
}

/// A moment, to the minute, in UTC.
pub fn moment(at: Timestamp) -> Markup {
    html! { time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ")) { (at.strftime("%-d %b %H:%M")) } }
}

/// A day with its year, for what lies far ahead.
pub fn date(at: Timestamp) -> Markup {
    html! { time datetime=(at.strftime("%Y-%m-%d")) { (at.strftime("%-d %b %Y")) } }
}

/// A day.
pub fn day(at: Timestamp) -> String {
    at.strftime("%-d %b").to_string()
}

/// How long ago, roughly.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    match now.duration_since(at).as_mins() {
        ..=0 => "just now".into(),
        minutes @ 1..=119 => format!("{minutes} min ago"),
        minutes @ 120..=2879 => format!("{} h ago", minutes / 60),
        minutes => format!("{} days ago", minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_api_are_read_as_words() {
        assert_eq!(plain(Reason::ShortPicked), "Short picked");
    }
}
