//! Connections with their merchant and opened secrets, kept warm for a minute.
//!
//! Only credentials are kept: data keys of recipients never are.

use crate::token::Source;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use waybill_carriers::{account, dpd, pro_shipping, royal_mail};
use waybill_channels as channels;
use waybill_channels::magento::{self, WeightUnit};
use waybill_domain::time::after;
use waybill_domain::{ConnectionId, MerchantId};
use waybill_privacy::index::IndexKey;
use waybill_privacy::secret::Secret;
use waybill_store::keyring::Vault;
use waybill_store::registry::{Connection, ConnectionState, Credentials, Merchant};
use waybill_store::{Db, StoreError};

/// How long an account is used without reading it again: the longest a revoked secret still works.
const WARM: SignedDuration = SignedDuration::from_secs(60);

/// A connection, ready for use.
pub struct Account {
    /// The connection.
    pub connection: Connection,
    /// Its merchant.
    pub merchant: Arc<Merchant>,
    /// The merchant's index key.
    pub index: Arc<IndexKey>,
    /// The connection's secrets.
    pub credentials: Credentials,
}

impl Account {
    /// The connection may be used.
    pub fn is_active(&self) -> bool {
        self.connection.state == ConnectionState::Active
    }

    /// What the channel is to sign with from now on, where it is told so.
    pub fn signing_secret(&self) -> Option<Secret> {
        match &self.credentials {
            Credentials::WooCommerce { secrets, .. } => secrets.first().cloned().map(Secret::new),
            _ => None,
        }
    }

    /// The account's channel side; `access` is its current token, where it needs one.
    pub fn channel(&self, access: Option<Secret>) -> Option<channels::Account> {
        let base = self.connection.address.clone();
        let secret = |text: &String| Secret::new(text.clone());
        let weight = |pounds: bool| if pounds { WeightUnit::Pounds } else { WeightUnit::Kilograms };
        Some(match (&self.credentials, access) {
            (Credentials::Shopify { token, .. }, access) => {
                let token = access.unwrap_or_else(|| secret(token));
                channels::Account::Shopify(channels::shopify::Shop { base, token })
            }
            (Credentials::WooCommerce { key, secret: consumer, .. }, _) => {
                let (key, consumer) = (secret(key), secret(consumer));
                channels::Account::WooCommerce(channels::woocommerce::Shop { base, key, secret: consumer })
            }
            (Credentials::Magento { consumer_key, consumer_secret, token, token_secret, pounds, .. }, _) => {
                let access = magento::Access::OAuth1 {
                    consumer_key: consumer_key.clone(),
                    consumer_secret: secret(consumer_secret),
                    token: secret(token),
                    token_secret: secret(token_secret),
                };
                channels::Account::Magento(magento::Shop { base, access, weight: weight(*pounds) })
            }
            (Credentials::AdobeCommerce { pounds, .. }, Some(access)) => {
                let access = magento::Access::Bearer(access);
                channels::Account::Magento(magento::Shop { base, access, weight: weight(*pounds) })
            }
            (
                Credentials::Amazon { client_id, client_secret, seller_id, marketplace_id, .. },
                Some(access),
            ) => {
                let auth = self.connection.token_address.clone().unwrap_or_else(|| base.clone());
                let (client_id, client_secret) = (client_id.clone(), secret(client_secret));
                channels::Account::Amazon(channels::amazon::Seller {
                    base,
                    access,
                    application: channels::amazon::token::Application { auth, client_id, client_secret },
                    seller_id: seller_id.clone(),
                    marketplace_id: marketplace_id.clone(),
                })
            }
            (Credentials::Ebay { .. }, Some(access)) => {
                channels::Account::Ebay(channels::ebay::Seller { base, access })
            }
            _ => return None,
        })
    }

