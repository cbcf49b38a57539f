//! A world in which things happen in order: deliveries, messages and the clock's minutes, each when it is due.

use super::meddler::Meddler;
use super::road::Road;
use crate::accounts::{ACCOUNT, Seeded, connection_id, others};
use crate::sim::facts::{Facts, Held, next_due};
use crate::sim::mail::{Mail, batch_size, visibility};
use crate::world::{Setup, World, WorldError};
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use waybill_channels::poll_every;
use waybill_domain::order::Channel;
use waybill_domain::time::after;
use waybill_domain::{ConnectionId, OrderId};
use waybill_sandbox::state::Limits;
use waybill_sandbox::{DeliveryResult, SignedWebhook};
use waybill_store::{Queue, StoreError};

/// Where the sandbox is, in the world's addresses.
const ORIGIN: &str = "http://sandbox.invalid";

/// No channel's window ends longer before now than this, the clock's own minute included.
const SETTLE: SignedDuration = SignedDuration::from_secs(210);

/// What goes wrong with a scenario: the sentence shown for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken(pub String);

impl From<String> for Broken {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Broken {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<WorldError> for Broken {
    fn from(error: WorldError) -> Self {
        Self(error.to_string())
    }
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

impl From<crate::sim::Failure> for Broken {
    fn from(failure: crate::sim::Failure) -> Self {
        Self(format!("{}: {}", failure.promise, failure.seen))
    }
}

/// Says that something is broken unless `holds`.
///
/// # Errors
/// When it does not.
pub fn must(holds: bool, seen: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken(seen())) }
}

/// The world and what is on its way in it.
pub struct Stage {
    /// The world.
    pub world: World,
    /// What can be done just before a call.
    pub meddler: Arc<Meddler>,
    /// Queues nobody works on for now.
    pub held: BTreeSet<Queue>,
    /// What is on its way.
    pub mail: Mail,
    /// Only arriving is played: of the clock the polls alone, and nothing after an order is stored.
    pub arrivals_only: bool,
    /// Deliveries are lost for now.
    pub post_lost: bool,
    /// Deliveries that were made, with what they were answered.
    pub letters: Vec<(SignedWebhook, u16)>,
    last_tick: Timestamp,
}

impl Stage {
    /// A world whose shops send what real ones send by themselves, and keep their documented limits.
    ///
    /// # Errors
    /// As the world.
    pub async fn new(setup: &Setup) -> Result<Self, Broken> {
        let meddler = Arc::new(Meddler::default());
        let world = World::new(setup, meddler.clone()).await?;
        world.sandbox.set_limits(Limits { click_and_drop_per_second: None, ..Limits::DOCUMENTED });
        let open = |one: &Seeded| one.kind.channel().is_some_and(|channel| setup.channels.contains(&channel));
        for account in accounts()?.into_iter().filter(open) {
            let mut config = account.config.clone();
            match account.kind.channel() {
                Some(Channel::WooCommerce) => config["auto_webhooks"] = json!(true),
                Some(Channel::Magento) => config["auto_events"] = json!(true),
                _ => continue,
            }
            configure(&world, &account, &config)?;
        }
        let (held, mail) = (BTreeSet::new(), Mail::default());
        let last_tick = world.time.now();
        Ok(Self {
            world,
            meddler,
            held,
            mail,
            arrivals_only: false,
            post_lost: false,
            letters: Vec::new(),
            last_tick,
        })
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.world.time.now()
    }

    /// The driver of a channel.
    pub fn road(&self, channel: Channel) -> Road {
        Road { channel, sandbox: self.world.sandbox.clone() }
    }

    /// Our id of an order of a channel.
    ///
    /// # Errors
    /// Never in practice.
    pub fn order_id(&self, channel: Channel, id: &str) -> Result<OrderId, Broken> {
        let order = self.world.index.order_id(&connection(channel)?, id);
        order.map_err(|_| Broken("an order id cannot be made".to_owned()))
    }

