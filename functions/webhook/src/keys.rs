//! Public keys that deliveries are signed with, fetched once and kept as long as their owners allow.

use crate::Env;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use waybill_channels::ebay::{self, webhook as ebay_hook};
use waybill_channels::magento::webhook as adobe_hook;
use waybill_channels::{Stamp, ebay::webhook::KEY_LIFE};
use waybill_privacy::secret::Secret;
use waybill_runtime::directory::Account;
use waybill_runtime::remote::{Told, exchange};
use waybill_store::registry::Credentials;

/// The most keys kept: a sender who names ever new ones must not fill our memory.
const MOST: usize = 64;

type Kept<K> = Mutex<HashMap<String, (Timestamp, Arc<K>)>>;

/// What is kept between deliveries.
#[derive(Default)]
pub struct Keys {
    ebay: Kept<ebay_hook::PublicKey>,
    adobe: Kept<adobe_hook::PublicKey>,
}

fn kept<K>(of: &Kept<K>, name: &str, life: SignedDuration, now: Timestamp) -> Option<Arc<K>> {
    let all = of.lock().unwrap_or_else(PoisonError::into_inner);
    all.get(name).filter(|(at, _)| now.duration_since(*at) < life).map(|(_, key)| Arc::clone(key))
}

fn keep<K>(of: &Kept<K>, name: &str, key: K, now: Timestamp) -> Arc<K> {
    let mut all = of.lock().unwrap_or_else(PoisonError::into_inner);
    if all.len() >= MOST {
        all.clear();
    }
    let key = Arc::new(key);
    all.insert(name.to_owned(), (now, Arc::clone(&key)));
    key
}

/// One of eBay's keys; `None` when eBay has none of that id. It is asked for with the application's own token.
pub(crate) async fn ebay(
    env: &Env,
    account: &Account,
    id: &str,
    now: Timestamp,
) -> Result<Option<Arc<ebay_hook::PublicKey>>, Told> {
    if let Some(key) = kept(&env.keys.ebay, id, KEY_LIFE, now) {
        return Ok(Some(key));
    }
    let base = &account.connection.address;
    let Credentials::Ebay { client_id, client_secret, .. } = &account.credentials else { return Ok(None) };
    let auth = account.connection.token_address.clone().unwrap_or_else(|| base.clone());
    let application = ebay::token::Application {
        consent: auth.clone(),
        base: auth,
        client_id: client_id.clone(),
        client_secret: Secret::new(client_secret.clone()),
        redirect: String::new(),
    };
    let stamp = Stamp { now, nonce: String::new() };
    let out = env.outbound.as_ref();
    let own = exchange(out, ebay::token::build_own(&application), |r| ebay::token::read_token(r, &stamp));
    let own = own.await?;
    let key = exchange(out, ebay_hook::build_key(base, &own.access, id), ebay_hook::read_key).await?;
    Ok(key.map(|key| keep(&env.keys.ebay, id, key, now)))
}

/// One of Adobe's keys.
pub(crate) async fn adobe(
    env: &Env,
    account: &Account,
    path: &str,
    now: Timestamp,
) -> Result<Option<adobe_hook::PublicKey>, Told> {
    let host = account.connection.keys_address.as_deref().unwrap_or(adobe_hook::KEY_HOST);
    let name = format!("{host}{path}");
    let life = SignedDuration::from_hours(adobe_hook::KEEP_KEY_HOURS);
    if let Some(key) = kept(&env.keys.adobe, &name, life, now) {
        return Ok(Some((*key).clone()));
    }
    let request = adobe_hook::build_key(host, path);
    let key = exchange(env.outbound.as_ref(), request, |r| adobe_hook::read_key(path, r)).await?;
    Ok(Some((*keep(&env.keys.adobe, &name, key, now)).clone()))
}
