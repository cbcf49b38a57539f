//! The scheduler: picks, from one seed, which of all things that could happen next does.

use super::facts::next_due;
use super::fate::{Fate, Weather};
use super::gate::{Gate, Waiting};
use super::invocation::{Invocation, Job};
use super::mail::{Letter, Mail};
use super::plant::Plant;
use super::script::Act;
use crate::world::{World, WorldError};
use jiff::{SignedDuration, Timestamp};
use rand::Rng;
use rand::rngs::StdRng;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use waybill_domain::time::after;
use waybill_store::Queue;
use waybill_store::memory::Verdict;

/// Handlers that run at the same time, at most.
const MOST_RUNNING: usize = 6;

/// What could happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Resume(u64),
    Sleepers,
    Take(Queue),
    Deliver,
    Late,
    Tick,
    Act,
}

/// One run.
pub struct Sim {
    /// What is driven.
    pub world: Rc<World>,
    /// Where calls wait.
    pub gate: Arc<Gate>,
    /// Every decision.
    pub rng: StdRng,
    /// How rough it is now.
    pub weather: Weather,
    /// What is on its way.
    pub mail: Mail,
    /// What shop, buyers and staff do, soonest first.
    pub script: Vec<(Timestamp, Act)>,
    /// A bug put in on purpose.
    pub plant: Option<Plant>,
    /// Deliveries that were made, for replays.
    pub archive: Vec<Letter>,
    /// Orders whose delivery was answered 2xx.
    pub accepted: BTreeSet<i64>,
    /// The shop's numbers of orders, in the order they were placed.
    pub placed: Vec<i64>,
    /// Orders a redaction was sent for.
    pub redacted: BTreeSet<i64>,
    /// When the shop removed the app.
    pub uninstalled: Option<Timestamp>,
    /// Signed bodies nobody can read that were accepted.
    pub unreadable: usize,
    /// What happened, one line each.
    pub history: Vec<String>,
    /// Steps so far.
    pub steps: u64,
    /// When it began.
    pub start: Timestamp,
    pub(super) running: BTreeMap<u64, Invocation>,
    pub(super) next: u64,
    pub(super) last_tick: Timestamp,
    /// The next moment an order is due, as long as nothing was written since it was read.
    due: Option<Option<Timestamp>>,
}

impl Sim {
    /// A run that has not begun.
    pub fn new(world: World, gate: Arc<Gate>, mut rng: StdRng, plant: Option<Plant>) -> Self {
        let start = world.time.now();
        let weather = Weather::of_seed(&mut rng);
        Self {
            world: Rc::new(world),
            gate,
            rng,
            weather,
            mail: Mail::default(),
            script: Vec::new(),
            plant,
            archive: Vec::new(),
            accepted: BTreeSet::new(),
            placed: Vec::new(),
            redacted: BTreeSet::new(),
            uninstalled: None,
            unreadable: 0,
            history: Vec::new(),
            steps: 0,
            start,
            running: BTreeMap::new(),
            next: 0,
            last_tick: start,
            due: None,
        }
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.world.time.now()
    }

    /// Writes a line of history.
    pub fn note(&mut self, line: &str) {
        let passed = self.now().duration_since(self.start);
        let (seconds, millis) = (passed.as_secs(), passed.subsec_millis());
        let (days, rest) = (seconds / 86_400, seconds % 86_400);
        let (h, m, s) = (rest / 3_600, rest / 60 % 60, rest % 60);
        self.history.push(format!("{:>5} +{days}d {h:02}:{m:02}:{s:02}.{millis:03}  {line}", self.steps));
    }

    /// Runs until nothing more happens before `until`, and moves the time there.
    ///
    /// # Errors
    /// When the harness itself fails.
    pub async fn run_until(&mut self, until: Timestamp) -> Result<(), WorldError> {
        loop {
            self.collect();
            self.stop_overdue();
            if let Some(choice) = self.choose(until)? {
                self.steps += 1;
                self.carry_out(choice).await?;
                continue;
            }
            let Some(next) = self.next_moment()?.filter(|next| *next < until) else { break };
            let now = self.now();
            self.world.set_now(next.max(after(now, SignedDuration::from_millis(1))));
        }
        self.world.set_now(until.max(self.now()));
        Ok(())
    }

