//! A merchant's account at one channel, ready to be called: the one place that knows which channel does what.

use crate::error::{CannotBuild, CannotRead};
use crate::feed::{Page, Reading, Window};
use crate::stock::Level;
use crate::writeback::{Broke, Next, Sent};
use crate::{Operation, Stamp, shopify};
use http::{Request, Response};
use jiff::SignedDuration;
use waybill_domain::order::Channel;
use waybill_domain::rate::Rate;

/// An account with what calling it needs.
#[derive(Debug, Clone)]
pub enum Account {
    /// A Shopify shop.
    Shopify(shopify::Shop),
}

/// Telling a channel something, reply by reply; see [`crate::writeback`]. It is given what the last request
/// brought, nothing at the beginning, and gives the next request, how it ended, or what broke it off.
pub type Talk = Box<dyn FnMut(Option<&Response<Vec<u8>>>, &Stamp) -> Result<Next, Broke> + Send>;

/// Reading one order, reply by reply; see [`crate::feed`]. As [`Talk`], for what is read.
pub type ReadOne = Box<dyn FnMut(Option<&Response<Vec<u8>>>, &Stamp) -> Result<Reading, Broke> + Send>;

impl Account {
    /// Which channel.
    pub fn channel(&self) -> Channel {
        match self {
            Self::Shopify(_) => Channel::Shopify,
        }
    }

    /// How often it may be called.
    pub fn rate(&self, operation: Operation) -> Rate {
        match self {
            Self::Shopify(_) => shopify::rate(operation),
        }
    }

    /// How many requests an exchange usually takes.
    pub fn calls(&self, operation: Operation) -> u32 {
        match (self, operation) {
            (_, Operation::Search | Operation::Read) => 1,
            (Self::Shopify(_), Operation::WriteBack | Operation::Stock) => 2,
        }
    }

    /// How far before the last window's end the next one begins.
    pub fn overlap(&self) -> SignedDuration {
        match self {
            Self::Shopify(_) => shopify::OVERLAP,
        }
    }

    /// How long before now a window must end.
    pub fn settle(&self) -> SignedDuration {
        match self {
            Self::Shopify(_) => shopify::SETTLE,
        }
    }

    /// Asks for a page of changed orders; `next` is [`Page::next`] of the page before.
    ///
    /// # Errors
    /// `CannotBuild` when the account's address or credential cannot be sent.
    pub fn build_changed(
        &self,
        window: &Window,
        next: Option<&str>,
        _stamp: &Stamp,
    ) -> Result<Request<Vec<u8>>, CannotBuild> {
        match self {
            Self::Shopify(shop) => shopify::feed::build_changed(shop, window, next),
        }
    }

    /// Reads a page; `next` is what it was asked for with.
    ///
    /// # Errors
    /// `CannotRead` when the channel refuses or nothing of the page can be read.
    pub fn read_changed(&self, reply: &Response<Vec<u8>>, _next: Option<&str>) -> Result<Page, CannotRead> {
        match self {
            Self::Shopify(_) => shopify::feed::read_changed(reply),
        }
    }

    /// Reads one order.
    pub fn one(&self, channel_id: &str) -> ReadOne {
        match self {
            Self::Shopify(shop) => {
                let mut one = shopify::feed::One::new(shop, channel_id);
                Box::new(move |reply, stamp| one.next(reply, stamp))
            }
        }
    }

    /// Tells the channel that a parcel left.
    pub fn write_back(&self, sent: Sent) -> Talk {
        match self {
            Self::Shopify(shop) => {
                let mut talk = shopify::writeback::Talk::new(shop, sent);
                Box::new(move |reply, stamp| talk.next(reply, stamp))
            }
        }
    }

    /// Tells the channel how much may be sold.
    pub fn stock(&self, level: Level) -> Talk {
        match self {
            Self::Shopify(shop) => {
                let mut talk = shopify::stock::Talk::new(shop, level);
                Box::new(move |reply, stamp| talk.next(reply, stamp))
            }
        }
    }
}

/// Whether a channel wants the number on the shelves and takes open orders off by itself
/// (contracts/magento section 6); all others want what may be sold.
pub fn counts_physical(channel: Channel) -> bool {
    channel == Channel::Magento
}

/// How often changed orders are asked for: as often as pays, where the channel pushes nothing reliable.
pub fn poll_every(channel: Channel) -> SignedDuration {
    match channel {
        // Webhooks bring orders; reading is for what they lost (contracts/shopify section 2).
        Channel::Shopify => SignedDuration::from_mins(15),
        // One attempt and no retry: reading is the backbone (contracts/woocommerce section 2).
        Channel::WooCommerce => SignedDuration::from_mins(5),
        // Nothing is pushed by Magento Open Source (contracts/magento section 2).
        Channel::Magento => SignedDuration::from_mins(2),
        // One search in three minutes is all there is (contracts/amazon section 3).
        Channel::Amazon => SignedDuration::from_mins(5),
        // Notifications are hints (contracts/ebay section 3).
        Channel::Ebay => SignedDuration::from_mins(5),
    }
}
