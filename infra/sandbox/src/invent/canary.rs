//! An order in which every personal or free text holds a token of its own, so that wherever a copy ends up it
//! can be found and told apart.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::{Kind, catalogue, order};

/// Texts that are codes, amounts, times or references, not personal and not free.
const STRUCTURED: &[&str] = &[
    "accept_language",
    "admin_graphql_api_id",
    "amount",
    "cancelled_at",
    "code",
    "country",
    "country_code",
    "country_name",
    "created_at",
    "currency",
    "currency_code",
    "customer_locale",
    "financial_status",
    "fulfillment_service",
    "merchant_business_entity_id",
    "payment_gateway_names",
    "presentment_currency",
    "processed_at",
    "province_code",
    "sku",
    "source",
    "source_name",
    "state",
    "updated_at",
    "variant_inventory_management",
];

/// The `n`th canary order (id as of seed 900,000 plus `n`, one line of a stocked article, a United Kingdom
/// address) and where its tokens are: JSON pointer and token. The whole text at a pointer is the token, except
/// for mail (`token@canary.invalid`), telephones (`+447700900` and digits), web
/// addresses and the order's name, where the token is part of it.
pub fn canary_order(n: u64) -> (Value, Vec<(String, String)>) {
    let seed = 900_000 + n % 100_000;
    let mut rng = StdRng::seed_from_u64(seed ^ 0xca4a_7700);
    let mut body = order::invent(&mut rng, seed, 0, Kind::Gift, catalogue());
    fill(&mut body);
    let mut tokens = Vec::new();
    plant(&mut body, "", "", &mut rng, &mut tokens);
    (body, tokens)
}

/// Puts a text wherever the schema allows one and the plain order has none.
fn fill(body: &mut Value) {
    for name in ["note", "phone", "po_number", "landing_site_ref", "source_identifier", "source_url", "tags"]
    {
        body[name] = json!("x");
    }
    for name in ["shipping_address", "billing_address"] {
        body[name]["company"] = json!("x");
        body[name]["address2"] = json!("x");
    }
    body["customer"]["default_address"]["company"] = json!("x");
    body["customer"]["default_address"]["address2"] = json!("x");
    body["customer"]["note"] = json!("x");
    body["customer"]["tags"] = json!("x");
    body["customer"]["multipass_identifier"] = json!("x");
    body["shipping_lines"][0]["phone"] = json!("x");
    body["discount_codes"] = json!([{"code": "x", "amount": "x", "type": "x"}]);
    body["line_items"][0]["variant_title"] = json!("x");
    body["line_items"][0]["quantity"] = json!(1);
    body["line_items"][0]["current_quantity"] = json!(1);
    body["line_items"][0]["fulfillable_quantity"] = json!(1);
}

fn plant(value: &mut Value, name: &str, pointer: &str, rng: &mut StdRng, tokens: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => {
            for (key, inner) in object.iter_mut() {
                plant(inner, key, &format!("{pointer}/{key}"), rng, tokens);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter_mut().enumerate() {
                plant(inner, name, &format!("{pointer}/{index}"), rng, tokens);
            }
        }
        Value::String(text) if pointer.starts_with("/discount_codes") || !is_structured(name, text) => {
            let (written, token) = write(name, text, rng);
            *text = written;
            tokens.push((pointer.to_owned(), token));
        }
        _ => {}
    }
}

/// Known codes and anything that is an amount such as `12.50`.
fn is_structured(name: &str, text: &str) -> bool {
    let amount = text.len() > 3 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    STRUCTURED.contains(&name) || amount
}

/// The text to stand there, and the token in it.
fn write(name: &str, before: &str, rng: &mut StdRng) -> (String, String) {
    match name {
        "email" | "contact_email" => {
            let token = letters(rng, 14).to_lowercase();
            (format!("{token}@canary.invalid"), token)
        }
        "phone" => {
            let token: String =
                (0..12).map(|_| char::from_digit(rng.random_range(0..10), 10).unwrap_or('0')).collect();
            (format!("+447700900{token}"), token)
        }
        "zip" => {
            let token = canary_postcode(rng);
            (token.clone(), token)
        }
        "browser_ip" => {
            let mut part = || format!("{:04x}", rng.random_range(0x1000..0xffff_u32));
            let token = format!("{}:{}:{}", part(), part(), part());
            (format!("2001:db8::{token}"), token)
        }
        "name" if before.starts_with('#') => {
            let token = letters(rng, 12);
            (format!("#{token}"), token)
        }
        _ if before.starts_with("https://") => {
            let token = letters(rng, 14);
            (format!("https://canary.invalid/{token}"), token)
        }
        _ => {
            let token = letters(rng, 14);
            (token.clone(), token)
        }
    }
}

/// A postcode of an area that does not exist (none begins with V), of the shape that carriers ask for.
pub fn canary_postcode(rng: &mut StdRng) -> String {
    let mut letter = || char::from(b'A' + rng.random_range(0..26_u8));
    let (area, unit) = (letter(), [letter(), letter()]);
    let (district, sector) = (rng.random_range(10..100_u8), rng.random_range(0..10_u8));
    format!("V{area}{district} {sector}{}{}", unit[0], unit[1])
}

/// Letters and digits that are not mistaken for one another; five bits each.
fn letters(rng: &mut StdRng, count: usize) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    (0..count).map(|_| char::from(ALPHABET[rng.random_range(0..32)])).collect()
}
