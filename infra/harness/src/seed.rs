//! One merchant to begin with: three warehouses, the sandbox's goods in their bins, a shop and a carrier account.

pub(crate) mod goods;

use crate::accounts::{ACCOUNT, dpd_id, others};
use crate::stack::{Stack, Trouble};
use jiff::Timestamp;
use serde_json::json;
use std::collections::BTreeMap;
use waybill_domain::order::Channel;
use waybill_domain::service::{Carrier, ServiceChoice, ServiceRule};
use waybill_domain::{ConnectionId, MerchantId, WarehouseId};
use waybill_sandbox::royal_mail::{DEFAULT_KEY, TRACKING_CLIENT_ID, TRACKING_CLIENT_SECRET};
use waybill_store::keyring::Vault;
use waybill_store::registry::{Connection, ConnectionState, Credentials, Kind, Merchant, Warehouse};
use waybill_store::{Db, StoreError};

/// The domain of the demo shop.
pub const SHOP: &str = "waybill-demo.myshopify.com";
/// The client secret that signs its webhooks.
pub const CLIENT_SECRET: &str = "sandbox-client-secret";
/// Its access token.
pub const ACCESS_TOKEN: &str = "sandbox-access-token";
/// The article of which there is hardly any.
pub const SCARCE: &str = "LAMP-BRASS";

/// The ids of what is seeded.
#[derive(Debug, Clone)]
pub struct Ids {
    /// The merchant.
    pub merchant: MerchantId,
    /// Its shop.
    pub shop: ConnectionId,
    /// Its Royal Mail account.
    pub royal_mail: ConnectionId,
    /// Its DPD account.
    pub dpd: ConnectionId,
    /// Its warehouses.
    pub warehouses: [WarehouseId; 3],
}

impl Ids {
    /// The same every time, so that a person can type them.
    ///
    /// # Errors
    /// Never: the ids are well formed.
    pub fn demo() -> Result<Self, waybill_domain::id::InvalidId> {
        Ok(Self {
            merchant: "mer_00000000000000d1".parse()?,
            shop: "con_00000000000000a1".parse()?,
            royal_mail: "con_00000000000000c1".parse()?,
            dpd: dpd_id()?,
            warehouses: ["wh_north".parse()?, "wh_south".parse()?, "wh_west".parse()?],
        })
    }
}

/// The merchant with its settings; `index_key` is already sealed.
pub fn merchant(ids: &Ids, index_key: Vec<u8>) -> Merchant {
    let [north, south, west] = ids.warehouses.clone();
    let near = |areas: &str| areas.split(' ').map(str::to_owned).collect();
    Merchant {
        id: ids.merchant.clone(),
        name: "Waybill Demo".into(),
        index_key,
        needs: waybill_privacy::recipient::Needs::default(),
        retention: waybill_domain::retention::Policy::default(),
        part_ship: false,
        warehouses: vec![
            Warehouse {
                id: north,
                name: "North".into(),
                priority: 1,
                near: near("M L LS S G EH IV NE YO BT"),
            },
            Warehouse {
                id: south,
                name: "South".into(),
                priority: 2,
                near: near("SW SE N E W NW B BN CB NR OX"),
            },
            Warehouse { id: west, name: "West".into(), priority: 3, near: near("BS CF SA PL") },
        ],
        services: rules(&ids.royal_mail, &ids.dpd).into(),
    }
}

/// All three brands have their part: what eBay sells goes by DPD, what is heavy by Parcelforce, the rest by Royal
/// Mail.
pub fn rules(royal_mail: &ConnectionId, dpd: &ConnectionId) -> Vec<ServiceRule> {
    let rule = |up_to_grams, connection: &ConnectionId, carrier, code: &str| ServiceRule {
        countries: vec!["GB".into()],
        ..ServiceRule::up_to(
            up_to_grams,
            connection.clone(),
            ServiceChoice { carrier, code: code.into(), format: "parcel".into(), notify: None },
        )
    };
    vec![
        // Two days: on offer for every postcode.
        ServiceRule { channels: vec![Channel::Ebay], ..rule(30_000, dpd, Carrier::Dpd, "11") },
        rule(2_000, royal_mail, Carrier::RoyalMail, "TPS48"),
        rule(30_000, royal_mail, Carrier::Parcelforce, "FE0"),
    ]
}

