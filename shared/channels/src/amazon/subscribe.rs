//! Asking Amazon to put ORDER_CHANGE notifications into our queue (contract section 4): one destination for the
//! whole application, then one subscription for each seller.

use super::token::{NOTIFICATIONS, build_grantless, read_token};
use super::{Seller, call, is_key, query, reply};
use crate::Operation;
use crate::care::{Looked, Next};
use crate::error::{CannotBuild, CannotRead};
use crate::lax::Lax;
use crate::stamp::Stamp;
use crate::writeback::Broke;
use http::{Method, Request, Response};
use serde::Deserialize;
use serde_json::json;
use waybill_domain::exception::Reason;
use waybill_privacy::secret::Secret;

/// What the destination is called at Amazon.
const NAME: &str = "waybill";
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
    destination_id: Lax<String>,
}

/// Sees to it that the seller's changes are told to our queue.
pub struct Care {
    seller: Seller,
    queue: String,
    asked: Asked,
}

enum Asked {
    Grant,
    Destinations(Secret),
    Destination(Secret),
    Standing { destination: String },
    Subscription,
}

impl Care {
    /// Begins; `queue` is the ARN of ours.
    pub fn new(seller: &Seller, queue: String) -> Self {
        Self { seller: seller.clone(), queue, asked: Asked::Grant }
    }

    /// Takes the last reply, `None` at first. A subscription that leads elsewhere is another installation's of the same
    /// application: Amazon keeps one for each seller, so it stays and a person decides.
    ///
    /// # Errors
    /// `Broke` when a request cannot be made, or Amazon refuses.
    pub fn next(&mut self, reply: Option<&Response<Vec<u8>>>, stamp: &Stamp) -> Result<Next, Broke> {
        let Some(reply) = reply else {
            self.asked = Asked::Grant;
            return Ok(wants(build_grantless(&self.seller.application, NOTIFICATIONS)?));
        };
        match std::mem::replace(&mut self.asked, Asked::Grant) {
            Asked::Grant => self.list(read_token(reply, stamp)?.access, stamp),
            Asked::Destinations(access) => match read_destinations(reply, &self.queue)? {
                Some(destination) => self.look(destination, stamp),
                None => {
                    let base = &self.seller.base;
                    let request = build_destination(base, &access, NAME, &self.queue, stamp)?;
                    self.asked = Asked::Destination(access);
                    Ok(wants(request))
                }
            },
            Asked::Destination(access) => match read_destination(reply)? {
                Made::Is(destination) => self.look(destination, stamp),
                // Another of our functions made it just now.
                Made::Already => self.list(access, stamp),
            },
            Asked::Standing { destination } => match read_standing(reply)? {
                Some(leads) => {
                    let missing = leads != destination;
                    Ok(Next::Over(Looked { missing, ..Looked::default() }))
                }
                None => {
                    let request = build_subscription(&self.seller, &destination, stamp)?;
                    self.asked = Asked::Subscription;
                    Ok(wants(request))
                }
            },
            Asked::Subscription => {
                let made = usize::from(matches!(read_subscription(reply)?, Made::Is(_)));
                Ok(Next::Over(Looked { made, ..Looked::default() }))
            }
        }
    }

    fn list(&mut self, access: Secret, stamp: &Stamp) -> Result<Next, Broke> {
        let request = build_destinations(&self.seller.base, &access, stamp)?;
        self.asked = Asked::Destinations(access);
        Ok(wants(request))
    }

    fn look(&mut self, destination: String, stamp: &Stamp) -> Result<Next, Broke> {
        let request = build_read_subscription(&self.seller, stamp)?;
        self.asked = Asked::Standing { destination };
        Ok(wants(request))
    }
}

fn wants(request: Request<Vec<u8>>) -> Next {
    Next::Send(Box::new(request))
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

/// Reads the subscription that was made.
///
/// # Errors
/// `CannotRead` when Amazon refuses or names no subscription.
pub fn read_subscription(reply: &Response<Vec<u8>>) -> Result<Made, CannotRead> {
    if is_there(reply) {
        return Ok(Made::Already);
    }
    id(payload::<Subscription>(reply)?.subscription_id, "subscriptionId").map(Made::Is)
}

/// The destination of the subscription as it stands; `None` when there is no subscription.
///
/// # Errors
/// `CannotRead` when Amazon refuses or the reply names no destination.
pub fn read_standing(reply: &Response<Vec<u8>>) -> Result<Option<String>, CannotRead> {
    if reply.status().as_u16() == 404 {
        return Ok(None);
    }
    id(payload::<Subscription>(reply)?.destination_id, "destinationId").map(Some)
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
