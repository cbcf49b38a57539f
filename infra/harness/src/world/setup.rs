//! Making a world: tables, keys, the merchant, its connections and its stock.

use super::{Functions, Hasty, Late, SHOP, Time, ToSandbox, World, WorldError};
use crate::accounts::{ACCOUNT, Seeded, dpd_id, others};
use crate::seed::rules;
use http::Method;
use jiff::Timestamp;
use std::sync::Arc;
use waybill_domain::order::Channel;
use waybill_domain::retention::Policy;
use waybill_domain::{ConnectionId, WarehouseId};
use waybill_privacy::index::IndexKey;
use waybill_privacy::recipient::Needs;
use waybill_sandbox::royal_mail::{DEFAULT_KEY, TRACKING_CLIENT_ID, TRACKING_CLIENT_SECRET};
use waybill_sandbox::shopify::{Shop, ShopConfig};
use waybill_sandbox::{Call, Sandbox};
use waybill_store::keyring::Vault;
use waybill_store::memory::{Engine, MemoryBus, MemoryDocuments, MemoryKms, MemoryQueues, Outside};
use waybill_store::registry::{Connection, ConnectionState, Credentials, Kind, Merchant, Warehouse};

/// Signs the shop's webhooks.
const SECRET: &str = "world-client-secret";
/// Opens the shop's API.
const TOKEN: &str = "shpat_world";
/// The merchant's index key: always the same, so that the same order has the same id in every run.
const INDEX_KEY: [u8; 32] = [7; 32];

/// Goods on the shelves of the first and the second warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stocked {
    /// Which.
    pub sku: String,
    /// Pieces in each warehouse.
    pub pieces: [i64; 2],
}

/// What a world begins with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Decides what the sandbox invents and throws.
    pub seed: u64,
    /// When it begins.
    pub now: Timestamp,
    /// Orders may go out in parts.
    pub part_ship: bool,
    /// How long personal data is kept.
    pub retention: Policy,
    /// Which optional personal fields the merchant needs.
    pub needs: Needs,
    /// The stock.
    pub stock: Vec<Stocked>,
    /// At which channels the merchant has an account.
    pub channels: Vec<Channel>,
}

impl Default for Setup {
    /// Plenty of everything the sandbox's catalogue ships.
    fn default() -> Self {
        let goods = waybill_sandbox::invent::catalogue().iter().filter(|one| one.ships);
        let stock = goods.map(|one| Stocked { sku: one.sku.to_owned(), pieces: [1_000_000; 2] });
        Self {
            seed: 1,
            now: Timestamp::from_second(1_795_424_400).unwrap_or_default(),
            part_ship: false,
            retention: Policy::LONGEST,
            needs: Needs::default(),
            stock: stock.collect(),
            channels: Channel::ALL.to_vec(),
        }
    }
}

impl World {
    /// Makes a world behind `outside`, which must let calls through while this runs.
    ///
    /// # Errors
    /// `WorldError` when the in-memory tables or keys cannot be made.
    pub async fn new(setup: &Setup, outside: Arc<dyn Outside>) -> Result<Self, WorldError> {
        let engine = Engine::new(Arc::clone(&outside))?;
        let kms = MemoryKms::new(Arc::clone(&outside))?;
        let queues = MemoryQueues::new(Arc::clone(&outside));
        let documents = MemoryDocuments::new(Arc::clone(&outside));
        let sandbox = Sandbox::new(setup.seed);
        let time = Time::at(setup.now);
        let (late, hasty) = (Late::default(), Hasty::default());
        let db = engine.db();
        let bad = |_| WorldError::Setup("id");
        let merchant = merchant(setup, &kms).await?;
        let shop: ConnectionId = "con_00000000000000a1".parse().map_err(bad)?;
        let carrier: ConnectionId = "con_00000000000000c1".parse().map_err(bad)?;
        db.save_merchant(&merchant).await?;
        if setup.channels.contains(&Channel::Shopify) {
            db.save_connection(&shop_connection(&kms, &merchant, &shop).await?).await?;
        }
        db.save_connection(&carrier_connection(&kms, &merchant, &carrier).await?).await?;
        db.save_assessment(&merchant.id, &carrier, "harness", setup.now).await?;
        let origin = "http://sandbox.invalid";
        let webhook = |channel: Channel, id: &ConnectionId| {
            format!("http://waybill.invalid/webhooks/{}/{id}", channel.as_str())
        };
        let wanted =
            |one: &Seeded| one.kind.channel().is_none_or(|channel| setup.channels.contains(&channel));
        for account in others(origin, webhook).map_err(bad)?.into_iter().filter(wanted) {
            db.save_connection(&account.connection(&kms, &merchant.id, origin).await?).await?;
            if account.kind.channel().is_none() {
                db.save_assessment(&merchant.id, &account.id, "harness", setup.now).await?;
            }
            let path = format!("/control/{}/{ACCOUNT}", account.at());
            let reply = sandbox.answer(&Call::new(Method::PUT, &path).json(&account.config));
            if reply.status != 200 {
                return Err(WorldError::Setup("account"));
            }
        }
        for stocked in &setup.stock {
            for (warehouse, pieces) in merchant.warehouses.iter().zip(stocked.pieces) {
                if pieces == 0 && stocked.pieces != [0, 0] {
                    continue;
                }
                let slot = (stocked.sku.clone(), warehouse.id.clone());
                db.receive(&merchant.id, &slot, pieces, "opening", setup.now).await?;
            }
        }
        sandbox.set_now(setup.now);
        open_shop(&sandbox, &shop)?;
        let bus = MemoryBus::new(outside.clone());
        let outbound = Arc::new(ToSandbox::new(sandbox.clone(), outside, late.clone(), hasty.clone()));
        let functions = Functions::new(&engine, &kms, (&queues, &bus), &documents, outbound, &time);
        let index = IndexKey::from_bytes(&INDEX_KEY).map_err(|_| WorldError::Setup("index key"))?;
        Ok(Self {
            engine,
            db,
            kms,
            queues,
            documents,
            bus,
            sandbox,
            late,
            hasty,
            time,
            functions,
            merchant,
            shop,
            carrier,
            index,
        })
    }
}

