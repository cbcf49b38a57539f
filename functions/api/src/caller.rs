//! Who calls: API Gateway, or the door of the console, has verified the token, and its `sub` leads to the registry.

use crate::Env;
use crate::answer::{NO_ACCESS, NOT_ALLOWED, NOT_CONFIRMED, Stop};
use crate::console::Signed;
use axum::extract::FromRequestParts;
use http::request::Parts;
use jiff::Timestamp;
use lambda_http::request::RequestContext;
use std::sync::Arc;
use waybill_domain::MerchantId;
use waybill_domain::access::{Action, Refusal, allowed, permit};
use waybill_store::staff::Staff;

/// An active member of some merchant's staff.
#[derive(Clone)]
pub struct Caller {
    /// The `sub` of the token.
    sub: String,
    staff: Staff,
}

impl Caller {
    /// Whose data this caller may read, if the role has the action.
    pub(crate) fn may(&self, env: &Env, action: Action) -> Result<&MerchantId, Stop> {
        match permit(self.staff.standing(), action, env.clock.read()) {
            Ok(()) => Ok(&self.staff.merchant),
            Err(Refusal::Review) => Err(NOT_CONFIRMED.into()),
            Err(Refusal::Role | Refusal::Training) => Err(NOT_ALLOWED.into()),
        }
    }

    /// The role has the action at all.
    pub(crate) fn can(&self, action: Action) -> bool {
        allowed(self.staff.role, action)
    }

    /// The action would be allowed now.
    pub(crate) fn permitted(&self, action: Action, now: Timestamp) -> bool {
        permit(self.staff.standing(), action, now).is_ok()
    }

    /// Who did it, as records name them.
    pub(crate) fn actor(&self) -> &str {
        &self.sub
    }
}

impl FromRequestParts<Arc<Env>> for Caller {
    type Rejection = Stop;

    async fn from_request_parts(parts: &mut Parts, env: &Arc<Env>) -> Result<Self, Stop> {
        let sub = sub(parts).ok_or(NO_ACCESS)?;
        let staff = env.db.staff(sub).await?.filter(|staff| staff.active).ok_or(NO_ACCESS)?;
        Ok(Self { sub: sub.to_owned(), staff })
    }
}

fn sub(parts: &Parts) -> Option<&str> {
    // Only the console's door puts this there, and it stands before no route of `/v1`.
    if let Some(signed) = parts.extensions.get::<Signed>() {
        return Some(&signed.sub);
    }
    let claims = &parts.extensions.get::<RequestContext>()?.authorizer()?.jwt.as_ref()?.claims;
    claims.get("sub").map(String::as_str).filter(|sub| !sub.is_empty())
}
