//! Reading one sink from its first item to its last.

use super::sinks::{Kind, Sink};
use crate::signed::{Signed, percent};
use crate::stack::{Stack, Trouble};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Takes what was read: where it stood, and its bytes.
pub type Look<'a> = dyn FnMut(&str, &[u8]) + 'a;

/// Reads a sink whole and gives the number of its items. Nothing is consumed or changed.
///
/// # Errors
/// When anything of it cannot be read.
pub async fn read(
    stack: &Stack,
    aws: &Signed<'_>,
    sink: &Sink,
    look: &mut Look<'_>,
) -> Result<usize, Trouble> {
    let id = sink.id.as_str();
    match sink.kind {
        Kind::Table | Kind::Index => items(aws, sink, look).await,
        Kind::Queue | Kind::DeadLetters | Kind::Bus => messages(stack, aws, id, look).await,
        Kind::Objects => objects(stack, id, false, look).await,
        Kind::ObjectNames => objects(stack, id, true, look).await,
        Kind::Log => lines(aws, id, look).await,
        Kind::Function => {
            whole(aws.get("lambda", &format!("/2015-03-31/functions/{id}/configuration")).await?, look)
        }
        Kind::Schedule => whole(aws.get("scheduler", &format!("/schedules/{id}")).await?, look),
        Kind::Key => {
            let key = json!({"KeyId": id});
            let described = aws.json("kms", "TrentService.DescribeKey", &key).await?;
            let tags = aws.json("kms", "TrentService.ListResourceTags", &key).await?;
            whole(json!([described, tags]), look)
        }
        Kind::Users => users(aws, id, look).await,
        Kind::Trail => trail(aws, look).await,
        Kind::Metrics => metrics(aws, look).await,
    }
}

/// Every text and number of a value, and every name in it.
fn leaves(place: &str, value: &Value, look: &mut Look<'_>) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Number(number) => look(place, number.to_string().as_bytes()),
        Value::String(text) => look(place, text.as_bytes()),
        Value::Array(values) => {
            for (n, inner) in values.iter().enumerate() {
                leaves(&format!("{place}/{n}"), inner, look);
            }
        }
        Value::Object(entries) => {
            for (name, inner) in entries {
                look(&format!("{place}, a name"), name.as_bytes());
                leaves(&format!("{place}/{name}"), inner, look);
            }
        }
    }
}

fn whole(value: Value, look: &mut Look<'_>) -> Result<usize, Trouble> {
    leaves("settings", &value, look);
    Ok(1)
}

async fn items(aws: &Signed<'_>, sink: &Sink, look: &mut Look<'_>) -> Result<usize, Trouble> {
    let mut ask = json!({"TableName": sink.id});
    if let Some(index) = &sink.index {
        ask["IndexName"] = json!(index);
    }
    let mut count = 0;
    loop {
        let page = aws.json("dynamodb", "DynamoDB_20120810.Scan", &ask).await?;
        for item in page["Items"].as_array().ok_or("a table gave no items")? {
            count += 1;
            for (name, value) in item.as_object().into_iter().flatten() {
                look(&format!("item {count}, a name"), name.as_bytes());
                attribute(&format!("item {count}/{name}"), value, look)?;
            }
        }
        match page.get("LastEvaluatedKey") {
            Some(key) if !key.is_null() => ask["ExclusiveStartKey"] = key.clone(),
            _ => return Ok(count),
        }
    }
}

/// One attribute in DynamoDB's JSON, bytes as bytes.
fn attribute(place: &str, value: &Value, look: &mut Look<'_>) -> Result<(), Trouble> {
    let (kind, inner) =
        value.as_object().and_then(|map| map.iter().next()).ok_or("an attribute without a type was read")?;
    let bytes = |value: &Value| STANDARD.decode(value.as_str().unwrap_or_default());
    match kind.as_str() {
        "B" => look(place, &bytes(inner)?),
        "BS" => {
            for value in inner.as_array().into_iter().flatten() {
                look(place, &bytes(value)?);
            }
        }
        "M" => {
            for (name, value) in inner.as_object().into_iter().flatten() {
                look(&format!("{place}, a name"), name.as_bytes());
                attribute(&format!("{place}/{name}"), value, look)?;
            }
        }
        "L" => {
            for (n, value) in inner.as_array().into_iter().flatten().enumerate() {
                attribute(&format!("{place}/{n}"), value, look)?;
            }
        }
        _ => leaves(place, inner, look),
    }
    Ok(())
}

/// Messages, also those that are delayed or being worked on, through the local AWS's own window: receiving them
/// would count as a failed try and bring them to the dead letters.
async fn messages(stack: &Stack, aws: &Signed<'_>, url: &str, look: &mut Look<'_>) -> Result<usize, Trouble> {
    let found = aws.get("sqs", &format!("/_ministack/sqs/messages?QueueUrl={}", percent(url))).await?;
    let of_region = found["messages"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(_, regions)| regions.get(&stack.region));
    let queues: Vec<&Value> = of_region.filter_map(|queues| queues.get(url)).collect();
    if queues.is_empty() {
        return Err(format!("the queue {url} cannot be looked into").into());
    }
    let mut count = 0;
    for message in queues.into_iter().filter_map(Value::as_array).flatten() {
        count += 1;
        leaves(&format!("message {}", message["MessageId"].as_str().unwrap_or("?")), message, look);
    }
    Ok(count)
}