    /// Everything stored.
    ///
    /// # Errors
    /// When an item is not what it should be.
    pub fn facts(&self) -> Result<Facts, Broken> {
        Ok(Facts::read(&self.world)?)
    }

    /// An order of a channel, as it is stored.
    ///
    /// # Errors
    /// When it is not.
    pub fn stored(&self, channel: Channel, id: &str) -> Result<Held, Broken> {
        let order = self.order_id(channel, id)?;
        self.facts()?.orders.remove(&order).ok_or_else(|| Broken(format!("order {id} is not stored")))
    }

    /// Lets everything that is due happen for some minutes.
    ///
    /// # Errors
    /// When the harness fails.
    pub async fn run(&mut self, minutes: i64) -> Result<(), Broken> {
        let until = after(self.now(), SignedDuration::from_mins(minutes));
        self.run_until(until).await
    }

    /// Lets everything that is due happen until a channel has been read so many times more, and for the few
    /// minutes that a message which failed takes to come back.
    ///
    /// # Errors
    /// When the harness fails.
    pub async fn rounds(&mut self, channel: Channel, count: i32) -> Result<(), Broken> {
        let round = poll_every(channel) + SETTLE;
        let until = after(self.now(), round.saturating_mul(count) + SignedDuration::from_mins(5));
        self.run_until(until).await
    }

    async fn run_until(&mut self, until: Timestamp) -> Result<(), Broken> {
        loop {
            while self.step().await? {}
            let tick = self.next_tick()?;
            let next = tick.into_iter().chain(self.next_moment()).min();
            let Some(next) = next.filter(|next| *next < until) else { break };
            self.world.set_now(next.max(after(self.now(), SignedDuration::from_millis(1))));
            if tick.is_some_and(|tick| tick <= self.now()) {
                self.last_tick = self.now();
                let (functions, now) = (&self.world.functions, self.now());
                let done = match self.arrivals_only {
                    true => functions.polls(now).await.map(|_| ()),
                    false => functions.tick(now).await.map(|_| ()),
                };
                done.map_err(|failure| Broken(format!("the clock failed: {failure}")))?;
            }
        }
        self.world.set_now(until.max(self.now()));
        Ok(())
    }

    /// Takes what the channels send and does not deliver it yet.
    pub fn take_letters(&self) -> Vec<SignedWebhook> {
        self.world.sandbox.take_webhooks(usize::MAX).into_iter().map(|one| one.webhook).collect()
    }

    /// Delivers one, and gives what it was answered.
    pub async fn deliver(&mut self, letter: SignedWebhook) -> u16 {
        let status = self.world.functions.deliver(&letter).await;
        self.letters.push((letter, status));
        status
    }

    /// Sends everything that was ever delivered again.
    pub async fn replay(&mut self) {
        for (letter, _) in std::mem::take(&mut self.letters) {
            self.deliver(letter).await;
        }
    }

    /// Does what is due now; false when nothing is.
    async fn step(&mut self) -> Result<bool, Broken> {
        let now = self.now();
        for sent in self.world.queues.take() {
            if self.arrivals_only && sent.queue != Queue::Poll {
                continue;
            }
            let visible = after(now, SignedDuration::from_secs(i64::from(sent.delay)));
            self.mail.send(sent.queue, sent.work, visible);
        }
        let letters = self.world.sandbox.take_webhooks(usize::MAX);
        let any = !letters.is_empty();
        let lost = self.post_lost;
        for delivery in letters.into_iter().filter(|_| !lost) {
            let status = self.deliver(delivery.webhook.clone()).await;
            self.world.sandbox.webhook_result(delivery, DeliveryResult::Answered(status));
        }
        Ok(any | self.hear_amazon().await? | self.work().await?)
    }

