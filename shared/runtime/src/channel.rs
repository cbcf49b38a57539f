//! Calling channels: opens an account, gets its token, keeps within its limits, and leads each exchange to its end.

use crate::Clock;
use crate::directory::Account;
use crate::failure::{Failure, Step};
use crate::outbound::Outbound;
use crate::remote::Told;
use crate::token;
use crate::token_cache::TokenCache;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use waybill_channels::care::{self, Looked, To};
use waybill_channels::feed::{Found, Page, Reading, Window};
use waybill_channels::stock::Level;
use waybill_channels::writeback::{Next, Outcome};
use waybill_channels::{Operation, ReadOne, Stamp, Talk};
use waybill_domain::ConnectionId;
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_store::keyring::Vault;
use waybill_store::registry::ConnectionState;
use waybill_store::{Db, StoreError};

/// The most requests one exchange may take; more means that the other side leads us in circles.
const LONGEST_TALK: usize = 8;
/// Work for a connection that was refused waits this long before it looks again, in seconds.
pub const PAUSED: u32 = 900;
/// A kind of call that a connection has no right to is tried again after this: a person may have given it the right.
const NO_RIGHT_FOR: SignedDuration = SignedDuration::from_hours(1);

/// The way to channels.
#[derive(Clone)]
pub struct Channels {
    /// Budgets and tokens.
    pub db: Db,
    /// Opens and seals tokens.
    pub vault: Arc<dyn Vault>,
    /// Sends.
    pub outbound: Arc<dyn Outbound>,
    /// When calls are made: budgets are kept in this time, whatever time the work is about.
    pub clock: Clock,
    tokens: TokenCache,
}

/// Why an exchange did not come about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// The channel, with what to do next.
    #[error(transparent)]
    Told(#[from] Told),
    /// AWS.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl NotDone {
    /// What the queue should do, when no person is to be asked.
    ///
    /// # Errors
    /// When the work should come back.
    pub fn step(self) -> Result<Step, Failure> {
        match self {
            Self::Told(told) => told.step(),
            Self::Store(error) => Err(error.into()),
        }
    }
}

/// An account that can be called now.
pub struct Open<'a> {
    account: &'a Account,
    /// Its channel's side.
    pub channel: waybill_channels::Account,
    /// When its token was got, where it has one.
    token: Option<Timestamp>,
}

fn wait(time: SignedDuration) -> Told {
    let seconds = u32::try_from(time.as_millis().div_euclid(1000) + 1).unwrap_or(u32::MAX);
    Told { advice: Advice::Wait { seconds }, text: "the connection's budget is spent".to_owned() }
}

impl Channels {
    /// A way on which no token is open yet.
    pub fn new(db: Db, vault: Arc<dyn Vault>, outbound: Arc<dyn Outbound>, clock: Clock) -> Self {
        Self { db, vault, outbound, clock, tokens: TokenCache::default() }
    }

