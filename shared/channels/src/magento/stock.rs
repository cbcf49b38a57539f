//! Telling the shop what stands on a source's shelves (contract section 6).
//!
//! Magento wants the *physical* quantity of one source: it holds a reservation for every open order itself and
//! takes it off, so open orders taken off by us would count twice. When it is told of a shipment it lowers the
//! source's quantity by itself; the quantity is absolute, so after every write-back the caller must send the
//! level again, and a level computed before a write-back must not be sent after it.
//!
//! Shops without Magento's multi-source inventory keep one number per product, which that route cannot set
//! safely by SKU (a slash in a SKU breaks the path, and the item's id must be looked up first): they are
//! [`Outcome::Unsupported`].

use super::reply::{self, Absent};
use super::{Query, Shop, call};
use crate::Stamp;
use crate::error::{CannotBuild, CannotRead};
use crate::stock::{Broke, Level, Next, Outcome};
use http::{Method, Response, StatusCode};
use serde::de::IgnoredAny;
use serde_json::json;
use waybill_domain::exception::Reason;

/// The source every shop has.
pub const DEFAULT_SOURCE: &str = "default";

/// Tells one SKU's quantity at one source.
pub struct Talk {
    shop: Shop,
    level: Level,
}

impl Talk {
    /// Begins; [`Level::place`] is a source code, [`DEFAULT_SOURCE`] where there is none.
    pub fn new(shop: &Shop, level: Level) -> Self {
        Self { shop: shop.clone(), level }
    }

    /// The next step; without a reply the first one. Setting the same quantity again changes nothing, so a lost
    /// reply needs no look first.
    ///
    /// # Errors
    /// `Broke` when it cannot be told, or the shop refuses the connection.
    pub fn next(&mut self, reply: Option<&Response<Vec<u8>>>, stamp: &Stamp) -> Result<Next, Broke> {
        let Some(reply) = reply else {
            if self.level.sku.is_empty() {
                return Err(CannotBuild::WriteBack { field: "sku" }.into());
            }
            let item = json!({
                "sku": self.level.sku,
                "source_code": self.level.place.as_deref().unwrap_or(DEFAULT_SOURCE),
                "quantity": self.level.physical,
                "status": u8::from(self.level.physical > 0),
            });
            let body = json!({ "sourceItems": [item] });
            let path = "inventory/source-items";
            let request = call(&self.shop, Method::POST, path, &Query::new(), Some(&body), stamp)?;
            return Ok(Next::Send(Box::new(request)));
        };
        if reply::absent(reply) == Some(Absent::Route) {
            return Ok(Next::Over(Outcome::Unsupported));
        }
        if reply.status() == StatusCode::BAD_REQUEST {
            return Ok(Next::Over(Outcome::NotPossible("source_item_refused")));
        }
        reply::good(reply, Reason::WriteBackRefused)?;
        // `[]`, or nothing at all; a page of HTML is neither.
        let told = reply.body().is_empty() || serde_json::from_slice::<IgnoredAny>(reply.body()).is_ok();
        if told { Ok(Next::Over(Outcome::Applied)) } else { Err(CannotRead::Reply.into()) }
    }
}
