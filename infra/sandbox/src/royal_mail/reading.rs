//! Reading orders back: by number, by quoted reference, by page.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::orders::{CarrierOrder, Status};
use super::{RoyalMail, problem};
use crate::clock;
use crate::state::State;
use crate::wire::{Call, Reply, percent_decode};

/// One entry of an `{orderIdentifiers}` path part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Click & Drop's number.
    Id(i64),
    /// Our reference.
    Reference(String),
}

impl Wanted {
    /// Live orders of this account it means; more than one when a reference was used twice.
    pub fn find(&self, all: &RoyalMail, key: &str) -> Vec<i64> {
        let ids: &[i64] = match self {
            Self::Id(id) => std::slice::from_ref(id),
            Self::Reference(reference) => all.by_reference.get(reference).map_or(&[], Vec::as_slice),
        };
        let found = ids.iter().filter_map(|id| all.orders.get(id));
        let live = found.filter(|order| order.account == key && order.status != Status::Deleted);
        live.map(|order| order.id).collect()
    }

    /// An `OrderErrorInfo` about it.
    pub fn error(&self, code: &str, message: &str) -> Value {
        match self {
            Self::Id(id) => json!({"orderIdentifier": id, "code": code, "message": message}),
            Self::Reference(text) => json!({"orderReference": text, "code": code, "message": message}),
        }
    }
}

/// Reads `1012;%22SO-1001%22`: numbers, or references in double quotes, each percent-encoded, at most 100.
///
/// # Errors
/// The rule that was broken.
pub fn identifiers(text: &str) -> Result<Vec<Wanted>, String> {
    let parts: Vec<&str> = text.split(';').collect();
    if parts.len() > 100 {
        return Err("at most 100 order identifiers are allowed".to_owned());
    }
    let each = parts.into_iter().map(|part| {
        let part = percent_decode(part);
        let quoted = part.strip_prefix('"').and_then(|part| part.strip_suffix('"'));
        match (quoted, part.parse()) {
            (Some(reference), _) if !reference.is_empty() => Ok(Wanted::Reference(reference.to_owned())),
            (None, Ok(id)) => Ok(Wanted::Id(id)),
            _ => Err("an identifier is neither a number nor a reference in double quotes".to_owned()),
        }
    });
    each.collect()
}

/// Finds what a path asks for; `Err` is the answer to give.
pub fn resolve(state: &mut State, key: &str, ids: &str, endpoint: &str) -> Result<Vec<i64>, Reply> {
    let bad = |body: Value| Err(Reply::json(400, &json!([body])));
    let wanted = match identifiers(ids) {
        Ok(wanted) => wanted,
        Err(reason) => {
            state.refuse(endpoint, reason.clone());
            return bad(json!({"code": "BadRequest", "message": reason}));
        }
    };
    let mut all = Vec::new();
    for one in wanted {
        let found = one.find(&state.royal_mail, key);
        if let (Wanted::Reference(reference), true) = (&one, found.len() > 1) {
            return bad(json!({
                "channelOrderReference": reference,
                "code": "OrderReferenceNotUnique",
                "message": "More than one order has this reference",
            }));
        }
        all.extend(found);
    }
    if all.is_empty() { Err(Reply::empty(404)) } else { Ok(all) }
}

/// `GET /orders/{ids}`: those that exist; 404 without a body when none does.
pub fn get(state: &mut State, key: &str, ids: &str) -> Reply {
    match resolve(state, key, ids, "royal-mail.get") {
        Ok(found) => {
            let all = &state.royal_mail.orders;
            let shown: Vec<Value> =
                found.iter().filter_map(|id| all.get(id)).map(CarrierOrder::info).collect();
            Reply::json(200, &Value::Array(shown))
        }
        Err(reply) => reply,
    }
}

/// `GET /orders?pageSize=&startDateTime=&endDateTime=&continuationToken=`, by number.
pub fn list(state: &mut State, key: &str, call: &Call) -> Reply {
    let size = call.param("pageSize").map_or(Some(25), |text| text.parse::<usize>().ok());
    let Some(size) = size.filter(|size| (1..=100).contains(size)) else {
        return problem(400, "BadRequest", "pageSize must be from 1 to 100");
    };
    let time = |name: &str| call.param(name).map(|text| clock::read(&text).ok_or(()));
    let (Ok(from), Ok(to)) = (time("startDateTime").transpose(), time("endDateTime").transpose()) else {
        return problem(
            400,
            "BadRequest",
            "startDateTime and endDateTime must be dates and times with offset",
        );
    };
    let token = call.param("continuationToken");
    let token = token.and_then(|token| STANDARD.decode(token).ok());
    let after =
        token.and_then(|token| String::from_utf8(token).ok()).and_then(|token| token.parse::<i64>().ok());
    let all = state.royal_mail.orders.values().filter(|order| {
        order.account == key
            && order.status != Status::Deleted
            && from.is_none_or(|from| order.created_on >= from)
            && to.is_none_or(|to| order.created_on <= to)
            && after.is_none_or(|after| order.id > after)
    });
    let mut found: Vec<&CarrierOrder> = all.take(size + 1).collect();
    let more = found.len() > size;
    found.truncate(size);
    let mut body = json!({"orders": found.iter().map(|order| order.info()).collect::<Vec<Value>>()});
    if let (true, Some(last)) = (more, found.last()) {
        body["continuationToken"] = json!(STANDARD.encode(last.id.to_string()));
    }
    Reply::json(200, &body)
}
