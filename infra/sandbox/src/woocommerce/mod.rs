//! WooCommerce, as far as the sandbox plays it.

use serde_json::{Value, json};

use crate::state::State;
use crate::wire::{Call, Reply};

/// Everything this sandbox knows about WooCommerce.
#[derive(Debug, Default)]
pub struct World {}

/// The name of what a request asks for, for meters and faults: `woocommerce.` and an operation.
pub fn endpoint(_call: &Call, _rest: &[&str]) -> String {
    "woocommerce.unknown".to_owned()
}

/// Answers one request; `rest` is the path after `/woocommerce`.
pub fn answer(_state: &mut State, _call: &Call, _rest: &[&str]) -> Reply {
    Reply::json(404, &json!({"error": "the sandbox plays nothing at this address"}))
}

/// Answers one control request; `rest` is the path after `/control/woocommerce`.
///
/// # Errors
/// Says what is wrong with it.
pub fn control(_state: &mut State, _call: &Call, _rest: &[&str]) -> Result<Value, String> {
    Err("there is no such control; GET /control lists them".to_owned())
}

/// Counts per account, without names or addresses.
pub fn report(_state: &State) -> Value {
    json!({})
}
