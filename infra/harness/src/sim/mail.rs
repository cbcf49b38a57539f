//! What is on its way: messages in queues, deliveries from the shop, requests that arrive late.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use std::collections::BTreeMap;
use waybill_sandbox::{Call, SignedWebhook};
use waybill_store::{Queue, Work};

/// After this many receives a message goes to the dead-letter queue, as in the template.
pub const MAX_RECEIVES: u32 = 5;

/// How long a function of a queue may run, as in the template.
pub fn time_out(queue: Queue) -> SignedDuration {
    SignedDuration::from_secs(match queue {
        Queue::Poll | Queue::Book => 60,
        Queue::Allocate | Queue::Notify | Queue::Push | Queue::Deliver | Queue::Track => 30,
        Queue::Erase => 300,
    })
}

/// How long a message that was taken stays hidden, as in the template.
pub fn visibility(queue: Queue) -> SignedDuration {
    SignedDuration::from_secs(match queue {
        Queue::Poll | Queue::Book => 360,
        Queue::Allocate => 240,
        Queue::Notify | Queue::Push | Queue::Deliver | Queue::Track => 180,
        Queue::Erase => 1_800,
    })
}

/// The most messages a function of a queue takes at once, as in the template.
pub fn batch_size(queue: Queue) -> usize {
    if queue == Queue::Allocate { 25 } else { 10 }
}

/// A message in a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// What it says.
    pub work: Work,
    /// From when it can be taken.
    pub visible: Timestamp,
    /// How often it was taken.
    pub receives: u32,
}

/// A delivery of the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// What is sent; a retry sends the same bytes.
    pub webhook: SignedWebhook,
    /// The shop's number of the order it is about.
    pub order: Option<i64>,
    /// The version of the order in its body; empty when it holds none.
    pub version: String,
    /// Not before this.
    pub due: Timestamp,
    /// 0 for the first try.
    pub attempt: u32,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Glance {
    id: Option<i64>,
    updated_at: Option<String>,
    order_edit: Option<Edit>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Edit {
    order_id: Option<i64>,
}

impl Letter {
    /// A delivery due at a time.
    pub fn new(webhook: SignedWebhook, due: Timestamp) -> Self {
        let glance: Glance = serde_json::from_slice(&webhook.body).unwrap_or_default();
        let about = webhook.topic.starts_with("orders/");
        let order = glance.order_edit.map_or(glance.id, |edit| edit.order_id).filter(|_| about);
        let version = glance.updated_at.filter(|_| about).unwrap_or_default();
        Self { webhook, order, version, due, attempt: 0 }
    }

    /// It carries the whole order.
    pub fn is_whole(&self) -> bool {
        !self.version.is_empty()
    }
}

/// Everything on its way.
#[derive(Debug, Default)]
pub struct Mail {
    /// Messages by queue, the taken ones not among them.
    pub queues: BTreeMap<Queue, Vec<Message>>,
    /// Messages that failed too often.
    pub dead: Vec<(Queue, Message)>,
    /// Deliveries of the shop.
    pub letters: Vec<Letter>,
    /// Requests that arrive though their sender gave up.
    pub late: Vec<(Timestamp, Call)>,
    next: u64,
}

impl Mail {
    /// Puts a message into a queue.
    pub fn send(&mut self, queue: Queue, work: Work, visible: Timestamp) -> String {
        self.next += 1;
        let id = format!("m{}", self.next);
        self.queues.entry(queue).or_default().push(Message { id: id.clone(), work, visible, receives: 0 });
        id
    }

    /// Puts a message back, to be seen again later, or with the dead ones. True when it died.
    pub fn put_back(&mut self, queue: Queue, mut message: Message, visible: Timestamp) -> bool {
        message.visible = visible;
        if message.receives >= MAX_RECEIVES {
            self.dead.push((queue, message));
            return true;
        }
        self.queues.entry(queue).or_default().push(message);
        false
    }

    /// Puts the dead messages back into their queues, as an operator does once the fault is mended.
    pub fn redrive(&mut self, visible: Timestamp) -> usize {
        let dead = std::mem::take(&mut self.dead);
        let count = dead.len();
        for (queue, message) in dead {
            let message = Message { receives: 0, visible, ..message };
            self.queues.entry(queue).or_default().push(message);
        }
        count
    }

    /// The moment the next thing can be taken.
    pub fn next_moment(&self) -> Option<Timestamp> {
        let messages = self.queues.values().flatten().map(|m| m.visible);
        let letters = self.letters.iter().map(|l| l.due);
        messages.chain(letters).chain(self.late.iter().map(|(at, _)| *at)).min()
    }

    /// Nothing is on its way.
    pub fn is_empty(&self) -> bool {
        self.next_moment().is_none()
    }
}
