//! Telling the shop how much may be sold (contract section 6): look the item up, then compare and set.

use super::{Shop, call, reply};
use crate::Stamp;
use crate::error::{CannotBuild, CannotRead, code};
use crate::stock::{Broke, Level, Next, Outcome};
use http::{Request, Response};
use serde::Deserialize;
use serde_json::json;
use waybill_domain::exception::Reason;

/// The item of a SKU with what the shop shows of it. A search finds what merely contains the words too, so a few
/// are asked for and the one that is equal is taken.
const FIND: &str = "query($q:String!){productVariants(first:10,query:$q){nodes{sku inventoryItem{id tracked \
inventoryLevels(first:20){nodes{location{id} quantities(names:[\"available\"]){name quantity}}}}}}}";

const SET: &str = "mutation($input:InventorySetQuantitiesInput!,$key:String!){\
inventorySetQuantities(input:$input) @idempotent(key:$key){userErrors{code field}}}";

/// Telling the shop of one SKU.
pub struct Talk {
    shop: Shop,
    level: Level,
    asked: Asked,
    /// The shop sold or was told meanwhile, and was read again.
    stale: u32,
}

enum Asked {
    Nothing,
    Item,
    Set,
}

/// How often a number that moves under us is read again before the queue tries later.
const STALE: u32 = 2;

/// Where the number stands, and what it is.
struct Shown {
    item: String,
    location: String,
    available: i64,
}

impl Talk {
    /// Will tell the shop of this level.
    pub fn new(shop: &Shop, level: Level) -> Self {
        Self { shop: shop.clone(), level, asked: Asked::Nothing, stale: 0 }
    }

    /// The next request, or how it ended.
    ///
    /// # Errors
    /// `CannotBuild` when address or token cannot be sent; `CannotRead` when the shop refuses.
    pub fn next(&mut self, reply: Option<&Response<Vec<u8>>>, _: &Stamp) -> Result<Next, Broke> {
        let Some(reply) = reply else { return self.find() };
        match std::mem::replace(&mut self.asked, Asked::Nothing) {
            Asked::Item => match self.shown(reply)? {
                None => Ok(Next::Over(Outcome::NotPossible("not_stocked_at_location"))),
                Some(shown) if shown.available == i64::from(self.level.sellable) => {
                    Ok(Next::Over(Outcome::Applied))
                }
                Some(shown) => {
                    self.asked = Asked::Set;
                    Ok(Next::Send(Box::new(self.set(&shown)?)))
                }
            },
            Asked::Set => match read_set(reply)? {
                None => Ok(Next::Over(Outcome::Applied)),
                Some(stale) if stale == "CHANGE_FROM_QUANTITY_STALE" && self.stale < STALE => {
                    self.stale += 1;
                    self.find()
                }
                Some(code) if code == "CHANGE_FROM_QUANTITY_STALE" => Err(CannotRead::Busy { code }.into()),
                Some(code) if code == "IDEMPOTENCY_CONCURRENT_REQUEST" => {
                    Err(CannotRead::Busy { code }.into())
                }
                Some(code) if code == "NON_MUTABLE_INVENTORY_ITEM" => {
                    Ok(Next::Over(Outcome::NotPossible("bundle_parent")))
                }
                Some(code) => Err(CannotRead::Refused { code, reason: Reason::WriteBackRefused }.into()),
            },
            Asked::Nothing => Err(CannotRead::Reply.into()),
        }
    }

    fn find(&mut self) -> Result<Next, Broke> {
        self.asked = Asked::Item;
        let sku = self.level.sku.replace('\\', "\\\\").replace('\'', "\\'");
        let request = call(&self.shop, FIND, &json!({ "q": format!("sku:'{sku}'") }))?;
        Ok(Next::Send(Box::new(request)))
    }

    fn shown(&self, reply: &Response<Vec<u8>>) -> Result<Option<Shown>, CannotRead> {
        let data: Variants = reply::whole(reply.status(), reply.body(), Reason::WriteBackRefused)?;
        let fits = |v: &Variant| v.sku.as_deref() == Some(self.level.sku.as_str());
        let Some(found) = data.product_variants.nodes.into_iter().find(fits) else { return Ok(None) };
        let item = found.inventory_item;
        let here = |l: &StockLevel| self.level.place.as_ref().is_none_or(|place| *place == l.location.id);
        let level = item.inventory_levels.nodes.into_iter().find(here);
        Ok(level.and_then(|level| {
            let available = level.quantities.iter().find(|q| q.name == "available")?.quantity;
            Some(Shown { item: item.id, location: level.location.id, available })
        }))
    }

    fn set(&self, shown: &Shown) -> Result<Request<Vec<u8>>, CannotBuild> {
        let input = json!({
            "name": "available",
            "reason": "correction",
            "quantities": [{
                "inventoryItemId": shown.item,
                "locationId": shown.location,
                "quantity": self.level.sellable,
                "changeFromQuantity": shown.available,
            }],
        });
        // A new key where the number we compare with is new: the old one would answer as it did before.
        let key = format!("{}-{}", self.level.key, shown.available);
        call(&self.shop, SET, &json!({ "input": input, "key": key }))
    }
}

/// `None` when it was set, else the first error's code.
fn read_set(reply: &Response<Vec<u8>>) -> Result<Option<String>, CannotRead> {
    let data: Set = reply::whole(reply.status(), reply.body(), Reason::WriteBackRefused)?;
    let payload = data.inventory_set_quantities.ok_or(CannotRead::Reply)?;
    Ok(payload.user_errors.into_iter().next().map(|e| code(e.code.as_deref().unwrap_or_default())))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Variants {
    product_variants: Nodes<Variant>,
}

#[derive(Deserialize)]
struct Nodes<T> {
    nodes: Vec<T>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Variant {
    sku: Option<String>,
    inventory_item: InventoryItem,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InventoryItem {
    id: String,
    inventory_levels: Nodes<StockLevel>,
}

#[derive(Deserialize)]
struct StockLevel {
    location: Id,
    quantities: Vec<Quantity>,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

#[derive(Deserialize)]
struct Quantity {
    name: String,
    quantity: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Set {
    inventory_set_quantities: Option<Payload>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    #[serde(default)]
    user_errors: Vec<UserError>,
}

#[derive(Deserialize)]
struct UserError {
    code: Option<String>,
}
