//! Asking Amazon to put ORDER_CHANGE notifications into our queue (contract section 4): one destination for the
//! whole application, then one subscription for each seller.

use super::{Seller, call, is_key, query, reply};
use crate::Operation;
use crate::error::{CannotBuild, CannotRead};
use crate::lax::Lax;
use crate::stamp::Stamp;
use http::{Method, Request, Response};
use serde::Deserialize;
use serde_json::json;
use waybill_domain::exception::Reason;
use waybill_privacy::secret::Secret;

const SUBSCRIPTIONS: &str = "/notifications/v1/subscriptions/ORDER_CHANGE";
const DESTINATIONS: &str = "/notifications/v1/destinations";

/// Asks for a destination; `access` is a grantless token, `queue` the ARN of a standard queue whose policy lets
/// Amazon's account 437568002678 send.
///
/// # Errors
/// `CannotBuild` when the address or token cannot be sent.
pub fn build_destination(
    base: &str,
    access: &Secret,
    name: &str,
    queue: &str,
    stamp: &Stamp,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let body = json!({ "name": name, "resourceSpecification": { "sqs": { "arn": queue } } });
    call(base, access, Method::POST, DESTINATIONS, Some(&body), stamp)
}

/// Asks which destinations there are; `access` is a grantless token.
///
/// # Errors
/// `CannotBuild` when the address or token cannot be sent.
pub fn build_destinations(
    base: &str,
    access: &Secret,
    stamp: &Stamp,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    call(base, access, Method::GET, DESTINATIONS, None, stamp)
}

/// Asks for the seller's subscription: changes of status and cancellations the buyer asked for, of the seller's
/// marketplace only.
///
/// # Errors
/// `CannotBuild` when the address or token cannot be sent.
pub fn build_subscription(
    seller: &Seller,
    destination: &str,
    stamp: &Stamp,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let body = json!({
        "payloadVersion": "1.0",
        "destinationId": destination,
        "processingDirective": { "eventFilter": {
            "eventFilterType": "ORDER_CHANGE",
            "orderChangeTypes": ["OrderStatusChange", "BuyerRequestedChange"],
            "marketplaceIds": [seller.marketplace_id],
        } },
    });
    call(&seller.base, &seller.access, Method::POST, SUBSCRIPTIONS, Some(&body), stamp)
}

/// Asks for the seller's subscription as it stands.
///
/// # Errors
/// `CannotBuild` when the address or token cannot be sent.
pub fn build_read_subscription(seller: &Seller, stamp: &Stamp) -> Result<Request<Vec<u8>>, CannotBuild> {
    let path = format!("{SUBSCRIPTIONS}?{}", query(&[("payloadVersion", "1.0")]));
    call(&seller.base, &seller.access, Method::GET, &path, None, stamp)
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// It is there, under this id.
    Is(String),
    /// One like it is there already: ask for it.
    Already,
}

#[derive(Deserialize)]
struct Envelope<T> {
    payload: Option<T>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Destination {
    destination_id: Lax<String>,
    resource: Option<Resource>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Resource {
    sqs: Option<Queue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Queue {
    arn: Lax<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Subscription {
    subscription_id: Lax<String>,
}

/// Reads the destination that was made.
///
/// # Errors
/// `CannotRead` when Amazon refuses or names no destination.
pub fn read_destination(reply: &Response<Vec<u8>>) -> Result<Made, CannotRead> {
    if is_there(reply) {
        return Ok(Made::Already);
    }
    id(payload::<Destination>(reply)?.destination_id, "destinationId").map(Made::Is)
}

/// The id of the destination that leads to this queue; `None` when there is none.
///
/// # Errors
/// `CannotRead` when Amazon refuses or the reply is no list.
pub fn read_destinations(reply: &Response<Vec<u8>>, queue: &str) -> Result<Option<String>, CannotRead> {
    let leads = |d: &Destination| {
        let arn = d.resource.as_ref().and_then(|r| r.sqs.as_ref()).map(|q| &q.arn);
        matches!(arn, Some(Lax::Is(arn)) if arn == queue)
    };
    let found = payload::<Vec<Destination>>(reply)?.into_iter().find(leads);
    found.map(|d| id(d.destination_id, "destinationId")).transpose()
}

/// Reads the subscription, made or as it stands.
///
/// # Errors
/// `CannotRead` when Amazon refuses or names no subscription.
pub fn read_subscription(reply: &Response<Vec<u8>>) -> Result<Made, CannotRead> {
    if is_there(reply) {
        return Ok(Made::Already);
    }
    id(payload::<Subscription>(reply)?.subscription_id, "subscriptionId").map(Made::Is)
}

fn is_there(reply: &Response<Vec<u8>>) -> bool {
    reply.status().as_u16() == 409
}

fn payload<'a, T: Deserialize<'a>>(reply: &'a Response<Vec<u8>>) -> Result<T, CannotRead> {
    let body = reply::good(reply, Operation::Read, Reason::ConnectionRefused)?;
    let envelope: Envelope<T> = serde_json::from_slice(body).map_err(|_| CannotRead::Reply)?;
    envelope.payload.ok_or(CannotRead::Reply)
}

fn id(text: Lax<String>, field: &'static str) -> Result<String, CannotRead> {
    text.need(field).and_then(|id| if is_key(&id) { Ok(id) } else { Err(CannotRead::Field { field }) })
}
