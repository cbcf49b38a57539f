//! The channels besides Shopify: orders that are fetched, not brought. The clock has them read; at the end they are
//! read once more from the beginning, as if for the first time.

use super::{Options, say, standing};
use crate::accounts::{ACCOUNT, connection_id};
use crate::canary::{Token, personal_anywhere};
use crate::stack::{Stack, Trouble};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use waybill_domain::order::Channel;
use waybill_domain::polling::Cursor;
use waybill_domain::time::{after, days, sortable};
use waybill_store::{Db, StoreError};

/// Of all orders, each of these channels gets one in so many; Shopify gets the rest.
const SHARE: usize = 8;
/// How long ago the orders were placed, so that every channel shows them: Amazon shows nothing younger than two
/// minutes (contracts/amazon section 3).
const AGO: SignedDuration = SignedDuration::from_secs(240);

/// The channels whose orders are fetched.
pub(super) fn fetched() -> impl Iterator<Item = Channel> {
    Channel::ALL.into_iter().filter(|channel| *channel != Channel::Shopify)
}

/// How many orders Shopify gets.
pub(super) fn shopifys(options: &Options) -> usize {
    options.orders - options.orders / SHARE * fetched().count()
}

/// Orders that are for us, by channel.
pub(super) type Placed = BTreeMap<&'static str, usize>;

/// Has the other channels' buyers place their orders; gives how many are for us, and their personal values.
pub(super) async fn place(stack: &Stack, options: &Options) -> Result<(Placed, Vec<Token>), Trouble> {
    let (mut placed, mut tokens) = (Placed::new(), Vec::new());
    let ago = sortable(after(Timestamp::now(), -AGO));
    stack.control("PUT", "clock", &json!({"follow": false, "now": ago})).await?;
    for channel in fetched() {
        let name = channel.as_str();
        let ask = json!({"seed": options.seed, "count": options.orders / SHARE});
        stack.control("POST", &format!("{name}/{ACCOUNT}/invent"), &ask).await?;
        let stock = json!({"levels": {"TEE-RED-M": 5}});
        stack.control("PUT", &format!("{name}/{ACCOUNT}/stock"), &stock).await?;
        let native = stack.control("GET", &format!("{name}/{ACCOUNT}/native"), &Value::Null).await?;
        let orders = native["orders"].as_array().cloned().unwrap_or_default();
        let ours: Vec<&Value> = orders.iter().filter(|order| is_ours(channel, order)).collect();
        tokens.extend(ours.iter().flat_map(|order| personal_anywhere(order)));
        placed.insert(name, ours.len());
    }
    stack.control("PUT", "clock", &json!({"follow": true})).await?;
    Ok((placed, tokens))
}

/// Some orders at Amazon are fulfilled by Amazon itself, and eBay tells of none that is not paid.
fn is_ours(channel: Channel, order: &Value) -> bool {
    match channel {
        Channel::Amazon => order.pointer("/fulfillment/fulfilledBy") != Some(&json!("AMAZON")),
        Channel::Ebay => order["orderPaymentStatus"] != "PENDING",
        Channel::Shopify | Channel::WooCommerce | Channel::Magento => true,
    }
}