async fn merchant(setup: &Setup, kms: &MemoryKms) -> Result<Merchant, WorldError> {
    let bad = |_| WorldError::Setup("id");
    let id = "mer_00000000000000e1".parse().map_err(bad)?;
    let carrier: ConnectionId = "con_00000000000000c1".parse().map_err(bad)?;
    let warehouse = |id: &str, name: &str, priority, near: &[&str]| {
        Ok::<_, WorldError>(Warehouse {
            id: id.parse::<WarehouseId>().map_err(bad)?,
            name: name.to_owned(),
            priority,
            near: near.iter().map(|area| (*area).to_owned()).collect(),
        })
    };
    let index_key = kms.seal("mer_00000000000000e1", &INDEX_KEY).await?;
    Ok(Merchant {
        id,
        name: "Harbour & Finch".to_owned(),
        index_key,
        needs: setup.needs,
        retention: setup.retention,
        part_ship: setup.part_ship,
        warehouses: vec![
            warehouse("wh_bristol", "Bristol", 1, &["BS", "CF", "SA", "PL"])?,
            warehouse("wh_leeds", "Leeds", 2, &["LS", "M", "NE", "EH", "G"])?,
        ],
        services: rules(&carrier, &dpd_id().map_err(bad)?).into(),
    })
}

async fn sealed(kms: &MemoryKms, owner: &ConnectionId, secret: &Credentials) -> Result<Vec<u8>, WorldError> {
    let text = serde_json::to_vec(secret).map_err(|_| WorldError::Setup("credentials"))?;
    Ok(kms.seal(owner.as_str(), &text).await?)
}

async fn shop_connection(
    kms: &MemoryKms,
    merchant: &Merchant,
    id: &ConnectionId,
) -> Result<Connection, WorldError> {
    let secret = Credentials::Shopify {
        secrets: vec![SECRET.to_owned()],
        token: TOKEN.to_owned(),
        client_id: None,
        refresh_token: None,
    };
    Ok(Connection {
        id: id.clone(),
        merchant: merchant.id.clone(),
        kind: Kind::Shopify,
        state: ConnectionState::Active,
        address: format!("http://sandbox.invalid/shopify/{SHOP}"),
        tracking_address: None,
        token_address: None,
        keys_address: None,
        places: std::collections::BTreeMap::new(),
        credentials: sealed(kms, id, &secret).await?,
    })
}

async fn carrier_connection(
    kms: &MemoryKms,
    merchant: &Merchant,
    id: &ConnectionId,
) -> Result<Connection, WorldError> {
    let secret = Credentials::RoyalMail {
        key: DEFAULT_KEY.to_owned(),
        tracking_id: TRACKING_CLIENT_ID.to_owned(),
        tracking_secret: TRACKING_CLIENT_SECRET.to_owned(),
    };
    Ok(Connection {
        id: id.clone(),
        merchant: merchant.id.clone(),
        kind: Kind::RoyalMail,
        state: ConnectionState::Active,
        address: "http://sandbox.invalid/royal-mail".to_owned(),
        tracking_address: Some("http://sandbox.invalid/royal-mail-tracking".to_owned()),
        token_address: None,
        keys_address: None,
        places: std::collections::BTreeMap::new(),
        credentials: sealed(kms, id, &secret).await?,
    })
}

/// The shop sends its webhooks by itself; whoever drives the world takes and delivers them.
fn open_shop(sandbox: &Sandbox, connection: &ConnectionId) -> Result<(), WorldError> {
    let config = serde_json::json!({
        "domain": SHOP,
        "client_secret": SECRET,
        "access_token": TOKEN,
        "webhook_url": format!("http://waybill.invalid/webhooks/shopify/{connection}"),
        "auto_webhooks": true,
    });
    let config: ShopConfig = serde_json::from_value(config).map_err(|_| WorldError::Setup("shop"))?;
    sandbox.with_state(|state| state.shops.insert(SHOP.to_owned(), Shop::new(config, 70_000_001)));
    Ok(())
}
