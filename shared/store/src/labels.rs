//! The label bucket: sealed documents under names that are ids.

use crate::error::StoreError;
use async_trait::async_trait;
use aws_sdk_s3::error::ProvideErrorMetadata;
use waybill_domain::paper::Paper;
use waybill_domain::shipment::Shipment;
use waybill_domain::{OrderId, ShipmentId};

/// The name of a label's object.
pub fn label_name(order: &OrderId, shipment: &ShipmentId) -> String {
    format!("labels/{order}/{shipment}")
}

/// What a paper beside a label is sealed as, and the end of its object's name.
pub fn paper_id(shipment: &ShipmentId, paper: Paper) -> String {
    format!("{shipment}.{}", paper.as_str())
}

/// The name of a paper's object.
pub fn paper_name(order: &OrderId, shipment: &ShipmentId, paper: Paper) -> String {
    format!("labels/{order}/{}", paper_id(shipment, paper))
}

/// The names of all objects that there may be of a shipment.
pub fn names_of(shipment: &Shipment) -> Vec<String> {
    let Shipment { order, id, papers, .. } = shipment;
    let papers = papers.iter().map(|one| paper_name(order, id, one.paper));
    std::iter::once(label_name(order, id)).chain(papers).collect()
}

/// Sealed documents.
#[async_trait]
pub trait Documents: Send + Sync {
    /// Stores sealed bytes, in place of what was there.
    ///
    /// # Errors
    /// As S3 answers.
    async fn put(&self, name: &str, sealed: Vec<u8>) -> Result<(), StoreError>;
    /// Reads sealed bytes; `None` when there is nothing by that name.
    ///
    /// # Errors
    /// As S3 answers.
    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;
    /// Deletes; nothing there is fine.
    ///
    /// # Errors
    /// As S3 answers.
    async fn delete(&self, name: &str) -> Result<(), StoreError>;
}

/// The real bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// The client.
    pub client: aws_sdk_s3::Client,
    /// Its name.
    pub name: String,
}

#[async_trait]
impl Documents for Bucket {
    async fn put(&self, name: &str, sealed: Vec<u8>) -> Result<(), StoreError> {
        self.client
            .put_object()
            .bucket(&self.name)
            .key(name)
            .body(sealed.into())
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("s3:PutObject", &e))?;
        Ok(())
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self.client.get_object().bucket(&self.name).key(name).send().await {
            Ok(reply) => {
                let body =
                    reply.body.collect().await.map_err(|_| StoreError::Unavailable("s3:GetObject".into()))?;
                Ok(Some(body.into_bytes().to_vec()))
            }
            Err(error) if error.as_service_error().is_some_and(|e| e.code() == Some("NoSuchKey")) => Ok(None),
            Err(error) => Err(StoreError::from_sdk("s3:GetObject", &error)),
        }
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        self.client
            .delete_object()
            .bucket(&self.name)
            .key(name)
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("s3:DeleteObject", &e))?;
        Ok(())
    }
}