    /// Where its tokens come from; `None` for an account whose credentials do not end.
    pub fn token_source(&self) -> Option<Source> {
        let auth = self.connection.token_address.clone().unwrap_or_else(|| self.connection.address.clone());
        Source::of(&self.credentials, auth)
    }

    /// The account as a carrier's, if it is one: the one place where credentials become a carrier.
    pub fn carrier(&self) -> Option<account::Account> {
        match &self.credentials {
            Credentials::RoyalMail { key, .. } => Some(account::Account::ClickAndDrop(royal_mail::Account {
                base: self.connection.address.clone(),
                key: Secret::new(key.clone()),
            })),
            Credentials::ProShipping { .. } => self.pro_shipping().map(account::Account::ProShipping),
            Credentials::Dpd { .. } => self.dpd().map(account::Account::Dpd),
            _ => None,
        }
    }

    fn pro_shipping(&self) -> Option<Box<pro_shipping::Account>> {
        let Credentials::ProShipping {
            client_id,
            client_secret,
            shipping_account,
            shipping_location,
            goods,
            printer,
            ..
        } = &self.credentials
        else {
            return None;
        };
        let base = self.connection.address.clone();
        Some(Box::new(pro_shipping::Account {
            login: self.connection.token_address.clone().unwrap_or_else(|| base.clone()),
            base,
            client_id: Secret::new(client_id.clone()),
            client_secret: Secret::new(client_secret.clone()),
            shipping_account: shipping_account.clone(),
            shipping_location: shipping_location.clone(),
            goods: goods.clone(),
            printer: *printer,
        }))
    }

    fn dpd(&self) -> Option<Box<dpd::Account>> {
        let Credentials::Dpd { key, secret, local, sender } = &self.credentials else { return None };
        Some(Box::new(dpd::Account {
            base: self.connection.address.clone(),
            key: Secret::new(key.clone()),
            secret: Secret::new(secret.clone()),
            local: *local,
            sender: sender.clone(),
        }))
    }

    /// The account as one that may ask where parcels are, if it is one.
    pub fn carrier_tracking(&self) -> Option<account::TrackingAccount> {
        match &self.credentials {
            Credentials::RoyalMail { tracking_id, tracking_secret, .. }
            | Credentials::ProShipping {
                tracking_id: Some(tracking_id),
                tracking_secret: Some(tracking_secret),
                ..
            } => {
                let base = self.connection.tracking_address.clone()?;
                Some(account::TrackingAccount::RoyalMail(royal_mail::TrackingAccount {
                    base,
                    client_id: Secret::new(tracking_id.clone()),
                    client_secret: Secret::new(tracking_secret.clone()),
                }))
            }
            Credentials::Dpd { .. } => self.dpd().map(account::TrackingAccount::Dpd),
            _ => None,
        }
    }
}

/// An account that is kept.
#[derive(Clone)]
struct Kept {
    /// When its secrets were read.
    read: Timestamp,
    /// Until when it is used: its merchant may have been read earlier.
    until: Timestamp,
    account: Arc<Account>,
}

/// A merchant whose index key is open.
#[derive(Clone)]
struct Opened {
    read: Timestamp,
    merchant: Arc<Merchant>,
    index: Arc<IndexKey>,
}

/// Finds accounts.
#[derive(Clone)]
pub struct Directory {
    db: Db,
    vault: Arc<dyn Vault>,
    kept: Arc<Mutex<HashMap<ConnectionId, Kept>>>,
    merchants: Arc<Mutex<HashMap<MerchantId, Opened>>>,
}

impl Directory {
    /// An empty directory.
    pub fn new(db: Db, vault: Arc<dyn Vault>) -> Self {
        Self { db, vault, kept: Arc::default(), merchants: Arc::default() }
    }

    /// The account of a connection, at most a minute old; `None` when there is no such connection.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when its secrets cannot be read.
    pub async fn account(
        &self,
        id: &ConnectionId,
        now: Timestamp,
    ) -> Result<Option<Arc<Account>>, StoreError> {
        match kept(&self.kept, id).filter(|kept| now < kept.until) {
            Some(kept) => Ok(Some(kept.account)),
            None => self.read(id, now).await,
        }
    }

