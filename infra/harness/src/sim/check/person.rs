//! Forgotten on time and for good.

use super::{Stop, must};
use crate::sim::facts::Facts;
use crate::sim::run::Failure;
use crate::sim::scheduler::Sim;
use jiff::SignedDuration;
use waybill_domain::time::{after, days};
use waybill_privacy::seal::open;
use waybill_store::audit::{Stream, first_break};
use waybill_store::keyring::OpenKeys;

/// How far apart two handlers may begin that work on one order.
const SLACK: SignedDuration = SignedDuration::from_mins(2);

/// What of an order could still lead to its buyer.
pub(crate) fn traces(facts: &Facts, order: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (id, one) in facts.orders.iter().filter(|(id, _)| id.as_str() == order) {
        let mut trace = |there: bool, what: &str| {
            if there {
                found.push(format!("{id} {what}"));
            }
        };
        trace(one.sealed.is_some(), "sealed recipient");
        trace(one.order.channel_ref.is_some(), "channel reference");
        trace(one.order.destination.is_some(), "destination");
        trace(!one.order.digest.is_empty(), "digest");
        trace(one.order.lines.iter().any(|line| line.channel_line.is_some()), "channel line");
    }
    for key in facts.keys.iter().filter(|key| key.order == order) {
        if key.wrapped.is_some() || key.labels > 0 || key.buyer {
            found.push(format!("{order} key"));
        }
    }
    for shipment in facts.shipments.iter().filter(|s| s.order.as_str() == order) {
        if shipment.tracking().is_some() || !shipment.reference.is_empty() {
            found.push(format!("{} carrier keys", shipment.id));
        }
    }
    found.extend(
        facts.documents.iter().filter(|name| name.contains(order)).map(|name| format!("document {name}")),
    );
    found
}

/// Redacted orders have no trace.
pub(super) fn redacted_are_gone(sim: &Sim, facts: &Facts) -> Result<(), Stop> {
    for id in &sim.redacted {
        let left = traces(facts, sim.world.order_id(*id)?.as_str());
        must(left.is_empty(), "a redacted order is forgotten", || format!("{left:?}"))?;
    }
    Ok(())
}

/// Sealed recipients of live orders open, and their purge time is no later than the policy says.
pub(super) async fn live_ones_open(sim: &Sim, facts: &Facts) -> Result<(), Stop> {
    let merchant = &sim.world.merchant;
    for (id, one) in &facts.orders {
        let key = facts.keys.iter().find(|key| key.order == id.as_str());
        let key = key.filter(|key| key.live);
        if let Some(at) = key.and_then(|key| key.purge_at) {
            // Two notifiers at work at once may each set it from their own beginning.
            let latest = after(one.order.milestones.purge_at(merchant.retention), SLACK);
            must(at <= latest, "the purge time follows the policy", || format!("{id} {at} after {latest}"))?;
        }
        let Some(sealed) = one.sealed.as_ref().filter(|_| !one.order.lines.is_empty()) else { continue };
        let wrapped = key.and_then(|key| key.wrapped.as_ref());
        let opened = match wrapped {
            Some(wrapped) => match OpenKeys::open(&sim.world.kms, &merchant.id, id, wrapped).await {
                Ok(key) => open(&key, &merchant.id, id, sealed).is_ok(),
                Err(_) => false,
            },
            None => false,
        };
        must(opened, "what is sealed and not forgotten can be opened", || {
            format!("{id} {:?} {:?}, key {key:?}", one.order.personal, one.order.status)
        })?;
    }
    Ok(())
}

/// No order whose time has come has a trace.
pub(super) fn nothing_is_overdue(sim: &Sim, facts: &Facts) -> Result<(), Failure> {
    // A run in peace began a few minutes ago.
    let now = after(sim.now(), -SignedDuration::from_mins(25));
    for key in facts.keys.iter().filter(|key| key.purge_at.is_some_and(|at| at < now)) {
        let left = traces(facts, &key.order);
        must(left.is_empty(), "what is due is forgotten", || format!("{left:?}"))?;
    }
    for (id, one) in &facts.orders {
        if let Some(shipped) = one.order.milestones.shipped.filter(|at| after(*at, days(30)) < now) {
            let left = traces(facts, id.as_str());
            must(left.is_empty(), "nothing outlives 30 days after shipping", || {
                format!("{shipped} {left:?}")
            })?;
        }
    }
    Ok(())
}

/// Nobody is left at all.
pub(super) fn nobody_is_left(facts: &Facts) -> Result<(), Failure> {
    for id in facts.orders.keys() {
        let left = traces(facts, id.as_str());
        must(left.is_empty(), "nothing is left and nothing comes back", || format!("{left:?}"))?;
    }
    let stray = facts.keys.iter().find(|key| key.live || key.wrapped.is_some() || key.labels > 0);
    must(stray.is_none(), "no key is left", || format!("{stray:?}"))?;
    must(facts.documents.is_empty(), "no document is left", || format!("{:?}", facts.documents))
}

/// The chains hold and every erased order is in the ledger.
pub(super) async fn ledger(sim: &Sim, facts: &Facts) -> Result<(), Stop> {
    let db = &sim.world.db;
    let unread = crate::world::WorldError::Store;
    let erasures = db.records(sim.world.merchant_id(), Stream::Erasure).await.map_err(unread)?;
    for stream in [Stream::Access, Stream::Disclosure] {
        let records = db.records(sim.world.merchant_id(), stream).await.map_err(unread)?;
        let at = first_break(&records).map_err(unread)?;
        must(at.is_none(), "the audit chain holds", || format!("{stream:?} breaks at {at:?}"))?;
    }
    let at = first_break(&erasures).map_err(unread)?;
    must(at.is_none(), "the audit chain holds", || format!("erasures break at {at:?}"))?;
    for id in facts.orders.keys() {
        let there = erasures.iter().any(|record| record.event.order == *id);
        must(there, "every erasure is in the ledger", || id.to_string())?;
    }
    Ok(())
}
