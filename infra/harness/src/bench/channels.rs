//! The ingest core of each channel: what its road into the warm function takes for one order of 10 KB, between the
//! calls. Where the order itself is delivered it is verified, read, prepared and sealed. Where it is fetched, asking
//! for it stands in the place of the signature (Magento's requests are signed, the reply is TLS's to vouch for).

use super::core::{Taken, Timing, taken, time};
use super::row::{Budget, Row};
use super::sample::{INDEX_KEY, LINES, SIZE, merchant};
use crate::accounts::{ACCOUNT, Seeded, others};
use crate::day::invented;
use crate::stack::Trouble;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use serde_json::{Value, json};
use waybill_channels::feed::{Found, Reading};
use waybill_channels::hint::Hint;
use waybill_channels::woocommerce::webhook::{Topic, read, signature_header, topic_header, verify};
use waybill_channels::{Normalised, Stamp};
use waybill_domain::order::Channel;
use waybill_privacy::index::IndexKey;
use waybill_privacy::secret::Secret;
use waybill_runtime::directory::Account;
use waybill_sandbox::{Call, Sandbox, SignedWebhook};
use waybill_store::registry::{Connection, ConnectionState, Credentials};

/// Budget of one order of any channel, in microseconds (issue "All five channels").
const BUDGET: f64 = 60.0;
/// How many different orders of each channel there are.
const DIFFERENT: usize = 16;
/// Invented for each that is used: one in forty has three lines.
const SPARE: usize = 80;
/// How the sandbox is addressed.
const ORIGIN: &str = "http://sandbox.invalid";

/// An order as it arrives.
enum Arrived {
    /// Delivered whole.
    Delivery { headers: HeaderMap, body: Vec<u8> },
    /// The reply to the question for the order of this key.
    Reply { id: String, reply: Response<Vec<u8>> },
}

/// Orders of one channel, and where they arrive.
struct Sample {
    account: Account,
    api: waybill_channels::Account,
    orders: Vec<Arrived>,
}

/// Measures the ingest core of every channel; `shopify` is measured already.
///
/// # Errors
/// When an order is not taken in.
pub fn rows(shopify: &Timing, runs: usize) -> Result<Vec<Row>, Trouble> {
    let row = |channel: Channel, timing: &Timing| {
        let name = format!("ingest core, 10 KB order of {}, p50", channel.as_str());
        Row::new(name, timing.p50_us, "us").budget(Budget::AtMost(BUDGET))
    };
    let mut rows = vec![row(Channel::Shopify, shopify)];
    for seeded in others(ORIGIN, webhook)? {
        let Some(channel) = seeded.kind.channel() else { continue };
        let sample = Sample::new(seeded, channel)?;
        let timing = time(runs, |n| ingest(&sample, &sample.orders[n % sample.orders.len()]))?;
        rows.push(row(channel, &timing));
    }
    Ok(rows)
}

fn webhook(channel: Channel, id: &waybill_domain::ConnectionId) -> String {
    format!("http://waybill.invalid/webhooks/{}/{id}", channel.as_str())
}

/// Takes one order in, with the functions that the webhook and the poller use.
fn ingest(sample: &Sample, order: &Arrived) -> Result<Taken, Trouble> {
    let normalised = match order {
        Arrived::Delivery { headers, body } => delivered(sample, headers, body)?,
        Arrived::Reply { id, reply } => fetched(sample, id, reply)?,
    };
    taken(&sample.account, &normalised)
}

fn delivered(sample: &Sample, headers: &HeaderMap, body: &[u8]) -> Result<Normalised, Trouble> {
    let Credentials::WooCommerce { secrets, .. } = &sample.account.credentials else {
        return Err("the sample's account delivers no orders".into());
    };
    let secrets: Vec<Secret> = secrets.iter().map(|secret| Secret::new(secret.clone())).collect();
    verify(body, signature_header(headers), &secrets.iter().collect::<Vec<_>>())?;
    let topic = topic_header(headers).ok_or("the delivery has no topic")?;
    match read(Topic::parse(topic), body)? {
        Hint::Order(normalised) => Ok(*normalised),
        _ => Err("the delivery is not an order".into()),
    }
}

