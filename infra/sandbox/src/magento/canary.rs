//! An order in which every text, personal or not, that Magento's schema has room for holds a token of its own.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::invent;
use crate::invent::{Kind, Mix, catalogue, orders};

/// Texts that are codes or times, and decide what becomes of the order.
const STRUCTURED: &[&str] = &[
    "address_type",
    "base_currency_code",
    "country_id",
    "created_at",
    "global_currency_code",
    "order_currency_code",
    "product_type",
    "sku",
    "state",
    "store_currency_code",
    "updated_at",
];

/// Texts of the order's schema (specs, `sales-data-order-interface`) that a plain order has none of.
const OF_ORDER: &[&str] = &[
    "applied_rule_ids",
    "coupon_code",
    "customer_dob",
    "customer_middlename",
    "customer_note",
    "customer_prefix",
    "customer_suffix",
    "customer_taxvat",
    "discount_description",
    "ext_customer_id",
    "ext_order_id",
    "hold_before_state",
    "hold_before_status",
    "original_increment_id",
    "relation_parent_id",
    "relation_parent_real_id",
    "remote_ip",
    "shipping_description",
    "x_forwarded_for",
    "status",
];
const OF_ITEM: &[&str] =
    &["additional_data", "description", "ext_order_item_id", "weee_tax_applied", "applied_rule_ids"];
const OF_ADDRESS: &[&str] = &[
    "company",
    "email",
    "fax",
    "middlename",
    "prefix",
    "region",
    "region_code",
    "suffix",
    "vat_id",
    "vat_request_date",
    "vat_request_id",
];
const OF_PAYMENT: &[&str] = &[
    "account_status",
    "additional_data",
    "address_status",
    "cc_approval",
    "cc_avs_status",
    "cc_cid_status",
    "cc_exp_month",
    "cc_exp_year",
    "cc_last4",
    "cc_number_enc",
    "cc_owner",
    "cc_ss_issue",
    "cc_trans_id",
    "cc_type",
    "echeck_account_name",
    "echeck_account_type",
    "echeck_bank_name",
    "echeck_routing_number",
    "echeck_type",
    "last_trans_id",
    "po_number",
    "protection_eligibility",
    "method",
];

/// The `number`th canary order and where its tokens are: JSON pointer and token. The whole text at a pointer is
/// the token, except for mail (`token@canary.invalid`), telephones (`+447700900` and digits) and the order's
/// number.
pub(super) fn order(number: u64) -> (Value, Vec<(String, String)>) {
    let number = number % 100_000;
    let mut made = orders(900_000 + number, 1, &Mix::of(&[(Kind::Gift, 1)]), catalogue());
    let from = made.pop().map(|one| one.order).unwrap_or_default();
    let id = 600_000_000 + i64::try_from(number).unwrap_or(0);
    let mut order = invent::order(id, 0, Kind::Gift, &from, &mut BTreeMap::new());
    fill(&mut order);
    let mut rng = StdRng::seed_from_u64(number ^ 0x00ca_4a77_0000_0001);
    let mut tokens = Vec::new();
    plant(&mut order, "", "", &mut rng, &mut tokens);
    (order, tokens)
}

fn lay(onto: &mut Value, names: &[&str]) {
    for name in names {
        onto[*name] = json!("x");
    }
}

/// Puts a text wherever the schema has room for one.
fn fill(order: &mut Value) {
    lay(order, OF_ORDER);
    for row in order["items"].as_array_mut().into_iter().flatten() {
        lay(row, OF_ITEM);
    }
    lay(&mut order["billing_address"], OF_ADDRESS);
    lay(&mut order["payment"], OF_PAYMENT);
    order["status_histories"] = json!([{"comment": "x", "entity_name": "x", "status": "x", "parent_id": 1}]);
    let extension = &mut order["extension_attributes"];
    extension["payment_additional_info"] = json!([{"key": "x", "value": "x"}]);
    extension["gift_message"] = json!({"sender": "x", "recipient": "x", "message": "x"});
    extension["company_order_attributes"] = json!({"company_name": "x"});
    lay(extension, &["gw_id", "gw_add_card"]);
    let shipping = &mut extension["shipping_assignments"][0]["shipping"];
    lay(shipping, &["method"]);
    lay(&mut shipping["address"], OF_ADDRESS);
    extension["shipping_assignments"][0]["items"] = json!([]);
}

fn plant(value: &mut Value, name: &str, pointer: &str, rng: &mut StdRng, tokens: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => {
            for (key, inner) in object.iter_mut() {
                plant(inner, key, &format!("{pointer}/{key}"), rng, tokens);
            }
        }
        Value::Array(list) => {
            for (place, inner) in list.iter_mut().enumerate() {
                plant(inner, name, &format!("{pointer}/{place}"), rng, tokens);
            }
        }
        Value::String(text) if !STRUCTURED.contains(&name) => {
            let (written, token) = write(name, rng);
            *text = written;
            tokens.push((pointer.to_owned(), token));
        }
        _ => {}
    }
}

/// The text to stand there, and the token in it.
fn write(name: &str, rng: &mut StdRng) -> (String, String) {
    let letters = |rng: &mut StdRng, count: usize| -> String {
        // Letters and digits that are not mistaken for one another.
        const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        (0..count).map(|_| char::from(ALPHABET[rng.random_range(0..32)])).collect()
    };
    match name {
        "email" | "customer_email" => {
            let token = letters(rng, 14).to_lowercase();
            (format!("{token}@canary.invalid"), token)
        }
        "telephone" | "fax" => {
            let token: String = (0..12).map(|_| char::from(b'0' + rng.random_range(0..10_u8))).collect();
            (format!("+447700900{token}"), token)
        }
        "postcode" => {
            let token = crate::invent::canary_postcode(rng);
            (token.clone(), token)
        }
        "increment_id" => {
            let token = letters(rng, 12);
            (format!("9{token}"), token)
        }
        _ => {
            let token = letters(rng, 14);
            (token.clone(), token)
        }
    }
}
