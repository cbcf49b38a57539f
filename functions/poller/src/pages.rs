//! What changed since the last time, one page a message: the budget of a channel may allow no more.

use crate::take::Taken;
use crate::{Env, account, take};
use jiff::Timestamp;
use waybill_channels::Operation;
use waybill_channels::care::{Looked, To};
use waybill_channels::feed::{Found, Page, Window};
use waybill_domain::ConnectionId;
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_domain::polling::{Cursor, Reading};
use waybill_domain::rate::Rate;
use waybill_domain::time::{after, days};
use waybill_runtime::channel::{NotDone, Open};
use waybill_runtime::directory::Account;
use waybill_runtime::remote::Told;
use waybill_runtime::{Failure, Step};
use waybill_store::deliveries::Stand;
use waybill_store::queues::MAX_DELAY;
use waybill_store::registry::Credentials;
use waybill_store::{Queue, StoreError, Work};

/// How far back a new connection is read by itself; more is a backfill's.
const FIRST_READ: i64 = 1;

/// Reads the next page of what changed, and puts itself back on the queue while there are more.
pub(crate) async fn poll(env: &Env, id: &ConnectionId, now: Timestamp) -> Result<Step, Failure> {
    let account = match account(env, id, now).await? {
        Ok(account) => account,
        // The clock asks again; a message that also came back would be one more each time.
        Err(_) => return Ok(Step::Done),
    };
    let open = match env.channels.open(&account, now).await {
        Ok(open) => open,
        Err(not) => return later(not),
    };
    let held = env.db.cursor(id).await?;
    if held.as_ref().is_none_or(|held| held.reading.is_none() && is_day_over(held.until, now)) {
        look_after(env, &account, &open, now).await?;
    }
    let mut cursor = held.unwrap_or_else(|| Cursor::starting(after(now, -days(FIRST_READ))));
    let Some(reading) = cursor.page(open.channel.overlap(), open.channel.settle(), now).cloned() else {
        return Ok(Step::Done);
    };
    let more = match page(env, &open, &reading, now).await {
        Ok(page) => {
            let (next, _) = keep(env, &account, &open, page, now).await?;
            cursor.read(next)
        }
        Err(NotDone::Told(told)) if is_refusal(&told) => {
            tracing::error!(connection = %id, error = %told, "the channel refuses to tell what changed");
            cursor.refuse(told.text, now)
        }
        Err(not) => return later(not),
    };
    match env.db.save_cursor(id, &mut cursor).await {
        Ok(()) if more => {
            let work = Work::Poll { connection: id.clone(), at: now };
            env.queues.send(Queue::Poll, &[work], 0).await?;
            Ok(Step::Done)
        }
        // Somebody else reads this channel at the same time and goes on; what both stored is the same.
        Ok(()) | Err(StoreError::Condition { .. }) => Ok(Step::Done),
        Err(error) => Err(error.into()),
    }
}

/// Sees to it that the channel sends what it can. Changes are read whether deliveries come or not.
async fn look_after(env: &Env, account: &Account, open: &Open<'_>, now: Timestamp) -> Result<(), Failure> {
    let id = &account.connection.id;
    let mut deliveries = env.db.channel_deliveries(id).await?;
    let path = format!("/webhooks/{}/{id}", open.channel.channel().as_str());
    let to = match (&account.credentials, &deliveries.service) {
        (Credentials::Amazon { seller_id, .. }, _) => {
            // What Amazon tells names the seller and no account of ours.
            env.db.save_seller(seller_id, id).await?;
            To::Queue(env.amazon_changes.clone())
        }
        (_, Some(service)) => To::Address(format!("{service}{path}")),
        (_, None) => To::EndsWith(path),
    };
    let stand = match env.channels.look_after(open, to, now).await {
        Ok(None) => return Ok(()),
        Ok(Some(looked)) => {
            if looked.made + looked.enabled > 0 {
                let Looked { made, enabled, .. } = looked;
                tracing::warn!(connection = %id, made, enabled, "the channel's deliveries were not sent and are again");
                deliveries.mended_at = Some(now);
            }
            match looked {
                Looked { missing: true, .. } => Stand::Missing,
                Looked { paused: 1.., .. } => Stand::Paused,
                _ => Stand::On,
            }
        }
        Err(not) => {
            tracing::warn!(connection = %id, error = %not, "the channel's deliveries could not be looked after; tomorrow again");
            Stand::Unknown
        }
    };
    deliveries.stand = Some(stand);
    deliveries.looked_at = Some(now);
    Ok(env.db.save_deliveries(id, &deliveries).await?)
}

/// The channel understood and says no to this page, not to the whole account.
fn is_refusal(told: &Told) -> bool {
    matches!(told.advice, Advice::AskPerson(reason) if reason != Reason::ConnectionRefused)
}

