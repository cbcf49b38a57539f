//! What a shop sells and how much of it there is.

use serde_json::{Value, json};

use super::{Account, Done, body, error, fields, invalid, paged, shop};
use crate::invent::catalogue;
use crate::state::State;
use crate::wire::{Call, Reply};

/// One product or variation.
#[derive(Debug, Clone)]
pub struct Product {
    /// Its number.
    pub id: u64,
    /// The product it is a variation of.
    pub parent: Option<u64>,
    /// Its SKU; a variable product has none.
    pub sku: String,
    /// Who keeps its number.
    pub keeps: Keeps,
    /// How many there are, below zero when sold on order.
    pub quantity: i64,
}

/// Who keeps a product's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeps {
    /// It does.
    Itself,
    /// The product it is a variation of does, for all of them together.
    Parent,
    /// Nobody.
    Nobody,
}

impl Product {
    fn shown(&self, all: &[Self]) -> Value {
        let parent = all.iter().find(|p| Some(p.id) == self.parent);
        let (manage, quantity) = match (self.keeps, parent) {
            (Keeps::Itself, _) => (json!(true), json!(self.quantity)),
            (Keeps::Parent, Some(parent)) => (json!("parent"), json!(parent.quantity)),
            _ => (json!(false), Value::Null),
        };
        let variable = all.iter().any(|p| p.parent == Some(self.id));
        let kind = match (self.parent, variable) {
            (Some(_), _) => "variation",
            (None, true) => "variable",
            (None, false) => "simple",
        };
        json!({
            "id": self.id, "parent_id": self.parent.unwrap_or(0), "name": self.sku, "type": kind, "status": "publish",
            "sku": self.sku, "manage_stock": manage, "stock_quantity": quantity, "backorders": "no",
        })
    }
}

/// The catalogue as a shop keeps it: red shirts are variations with numbers of their own, blue ones share their
/// parent's, digital goods have none, everything else is a product by itself.
pub fn of_catalogue() -> Vec<Product> {
    let mut all = vec![
        Product { id: 90, parent: None, sku: String::new(), keeps: Keeps::Nobody, quantity: 0 },
        Product { id: 91, parent: None, sku: String::new(), keeps: Keeps::Itself, quantity: 0 },
    ];
    for (id, one) in (100..).zip(catalogue()) {
        let (parent, keeps) = match one.sku {
            sku if sku.starts_with("TEE-RED") => (Some(90), Keeps::Itself),
            sku if sku.starts_with("TEE-BLU") => (Some(91), Keeps::Parent),
            _ if !one.ships => (None, Keeps::Nobody),
            _ => (None, Keeps::Itself),
        };
        all.push(Product { id, parent, sku: one.sku.to_owned(), keeps, quantity: 0 });
    }
    all
}

/// The product and variation numbers an order line shows for a SKU; 0 for what is not there.
pub fn sold_as(account: &Account, sku: &str) -> (u64, u64) {
    match account.products.iter().find(|p| !sku.is_empty() && p.sku == sku) {
        Some(Product { id, parent: Some(parent), .. }) => (*parent, *id),
        Some(product) => (product.id, 0),
        None => (0, 0),
    }
}

/// Raises or lowers the number of a SKU, wherever it is kept.
pub fn change(account: &mut Account, sku: &str, by: i64) {
    let Some(product) = account.products.iter().find(|p| !sku.is_empty() && p.sku == sku) else { return };
    let keeper = match product.keeps {
        Keeps::Itself => product.id,
        Keeps::Parent => product.parent.unwrap_or(0),
        Keeps::Nobody => return,
    };
    if let Some(product) = account.products.iter_mut().find(|p| p.id == keeper) {
        product.quantity = product.quantity.saturating_add(by);
    }
}

/// Sets the number of a SKU, which is added when it is new.
pub fn set(account: &mut Account, sku: &str, units: i64) {
    if let Some(product) = account.products.iter_mut().find(|p| p.sku == sku) {
        (product.quantity, product.keeps) = (units, Keeps::Itself);
        return;
    }
    let id = account.fresh();
    account.products.push(Product {
        id,
        parent: None,
        sku: sku.to_owned(),
        keeps: Keeps::Itself,
        quantity: units,
    });
}

/// `GET /products`: the SKU of the query is a list of SKUs, and variations are among what it finds.
pub fn list(state: &mut State, call: &Call, name: &str) -> Done {
    let account = shop(state, name)?;
    let wanted = call.param("sku");
    let fits = |product: &&Product| match &wanted {
        Some(list) => list.split(',').any(|sku| !product.sku.is_empty() && sku.trim() == product.sku),
        None => product.parent.is_none(),
    };
    let rows = account.products.iter().filter(fits).map(|p| p.shown(&account.products)).collect();
    paged(call, rows)
}

/// `PUT /products/{id}` and `PUT /products/{parent}/variations/{id}`: the number only.
pub fn update(state: &mut State, call: &Call, name: &str, parent: Option<u64>, id: Option<u64>) -> Done {
    let asked = body(call)?;
    let account = shop(state, name)?;
    let known = |p: &Product| Some(p.id) == id && p.parent == parent;
    let at = account
        .products
        .iter()
        .position(known)
        .ok_or_else(|| error(400, "woocommerce_rest_product_invalid_id", "Invalid ID."))?;
    let product = &mut account.products[at];
    match &asked["manage_stock"] {
        Value::Null => {}
        Value::Bool(true) => product.keeps = Keeps::Itself,
        Value::Bool(false) => product.keeps = Keeps::Nobody,
        Value::String(text) if text == "parent" && product.parent.is_some() => product.keeps = Keeps::Parent,
        _ => return Err(invalid("manage_stock")),
    }
    if !asked["stock_quantity"].is_null() {
        let units = asked["stock_quantity"].as_i64().ok_or_else(|| invalid("stock_quantity"))?;
        // A number nobody keeps is taken and forgotten.
        if product.keeps == Keeps::Itself {
            product.quantity = units;
            account.stock_sets += 1;
        }
    }
    let shown = account.products[at].shown(&account.products);
    Ok(Reply::json(200, &fields(call, shown)))
}

/// SKUs with their numbers, for the control door.
pub fn levels(account: &Account) -> Value {
    let known = account.products.iter().filter(|p| !p.sku.is_empty());
    let rows = known.map(|p| (p.sku.clone(), p.shown(&account.products)["stock_quantity"].clone()));
    json!({ "levels": rows.collect::<serde_json::Map<_, _>>() })
}