async fn objects(stack: &Stack, bucket: &str, names: bool, look: &mut Look<'_>) -> Result<usize, Trouble> {
    let s3 = waybill_runtime::aws::bucket(&stack.sdk(), bucket.to_owned()).client;
    let (mut count, mut key, mut version) = (0, None, None);
    loop {
        let ask = s3.list_object_versions().bucket(bucket);
        let page = ask.set_key_marker(key).set_version_id_marker(version).send().await?;
        let deleted = page.delete_markers.unwrap_or_default().into_iter().filter_map(|marker| marker.key);
        for name in deleted {
            look("a deleted object's name", name.as_bytes());
        }
        for object in page.versions.unwrap_or_default() {
            count += 1;
            let (name, place) = (object.key.unwrap_or_default(), format!("object {count}"));
            if names {
                look(&place, name.as_bytes());
                let head = s3.head_object().bucket(bucket).key(&name).send().await?;
                for (key, value) in head.metadata.into_iter().flatten() {
                    look(&format!("{place}, metadata"), format!("{key}={value}").as_bytes());
                }
                let given = [
                    head.content_disposition,
                    head.content_type,
                    head.cache_control,
                    head.website_redirect_location,
                ];
                given.iter().flatten().for_each(|text| look(&format!("{place}, headers"), text.as_bytes()));
                let tags = s3.get_object_tagging().bucket(bucket).key(&name).send().await?;
                tags.tag_set.iter().for_each(|tag| {
                    look(&format!("{place}, tags"), format!("{}={}", tag.key, tag.value).as_bytes())
                });
            } else {
                let body = s3.get_object().bucket(bucket).key(&name).send().await?.body.collect().await?;
                look(&place, &body.into_bytes());
            }
        }
        if page.is_truncated != Some(true) {
            return Ok(count);
        }
        (key, version) = (page.next_key_marker, page.next_version_id_marker);
    }
}

async fn lines(aws: &Signed<'_>, group: &str, look: &mut Look<'_>) -> Result<usize, Trouble> {
    let mut ask = json!({"logGroupName": group});
    let mut count = 0;
    loop {
        let page = aws.json("logs", "Logs_20140328.FilterLogEvents", &ask).await?;
        for event in page["events"].as_array().ok_or("a log group gave no events")? {
            count += 1;
            look(&format!("line {count}"), event["message"].as_str().unwrap_or_default().as_bytes());
            look(
                &format!("line {count}, its stream"),
                event["logStreamName"].as_str().unwrap_or_default().as_bytes(),
            );
        }
        match page["nextToken"].as_str() {
            Some(next) => ask["nextToken"] = json!(next),
            None => return Ok(count),
        }
    }
}

async fn users(aws: &Signed<'_>, pool: &str, look: &mut Look<'_>) -> Result<usize, Trouble> {
    let mut ask = json!({"UserPoolId": pool});
    let mut count = 0;
    loop {
        let page = aws.json("cognito-idp", "AWSCognitoIdentityProviderService.ListUsers", &ask).await?;
        for user in page["Users"].as_array().ok_or("a user pool gave no users")? {
            count += 1;
            leaves(&format!("user {count}"), user, look);
        }
        match page["PaginationToken"].as_str() {
            Some(next) => ask["PaginationToken"] = json!(next),
            None => return Ok(count),
        }
    }
}

async fn trail(aws: &Signed<'_>, look: &mut Look<'_>) -> Result<usize, Trouble> {
    let mut count = 0;
    events(aws, |event| {
        count += 1;
        leaves(&format!("event {}", event["EventId"].as_str().unwrap_or("?")), event, look);
    })
    .await?;
    Ok(count)
}

/// Every recorded call, newest first.
///
/// # Errors
/// When the record cannot be read.
pub async fn events(aws: &Signed<'_>, mut each: impl FnMut(&Value)) -> Result<(), Trouble> {
    // There is no next page: one asks again up to the oldest time seen and drops what is known.
    let mut known = BTreeSet::new();
    let mut ask = json!({"MaxResults": 50});
    loop {
        let page = aws.json("cloudtrail", TARGET, &ask).await?;
        let before = known.len();
        for event in page["Events"].as_array().ok_or("CloudTrail gave no events")? {
            if known.insert(event["EventId"].as_str().unwrap_or_default().to_owned()) {
                each(event);
                ask["EndTime"] = event["EventTime"].clone();
            }
        }
        if known.len() == before {
            return Ok(());
        }
    }
}

const TARGET: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";

async fn metrics(aws: &Signed<'_>, look: &mut Look<'_>) -> Result<usize, Trouble> {
    let mut ask = json!({});
    let mut count = 0;
    loop {
        let page = aws.json("monitoring", "GraniteServiceVersion20100801.ListMetrics", &ask).await?;
        for metric in page["Metrics"].as_array().ok_or("CloudWatch gave no metrics")? {
            count += 1;
            leaves(&format!("metric {count}"), metric, look);
        }
        match page["NextToken"].as_str() {
            Some(next) => ask["NextToken"] = json!(next),
            None => return Ok(count),
        }
    }
}
