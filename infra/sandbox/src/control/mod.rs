//! The control door: JSON under `/control/...`. Nothing here is counted or captured.

mod orders;
mod report;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::deliver::Sending;
use crate::faults::Fault;
use crate::royal_mail::{Account, Fate, RoyalMail};
use crate::shopify::{Shop, ShopConfig};
use crate::state::{Limits, State};
use crate::wire::{Call, Reply};
pub use report::report;

/// What the door offers, as `GET /control` shows it.
const HELP: &[&str] = &[
    "GET    /control/state[?brief=true]                   counts, orders, bookings, refusals",
    "GET    /control/captured[?endpoint=prefix]           every request as it arrived; DELETE forgets them",
    "POST   /control/reset                                forget everything but clock and limits",
    "PUT    /control/shops                                {domain, client_secret, access_token, webhook_url, ...}",
    "POST   /control/shops/{shop}/uninstall|reinstall",
    "PUT    /control/stock                                {shop, levels: {sku: units}}; GET /control/stock/{shop} shows them",
    "PUT    /control/orders                               {shop, orders: [...], split, deliver}",
    "GET    /control/orders/{shop}[/{order}]",
    "POST   /control/orders/{shop}/{order}/edit           {lines: {line id or sku: units}}",
    "POST   /control/orders/{shop}/{order}/address|patch  {field: value}",
    "POST   /control/orders/{shop}/{order}/cancel|hold    {reason}",
    "POST   /control/orders/{shop}/{order}/refund         {lines: {line id or sku: units}, restock}",
    "POST   /control/orders/{shop}/{order}/release|delete",
    "POST   /control/invent                               {shop, seed, count, deliver}",
    "POST   /control/canary                               {shop, number, deliver}: returns pointers and tokens",
    "POST   /control/deliver                              {shop, topic, order|orders|all, copies, shuffle, delay_seconds, wrong_signature, previous_secret, stale, payload, webhook_id}",
    "PUT    /control/sending                              {concurrency, retries, retry_seconds, paused}",
    "GET    /control/clock                                PUT {now} | {advance_seconds} | {follow: true|false}",
    "PUT    /control/limits                               {shopify_cost, click_and_drop_per_second, tracking_per_second, woocommerce_per_second, amazon, ebay}",
    "GET    /control/faults                               POST {endpoint, kind, times, skip, probability, ...}; DELETE clears",
    "PUT    /control/parcels                              {tracking_number|reference, fate: deliver|fail|return|lose|keep}",
    "PUT    /control/accounts/{key}                       {oba, business, manifest_later, carriers, trading_name}",
    "The other channels, {channel} one of woocommerce, magento, amazon, ebay, each with accounts by name:",
    "PUT    /control/{channel}/{account}                   {webhook_url, credentials of the channel, ...}",
    "PUT    /control/{channel}/{account}/orders            {orders: [...], deliver}",
    "POST   /control/{channel}/{account}/invent            {seed, count, deliver}",
    "POST   /control/{channel}/{account}/canary            {number, deliver}: returns pointers and tokens",
    "GET    /control/{channel}/{account}/orders[/{order}]  what the shop shows: status, lines, tracking",
    "POST   /control/{channel}/{account}/orders/{order}/pay|cancel|edit|refund|address|erase   {lines: {line id or sku: units}, restock}",
    "GET    /control/{channel}/{account}/native            every order as the channel's own documents shape it",
    "PUT    /control/{channel}/{account}/stock             {levels: {sku: units}}; GET shows them",
    "POST   /control/{channel}/{account}/deliver           {order, copies, wrong_signature, previous_secret, payload, what}",
    "POST   /control/{channel}/{account}/tokens            {expire: true} or {revoke: true}",
    "GET    /control/amazon/{account}/notifications       taken once; POST .../orders/{order}/arrive delivers its parcels",
    "POST   /control/pro-shipping/manifest                 every printed label is handed over, as people do on the site",
    "POST   /control/pro-shipping/tokens                   every token is revoked",
    "PUT    /control/receiver/{name}                       {status}: what the merchant's own system answers to events",
    "PUT    /control/dpd/{account}                         {key, secret, local, unique_references, refuses_under_200, tracks_unscanned, token_seconds}",
    "GET    /control/dpd/{account}                         its shipments, without names",
    "PUT    /control/dpd/{account}/parcels                 {parcel_number|reference, fate: deliver|fail|return|lose|keep}",
    "POST   /control/dpd/{account}/rotate                  the service keys change; old ones fail",
    "POST   /control/dpd/{account}/tokens                  {expire: true} or {revoke: true}",
];

