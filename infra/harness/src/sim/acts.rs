//! Carrying the script out: in the sandbox's shop, in the post, in the warehouse.

use super::mail::Letter;
use super::scheduler::Sim;
use super::script::{Act, UNREADABLE};
use crate::world::{SHOP, WorldError};
use jiff::SignedDuration;
use rand::Rng;
use serde_json::{Value, json};
use waybill_domain::time::after;
use waybill_sandbox::WebhookOptions;
use waybill_sandbox::shopify::orders::{self, StoredOrder, id_of};
use waybill_sandbox::shopify::{changes, webhooks};
use waybill_store::Work;

/// Most deliveries kept for replays.
const MOST_KEPT: usize = 200;

impl Sim {
    /// Does one thing of the script.
    pub(super) async fn act(&mut self, act: Act) -> Result<(), WorldError> {
        match act {
            Act::Place(n, body) => self.place(n, *body),
            Act::Edit(n) => {
                let units = self.units(n);
                self.change(n, "edit", |state, id| changes::edit(state, SHOP, id, &units));
            }
            Act::Address(n) => {
                let mark = format!("{}{:08x} Moved Lane", super::script::TOKEN, self.rng.random::<u32>());
                let fields = json!({"address1": mark, "zip": "LS1 4AB", "city": mark, "country_code": "GB"});
                let has = self.look(n, |stored| stored.body["shipping_address"].is_object());
                if has == Some(true) {
                    self.change(n, "address", |state, id| changes::address(state, SHOP, id, &fields));
                }
            }
            Act::Touch(n) => {
                self.change(n, "touch", |state, id| changes::patch(state, SHOP, id, &json!({"tags": "x"})));
            }
            Act::Cancel(n) => {
                self.change(n, "cancel", |state, id| changes::cancel(state, SHOP, id, "customer"))
            }
            Act::Hold(n, true) => self.change(n, "hold", |state, id| changes::hold(state, SHOP, id, "OTHER")),
            Act::Hold(n, false) => self.change(n, "release", |state, id| changes::release(state, SHOP, id)),
            Act::Redact(n) => self.redact(n),
            Act::Stale(n) => self.stale(n),
            Act::Replay => self.replay(),
            Act::Void(n) => self.void(n).await?,
            Act::AfterVoid(n) => self.after_void(n).await?,
            Act::Receive(n) => self.receive(n).await?,
            Act::Warehouse(n) => self.warehouse(n).await?,
            Act::Uninstall => {
                self.note("the merchant removes the app");
                self.uninstalled = Some(self.now());
                self.world.sandbox.with_state(|state| {
                    if let Some(shop) = state.shops.get_mut(SHOP) {
                        shop.installed = false;
                    }
                });
                self.send("app/uninstalled", None, &WebhookOptions::default());
            }
            Act::ShopRedact => self.send("shop/redact", None, &WebhookOptions::default()),
            Act::Forge => {
                let forged = json!({"id": 1, "updated_at": "2026-11-23T09:00:00Z", "line_items": []});
                let options = WebhookOptions {
                    payload: Some(forged),
                    wrong_signature: true,
                    ..WebhookOptions::default()
                };
                self.send("orders/create", None, &options);
            }
            Act::Garble(n) => {
                let garbled = json!({"garbled": n});
                let options = WebhookOptions { payload: Some(garbled), ..WebhookOptions::default() };
                if self.uninstalled.is_none() {
                    self.send(UNREADABLE, None, &options);
                }
            }
            Act::DropFence => self.drop_fences().await?,
        }
        Ok(())
    }

    fn place(&mut self, n: usize, mut body: Value) {
        if self.uninstalled.is_some() {
            return;
        }
        let now = self.now().strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string();
        for name in ["created_at", "updated_at", "processed_at"] {
            body[name] = json!(now);
        }
        let id = id_of(&body);
        let split = self.rng.random_range(1..=2);
        while self.placed.len() <= n {
            self.placed.push(0);
        }
        self.placed[n] = id;
        self.note(&format!("o{n} is placed"));
        self.world.sandbox.with_state(|state| {
            if orders::put(state, SHOP, body, split).is_ok() {
                webhooks::announce(state, SHOP, "orders/create", id);
            }
        });
    }

