//! One order in the shape of Shopify's REST webhooks, with every field of a recorded one.

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde_json::{Map, Value, json};

use super::people::{Person, person};
use super::{Kind, Product};
use crate::shopify::gid;

struct Line<'a> {
    product: &'a Product,
    units: u32,
}

/// Ids above 2^53: orders from 6e18, everything in them from 7e18.
struct Ids {
    order: i64,
    next: i64,
}

impl Ids {
    fn of(seed: u64, index: usize) -> Self {
        let seed = i64::try_from(seed % 1_000_000).unwrap_or(0);
        let index = i64::try_from(index).unwrap_or(0);
        let place = seed * 1_000_000_000 + index * 7;
        Self {
            order: 6_000_000_000_000_000_001 + place,
            next: 7_000_000_000_000_000_001 + seed * 1_000_000_000_000 + index * 100,
        }
    }

    fn fresh(&mut self) -> i64 {
        self.next += 1;
        self.next
    }
}

/// See [`super::orders`].
pub fn invent(rng: &mut StdRng, seed: u64, index: usize, kind: Kind, goods: &[Product]) -> Value {
    let mut ids = Ids::of(seed, index);
    let buyer = person(rng, kind == Kind::NonAscii);
    let lines = lines(rng, kind, goods);
    let number = 1_001 + index;
    let at =
        jiff::Timestamp::from_second(1_795_420_800 + i64::try_from(index).unwrap_or(0)).unwrap_or_default();
    let at = crate::clock::rest(at);
    let pence: u32 = lines.iter().map(|line| line.product.pence * line.units).sum();
    let ships = lines.iter().any(|line| line.product.ships);
    let shipping = if ships && kind != Kind::Pickup && pence < 5_000 { 395 } else { 0 };
    let shown = if kind == Kind::TwoCurrencies { "EUR" } else { "GBP" };
    let token = hex(rng, 32);
    let gift = kind == Kind::Gift;
    let note = if gift { "Happy birthday! Please wrap it, it is a surprise." } else { "" };
    let ip = format!("198.51.100.{}", rng.random_range(1..255));
    let mut order = json!({
        "id": ids.order,
        "admin_graphql_api_id": gid("Order", ids.order),
        "app_id": 580_111,
        "browser_ip": ip,
        "buyer_accepts_marketing": rng.random_ratio(1, 3),
        "cancel_reason": null,
        "cancelled_at": null,
        "cart_token": hex(rng, 32),
        "checkout_id": ids.fresh(),
        "checkout_token": hex(rng, 32),
        "client_details": {
            "accept_language": "en-GB",
            "browser_height": 844,
            "browser_ip": ip,
            "browser_width": 390,
            "session_hash": hex(rng, 40),
            "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15",
        },
        "closed_at": null,
        "confirmation_number": hex(rng, 9).to_uppercase(),
        "confirmed": true,
        "contact_email": buyer.email,
        "created_at": at,
        "currency": "GBP",
        "customer_locale": "en-GB",
        "device_id": null,
        "discount_codes": [],
        "duties_included": false,
        "email": buyer.email,
        "estimated_taxes": false,
        "financial_status": "paid",
        "fulfillment_status": null,
        "landing_site": "/products?utm_source=newsletter&utm_campaign=autumn",
        "landing_site_ref": null,
        "location_id": null,
        "merchant_business_entity_id": "MTU0ODM4MDAwOQ",
        "merchant_of_record_app_id": null,
        "name": format!("#{number}"),
        "note": if note.is_empty() { Value::Null } else { json!(note) },
        "note_attributes": if gift {
            json!([{"name": "gift_message", "value": "With love from all of us"}])
        } else {
            json!([])
        },
        "number": number - 1_000,
        "order_number": number,
    });
    let more = json!({
        "order_status_url":
            format!("https://shop.invalid/7000000/orders/{token}/authenticate?key={}", hex(rng, 32)),
        "current_total_additional_fees_set": null,
        "current_total_duties_set": null,
        "original_total_additional_fees_set": null,
        "original_total_duties_set": null,
        "payment_gateway_names": ["shopify_payments"],
        "phone": if rng.random_ratio(1, 3) { json!(buyer.phone) } else { Value::Null },
        "po_number": null,
        "presentment_currency": shown,
        "processed_at": at,
        "reference": hex(rng, 32),
        "referring_site": "https://search.invalid/",
        "source_identifier": null,
        "source_name": "web",
        "source_url": null,
        "tags": "",
        "tax_exempt": false,
        "tax_lines": [],
        "taxes_included": true,
        "test": kind == Kind::Test,
        "token": token,
        "total_outstanding": "0.00",
        "total_tip_received": "0.00",
        "total_weight": lines.iter().map(|line| line.product.grams * line.units).sum::<u32>(),
        "updated_at": at,
        "user_id": null,
        "customer": customer(&mut ids, &buyer, &at),
        "billing_address": buyer.address,
        "discount_applications": [],
        "fulfillments": [],
        "line_items": lines.iter().map(|line| line_item(&mut ids, line, shown, gift)).collect::<Vec<Value>>(),
        "payment_terms": null,
        "refunds": [],
        "returns": [],
        "line_item_groups": [],
        "shipping_lines": shipping_lines(&mut ids, kind, ships, shipping, shown, &buyer.phone),
    });
    merge(&mut order, more);
    for (name, amount) in [
        ("subtotal_price", pence),
        ("total_price", pence + shipping),
        ("total_tax", (pence + shipping) / 6),
        ("total_discounts", 0),
        ("total_line_items_price", pence),
        ("current_subtotal_price", pence),
        ("current_total_price", pence + shipping),
        ("current_total_tax", (pence + shipping) / 6),
        ("current_total_discounts", 0),
    ] {
        order[name] = json!(text(amount));
        order[format!("{name}_set")] = set(amount, shown);
    }
    order["total_shipping_price_set"] = set(shipping, shown);
    order["current_shipping_price_set"] = set(shipping, shown);
    order["total_cash_rounding_payment_adjustment_set"] = set(0, shown);
    order["total_cash_rounding_refund_adjustment_set"] = set(0, shown);
    finish(&mut order, kind, &buyer, ships);
    order
}