/// True when `now` is on another day than what was read last: the first reading of a day also looks after what the
/// channel sends by itself (contracts/woocommerce section 2: a shop switches its webhooks off after failures).
fn is_day_over(read: Timestamp, now: Timestamp) -> bool {
    const DAY: i64 = 24 * 60 * 60;
    read.as_second().div_euclid(DAY) < now.as_second().div_euclid(DAY)
}

/// Reads the next page of a backfill.
pub(crate) async fn backfill(
    env: &Env,
    id: &ConnectionId,
    backfill: &str,
    now: Timestamp,
) -> Result<Step, Failure> {
    let Some(mut job) = env.db.backfill(id, backfill).await? else { return Ok(Step::Done) };
    if job.done_at.is_some() {
        return Ok(Step::Done);
    }
    let account = match account(env, id, now).await? {
        Ok(account) => account,
        // The clock has it go on when the account may be called again.
        Err(_) => return Ok(Step::Done),
    };
    let open = match env.channels.open(&account, now).await {
        Ok(open) => open,
        Err(not) => return later(not),
    };
    let more = match job.page(open.channel.settle(), now).cloned() {
        Some(reading) => match page(env, &open, &reading, now).await {
            Ok(page) => {
                let (next, taken) = keep(env, &account, &open, page, now).await?;
                job.seen += taken.seen;
                job.stored += taken.stored;
                job.unreadable += taken.unreadable;
                job.cursor.read(next);
                true
            }
            Err(NotDone::Told(told)) if is_refusal(&told) => {
                tracing::error!(connection = %id, error = %told, "the channel refuses to tell of the past");
                job.cursor.refuse(told.text, now)
            }
            Err(not) => return later(not),
        },
        None => {
            job.done_at = Some(now);
            false
        }
    };
    job.moved_at = Some(now);
    match env.db.save_backfill(id, &mut job).await {
        Ok(()) if more => {
            let work = Work::Backfill { connection: id.clone(), backfill: job.id, at: now };
            env.queues.send(Queue::Poll, &[work], 0).await?;
            Ok(Step::Done)
        }
        Ok(()) | Err(StoreError::Condition { .. }) => Ok(Step::Done),
        Err(error) => Err(error.into()),
    }
}

async fn page(env: &Env, open: &Open<'_>, reading: &Reading, now: Timestamp) -> Result<Page, NotDone> {
    let window = Window { from: reading.from, to: reading.to };
    env.channels.page(open, &window, reading.next.as_deref(), now).await
}

/// A channel that asks to wait is asked again by this very message; one that refuses, by the clock when it is
/// connected again.
fn later(not: NotDone) -> Result<Step, Failure> {
    match &not {
        NotDone::Told(told) if matches!(told.advice, Advice::AskPerson(_)) => {
            tracing::error!(error = %not, "the channel's changes cannot be read");
            Ok(Step::Done)
        }
        _ => not.step(),
    }
}

/// Stores everything of a page before it counts as read.
async fn keep(
    env: &Env,
    account: &Account,
    open: &Open<'_>,
    page: Page,
    now: Timestamp,
) -> Result<(Option<String>, Counted), Failure> {
    let mut counted = Counted::default();
    let mut named = 0;
    let rate = open.channel.rate(Operation::Read);
    let costs = open.channel.costs(Operation::Read).iter();
    let calls = costs.filter(|(of, _)| *of == Operation::Read).map(|(_, calls)| calls).sum();
    for found in page.found {
        counted.seen += 1;
        named += u32::from(matches!(found, Found::Key(_)));
        match take::take(env, account, found, take::Read::OfPage { wait: turn(rate, calls, named) }, now)
            .await?
        {
            Taken::Stored => counted.stored += 1,
            Taken::Unreadable => counted.unreadable += 1,
            Taken::Nothing => {}
        }
    }
    Ok((page.next, counted))
}

/// When the order that a page names in this place, from 1, is to be read, in seconds, where reading one takes so
/// many calls: what the connection's budget gives at once is read at once, the others each at their turn. All at
/// once, they would each come back for every one that is let through.
fn turn(rate: Rate, calls: u32, place: u32) -> u32 {
    let over = place.saturating_mul(calls).saturating_sub(rate.burst);
    let wait = rate.every.saturating_mul(i32::try_from(over).unwrap_or(i32::MAX)).as_secs();
    u32::try_from(wait).unwrap_or(MAX_DELAY).min(MAX_DELAY)
}

#[derive(Default)]
struct Counted {
    seen: u64,
    stored: u64,
    unreadable: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn a_page_s_orders_are_read_each_at_its_turn() {
        // Amazon's getOrder: one in two seconds, thirty at once (contracts/amazon section 3).
        let rate = Rate { every: SignedDuration::from_secs(2), burst: 30 };
        assert_eq!([1, 30, 31, 100].map(|place| turn(rate, 1, place)), [0, 0, 2, 140]);
        assert_eq!(turn(rate, 2, 20), 20);
        assert_eq!(turn(rate, 1, u32::MAX), MAX_DELAY);
    }
}
