//! Handlers begin: what they are given, and how long they may take.

use super::invocation::{Ended, Invocation, Job};
use super::mail;
use super::plant::Plant;
use super::scheduler::Sim;
use jiff::SignedDuration;
use rand::Rng;
use std::rc::Rc;
use waybill_domain::time::after;
use waybill_store::Queue;

/// From this attempt on nothing goes wrong with a delivery, so that its state is carried in the end.
const SURE_ATTEMPT: u32 = 5;

impl Sim {
    /// Starts a retention run.
    pub fn retain(&mut self) {
        let (world, now) = (Rc::clone(&self.world), self.now());
        let work = async move {
            let done = world.functions.retain(now).await;
            Ended::Scheduled(done.map(|report| report.to_string()).map_err(|e| e.to_string()))
        };
        self.begin(Job::Retain, SignedDuration::from_secs(300), true, work);
    }

    /// Starts the clock's minute.
    pub(super) fn tick(&mut self) {
        self.last_tick = self.now();
        let (world, now) = (Rc::clone(&self.world), self.now());
        let work = async move {
            let done = world.functions.tick(now).await;
            Ended::Scheduled(done.map(|r| format!("{r:?}")).map_err(|e| e.to_string()))
        };
        self.begin(Job::Tick, SignedDuration::from_secs(50), true, work);
    }

    pub(super) fn begin(
        &mut self,
        job: Job,
        time_out: SignedDuration,
        faults: bool,
        work: impl Future<Output = Ended> + 'static,
    ) -> u64 {
        self.next += 1;
        let (id, now) = (self.next, self.now());
        let line = match &job {
            Job::Letter(letter) => {
                format!(
                    "#{id} webhook {} {} try {}",
                    letter.webhook.topic,
                    self.order_name(letter.order),
                    letter.attempt
                )
            }
            Job::Batch(queue, messages) => {
                let each = messages.iter().map(|m| format!("{} {}", m.id, self.about(&m.work)));
                format!("#{id} {queue:?} takes {}", each.collect::<Vec<_>>().join(", "))
            }
            Job::Tick => format!("#{id} clock"),
            Job::Retain => format!("#{id} retention"),
        };
        self.note(&line);
        let invocation = Invocation::new(job, now, after(now, time_out), faults, work);
        self.running.insert(id, invocation);
        self.poll(id);
        id
    }

    pub(super) fn take(&mut self, queue: Queue) {
        let now = self.now();
        let most = self.rng.random_range(1..=mail::batch_size(queue));
        let all = self.mail.queues.entry(queue).or_default();
        let mut taken = Vec::new();
        while taken.len() < most {
            let ready: Vec<usize> = (0..all.len()).filter(|n| all[*n].visible <= now).collect();
            if ready.is_empty() {
                break;
            }
            let mut message = all.remove(ready[self.rng.random_range(0..ready.len())]);
            message.receives += 1;
            taken.push(message);
        }
        let batch: Vec<_> = taken.iter().map(|m| (m.id.clone(), m.work.clone())).collect();
        let world = Rc::clone(&self.world);
        if let Some(plant) = self.plant.filter(|plant| queue == Queue::Allocate && plant.is_allocator()) {
            let work = super::naive::allocate(world, batch, plant);
            self.begin(Job::Batch(queue, taken), mail::time_out(queue), true, work);
            return;
        }
        let work = async move {
            let done = world.functions.work(queue, &batch).await;
            Ended::Batch(done.map_err(|error| error.to_string()))
        };
        self.begin(Job::Batch(queue, taken), mail::time_out(queue), true, work);
    }

    pub(super) fn deliver(&mut self) {
        let now = self.now();
        let ready: Vec<usize> =
            (0..self.mail.letters.len()).filter(|n| self.mail.letters[*n].due <= now).collect();
        let letter = self.mail.letters.remove(ready[self.rng.random_range(0..ready.len())]);
        let faults = letter.attempt < SURE_ATTEMPT;
        let (world, webhook) = (Rc::clone(&self.world), letter.webhook.clone());
        let job = Job::Letter(Box::new(letter.clone()));
        let time_out = SignedDuration::from_secs(10);
        if self.plant == Some(Plant::EnqueueBeforeStore)
            && let Some(order) = letter.order
        {
            self.begin(job, time_out, faults, super::plant::enqueue_first(world, webhook, order));
        } else {
            let work = async move { Ended::Answered(world.functions.deliver(&webhook).await) };
            self.begin(job, time_out, faults, work);
        }
    }

    pub(super) fn arrive_late(&mut self) {
        let now = self.now();
        if let Some(n) = self.mail.late.iter().position(|(at, _)| *at <= now) {
            let (_, call) = self.mail.late.remove(n);
            let reply = self.world.sandbox.answer(&call);
            self.note(&format!("a late {} {} arrives: {}", call.method, call.path, reply.status));
        }
    }
}