    fn id(&self, n: usize) -> Option<i64> {
        self.placed.get(n).copied().filter(|id| *id != 0)
    }

    fn look<T>(&self, n: usize, look: impl FnOnce(&StoredOrder) -> T) -> Option<T> {
        let id = self.id(n)?;
        self.world.sandbox.with_state(|state| state.shops.get(SHOP)?.orders.get(&id).map(look))
    }

    fn change(
        &mut self,
        n: usize,
        what: &str,
        change: impl FnOnce(&mut waybill_sandbox::state::State, i64) -> Result<(), String>,
    ) {
        let Some(id) = self.id(n).filter(|_| self.uninstalled.is_none()) else { return };
        let done = self.world.sandbox.with_state(|state| change(state, id));
        self.note(&format!("o{n} {what}: {}", done.map_or_else(|why| why, |()| "done".to_owned())));
    }

    /// A new quantity for one or two lines.
    fn units(&mut self, n: usize) -> Vec<(i64, i64)> {
        let lines = self.look(n, |stored| {
            let line = |l: &Value| (id_of(l), l["current_quantity"].as_i64().unwrap_or(0));
            stored.lines().iter().map(line).collect::<Vec<_>>()
        });
        let lines = lines.unwrap_or_default();
        let mut units = Vec::new();
        for (id, now) in lines {
            if self.rng.random_ratio(1, 2) {
                units.push((id, (now + self.rng.random_range(-2..=2)).max(0)));
            }
        }
        units
    }

    /// Makes a signed delivery of its own, besides those the shop sends by itself.
    fn send(&mut self, topic: &str, order: Option<i64>, options: &WebhookOptions) {
        match self.world.sandbox.webhook(SHOP, topic, order, options) {
            Ok(webhook) => {
                let letter = Letter::new(webhook, self.now());
                self.post(letter);
            }
            Err(why) => self.note(&format!("no {topic}: {why}")),
        }
    }

    fn redact(&mut self, n: usize) {
        // A shop redacts orders it has told us of long before.
        let Some(id) = self.id(n).filter(|id| self.accepted.contains(id)) else { return };
        self.note(&format!("o{n} is to be forgotten"));
        self.redacted.insert(id);
        self.send("customers/redact", Some(id), &WebhookOptions::default());
    }

    fn stale(&mut self, n: usize) {
        if let Some(id) = self.id(n).filter(|_| self.uninstalled.is_none()) {
            let options = WebhookOptions { stale: self.rng.random_range(1..=2), ..WebhookOptions::default() };
            self.send("orders/updated", Some(id), &options);
        }
    }

    fn replay(&mut self) {
        if self.archive.is_empty() {
            return;
        }
        let place = self.rng.random_range(0..self.archive.len());
        self.replay_one(place);
    }

    fn replay_one(&mut self, place: usize) {
        let letter = Letter { due: self.now(), attempt: 0, ..self.archive[place].clone() };
        self.note(&format!("{} {} is sent again", letter.webhook.topic, self.order_name(letter.order)));
        self.mail.letters.push(letter);
    }

    /// Sends deliveries of long ago again, and the orders as they are now.
    pub(super) fn replay_all(&mut self) {
        let kept = self.archive.len().min(MOST_KEPT);
        let about = |letter: &Letter| letter.webhook.topic.starts_with("orders/");
        let all: Vec<usize> = (0..kept).filter(|n| about(&self.archive[*n])).collect();
        for place in all {
            if self.rng.random_ratio(2, 3) {
                self.replay_one(place);
            }
        }
        for n in 0..self.placed.len() {
            if let Some(id) = self.id(n).filter(|_| self.uninstalled.is_none()) {
                let fields = json!({"tags": "again"});
                let _ = self.world.sandbox.with_state(|state| changes::patch(state, SHOP, id, &fields));
                if self.rng.random_ratio(1, 2) {
                    self.send("orders/edited", Some(id), &WebhookOptions::default());
                }
            }
        }
    }

