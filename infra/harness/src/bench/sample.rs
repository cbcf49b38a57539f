//! The orders that are measured with: 10 KB each, three lines, signed, and the account they arrive at.

use crate::stack::Trouble;
use serde_json::{Value, json};
use waybill_domain::ConnectionId;
use waybill_privacy::index::IndexKey;
use waybill_privacy::recipient::Needs;
use waybill_runtime::directory::Account;
use waybill_sandbox::invent::{Kind, Mix, catalogue, orders};
use waybill_sandbox::shopify::webhooks::sign;
use waybill_store::registry::{Connection, ConnectionState, Credentials, Merchant};

/// How large every order is, in bytes.
pub const SIZE: usize = 10 * 1024;
/// How many different orders there are: enough that none is measured from a warm cache alone.
const DIFFERENT: usize = 64;
/// How many lines each has.
pub const LINES: usize = 3;
/// Signs them.
pub const SECRET: &str = "bench-client-secret";
/// The merchant's index key.
pub const INDEX_KEY: [u8; 32] = [7; 32];
/// What KMS would have given.
pub const DATA_KEY: [u8; 32] = [9; 32];

/// An order as it arrives.
pub struct Signed {
    /// The exact bytes.
    pub body: Vec<u8>,
    /// Their signature.
    pub signature: String,
}

/// Orders and where they arrive.
pub struct Sample {
    /// The orders.
    pub orders: Vec<Signed>,
    /// The account, as a warm function holds it.
    pub account: Account,
}

impl Sample {
    /// The same orders every time.
    ///
    /// # Errors
    /// Never in practice: the ids are well formed.
    pub fn new() -> Result<Self, Trouble> {
        let signed = |body: Vec<u8>| Signed { signature: sign(SECRET, &body), body };
        let orders = three_lines(DIFFERENT).into_iter().map(|order| signed(padded(order))).collect();
        Ok(Self { orders, account: account()? })
    }
}

/// `count` invented orders of three lines to an address in the United Kingdom.
pub fn three_lines(count: usize) -> Vec<Value> {
    let mix = Mix::of(&[(Kind::SeveralLines, 1)]);
    let three = |order: &Value| order["line_items"].as_array().is_some_and(|lines| lines.len() == LINES);
    // About one in four has three lines.
    let invented = orders(11, count * 8, &mix, catalogue());
    invented.into_iter().map(|one| one.order).filter(three).take(count).collect()
}

/// Fills an order up to [`SIZE`] the way real ones grow: apps leave properties on its lines.
fn padded(mut order: Value) -> Vec<u8> {
    let mut length = order.to_string().len();
    let mut n = 0;
    while length < SIZE {
        // What an empty property costs, the comma included where it is not the first.
        let name = format!("_personalisation_{n:02}");
        let empty = json!({"name": name, "value": ""}).to_string().len() + usize::from(n >= LINES);
        let room = SIZE - length;
        // The last one takes what is left; a property too small to fit is merged into the one before.
        let value = match room.checked_sub(empty) {
            Some(left) if left <= 120 + 2 * empty => "x".repeat(left),
            Some(_) => "x".repeat(60),
            None => break,
        };
        let Some(properties) = order["line_items"][n % LINES]["properties"].as_array_mut() else { break };
        properties.push(json!({"name": name, "value": value}));
        length = order.to_string().len();
        n += 1;
    }
    order.to_string().into_bytes()
}

/// The merchant of every sample. Everything is kept: the most there is to seal.
pub(super) fn merchant() -> Result<Merchant, Trouble> {
    let mut merchant = crate::seed::merchant(&crate::seed::Ids::demo()?, Vec::new());
    merchant.needs = Needs { carrier_notifications: true, gift_notes: true };
    Ok(merchant)
}

fn account() -> Result<Account, Trouble> {
    let merchant = merchant()?;
    let connection = Connection {
        id: "con_00000000000000a1".parse::<ConnectionId>()?,
        merchant: merchant.id.clone(),
        kind: waybill_store::registry::Kind::Shopify,
        state: ConnectionState::Active,
        address: "https://shop.invalid".to_owned(),
        tracking_address: None,
        token_address: None,
        keys_address: None,
        places: std::collections::BTreeMap::new(),
        credentials: Vec::new(),
    };
    let credentials = Credentials::Shopify {
        secrets: vec![SECRET.to_owned()],
        token: String::new(),
        client_id: None,
        refresh_token: None,
    };
    let index = IndexKey::from_bytes(&INDEX_KEY)?;
    Ok(Account { connection, merchant: merchant.into(), index: index.into(), credentials })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_has_ten_kilobytes_and_three_lines() {
        let sample = Sample::new().unwrap();
        assert_eq!(sample.orders.len(), DIFFERENT);
        for order in &sample.orders {
            assert_eq!(order.body.len(), SIZE);
            let body: Value = serde_json::from_slice(&order.body).unwrap();
            assert_eq!(body["line_items"].as_array().unwrap().len(), LINES);
        }
    }
}
