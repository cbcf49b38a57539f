//! One order, read because a delivery or a page named it.

use crate::{Env, account, take};
use jiff::{SignedDuration, Timestamp};
use waybill_domain::ConnectionId;
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_runtime::channel::{NotDone, PAUSED};
use waybill_runtime::directory::Account;
use waybill_runtime::{Failure, Step};

/// The shortest and the longest time, in seconds, until a channel that does not answer is asked again.
const SHORTEST: u32 = 15;
const LONGEST: u32 = 900;
/// An order that could not be read for so long is for a person.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(24);

/// Reads and stores it; `asked` is when it was first to be read.
pub(crate) async fn fetch(
    env: &Env,
    id: &ConnectionId,
    channel_id: &str,
    (asked, now): (Timestamp, Timestamp),
) -> Result<Step, Failure> {
    let account = match account(env, id, now).await? {
        Ok(account) => account,
        Err(step) => return Ok(step),
    };
    let open = match env.channels.open(&account, now).await {
        Ok(open) => open,
        Err(not) => return put_off(env, &account, channel_id, not, (asked, now)).await,
    };
    match env.channels.read(&open, channel_id, now).await {
        Ok(Some(found)) => take::take(env, &account, found, take::Read::ByKey, now).await.map(|_| Step::Done),
        Ok(None) => take::gone(env, &account, channel_id, now).await.map(|()| Step::Done),
        Err(not) => put_off(env, &account, channel_id, not, (asked, now)).await,
    }
}

/// The page that named the order counts as read, so what becomes of the order may not hang on how often a queue brings
/// a message back: it is asked for again and again, ever more seldom, and in the end a person is told.
async fn put_off(
    env: &Env,
    account: &Account,
    channel_id: &str,
    not: NotDone,
    (asked, now): (Timestamp, Timestamp),
) -> Result<Step, Failure> {
    let NotDone::Told(told) = not else { return not.step() };
    let age = now.duration_since(asked);
    match told.advice {
        // The account is paused by now; the order is asked for when it is used again.
        Advice::AskPerson(Reason::ConnectionRefused) => Ok(Step::Again { seconds: PAUSED }),
        Advice::Retry if age < GIVE_UP => {
            let quarter = u32::try_from(age.as_secs() / 4).unwrap_or(LONGEST);
            Ok(Step::Again { seconds: quarter.clamp(SHORTEST, LONGEST) })
        }
        Advice::Retry | Advice::AskPerson(_) => {
            take::report(env, account, channel_id, told.text, now).await?;
            Ok(Step::Done)
        }
        Advice::Wait { .. } | Advice::GiveUp => told.step(),
    }
}