fn fetched(sample: &Sample, id: &str, reply: &Response<Vec<u8>>) -> Result<Normalised, Trouble> {
    let stamp = Stamp { now: jiff::Timestamp::UNIX_EPOCH, nonce: "0123456789abcdef0123456789abcdef".into() };
    let mut one = sample.api.one(id);
    one(None, &stamp)?;
    match one(Some(reply), &stamp)? {
        Reading::Over(Some(Found::Whole(normalised))) => Ok(*normalised),
        _ => Err("the reply is not a whole order".into()),
    }
}

impl Sample {
    fn new(seeded: Seeded, channel: Channel) -> Result<Self, Trouble> {
        let merchant = merchant()?;
        let connection = Connection {
            id: seeded.id.clone(),
            merchant: merchant.id.clone(),
            kind: seeded.kind,
            state: ConnectionState::Active,
            address: seeded.address(ORIGIN),
            tracking_address: None,
            token_address: None,
            keys_address: None,
            places: std::collections::BTreeMap::new(),
            credentials: Vec::new(),
        };
        let index = IndexKey::from_bytes(&INDEX_KEY)?;
        let account = Account {
            connection,
            merchant: merchant.into(),
            index: index.into(),
            credentials: seeded.credentials,
        };
        let api = account.channel(Some(Secret::new("token-of-the-hour".to_owned())));
        let api = api.ok_or("the account is not a channel's")?;
        let mut sample = Self { account, api, orders: Vec::new() };
        for order in invented(channel, 11, DIFFERENT * SPARE)? {
            if order[rows_of(channel)].as_array().map_or(0, Vec::len) < LINES {
                continue;
            }
            // Which row is a line of the order only its reading tells.
            let plain = arrived(channel, &seeded.config, order.clone())?;
            if ingest(&sample, &plain).is_ok_and(|taken| taken.prepared.who.lines.len() == LINES) {
                let order = arrived(channel, &seeded.config, padded(channel, order))?;
                sample.orders.push(order);
            }
            if sample.orders.len() == DIFFERENT {
                return Ok(sample);
            }
        }
        Err("too few orders of three lines were invented".into())
    }
}

/// Where an order has its rows.
fn rows_of(channel: Channel) -> &'static str {
    match channel {
        Channel::Shopify | Channel::WooCommerce => "line_items",
        Channel::Magento => "items",
        Channel::Amazon => "orderItems",
        Channel::Ebay => "lineItems",
    }
}

/// The order as the channel hands it over.
fn arrived(channel: Channel, config: &Value, order: Value) -> Result<Arrived, Trouble> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (id, body) = match channel {
        Channel::Shopify | Channel::WooCommerce => return delivery(config, order),
        Channel::Magento => (text(&order["entity_id"]), order),
        Channel::Amazon => (text(&order["orderId"]), json!({ "order": order })),
        Channel::Ebay => (text(&order["orderId"]), order),
    };
    let reply = Response::builder().header("content-type", "application/json");
    Ok(Arrived::Reply { id, reply: reply.body(body.to_string().into_bytes())? })
}

/// A WooCommerce order as its shop delivers it: escaped and signed as WordPress does.
fn delivery(config: &Value, order: Value) -> Result<Arrived, Trouble> {
    let shop = Sandbox::new(1);
    let address = format!("/control/woocommerce/{ACCOUNT}");
    let orders = json!({"orders": [order], "deliver": true});
    for (path, body) in [(address.clone(), config), (format!("{address}/orders"), &orders)] {
        let reply = shop.answer(&Call::new(Method::PUT, &path).json(body));
        if reply.status != 200 {
            return Err("the shop does not take its order".into());
        }
    }
    let sent = shop.take_webhooks(1).pop().ok_or("the shop delivers nothing")?;
    let SignedWebhook { headers, body, .. } = sent.webhook;
    let header = |(name, value): &(String, String)| Some((name.parse().ok()?, value.parse().ok()?));
    let headers: Option<Vec<(HeaderName, HeaderValue)>> = headers.iter().map(header).collect();
    let headers = headers.ok_or("the delivery's headers are none")?.into_iter().collect();
    Ok(Arrived::Delivery { headers, body })
}

