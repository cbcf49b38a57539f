//! What the warehouse does in a run: goods move between bins and warehouses, are counted, picked, not found, written
//! off and sent back, while handlers are at work.

use super::facts::Facts;
use super::scheduler::Sim;
use crate::world::WorldError;
use rand::Rng;
use waybill_domain::OrderId;
use waybill_domain::allocation::Slot;
use waybill_domain::picking::{Style, TaskState};
use waybill_domain::stock::{Movement, MovementKind, Spot, Why};
use waybill_store::queues::Send;
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
        match self.rng.random_range(0..10) {
            0 | 1 => self.make_list(n, &facts, &slot).await?,
            2..=4 => self.walk(&facts).await?,
            5 => {
                if let Some(from) = from.filter(|from| *from != bin) {
                    self.by_hand(n, &slot, MovementKind::Move, pieces, Some(from), Some(bin)).await?;
                }
            }
            6 => {
                let gone = self.rng.random_bool(0.5);
                if let Some(from) = from.filter(|_| gone) {
                    self.by_hand(n, &slot, MovementKind::WriteOff, pieces, Some(from), None).await?;
                } else {
                    self.by_hand(n, &slot, MovementKind::ReturnToStock, pieces, None, Some(bin)).await?;
                }
            }
            7 => {
                let kind = if self.rng.random_bool(0.5) {
                    MovementKind::ReturnToQuarantine
                } else {
                    MovementKind::FromQuarantine
                };
                self.by_hand(n, &slot, kind, pieces, None, Some(bin)).await?;
            }
            8 => self.transfer(n, &facts, &slot, from, pieces).await?,
            _ => self.count(n, &slot, from.unwrap_or(bin)).await?,
        }
        Ok(())
    }

    async fn by_hand(
        &mut self,
        n: u32,
        slot: &Slot,
        kind: MovementKind,
        pieces: i64,
        from: Option<Spot>,
        to: Option<Spot>,
    ) -> Result<(), WorldError> {
        let movement = Movement::new(kind, slot.1.clone(), pieces, self.now()).between(from, to).noted(
            Some(Why::Rebin),
            Some(STAFF),
            &format!("hand-{n}"),
        );
        let world = &self.world;
        // Now and then the same is sent twice.
        for _ in 0..2 {
            world.db.record(world.merchant_id(), &slot.0, movement.clone()).await?;
        }
        self.note(&format!("{kind:?} of {pieces} {}", slot.0));
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
            world.db.transfer_in(merchant, &name, &part, left, dock, Some(STAFF), now).await?;
            self.note(&format!("transfer {name} arrives"));
            return Ok(());
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
        world.db.transfer_out(world.merchant_id(), &transfer, vec![(from, pieces)], Some(STAFF)).await?;
        self.note(&format!("{} leaves with {pieces} {}", transfer.reference, slot.0));
        Ok(())
    }

    async fn count(&mut self, n: u32, slot: &Slot, spot: Spot) -> Result<(), WorldError> {
        let (now, reference) = (self.now(), format!("count-{n}"));
        let level = self.world.db.level(self.world.merchant_id(), slot).await?;
        let there = level.and_then(|l| l.spots.get(&spot).copied()).unwrap_or_default().on_hand;
        let counted = (there + self.rng.random_range(-2..=3)).max(0);
        let (world, merchant) = (&self.world, self.world.merchant_id());
        let taken = world.db.take_count(merchant, slot, &spot, counted, 1, &reference, STAFF, now).await?;
        if taken.is_some_and(|taken| taken.state == CountState::Waiting) {
            world.db.approve_count(merchant, &reference, "manager").await?;
        }
        self.note(&format!("{counted} of {} are counted in {spot}", slot.0));
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
        self.note(&format!("{} stop {}: {found} of {} {}", list.id, stop.n, stop.quantity, stop.sku));
        Ok(())
    }
}

const BAD: WorldError = WorldError::Setup("a bin of the simulation");
