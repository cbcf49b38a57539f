//! The secrets of a connection.

use super::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use waybill_domain::sender::Sender;
use waybill_domain::shipment::LabelPrinter;

/// The secrets of a connection, in the clear only inside the function that needs them.
#[derive(Serialize, Deserialize, zeroize::Zeroize, zeroize::ZeroizeOnDrop, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Credentials {
    /// A Shopify app's.
    Shopify {
        /// Signs webhooks: the current secret first, then the previous one while it is rotated.
        secrets: Vec<String>,
        /// Admin API access token; the first one, where tokens end.
        token: String,
        /// The app's client id, where its tokens end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_id: Option<String>,
        /// What the first token is refreshed with, where tokens end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refresh_token: Option<String>,
    },
    /// A WooCommerce shop's.
    #[serde(rename = "woocommerce")]
    WooCommerce {
        /// Signs webhooks: the current secret first, then the previous one while it is rotated.
        secrets: Vec<String>,
        /// Consumer key.
        key: String,
        /// Consumer secret.
        secret: String,
    },
    /// A Magento integration's.
    Magento {
        /// Consumer key.
        consumer_key: String,
        /// Consumer secret.
        consumer_secret: String,
        /// Access token.
        token: String,
        /// Token secret.
        token_secret: String,
        /// In what the shop weighs.
        #[serde(default)]
        pounds: bool,
        /// The client id Adobe's events must name, where the shop sends events.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        events_client: Option<String>,
    },
    /// An Adobe Commerce cloud service's, which gives tokens of a day.
    AdobeCommerce {
        /// Client id.
        client_id: String,
        /// Client secret.
        client_secret: String,
        /// In what the shop weighs.
        #[serde(default)]
        pounds: bool,
    },
    /// An Amazon application's, with what the seller granted it.
    Amazon {
        /// Client id.
        client_id: String,
        /// Client secret.
        client_secret: String,
        /// What tokens are got with.
        refresh_token: String,
        /// The seller.
        seller_id: String,
        /// The marketplace sold on.
        marketplace_id: String,
    },
    /// An eBay keyset, with what the seller granted it.
    Ebay {
        /// Client id.
        client_id: String,
        /// Client secret.
        client_secret: String,
        /// What tokens are got with.
        refresh_token: String,
        /// Answers eBay's challenge.
        verification_token: String,
        /// When the seller must agree again: about 18 months after they did (contracts/ebay section 1).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[zeroize(skip)]
        #[schemars(with = "Option<waybill_domain::time::Moment>")]
        refresh_until: Option<jiff::Timestamp>,
    },
    /// A Click & Drop account's.
    RoyalMail {
        /// API key.
        key: String,
        /// Tracking API client id.
        tracking_id: String,
        /// Tracking API client secret.
        tracking_secret: String,
    },
    /// A Pro Shipping account's. Its connection's `token_address` is where it logs in.
    ProShipping {
        /// Client id.
        client_id: String,
        /// Client secret.
        client_secret: String,
        /// The shipping account, as `GET /v4/shippingAccounts` shows it.
        shipping_account: String,
        /// The posting location.
        shipping_location: String,
        /// What is sent, in general, such as `Clothing`: 70 characters, and nothing of an order.
        goods: String,
        /// What labels are printed on.
        #[serde(default)]
        #[zeroize(skip)]
        printer: LabelPrinter,
        /// Tracking API client id, where the merchant has that API.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tracking_id: Option<String>,
        /// Tracking API client secret.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tracking_secret: Option<String>,
    },
    /// A DPD or DPD Local account's.
    Dpd {
        /// API key.
        key: String,
        /// API secret.
        secret: String,
        /// It is one of DPD Local.
        #[serde(default)]
        local: bool,
        /// Who sends: no secret, but DPD is told it with every parcel.
        #[zeroize(skip)]
        sender: Sender,
    },
}

impl Credentials {
    /// What they are for.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Shopify { .. } => Kind::Shopify,
            Self::WooCommerce { .. } => Kind::WooCommerce,
            Self::Magento { .. } | Self::AdobeCommerce { .. } => Kind::Magento,
            Self::Amazon { .. } => Kind::Amazon,
            Self::Ebay { .. } => Kind::Ebay,
            Self::RoyalMail { .. } => Kind::RoyalMail,
            Self::ProShipping { .. } => Kind::ProShipping,
            Self::Dpd { .. } => Kind::Dpd,
        }
    }

    /// The account they open, as its channel tells accounts apart; two connections with the same one would take every
    /// order twice. A shop is its address. An eBay keyset stands for the seller who agreed, whom its grant does not
    /// name: eBay sends the deletions of a keyset to one address only (contracts/ebay section 8). `None` for carriers.
    pub fn account(&self, address: &str) -> Option<String> {
        match self {
            Self::Shopify { .. }
            | Self::WooCommerce { .. }
            | Self::Magento { .. }
            | Self::AdobeCommerce { .. } => Some(account_of_shop(address)),
            Self::Amazon { seller_id, marketplace_id, .. } => {
                Some(format!("{}|{seller_id}|{marketplace_id}", address.to_ascii_lowercase()))
            }
            Self::Ebay { client_id, .. } => Some(account_of_keyset(address, client_id)),
            Self::RoyalMail { .. } | Self::ProShipping { .. } | Self::Dpd { .. } => None,
        }
    }

    /// Keeps the current signing secret of the credentials before as the previous one of these, so that deliveries
    /// signed before the rotation are still taken.
    pub fn keep_previous(&mut self, before: &Self) {
        match (self, before) {
            (Self::Shopify { secrets, .. }, Self::Shopify { secrets: old, .. })
            | (Self::WooCommerce { secrets, .. }, Self::WooCommerce { secrets: old, .. }) => {
                secrets.truncate(1);
                secrets.extend(
                    old.first().filter(|old| !secrets.contains(old)).cloned().into_iter().collect::<Vec<_>>(),
                );
            }
            _ => {}
        }
    }
}

/// [`Credentials::account`] of a shop.
pub fn account_of_shop(address: &str) -> String {
    address.to_ascii_lowercase()
}

/// [`Credentials::account`] of an eBay keyset.
pub fn account_of_keyset(address: &str, client_id: &str) -> String {
    format!("{}|{client_id}", address.to_ascii_lowercase())
}
