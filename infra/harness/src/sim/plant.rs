//! Bugs put in on purpose, at the edges of the handlers, to show that the simulation finds their like.

use super::invocation::Ended;
use super::scheduler::Sim;
use crate::world::{World, WorldError};
use clap::ValueEnum;
use std::rc::Rc;
use waybill_domain::order::PersonalData;
use waybill_sandbox::SignedWebhook;
use waybill_store::db::{key, s};
use waybill_store::queues::Send;
use waybill_store::{Queue, StoreError, Work};

/// A planted bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Plant {
    /// The webhook tells the next stage and answers before the order is stored.
    EnqueueBeforeStore,
    /// An erased order leaves no fence behind: its next delivery is taken as if it had never been erased.
    NoFence,
    /// A label counts as undone and the carrier was never asked.
    HastyVoid,
    /// The shipper calls the carrier although its claim was never written.
    BookBeforeClaim,
    /// The allocator reads what is available and writes what it computed from that.
    CheckThenAct,
    /// The allocator gives goods back before the order says so.
    DoubleRelease,
    /// The allocator says the order has its goods before it reserves them.
    LostReservation,
}

impl Plant {
    /// An allocator stands in for ours.
    pub(super) fn is_allocator(self) -> bool {
        matches!(self, Self::CheckThenAct | Self::DoubleRelease | Self::LostReservation)
    }
}

/// A webhook as one might wrongly write it: the answer is 200 once the message is sent, and what becomes of the
/// store afterwards nobody learns.
pub(super) async fn enqueue_first(world: Rc<World>, webhook: SignedWebhook, order: i64) -> Ended {
    if let Ok(id) = world.order_id(order) {
        let work = Work::Order { order: id, at: world.time.now() };
        let _ = world.queues.send(Queue::Allocate, &[work], 0).await;
    }
    Ended::Answered(world.functions.deliver(&webhook).await)
}

const BAD: WorldError = WorldError::Setup("the planted bug could not be made");

impl Sim {
    /// Takes the claims off again that the shipper has just written: as if it had called without writing them.
    pub(super) async fn hide_claims(&mut self, invocation: u64) -> Result<(), WorldError> {
        let db = &self.world.db;
        for message in self.messages_of(invocation) {
            let Work::Order { order, .. } = message.work else { continue };
            let sent = db
                .client
                .update_item()
                .table_name(&db.tables.orders)
                .set_key(Some(key(order.as_str(), "order")))
                .update_expression("REMOVE claim")
                .condition_expression("attribute_exists(claim)")
                .send()
                .await;
            match sent.map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e)) {
                Ok(_) | Err(StoreError::Condition { .. }) => {}
                Err(_) => return Err(BAD),
            }
        }
        Ok(())
    }

    /// Turns every fence into a live but empty key, and every erased order into a live but empty one.
    pub(super) async fn drop_fences(&mut self) -> Result<(), WorldError> {
        let facts = super::facts::Facts::read(&self.world)?;
        let db = &self.world.db;
        for (id, held) in facts.orders {
            if held.order.personal != PersonalData::Erased {
                continue;
            }
            for (table, sk, name, old) in [
                (&db.tables.orders, "order", "personal", "erased"),
                (&db.tables.keys, "recipient", "state", "erased"),
            ] {
                let sent = db
                    .client
                    .update_item()
                    .table_name(table)
                    .set_key(Some(key(id.as_str(), sk)))
                    .update_expression("SET #name = :live")
                    .condition_expression("#name = :old")
                    .expression_attribute_names("#name", name)
                    .expression_attribute_values(":live", s("live"))
                    .expression_attribute_values(":old", s(old))
                    .send()
                    .await;
                match sent.map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e)) {
                    Ok(_) | Err(StoreError::Condition { .. }) => {}
                    Err(_) => return Err(BAD),
                }
            }
        }
        Ok(())
    }
}
