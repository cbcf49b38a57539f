//! Which values of an order the scan looks for.

use super::Token;
use serde_json::Value;
use std::collections::BTreeMap;
use waybill_sandbox::invent::catalogue;

/// Shorter values collide with ordinary text.
const SHORTEST: usize = 6;

/// What is personal in an order.
#[derive(Clone, Copy, PartialEq)]
enum What {
    /// A name, a street, a mail address: as it is.
    Text,
    /// A telephone number: its digits without the country.
    Phone,
}

/// The personal fields of an order in REST shape, by where they stand.
const FIELDS: [(&str, What); 15] = [
    ("/email", What::Text),
    ("/contact_email", What::Text),
    ("/phone", What::Phone),
    ("/customer/email", What::Text),
    ("/customer/phone", What::Phone),
    ("/shipping_address/name", What::Text),
    ("/shipping_address/address1", What::Text),
    ("/shipping_address/zip", What::Text),
    ("/shipping_address/phone", What::Phone),
    ("/billing_address/name", What::Text),
    ("/billing_address/address1", What::Text),
    ("/billing_address/zip", What::Text),
    ("/billing_address/phone", What::Phone),
    ("/customer/default_address/name", What::Text),
    ("/shipping_lines/0/phone", What::Phone),
];

/// The personal values of an invented order in REST shape that cannot be mistaken for anything else: full names,
/// street lines, mail addresses, telephone numbers, full postcodes; each value once. Values that the catalogue
/// has too are left out.
pub fn personal_tokens(order: &Value) -> Vec<Token> {
    let mut found: BTreeMap<String, Token> = BTreeMap::new();
    for (pointer, what) in FIELDS {
        let Some(text) = order.pointer(pointer).and_then(Value::as_str) else { continue };
        take(text, pointer, what, &mut found);
    }
    found.into_values().collect()
}

/// Names of fields that hold something personal, whatever the channel, in small letters without separators.
const NAMES: [(&str, What); 17] = [
    ("email", What::Text),
    ("customeremail", What::Text),
    ("buyeremail", What::Text),
    ("name", What::Text),
    ("fullname", What::Text),
    ("username", What::Text),
    ("address1", What::Text),
    ("addressline1", What::Text),
    ("addressline2", What::Text),
    ("street", What::Text),
    ("postcode", What::Text),
    ("postalcode", What::Text),
    ("zip", What::Text),
    ("phone", What::Phone),
    ("phonenumber", What::Phone),
    ("telephone", What::Phone),
    ("giftmessage", What::Text),
];

/// The personal values of an order of any shape: whatever stands in a field of a telling name and tells a person
/// apart.
pub fn personal_anywhere(order: &Value) -> Vec<Token> {
    let mut found = BTreeMap::new();
    walk(order, "", None, &mut found);
    found.into_values().collect()
}

fn walk(value: &Value, at: &str, what: Option<What>, found: &mut BTreeMap<String, Token>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
                let plain = plain.to_ascii_lowercase();
                let what = NAMES.iter().find(|(known, _)| *known == plain).map(|(_, what)| *what);
                walk(inner, &format!("{at}/{name}"), what, found);
            }
        }
        Value::Array(all) => {
            for (n, inner) in all.iter().enumerate() {
                walk(inner, &format!("{at}/{n}"), what, found);
            }
        }
        Value::String(text) => {
            if let Some(what) = what {
                take(text, at, what, found);
            }
        }
        _ => {}
    }
}

/// Keeps a value that cannot be mistaken for anything else.
fn take(text: &str, at: &str, what: What, found: &mut BTreeMap<String, Token>) {
    let value = match what {
        What::Text => text.trim().to_owned(),
        What::Phone => national(text),
    };
    let apart = value.chars().count() >= SHORTEST && !value.chars().all(|c| c == '0');
    // One word of letters alone may be an ordinary one.
    let one_word = value.chars().all(char::is_alphabetic);
    if apart && !one_word && !is_ware(&value) {
        found.entry(value.to_lowercase()).or_insert(Token { pointer: at.into(), value });
    }
}

/// The channel's key of a canary order and the order itself, as the sandbox's control door gave it (`made`) among all of
/// the account (`native`).
pub fn canary_of<'a>(made: &Value, native: &'a Value) -> Option<(String, &'a Value)> {
    let key = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let id = key(made.get("order").unwrap_or(&made["orders"][0]));
    let is_it = |order: &&Value| ["id", "entity_id", "orderId"].iter().any(|name| key(&order[*name]) == id);
    let body = native["orders"].as_array()?.iter().find(is_it)?;
    Some((id, body))
}

/// The tokens of a canary order as the sandbox's control door gave them (`{pointer, token}`), and besides each
/// the whole text it is part of, whose hash would give it away as well. The order's name is left out: it stands
/// for its number at the shop (`#1001`), which is kept until the order is forgotten.
pub fn canary_tokens(answer: &Value, order: &Value) -> Vec<Token> {
    let mut found = Vec::new();
    for one in answer["tokens"].as_array().into_iter().flatten() {
        let (Some(pointer), Some(token)) = (one["pointer"].as_str(), one["token"].as_str()) else { continue };
        if pointer == "/name" {
            continue;
        }
        found.push(Token { pointer: pointer.into(), value: token.into() });
        if let Some(whole) = order.pointer(pointer).and_then(Value::as_str).filter(|whole| *whole != token) {
            found.push(Token { pointer: pointer.into(), value: whole.into() });
        }
    }
    found
}

/// The digits of a telephone number from the area code on, without zero or country.
fn national(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.strip_prefix("44").filter(|_| text.trim_start().starts_with('+')).unwrap_or(&digits);
    digits.trim_start_matches('0').to_owned()
}

fn is_ware(value: &str) -> bool {
    let lower = value.to_lowercase();
    let texts = catalogue().iter().flat_map(|product| [product.sku, product.name]);
    texts.into_iter().any(|text| text.to_lowercase().contains(&lower))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_tells_a_person_apart_is_taken_and_each_value_once() {
        let order = json!({
            "email": "zoe@example.invalid", "contact_email": "Zoe@example.invalid", "phone": "+44 7700 900123",
            "shipping_address": {"name": "Zoë Quayle", "address1": "Oat soap, three bars", "zip": "SW1A 1AA"},
            "billing_address": {"name": "Prudence", "address1": "2 Low"},
        });
        let values: Vec<String> = personal_tokens(&order).into_iter().map(|token| token.value).collect();
        assert_eq!(values, ["7700900123", "SW1A 1AA", "zoe@example.invalid", "Zoë Quayle"]);
    }

    #[test]
    fn a_canary_is_looked_for_alone_and_in_its_text() {
        let answer = json!({"tokens": [{"pointer": "/email", "token": "abcdefgh"}, {"pointer": "/name", "token": "x"}]});
        let order = json!({"email": "abcdefgh@canary.invalid"});
        let values: Vec<String> =
            canary_tokens(&answer, &order).into_iter().map(|token| token.value).collect();
        assert_eq!(values, ["abcdefgh", "abcdefgh@canary.invalid"]);
    }

    #[test]
    fn the_invented_orders_give_values() {
        let mix = waybill_sandbox::invent::Mix::plain();
        for invented in waybill_sandbox::invent::orders(1, 20, &mix, catalogue()) {
            assert!(personal_tokens(&invented.order).len() >= 4);
        }
    }
}