    /// Handlers under way.
    pub fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    /// Takes in what handlers and the shop have sent.
    fn collect(&mut self) {
        let now = self.now();
        for sent in self.world.queues.take() {
            let rough = self.weather.strength > 0.0;
            let jitter = if rough { self.rng.random_range(0..3_000) } else { 0 };
            let wait = i64::from(sent.delay) * 1_000 + jitter;
            let visible = after(now, SignedDuration::from_millis(wait));
            let twice = rough && self.rng.random_ratio(1, 25);
            let id = self.mail.send(sent.queue, sent.work.clone(), visible);
            self.note(&format!("sent {id} to {:?} {}", sent.queue, self.about(&sent.work)));
            if twice {
                let wait = after(visible, SignedDuration::from_millis(self.rng.random_range(0..120_000)));
                let id = self.mail.send(sent.queue, sent.work, wait);
                self.note(&format!("the queue holds it twice: {id}"));
            }
        }
        for delivery in self.world.sandbox.take_webhooks(usize::MAX) {
            self.post(Letter::new(delivery.webhook, now));
        }
        for call in self.world.late.take() {
            let at = after(now, SignedDuration::from_millis(self.rng.random_range(1..15_000)));
            self.mail.late.push((at, call));
        }
    }

    /// Stops handlers that run longer than Lambda lets them.
    fn stop_overdue(&mut self) {
        let now = self.now();
        let overdue: Vec<u64> =
            self.running.iter().filter(|(_, one)| one.deadline <= now).map(|(id, _)| *id).collect();
        for id in overdue {
            self.note(&format!("#{id} is stopped: its time is up"));
            self.end(id, None);
        }
    }

    fn choose(&mut self, until: Timestamp) -> Result<Option<Choice>, WorldError> {
        let now = self.now();
        let mut going = Vec::new();
        let mut sleeping = false;
        for (id, one) in &self.running {
            if self.gate.waiting(*id).is_none() {
                sleeping = true;
            } else if one.not_before <= now {
                going.push(Choice::Resume(*id));
            }
        }
        let mut starting = Vec::new();
        if sleeping {
            going.push(Choice::Sleepers);
        }
        if self.running.len() < MOST_RUNNING {
            let ready = |queue: &Queue| {
                self.mail.queues.get(queue).is_some_and(|all| all.iter().any(|m| m.visible <= now))
            };
            starting.extend(Queue::ALL.into_iter().filter(ready).map(Choice::Take));
            if self.mail.letters.iter().any(|l| l.due <= now) {
                starting.extend([Choice::Deliver, Choice::Deliver]);
            }
        }
        if self.mail.late.iter().any(|(at, _)| *at <= now) {
            starting.push(Choice::Late);
        }
        if self.script.first().is_some_and(|(at, _)| *at <= now) {
            starting.push(Choice::Act);
        }
        if going.is_empty()
            && starting.is_empty()
            && now < until
            && self.tick_due()?.is_some_and(|at| at <= now)
        {
            return Ok(Some(Choice::Tick));
        }
        let first = !starting.is_empty() && (going.is_empty() || self.rng.random_ratio(1, 3));
        let from = if first { starting } else { going };
        Ok((!from.is_empty()).then(|| from[self.rng.random_range(0..from.len())]))
    }

    /// When the clock's next minute with anything to do is; minutes with nothing due do nothing and are left out.
    fn tick_due(&mut self) -> Result<Option<Timestamp>, WorldError> {
        let ticking = self.running.values().any(|one| matches!(one.job, Job::Tick));
        if ticking {
            return Ok(None);
        }
        let due = match self.due {
            Some(due) => due,
            None => next_due(&self.world)?,
        };
        self.due = Some(due);
        Ok(due.map(|due| due.max(after(self.last_tick, SignedDuration::from_secs(60)))))
    }

