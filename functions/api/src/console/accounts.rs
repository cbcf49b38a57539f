//! What each kind of account is asked for when it is connected: one table, from which the forms come and by which what
//! they sent is read.

use super::fields::Fields;
use serde_json::{Map, Value, json};
use waybill_store::registry::Kind;

/// How a field is shown and read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Words that anybody may see.
    Plain,
    /// A secret: it goes in and is never shown.
    Secret,
    /// The one that signs webhooks; the one before it stays good when it is replaced.
    Signing,
    /// Yes or no.
    Tick,
    /// Words that may be left out.
    Maybe,
    /// A secret that may be left out.
    MaybeSecret,
    /// One of these: what is sent, and what people read.
    Choice(&'static [(&'static str, &'static str)]),
}

/// One field of an account's credentials.
pub struct Asked {
    /// Its name under `/v1`; what follows a dot lies inside.
    pub name: &'static str,
    /// What people read.
    pub label: &'static str,
    /// How; what is neither a tick nor a `Maybe` must be filled in.
    pub shape: Shape,
}

/// One kind of account.
pub struct Account {
    /// Its word in an address of the console.
    pub path: &'static str,
    /// The `kind` of its credentials.
    pub kind: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// Where its API is; empty where each account has its own.
    pub address: &'static str,
    /// Where its tracking API is, where it has one.
    pub tracking: Option<&'static str>,
    /// Who gives its tokens, where that is another.
    pub tokens: Option<&'static str>,
    /// It knows places, and calls our warehouses by names of its own.
    pub places: Option<&'static str>,
    /// Where its owner agrees on the channel's own page.
    pub consent: Option<Consent>,
    /// Its credentials.
    pub fields: &'static [Asked],
}

/// How an account is connected on the channel's own page.
pub struct Consent {
    /// The page, where it is not the account's own address.
    pub page: Option<&'static str>,
    /// What is asked besides; `redirect` is filled in.
    pub fields: &'static [Asked],
}

const fn plain(name: &'static str, label: &'static str) -> Asked {
    Asked { name, label, shape: Shape::Plain }
}

const fn secret(name: &'static str, label: &'static str) -> Asked {
    Asked { name, label, shape: Shape::Secret }
}

const fn tick(name: &'static str, label: &'static str) -> Asked {
    Asked { name, label, shape: Shape::Tick }
}

const fn may(name: &'static str, label: &'static str) -> Asked {
    Asked { name, label, shape: Shape::Maybe }
}

const fn may_secret(name: &'static str, label: &'static str) -> Asked {
    Asked { name, label, shape: Shape::MaybeSecret }
}

const PRINTERS: &[(&str, &str)] = &[
    ("pdf", "Any printer: PDF"),
    ("zpl203", "A Zebra with 203 dots per inch: ZPL"),
    ("zpl300", "A Zebra with 300 dots per inch: ZPL"),
];

const SIGNING: Asked = Asked { name: "secrets", label: "Secret that signs webhooks", shape: Shape::Signing };