/// Gives or withholds the shipping address.
fn finish(order: &mut Value, kind: Kind, buyer: &Person, ships: bool) {
    if kind == Kind::NoAddress {
        for name in ["email", "contact_email", "phone", "browser_ip", "client_details", "customer"] {
            order[name] = Value::Null;
        }
        if let Some(object) = order.as_object_mut() {
            object.remove("billing_address");
        }
    } else if ships && kind != Kind::Pickup {
        order["shipping_address"] = buyer.address.clone();
    }
}

fn lines<'a>(rng: &mut StdRng, kind: Kind, goods: &'a [Product]) -> Vec<Line<'a>> {
    let shipped: Vec<&Product> = goods.iter().filter(|one| one.ships && !one.scarce).collect();
    let digital: Vec<&Product> = goods.iter().filter(|one| !one.ships).collect();
    let scarce: Vec<&Product> = goods.iter().filter(|one| one.scarce).collect();
    let (from, count) = match kind {
        Kind::SeveralLines => (&shipped, rng.random_range(2..=5)),
        Kind::DigitalOnly => (&digital, 1),
        Kind::BeyondStock => (&scarce, 1),
        _ => (&shipped, 1),
    };
    let many = kind == Kind::BeyondStock;
    let mut picked: Vec<Line<'a>> = from
        .choose_multiple(rng, count)
        .map(|product| Line { product, units: if many { 100_000 } else { 1 } })
        .collect();
    if !many {
        for line in &mut picked {
            line.units = *[1, 1, 1, 2, 3].choose(rng).unwrap_or(&1);
        }
    }
    if kind == Kind::MixedDigital {
        picked.extend(digital.choose(rng).map(|product| Line { product, units: 1 }));
    }
    picked
}

