//! The systems, what each is held against, and what no specification speaks of.

use http::Method;
use serde_json::{Value, json};

/// A channel or carrier as it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum System {
    /// Shopify's GraphQL Admin API.
    Shopify,
    /// A WooCommerce shop.
    WooCommerce,
    /// Magento Open Source, or Adobe Commerce on the merchant's own or Adobe's platform.
    Magento,
    /// Adobe Commerce as a Cloud Service.
    AdobeCommerce,
    /// Amazon's Selling Partner API.
    Amazon,
    /// eBay's Sell APIs.
    Ebay,
    /// Royal Mail Click & Drop.
    ClickAndDrop,
    /// Royal Mail Tracking v2.
    Tracking,
    /// Royal Mail Pro Shipping v4.
    ProShipping,
    /// DPD's customer API. Its file is what was observed, not DPD's own.
    Dpd,
}

/// How names of parameters are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// As the specification has them.
    Plain,
    /// Magento takes `filter_groups` for `filterGroups`, any index where its file shows 0, and `fields` everywhere.
    Magento,
}

impl System {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::Shopify,
        Self::WooCommerce,
        Self::Magento,
        Self::AdobeCommerce,
        Self::Amazon,
        Self::Ebay,
        Self::ClickAndDrop,
        Self::Tracking,
        Self::ProShipping,
        Self::Dpd,
    ];

    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shopify => "shopify",
            Self::WooCommerce => "woocommerce",
            Self::Magento => "magento",
            Self::AdobeCommerce => "adobe-commerce",
            Self::Amazon => "amazon",
            Self::Ebay => "ebay",
            Self::ClickAndDrop => "royal-mail",
            Self::Tracking => "royal-mail-tracking",
            Self::ProShipping => "pro-shipping",
            Self::Dpd => "dpd",
        }
    }

    /// Its files below the folder of contracts.
    pub(crate) fn files(self) -> &'static [&'static str] {
        match self {
            Self::Shopify => &["shopify/admin-graphql-2026-07.subset.json"],
            Self::WooCommerce => &[],
            Self::Magento => &["magento/specs/admin-rest-2.4.9.openapi.yaml"],
            Self::AdobeCommerce => &["magento/specs/accs-saas-rest.openapi.yaml"],
            Self::Amazon => &[
                "amazon/specs/orders_2026-01-01.json",
                "amazon/specs/ordersV0.json",
                "amazon/specs/listingsItems_2021-08-01.json",
                "amazon/specs/notifications.json",
            ],
            Self::Ebay => &[
                "ebay/specs/sell_fulfillment_v1_oas3.json",
                "ebay/specs/sell_inventory_v1_oas3.json",
                "ebay/specs/commerce_notification_v1_oas3.json",
            ],
            Self::ClickAndDrop => &[
                "royal-mail/click-and-drop-api-v1.swagger2.yaml",
                "royal-mail/click-and-drop-returns.swagger2.yaml",
                "royal-mail/click-and-drop-2026-08.schema.json",
            ],
            Self::Tracking => &["royal-mail/tracking-v2.swagger2.yaml"],
            Self::ProShipping => &["royal-mail/shipping-v4.openapi.yaml"],
            Self::Dpd => &["dpd/customer-v1.observed.openapi.yaml"],
        }
    }

    pub(crate) fn names(self) -> Names {
        match self {
            Self::Magento | Self::AdobeCommerce => Names::Magento,
            _ => Names::Plain,
        }
    }

    /// Why a request has no specification to be held against; `None` for those that have.
    pub(crate) fn unspecified(self, method: &Method, path: &str) -> Option<&'static str> {
        match (self, method.as_str(), path) {
            (Self::WooCommerce, ..) => Some("WooCommerce: its REST API is published as text only"),
            (Self::Shopify, "POST", "/admin/oauth/access_token") => {
                Some("Shopify access token: not part of the GraphQL schema")
            }
            (Self::Shopify, "GET", "/admin/oauth/authorize") => Some("Shopify consent: a page for people"),
            (Self::Amazon, "POST", "/auth/o2/token") => {
                Some("Login with Amazon: outside the Selling Partner models")
            }
            (Self::Amazon, "GET", "/apps/authorize/consent") => Some("Amazon consent: a page for people"),
            (Self::Ebay, "POST", "/identity/v1/oauth2/token") => {
                Some("eBay access token: no OpenAPI file is published")
            }
            (Self::Ebay, "GET", "/oauth2/authorize") => Some("eBay consent: a page for people"),
            (Self::Magento | Self::AdobeCommerce, "POST", "/oauth/token/request" | "/oauth/token/access") => {
                Some("Magento OAuth 1.0a tokens: outside the REST description")
            }
            (Self::Magento | Self::AdobeCommerce, "POST", "/ims/token/v3") => {
                Some("Adobe IMS token: outside the REST description")
            }
            (Self::Magento | Self::AdobeCommerce, "GET", path) if path.starts_with("/prod/keys/") => {
                Some("Adobe I/O keys: files, not an API")
            }
            (Self::ProShipping, "POST", "/connect/token") => {
                Some("Pro Shipping token: its address alone is in the specification")
            }
            _ => None,
        }
    }
}

/// Click & Drop's Swagger file is older than its bodies; two lists of words are those of its newer schema
/// (contract, "International").
pub fn renew_click_and_drop(all: &mut [Value], newer: &Value) -> Result<(), String> {
    for (of, name) in
        [("CreateOrderRequest", "deliveryTerm"), ("ProductItemRequest", "customsDeclarationCategory")]
    {
        let words = &newer["x-enums"][format!("{of}.{name}")];
        if words.as_array().is_none_or(Vec::is_empty) {
            return Err(format!("Click & Drop's newer schema has no words for {of}.{name}"));
        }
        for spec in all.iter_mut() {
            spec["definitions"][of]["properties"][name] = json!({"type": "string", "enum": words});
        }
    }
    Ok(())
}
