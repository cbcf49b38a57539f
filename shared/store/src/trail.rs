//! What the key service itself says about openings: CloudTrail's records of `kms:Decrypt` on the recipients' key.
//!
//! Decrypt is a management event, which CloudTrail keeps for 90 days without a trail and gives by LookupEvents, twice a
//! second at most (CloudTrail user guide, "Viewing CloudTrail events with the AWS CLI"). Events come late, mostly within
//! a quarter of an hour.

use crate::db::Db;
use crate::error::StoreError;
use async_trait::async_trait;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;
use waybill_domain::openings::Compared;
use waybill_domain::time::after;
use waybill_domain::{MerchantId, OrderId};

/// One call of Decrypt on the recipients' key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decrypt {
    /// When.
    pub at: Timestamp,
    /// Whose key it said it opens; a key of ours opens for no one else.
    pub merchant: Option<MerchantId>,
    /// Which order's.
    pub order: Option<OrderId>,
    /// KMS did not do it, because the caller may not.
    pub denied: bool,
}

/// The key service's own record.
#[async_trait]
pub trait Trail: Send + Sync {
    /// Every Decrypt on the recipients' key from one moment to before another, in no order.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when a record cannot be read.
    async fn decrypts(&self, from: Timestamp, until: Timestamp) -> Result<Vec<Decrypt>, StoreError>;
}

/// CloudTrail.
#[derive(Debug, Clone)]
pub struct CloudTrail {
    /// The client.
    pub client: aws_sdk_cloudtrail::Client,
    /// The ARN of the recipients' key.
    pub key: String,
}

/// Events on a page (LookupEvents, `MaxResults`: 50 at most).
const PAGE: i32 = 50;
/// Between two pages: LookupEvents takes two calls a second from an account in a Region.
const PACE: Duration = Duration::from_millis(500);
const CALL: &str = "cloudtrail:LookupEvents";
const UNREADABLE: StoreError = StoreError::Corrupt("CloudTrail event");

#[async_trait]
impl Trail for CloudTrail {
    async fn decrypts(&self, from: Timestamp, until: Timestamp) -> Result<Vec<Decrypt>, StoreError> {
        let named = LookupAttribute::builder()
            .attribute_key(LookupAttributeKey::EventName)
            .attribute_value("Decrypt")
            .build()
            .map_err(|_| UNREADABLE)?;
        let (mut found, mut known, mut end, mut token) = (Vec::new(), BTreeSet::new(), moment(until), None);
        loop {
            let page = self
                .client
                .lookup_events()
                .lookup_attributes(named.clone())
                .start_time(moment(from))
                .end_time(end)
                .max_results(PAGE)
                .set_next_token(token.take())
                .send()
                .await
                .map_err(|e| StoreError::from_sdk(CALL, &e))?;
            let events = page.events.unwrap_or_default();
            let (count, before, mut oldest) = (events.len(), known.len(), end);
            for event in events {
                let (Some(id), Some(at)) = (event.event_id.clone(), event.event_time) else {
                    return Err(UNREADABLE);
                };
                oldest = oldest.min(at);
                if known.insert(id) {
                    found.extend(read(&event, at, &self.key)?);
                }
            }
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_some() {
                tokio::time::sleep(PACE).await;
            } else if count < usize::try_from(PAGE).unwrap_or_default() || known.len() == before {
                found.retain(|one: &Decrypt| from <= one.at && one.at < until);
                return Ok(found);
            } else {
                // The local AWS names no next page: what is older is asked for, and what is known already is dropped.
                end = moment(after(timestamp(oldest)?, SignedDuration::from_millis(1)));
            }
        }
    }
}

fn moment(at: Timestamp) -> DateTime {
    DateTime::from_secs_and_nanos(at.as_second(), u32::try_from(at.subsec_nanosecond()).unwrap_or_default())
}

fn timestamp(at: DateTime) -> Result<Timestamp, StoreError> {
    let nanos = i32::try_from(at.subsec_nanos()).map_err(|_| UNREADABLE)?;
    Timestamp::new(at.secs(), nanos).map_err(|_| UNREADABLE)
}

