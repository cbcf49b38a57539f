//! Who calls: API Gateway, or the door of the console, has verified the token, and its `sub` leads to the registry.
//!
//! One thing only is read from the token itself: whom an administrator has named the first owner of a merchant that is
//! still to be made. Once it is made, the registry says who may what.

use crate::Env;
use crate::answer::{NO_ACCESS, NO_MERCHANT, NOT_ALLOWED, NOT_CONFIRMED, Stop};
use crate::console::Signed;
use axum::extract::FromRequestParts;
use http::request::Parts;
use jiff::Timestamp;
use lambda_http::request::RequestContext;
use std::collections::HashMap;
use std::sync::Arc;
use waybill_domain::MerchantId;
use waybill_domain::access::{Action, Refusal, allowed, permit};
use waybill_store::staff::Staff;

/// The group of the user pool whose members may make the merchant they are given.
pub(crate) const OWNERS: &str = "owner";

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
        match env.db.staff(sub).await? {
            Some(staff) if staff.active => Ok(Self { sub: sub.to_owned(), staff }),
            Some(_) => Err(NO_ACCESS.into()),
            // Whoever is to make a merchant is told so; afterwards there is nothing left to make.
            None => match Founder::of(parts) {
                Some(founder) if env.db.merchant(&founder.merchant).await?.is_none() => {
                    Err(NO_MERCHANT.into())
                }
                _ => Err(NO_ACCESS.into()),
            },
        }
    }
}

/// A sign-in that an administrator of the user pool has given a merchant and put into the group of owners. No user can
/// give themselves either (`WriteAttributes` of the template).
pub struct Founder {
    /// The `sub` of the token.
    pub(crate) sub: String,
    /// The merchant they are to make.
    pub(crate) merchant: MerchantId,
}

impl Founder {
    fn of(parts: &Parts) -> Option<Self> {
        if let Some(signed) = parts.extensions.get::<Signed>() {
            return Self::named(&signed.sub, signed.merchant.as_deref()?, signed.is_owner);
        }
        let claims = claims(parts)?;
        // API Gateway writes a list as `[one two]`.
        let groups = claims.get("cognito:groups")?.trim_start_matches('[').trim_end_matches(']');
        let is_owner = groups.split([' ', ',']).any(|group| group == OWNERS);
        Self::named(sub(parts)?, claims.get("custom:merchant")?, is_owner)
    }

    fn named(sub: &str, merchant: &str, is_owner: bool) -> Option<Self> {
        let merchant: MerchantId = merchant.parse().ok()?;
        let suffix = merchant.suffix();
        let plain = suffix.len() == 16 && suffix.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        (plain && is_owner).then(|| Self { sub: sub.to_owned(), merchant })
    }
}

impl<S: Sync> FromRequestParts<S> for Founder {
    type Rejection = Stop;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Stop> {
        Self::of(parts).ok_or_else(|| NO_ACCESS.into())
    }
}

fn sub(parts: &Parts) -> Option<&str> {
    // Only the console's door puts this there, and it stands before no route of `/v1`.
    if let Some(signed) = parts.extensions.get::<Signed>() {
        return Some(&signed.sub);
    }
    claims(parts)?.get("sub").map(String::as_str).filter(|sub| !sub.is_empty())
}

/// What the verified token says.
fn claims(parts: &Parts) -> Option<&HashMap<String, String>> {
    Some(&parts.extensions.get::<RequestContext>()?.authorizer()?.jwt.as_ref()?.claims)
}
