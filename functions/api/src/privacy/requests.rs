//! `POST /v1/requests`, `GET /v1/requests`, `GET /v1/requests/{request}`, `POST /v1/requests/{request}/clock`,
//! `POST /v1/requests/{request}/told`: what buyers asked, how long it may take, how it ended.
//!
//! By order, by connection or for the whole merchant. By mail address it is asked at `POST /v1/buyers/requests`, where
//! the address can become a blind index.

use crate::Env;
use crate::answer::{BAD_BODY, BAD_CLOCK, BAD_CURSOR, BAD_LIMIT, BAD_QUERY, NOT_FOUND, Stop};
use crate::body::Told;
use crate::caller::Caller;
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::request::{Asker, Clock, Kind};
use waybill_domain::{ConnectionId, MerchantId, OrderId, RequestId};
use waybill_http::Fresh;
use waybill_store::requests::{Certificate, Recipient, Request, Scope};
use waybill_store::{Queue, StoreError, Work};

/// What is asked.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "RequestBody")]
#[serde(deny_unknown_fields)]
pub struct Body {
    kind: Kind,
    #[serde(default)]
    orders: Vec<OrderId>,
    #[serde(default)]
    connection: Option<ConnectionId>,
    #[serde(default)]
    everything: bool,
}

/// What happens to a clock.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClockBody {
    /// Two months more.
    Extend,
    /// They were asked something.
    Pause,
    /// They answered.
    GoOn,
    /// It was answered.
    Answered,
}

/// Who was told.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ToldBody")]
#[serde(deny_unknown_fields)]
pub struct Passed {
    connection: ConnectionId,
}

/// A request as it stands.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RequestView")]
pub struct View {
    pub(crate) request: RequestId,
    pub(crate) kind: Kind,
    /// A person, or the merchant for them; or a platform, which gives 30 days.
    pub(crate) asker: Asker,
    #[schemars(with = "waybill_domain::time::Moment")]
    pub(crate) received: Timestamp,
    #[schemars(with = "waybill_domain::time::Moment")]
    pub(crate) due_at: Timestamp,
    pub(crate) paused: bool,
    pub(crate) extended: bool,
    pub(crate) overdue: bool,
    pub(crate) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<waybill_domain::time::Moment>")]
    pub(crate) done_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) certificate: Option<Certificate>,
    pub(crate) recipients: Vec<Recipient>,
}

impl View {
    fn new(request: Request, now: Timestamp) -> Self {
        let done = request.done_at.is_some();
        Self {
            kind: request.clock.kind,
            asker: request.clock.asker,
            received: request.clock.received,
            due_at: request.clock.due(now),
            paused: !done && request.clock.is_paused(),
            extended: request.clock.extended,
            overdue: !done && request.clock.is_overdue(now),
            status: if done { "done" } else { "open" },
            request: request.id,
            done_at: request.done_at,
            certificate: request.certificate,
            recipients: request.recipients,
        }
    }
}

/// Puts a request on record; an erasure begins at once.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_confirmed`, `bad_body`, `not_found`, `unavailable`.
pub async fn ask(
    State(env): State<Arc<Env>>,
    caller: Caller,
    fresh: Fresh,
    body: Result<Told<Body>, Stop>,
) -> Result<Json<View>, Stop> {
    let wide = matches!(&body, Ok(Told(body)) if body.everything || body.connection.is_some());
    let merchant = caller.may(&env, if wide { Action::EraseEverything } else { Action::EraseBuyer })?;
    let Told(body) = body?;
    let kind = body.kind;
    let scope = scope(&env, merchant, body).await?;
    let now = env.clock.read();
    let request = Request::new(
        RequestId::from_suffix(&fresh.suffix()?).map_err(|_| StoreError::Corrupt("id"))?,
        merchant.clone(),
        Clock::start(kind, Asker::Person, now),
        scope,
        caller.actor().to_owned(),
    );
    env.db.save_request(&request).await?;
    if kind == Kind::Erasure {
        let work = Work::Request { merchant: merchant.clone(), request: request.id.clone(), at: now };
        env.queues.send(Queue::Erase, &[work], 0).await?;
    }
    Ok(Json(View::new(request, now)))
}

/// One of the three, and only what is this merchant's.
async fn scope(env: &Env, merchant: &MerchantId, body: Body) -> Result<Scope, Stop> {
    match (body.orders.is_empty(), body.connection, body.everything) {
        (false, None, false) if body.orders.len() <= 100 => {
            let found = env.db.orders(&body.orders).await?;
            if found.len() != body.orders.len() || found.iter().any(|order| order.merchant != *merchant) {
                return Err(NOT_FOUND.into());
            }
            Ok(Scope::Orders { orders: body.orders })
        }
        (true, Some(connection), false) => {
            let ours = env.db.connection(&connection).await?.is_some_and(|one| one.merchant == *merchant);
            if ours { Ok(Scope::Connection { connection }) } else { Err(NOT_FOUND.into()) }
        }
        (true, None, true) => Ok(Scope::Merchant),
        _ => Err(BAD_BODY.into()),
    }
}

/// Requests on a page unless the caller says otherwise, and at most.
const USUAL: usize = 50;
const MOST: usize = 100;

