//! Handlers end: what becomes of their messages and deliveries.

use super::invocation::{Ended, Invocation, Job};
use super::mail::{self, Letter};
use super::plant::Plant;
use super::scheduler::Sim;
use super::script::Act;
use jiff::{SignedDuration, Timestamp};
use rand::Rng;
use waybill_domain::time::after;
use waybill_store::Queue;

/// Shopify repeats a delivery that failed this often.
const MOST_ATTEMPTS: u32 = 8;

impl Sim {
    /// What follows from the end of a handler; `None` stands for a crash.
    pub(super) fn end(&mut self, id: u64, ended: Option<Ended>) {
        self.gate.leave(id);
        let Some(one) = self.running.remove(&id) else { return };
        let Invocation { job, started, .. } = one;
        match (job, ended) {
            (Job::Letter(letter), ended) => self.answered(id, *letter, started, ended),
            (Job::Batch(queue, messages), ended) => self.worked(id, queue, messages, ended),
            (Job::Retain, ended) => {
                self.note(&format!("#{id} ends {ended:?}"));
                if self.plant == Some(Plant::NoFence) {
                    self.script.insert(0, (self.now(), Act::DropFence));
                }
            }
            (Job::Tick, ended) => self.note(&format!("#{id} ends {ended:?}")),
        }
    }

    fn worked(&mut self, id: u64, queue: Queue, messages: Vec<mail::Message>, ended: Option<Ended>) {
        let failed = match &ended {
            Some(Ended::Batch(Ok(failed))) => failed.clone(),
            _ => messages.iter().map(|m| m.id.clone()).collect(),
        };
        if !failed.is_empty() {
            self.note(&format!("#{id} ends, failed: {}", failed.join(" ")));
        }
        let now = self.now();
        for message in messages {
            let again = failed.contains(&message.id);
            let twice = !again && self.weather.strength > 0.0 && self.rng.random_ratio(1, 40);
            if again || twice {
                let visible = after(now, mail::visibility(queue));
                let name = message.id.clone();
                if self.mail.put_back(queue, message, visible) {
                    self.note(&format!("{name} goes to the dead letters of {queue:?}"));
                }
            }
        }
        if queue == Queue::Erase && self.plant == Some(Plant::NoFence) {
            self.script.insert(0, (now, Act::DropFence));
        }
    }

    fn answered(&mut self, id: u64, mut letter: Letter, started: Timestamp, ended: Option<Ended>) {
        let now = self.now();
        let mut status = match ended {
            Some(Ended::Answered(status)) => status,
            _ => 0,
        };
        // The planted handler has answered before it works.
        if self.plant == Some(Plant::EnqueueBeforeStore) && letter.order.is_some() {
            status = 200;
        }
        self.note(&format!("#{id} answers {status}"));
        let in_time = now.duration_since(started) <= SignedDuration::from_secs(5);
        if (200..300).contains(&status) && in_time {
            if letter.is_whole() && self.uninstalled.is_none() {
                self.accepted.extend(letter.order);
            }
            if letter.webhook.topic == super::script::UNREADABLE {
                self.unreadable += 1;
            }
            self.archive.push(letter);
        } else if matches!(status, 0 | 429 | 500..) || (200..300).contains(&status) {
            if letter.attempt < MOST_ATTEMPTS {
                letter.due = after(now, SignedDuration::from_secs(2 << letter.attempt));
                letter.attempt += 1;
                self.mail.letters.push(letter);
            } else {
                self.note("the shop gives the delivery up");
            }
        }
    }

    /// Messages of a running invocation.
    pub(super) fn messages_of(&self, id: u64) -> Vec<mail::Message> {
        match self.running.get(&id).map(|one| &one.job) {
            Some(Job::Batch(Queue::Book, messages)) => messages.clone(),
            _ => Vec::new(),
        }
    }
}
