//! What the warehouse does in a run: goods move between bins and warehouses, are counted, picked, not found, written
//! off and sent back, while handlers are at work.

use super::facts::Facts;
use super::scheduler::Sim;
use crate::world::WorldError;
use rand::Rng;
use std::collections::BTreeSet;
use std::rc::Rc;
use waybill_domain::OrderId;
use waybill_domain::allocation::Slot;
use waybill_domain::picking::{Style, TaskState};
use waybill_domain::stock::{Movement, MovementKind, Spot, Why};
use waybill_store::queues::Send;
use waybill_store::stock::by_hand::Recorded;
use waybill_store::stock::counts::CountState;
use waybill_store::stock::picks::Request;
use waybill_store::stock::transfers::Transfer;
use waybill_store::{Queue, Work};

/// Who works there.
const STAFF: &str = "picker";
const BINS: [&str; 3] = ["A-01", "A-02", "B-01~L1~2027-06-30"];

impl Sim {
    /// Does one thing in the warehouse.
    pub(super) async fn warehouse(&mut self, n: u32) -> Result<(), WorldError> {
        let facts = Facts::of_stock(&self.world)?;
        if facts.levels.is_empty() {
            return Ok(());
        }
        let (sku, level) = facts.levels[self.rng.random_range(0..facts.levels.len())].clone();
        let slot: Slot = (sku, level.warehouse.clone());
        let spots: Vec<Spot> = level
            .spots
            .iter()
            .filter(|(s, h)| h.on_hand > 0 && !s.is_packed())
            .map(|(s, _)| s.clone())
            .collect();
        let from = spots.get(self.rng.random_range(0..spots.len().max(1))).cloned();
        let bin: Spot = BINS[self.rng.random_range(0..BINS.len())].parse().map_err(|_| BAD)?;
        let pieces = self.rng.random_range(1..=3);
        match self.rng.random_range(0..12) {
            0 | 1 => self.make_list(n, &facts, &slot).await?,
            2..=4 => self.walk(&facts).await?,
            5..=8 => {
                if let Some(movement) = self.anything(&slot, from, bin, pieces) {
                    self.by_hand(n, &slot, movement).await?;
                }
            }
            9 | 10 => self.transfer(n, &facts, &slot, from, pieces).await?,
            _ => self.count(n, &slot, from.unwrap_or(bin)).await?,
        }
        Ok(())
    }

    /// One of all movements that people record by themselves.
    fn anything(&mut self, slot: &Slot, from: Option<Spot>, to: Spot, pieces: i64) -> Option<Movement> {
        let kinds: Vec<MovementKind> =
            MovementKind::ALL.into_iter().filter(|kind| kind.is_by_hand()).collect();
        let kind = kinds[self.rng.random_range(0..kinds.len())];
        let signed =
            if kind.is_signed() && from.is_some() && self.rng.random_bool(0.5) { -pieces } else { pieces };
        let movement = Movement::new(kind, slot.1.clone(), signed, self.now());
        let other = |from: &Spot| from.in_bin(to.bin.clone());
        Some(match (movement.effect().on_hand.signum(), kind) {
            (1, _) => movement.between(None, Some(to)),
            (-1, _) => movement.between(Some(from?), None),
            (_, MovementKind::Putaway) => movement.between(Some(Spot::dock()), Some(Spot::of(to.bin))),
            (_, MovementKind::Move) => {
                let from = from.filter(|from| other(from) != *from)?;
                let to = other(&from);
                movement.between(Some(from), Some(to))
            }
            _ => movement,
        })
    }

    async fn by_hand(&mut self, n: u32, slot: &Slot, movement: Movement) -> Result<(), WorldError> {
        let movement = movement.noted(Some(Why::Rebin), Some(STAFF), &format!("hand-{n}"));
        let (kind, pieces) = (movement.kind, movement.quantity);
        let arrives = movement.effect().on_hand > 0;
        let world = Rc::clone(&self.world);
        let record = async || world.db.record(world.merchant_id(), &slot.0, movement.clone()).await;
        let done = record().await?;
        self.note(&format!("{kind:?} of {pieces} {}: {done:?}", slot.0));
        if done == Recorded::Done && record().await? != Recorded::Repeat {
            return Err(AGAIN);
        }
        if arrives { self.announce_goods(&slot.0).await } else { Ok(()) }
    }

    /// Wakes who waits for goods that came in, as the API does; one call in three dies before it gets there.
    pub(super) async fn announce_goods(&mut self, sku: &str) -> Result<(), WorldError> {
        if self.rng.random_ratio(1, 3) {
            return Ok(());
        }
        let (world, now, skus) = (&self.world, self.now(), BTreeSet::from([sku.to_owned()]));
        let waiting = world.db.backordered(world.merchant_id(), &skus, usize::MAX).await?;
        let work: Vec<Work> =
            waiting.into_iter().map(|order| Work::Order { order: order.id, at: now }).collect();
        if !work.is_empty() {
            world.queues.send(Queue::Allocate, &work, 0).await?;
        }
        Ok(())
    }