type Answer = Result<Value, String>;

/// Answers one control request. What cannot be done gives 400 with `error`.
pub fn answer(state: &mut State, call: &Call, rest: &[&str]) -> Reply {
    match route(state, call, rest) {
        Ok(value) => Reply::json(200, &value),
        Err(reason) => Reply::json(400, &json!({"error": reason})),
    }
}

fn route(state: &mut State, call: &Call, rest: &[&str]) -> Answer {
    match (call.method.as_str(), rest) {
        ("GET", []) => Ok(json!({"control": HELP})),
        ("GET", ["state"]) if call.param("brief").as_deref() == Some("true") => Ok(report::brief(state)),
        ("GET", ["state"]) => Ok(report(state)),
        ("GET", ["captured"]) => Ok(captured(state, call)),
        ("DELETE", ["captured"]) => {
            state.meters.captured.clear();
            done()
        }
        ("POST", ["reset"]) => {
            state.reset();
            done()
        }
        ("PUT", ["shops"]) => add_shop(state, read(call)?),
        ("POST", ["shops", shop, change]) => install(state, shop, change),
        ("PUT", ["stock"]) => set_stock(state, read(call)?),
        ("GET", ["stock", shop]) => stock(state, shop),
        ("PUT", ["sending"]) => {
            state.outbox.sending = read::<Sending>(call)?;
            done()
        }
        ("GET", ["clock"]) => Ok(json!({"now": state.now()})),
        ("PUT", ["clock"]) => set_clock(state, &read(call)?),
        ("PUT", ["limits"]) => {
            state.limits = read::<Limits>(call)?;
            done()
        }
        ("GET", ["faults"]) => Ok(json!({"faults": state.faults.list()})),
        ("POST", ["faults"]) => {
            state.faults.add(read::<Fault>(call)?);
            done()
        }
        ("DELETE", ["faults"]) => {
            state.faults.clear();
            done()
        }
        ("PUT", ["parcels"]) => set_fate(state, read(call)?),
        ("PUT", ["accounts", key]) => {
            state.royal_mail.accounts.insert((*key).to_owned(), read::<Account>(call)?);
            done()
        }
        ("GET", [channel, account, "native"]) => native(state, channel, account),
        (_, ["woocommerce", rest @ ..]) => crate::woocommerce::control(state, call, rest),
        (_, ["magento", rest @ ..]) => crate::magento::control(state, call, rest),
        (_, ["amazon", rest @ ..]) => crate::amazon::control(state, call, rest),
        (_, ["ebay", rest @ ..]) => crate::ebay::control(state, call, rest),
        (_, ["pro-shipping", rest @ ..]) => crate::pro_shipping::control(state, call, rest),
        (_, ["receiver", rest @ ..]) => crate::receiver::control(state, call, rest),
        (_, ["dpd", rest @ ..]) => crate::dpd::control(state, call, rest),
        (_, ["orders" | "invent" | "canary" | "deliver", ..]) => orders::route(state, call, rest),
        _ => Err("there is no such control; GET /control lists them".to_owned()),
    }
}

fn done() -> Answer {
    Ok(json!({"ok": true}))
}

pub(crate) fn read<T: DeserializeOwned>(call: &Call) -> Result<T, String> {
    let body: &[u8] = if call.body.is_empty() { b"{}" } else { &call.body };
    serde_json::from_slice(body).map_err(|error| format!("the body does not fit: {error}; see GET /control"))
}

fn captured(state: &State, call: &Call) -> Value {
    let prefix = call.param("endpoint").unwrap_or_default();
    let kept: Vec<_> = state.meters.captured.iter().filter(|one| one.endpoint.starts_with(&prefix)).collect();
    json!({"captured": kept, "dropped": state.meters.captured_dropped})
}

fn add_shop(state: &mut State, config: ShopConfig) -> Answer {
    let domain = config.domain.clone();
    state.add_shop(config);
    Ok(json!({"ok": true, "shop_id": state.shops.get(&domain).map(|shop| shop.id)}))
}

impl State {
    /// Adds a shop, or gives a known one a new setup and keeps its orders.
    pub fn add_shop(&mut self, config: ShopConfig) {
        let id = 70_000_000_000 + i64::try_from(self.shops.len()).unwrap_or(0);
        match self.shops.get_mut(&config.domain) {
            Some(shop) => shop.config = config,
            None => {
                self.shops.insert(config.domain.clone(), Shop::new(config, id));
            }
        }
    }