/// Stores the merchant, its connections and its stock. `sandbox` is the sandbox's address.
///
/// # Errors
/// As AWS answers.
pub async fn store(
    db: &Db,
    vault: &dyn Vault,
    ids: &Ids,
    sandbox: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut index_key = [0u8; 32];
    aws_lc_rs::rand::fill(&mut index_key).map_err(|_| StoreError::Corrupt("randomness"))?;
    let sealed = vault.seal(ids.merchant.as_str(), &index_key).await?;
    db.save_merchant(&merchant(ids, sealed)).await?;
    let shop = Credentials::Shopify {
        secrets: vec![CLIENT_SECRET.into()],
        token: ACCESS_TOKEN.into(),
        client_id: None,
        refresh_token: None,
    };
    let royal_mail = Credentials::RoyalMail {
        key: DEFAULT_KEY.into(),
        tracking_id: TRACKING_CLIENT_ID.into(),
        tracking_secret: TRACKING_CLIENT_SECRET.into(),
    };
    let tracking = Some(format!("{sandbox}/royal-mail-tracking"));
    for (id, kind, address, tracking_address, secret) in [
        (&ids.shop, Kind::Shopify, format!("{sandbox}/shopify/{SHOP}"), None, shop),
        (&ids.royal_mail, Kind::RoyalMail, format!("{sandbox}/royal-mail"), tracking, royal_mail),
    ] {
        let plain = serde_json::to_vec(&secret).map_err(|_| StoreError::Corrupt("credentials"))?;
        let connection = Connection {
            id: id.clone(),
            merchant: ids.merchant.clone(),
            kind,
            state: ConnectionState::Active,
            address,
            tracking_address,
            token_address: None,
            keys_address: None,
            places: BTreeMap::new(),
            credentials: vault.seal(id.as_str(), &plain).await?,
        };
        db.save_connection(&connection).await?;
    }
    for carrier in [&ids.royal_mail, &ids.dpd] {
        db.save_assessment(&ids.merchant, carrier, "seed", now).await?;
    }
    for mut account in others(sandbox, |_, _| String::new()).map_err(|_| StoreError::Corrupt("id"))? {
        if account.kind == Kind::Dpd {
            account.id = ids.dpd.clone();
        }
        db.save_connection(&account.connection(vault, &ids.merchant, sandbox).await?).await?;
    }
    goods::store(db, ids, now).await
}

/// Whether invented people and orders may be put there: on this machine, or where the stack itself says that it may be
/// thrown away (CONTROLS E6). Nothing said is no.
fn may_be_seeded(endpoint: &str, stage: Option<&str>) -> bool {
    let host = endpoint.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
    let here = host.is_some_and(|host| matches!(host.as_str(), "127.0.0.1" | "localhost" | "[::1]"));
    match stage {
        Some(stage) => stage == "dev",
        None => here,
    }
}

/// Seeds a running stack and sets up its sandbox.
///
/// # Errors
/// When the stack holds real orders, or AWS or the sandbox refuses.
pub async fn stack(stack: &Stack) -> Result<Ids, Trouble> {
    if !may_be_seeded(&stack.endpoint, stack.outputs.get("Stage").map(String::as_str)) {
        return Err("this stack is not Stage=dev: what is invented is not put beside what is real".into());
    }
    let ids = Ids::demo()?;
    let db = stack.db()?;
    store(&db, &stack.kms()?, &ids, &stack.sandbox_url, Timestamp::now()).await?;
    goods::furnish(&db, &ids).await?;
    let webhook_url = format!("{}/webhooks/shopify/{}", stack.api_url, ids.shop);
    let shop = json!({"domain": SHOP, "client_secret": CLIENT_SECRET, "access_token": ACCESS_TOKEN, "webhook_url": webhook_url});
    stack.control("PUT", "shops", &shop).await?;
    let webhook =
        |channel: Channel, id: &ConnectionId| format!("{}/webhooks/{}/{id}", stack.api_url, channel.as_str());
    for account in others(&stack.sandbox_url, webhook)? {
        let path = format!("{}/{ACCOUNT}", account.at());
        stack.control("PUT", &path, &account.config).await?;
    }
    crate::staff::seed(stack, &ids).await?;
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AWS: &str = "https://dynamodb.eu-west-2.amazonaws.com";

    #[test]
    fn what_is_invented_goes_only_where_it_may_be_thrown_away() {
        assert!(may_be_seeded(AWS, Some("dev")));
        assert!(may_be_seeded("http://127.0.0.1:4566", Some("dev")));
        assert!(may_be_seeded("http://127.0.0.1:4566", None), "a stack from before it said so");
        assert!(!may_be_seeded("http://127.0.0.1:4566", Some("prod")), "a tunnel, or a copy of production");
        for elsewhere in [AWS, "http://127.0.0.1.waybill.invalid", "http://localhost@waybill.invalid", ""] {
            assert!(!may_be_seeded(elsewhere, None), "{elsewhere}");
        }
        assert!(!may_be_seeded(AWS, Some("prod")));
    }

    /// The refusal comes before anything is asked: neither endpoint answers.
    #[tokio::test]
    async fn production_is_not_seeded() {
        let nowhere = "http://127.0.0.1:1".to_owned();
        let prod = Stack {
            name: "prod".into(),
            stack: "waybill-prod".into(),
            endpoint: nowhere.clone(),
            region: "eu-west-2".into(),
            access_key_id: "key".into(),
            secret_access_key: "secret".into(),
            api_url: nowhere.clone(),
            sandbox_url: nowhere,
            outputs: BTreeMap::from([("Stage".into(), "prod".into())]),
        };
        let refused = stack(&prod).await.unwrap_err().to_string();
        assert!(refused.contains("not Stage=dev"), "{refused}");
    }
}
