//! Invented orders in Magento's shape, from the same people and goods as every channel's.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::invent::{self, Kind, Mix};

/// Orders, and the bundles in them as products.
pub(super) struct Made {
    pub(super) orders: Vec<Value>,
    pub(super) bundles: BTreeMap<i64, Value>,
}

/// `count` orders of a seed, with ids that no other seed below 1,000 and no other index has.
pub(super) fn orders(seed: u64, count: usize) -> Made {
    let mut made = Made { orders: Vec::new(), bundles: BTreeMap::new() };
    for (index, one) in
        invent::orders(seed, count, &Mix::default(), invent::catalogue()).into_iter().enumerate()
    {
        let id = 1 + i64::try_from(seed % 1000).unwrap_or(0) * 500_000 + i64::try_from(index).unwrap_or(0);
        made.orders.push(order(id, index, one.kind, &one.order, &mut made.bundles));
    }
    made
}

/// One order from one in Shopify's shape.
pub(super) fn order(
    id: i64,
    index: usize,
    kind: Kind,
    from: &Value,
    bundles: &mut BTreeMap<i64, Value>,
) -> Value {
    let unpaid = kind == Kind::Test;
    let rows = rows(id, index, kind, from, unpaid, bundles);
    let is_virtual = rows.iter().all(|row| row["is_virtual"] == 1);
    let amount = |text: &Value| text.as_str().and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    let total = amount(&from["total_price"]);
    let euro = kind == Kind::TwoCurrencies;
    let shown = |pounds: f64| if euro { (pounds * 118.0).round() / 100.0 } else { pounds };
    let (state, status) = if unpaid { ("new", "pending") } else { ("processing", "processing") };
    let person = &from["customer"];
    let shipping = &from["shipping_address"];
    let method = if kind == Kind::Pickup { "instore_pickup" } else { "flatrate_flatrate" };
    let to = if kind == Kind::Pickup { shop_address(person, id) } else { address(shipping, "shipping", id) };
    let assigned = kind == Kind::Pickup || shipping.is_object();
    let assignments = if is_virtual || !assigned {
        json!([])
    } else {
        json!([{"shipping": {"address": to, "method": method, "total": {"shipping_amount": 3.95}}, "items": rows}])
    };
    let mut order = json!({
        "entity_id": id, "increment_id": format!("{id:09}"), "state": state, "status": status, "store_id": 1,
        "store_name": "Main Website\nMain Website Store\n", "is_virtual": i32::from(is_virtual), "quote_id": id,
        "order_currency_code": if euro { "EUR" } else { "GBP" }, "base_currency_code": "GBP",
        "store_currency_code": "GBP", "global_currency_code": "GBP",
        "grand_total": shown(total), "base_grand_total": total, "subtotal": shown(total), "base_subtotal": total,
        "total_due": if unpaid { shown(total) } else { 0.0 }, "total_item_count": rows.len(),
        "customer_email": from["email"].as_str().unwrap_or("guest@buyers.invalid"),
        "customer_firstname": person["first_name"], "customer_lastname": person["last_name"],
        "customer_is_guest": 0, "customer_id": id, "customer_group_id": 1, "protect_code": format!("{id:x}"),
        "remote_ip": from["browser_ip"], "x_forwarded_for": from["browser_ip"],
        "shipping_description": if kind == Kind::Pickup { "In-Store Pickup Delivery" } else { "Standard delivery" },
        "payment": {"method": "checkmo", "additional_information": ["Check / Money order"], "entity_id": id},
        "status_histories": [], "items": rows,
    });
    order["billing_address"] = address(&from["billing_address"], "billing", id);
    order["extension_attributes"] = json!({"shipping_assignments": assignments});
    if kind == Kind::Pickup {
        order["extension_attributes"]["pickup_location_code"] = json!("harbour_shop");
    }
    if kind == Kind::Gift {
        order["customer_note"] = from["note"].clone();
        order["extension_attributes"]["gift_message"] = json!({"sender": person["first_name"], "recipient": "Friend", "message": "With love from all of us"});
    }
    order
}

