//! Who calls: API Gateway has verified the token, and its `sub` leads to the registry.

use crate::Env;
use crate::answer::{NO_ACCESS, NOT_ALLOWED, Stop};
use axum::extract::FromRequestParts;
use http::request::Parts;
use lambda_http::request::RequestContext;
use std::sync::Arc;
use waybill_domain::MerchantId;
use waybill_domain::access::{Action, permit};
use waybill_store::staff::Staff;

/// An active member of some merchant's staff.
pub struct Caller {
    staff: Staff,
    sub: String,
}

impl Caller {
    /// Whose data this caller may read, if the role has the action.
    pub(crate) fn may(&self, env: &Env, action: Action) -> Result<&MerchantId, Stop> {
        permit(self.staff.role, self.staff.trained_until, action, env.clock.read())
            .map_err(|_| NOT_ALLOWED)?;
        Ok(&self.staff.merchant)
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
        Ok(Self { staff, sub: sub.to_owned() })
    }
}

fn sub(parts: &Parts) -> Option<&str> {
    let claims = &parts.extensions.get::<RequestContext>()?.authorizer()?.jwt.as_ref()?.claims;
    claims.get("sub").map(String::as_str).filter(|sub| !sub.is_empty())
}