/// Fills an order up to [`SIZE`] the way it grows at its channel.
fn padded(channel: Channel, mut order: Value) -> Value {
    let grow = |order: &mut Value, n: usize, text: String| {
        let (path, entry) = entry(channel, n, text);
        let lines = rows_of(channel);
        let count = order[lines].as_array().map_or(1, Vec::len).max(1);
        let place = path.iter().fold(&mut order[lines][n % count], |at, name| &mut at[*name]);
        match place.as_array_mut() {
            Some(entries) => entries.push(entry),
            None => *place = json!([entry]),
        }
    };
    let usual = || "x".repeat(48);
    let each = entry(channel, 10, usual()).1.to_string().len() + 1;
    // Room for one more, and for the lists that are begun.
    let many = SIZE.saturating_sub(order.to_string().len() + 2 * each + 100 * LINES) / each;
    (0..many).for_each(|n| grow(&mut order, n, usual()));
    // The last one takes what is left.
    let mut empty = order.clone();
    grow(&mut empty, many, String::new());
    grow(&mut order, many, "x".repeat(SIZE.saturating_sub(empty.to_string().len())));
    order
}

/// What one more entry on a line looks like, and where on the line it stands.
fn entry(channel: Channel, n: usize, text: String) -> (&'static [&'static str], Value) {
    let gbp = |amount: &str| json!({"amount": amount, "currencyCode": "GBP"});
    match channel {
        Channel::Shopify => (&["properties"], json!({"name": format!("_p{n:02}"), "value": text})),
        // Plugins leave what they know.
        Channel::WooCommerce => {
            (&["meta_data"], json!({"id": 1000 + n, "key": format!("_plugin_{n:02}"), "value": text}))
        }
        // A product's options, chosen one by one.
        Channel::Magento => (
            &["product_option", "extension_attributes", "custom_options"],
            json!({"option_id": (100 + n).to_string(), "option_value": text}),
        ),
        // What the price is made of.
        Channel::Amazon => (
            &["proceeds", "breakdowns"],
            json!({"type": text, "subtotal": gbp("0.10"), "detailedBreakdowns": []}),
        ),
        // Every promotion that had a part in it.
        Channel::Ebay => (
            &["appliedPromotions"],
            json!({"promotionId": format!("{n:010}"), "description": text,
                "discountAmount": {"value": "0.10", "currency": "GBP"}}),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channels_orders_have_ten_kilobytes_and_three_lines_and_open_again() {
        for seeded in others(ORIGIN, webhook).unwrap() {
            let Some(channel) = seeded.kind.channel() else { continue };
            let sample = Sample::new(seeded, channel).unwrap();
            assert_eq!(sample.orders.len(), DIFFERENT, "{channel:?}");
            for order in &sample.orders {
                let length = match order {
                    Arrived::Delivery { body, .. } => body.len(),
                    Arrived::Reply { reply, .. } => reply.body().len(),
                };
                let near = SIZE..=SIZE + SIZE / 10;
                assert!(near.contains(&length), "{channel:?}: {length} bytes");
                let Taken { prepared, sealed } = ingest(&sample, order).unwrap();
                assert_eq!(prepared.who.lines.len(), LINES, "{channel:?}");
                let key =
                    waybill_privacy::seal::DataKey::from_bytes(&super::super::sample::DATA_KEY).unwrap();
                let who = &prepared.who;
                let opened = waybill_privacy::seal::open(&key, &who.merchant, &who.order, &sealed).unwrap();
                assert!(Some(opened) == prepared.recipient, "{channel:?}");
            }
        }
    }

    #[test]
    fn every_channel_has_its_row_with_its_budget() {
        let shopify = Timing { p50_us: 30.0, p99_us: 40.0, per_second: 30_000.0 };
        let rows = rows(&shopify, 10).unwrap();
        for (row, channel) in rows.iter().zip(Channel::ALL) {
            assert_eq!(row.name, format!("ingest core, 10 KB order of {}, p50", channel.as_str()));
            assert_eq!(row.budget, Some(Budget::AtMost(60.0)));
            assert!(row.value > 0.0);
        }
        assert_eq!(rows.len(), Channel::ALL.len());
    }
}