    /// The way to tokens, and to accounts that are no channel's.
    pub fn access(&self) -> token::Tokens<'_> {
        let (vault, outbound) = (self.vault.as_ref(), self.outbound.as_ref());
        token::Tokens { db: &self.db, vault, outbound }
    }

    async fn token(
        &self,
        id: &ConnectionId,
        source: &token::Source,
        now: Timestamp,
    ) -> Result<token::Current, NotDone> {
        if let Some(warm) = self.tokens.get(id, now) {
            return Ok(warm);
        }
        let got = token::current(self.access(), id, source, now).await?;
        self.tokens.put(id, &got, now);
        Ok(got)
    }

    /// Opens an account for calling; gets a token first where it needs one.
    ///
    /// # Errors
    /// `Told` when the channel gives no token, or another function is getting one; `Store` as AWS answers.
    pub async fn open<'a>(&self, account: &'a Account, now: Timestamp) -> Result<Open<'a>, NotDone> {
        let got = match account.token_source() {
            Some(source) => Some(self.token(&account.connection.id, &source, now).await?),
            None => None,
        };
        let token = got.as_ref().map(|t| t.obtained_at);
        let channel = account.channel(got.map(|t| t.access)).ok_or_else(|| {
            let advice = Advice::AskPerson(Reason::ConnectionRefused);
            Told { advice, text: "the connection is not a channel's".to_owned() }
        })?;
        Ok(Open { account, channel, token })
    }

    /// One page of changed orders.
    ///
    /// # Errors
    /// As [`NotDone`] says.
    pub async fn page(
        &self,
        open: &Open<'_>,
        window: &Window,
        next: Option<&str>,
        now: Timestamp,
    ) -> Result<Page, NotDone> {
        self.take(open, Operation::Search).await?;
        let request = open.channel.build_changed(window, next, &stamp(now)).map_err(Told::from)?;
        let reply = self.outbound.send(request).await.map_err(Told::from)?;
        match open.channel.read_changed(&reply, next) {
            Ok(page) => Ok(page),
            Err(error) => Err(self.judge(open, Operation::Search, error.into(), now).await),
        }
    }

    /// One order.
    ///
    /// # Errors
    /// As [`NotDone`] says.
    pub async fn read(
        &self,
        open: &Open<'_>,
        channel_id: &str,
        now: Timestamp,
    ) -> Result<Option<Found>, NotDone> {
        let mut one: ReadOne = open.channel.one(channel_id);
        let led = self.lead(open, Operation::Read, now, |reply, stamp| {
            Ok(match one(reply, stamp)? {
                Reading::Send(request) => Turn::Send(request),
                Reading::Over(found) => Turn::Over(found),
            })
        });
        led.await
    }

    /// Tells the channel something.
    ///
    /// # Errors
    /// As [`NotDone`] says.
    pub async fn tell(
        &self,
        open: &Open<'_>,
        operation: Operation,
        mut talk: Talk,
        now: Timestamp,
    ) -> Result<Outcome, NotDone> {
        let led = self.lead(open, operation, now, |reply, stamp| {
            Ok(match talk(reply, stamp)? {
                Next::Send(request) => Turn::Send(request),
                Next::Over(outcome) => Turn::Over(outcome),
            })
        });
        led.await
    }

    /// Keeps up what a channel sends by itself, and says how it stood; nothing of a channel where nothing can be looked
    /// after. A refusal pauses nothing: the keys may be good for all else.
    ///
    /// # Errors
    /// As [`NotDone`] says.
    pub async fn look_after(
        &self,
        open: &Open<'_>,
        to: To,
        now: Timestamp,
    ) -> Result<Option<Looked>, NotDone> {
        let secret = open.account.signing_secret();
        let Some(mut talk) = open.channel.care(to, secret.as_ref()) else { return Ok(None) };
        self.take(open, Operation::Read).await?;
        let mut turn = |reply: Option<&Response<Vec<u8>>>, stamp: &Stamp| {
            Ok(match talk(reply, stamp)? {
                care::Next::Send(request) => Turn::Send(request),
                care::Next::Over(looked) => Turn::Over(looked),
            })
        };
        Ok(Some(self.turns(now, &mut turn).await?))
    }

    /// Tells the channel how much of a SKU may be sold, if its listing may be changed once more.
    ///
    /// # Errors
    /// As [`NotDone`] says.
    pub async fn tell_stock(
        &self,
        open: &Open<'_>,
        level: Level,
        now: Timestamp,
    ) -> Result<Outcome, NotDone> {
        if let Some(rate) = open.channel.rate_of_sku() {
            let kept = format!("{}#{}", Operation::Stock.as_str(), level.sku);
            if let Some(time) =
                self.db.take_calls(&open.account.connection.id, &kept, rate, 1, self.clock.read()).await?
            {
                return Err(wait(time).into());
            }
        }
        let talk = open.channel.stock(level);
        self.tell(open, Operation::Stock, talk, now).await
    }

    async fn lead<T>(
        &self,
        open: &Open<'_>,
        operation: Operation,
        now: Timestamp,
        mut turn: impl FnMut(
            Option<&Response<Vec<u8>>>,
            &Stamp,
        ) -> Result<Turn<T>, waybill_channels::writeback::Broke>,
    ) -> Result<T, NotDone> {
        if is_apart(operation) && self.is_stopped(open, operation).await? {
            let advice = Advice::AskPerson(Reason::ConnectionRefused);
            let text = format!("the channel gives this connection no right to {}", operation.as_str());
            return Err(Told { advice, text }.into());
        }
        self.take(open, operation).await?;
        match self.turns(now, &mut turn).await {
            Ok(end) => Ok(end),
            Err(told) => Err(self.judge(open, operation, told, now).await),
        }
    }

    async fn turns<T>(
        &self,
        now: Timestamp,
        turn: &mut impl FnMut(
            Option<&Response<Vec<u8>>>,
            &Stamp,
        ) -> Result<Turn<T>, waybill_channels::writeback::Broke>,
    ) -> Result<T, Told> {
        let mut reply = None;
        for _ in 0..=LONGEST_TALK {
            match turn(reply.as_ref(), &stamp(now))? {
                Turn::Over(end) => return Ok(end),
                Turn::Send(request) => reply = Some(self.outbound.send(*request).await?),
            }
        }
        let text = "the channel asks for ever more requests".to_owned();
        Err(Told { advice: Advice::Retry, text })
    }

    async fn is_stopped(&self, open: &Open<'_>, operation: Operation) -> Result<bool, StoreError> {
        let stopped = self.db.stopped_operations(&open.account.connection.id, self.clock.read()).await?;
        Ok(stopped.iter().any(|(name, _)| name == operation.as_str()))
    }

    /// Takes calls out of the connection's budget.
    async fn take(&self, open: &Open<'_>, operation: Operation) -> Result<(), NotDone> {
        let now = self.clock.read();
        let id = &open.account.connection.id;
        for (operation, calls) in open.channel.costs(operation) {
            let operation = open.channel.counted_as(*operation);
            let rate = open.channel.rate(operation);
            if let Some(time) = self.db.take_calls(id, operation.as_str(), rate, *calls, now).await? {
                return Err(wait(time).into());
            }
        }
        Ok(())
    }

    /// What a failed exchange means: a spent budget is remembered for all, a token that died early is replaced, a
    /// refused account is paused. A refused write stops writes of its kind alone: its right may be all that is missing,
    /// and an account that is refused as a whole shows at the next reading.
    async fn judge(&self, open: &Open<'_>, operation: Operation, told: Told, now: Timestamp) -> NotDone {
        let done = self.remember(open, operation, &told, now).await;
        match done {
            Ok(None) => told.into(),
            Ok(Some(instead)) => instead.into(),
            Err(error) => error.into(),
        }
    }

    async fn remember(
        &self,
        open: &Open<'_>,
        operation: Operation,
        told: &Told,
        now: Timestamp,
    ) -> Result<Option<Told>, StoreError> {
        let id = &open.account.connection.id;
        match told.advice {
            Advice::Wait { seconds } => {
                let wait = SignedDuration::from_secs(i64::from(seconds));
                let operation = open.channel.counted_as(operation);
                let rate = open.channel.rate(operation);
                self.db.told_to_wait(id, operation.as_str(), rate, wait, self.clock.read()).await?;
                Ok(None)
            }
            Advice::AskPerson(Reason::ConnectionRefused) => {
                self.tokens.forget(id);
                match open.token {
                    // Tokens may end before their time; one that was refused at once will not get better.
                    Some(got) if now.duration_since(got) >= token::FRESH => {
                        self.db.end_token(id, got, now).await?;
                        Ok(Some(wait(SignedDuration::ZERO)))
                    }
                    _ if is_apart(operation) => {
                        let until = waybill_domain::time::after(self.clock.read(), NO_RIGHT_FOR);
                        tracing::error!(connection = %id, operation = operation.as_str(), error = %told, "the channel refused a kind of call; it alone stops");
                        self.db.stop_operation(id, operation.as_str(), until).await?;
                        Ok(None)
                    }
                    _ => {
                        tracing::error!(connection = %id, error = %told, "the channel refused the account; this connection is paused");
                        self.db.set_connection_state(id, ConnectionState::Refused).await?;
                        Ok(None)
                    }
                }
            }
            _ => Ok(None),
        }
    }
}

/// A kind of call that needs a right of its own, without which a connection is still of use.
fn is_apart(operation: Operation) -> bool {
    match operation {
        Operation::WriteBack | Operation::Stock => true,
        Operation::Search | Operation::Read => false,
    }
}

enum Turn<T> {
    Send(Box<Request<Vec<u8>>>),
    Over(T),
}

/// Time and chance for a request. Without randomness there is none: the request is then refused by the channel,
/// never sent twice under one nonce.
pub(crate) fn stamp(now: Timestamp) -> Stamp {
    Stamp { now, nonce: crate::nonce().unwrap_or_default() }
}
