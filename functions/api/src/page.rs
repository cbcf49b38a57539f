//! What a list of orders is asked for: where they stand, what they are like, and which page.

use crate::answer::{BAD_FILTER, BAD_LIMIT, BAD_QUERY, STATUS_REQUIRED, Stop};
use axum::extract::FromRequestParts;
use axum::extract::Query;
use http::request::Parts;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde::de::value::{Error, StrDeserializer};
use waybill_domain::ConnectionId;
use waybill_domain::exception::Reason;
use waybill_domain::order::{Channel, Order, Status};
use waybill_runtime::problem::Problem;
use waybill_store::listing::Span;

/// Orders on a page unless the caller says otherwise.
const USUAL: usize = 50;
/// The most orders on a page: what one BatchGetItem reads.
const MOST: usize = 100;

/// The query of a list.
#[derive(Default, Deserialize, JsonSchema)]
#[schemars(rename = "OrderQuery")]
pub struct Asked {
    /// Where the orders stand. Without it, orders of every status; exceptions are then those of `held`.
    #[schemars(with = "Option<Status>")]
    status: Option<String>,
    /// Through which account they came.
    #[schemars(with = "Option<ConnectionId>")]
    connection: Option<String>,
    /// Through which channel they came.
    #[schemars(with = "Option<Channel>")]
    channel: Option<String>,
    /// Placed then or later.
    #[schemars(with = "Option<waybill_domain::time::Moment>")]
    placed_from: Option<String>,
    /// Placed before then.
    #[schemars(with = "Option<waybill_domain::time::Moment>")]
    placed_before: Option<String>,
    /// One of their lines is of this SKU, or is made of it.
    sku: Option<String>,
    /// An open matter of theirs has this reason.
    #[schemars(with = "Option<Reason>")]
    reason: Option<String>,
    /// How many at most, 1 to 100; 50 without it.
    #[schemars(with = "Option<u8>", range(min = 1, max = 100))]
    limit: Option<String>,
    /// `next` of the page before.
    pub(crate) cursor: Option<String>,
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
        named(text).map(Some).ok_or(STATUS_REQUIRED)
    }

    /// How many are asked for.
    pub(crate) fn limit(&self) -> Result<usize, Problem> {
        let Some(text) = &self.limit else { return Ok(USUAL) };
        text.parse().ok().filter(|limit| (1..=MOST).contains(limit)).ok_or(BAD_LIMIT)
    }

    /// When they were placed.
    pub(crate) fn span(&self) -> Result<Span, Problem> {
        let time = |text: &Option<String>| -> Result<Option<Timestamp>, Problem> {
            text.as_deref().map(|text| text.parse().map_err(|_| BAD_FILTER)).transpose()
        };
        Ok(Span { from: time(&self.placed_from)?, before: time(&self.placed_before)? })
    }

    /// What they are like.
    pub(crate) fn filter(&self) -> Result<Filter, Problem> {
        let connection = self.connection.as_deref().map(|text| text.parse().map_err(|_| BAD_FILTER));
        Ok(Filter {
            connection: connection.transpose()?,
            channel: of(&self.channel)?,
            sku: self.sku.clone(),
            reason: of(&self.reason)?,
        })
    }
}

/// A word of a closed list; `None` when it is none of them.
pub(crate) fn named<T: DeserializeOwned>(text: &str) -> Option<T> {
    T::deserialize(StrDeserializer::<Error>::new(text)).ok()
}

/// A parameter that is a word of a closed list, where it is given.
pub(crate) fn of<T: DeserializeOwned>(text: &Option<String>) -> Result<Option<T>, Problem> {
    text.as_deref().map(|text| named(text).ok_or(BAD_FILTER)).transpose()
}

/// What the index of a list does not know; it is held against the orders that were read.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    connection: Option<ConnectionId>,
    channel: Option<Channel>,
    sku: Option<String>,
    reason: Option<Reason>,
}

impl Filter {
    /// Whether an order is wanted.
    pub(crate) fn takes(&self, order: &Order) -> bool {
        self.connection.as_ref().is_none_or(|one| order.connection == *one)
            && self.channel.is_none_or(|one| order.channel == one)
            && self.reason.is_none_or(|one| order.exceptions.iter().any(|open| open.reason == one))
            && self.sku.as_ref().is_none_or(|sku| {
                let made_of =
                    |line: &waybill_domain::order::Line| line.takes().iter().any(|part| part.sku == *sku);
                order.lines.iter().any(|line| line.sku.as_ref() == Some(sku) || made_of(line))
            })
    }
}
