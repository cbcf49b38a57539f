//! A merchant's account at one channel, ready to be called: the one place that knows which channel does what.

use crate::care::{Care, To};
use crate::error::{CannotBuild, CannotRead};
use crate::feed::{Page, Reading, Window};
use crate::stock::Level;
use crate::writeback::{Broke, Next, Sent};
use crate::{Operation, Stamp, amazon, ebay, magento, shopify, woocommerce};
use http::{Request, Response};
use jiff::SignedDuration;
use waybill_domain::order::Channel;
use waybill_domain::rate::Rate;
use waybill_privacy::secret::Secret;

/// An account with what calling it needs.
#[derive(Debug, Clone)]
pub enum Account {
    /// A Shopify shop.
    Shopify(shopify::Shop),
    /// A WooCommerce shop.
    WooCommerce(woocommerce::Shop),
    /// A Magento or Adobe Commerce shop.
    Magento(magento::Shop),
    /// An Amazon seller.
    Amazon(amazon::Seller),
    /// An eBay seller.
    Ebay(ebay::Seller),
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
            Self::WooCommerce(_) => Channel::WooCommerce,
            Self::Magento(_) => Channel::Magento,
            Self::Amazon(_) => Channel::Amazon,
            Self::Ebay(_) => Channel::Ebay,
        }
    }

    /// How often it may be called.
    pub fn rate(&self, operation: Operation) -> Rate {
        match self {
            Self::Shopify(_) => shopify::rate(operation),
            Self::WooCommerce(_) => woocommerce::rate(operation),
            Self::Magento(_) => magento::rate(operation),
            Self::Amazon(_) => amazon::rate(operation),
            Self::Ebay(_) => ebay::rate(operation),
        }
    }

    /// How often the stock of one SKU may be told, beside [`Account::rate`]; `None` where only calls are limited.
    pub fn rate_of_sku(&self) -> Option<Rate> {
        match self {
            Self::Ebay(_) => Some(ebay::REVISIONS),
            Self::Shopify(_) | Self::WooCommerce(_) | Self::Magento(_) | Self::Amazon(_) => None,
        }
    }

    /// The limit an operation counts against: Shopify has one for all, the others one for each.
    pub fn counted_as(&self, operation: Operation) -> Operation {
        match self {
            Self::Shopify(_) => Operation::Read,
            Self::WooCommerce(_) | Self::Magento(_) | Self::Amazon(_) | Self::Ebay(_) => operation,
        }
    }

    /// What an exchange usually takes out of which limits.
    pub fn costs(&self, operation: Operation) -> &'static [(Operation, u32)] {
        use Operation::{Read, Search, Stock, WriteBack};
        match (self, operation) {
            (_, Search) => &[(Search, 1)],
            // The order, and its refunds where there are any.
            (Self::WooCommerce(_), Read) => &[(Read, 2)],
            (_, Read) => &[(Read, 1)],
            // Looking, telling and looking again are limited apart.
            (Self::Amazon(_), WriteBack) => &[(Read, 2), (WriteBack, 1)],
            (Self::Shopify(_) | Self::Ebay(_), WriteBack) => &[(WriteBack, 2)],
            (Self::Magento(_), WriteBack) => &[(WriteBack, 3)],
            (Self::WooCommerce(_), WriteBack) => &[(WriteBack, 4)],
            (Self::Amazon(_) | Self::Magento(_), Stock) => &[(Stock, 1)],
            (_, Stock) => &[(Stock, 2)],
        }
    }

    /// How far before the last window's end the next one begins.
    pub fn overlap(&self) -> SignedDuration {
        match self {
            Self::Shopify(_) => shopify::OVERLAP,
            Self::WooCommerce(_) => woocommerce::OVERLAP,
            Self::Magento(_) => magento::OVERLAP,
            Self::Amazon(_) => amazon::OVERLAP,
            Self::Ebay(_) => ebay::OVERLAP,
        }
    }

    /// How long before now a window must end.
    pub fn settle(&self) -> SignedDuration {
        match self {
            Self::Shopify(_) => shopify::SETTLE,
            Self::WooCommerce(_) => woocommerce::SETTLE,
            Self::Magento(_) => magento::SETTLE,
            Self::Amazon(_) => amazon::SETTLE,
            Self::Ebay(_) => ebay::SETTLE,
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
        stamp: &Stamp,
    ) -> Result<Request<Vec<u8>>, CannotBuild> {
        match self {
            Self::Shopify(account) => shopify::feed::build_changed(account, window, next),
            Self::WooCommerce(account) => woocommerce::feed::build_changed(account, window, next, stamp),
            Self::Magento(account) => magento::feed::build_changed(account, window, next, stamp),
            Self::Amazon(account) => amazon::feed::build_changed(account, window, next, stamp),
            Self::Ebay(account) => ebay::feed::build_changed(account, window, next, stamp),
        }
    }

    /// Reads a page; `next` is what it was asked for with.
    ///
    /// # Errors
    /// `CannotRead` when the channel refuses or nothing of the page can be read.
    pub fn read_changed(&self, reply: &Response<Vec<u8>>, next: Option<&str>) -> Result<Page, CannotRead> {
        match self {
            Self::Shopify(_) => shopify::feed::read_changed(reply),
            Self::WooCommerce(_) => woocommerce::feed::read_changed(reply, next),
            Self::Magento(shop) => magento::feed::read_changed(shop, reply, next),
            Self::Amazon(_) => amazon::feed::read_changed(reply, next),
            Self::Ebay(_) => ebay::feed::read_changed(reply, next),
        }
    }

    /// Reads one order.
    pub fn one(&self, channel_id: &str) -> ReadOne {
        match self {
            Self::Shopify(account) => {
                let mut one = shopify::feed::One::new(account, channel_id);
                Box::new(move |reply, stamp| one.next(reply, stamp))
            }
            Self::WooCommerce(account) => {
                let mut one = woocommerce::feed::One::new(account, channel_id);
                Box::new(move |reply, stamp| one.next(reply, stamp))
            }
            Self::Magento(account) => {
                let mut one = magento::feed::One::new(account, channel_id);
                Box::new(move |reply, stamp| one.next(reply, stamp))
            }
            Self::Amazon(account) => {
                let mut one = amazon::feed::One::new(account, channel_id);
                Box::new(move |reply, stamp| one.next(reply, stamp))
            }
            Self::Ebay(account) => {
                let mut one = ebay::feed::One::new(account, channel_id);
                Box::new(move |reply, stamp| one.next(reply, stamp))
            }
        }
    }

    /// Tells the channel that a parcel left.
    pub fn write_back(&self, sent: Sent) -> Talk {
        match self {
            Self::Shopify(account) => {
                let mut talk = shopify::writeback::Talk::new(account, sent);
                Box::new(move |reply, stamp| talk.next(reply, stamp))
            }
            Self::WooCommerce(account) => {
                let mut talk = woocommerce::writeback::Talk::new(account, sent);
                Box::new(move |reply, stamp| talk.next(reply, stamp))
            }
            Self::Magento(account) => {
                let mut talk = magento::writeback::Talk::new(account, sent);
                Box::new(move |reply, stamp| talk.next(reply, stamp))
            }
            Self::Amazon(account) => {
                let mut talk = amazon::writeback::Talk::new(account, sent);
                Box::new(move |reply, stamp| talk.next(reply, stamp))
            }
            Self::Ebay(account) => {
                let mut talk = ebay::writeback::Talk::new(account, sent);
                Box::new(move |reply, stamp| talk.next(reply, stamp))
            }
        }
    }

    /// Looks after what the channel sends by itself; `secret` is what it is to sign with, where it is told so. `None`
    /// where nothing can be looked after.
    pub fn care(&self, to: To, secret: Option<&Secret>) -> Option<Care> {
        match self {
            Self::Shopify(shop) => {
                let mut care = shopify::hooks::Care::new(shop, to);
                Some(Box::new(move |reply, stamp| care.next(reply, stamp)))
            }
            Self::WooCommerce(shop) => {
                let mut care = woocommerce::hooks::Care::new(shop, to, secret?);
                Some(Box::new(move |reply, stamp| care.next(reply, stamp)))
            }
            Self::Amazon(seller) => {
                let To::Queue(queue) = to else { return None };
                let mut care = amazon::subscribe::Care::new(seller, queue);
                Some(Box::new(move |reply, stamp| care.next(reply, stamp)))
            }
            Self::Magento(_) | Self::Ebay(_) => None,
        }
    }

    /// Tells the channel how much may be sold.
    pub fn stock(&self, level: Level) -> Talk {
        match self {
            Self::Shopify(account) => {
                let mut talk = shopify::stock::Talk::new(account, level);
                Box::new(move |reply, stamp| talk.next(reply, stamp))
            }
            Self::WooCommerce(account) => {
                let mut talk = woocommerce::stock::Talk::new(account, level);
                Box::new(move |reply, stamp| talk.next(reply, stamp))
            }
            Self::Magento(account) => {
                let mut talk = magento::stock::Talk::new(account, level);
                Box::new(move |reply, stamp| talk.next(reply, stamp))
            }
            Self::Amazon(account) => {
                let mut talk = amazon::stock::Talk::new(account, level);
                Box::new(move |reply, stamp| talk.next(reply, stamp))
            }
            Self::Ebay(account) => {
                let mut talk = ebay::stock::Talk::new(account, level);
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
