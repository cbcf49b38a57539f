//! What both doors share: who may pass, whether there is still anything to open, and the record before it is.

use crate::Env;
use crate::answer::{
    ERASED, NO_ACCESS, NOT_ALLOWED, NOT_CONFIRMED, NOT_FOUND, PURPOSE_REQUIRED, Stop, TRAINING_EXPIRED,
};
use crate::ask::{Ask, why};
use jiff::Timestamp;
use waybill_domain::access::{Action, Refusal, Role, Why, permit};
use waybill_domain::{MerchantId, OrderId};
use waybill_http::Allowance;
use waybill_privacy::Purpose;
use waybill_runtime::problem::Problem;
use waybill_store::StoreError;
use waybill_store::audit::{self, Event, Stream};
use waybill_store::keys::KeyState;
use waybill_store::staff::Staff;

/// How often one person may open personal data in an hour of the clock (CONTROLS D5). Around the full hour this
/// allows up to twice as many within sixty minutes.
pub const HOURLY: u32 = 60;
/// How many labels one person may print by batches in an hour of the clock: a packing bench at full speed, counted
/// apart from what is opened to be read.
pub const LABELS_HOURLY: u32 = 1_000;
/// In the record of a refusal for want of a purpose.
const NONE_STATED: &str = "none_stated";

/// Someone of a merchant's staff.
struct Caller {
    sub: String,
    staff: Staff,
}

/// Someone who may open what they asked for, once it is on record.
pub(crate) struct Pass {
    caller: Caller,
    /// Why.
    pub(crate) purpose: Purpose,
    /// When they asked.
    pub(crate) now: Timestamp,
    /// Where the role alone does not carry this: the one order a second person agreed to.
    only: Option<OrderId>,
}

/// Judges everything that needs no order: the purpose, the person, their right, their training. What is refused
/// is recorded. `order` is `None` when the address names none.
pub(crate) async fn enter(
    env: &Env,
    ask: &Ask,
    order: Option<&OrderId>,
    action: fn(Why) -> Action,
) -> Result<Pass, Stop> {
    let now = env.clock.read();
    let caller = caller(env, ask).await?;
    let Some(purpose) = ask.purpose else {
        if let Some(caller) = &caller {
            refused(env, caller, order, NONE_STATED, now).await?;
        }
        return Err(PURPOSE_REQUIRED.into());
    };
    let caller = caller.ok_or(NO_ACCESS)?;
    let mut only = None;
    let mut verdict = judge(&caller.staff, action(why(purpose)), now);
    if verdict == Err(NOT_ALLOWED) && broken(env, &caller, order, purpose, now).await? {
        // A second person agreed that this one order is opened beyond the role; everything else still counts.
        verdict = judge(&Staff { role: Role::Owner, ..caller.staff.clone() }, action(why(purpose)), now);
        only = order.cloned();
    }
    if let Err(problem) = verdict {
        refused(env, &caller, order, purpose.as_str(), now).await?;
        return Err(problem.into());
    }
    Ok(Pass { caller, purpose, now, only })
}

async fn caller(env: &Env, ask: &Ask) -> Result<Option<Caller>, StoreError> {
    let Some(sub) = ask.sub.clone() else { return Ok(None) };
    Ok(env.db.staff(&sub).await?.map(|staff| Caller { sub, staff }))
}

/// Whether a second person agreed that this caller opens this order for this purpose (break-glass).
async fn broken(
    env: &Env,
    caller: &Caller,
    order: Option<&OrderId>,
    purpose: Purpose,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(order) = order else { return Ok(false) };
    let glass = env.db.glass(&caller.staff.merchant, order, &caller.sub).await?;
    Ok(glass.is_some_and(|glass| glass.purpose == purpose.as_str() && glass.is_broken(now)))
}

fn judge(staff: &Staff, action: Action, now: Timestamp) -> Result<(), Problem> {
    if !staff.active {
        return Err(NO_ACCESS);
    }
    permit(staff.standing(), action, now).map_err(|refusal| match refusal {
        Refusal::Role => NOT_ALLOWED,
        Refusal::Review => NOT_CONFIRMED,
        Refusal::Training => TRAINING_EXPIRED,
    })
}

/// Records a refusal, if it is about an order of the caller's merchant: nothing that only a request says gets
/// into the chain.
async fn refused(
    env: &Env,
    caller: &Caller,
    order: Option<&OrderId>,
    purpose: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(order) = order else { return Ok(()) };
    let ours = env.db.order(order).await?.is_some_and(|order| order.merchant == caller.staff.merchant);
    if !ours {
        return Ok(());
    }
    append(env, caller, audit::Action::Refused, order, purpose, Vec::new(), now).await
}

