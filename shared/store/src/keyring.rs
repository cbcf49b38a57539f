//! The two customer-managed KMS keys, as three narrow doors: making data keys for recipients and labels,
//! opening them (shipper and reveal alone), and the merchants' credentials.

use crate::error::StoreError;
use async_trait::async_trait;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use waybill_domain::{MerchantId, OrderId};
use waybill_privacy::seal::DataKey;
use zeroize::Zeroizing;

/// A new data key: in the clear for sealing now, wrapped for the table.
pub struct NewKey {
    /// Use it and drop it.
    pub plain: DataKey,
    /// As KMS wrapped it.
    pub wrapped: Vec<u8>,
}

/// Makes data keys. Who holds only this can seal and never open.
#[async_trait]
pub trait MakeKeys: Send + Sync {
    /// A new data key bound to one order.
    ///
    /// # Errors
    /// As KMS answers.
    async fn make(&self, merchant: &MerchantId, order: &OrderId) -> Result<NewKey, StoreError>;
}

/// Opens data keys. Every call is one Decrypt in CloudTrail; nothing is cached (DESIGN section 5).
#[async_trait]
pub trait OpenKeys: Send + Sync {
    /// Unwraps a data key of an order.
    ///
    /// # Errors
    /// As KMS answers; `Refused` when it was wrapped for another order.
    async fn open(
        &self,
        merchant: &MerchantId,
        order: &OrderId,
        wrapped: &[u8],
    ) -> Result<DataKey, StoreError>;
}

/// Seals and opens merchants' secrets: account credentials and index keys, under the credentials key.
#[async_trait]
pub trait Vault: Send + Sync {
    /// Seals up to 4 KB (KMS limit) for one owner, a merchant or connection id.
    ///
    /// # Errors
    /// As KMS answers.
    async fn seal(&self, owner: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError>;
    /// Opens what was sealed for the same owner.
    ///
    /// # Errors
    /// As KMS answers.
    async fn open(&self, owner: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError>;
}

/// KMS with the ids of both keys. A function's role decides which door really opens.
#[derive(Debug, Clone)]
pub struct Kms {
    /// The client.
    pub client: aws_sdk_kms::Client,
    /// The key that wraps recipients' and labels' data keys.
    pub recipients: String,
    /// The key that seals credentials.
    pub credentials: String,
}

#[async_trait]
impl MakeKeys for Kms {
    async fn make(&self, merchant: &MerchantId, order: &OrderId) -> Result<NewKey, StoreError> {
        let reply = self
            .client
            .generate_data_key()
            .key_id(&self.recipients)
            .key_spec(DataKeySpec::Aes256)
            .encryption_context("merchant", merchant.as_str())
            .encryption_context("order", order.as_str())
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("kms:GenerateDataKey", &e))?;
        let (Some(plain), Some(wrapped)) = (reply.plaintext, reply.ciphertext_blob) else {
            return Err(StoreError::Corrupt("data key"));
        };
        let plain = Zeroizing::new(plain.into_inner());
        let plain = DataKey::from_bytes(&plain).map_err(|_| StoreError::Corrupt("data key"))?;
        Ok(NewKey { plain, wrapped: wrapped.into_inner() })
    }
}

#[async_trait]
impl OpenKeys for Kms {
    async fn open(
        &self,
        merchant: &MerchantId,
        order: &OrderId,
        wrapped: &[u8],
    ) -> Result<DataKey, StoreError> {
        let reply = self
            .client
            .decrypt()
            .key_id(&self.recipients)
            .ciphertext_blob(Blob::new(wrapped))
            .encryption_context("merchant", merchant.as_str())
            .encryption_context("order", order.as_str())
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("kms:Decrypt", &e))?;
        let plain = Zeroizing::new(reply.plaintext.ok_or(StoreError::Corrupt("data key"))?.into_inner());
        DataKey::from_bytes(&plain).map_err(|_| StoreError::Corrupt("data key"))
    }
}

#[async_trait]
impl Vault for Kms {
    async fn seal(&self, owner: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let reply = self
            .client
            .encrypt()
            .key_id(&self.credentials)
            .plaintext(Blob::new(plain))
            .encryption_context("owner", owner)
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("kms:Encrypt", &e))?;
        Ok(reply.ciphertext_blob.ok_or(StoreError::Corrupt("sealed credentials"))?.into_inner())
    }

    async fn open(&self, owner: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let reply = self
            .client
            .decrypt()
            .key_id(&self.credentials)
            .ciphertext_blob(Blob::new(sealed))
            .encryption_context("owner", owner)
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("kms:Decrypt", &e))?;
        Ok(Zeroizing::new(reply.plaintext.ok_or(StoreError::Corrupt("credentials"))?.into_inner()))
    }
}
