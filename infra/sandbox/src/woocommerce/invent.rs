//! Invented orders in WooCommerce's shape, from the same people and goods as every other channel's.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::invent::{self, Kind, Mix, catalogue};

/// `count` orders of this seed, each with what it is there to show. About one in sixteen is not paid yet and one
/// in thirty waits for a bank transfer.
pub fn orders(seed: u64, count: usize) -> Vec<(String, Value)> {
    let mix = Mix::of(&[
        (Kind::Plain, 70),
        (Kind::SeveralLines, 10),
        (Kind::NonAscii, 8),
        (Kind::Gift, 4),
        (Kind::Pickup, 3),
        (Kind::DigitalOnly, 3),
        (Kind::BeyondStock, 2),
    ]);
    let mut rng = StdRng::seed_from_u64(seed ^ 0x776f_6f63_6f6d);
    let made = invent::orders(seed, count, &mix, catalogue());
    made.into_iter()
        .map(|one| {
            let mut order = translated(&one.order, one.kind);
            let mut kind = json!(one.kind).as_str().unwrap_or_default().to_owned();
            let (status, name) = match rng.random_range(0..32) {
                0 | 1 => ("pending", Some("unpaid")),
                2 => ("on-hold", Some("on_hold")),
                _ => ("processing", None),
            };
            order["status"] = json!(status);
            if let Some(name) = name {
                kind = name.to_owned();
            }
            (kind, order)
        })
        .collect()
}

/// An order of the other shape in this one; the shop gives it its number.
fn translated(from: &Value, kind: Kind) -> Value {
    let place = |address: &Value| {
        let text = |field: &str| address[field].as_str().unwrap_or_default().to_owned();
        json!({
            "first_name": text("first_name"), "last_name": text("last_name"), "company": text("company"),
            "address_1": text("address1"), "address_2": text("address2"), "city": text("city"),
            "state": text("province"), "postcode": text("zip"), "country": text("country_code"),
            "phone": text("phone"),
        })
    };
    let buyer = &from["billing_address"];
    let mut billing = place(buyer);
    billing["email"] = from["email"].clone();
    let ships = from["shipping_lines"].as_array().is_some_and(|all| !all.is_empty());
    let shipping = if ships { place(buyer) } else { place(&Value::Null) };
    let lines = from["line_items"].as_array().map(Vec::as_slice).unwrap_or_default();
    json!({
        "currency": "GBP",
        "prices_include_tax": true,
        "total": from["total_price"],
        "customer_ip_address": from["browser_ip"],
        "customer_user_agent": "Mozilla/5.0 (invented)",
        "customer_note": from["note"].as_str().unwrap_or_default(),
        "payment_method": "stripe",
        "payment_method_title": "Card",
        "transaction_id": from["token"],
        "billing": billing,
        "shipping": shipping,
        "line_items": lines.iter().map(line).collect::<Vec<_>>(),
        "shipping_lines": if ships { way(kind == Kind::Pickup) } else { json!([]) },
        "meta_data": [{"id": 1, "key": "_checkout_source", "value": {"campaign": "autumn"}}],
    })
}

fn line(from: &Value) -> Value {
    let pieces = from["quantity"].as_u64().unwrap_or(1);
    let pence =
        from["price"].as_str().and_then(|t| t.replace('.', "").parse::<u64>().ok()).unwrap_or(0) * pieces;
    // 20 % are in the price, and rounding is the shop's.
    let tax = pence / 6;
    let text = |pence: u64| format!("{}.{:02}", pence / 100, pence % 100);
    json!({
        "name": from["name"], "sku": from["sku"], "quantity": pieces, "tax_class": "",
        "subtotal": text(pence - tax), "subtotal_tax": text(tax), "total": text(pence - tax), "total_tax": text(tax),
        "price": (pence - tax) as f64 / 100.0 / pieces as f64, "meta_data": [],
    })
}

fn way(pickup: bool) -> Value {
    let (id, title) =
        if pickup { ("pickup_location", "Collect in the shop") } else { ("flat_rate", "Standard") };
    json!([{"id": 1, "method_id": id, "method_title": title, "instance_id": "3", "total": "0.00", "meta_data": []}])
}