async fn append(
    env: &Env,
    caller: &Caller,
    action: audit::Action,
    order: &OrderId,
    purpose: &str,
    fields: Vec<String>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (actor, purpose) = (caller.sub.clone(), purpose.to_owned());
    let event = Event { at: now, action, actor, order: order.clone(), purpose, fields };
    env.db.append(&caller.staff.merchant, Stream::Access, &[event]).await
}

impl Pass {
    /// A thing of this merchant's, or nothing: another's and an unknown one look the same.
    pub(crate) fn own<T>(
        &self,
        found: Option<T>,
        merchant: impl Fn(&T) -> &MerchantId,
    ) -> Result<T, Problem> {
        found.filter(|thing| *merchant(thing) == self.caller.staff.merchant).ok_or(NOT_FOUND)
    }

    /// The wrapped key, unless it is erased or its purge time has come (CONTROLS C3). What a legal hold keeps beyond
    /// that opens for the law alone.
    pub(crate) async fn live(&self, env: &Env, order: &OrderId, key: KeyState) -> Result<Vec<u8>, Stop> {
        match key {
            KeyState::Live { wrapped, purge_at } if self.now < purge_at => Ok(wrapped),
            KeyState::Live { wrapped, .. } if self.purpose == Purpose::Legal => {
                let held = env.db.held_until(order).await?.is_some_and(|until| self.now < until);
                if held { Ok(wrapped) } else { Err(ERASED.into()) }
            }
            KeyState::Live { .. } | KeyState::Erased => Err(ERASED.into()),
        }
    }

    /// Stops what would open several orders when a second person agreed to one.
    ///
    /// # Errors
    /// `not_allowed`, on record.
    pub(crate) async fn covers(
        &self,
        env: &Env,
        orders: impl IntoIterator<Item = &OrderId>,
    ) -> Result<(), Stop> {
        let Some(only) = &self.only else { return Ok(()) };
        if orders.into_iter().all(|order| order == only) {
            return Ok(());
        }
        refused(env, &self.caller, Some(only), self.purpose.as_str(), self.now).await?;
        Err(NOT_ALLOWED.into())
    }

    /// Who they are, by the id of their sign-in.
    pub(crate) fn sub(&self) -> &str {
        &self.caller.sub
    }

    /// Whose data this caller may open.
    pub(crate) fn merchant(&self) -> &MerchantId {
        &self.caller.staff.merchant
    }

    /// Counts the opening against the person's hour and puts it on record. Only then may anything be opened. Gives what
    /// is left of the hour.
    pub(crate) async fn record(
        &self,
        env: &Env,
        action: audit::Action,
        order: &OrderId,
        fields: Vec<String>,
    ) -> Result<Allowance, Stop> {
        let purpose = self.purpose.as_str();
        let Some(used) = env.db.count_reveal(&self.caller.sub, self.now, HOURLY).await? else {
            append(env, &self.caller, audit::Action::Refused, order, purpose, Vec::new(), self.now).await?;
            return Err(Stop::Limit(Allowance::after(HOURLY, HOURLY, self.now)));
        };
        append(env, &self.caller, action, order, purpose, fields, self.now).await?;
        tracing::info!(%order, purpose, ?action, "opened for a person");
        Ok(Allowance::after(used, HOURLY, self.now))
    }

    /// As [`Pass::record`] for several orders at once: one record each, all of them or none.
    pub(crate) async fn record_all(
        &self,
        env: &Env,
        action: audit::Action,
        opened: Vec<(OrderId, Vec<String>)>,
        limit: u32,
    ) -> Result<Allowance, Stop> {
        let purpose = self.purpose.as_str();
        let pieces = u32::try_from(opened.len()).unwrap_or(u32::MAX);
        let Some(used) = env.db.count_labels(&self.caller.sub, self.now, pieces, limit).await? else {
            for (order, _) in opened.iter().take(1) {
                append(env, &self.caller, audit::Action::Refused, order, purpose, Vec::new(), self.now)
                    .await?;
            }
            return Err(Stop::Limit(Allowance::refused(limit, self.now)));
        };
        let event = |(order, fields): (OrderId, Vec<String>)| Event {
            at: self.now,
            action,
            actor: self.caller.sub.clone(),
            order,
            purpose: purpose.to_owned(),
            fields,
        };
        let events: Vec<Event> = opened.into_iter().map(event).collect();
        env.db.append(&self.caller.staff.merchant, Stream::Access, &events).await?;
        tracing::info!(pieces, purpose, ?action, "opened for a person");
        Ok(Allowance::after(used, limit, self.now))
    }
}