    async fn transfer(
        &mut self,
        n: u32,
        facts: &Facts,
        slot: &Slot,
        from: Option<Spot>,
        pieces: i64,
    ) -> Result<(), WorldError> {
        let now = self.now();
        if let Some(open) = facts.transfers.iter().find(|t| t.left > 0 && self.rng.random_bool(0.7)) {
            let (name, left) = (open.reference.clone(), open.left);
            let (world, dock) = (&self.world, Spot::dock());
            let merchant = world.merchant_id();
            let part = format!("part-{n}");
            let arrive = async || {
                let done = world.db.transfer_in(merchant, &name, &part, left, dock.clone(), Some(STAFF), now);
                Ok::<_, WorldError>(done.await?.map(|(_, recorded)| recorded))
            };
            let done = arrive().await?;
            if done == Some(Recorded::Done) && arrive().await? != Some(Recorded::Repeat) {
                return Err(AGAIN);
            }
            let sku = open.sku.clone();
            self.note(&format!("transfer {name} arrives: {done:?}"));
            return self.announce_goods(&sku).await;
        }
        let other = self.world.merchant.warehouses.iter().map(|w| w.id.clone()).find(|w| *w != slot.1);
        let (Some(from), Some(to)) = (from, other) else { return Ok(()) };
        let transfer = Transfer {
            reference: format!("transfer-{n}"),
            sku: slot.0.clone(),
            from: slot.1.clone(),
            to,
            sent: pieces,
            left: pieces,
            goods: Vec::new(),
            at: now,
        };
        let world = &self.world;
        let goods = vec![(from, pieces)];
        let leave =
            async || world.db.transfer_out(world.merchant_id(), &transfer, goods.clone(), Some(STAFF)).await;
        let done = leave().await?;
        if done == Recorded::Done && leave().await? != Recorded::Repeat {
            return Err(AGAIN);
        }
        self.note(&format!("{} leaves with {pieces} {}: {done:?}", transfer.reference, slot.0));
        Ok(())
    }

    async fn count(&mut self, n: u32, slot: &Slot, spot: Spot) -> Result<(), WorldError> {
        let (now, reference) = (self.now(), format!("count-{n}"));
        let level = self.world.db.level(self.world.merchant_id(), slot).await?;
        let there = level.and_then(|l| l.spots.get(&spot).copied()).unwrap_or_default().on_hand;
        let counted = (there + self.rng.random_range(-2..=3)).max(0);
        let (world, merchant) = (&self.world, self.world.merchant_id());
        let taken = world.db.take_count(merchant, slot, &spot, counted, 1, &reference, STAFF, now).await?;
        let state = taken.map(|taken| taken.state);
        let approved = match state {
            Some(CountState::Waiting) => Some(world.db.approve_count(merchant, &reference, "manager").await?),
            _ => None,
        };
        let there = format!("{there} of {}, counted {counted} in {spot}", slot.0);
        self.note(&format!("{there}: {state:?}, approved {approved:?}"));
        Ok(())
    }

    async fn make_list(&mut self, n: u32, facts: &Facts, slot: &Slot) -> Result<(), WorldError> {
        let holding = facts.orders.values().filter(|one| one.order.holds_stock());
        let orders: Vec<OrderId> = holding.map(|one| one.order.id.clone()).collect();
        if orders.is_empty() {
            return Ok(());
        }
        let request = Request {
            id: format!("pick-{n}"),
            warehouse: slot.1.clone(),
            style: Style::Batch,
            zone: None,
            orders,
        };
        let (world, now) = (&self.world, self.now());
        let (list, _) = world.db.make_pick_list(world.merchant_id(), &request, now).await?;
        self.note(&format!("{} has {} stops", list.id, list.tasks.len()));
        Ok(())
    }

    /// Goes to one stop of an open list; now and then some pieces are not there, or the list is given up.
    async fn walk(&mut self, facts: &Facts) -> Result<(), WorldError> {
        let Some(list) = facts.picks.iter().find(|list| list.is_open()) else { return Ok(()) };
        let now = self.now();
        if self.rng.random_ratio(1, 8) {
            let world = &self.world;
            world.db.drop_pick_list(world.merchant_id(), &list.id).await?;
            self.note(&format!("{} is given up", list.id));
            return Ok(());
        }
        let Some(stop) = list.tasks.iter().find(|task| task.state == TaskState::Open) else { return Ok(()) };
        let short = self.rng.random_ratio(1, 3);
        let found = if short { self.rng.random_range(0..=stop.quantity) } else { stop.quantity };
        let (world, merchant) = (&self.world, self.world.merchant_id());
        let done = world
            .db
            .confirm_pick(merchant, &list.id, stop.n, Some(&stop.spot.bin), &stop.sku, found, STAFF, now)
            .await?;
        let again = done.map(|done| done.again).unwrap_or_default();
        let work: Vec<Work> =
            again.iter().map(|order| Work::Order { order: order.clone(), at: now }).collect();
        if !work.is_empty() {
            world.queues.send(Queue::Allocate, &work, 0).await?;
        }
        let short = if found < stop.quantity { "short pick" } else { "pick" };
        self.note(&format!(
            "{} stop {}, {short}: {found} of {} {}",
            list.id, stop.n, stop.quantity, stop.sku
        ));
        Ok(())
    }
}

const BAD: WorldError = WorldError::Setup("a bin of the simulation");
/// A request that was sent twice was carried out twice, or refused the second time.
const AGAIN: WorldError = WorldError::Setup("what was done once was not known when it was sent again");