    /// Passes on what Amazon told of changes; false when it told nothing.
    async fn hear_amazon(&self) -> Result<bool, Broken> {
        let told = self.world.sandbox.with_state(|state| {
            state.amazon.accounts.get_mut(ACCOUNT).map(waybill_sandbox::amazon::Account::take_notifications)
        });
        let told = told.unwrap_or_default();
        if told.is_empty() || self.post_lost {
            return Ok(false);
        }
        let failed = self.world.functions.told_by_amazon(&told).await;
        let failed = failed.map_err(|failure| Broken(format!("what Amazon told failed whole: {failure}")))?;
        must(failed.is_empty(), || "what Amazon told failed".to_owned())?;
        Ok(true)
    }

    async fn work(&mut self) -> Result<bool, Broken> {
        let now = self.now();
        let mut any = false;
        for queue in Queue::ALL.into_iter().filter(|queue| !self.held.contains(queue)) {
            let all = self.mail.queues.entry(queue).or_default();
            let mut taken = Vec::new();
            let mut left = Vec::with_capacity(all.len());
            for message in all.drain(..) {
                if message.visible <= now && taken.len() < batch_size(queue) {
                    taken.push(message);
                } else {
                    left.push(message);
                }
            }
            *all = left;
            if taken.is_empty() {
                continue;
            }
            any = true;
            taken.iter_mut().for_each(|message| message.receives += 1);
            let batch: Vec<_> = taken.iter().map(|m| (m.id.clone(), m.work.clone())).collect();
            let failed = self.world.functions.work(queue, &batch).await;
            let failed = failed.map_err(|failure| Broken(format!("{queue:?} failed whole: {failure}")))?;
            for message in taken.into_iter().filter(|message| failed.contains(&message.id)) {
                self.mail.put_back(queue, message, after(now, visibility(queue)));
            }
        }
        Ok(any)
    }

    /// When the next message or delivery is due.
    fn next_moment(&self) -> Option<Timestamp> {
        let open = self.mail.queues.iter().filter(|(queue, _)| !self.held.contains(queue));
        let messages = open.flat_map(|(_, all)| all).map(|message| message.visible).min();
        let letters = self
            .world
            .sandbox
            .with_state(|state| state.outbox.waiting.iter().map(|delivery| delivery.due).min());
        messages.into_iter().chain(letters).min()
    }

    /// The clock's next minute with anything to do; minutes with nothing due do nothing and are left out.
    fn next_tick(&self) -> Result<Option<Timestamp>, Broken> {
        let time = |row: &Value| row["poll_at"]["S"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
        let polls = self.world.engine.dump("registry")?.iter().filter_map(time).min();
        let orders = if self.arrivals_only { None } else { next_due(&self.world)? };
        let due = orders.into_iter().chain(polls).min();
        let earliest = after(self.last_tick, SignedDuration::from_secs(60));
        Ok(due.map(|due| due.max(earliest)))
    }
}

/// The connection of a channel.
///
/// # Errors
/// Never.
pub fn connection(channel: Channel) -> Result<ConnectionId, Broken> {
    connection_id(channel).map_err(|_| Broken("a connection id cannot be made".to_owned()))
}

/// The accounts of the channels other than Shopify, as the world has them.
///
/// # Errors
/// Never.
pub fn accounts() -> Result<Vec<Seeded>, Broken> {
    let webhook = |channel: Channel, id: &ConnectionId| {
        format!("http://waybill.invalid/webhooks/{}/{id}", channel.as_str())
    };
    others(ORIGIN, webhook).map_err(|_| Broken("an account cannot be made".to_owned()))
}

/// Gives an account of the sandbox another set-up.
///
/// # Errors
/// As the sandbox says.
pub fn configure(world: &World, account: &Seeded, config: &Value) -> Result<(), Broken> {
    let Some(channel) = account.kind.channel() else { return Ok(()) };
    let road = Road { channel, sandbox: world.sandbox.clone() };
    let path = format!("/control/{}/{}", account.at(), crate::accounts::ACCOUNT);
    road.control(Method::PUT, &path, config)?;
    Ok(())
}