fn address(from: &Value, kind: &str, id: i64) -> Value {
    let street: Vec<&Value> =
        [&from["address1"], &from["address2"]].into_iter().filter(|l| l.is_string()).collect();
    let mut address = json!({
        "address_type": kind, "entity_id": id * 2 + i64::from(kind == "shipping"), "parent_id": id,
        "firstname": from["first_name"], "lastname": from["last_name"], "street": street, "city": from["city"],
        "region": from["province"], "region_code": from["province_code"], "postcode": from["zip"],
        "country_id": from["country_code"], "telephone": from["phone"],
    });
    // Nulls are dropped in Magento's answers.
    if from["company"].is_string() {
        address["company"] = from["company"].clone();
    }
    address
}

/// Where a collected order "goes": the shop's own address under the buyer's name.
fn shop_address(person: &Value, id: i64) -> Value {
    json!({
        "address_type": "shipping", "entity_id": id * 2 + 1, "parent_id": id, "firstname": person["first_name"],
        "lastname": person["last_name"], "street": ["1 Model Crescent"], "city": "Bristol", "postcode": "BS1 1AA",
        "country_id": "GB", "telephone": "+441632960000",
    })
}

fn rows(
    id: i64,
    index: usize,
    kind: Kind,
    from: &Value,
    unpaid: bool,
    bundles: &mut BTreeMap<i64, Value>,
) -> Vec<Value> {
    let lines = from["line_items"].as_array().cloned().unwrap_or_default();
    let mut next = id * 20;
    let mut fresh = || {
        next += 1;
        next
    };
    let row = |item: i64, line: &Value, kind: &str, units: i64| {
        let price = line["price"].as_str().and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
        let virtual_ = line["requires_shipping"] == false;
        json!({
            "item_id": item, "order_id": id, "product_id": 1000 + price as i64, "product_type": kind,
            "sku": line["sku"], "name": line["name"], "is_virtual": i32::from(virtual_), "is_qty_decimal": 0,
            "weight": line["grams"].as_f64().unwrap_or(0.0) / 1000.0, "price": price, "base_price": price,
            "price_incl_tax": price, "row_total": price * units as f64, "qty_ordered": units,
            "qty_invoiced": if unpaid { 0 } else { units }, "qty_canceled": 0, "qty_refunded": 0, "qty_shipped": 0,
        })
    };
    let units = |line: &Value| line["quantity"].as_i64().unwrap_or(1);
    let free = |mut row: Value, parent: i64| {
        row["parent_item_id"] = json!(parent);
        row["price"] = json!(0);
        row["price_incl_tax"] = json!(0);
        row["row_total"] = json!(0);
        row
    };
    let mut rows = Vec::new();
    let mut rest = lines.as_slice();
    // Every other order of several lines has its first two as one bundle, in turn shipped together and apart.
    if let ([first, second, others @ ..], Kind::SeveralLines, true) =
        (lines.as_slice(), kind, index.is_multiple_of(2))
    {
        let (parent, product) = (fresh(), 5000 + i64::from(index.is_multiple_of(4)));
        let apart = if index.is_multiple_of(4) { "1" } else { "0" };
        bundles.insert(
            product,
            json!({
                "id": product, "sku": format!("SET-{product}"), "type_id": "bundle",
                "custom_attributes": [{"attribute_code": "category_ids", "value": ["2"]},
                    {"attribute_code": "shipment_type", "value": apart}],
            }),
        );
        let price: f64 = [first, second]
            .iter()
            .map(|line| row(0, line, "simple", 1)["price"].as_f64().unwrap_or(0.0))
            .sum();
        let mut set = row(parent, first, "bundle", 1);
        set["sku"] = json!(format!("SET-{product}"));
        set["product_id"] = json!(product);
        set["price"] = json!(price);
        set["price_incl_tax"] = json!(price);
        rows.push(set);
        for line in [first, second] {
            rows.push(free(row(fresh(), line, "simple", units(line)), parent));
        }
        rest = others;
    }
    for (place, line) in rest.iter().enumerate() {
        let sku = line["sku"].as_str().unwrap_or_default();
        let kind = if line["requires_shipping"] == false { "downloadable" } else { "simple" };
        // What comes in sizes is a configurable, most of the time.
        if (sku.starts_with("TEE-") || sku.starts_with("HOOD-")) && !(index + place).is_multiple_of(3) {
            let parent = fresh();
            rows.push(row(parent, line, "configurable", units(line)));
            rows.push(free(row(fresh(), line, "simple", units(line)), parent));
        } else {
            rows.push(row(fresh(), line, kind, units(line)));
        }
    }
    rows
}