fn line_item(ids: &mut Ids, line: &Line<'_>, shown: &str, gift: bool) -> Value {
    let id = ids.fresh();
    let product = line.product;
    let properties = json!([{"name": "Gift message", "value": "For the best gardener in the street"}]);
    json!({
        "id": id,
        "admin_graphql_api_id": gid("LineItem", id),
        "attributed_staffs": [],
        "current_quantity": line.units,
        "fulfillable_quantity": line.units,
        "fulfillment_service": "manual",
        "fulfillment_status": null,
        "gift_card": product.sku.starts_with("GIFT-CARD"),
        "grams": product.grams,
        "name": product.name,
        "price": text(product.pence),
        "price_set": set(product.pence, shown),
        "product_exists": true,
        "product_id": 7_880_321_196_740_000_i64 + i64::from(product.pence),
        "properties": if gift { properties } else { json!([]) },
        "quantity": line.units,
        "requires_shipping": product.ships,
        "sales_line_item_group_id": null,
        "sku": product.sku,
        "taxable": true,
        "title": product.name,
        "total_discount": "0.00",
        "total_discount_set": set(0, shown),
        "variant_id": null,
        "variant_inventory_management": "shopify",
        "variant_title": null,
        "vendor": "Harbour & Finch",
        "tax_lines": [],
        "duties": [],
        "discount_allocations": [],
    })
}

fn customer(ids: &mut Ids, buyer: &Person, at: &str) -> Value {
    let id = ids.fresh();
    let mut address = buyer.address.clone();
    let more = json!({
        "id": ids.fresh(),
        "customer_id": id,
        "country_name": "United Kingdom",
        "default": true,
    });
    merge(&mut address, more);
    json!({
        "id": id,
        "admin_graphql_api_id": gid("Customer", id),
        "created_at": at,
        "updated_at": at,
        "first_name": buyer.first,
        "last_name": buyer.last,
        "state": "disabled",
        "note": null,
        "verified_email": true,
        "multipass_identifier": null,
        "tax_exempt": false,
        "email": buyer.email,
        "phone": buyer.phone,
        "currency": "GBP",
        "tags": "",
        "tax_exemptions": [],
        "default_address": address,
    })
}

fn shipping_lines(ids: &mut Ids, kind: Kind, ships: bool, pence: u32, shown: &str, phone: &str) -> Value {
    if !ships {
        return json!([]);
    }
    let pickup = kind == Kind::Pickup;
    json!([{
        "id": ids.fresh(),
        "carrier_identifier": null,
        "code": if pickup { "Shop" } else { "Standard" },
        "current_discounted_price_set": set(pence, shown),
        "delivery_category": if pickup { json!("pick_up") } else { Value::Null },
        "discounted_price": text(pence),
        "discounted_price_set": set(pence, shown),
        "is_removed": false,
        "phone": if pickup { json!(phone) } else { Value::Null },
        "price": text(pence),
        "price_set": set(pence, shown),
        "requested_fulfillment_service_id": null,
        "source": "shopify",
        "title": if pickup { "Collect in the shop" } else { "Standard delivery" },
        "tax_lines": [],
        "discount_allocations": [],
    }])
}

fn merge(into: &mut Value, from: Value) {
    if let (Some(into), Value::Object(from)) = (into.as_object_mut(), from) {
        into.extend(Map::from_iter(from));
    }
}

fn text(pence: u32) -> String {
    format!("{}.{:02}", pence / 100, pence % 100)
}

/// Shop money in GBP; presentment money in `shown`, at 1.18 EUR to the pound.
fn set(pence: u32, shown: &str) -> Value {
    let other =
        if shown == "EUR" { u32::try_from(u64::from(pence) * 118 / 100).unwrap_or(pence) } else { pence };
    json!({
        "shop_money": {"amount": text(pence), "currency_code": "GBP"},
        "presentment_money": {"amount": text(other), "currency_code": shown},
    })
}

fn hex(rng: &mut StdRng, letters: usize) -> String {
    (0..letters).map(|_| char::from_digit(rng.random_range(0..16), 16).unwrap_or('0')).collect()
}