    async fn receive(&mut self, n: u32) -> Result<(), WorldError> {
        let skus: Vec<String> =
            super::facts::Facts::of_stock(&self.world)?.levels.into_iter().map(|(sku, _)| sku).collect();
        let warehouses = self.world.merchant.warehouses.clone();
        for sku in skus {
            if self.rng.random_ratio(1, 3) {
                let place = self.rng.random_range(0..warehouses.len());
                let slot = (sku, warehouses[place].id.clone());
                let (pieces, now) = (self.rng.random_range(1..=4), self.now());
                let world = &self.world;
                world.db.receive(&world.merchant.id, &slot, pieces, &format!("delivery-{n}"), now).await?;
                self.announce_goods(&slot.0).await?;
            }
        }
        self.note("goods arrive");
        Ok(())
    }

    /// Puts a delivery into the post: late, twice, or never when a newer one carries the same.
    pub(super) fn post(&mut self, mut letter: Letter) {
        if self.weather.strength <= 0.0 {
            self.mail.letters.push(letter);
            return;
        }
        let most = if self.rng.random_ratio(1, 5) { 180_000 } else { 4_000 };
        letter.due = after(letter.due, SignedDuration::from_millis(self.rng.random_range(0..most)));
        let newer = |other: &Letter| {
            let same = other.webhook.body == letter.webhook.body;
            other.order == letter.order
                && (same || other.version > letter.version)
                && other.is_whole()
                && other.attempt == 0
        };
        let spare = letter.is_whole() && self.mail.letters.iter().any(newer);
        if spare && self.rng.random_ratio(1, 5) {
            self.note(&format!("{} {} is lost", letter.webhook.topic, self.order_name(letter.order)));
            return;
        }
        if self.rng.random_ratio(1, 5) {
            let wait = SignedDuration::from_millis(self.rng.random_range(0..200_000));
            self.mail.letters.push(Letter { due: after(letter.due, wait), ..letter.clone() });
        }
        self.mail.letters.push(letter);
    }

    /// What an order is called in the history.
    pub(super) fn order_name(&self, channel_id: Option<i64>) -> String {
        let place = channel_id.and_then(|id| self.placed.iter().position(|one| *one == id));
        place.map_or_else(|| "-".to_owned(), |n| format!("o{n}"))
    }

    /// What a message is about, for the history.
    pub(super) fn about(&self, work: &Work) -> String {
        match work {
            Work::Order { order, .. } => {
                let is = |id: &i64| self.world.order_id(*id).is_ok_and(|one| one == *order);
                let place = self.placed.iter().position(is);
                place.map_or_else(|| order.to_string(), |n| format!("o{n}"))
            }
            Work::Fetch { channel_id, .. } => format!("fetch {}", self.order_name(channel_id.parse().ok())),
            Work::Poll { .. } => "poll".to_owned(),
            Work::Backfill { .. } => "backfill".to_owned(),
            Work::Push { .. } => "push".to_owned(),
            Work::PushAll { .. } => "push all".to_owned(),
            Work::Expired { .. } => "expired".to_owned(),
            Work::Manifest { .. } => "manifest".to_owned(),
            Work::Paper { .. } => "paper".to_owned(),
            Work::Request { .. } => "request".to_owned(),
            Work::Hold { .. } => "hold".to_owned(),
            Work::Purge { .. } => "purge".to_owned(),
            Work::Retain { .. } => "retain".to_owned(),
            Work::Event { event } => format!("event {}", event.id),
            Work::Deliver { subscription, delivery, .. } => format!("deliver {delivery} to {subscription}"),
        }
    }
}
