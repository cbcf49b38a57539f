//! Pages of a merchant's orders of one status, newest first.
//!
//! A cursor is the index key of the last order shown, as base64url. It names its merchant and status, and one
//! that names others is refused.

use crate::Env;
use crate::answer::{BAD_CURSOR, BAD_LIMIT, BAD_QUERY, STATUS_REQUIRED, Stop};
use axum::extract::FromRequestParts;
use axum::extract::Query;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::request::Parts;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use waybill_domain::order::{Order, Status};
use waybill_domain::time::sortable;
use waybill_domain::{MerchantId, OrderId};
use waybill_runtime::problem::Problem;
use waybill_store::db::{Item, key, s};
use waybill_store::orders::{ORDER, status_key};

/// Orders on a page unless the caller says otherwise.
const USUAL: i32 = 50;
/// The most orders on a page: what one BatchGetItem reads.
const MOST: i32 = 100;

/// The query of a list.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "OrderQuery")]
pub struct Asked {
    /// Where the orders stand; orders must be asked for by one, exceptions are those of `held` without it.
    #[schemars(with = "Option<Status>")]
    status: Option<String>,
    /// How many at most, 1 to 100; 50 without it.
    #[schemars(with = "Option<u8>", range(min = 1, max = 100))]
    limit: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Stop;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Stop> {
        let Query(asked) = Query::try_from_uri(&parts.uri).map_err(|_| BAD_QUERY)?;
        Ok(asked)
    }
}

impl Asked {
    /// As it is, or for this status where it names none.
    pub(crate) fn or(mut self, status: Status) -> Self {
        self.status.get_or_insert_with(|| status.as_str().to_owned());
        self
    }

    /// The status asked for; `None` when the query names none.
    pub(crate) fn status(&self) -> Result<Option<Status>, Problem> {
        let Some(text) = &self.status else { return Ok(None) };
        Status::ALL.into_iter().find(|status| status.as_str() == text).map(Some).ok_or(STATUS_REQUIRED)
    }

    fn limit(&self) -> Result<i32, Problem> {
        let Some(text) = &self.limit else { return Ok(USUAL) };
        text.parse().ok().filter(|limit| (1..=MOST).contains(limit)).ok_or(BAD_LIMIT)
    }
}

/// Orders of one status and the cursor of the next page, if there may be one. An order that moved on to another
/// status while the index caught up is left out: it stands in its new list.
pub(crate) async fn load(
    env: &Env,
    merchant: &MerchantId,
    status: Status,
    asked: &Asked,
) -> Result<(Vec<Order>, Option<String>), Stop> {
    let limit = asked.limit()?;
    let after = asked.cursor.as_deref().map(|text| decode(text, merchant, status)).transpose()?;
    let (ids, last) = env.db.orders_by_status(merchant, status, limit, after).await?;
    let mut orders = env.db.orders(&ids).await?;
    orders.retain(|order| order.merchant == *merchant && order.status == status);
    Ok((orders, last.as_ref().and_then(encode)))
}

/// What a cursor holds.
#[derive(Serialize, Deserialize)]
struct Cursor {
    list: String,
    placed_at: Timestamp,
    order: OrderId,
}

fn encode(last: &Item) -> Option<String> {
    let text = |name: &str| last.get(name).and_then(|v| v.as_s().ok());
    let cursor = Cursor {
        list: text("status_key")?.clone(),
        placed_at: text("placed_at")?.parse().ok()?,
        order: text("pk")?.parse().ok()?,
    };
    serde_json::to_vec(&cursor).ok().map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
}

fn decode(text: &str, merchant: &MerchantId, status: Status) -> Result<Item, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BAD_CURSOR)?;
    let cursor: Cursor = serde_json::from_slice(&bytes).map_err(|_| BAD_CURSOR)?;
    if cursor.list != status_key(merchant, status) {
        return Err(BAD_CURSOR);
    }
    let mut item = key(cursor.order.as_str(), ORDER);
    item.insert("status_key".into(), s(cursor.list));
    item.insert("placed_at".into(), s(sortable(cursor.placed_at)));
    Ok(item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_place_and_into_no_other_list() {
        let (mine, theirs): (MerchantId, MerchantId) = ("mer_0a".parse().unwrap(), "mer_0b".parse().unwrap());
        let mut last = key("ord_01", ORDER);
        last.insert("status_key".into(), s(status_key(&mine, Status::Held)));
        last.insert("placed_at".into(), s("2026-11-23T09:15:00Z"));
        let cursor = encode(&last).unwrap();
        assert_eq!(decode(&cursor, &mine, Status::Held).unwrap(), last);
        for refused in [
            decode(&cursor, &theirs, Status::Held),
            decode(&cursor, &mine, Status::Booked),
            decode("%%%", &mine, Status::Held),
            decode(&URL_SAFE_NO_PAD.encode("{}"), &mine, Status::Held),
        ] {
            assert_eq!(refused.unwrap_err(), BAD_CURSOR);
        }
    }
}
