//! `GET /v1/requests/{request}/export?purpose=request[&format=page][&after=…]`: everything held on one buyer, for them: as
//! JSON, or as a page that people can read (CONTROLS F1).
//!
//! Store by store: the order, the sealed recipient, the labels, what carriers were given, and who opened it and why.
//! Each order that is opened is one record and counts against the hour of whoever asks, like any other opening. So a buyer
//! of many orders is told in parts: `next` names where the following part begins, in this hour or a later one.

use crate::Env;
use crate::answer::{NOT_FOUND, Stop};
use crate::ask::Ask;
use crate::gate::{Pass, enter};
use crate::page::page;
use crate::recipient::{EVERYTHING, shown};
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::{Html, IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::order::Order;
use waybill_domain::request::Kind;
use waybill_domain::{OrderId, RequestId};
use waybill_http::Allowance;
use waybill_privacy::Purpose;
use waybill_privacy::seal::open;
use waybill_store::audit::{self, Record, Stream};
use waybill_store::keys::KeyState;
use waybill_store::requests::Scope;

/// How it is to be shown.
#[derive(Deserialize, Default, JsonSchema)]
#[schemars(rename = "BuyerExportQuery")]
pub struct Asked {
    /// `page` for one that people can read; JSON otherwise.
    format: Option<String>,
    /// The order after which this part begins: the `next` of the part before.
    after: Option<String>,
    /// Must be `request`.
    #[serde(default, rename = "purpose")]
    _purpose: Option<String>,
}

/// Orders in one part: what one answer has room for.
const PART: usize = 50;

/// Answers.
///
/// # Errors
/// `purpose_required`, `no_access`, `not_allowed`, `not_confirmed`, `training_expired`, `not_found`, `reveal_limit`,
/// `unavailable`.
pub async fn export(
    State(env): State<Arc<Env>>,
    path: Result<Path<String>, PathRejection>,
    ask: Ask,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Stop> {
    let pass = enter(&env, &ask, None, |_| Action::ExportBuyer).await?;
    let id: RequestId = path.ok().and_then(|Path(text)| text.parse().ok()).ok_or(NOT_FOUND)?;
    let request = env.db.request(pass.merchant(), &id).await?.ok_or(NOT_FOUND)?;
    if request.clock.kind != Kind::Export {
        return Err(NOT_FOUND.into());
    }
    let asked = asked.map_or_else(|_| Asked::default(), |Query(asked)| asked);
    let orders: BTreeSet<OrderId> = match &request.scope {
        Scope::Orders { orders } => orders.iter().cloned().collect(),
        Scope::Buyer { indexes, orders } => {
            let mut found: BTreeSet<OrderId> = orders.iter().cloned().collect();
            for index in indexes {
                found.extend(env.db.orders_of_buyer(index).await?);
            }
            found
        }
        // A person is never a whole connection or merchant.
        Scope::Connection { .. } | Scope::Merchant => return Err(NOT_FOUND.into()),
    };
    let access = env.db.records(pass.merchant(), Stream::Access).await?;
    let disclosed = env.db.records(pass.merchant(), Stream::Disclosure).await?;
    let (mut held, mut left, mut next) = (Vec::new(), None, None);
    let begun = |order: &&OrderId| asked.after.as_deref().is_none_or(|after| order.as_str() > after);
    let mut last = None;
    for order in orders.iter().filter(begun) {
        if held.len() == PART {
            next = last;
            break;
        }
        match one(&env, &pass, order, &access, &disclosed, &mut left).await {
            Ok(found) => held.extend(found),
            // The hour is used up: what was opened in it is handed over, and the rest is asked for in the next.
            Err(Stop::Limit(allowance)) if !held.is_empty() => {
                left = Some(allowance);
                next = last;
                break;
            }
            Err(stop) => return Err(stop),
        }
        last = Some(order);
    }
    let merchant = env.db.merchant(pass.merchant()).await?.ok_or(NOT_FOUND)?;
    let export = json!({
        "request": id,
        "made_at": pass.now,
        "by": merchant.name,
        "purposes": PURPOSES,
        "rights": RIGHTS,
        "orders_in_all": orders.len(),
        "orders": held,
        "next": next,
    });
    let mut response = match asked.format.as_deref() {
        Some("page") => Html(page(&export)).into_response(),
        _ => Json(export).into_response(),
    };
    if let Some(left) = left {
        response = (left, response).into_response();
    }
    Ok(response)
}

/// What the data is used for; there is nothing else it can be used for.
const PURPOSES: [&str; 4] = [
    "to pick, pack and send what you ordered",
    "to book and print the carrier's label",
    "to settle what went wrong with your order, and returns",
    "to answer you, and what the law demands",
];
const RIGHTS: &str =
    "You may have this data corrected or erased, and you may complain to the supervisory authority.";

/// Everything held on one order, or nothing when it is another merchant's. `left` becomes what is left of the hour when
/// something was opened.
async fn one(
    env: &Env,
    pass: &Pass,
    id: &OrderId,
    access: &[Record],
    disclosed: &[Record],
    left: &mut Option<Allowance>,
) -> Result<Option<Value>, Stop> {
    let Some((order, sealed)) = env.db.order_with_sealed(id).await? else { return Ok(None) };
    if order.merchant != *pass.merchant() {
        return Ok(None);
    }
    let shipments = env.db.shipments(id).await?;
    let key = env.db.recipient_key(id).await?;
    let kept_until = match &key {
        KeyState::Live { purge_at, .. } => Some(*purge_at),
        KeyState::Erased => None,
    };
    let recipient = match (pass.live(env, id, key).await, sealed) {
        (Ok(wrapped), Some(sealed)) if !wrapped.is_empty() => {
            let names = EVERYTHING.iter().map(|name| (*name).to_owned()).collect();
            *left = Some(pass.record(env, audit::Action::Export, id, names).await?);
            let key = env.open_keys.open(&order.merchant, id, &wrapped).await?;
            Some(shown(&open(&key, &order.merchant, id, &sealed)?, Purpose::Request))
        }
        _ => None,
    };
    let of = |records: &[Record]| {
        let mine = records.iter().filter(|record| record.event.order == *id);
        mine.map(|record| record.event.clone()).collect::<Vec<_>>()
    };
    // Who opened it is somebody's name too: what for and when is what the person is told.
    let opened: Vec<Value> = of(access)
        .into_iter()
        .filter(|event| event.action != audit::Action::Refused)
        .map(|event| json!({"at": event.at, "for": event.purpose, "fields": event.fields}))
        .collect();
    let given: Vec<Value> = of(disclosed)
        .into_iter()
        .map(|event| json!({"at": event.at, "for": event.purpose, "fields": event.fields}))
        .collect();
    let parcels: Vec<Value> = shipments
        .iter()
        .map(|one| {
            json!({
                "shipment": one.id, "carrier": one.service.carrier, "service": one.service.code,
                "tracking": one.tracking(), "fields_given": one.disclosed, "label_made_at": one.labelled_at,
                "papers": one.papers.iter().map(|paper| json!({
                    "paper": paper.paper, "at": paper.at, "tracking": paper.tracking, "fields_given": paper.disclosed,
                })).collect::<Vec<_>>(),
            })
        })
        .collect();
    Ok(Some(json!({
        "order": id,
        "source": source(&order),
        "obtained_at": order.milestones.received,
        "kept_until": kept_until,
        "recipient": recipient,
        "destination": order.destination,
        "lines": order.lines.iter().map(|line| json!({"sku": line.sku, "quantity": line.quantity, "price": line.price})).collect::<Vec<_>>(),
        "total": order.total,
        "parcels": parcels,
        "given_to_carriers": given,
        "opened": opened,
    })))
}

fn source(order: &Order) -> Value {
    json!({
        "channel": order.channel, "connection": order.connection, "channel_order": order.channel_ref,
        "placed_at": order.placed_at,
    })
}
