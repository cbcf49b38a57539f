//! Pages of a merchant's orders, newest first, over one status or several.
//!
//! The index holds one list per status. Several are walked side by side, always the newest first; a cursor is the place
//! reached in each of them, as base64url. It names its merchant and lists, and one that names others is refused. An
//! order that moves on while somebody pages may be seen twice or not at all, as in any list that lives.

use crate::Env;
use crate::answer::{BAD_CURSOR, Stop};
use crate::page::Asked;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::future::try_join_all;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use waybill_domain::order::{Order, Status};
use waybill_domain::{MerchantId, OrderId};
use waybill_runtime::problem::Problem;
use waybill_store::listing::{Place, Span};

/// The most orders that are read for one page: where a filter takes few of them, the page ends short, with a cursor.
const LOOKED_AT: usize = 1000;

/// Orders of these statuses that the query and `wanted` take, and the cursor of the next page, if there may be one.
pub(crate) async fn orders(
    env: &Env,
    merchant: &MerchantId,
    statuses: &[Status],
    asked: &Asked,
    wanted: impl Fn(&Order) -> bool,
) -> Result<(Vec<Order>, Option<String>), Stop> {
    let (limit, span, filter) = (asked.limit()?, asked.span()?, asked.filter()?);
    let mut walk = match &asked.cursor {
        Some(text) => Walk::again(text, merchant, statuses, span)?,
        None => Walk::begin(statuses),
    };
    let mut found = Vec::new();
    let mut looked = 0;
    while found.len() < limit && looked < LOOKED_AT {
        walk.read_on(env, merchant, span, limit).await?;
        let next = walk.next(limit);
        if next.is_empty() {
            break;
        }
        looked += next.len();
        let ids: Vec<OrderId> = next.iter().map(|(_, place)| place.order.clone()).collect();
        let read = env.db.orders(&ids).await?;
        for (lane, place) in next {
            if found.len() == limit {
                walk.give_back(lane, place);
                continue;
            }
            let lane = &mut walk.lanes[lane];
            // One that moved on while the index caught up stands in its new list.
            let is = |order: &&Order| {
                order.id == place.order && order.merchant == *merchant && order.status == lane.status
            };
            found.extend(read.iter().find(is).filter(|order| filter.takes(order) && wanted(order)).cloned());
            lane.reached = Some(place);
        }
    }
    let next = walk.cursor(merchant, statuses);
    Ok((found, next))
}

/// One list that is walked.
struct Lane {
    status: Status,
    /// What was read of it and not yet shown, newest first.
    rows: VecDeque<Place>,
    /// The last that was shown.
    reached: Option<Place>,
    /// There is nothing behind `rows`.
    read: bool,
}

/// Several lists side by side.
struct Walk {
    lanes: Vec<Lane>,
}

impl Walk {
    fn begin(statuses: &[Status]) -> Self {
        let lane =
            |status: &Status| Lane { status: *status, rows: VecDeque::new(), reached: None, read: false };
        Self { lanes: statuses.iter().map(lane).collect() }
    }

    fn again(text: &str, merchant: &MerchantId, statuses: &[Status], span: Span) -> Result<Self, Problem> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BAD_CURSOR)?;
        let cursor: Cursor = serde_json::from_slice(&bytes).map_err(|_| BAD_CURSOR)?;
        if cursor.of != *merchant || cursor.lists.iter().map(|mark| mark.status).ne(statuses.iter().copied())
        {
            return Err(BAD_CURSOR);
        }
        let lane = |Mark { status, at, order, over }| Lane {
            status,
            rows: VecDeque::new(),
            reached: at.zip(order).map(|(placed_at, order)| Place { placed_at, order }),
            read: over,
        };
        let lanes: Vec<Lane> = cursor.lists.into_iter().map(lane).collect();
        let inside = |lane: &Lane| lane.reached.as_ref().is_none_or(|place| span.holds(place));
        if lanes.iter().all(inside) { Ok(Self { lanes }) } else { Err(BAD_CURSOR) }
    }

    /// Reads the lanes on that have run dry, side by side.
    async fn read_on(
        &mut self,
        env: &Env,
        merchant: &MerchantId,
        span: Span,
        most: usize,
    ) -> Result<(), Stop> {
        let most = i32::try_from(most).unwrap_or(i32::MAX);
        let dry = self.lanes.iter().enumerate().filter(|(_, lane)| lane.rows.is_empty() && !lane.read);
        let dry: Vec<_> = dry.map(|(n, lane)| (n, lane.status, lane.reached.clone())).collect();
        let read = dry.into_iter().map(|(n, status, reached)| async move {
            let read = env.db.places_of_status(merchant, status, span, reached.as_ref(), most).await?;
            Ok::<_, Stop>((n, read))
        });
        for (n, (rows, more)) in try_join_all(read).await? {
            self.lanes[n].read = !more;
            self.lanes[n].rows = rows.into();
        }
        Ok(())
    }

    /// At most so many of the newest, each with its lane; fewer where a lane has to be read on first.
    fn next(&mut self, most: usize) -> Vec<(usize, Place)> {
        let mut next = Vec::new();
        while next.len() < most && self.lanes.iter().all(|lane| lane.read || !lane.rows.is_empty()) {
            let heads = self.lanes.iter().enumerate().filter_map(|(n, lane)| Some((n, lane.rows.front()?)));
            let newest = heads.max_by(|(_, a), (_, b)| (a.placed_at, &a.order).cmp(&(b.placed_at, &b.order)));
            let Some(n) = newest.map(|(n, _)| n) else { break };
            next.extend(self.lanes[n].rows.pop_front().map(|place| (n, place)));
        }
        next
    }

    /// What was taken and not shown: there is more behind what is reached.
    fn give_back(&mut self, lane: usize, place: Place) {
        self.lanes[lane].rows.push_back(place);
    }

    fn cursor(self, merchant: &MerchantId, statuses: &[Status]) -> Option<String> {
        let over = |lane: &Lane| lane.read && lane.rows.is_empty();
        if self.lanes.iter().all(over) || statuses.is_empty() {
            return None;
        }
        let mark = |lane: Lane| {
            let over = over(&lane);
            let (at, order) = lane.reached.map(|place| (place.placed_at, place.order)).unzip();
            Mark { status: lane.status, at, order, over }
        };
        let cursor = Cursor { of: merchant.clone(), lists: self.lanes.into_iter().map(mark).collect() };
        serde_json::to_vec(&cursor).ok().map(|bytes| URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// What a cursor holds.
#[derive(Serialize, Deserialize)]
struct Cursor {
    of: MerchantId,
    lists: Vec<Mark>,
}

/// The place reached in one list.
#[derive(Serialize, Deserialize)]
struct Mark {
    status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    order: Option<OrderId>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    over: bool,
}