    /// Reads an account anew when what was kept did not do, unless it is younger than `age`: somebody who sends
    /// bad signatures must not make us read at every one.
    ///
    /// # Errors
    /// As [`Directory::account`].
    pub async fn fresher(
        &self,
        id: &ConnectionId,
        age: SignedDuration,
        now: Timestamp,
    ) -> Result<Option<Arc<Account>>, StoreError> {
        if kept(&self.kept, id).is_some_and(|kept| now.duration_since(kept.read) < age) {
            return Ok(None);
        }
        self.read(id, now).await
    }

    async fn read(&self, id: &ConnectionId, now: Timestamp) -> Result<Option<Arc<Account>>, StoreError> {
        let Some(connection) = self.db.connection(id).await? else { return Ok(None) };
        let Opened { read, merchant, index } = self.opened(&connection.merchant, now).await?;
        let secret = self.vault.open(id.as_str(), &connection.credentials).await?;
        let credentials = serde_json::from_slice(&secret).map_err(|_| StoreError::Corrupt("credentials"))?;
        let account = Arc::new(Account { connection, merchant, index, credentials });
        let one = Kept { read: now, until: after(read, WARM), account: Arc::clone(&account) };
        keep(&self.kept, id, one);
        Ok(Some(account))
    }

    /// A merchant with its index key, at most a minute old: all its accounts share it.
    async fn opened(&self, id: &MerchantId, now: Timestamp) -> Result<Opened, StoreError> {
        if let Some(opened) = kept(&self.merchants, id)
            && now.duration_since(opened.read) < WARM
        {
            return Ok(opened);
        }
        let merchant = self.db.merchant(id).await?.ok_or(StoreError::Corrupt("merchant"))?;
        let index = Arc::new(index_key(self.vault.as_ref(), &merchant).await?);
        let opened = Opened { read: now, merchant: Arc::new(merchant), index };
        keep(&self.merchants, id, opened.clone());
        Ok(opened)
    }
}

fn kept<K: Eq + Hash, V: Clone>(all: &Mutex<HashMap<K, V>>, id: &K) -> Option<V> {
    all.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
}

fn keep<K: Eq + Hash + Clone, V>(all: &Mutex<HashMap<K, V>>, id: &K, value: V) {
    all.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), value);
}

/// Opens a merchant's index key.
///
/// # Errors
/// As AWS answers.
pub async fn index_key(vault: &dyn Vault, merchant: &Merchant) -> Result<IndexKey, StoreError> {
    let opened = vault.open(merchant.id.as_str(), &merchant.index_key).await?;
    IndexKey::from_bytes(&opened).map_err(|_| StoreError::Corrupt("index key"))
}

type KeptMerchants = HashMap<MerchantId, (Timestamp, Arc<Merchant>)>;

/// Merchants, kept warm for a minute, for functions that need no secrets.
#[derive(Clone)]
pub struct Merchants {
    db: Db,
    kept: Arc<Mutex<KeptMerchants>>,
}

impl Merchants {
    /// None yet.
    pub fn new(db: Db) -> Self {
        Self { db, kept: Arc::default() }
    }

    /// A merchant, at most a minute old.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when an order names a merchant that is not there.
    pub async fn get(&self, id: &MerchantId, now: Timestamp) -> Result<Arc<Merchant>, StoreError> {
        if let Some((read, merchant)) = kept(&self.kept, id)
            && now.duration_since(read) < WARM
        {
            return Ok(merchant);
        }
        let merchant = Arc::new(self.db.merchant(id).await?.ok_or(StoreError::Corrupt("merchant"))?);
        keep(&self.kept, id, (now, Arc::clone(&merchant)));
        Ok(merchant)
    }
}