/// The query of the list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "RequestQuery")]
pub struct Asked {
    /// Only those that stand so; all without it.
    status: Option<Standing>,
    /// How many at most, 1 to 100; 50 without it.
    #[schemars(with = "Option<u8>", range(min = 1, max = 100))]
    limit: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// Whether it was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "RequestStatus")]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Not yet.
    Open,
    /// It was.
    Done,
}

/// One page.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RequestPage")]
pub struct Page {
    /// What is open first, the next due of it; then what is done, the latest first.
    pub(crate) requests: Vec<View>,
    /// The cursor of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// Requests, page by page. One that is answered while somebody pages is met again where it stands then.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_confirmed`, `bad_query`, `bad_limit`, `bad_cursor`, `unavailable`.
pub async fn list(
    State(env): State<Arc<Env>>,
    caller: Caller,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Page>, Stop> {
    let merchant = caller.may(&env, Action::ReadRequests)?;
    let Query(asked) = asked.map_err(|_| BAD_QUERY)?;
    let limit = asked.limit.as_deref().map_or(Ok(USUAL), str::parse);
    let limit = limit.ok().filter(|limit| (1..=MOST).contains(limit)).ok_or(BAD_LIMIT)?;
    let after = asked.cursor.as_deref().map(|text| Mark::read(text).ok_or(BAD_CURSOR)).transpose()?;
    let now = env.clock.read();
    let all = env.db.requests(merchant).await?.into_iter();
    let all = all.filter(|one| asked.status.is_none_or(|is| (is == Standing::Done) == one.done_at.is_some()));
    let mut all: Vec<(Mark, View)> =
        all.map(|one| View::new(one, now)).map(|view| (Mark::of(&view), view)).collect();
    all.retain(|(mark, _)| after.as_ref().is_none_or(|after| mark > after));
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    let next = all.get(limit - 1).filter(|_| all.len() > limit).map(|(mark, _)| mark.text());
    all.truncate(limit);
    Ok(Json(Page { requests: all.into_iter().map(|(_, view)| view).collect(), next }))
}

/// A place in the list. Whoever forges one gets another part of their own merchant's list.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Mark {
    done: bool,
    /// Of an open one when it is due, of one that is done how long ago before all time that was, in microseconds.
    at: i64,
    id: String,
}

impl Mark {
    fn of(view: &View) -> Self {
        let at = view.done_at.map_or(view.due_at.as_microsecond(), |at| -at.as_microsecond());
        Self { done: view.done_at.is_some(), at, id: view.request.to_string() }
    }

    fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}|{}|{}", u8::from(self.done), self.at, self.id))
    }

    fn read(text: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut parts = text.splitn(3, '|');
        let done = parts.next()? == "1";
        Some(Self { done, at: parts.next()?.parse().ok()?, id: parts.next()?.to_owned() })
    }
}

async fn own(
    env: &Env,
    merchant: &MerchantId,
    path: Result<Path<String>, PathRejection>,
) -> Result<Request, Stop> {
    let id: RequestId = path.ok().and_then(|Path(text)| text.parse().ok()).ok_or(NOT_FOUND)?;
    Ok(env.db.request(merchant, &id).await?.ok_or(NOT_FOUND)?)
}

/// One request.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_confirmed`, `not_found`, `unavailable`.
pub async fn read(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<View>, Stop> {
    let merchant = caller.may(&env, Action::ReadRequests)?;
    let request = own(&env, merchant, path).await?;
    Ok(Json(View::new(request, env.clock.read())))
}

/// Extends, stops or starts the clock, or says that it was answered.
///
/// # Errors
/// As [`read`]; `bad_body`, `bad_clock`.
pub async fn clock(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    body: Result<Told<ClockBody>, Stop>,
) -> Result<Json<View>, Stop> {
    let merchant = caller.may(&env, Action::EraseBuyer)?;
    let mut request = own(&env, merchant, path).await?;
    let Told(body) = body?;
    let now = env.clock.read();
    let clock = request.clock.clone();
    match body {
        ClockBody::Extend => request.clock = clock.extend(now).map_err(|_| BAD_CLOCK)?,
        ClockBody::Pause => request.clock = clock.pause(now).map_err(|_| BAD_CLOCK)?,
        ClockBody::GoOn => request.clock = clock.go_on(now).map_err(|_| BAD_CLOCK)?,
        // An erasure is done when the orders are erased, not when somebody says so.
        ClockBody::Answered if clock.kind == Kind::Erasure => return Err(BAD_CLOCK.into()),
        ClockBody::Answered => {
            request.done_at = Some(now);
            env.db.finish_request(&request).await?;
            return Ok(Json(View::new(request, now)));
        }
    }
    env.db.set_clock(&request).await?;
    Ok(Json(View::new(request, now)))
}

/// Says that a channel or carrier was told of the erasure (article 19).
///
/// # Errors
/// As [`read`]; `bad_body`.
pub async fn told(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    body: Result<Told<Passed>, Stop>,
) -> Result<Json<View>, Stop> {
    let merchant = caller.may(&env, Action::EraseBuyer)?;
    let mut request = own(&env, merchant, path).await?;
    let Told(Passed { connection }) = body?;
    let now = env.clock.read();
    let one = request.recipients.iter_mut().find(|one| one.connection == connection).ok_or(NOT_FOUND)?;
    one.told_at.get_or_insert(now);
    env.db.set_recipients(&request).await?;
    Ok(Json(View::new(request, now)))
}
