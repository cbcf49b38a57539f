//! Accounts at other channels, made for one story.

use super::{Shop, unique};
use jiff::SignedDuration;
use serde_json::{Value, json};
use waybill_domain::ConnectionId;
use waybill_domain::time::after;
use waybill_store::keyring::Vault;
use waybill_store::registry::{ConnectionState, Credentials, Kind};

/// An account at the sandbox and the merchant's connection to it.
pub struct Own {
    pub connection: ConnectionId,
    /// Its path at the sandbox, `{channel}/{account}`.
    pub path: String,
}

impl Own {
    /// Connects the shop's merchant to a new account of a channel that is set up with `config` and sends to our address.
    pub async fn open(shop: &Shop, kind: Kind, credentials: &Credentials, mut config: Value) -> Self {
        let (id, channel) = (Self::id(), kind.channel().unwrap().as_str());
        config["webhook_url"] = json!(format!("{}/webhooks/{channel}/{id}", shop.stack.api_url));
        Self::set_up(shop, (id, kind), credentials, &config).await
    }

    /// As [`Own::open`], for a channel that sends to no address.
    pub async fn open_unhooked(shop: &Shop, kind: Kind, credentials: &Credentials, config: Value) -> Self {
        Self::set_up(shop, (Self::id(), kind), credentials, &config).await
    }

    fn id() -> ConnectionId {
        format!("con_{}0b", unique(14)).parse().unwrap()
    }

    async fn set_up(
        shop: &Shop,
        (id, kind): (ConnectionId, Kind),
        credentials: &Credentials,
        config: &Value,
    ) -> Self {
        let path = format!("{}/own-{id}", kind.channel().unwrap().as_str());
        shop.stack.control("PUT", &path, config).await.unwrap();
        let mut connection = shop.db.connection(&shop.ids.shop).await.unwrap().unwrap();
        connection.id = id.clone();
        connection.kind = kind;
        connection.address = format!("{}/{path}", shop.stack.sandbox_url);
        let plain = serde_json::to_vec(credentials).unwrap();
        connection.credentials = shop.kms.seal(id.as_str(), &plain).await.unwrap();
        shop.db.save_connection(&connection).await.unwrap();
        Self { connection: id, path }
    }

    pub async fn woocommerce(shop: &Shop) -> Self {
        let secret = "WooWebhookSecret2".to_owned();
        let config = json!({"key": "ck_own", "secret": "cs_own", "webhook_secret": secret});
        let (key, pass) = ("ck_own".to_owned(), "cs_own".to_owned());
        let credentials = Credentials::WooCommerce { secrets: vec![secret], key, secret: pass };
        Self::open(shop, Kind::WooCommerce, &credentials, config).await
    }

    /// What the sandbox answers at a path of the account.
    pub async fn ask(&self, shop: &Shop, method: &str, what: &str, body: Value) -> Value {
        shop.stack.control(method, &format!("{}/{what}", self.path), &body).await.unwrap()
    }

    /// Has every account that is due read, half an hour later than anything so far.
    pub async fn poll(shop: &Shop) {
        let at = after(super::now(shop).await.max(jiff::Timestamp::now()), SignedDuration::from_mins(30));
        shop.stack.control("PUT", "clock", &json!({"now": at})).await.unwrap();
        super::tick(shop, at).await;
    }

    /// Nobody is told through it any more.
    pub async fn close(&self, shop: &Shop) {
        shop.db.set_connection_state(&self.connection, ConnectionState::Disconnected).await.unwrap();
    }
}
