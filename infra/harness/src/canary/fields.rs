//! What each channel calls the personal fields that may be kept, sealed. All its other texts may be kept nowhere.

use super::Token;
use waybill_domain::order::Channel;

/// A field that may be kept: where it stands in the channel's order, and where the same stands in Shopify's, whose words
/// the carriers' allow-lists are written in.
pub type Kept = (&'static str, &'static str);

/// What may be kept of an order of a channel.
pub struct Keeps {
    /// The address, always.
    pub address: &'static [Kept],
    /// How to reach the buyer: only where the merchant pays carriers to notify.
    pub contact: &'static [Kept],
    /// Only where the merchant prints gift texts.
    pub gift: &'static [Kept],
    /// What the order is called at the channel: kept in clear while it lives, for it names no one, and not after that.
    pub names: &'static [&'static str],
}

const NAME: &str = "/shipping_address/name";
const COMPANY: &str = "/shipping_address/company";
const LINE1: &str = "/shipping_address/address1";
const LINE2: &str = "/shipping_address/address2";
const CITY: &str = "/shipping_address/city";
const REGION: &str = "/shipping_address/province";
const POSTCODE: &str = "/shipping_address/zip";
const PHONE: &str = "/shipping_address/phone";
const EMAIL: &str = "/email";
const NOTE: &str = "/note";

const SHOPIFY: Keeps = Keeps {
    address: &[
        (NAME, NAME),
        (COMPANY, COMPANY),
        (LINE1, LINE1),
        (LINE2, LINE2),
        (CITY, CITY),
        (REGION, REGION),
        (POSTCODE, POSTCODE),
    ],
    contact: &[(PHONE, PHONE), (EMAIL, EMAIL)],
    gift: &[(NOTE, NOTE)],
    names: &["/name"],
};

const WOOCOMMERCE: Keeps = Keeps {
    address: &[
        ("/shipping/first_name", NAME),
        ("/shipping/last_name", NAME),
        ("/shipping/company", COMPANY),
        ("/shipping/address_1", LINE1),
        ("/shipping/address_2", LINE2),
        ("/shipping/city", CITY),
        ("/shipping/state", REGION),
        ("/shipping/postcode", POSTCODE),
    ],
    contact: &[("/shipping/phone", PHONE), ("/billing/email", EMAIL)],
    gift: &[("/customer_note", NOTE)],
    names: &["/number"],
};

/// The way to Magento's shipping address.
macro_rules! magento {
    ($field:literal) => {
        concat!("/extension_attributes/shipping_assignments/0/shipping/address/", $field)
    };
}

const MAGENTO: Keeps = Keeps {
    address: &[
        (magento!("firstname"), NAME),
        (magento!("middlename"), NAME),
        (magento!("lastname"), NAME),
        (magento!("company"), COMPANY),
        (magento!("street/0"), LINE1),
        (magento!("street/1"), LINE2),
        (magento!("city"), CITY),
        (magento!("region"), REGION),
        (magento!("postcode"), POSTCODE),
    ],
    contact: &[(magento!("telephone"), PHONE), (magento!("email"), EMAIL)],
    gift: &[],
    names: &["/increment_id"],
};

const AMAZON: Keeps = Keeps {
    address: &[
        ("/recipient/deliveryAddress/name", NAME),
        ("/recipient/deliveryAddress/companyName", COMPANY),
        ("/recipient/deliveryAddress/addressLine1", LINE1),
        ("/recipient/deliveryAddress/addressLine2", LINE2),
        ("/recipient/deliveryAddress/addressLine3", LINE2),
        ("/recipient/deliveryAddress/city", CITY),
        ("/recipient/deliveryAddress/stateOrRegion", REGION),
        ("/recipient/deliveryAddress/postalCode", POSTCODE),
    ],
    contact: &[("/recipient/deliveryAddress/phone", PHONE)],
    gift: &[("/orderItems/0/fulfillment/packing/giftOption/giftMessage", NOTE)],
    names: &[],
};

/// The way to whom eBay has an order sent.
macro_rules! ebay {
    ($field:literal) => {
        concat!("/fulfillmentStartInstructions/0/shippingStep/", $field)
    };
}

const EBAY: Keeps = Keeps {
    address: &[
        (ebay!("shipTo/fullName"), NAME),
        (ebay!("shipTo/companyName"), COMPANY),
        // Without it eBay's hub does not know whose parcel it is.
        (ebay!("shipToReferenceId"), LINE1),
        (ebay!("shipTo/contactAddress/addressLine1"), LINE1),
        (ebay!("shipTo/contactAddress/addressLine2"), LINE2),
        (ebay!("shipTo/contactAddress/city"), CITY),
        (ebay!("shipTo/contactAddress/stateOrProvince"), REGION),
        (ebay!("shipTo/contactAddress/postalCode"), POSTCODE),
    ],
    contact: &[(ebay!("shipTo/primaryPhone/phoneNumber"), PHONE), (ebay!("shipTo/email"), EMAIL)],
    gift: &[("/buyerCheckoutNotes", NOTE)],
    names: &[],
};

impl Keeps {
    /// What may be kept of a channel's orders.
    pub fn of(channel: Channel) -> &'static Self {
        match channel {
            Channel::Shopify => &SHOPIFY,
            Channel::WooCommerce => &WOOCOMMERCE,
            Channel::Magento => &MAGENTO,
            Channel::Amazon => &AMAZON,
            Channel::Ebay => &EBAY,
        }
    }

    /// The tokens in Shopify's words where a field is one of those, as carriers' allow-lists know them.
    pub fn in_common(&self, tokens: &[Token]) -> Vec<Token> {
        let all = || self.address.iter().chain(self.contact).chain(self.gift);
        let common = |token: &Token| {
            let known = all().find(|(native, _)| *native == token.pointer);
            let pointer = known.map_or(token.pointer.clone(), |(_, common)| (*common).to_owned());
            Token { pointer, value: token.value.clone() }
        };
        tokens.iter().map(common).collect()
    }
}