    /// Tells a parcel its fate, by tracking number, or by order reference before or after it has a number.
    /// Returns how many parcels with a number it changed.
    pub fn set_fate(&mut self, number: Option<&str>, reference: Option<&str>, fate: Fate) -> usize {
        let RoyalMail { orders, parcels, fates, .. } = &mut self.royal_mail;
        if let Some(reference) = reference {
            fates.insert(reference.to_owned(), fate);
        }
        let of_reference = |order: i64| {
            let known = orders.get(&order).and_then(|order| order.reference.as_deref());
            known.is_some() && known == reference
        };
        let mut changed = 0;
        for (known, parcel) in parcels.iter_mut() {
            if Some(known.as_str()) == number || of_reference(parcel.order) {
                parcel.fate = fate;
                changed += 1;
            }
        }
        changed
    }
}

fn install(state: &mut State, domain: &str, change: &str) -> Answer {
    let shop = state.shops.get_mut(domain).ok_or("there is no such shop; add it with PUT /control/shops")?;
    shop.installed = match change {
        "uninstall" => false,
        "reinstall" => true,
        _ => return Err("a shop can be told to uninstall or reinstall".to_owned()),
    };
    let automatic = shop.config.auto_webhooks;
    if change == "uninstall" && automatic {
        let options = crate::WebhookOptions::default();
        let webhook = crate::shopify::webhooks::make(state, domain, "app/uninstalled", None, &options)?;
        crate::deliver::queue(state, webhook, None);
    }
    done()
}

#[derive(Deserialize)]
struct Stock {
    shop: String,
    levels: BTreeMap<String, i64>,
}

fn stock(state: &State, shop: &str) -> Answer {
    let shop = state.shops.get(shop).ok_or("there is no such shop; add it with PUT /control/shops")?;
    let levels = shop.inventory.items.values().map(|item| (item.sku.clone(), json!(item.available)));
    Ok(json!({"levels": levels.collect::<serde_json::Map<String, Value>>()}))
}

fn set_stock(state: &mut State, stock: Stock) -> Answer {
    let shop = state.shops.get_mut(&stock.shop);
    let shop = shop.ok_or("there is no such shop; add it with PUT /control/shops")?;
    for (sku, units) in stock.levels {
        shop.inventory.add(&sku, 0);
        if let Some(item) = shop.inventory.of_sku(&sku) {
            (item.available, item.on_hand) = (units, units);
        }
    }
    done()
}

#[derive(Deserialize)]
struct ClockChange {
    now: Option<Timestamp>,
    advance_seconds: Option<i64>,
    follow: Option<bool>,
}

fn set_clock(state: &mut State, change: &ClockChange) -> Answer {
    match change.follow {
        Some(true) => state.clock.follow_system(),
        Some(false) => state.clock.stand_still(),
        None => {}
    }
    if let Some(now) = change.now {
        state.clock.set(now);
    }
    if let Some(seconds) = change.advance_seconds {
        state.clock.advance(SignedDuration::from_secs(seconds));
    }
    Ok(json!({"now": state.now()}))
}

#[derive(Deserialize)]
struct ParcelFate {
    tracking_number: Option<String>,
    reference: Option<String>,
    fate: Fate,
}

fn set_fate(state: &mut State, told: ParcelFate) -> Answer {
    if told.tracking_number.is_none() && told.reference.is_none() {
        return Err("name the parcel by tracking_number or by order reference".to_owned());
    }
    let changed = state.set_fate(told.tracking_number.as_deref(), told.reference.as_deref(), told.fate);
    Ok(json!({"ok": true, "parcels": changed}))
}

/// Every order of an account in its channel's own shape: what a search for personal data needs.
fn native(state: &State, channel: &str, account: &str) -> Answer {
    let missing = || format!("there is no account {account} at {channel}");
    let orders: Vec<&Value> = match channel {
        "woocommerce" => {
            let shop = state.woocommerce.accounts.get(account).ok_or_else(missing)?;
            shop.orders.values().map(|order| &order.body).collect()
        }
        "magento" => state.magento.accounts.get(account).ok_or_else(missing)?.orders.values().collect(),
        "amazon" => {
            let seller = state.amazon.accounts.get(account).ok_or_else(missing)?;
            seller.orders.values().map(|order| &order.body).collect()
        }
        "ebay" => {
            let seller = state.ebay.accounts.get(account).ok_or_else(missing)?;
            seller.orders.values().map(|order| &order.body).collect()
        }
        _ => return Err("there is no such channel".to_owned()),
    };
    Ok(json!({ "orders": orders }))
}
