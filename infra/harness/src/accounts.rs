//! The accounts of the demo merchant at the channels other than Shopify and at DPD, alike on a stack and in memory.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use waybill_domain::order::Channel;
use waybill_domain::sender::Sender;
use waybill_domain::{ConnectionId, MerchantId};
use waybill_store::StoreError;
use waybill_store::keyring::Vault;
use waybill_store::registry::{Connection, ConnectionState, Credentials, Kind};

/// The name of every account at the sandbox.
pub const ACCOUNT: &str = "waybill-demo";

/// The demo merchant's connection at DPD.
///
/// # Errors
/// Never: the id is well formed.
pub fn dpd_id() -> Result<ConnectionId, waybill_domain::id::InvalidId> {
    "con_00000000000000c2".parse()
}

/// One account: as the registry keeps it, and as the sandbox is set up with it.
pub struct Seeded {
    /// Which connection.
    pub id: ConnectionId,
    /// At which channel, or DPD.
    pub kind: Kind,
    /// Its secrets.
    pub credentials: Credentials,
    /// What `PUT /control/{name}/{account}` is told.
    pub config: Value,
}

/// The connection of the demo merchant at a channel.
///
/// # Errors
/// Never: the ids are well formed.
pub fn connection_id(channel: Channel) -> Result<ConnectionId, waybill_domain::id::InvalidId> {
    let last = match channel {
        Channel::Shopify => "a1",
        Channel::WooCommerce => "a2",
        Channel::Magento => "a3",
        Channel::Amazon => "a4",
        Channel::Ebay => "a5",
    };
    format!("con_00000000000000{last}").parse()
}

/// The accounts at WooCommerce, Magento, Amazon, eBay and DPD. `webhook` says where deliveries to a connection go;
/// `origin` is how the sandbox is addressed.
///
/// # Errors
/// Never: the ids are well formed.
pub fn others(
    origin: &str,
    webhook: impl Fn(Channel, &ConnectionId) -> String,
) -> Result<Vec<Seeded>, waybill_domain::id::InvalidId> {
    let text = |s: &str| s.to_owned();
    let mut all = Vec::new();
    for channel in Channel::ALL {
        let id = connection_id(channel)?;
        let url = webhook(channel, &id);
        let (kind, credentials, config) = match channel {
            Channel::Shopify => continue,
            Channel::WooCommerce => (
                Kind::WooCommerce,
                Credentials::WooCommerce {
                    secrets: vec![text("WooWebhookSecret1")],
                    key: text("ck_demo"),
                    secret: text("cs_demo"),
                },
                json!({"key": "ck_demo", "secret": "cs_demo", "webhook_url": url,
                    "webhook_secret": "WooWebhookSecret1", "previous_secret": "WooWebhookSecret0"}),
            ),
            Channel::Magento => (
                Kind::Magento,
                Credentials::Magento {
                    consumer_key: text("magento-consumer-key"),
                    consumer_secret: text("magento-consumer-secret"),
                    token: text("magento-token"),
                    token_secret: text("magento-token-secret"),
                    pounds: false,
                    events_client: Some(text("magento-events-client")),
                },
                json!({"consumer_key": "magento-consumer-key", "consumer_secret": "magento-consumer-secret",
                    "access_token": "magento-token", "token_secret": "magento-token-secret",
                    "client_id": "magento-events-client", "weight_unit": "kgs", "origin": origin,
                    "webhook_url": url}),
            ),
            Channel::Amazon => (
                Kind::Amazon,
                Credentials::Amazon {
                    client_id: text("amazon-client"),
                    client_secret: text("amazon-client-secret"),
                    refresh_token: text("Atzr|demo"),
                    seller_id: text("A3DEMOSELLER"),
                    marketplace_id: text("A1F83G8C2ARO7P"),
                },
                json!({"seller_id": "A3DEMOSELLER", "marketplace_id": "A1F83G8C2ARO7P",
                    "client_id": "amazon-client", "client_secret": "amazon-client-secret",
                    "refresh_token": "Atzr|demo", "restricted_role": true, "subscribed": true}),
            ),
            Channel::Ebay => (
                Kind::Ebay,
                Credentials::Ebay {
                    client_id: text("ebay-client"),
                    client_secret: text("ebay-client-secret"),
                    refresh_token: text("v^1.1#demo"),
                    verification_token: text("demo_verification_token_0123456789abcdef"),
                    refresh_until: None,
                },
                json!({"client_id": "ebay-client", "client_secret": "ebay-client-secret",
                    "refresh_token": "v^1.1#demo", "webhook_url": url,
                    "verification_token": "demo_verification_token_0123456789abcdef"}),
            ),
        };
        all.push(Seeded { id, kind, credentials, config });
    }
    all.push(dpd()?);
    Ok(all)
}

pub(crate) fn dpd() -> Result<Seeded, waybill_domain::id::InvalidId> {
    let text = |s: &str| s.to_owned();
    let credentials = Credentials::Dpd {
        key: text("dpd-key"),
        secret: text("dpd-secret"),
        local: false,
        sender: Sender {
            organisation: text("Waybill Demo"),
            street: text("1 Quay Road"),
            town: text("Bristol"),
            postcode: text("BS1 6XX"),
            contact: text("Dispatch"),
            phone: text("01632 960050"),
            email: text("dispatch@waybill-demo.invalid"),
            eori: Some(text("GB123456789000")),
            vat: None,
        },
    };
    let config = json!({"key": "dpd-key", "secret": "dpd-secret"});
    Ok(Seeded { id: dpd_id()?, kind: Kind::Dpd, credentials, config })
}

impl Seeded {
    /// What the sandbox calls its channel or carrier.
    pub fn at(&self) -> &'static str {
        self.kind.channel().map_or("dpd", Channel::as_str)
    }

    /// Where it is called, at a sandbox of this origin.
    pub fn address(&self, origin: &str) -> String {
        format!("{origin}/{}/{ACCOUNT}", self.at())
    }

    /// As the registry keeps it.
    ///
    /// # Errors
    /// As the vault answers.
    pub async fn connection(
        &self,
        vault: &dyn Vault,
        merchant: &MerchantId,
        origin: &str,
    ) -> Result<Connection, StoreError> {
        let plain = serde_json::to_vec(&self.credentials).map_err(|_| StoreError::Corrupt("credentials"))?;
        let address = self.address(origin);
        Ok(Connection {
            id: self.id.clone(),
            merchant: merchant.clone(),
            kind: self.kind,
            state: ConnectionState::Active,
            tracking_address: None,
            token_address: None,
            // Adobe's keys are the sandbox's here.
            keys_address: (self.kind == Kind::Magento).then(|| address.clone()),
            address,
            places: BTreeMap::new(),
            credentials: vault.seal(self.id.as_str(), &plain).await?,
        })
    }
}