    fn next_moment(&mut self) -> Result<Option<Timestamp>, WorldError> {
        let tick = self.tick_due()?;
        let waits = self.running.values().map(|one| one.not_before.min(one.deadline).max(self.now()));
        let script = self.script.first().map(|(at, _)| *at);
        Ok(waits.chain(self.mail.next_moment()).chain(script).chain(tick).min())
    }

    async fn carry_out(&mut self, choice: Choice) -> Result<(), WorldError> {
        match choice {
            Choice::Resume(id) => self.resume(id).await?,
            Choice::Sleepers => self.wake_sleepers().await,
            Choice::Take(queue) => self.take(queue),
            Choice::Deliver => self.deliver(),
            Choice::Late => self.arrive_late(),
            Choice::Tick => self.tick(),
            Choice::Act => {
                let (_, act) = self.script.remove(0);
                self.due = None;
                self.act(act).await?;
            }
        }
        Ok(())
    }

    /// Lets one waiting call go on, or go wrong.
    async fn resume(&mut self, id: u64) -> Result<(), WorldError> {
        let Some(waiting) = self.gate.waiting(id) else { return Ok(()) };
        let now = after(self.now(), SignedDuration::from_millis(self.rng.random_range(1..30)));
        self.world.set_now(now);
        let faults = self.running.get(&id).is_some_and(|one| one.faults);
        let call = waiting.call().to_owned();
        if matches!(waiting, Waiting::After(_)) {
            self.note(&format!("#{id} {call} is answered"));
            self.gate.grant(id, Verdict::Go, false);
            self.poll(id);
            return Ok(());
        }
        let calm = !faults || self.weather.strength <= 0.0;
        let fate = if calm { Fate::Go } else { self.weather.fate(&mut self.rng, &call) };
        match fate {
            Fate::Delay(millis) => {
                self.note(&format!("#{id} {call} waits {millis} ms"));
                if let Some(one) = self.running.get_mut(&id) {
                    one.not_before = after(now, SignedDuration::from_millis(millis));
                }
                return Ok(());
            }
            Fate::CrashBefore => {
                self.note(&format!("#{id} CRASHES before {call}"));
                self.end(id, None);
                return Ok(());
            }
            Fate::Go => {
                self.note(&format!("#{id} {call}"));
                self.gate.grant(id, Verdict::Go, false);
            }
            Fate::Hold => {
                self.note(&format!("#{id} {call}, answer on its way"));
                self.gate.grant(id, Verdict::Go, true);
            }
            Fate::CrashAfter => {
                self.note(&format!("#{id} {call}, then CRASHES"));
                self.gate.grant(id, Verdict::Go, true);
            }
            Fate::Spoil(ref verdict) => {
                self.note(&format!("#{id} {call} {verdict:?}"));
                self.gate.grant(id, verdict.clone(), false);
            }
        }
        self.poll(id);
        if matches!(call.as_str(), "dynamodb:UpdateItem" | "dynamodb:PutItem" | "dynamodb:TransactWriteItems")
        {
            self.due = None;
        }
        if self.plant == Some(Plant::BookBeforeClaim) && call == "dynamodb:UpdateItem" {
            self.hide_claims(id).await?;
        }
        if fate == Fate::CrashAfter && self.running.contains_key(&id) {
            self.end(id, None);
        }
        Ok(())
    }

    /// Moves the runtime's own time, in which a handler that lost a race waits some milliseconds.
    async fn wake_sleepers(&mut self) {
        self.gate.enter(None);
        tokio::time::advance(Duration::from_millis(20)).await;
        self.world.set_now(after(self.now(), SignedDuration::from_millis(20)));
        let awake: Vec<u64> = self.running.iter().filter(|(_, o)| o.is_awake()).map(|(id, _)| *id).collect();
        for id in awake {
            self.poll(id);
        }
    }

    pub(super) fn poll(&mut self, id: u64) {
        let Some(one) = self.running.get_mut(&id) else { return };
        self.gate.enter(Some(id));
        let ended = one.poll();
        self.gate.enter(None);
        if let Some(ended) = ended {
            self.end(id, Some(ended));
        }
    }
}