/// Every kind.
pub static ALL: [Account; 9] = [
    Account {
        path: "shopify",
        kind: "shopify",
        name: "Shopify",
        address: "",
        tracking: None,
        tokens: None,
        places: Some("location"),
        consent: Some(Consent {
            page: None,
            fields: &[
                plain("client_id", "Client id of your app"),
                secret("client_secret", "Client secret of your app"),
                plain("redirect", "Redirect address, as your app allows it"),
            ],
        }),
        fields: &[SIGNING, secret("token", "Admin API access token")],
    },
    Account {
        path: "woocommerce",
        kind: "woocommerce",
        name: "WooCommerce",
        address: "",
        tracking: None,
        tokens: None,
        places: None,
        consent: Some(Consent {
            page: None,
            fields: &[plain("redirect", "This service's address for the way back")],
        }),
        fields: &[SIGNING, secret("key", "Consumer key"), secret("secret", "Consumer secret")],
    },
    Account {
        path: "magento",
        kind: "magento",
        name: "Magento",
        address: "",
        tracking: None,
        tokens: None,
        places: Some("source"),
        consent: Some(Consent {
            page: Some(""),
            fields: &[plain("redirect", "This service's address for the way back")],
        }),
        fields: &[
            secret("consumer_key", "Consumer key"),
            secret("consumer_secret", "Consumer secret"),
            secret("token", "Access token"),
            secret("token_secret", "Access token secret"),
            tick("pounds", "The shop weighs in pounds"),
        ],
    },
    Account {
        path: "adobe-commerce",
        kind: "adobe_commerce",
        name: "Adobe Commerce as a cloud service",
        address: "",
        tracking: None,
        tokens: Some("https://ims-na1.adobelogin.com"),
        places: Some("source"),
        consent: None,
        fields: &[
            plain("client_id", "Client id"),
            secret("client_secret", "Client secret"),
            tick("pounds", "The shop weighs in pounds"),
        ],
    },
    Account {
        path: "amazon",
        kind: "amazon",
        name: "Amazon",
        address: "https://sellingpartnerapi-eu.amazon.com",
        tracking: None,
        tokens: Some("https://api.amazon.com"),
        places: None,
        consent: Some(Consent {
            page: Some("https://sellercentral.amazon.co.uk"),
            fields: &[
                plain("application_id", "Application id"),
                plain("client_id", "Client id"),
                secret("client_secret", "Client secret"),
                plain("marketplace_id", "Marketplace id; A1F83G8C2ARO7P is the UK"),
                plain("redirect", "Redirect address, as your application has it"),
            ],
        }),
        fields: &[
            plain("client_id", "Client id"),
            secret("client_secret", "Client secret"),
            secret("refresh_token", "Refresh token"),
            plain("seller_id", "Seller id"),
            plain("marketplace_id", "Marketplace id; A1F83G8C2ARO7P is the UK"),
        ],
    },
    Account {
        path: "ebay",
        kind: "ebay",
        name: "eBay",
        address: "https://api.ebay.com",
        tracking: None,
        tokens: None,
        places: None,
        consent: Some(Consent {
            page: Some("https://auth.ebay.com"),
            fields: &[
                plain("client_id", "Client id"),
                secret("client_secret", "Client secret"),
                plain("redirect_name", "RuName, set to this service's address below"),
                secret(
                    "verification_token",
                    "Verification token, 32 to 80 letters and digits of your choice",
                ),
            ],
        }),
        fields: &[
            plain("client_id", "Client id"),
            secret("client_secret", "Client secret"),
            secret("refresh_token", "Refresh token"),
            secret("verification_token", "Verification token, 32 to 80 letters and digits of your choice"),
        ],
    },
    Account {
        path: "royal-mail",
        kind: "royal_mail",
        name: "Royal Mail Click & Drop",
        address: "https://api.parcel.royalmail.com",
        tracking: Some("https://api.royalmail.net"),
        tokens: None,
        places: None,
        consent: None,
        fields: &[
            secret("key", "Click & Drop API key"),
            plain("tracking_id", "Tracking API client id"),
            secret("tracking_secret", "Tracking API client secret"),
        ],
    },
    Account {
        path: "pro-shipping",
        kind: "pro_shipping",
        name: "Royal Mail Pro Shipping",
        address: "https://api.proshipping.net",
        tracking: Some("https://api.royalmail.net"),
        tokens: Some("https://authentication.proshipping.net"),
        places: None,
        consent: None,
        fields: &[
            plain("client_id", "Client id"),
            secret("client_secret", "Client secret"),
            plain("shipping_account", "Shipping account id"),
            plain("shipping_location", "Posting location id"),
            plain("goods", "What you send, in general, such as Clothing"),
            Asked { name: "printer", label: "Labels are printed on", shape: Shape::Choice(PRINTERS) },
            may("tracking_id", "Tracking API client id, if you have that API"),
            may_secret("tracking_secret", "Tracking API client secret"),
        ],
    },
    Account {
        path: "dpd",
        kind: "dpd",
        name: "DPD",
        address: "https://api.customers.dpd.co.uk",
        tracking: None,
        tokens: None,
        places: None,
        consent: None,
        fields: &[
            secret("key", "API key"),
            secret("secret", "API secret"),
            tick("local", "It is an account of DPD Local"),
            plain("sender.organisation", "Your trading name"),
            plain("sender.street", "Your street"),
            plain("sender.town", "Your town"),
            plain("sender.postcode", "Your postcode"),
            plain("sender.contact", "Whom to ask for, such as Dispatch"),
            plain("sender.phone", "Your own telephone"),
            plain("sender.email", "Your own e-mail"),
        ],
    },
];

/// The one that an address names.
pub fn at(path: &str) -> Option<&'static Account> {
    ALL.iter().find(|one| one.path == path)
}

/// Those that a connection of this kind may be.
pub fn of(kind: Kind) -> impl Iterator<Item = &'static Account> {
    ALL.iter().filter(move |one| match kind {
        Kind::Shopify => one.kind == "shopify",
        Kind::WooCommerce => one.kind == "woocommerce",
        Kind::Magento => matches!(one.kind, "magento" | "adobe_commerce"),
        Kind::Amazon => one.kind == "amazon",
        Kind::Ebay => one.kind == "ebay",
        Kind::RoyalMail => one.kind == "royal_mail",
        Kind::ProShipping => one.kind == "pro_shipping",
        Kind::Dpd => one.kind == "dpd",
    })
}

/// What was sent of these fields, as `/v1` takes it.
pub fn told(asked: &[Asked], fields: &Fields) -> Map<String, Value> {
    let mut all = Map::new();
    for one in asked {
        let value = match one.shape {
            Shape::Maybe | Shape::MaybeSecret if fields.text(one.name).is_empty() => continue,
            Shape::Tick => json!(fields.ticked(one.name)),
            Shape::Signing => json!([fields.text(one.name)]),
            _ => json!(fields.text(one.name)),
        };
        match one.name.split_once('.') {
            None => drop(all.insert(one.name.to_owned(), value)),
            Some((outer, inner)) => {
                let inside = all.entry(outer).or_insert_with(|| json!({}));
                inside[inner] = value;
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use waybill_store::registry::Credentials;

    #[test]
    fn every_form_asks_for_what_its_account_needs() {
        for account in &ALL {
            // Every choice, and what may be left out left out once.
            let choices = account.fields.iter().map(|one| match one.shape {
                Shape::Choice(all) => all.len(),
                _ => 1,
            });
            for n in 0..choices.max().unwrap_or(1) {
                let word = |one: &Asked| match one.shape {
                    Shape::Choice(all) => all[n % all.len()].0,
                    Shape::Maybe | Shape::MaybeSecret if n == 0 => "",
                    _ => "x",
                };
                let sent = account.fields.iter().map(|one| (one.name.to_owned(), word(one).to_owned()));
                let mut said = told(account.fields, &Fields::of(sent.collect()));
                said.insert("kind".into(), json!(account.kind));
                let read: Result<Credentials, _> = serde_json::from_value(said.into());
                assert!(read.is_ok(), "{}: {:?}", account.name, read.err());
            }
        }
    }
}
