//! The AWS clients, made once at start.

use aws_config::{BehaviorVersion, SdkConfig};
use std::collections::BTreeMap;
use waybill_store::bus::EventBridge;
use waybill_store::keyring::Kms;
use waybill_store::labels::Bucket;
use waybill_store::queues::Sqs;
use waybill_store::trail::CloudTrail;
use waybill_store::{Db, Queue, Tables};

/// What the environment says about Region, credentials and, locally, the endpoint.
pub async fn load() -> SdkConfig {
    aws_config::load_defaults(BehaviorVersion::latest()).await
}

/// DynamoDB with our tables.
pub fn db(sdk: &SdkConfig, tables: Tables) -> Db {
    Db { client: aws_sdk_dynamodb::Client::new(sdk), tables }
}

/// KMS with the ids of both keys; a function without business with one leaves it empty.
pub fn kms(sdk: &SdkConfig, recipients: String, credentials: String) -> Kms {
    Kms { client: aws_sdk_kms::Client::new(sdk), recipients, credentials }
}

/// What CloudTrail knows of the recipients' key, by its ARN.
pub fn trail(sdk: &SdkConfig, recipients: String) -> CloudTrail {
    CloudTrail { client: aws_sdk_cloudtrail::Client::new(sdk), key: recipients }
}

/// The queues a function sends to.
pub fn queues(sdk: &SdkConfig, urls: BTreeMap<Queue, String>) -> Sqs {
    Sqs { client: aws_sdk_sqs::Client::new(sdk), urls }
}

/// The event bus.
pub fn bus(sdk: &SdkConfig, name: String) -> EventBridge {
    EventBridge { client: aws_sdk_eventbridge::Client::new(sdk), name }
}

/// The label bucket. Path style, so that the same client works against a local endpoint.
pub fn bucket(sdk: &SdkConfig, name: String) -> Bucket {
    let config = aws_sdk_s3::config::Builder::from(sdk).force_path_style(true).build();
    Bucket { client: aws_sdk_s3::Client::from_conf(config), name }
}