/// Has every channel read from `begun` on, and waits until every order that is for us is stored. The clock's own
/// schedule may have had them read before anything was placed there.
pub(super) async fn read(
    stack: &Stack,
    placed: &Placed,
    begun: Timestamp,
    patience: Duration,
) -> Result<(), Trouble> {
    rewind(&stack.db()?, begun).await?;
    stack.run_at("FunctionClock", Timestamp::now()).await?;
    let start = Instant::now();
    loop {
        let stored = stored(&standing::read(stack).await?)?;
        let line: Vec<String> =
            placed.iter().map(|(name, n)| format!("{name} {}/{n}", stored.get(name).unwrap_or(&0))).collect();
        say(&format!("     fetched: {}", line.join("  ")));
        if placed.iter().all(|(name, n)| stored.get(name).unwrap_or(&0) >= n) {
            return Ok(());
        }
        if start.elapsed() > patience {
            return Err("not every order was fetched; look at the poller's log".into());
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

/// Orders in the table, by channel.
pub(super) fn stored(now: &standing::Standing) -> Result<Placed, Trouble> {
    let mut counts = Placed::new();
    for channel in Channel::ALL {
        let id = connection_id(channel)?;
        counts.insert(channel.as_str(), now.orders.iter().filter(|o| o.connection == id).count());
    }
    Ok(counts)
}

/// Forgets how far channels were read after `from`, and has them due.
async fn rewind(db: &Db, from: Timestamp) -> Result<(), Trouble> {
    for channel in fetched() {
        let id = connection_id(channel)?;
        while let Some(held) = db.cursor(&id).await? {
            let mut cursor = Cursor { rev: held.rev, ..Cursor::starting(from) };
            match db.save_cursor(&id, &mut cursor).await {
                // It was just being read.
                Err(StoreError::Condition { .. }) => continue,
                done => {
                    done?;
                    break;
                }
            }
        }
        db.poll_at(&id, Timestamp::UNIX_EPOCH).await?;
    }
    Ok(())
}

/// How often something was read of each channel.
type Readings = BTreeMap<&'static str, u64>;

/// As [`Readings`] says.
pub(super) async fn readings(db: &Db) -> Result<Readings, Trouble> {
    let mut readings = Readings::new();
    for channel in fetched() {
        let cursor = db.cursor(&connection_id(channel)?).await?;
        readings.insert(channel.as_str(), cursor.map_or(0, |cursor| cursor.rev));
    }
    Ok(readings)
}

/// Waits until each channel was read once more. Where time jumps while a call is on its way, its token, a moment old, has
/// ended days ago for the channel, which looks like a token that was never good: the account would be paused.
pub(super) async fn have_been_read(db: &Db, before: &Readings) -> Result<(), Trouble> {
    let start = Instant::now();
    while start.elapsed() < A_READING {
        let now = readings(db).await?;
        if before.iter().all(|(channel, count)| now.get(channel).is_some_and(|now| now > count)) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    say("     not every channel was read in time");
    Ok(())
}

/// What one reading of each channel takes at most; one whose budget is spent is not read.
const A_READING: Duration = Duration::from_secs(30);

/// Time between two rounds: more than any channel or lease asks to wait.
const BETWEEN: SignedDuration = SignedDuration::from_mins(30);
/// Rounds after which a channel that is not read again is a failure.
const MOST_ROUNDS: u32 = 15;

/// A channel that was not read beyond `from`.
async fn unread(db: &Db, from: Timestamp) -> Result<Option<Channel>, Trouble> {
    for channel in fetched() {
        let cursor = db.cursor(&connection_id(channel)?).await?;
        if cursor.map(|c| c.until).unwrap_or_default() <= from {
            return Ok(Some(channel));
        }
    }
    Ok(None)
}

/// Has every channel read again from the beginning.
pub(super) async fn again(stack: &Stack, from: Timestamp) -> Result<(), Trouble> {
    let db = stack.db()?;
    // Later than everything the clock was told so far: budgets and tokens do not travel back in time.
    let mut at = after(Timestamp::now(), days(97));
    rewind(&db, from).await?;
    // Two days lie between, and a window covers one. Time goes on from round to round: a channel that asks to wait
    // would wait for ever where it stands still.
    for round in 1.. {
        at = after(at, BETWEEN);
        stack.control("PUT", "clock", &json!({"follow": false, "now": sortable(at)})).await?;
        for channel in fetched() {
            db.poll_at(&connection_id(channel)?, Timestamp::UNIX_EPOCH).await?;
        }
        say(&format!("     read again at {}: {}", sortable(at), stack.run_at("FunctionClock", at).await?));
        tokio::time::sleep(Duration::from_secs(4)).await;
        let left = unread(&db, from).await?;
        match left {
            None if round >= 3 => break,
            Some(channel) if round >= MOST_ROUNDS => {
                let id = connection_id(channel)?;
                let (cursor, spent) = (db.cursor(&id).await?, db.spent(&id, "search").await?);
                let state = db.connection(&id).await?.map(|account| account.state);
                let seen = format!("{state:?}, {cursor:?}, {spent:?}");
                return Err(format!("{} was not read again: {seen}", channel.as_str()).into());
            }
            _ => {}
        }
    }
    Ok(())
}

/// What became of each channel's orders: in the sandbox, in our tables, and at the channel again.
pub(super) async fn report(
    stack: &Stack,
    live: &standing::Standing,
    forgotten: &standing::Standing,
    shopify_in: u64,
    placed: &Placed,
) -> Result<Value, Trouble> {
    let state = stack.control("GET", "state?brief=true", &Value::Null).await?;
    let mut report = json!({});
    for channel in Channel::ALL {
        let (name, id) = (channel.as_str(), connection_id(channel)?);
        let pushed = match channel {
            Channel::Shopify => state["shops"][crate::seed::SHOP]["stock_sets"].clone(),
            _ => state[name][ACCOUNT]["stock_sets"].clone(),
        };
        let of = |s: &standing::Standing| s.orders.iter().filter(|o| o.connection == id).count();
        let erased = forgotten.orders.iter().filter(|o| o.connection == id);
        let erased = erased.filter(|o| o.personal == waybill_domain::order::PersonalData::Erased).count();
        report[name] = json!({
            "in": placed.get(name).map_or(shopify_in, |n| *n as u64),
            "stored": of(live),
            "written_back": live.written_back_of(&id),
            "stock_pushed": pushed.as_u64().unwrap_or(0),
            "forgotten": erased,
        });
        if let Some(twice) = state[name][ACCOUNT]["written_twice"].as_u64().filter(|n| *n > 0) {
            return Err(format!("{name} shows {twice} tracking numbers twice").into());
        }
    }
    Ok(report)
}