/// An event as an opening, if it is about the recipients' key. AWS names the key in `resources` too, when the caller did
/// not; the local AWS keeps the request's own spelling.
fn read(event: &Event, at: DateTime, key: &str) -> Result<Option<Decrypt>, StoreError> {
    let text = event.cloud_trail_event.as_deref().ok_or(UNREADABLE)?;
    let record: Value = serde_json::from_str(text).map_err(|_| UNREADABLE)?;
    let asked = &record["requestParameters"];
    let either = |on: &Value, names: [&str; 2]| names.iter().find_map(|name| on.get(*name).cloned());
    let named = either(asked, ["keyId", "KeyId"]).is_some_and(|id| id == key);
    let about = record["resources"].as_array().is_some_and(|all| all.iter().any(|one| one["ARN"] == key));
    if !named && !about {
        return Ok(None);
    }
    let context = either(asked, ["encryptionContext", "EncryptionContext"]).unwrap_or_default();
    let said = |name: &str| context[name].as_str().map(str::to_owned);
    Ok(Some(Decrypt {
        at: timestamp(at)?,
        merchant: said("merchant").and_then(|id| id.parse().ok()),
        order: said("order").and_then(|id| id.parse().ok()),
        denied: record["errorCode"].as_str().is_some_and(|code| code.starts_with("AccessDenied")),
    }))
}

const SK: &str = "openings";

impl Db {
    /// How a merchant's openings came out when they were last compared.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when the item is not one of these.
    pub async fn openings_compared(&self, merchant: &MerchantId) -> Result<Option<Compared>, StoreError> {
        let item = self.get(&self.tables.registry, merchant.as_str(), SK).await?;
        item.map(|item| crate::db::from_item(item, "openings")).transpose()
    }

    /// Keeps how they came out, in place of what was kept before.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_openings_compared(
        &self,
        merchant: &MerchantId,
        compared: &Compared,
    ) -> Result<(), StoreError> {
        self.save_entry(crate::db::to_item(compared)?, merchant.as_str(), SK).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KEY: &str = "arn:aws:kms:eu-west-2:000000000000:key/recipients";
    const ORDER: &str = "ord_0123456789abcdef0123456789abcdef";

    fn of(record: &Value) -> Option<Decrypt> {
        let event = Event::builder().event_id("1").cloud_trail_event(record.to_string()).build();
        read(&event, DateTime::from_secs(1_795_425_300), KEY).unwrap()
    }

    #[test]
    fn the_record_of_aws_and_that_of_the_local_one_say_the_same() {
        // KMS developer guide, "Logging AWS KMS API calls with CloudTrail", Decrypt.
        let aws = json!({"eventName": "Decrypt", "requestParameters": {"encryptionAlgorithm": "SYMMETRIC_DEFAULT",
            "keyId": KEY, "encryptionContext": {"merchant": "mer_00000000000000aa", "order": ORDER}},
            "resources": [{"ARN": KEY, "type": "AWS::KMS::Key", "accountId": "000000000000"}]});
        let local = json!({"eventName": "Decrypt", "requestParameters": {"KeyId": KEY, "CiphertextBlob": "AA==",
            "EncryptionContext": {"merchant": "mer_00000000000000aa", "order": ORDER}}});
        let read = of(&aws).unwrap();
        assert_eq!((read.order.as_ref().map(OrderId::as_str), read.denied), (Some(ORDER), false));
        assert_eq!(of(&local), Some(read));
    }

    #[test]
    fn another_key_is_none_of_ours_and_ours_is_known_though_the_caller_did_not_name_it() {
        assert_eq!(
            of(&json!({"requestParameters": {"keyId": "arn:aws:kms:eu-west-2:000000000000:key/other"}})),
            None
        );
        let unnamed = json!({"requestParameters": {}, "resources": [{"ARN": KEY}]});
        assert_eq!(of(&unnamed).unwrap().order, None);
        let refused = json!({"errorCode": "AccessDeniedException", "requestParameters": {"keyId": KEY}});
        assert!(of(&refused).unwrap().denied);
    }
}
