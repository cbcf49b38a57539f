//! Calling a carrier whose calls go with a token: it is kept for all functions and got by one of them at a time.

use crate::channel::NotDone;
use crate::outbound::Outbound;
use crate::remote::{Told, exchange};
use crate::token::{Current, Source, Tokens, current};
use http::{Request, Response};
use jiff::Timestamp;
use waybill_carriers::error::{CannotBuild, CannotRead};
use waybill_carriers::{dpd, pro_shipping};
use waybill_domain::ConnectionId;
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_privacy::secret::Secret;
use waybill_store::Db;
use waybill_store::keyring::Vault;

/// An account that logs in.
pub trait Login {
    /// Its token, which goes to no other account.
    type Token;
    /// Where tokens come from.
    fn source(&self) -> Source;
    /// The token that was got from there.
    fn token(&self, access: Secret, expires_at: Timestamp) -> Self::Token;
}

impl Login for dpd::Account {
    type Token = dpd::token::Token;

    fn source(&self) -> Source {
        Source::Dpd(Box::new(self.clone()))
    }

    fn token(&self, access: Secret, expires_at: Timestamp) -> Self::Token {
        dpd::token::Token { access, expires_at, base: self.base.clone(), key: self.key.clone() }
    }
}

impl Login for pro_shipping::Account {
    type Token = pro_shipping::token::Token;

    fn source(&self) -> Source {
        Source::ProShipping(Box::new(self.clone()))
    }

    fn token(&self, access: Secret, expires_at: Timestamp) -> Self::Token {
        let (base, client_id) = (self.base.clone(), self.client_id.clone());
        pro_shipping::token::Token { access, expires_at, base, client_id }
    }
}

/// The way to one account.
pub struct Line<'a, A> {
    /// Keeps its token.
    pub db: &'a Db,
    /// Seals it.
    pub vault: &'a dyn Vault,
    /// Sends.
    pub outbound: &'a dyn Outbound,
    /// Which connection.
    pub connection: &'a ConnectionId,
    /// The account.
    pub account: &'a A,
    /// Now.
    pub now: Timestamp,
}

impl<A: Login> Line<'_, A> {
    /// One exchange. A token that is refused before its time is thrown away, another got, and the call made once
    /// more: a refusal comes before any work (contracts/dpd, "Auth"; so it is with every bearer token, RFC 6750), so
    /// that this is safe even for a create.
    ///
    /// # Errors
    /// `Told` with what to do next: wait while another function logs in, a person when the account is refused.
    pub async fn exchange<T>(
        &self,
        build: impl Fn(&A::Token) -> Result<Request<Vec<u8>>, CannotBuild>,
        read: impl Fn(&Response<Vec<u8>>) -> Result<T, CannotRead>,
    ) -> Result<T, Told> {
        let first = self.token().await?;
        let told = match exchange(self.outbound, build(&self.of(&first)), &read).await {
            Err(told) if told.advice == Advice::AskPerson(Reason::ConnectionRefused) => told,
            other => return other,
        };
        tracing::warn!(connection = %self.connection, error = %told, "the token was refused; logging in");
        self.db.end_token(self.connection, first.obtained_at, self.now).await.map_err(NotDone::from)?;
        let second = self.token().await?;
        exchange(self.outbound, build(&self.of(&second)), &read).await
    }

    async fn token(&self) -> Result<Current, Told> {
        let tokens = Tokens { db: self.db, vault: self.vault, outbound: self.outbound };
        Ok(current(tokens, self.connection, &self.account.source(), self.now).await?)
    }

    fn of(&self, current: &Current) -> A::Token {
        self.account.token(current.access.clone(), current.expires_at)
    }
}

impl From<NotDone> for Told {
    /// A store that fails is asked again, as a carrier is that does not answer.
    fn from(failed: NotDone) -> Self {
        match failed {
            NotDone::Told(told) => told,
            NotDone::Store(error) => Self { advice: Advice::Retry, text: error.to_string() },
        }
    }
}
