//! Orders as each channel's shop holds them: one invented buyer, whose every text holds the mark that may never
//! be found in plain, and the lines that a scenario wants.

use crate::sim::script::TOKEN;
use jiff::Timestamp;
use serde_json::{Value, json};
use waybill_domain::order::Channel;
use waybill_sandbox::invent::{self, Mix};

/// Price of one piece, in pounds.
const PRICE: f64 = 12.5;

/// What a buyer buys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Which order, from 1; its keys at the channel are made from it.
    pub number: u64,
    /// SKUs with pieces.
    pub lines: Vec<(&'static str, u32)>,
    /// False for an order whose payment is still to come.
    pub paid: bool,
}

impl Wanted {
    /// A paid order.
    pub fn new(number: u64, lines: &[(&'static str, u32)]) -> Self {
        Self { number, lines: lines.to_vec(), paid: true }
    }

    /// The order in the shape its channel keeps it, placed now.
    pub fn body(&self, channel: Channel, now: Timestamp) -> Value {
        match channel {
            Channel::Shopify => self.shopify(now),
            Channel::WooCommerce => self.woocommerce(),
            Channel::Magento => self.magento(),
            Channel::Amazon => self.amazon(),
            Channel::Ebay => self.ebay(now),
        }
    }

    fn total(&self) -> f64 {
        self.lines.iter().map(|(_, pieces)| PRICE * f64::from(*pieces)).sum()
    }

    fn mail(&self) -> String {
        format!("{TOKEN}{}@buyers.invalid", self.number)
    }

    fn shopify(&self, now: Timestamp) -> Value {
        let made = invent::orders(self.number, 1, &Mix::plain(), invent::catalogue());
        let Some(mut order) = made.into_iter().next().map(|one| one.order) else { return Value::Null };
        let at = now.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string();
        for name in ["created_at", "updated_at", "processed_at"] {
            order[name] = json!(at);
        }
        order["financial_status"] = json!(if self.paid { "paid" } else { "pending" });
        let first = order["line_items"][0].clone();
        let id = first["id"].as_i64().unwrap_or(0);
        let line = |(place, (sku, pieces)): (i64, &(&str, u32))| {
            let mut line = first.clone();
            line["id"] = json!(id + place);
            line["admin_graphql_api_id"] = json!(format!("gid://shopify/LineItem/{}", id + place));
            line["sku"] = json!(sku);
            line["grams"] = json!(240);
            for name in ["quantity", "current_quantity", "fulfillable_quantity"] {
                line[name] = json!(pieces);
            }
            line
        };
        order["line_items"] = (0..).zip(&self.lines).map(line).collect();
        order["email"] = json!(self.mail());
        order["contact_email"] = json!(self.mail());
        for name in ["shipping_address", "billing_address"] {
            order[name] = json!({
                "first_name": TOKEN, "last_name": TOKEN, "name": format!("{TOKEN} {TOKEN}"), "company": null,
                "address1": format!("1 {TOKEN} Lane"), "address2": null, "city": "Bristol", "province": null,
                "country": "United Kingdom", "country_code": "GB", "zip": "BS1 4DJ", "phone": "07700 900123",
            });
        }
        order["customer"]["email"] = json!(self.mail());
        order
    }

    fn woocommerce(&self) -> Value {
        let place = json!({
            "first_name": TOKEN, "last_name": TOKEN, "company": "", "address_1": format!("1 {TOKEN} Lane"),
            "address_2": "", "city": "Bristol", "state": "", "postcode": "BS1 4DJ", "country": "GB",
            "phone": "07700 900123",
        });
        let mut billing = place.clone();
        billing["email"] = json!(self.mail());
        let line = |(sku, pieces): &(&str, u32)| {
            let sum = format!("{:.2}", PRICE * f64::from(*pieces));
            json!({"name": sku, "sku": sku, "quantity": pieces, "tax_class": "", "subtotal": sum,
                "subtotal_tax": "0.00", "total": sum, "total_tax": "0.00", "price": PRICE, "meta_data": []})
        };
        json!({
            "id": 50_000 + self.number,
            "status": if self.paid { "processing" } else { "pending" },
            "total": format!("{:.2}", self.total()),
            "customer_ip_address": "198.51.100.7",
            "billing": billing, "shipping": place,
            "line_items": self.lines.iter().map(line).collect::<Vec<_>>(),
            "shipping_lines": [{"id": 1, "method_id": "flat_rate", "method_title": "Standard", "instance_id": "3",
                "total": "0.00", "meta_data": []}],
        })
    }

    fn magento(&self) -> Value {
        let id = 7_000 + self.number;
        let address = |kind: &str| {
            json!({
                "address_type": kind, "firstname": TOKEN, "lastname": TOKEN, "street": [format!("1 {TOKEN} Lane")],
                "city": "Bristol", "postcode": "BS1 4DJ", "country_id": "GB", "telephone": "07700 900123",
            })
        };
        let row = |(place, (sku, pieces)): (u64, &(&str, u32))| {
            json!({
                "item_id": id * 20 + place, "order_id": id, "product_id": 1000 + place, "product_type": "simple",
                "sku": sku, "name": sku, "is_virtual": 0, "is_qty_decimal": 0, "weight": 0.24, "price": PRICE,
                "base_price": PRICE, "price_incl_tax": PRICE, "row_total": PRICE * f64::from(*pieces),
                "qty_ordered": pieces, "qty_invoiced": if self.paid { *pieces } else { 0 }, "qty_canceled": 0,
                "qty_refunded": 0, "qty_shipped": 0,
            })
        };
        let rows: Vec<Value> = (1..).zip(&self.lines).map(row).collect();
        let state = if self.paid { "processing" } else { "new" };
        json!({
            "entity_id": id, "increment_id": format!("{id:09}"), "state": state,
            "status": if self.paid { "processing" } else { "pending" }, "store_id": 1, "is_virtual": 0,
            "order_currency_code": "GBP", "base_currency_code": "GBP", "store_currency_code": "GBP",
            "global_currency_code": "GBP", "grand_total": self.total(), "base_grand_total": self.total(),
            "subtotal": self.total(), "base_subtotal": self.total(), "total_item_count": rows.len(),
            "customer_email": self.mail(), "customer_firstname": TOKEN, "customer_lastname": TOKEN,
            "customer_is_guest": 0, "customer_id": id, "remote_ip": "198.51.100.7",
            "shipping_description": "Standard delivery", "status_histories": [], "items": rows,
            "billing_address": address("billing"),
            "extension_attributes": {"shipping_assignments": [{"shipping": {"address": address("shipping"),
                "method": "flatrate_flatrate", "total": {"shipping_amount": 3.95}}, "items": rows}]},
        })
    }

    fn amazon(&self) -> Value {
        let money = |pounds: f64| json!({"amount": format!("{pounds:.2}"), "currencyCode": "GBP"});
        let item = |(place, (sku, pieces)): (u64, &(&str, u32))| {
            json!({
                "orderItemId": format!("{:014}", 30_000_000_000_000 + self.number * 100 + place),
                "quantityOrdered": pieces,
                "product": {"asin": format!("B{:09}", self.number), "title": sku, "sellerSku": sku,
                    "price": {"unitPrice": money(PRICE)}},
                "proceeds": {"proceedsTotal": money(PRICE * f64::from(*pieces))},
            })
        };
        json!({
            "orderId": format!("203-{:07}-{:07}", self.number, self.number),
            "buyer": {"buyerEmail": self.mail()},
            "proceeds": {"grandTotal": money(self.total())},
            "fulfillment": {"fulfillmentStatus": if self.paid { "UNSHIPPED" } else { "PENDING" },
                "fulfilledBy": "MERCHANT", "fulfillmentServiceLevel": "STANDARD"},
            "recipient": {"deliveryAddress": {
                "name": format!("{TOKEN} {TOKEN}"), "companyName": "", "addressLine1": format!("1 {TOKEN} Lane"),
                "city": "Bristol", "postalCode": "BS1 4DJ", "countryCode": "GB", "phone": "07700 900123",
                "addressType": "RESIDENTIAL"}},
            "orderItems": (1..).zip(&self.lines).map(item).collect::<Vec<_>>(),
        })
    }

    fn ebay(&self, now: Timestamp) -> Value {
        let now = now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
        let money = |pounds: f64| json!({"value": format!("{pounds:.2}"), "currency": "GBP"});
        let line = |(place, (sku, pieces)): (u64, &(&str, u32))| {
            json!({
                "lineItemId": format!("88{:06}{place:02}", self.number), "legacyItemId": format!("18{:06}", self.number),
                "sku": sku, "title": sku, "lineItemCost": money(PRICE * f64::from(*pieces)),
                "total": money(PRICE * f64::from(*pieces)), "quantity": pieces, "soldFormat": "FIXED_PRICE",
                "lineItemFulfillmentStatus": "NOT_STARTED", "refunds": [], "properties": {"buyerProtection": true},
            })
        };
        json!({
            "orderId": format!("88-{:05}-{:05}", self.number, self.number), "creationDate": now,
            "lastModifiedDate": now, "orderFulfillmentStatus": "NOT_STARTED",
            "orderPaymentStatus": if self.paid { "PAID" } else { "PENDING" }, "sellerId": "harbour_finch",
            "buyer": {"username": format!("{TOKEN}_{}", self.number), "taxAddress": {"countryCode": "GB"}},
            "pricingSummary": {"total": money(self.total())},
            "cancelStatus": {"cancelState": "NONE_REQUESTED", "cancelRequests": []},
            "paymentSummary": {"refunds": []}, "fulfillmentHrefs": [],
            "fulfillmentStartInstructions": [{"fulfillmentInstructionsType": "SHIP_TO",
                "ebaySupportedFulfillment": false, "shippingStep": {"shippingServiceCode": "UK_RoyalMailTracked",
                "shipTo": {"fullName": format!("{TOKEN} {TOKEN}"), "contactAddress": {
                    "addressLine1": format!("1 {TOKEN} Lane"), "city": "Bristol", "postalCode": "BS1 4DJ",
                    "countryCode": "GB"}, "primaryPhone": {"phoneNumber": "07700 900123"}, "email": self.mail()}}}],
            "lineItems": (1..).zip(&self.lines).map(line).collect::<Vec<_>>(),
        })
    }
}
