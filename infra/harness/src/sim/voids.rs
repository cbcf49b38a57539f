//! What staff do to labels in a run: have one undone, and say later whether the order is booked again or given up.

use super::scheduler::Sim;
use crate::world::WorldError;
use rand::Rng;
use waybill_domain::exception::Reason;
use waybill_domain::instructions::{cancel, void};
use waybill_domain::order::Order;
use waybill_domain::remedy::{Remedy, settle};
use waybill_store::queues::Send;
use waybill_store::work::stages;
use waybill_store::{Queue, StoreError, Work};

impl Sim {
    /// Somebody wants the label of an order undone, as `POST /v1/shipments/{shipment}/void` takes it.
    pub(super) async fn void(&mut self, n: usize) -> Result<(), WorldError> {
        let Some(mut order) = self.stored(n).await? else { return Ok(()) };
        let shipments = self.world.db.shipments(&order.id).await?;
        let labelled: Vec<_> = shipments.iter().filter(|one| one.has_label()).collect();
        if labelled.is_empty() {
            return Ok(());
        }
        let shipment = labelled[self.rng.random_range(0..labelled.len())];
        let manifested = self.world.db.manifested(&shipment.carrier).await?;
        match void(&mut order, shipment, shipment.voiding(manifested), self.now()) {
            Ok(()) => self.say(n, order, "void").await,
            Err(why) => {
                self.note(&format!("o{n} void: {why}"));
                Ok(())
            }
        }
    }

    /// Somebody says what becomes of an order whose label was undone.
    pub(super) async fn after_void(&mut self, n: usize) -> Result<(), WorldError> {
        let Some(mut order) = self.stored(n).await? else { return Ok(()) };
        if !order.exceptions.iter().any(|open| open.reason == Reason::LabelVoided) {
            return Ok(());
        }
        let now = self.now();
        if self.rng.random_ratio(1, 4) {
            let done = cancel(&mut order, now).is_ok();
            return if done { self.say(n, order, "given up").await } else { Ok(()) };
        }
        let mut shipments = self.world.db.shipments(&order.id).await?;
        match settle(&mut order, &mut shipments, Reason::LabelVoided, Remedy::Retry, now) {
            Ok(_) => self.say(n, order, "booked again").await,
            Err(why) => {
                self.note(&format!("o{n} booked again: {why}"));
                Ok(())
            }
        }
    }

    async fn stored(&self, n: usize) -> Result<Option<Order>, WorldError> {
        let Some(id) = self.placed.get(n).copied().filter(|id| *id != 0) else { return Ok(None) };
        Ok(self.world.db.order(&self.world.order_id(id)?).await?)
    }

    /// Stores what they said and sends it on; whoever wrote meanwhile wins.
    async fn say(&mut self, n: usize, mut order: Order, what: &str) -> Result<(), WorldError> {
        let done = match self.world.db.save_order(&mut order).await {
            Ok(()) => "done",
            Err(StoreError::Condition { .. }) => "busy",
            Err(error) => return Err(error.into()),
        };
        self.note(&format!("o{n} {what} by staff: {done}"));
        if done == "done" {
            for queue in stages(&order).into_iter().filter(|q| matches!(q, Queue::Allocate | Queue::Book)) {
                let work = Work::Order { order: order.id.clone(), at: self.now() };
                self.world.queues.send(queue, &[work], 0).await?;
            }
            let (merchant, order) = (order.merchant.clone(), order.id.clone());
            let purge = Work::Purge { merchant, order, at: self.now() };
            self.world.queues.send(Queue::Erase, &[purge], 0).await?;
        }
        Ok(())
    }
}
