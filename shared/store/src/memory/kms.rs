//! KMS as two keys in memory: really wraps, really checks the context, counts what it is asked.

use super::{Outside, through};
use crate::error::StoreError;
use crate::keyring::{MakeKeys, NewKey, OpenKeys, Vault};
use async_trait::async_trait;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use waybill_domain::{MerchantId, OrderId};
use waybill_privacy::seal::DataKey;
use zeroize::Zeroizing;

/// Two customer-managed keys, for as long as the process lives.
#[derive(Clone)]
pub struct MemoryKms {
    outside: Arc<dyn Outside>,
    recipients: Arc<LessSafeKey>,
    credentials: Arc<LessSafeKey>,
    decrypts: Arc<AtomicU64>,
}

const BROKEN: StoreError = StoreError::Corrupt("in-memory key");

fn fresh_key() -> Result<LessSafeKey, StoreError> {
    let mut bytes = Zeroizing::new([0u8; 32]);
    aws_lc_rs::rand::fill(&mut bytes[..]).map_err(|_| BROKEN)?;
    UnboundKey::new(&AES_256_GCM, &bytes[..]).map(LessSafeKey::new).map_err(|_| BROKEN)
}

fn wrap(key: &LessSafeKey, context: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut nonce = [0u8; NONCE_LEN];
    aws_lc_rs::rand::fill(&mut nonce).map_err(|_| BROKEN)?;
    let mut body = plain.to_vec();
    key.seal_in_place_append_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(context.as_bytes()),
        &mut body,
    )
    .map_err(|_| BROKEN)?;
    Ok([&nonce[..], &body].concat())
}

fn unwrap(key: &LessSafeKey, context: &str, wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let refused = || StoreError::Refused("kms:Decrypt: InvalidCiphertextException".into());
    let (nonce, body) = wrapped.split_at_checked(NONCE_LEN).ok_or_else(refused)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| refused())?;
    let mut body = Zeroizing::new(body.to_vec());
    let plain =
        key.open_in_place(nonce, Aad::from(context.as_bytes()), &mut body).map_err(|_| refused())?.len();
    body.truncate(plain);
    Ok(body)
}

impl MemoryKms {
    /// Two new keys behind `outside`.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn new(outside: Arc<dyn Outside>) -> Result<Self, StoreError> {
        Ok(Self {
            outside,
            recipients: Arc::new(fresh_key()?),
            credentials: Arc::new(fresh_key()?),
            decrypts: Arc::default(),
        })
    }

    /// How many data keys were opened.
    pub fn decrypts(&self) -> u64 {
        self.decrypts.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl MakeKeys for MemoryKms {
    async fn make(&self, merchant: &MerchantId, order: &OrderId) -> Result<NewKey, StoreError> {
        through(&self.outside, "kms:GenerateDataKey", || {
            let mut bytes = Zeroizing::new([0u8; 32]);
            aws_lc_rs::rand::fill(&mut bytes[..]).map_err(|_| BROKEN)?;
            let wrapped = wrap(&self.recipients, &format!("{merchant}|{order}"), &bytes[..])?;
            Ok(NewKey { plain: DataKey::from_bytes(&bytes[..]).map_err(|_| BROKEN)?, wrapped })
        })
        .await
    }
}

#[async_trait]
impl OpenKeys for MemoryKms {
    async fn open(
        &self,
        merchant: &MerchantId,
        order: &OrderId,
        wrapped: &[u8],
    ) -> Result<DataKey, StoreError> {
        through(&self.outside, "kms:Decrypt", || {
            self.decrypts.fetch_add(1, Ordering::Relaxed);
            let plain = unwrap(&self.recipients, &format!("{merchant}|{order}"), wrapped)?;
            DataKey::from_bytes(&plain).map_err(|_| BROKEN)
        })
        .await
    }
}

#[async_trait]
impl Vault for MemoryKms {
    async fn seal(&self, owner: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        through(&self.outside, "kms:Encrypt", || wrap(&self.credentials, owner, plain)).await
    }

    async fn open(&self, owner: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        through(&self.outside, "kms:Decrypt", || unwrap(&self.credentials, owner, sealed)).await
    }
}