/// Texts that are codes, amounts, times or keys, not personal and not free.
const STRUCTURED: &[&str] = &[
    "country",
    "currency",
    "key",
    "method_id",
    "sku",
    "status",
    "subtotal",
    "subtotal_tax",
    "total",
    "total_tax",
];

/// The `n`th canary order, of one line of a stocked article and to an address in the United Kingdom, and where its
/// tokens are: JSON pointer and token. The whole text at a pointer is the token, except for mail
/// (`token@canary.invalid`) and telephones (`+447700900` and digits).
pub fn canary(n: u64) -> (Value, Vec<(String, String)>) {
    let mut rng = StdRng::seed_from_u64(0x0ca9_a200 ^ n);
    let goods = catalogue().iter().find(|one| one.ships && !one.scarce).map_or("MUG-ENAMEL", |one| one.sku);
    let place = json!({
        "first_name": "x", "last_name": "x", "company": "x", "address_1": "x", "address_2": "x", "city": "x",
        "state": "x", "postcode": "x", "country": "GB", "phone": "x"
    });
    let meta = json!([{"id": 1, "key": "Gift message", "value": "x"}, {"id": 2, "key": "_birthday", "value": {"on": "x"}}]);
    let mut billing = place.clone();
    billing["email"] = json!("x");
    let mut body = json!({
        "number": "x", "order_key": "x", "created_via": "x", "version": "x", "currency": "GBP", "currency_symbol": "x",
        "status": "processing", "prices_include_tax": true, "total": "12.50", "customer_ip_address": "x",
        "customer_user_agent": "x", "customer_note": "x", "payment_method": "x", "payment_method_title": "x",
        "transaction_id": "x", "cart_hash": "x", "payment_url": "x", "billing": billing, "shipping": place,
        "meta_data": meta,
        "line_items": [{
            "name": "x", "parent_name": "x", "sku": goods, "quantity": 1, "tax_class": "x", "subtotal": "12.50",
            "subtotal_tax": "0.00", "total": "12.50", "total_tax": "0.00", "price": 12.5, "meta_data": meta,
            "image": {"id": "x", "src": "x"}
        }],
        "shipping_lines": [{
            "id": 1, "method_id": "flat_rate", "method_title": "x", "instance_id": "x", "total": "0.00",
            "tax_status": "x", "meta_data": meta
        }],
        "tax_lines": [{"id": 1, "rate_code": "x", "label": "x", "meta_data": meta}],
        "fee_lines": [{"id": 1, "name": "x", "tax_class": "x", "tax_status": "x", "total": "0.00", "meta_data": meta}],
        "coupon_lines": [{"id": 1, "code": "x", "discount_type": "x", "meta_data": meta}]
    });
    let mut tokens = Vec::new();
    plant(&mut body, "", "", &mut rng, &mut tokens);
    (body, tokens)
}

fn plant(value: &mut Value, name: &str, at: &str, rng: &mut StdRng, tokens: &mut Vec<(String, String)>) {
    match value {
        Value::Object(all) => {
            for (field, inner) in all.iter_mut() {
                plant(inner, field, &format!("{at}/{field}"), rng, tokens);
            }
        }
        Value::Array(all) => {
            for (index, inner) in all.iter_mut().enumerate() {
                plant(inner, name, &format!("{at}/{index}"), rng, tokens);
            }
        }
        Value::String(text) if !STRUCTURED.contains(&name) => {
            let token = match name {
                "phone" => letters(rng, b"0123456789", 12),
                _ => letters(rng, b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789", 14),
            };
            let (written, token) = match name {
                "email" => (format!("{}@canary.invalid", token.to_lowercase()), token.to_lowercase()),
                "phone" => (format!("+447700900{token}"), token),
                "postcode" => {
                    let token = invent::canary_postcode(rng);
                    (token.clone(), token)
                }
                _ => (token.clone(), token),
            };
            *text = written;
            tokens.push((at.to_owned(), token));
        }
        _ => {}
    }
}

fn letters(rng: &mut StdRng, from: &[u8], count: usize) -> String {
    (0..count).map(|_| char::from(from[rng.random_range(0..from.len())])).collect()
}
