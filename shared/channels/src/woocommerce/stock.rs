//! Telling the shop how much may be sold (contract section 6).
//!
//! The number written is absolute and counts open orders as sold, because the shop takes off what it sells
//! itself. There is no compare-and-set: a sale between our count and our write is put right by the next one.

use super::{Shop, call, encoded, reply};
use crate::error::{CannotBuild, CannotRead};
use crate::lax::{Key, Lax};
use crate::stamp::Stamp;
use crate::stock::{Broke, Level, Next, Outcome};
use http::{Method, Response};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::json;
use waybill_domain::exception::Reason;

const FIELDS: &str = "id,parent_id,type,sku,manage_stock,stock_quantity";

/// One SKU's number on its way.
pub struct Talk {
    shop: Shop,
    level: Level,
    writing: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Product {
    id: Lax<Key>,
    parent_id: Lax<Key>,
    #[serde(rename = "type")]
    kind: Lax<String>,
    sku: Lax<String>,
    /// True, false, or `parent` for a variation that shares its parent's number.
    manage_stock: Lax<String>,
    stock_quantity: Lax<Decimal>,
}

impl Product {
    fn is_managed(&self) -> bool {
        matches!(&self.manage_stock, Lax::Is(m) if m == "true")
    }
}

impl Talk {
    /// Begins.
    pub fn new(shop: &Shop, level: Level) -> Self {
        Self { shop: shop.clone(), level, writing: false }
    }

    /// Takes the last reply, `None` at first.
    ///
    /// # Errors
    /// `Broke` when a request cannot be made, or the shop refuses.
    pub fn next(&mut self, answer: Option<&Response<Vec<u8>>>, _stamp: &Stamp) -> Result<Next, Broke> {
        let Some(answer) = answer else {
            self.writing = false;
            let sku = self.level.sku.trim();
            if sku.is_empty() {
                return Err(CannotBuild::WriteBack { field: "sku" }.into());
            }
            let path = format!("/wc/v3/products?sku={}&per_page=100&_fields={FIELDS}", encoded(sku));
            return Ok(Next::Send(Box::new(call(&self.shop, Method::GET, &path, None)?)));
        };
        if self.writing {
            if reply::missing(answer) {
                return Ok(Next::Over(Outcome::NotPossible("sku_unknown")));
            }
            let product: Product = reply::json(answer, Reason::WriteBackRefused)?;
            // Where the shop's stock management is off as a whole, it takes the number and forgets it.
            let kept = if product.is_managed() {
                Outcome::Applied
            } else {
                Outcome::NotPossible("stock_not_managed")
            };
            return Ok(Next::Over(kept));
        }
        let products: Vec<Product> = reply::json(answer, Reason::WriteBackRefused)?;
        self.write(products)
    }

    fn write(&mut self, products: Vec<Product>) -> Result<Next, Broke> {
        // The shop reads commas in the query as a list, and some versions find parts of SKUs.
        let same = |p: &Product| matches!(&p.sku, Lax::Is(sku) if sku == self.level.sku.trim());
        let mut found: Vec<Product> = products.into_iter().filter(same).collect();
        let Some(product) = found.pop() else { return Ok(Next::Over(Outcome::NotPossible("sku_unknown"))) };
        if !found.is_empty() {
            return Ok(Next::Over(Outcome::NotPossible("sku_ambiguous")));
        }
        let kind = match &product.kind {
            Lax::Is(kind) => kind.as_str(),
            _ => "",
        };
        if matches!(kind, "external" | "grouped") {
            return Ok(Next::Over(Outcome::NotPossible("stock_not_managed")));
        }
        let wanted = Decimal::from(self.level.sellable);
        if product.is_managed() && matches!(product.stock_quantity, Lax::Is(there) if there == wanted) {
            return Ok(Next::Over(Outcome::Applied));
        }
        let id = product.id.need("id").map_err(Broke::from)?.0;
        let path = if kind == "variation" {
            // Written to the parent, the number would be sold by every variation that shares it; a variation
            // that is told its own number keeps it apart from then on.
            let parent = product.parent_id.may("parent_id").map_err(Broke::from)?;
            let parent = parent.filter(|p| p.0 != "0").ok_or(CannotRead::Field { field: "parent_id" })?;
            format!("/wc/v3/products/{}/variations/{id}?_fields={FIELDS}", parent.0)
        } else {
            format!("/wc/v3/products/{id}?_fields={FIELDS}")
        };
        let body = json!({ "manage_stock": true, "stock_quantity": self.level.sellable });
        self.writing = true;
        Ok(Next::Send(Box::new(call(&self.shop, Method::PUT, &path, Some(&body))?)))
    }
}
