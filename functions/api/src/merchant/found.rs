//! Making a merchant: its settings, its index key, and its first owner in the registry, all or nothing.

use super::{Settings, check};
use crate::Env;
use crate::answer::{EXISTS, NO_MERCHANT, Stop};
use axum::Json;
use http::StatusCode;
use waybill_domain::MerchantId;
use waybill_domain::access::Role;
use waybill_http::IfNoneMatch;
use waybill_store::StoreError;
use waybill_store::staff::Staff;
use zeroize::Zeroizing;

/// Makes the merchant. `first` is who becomes its owner; `None` when whoever asks is that already.
pub(super) async fn found(
    env: &Env,
    id: &MerchantId,
    first: Option<&str>,
    none: IfNoneMatch,
    wanted: Settings,
) -> Result<(StatusCode, Json<Settings>), Stop> {
    if !none.is_given() {
        return Err(NO_MERCHANT.into());
    }
    check::check(env, id, None, &wanted).await?;
    let mut key = Zeroizing::new([0u8; 32]);
    aws_lc_rs::rand::fill(key.as_mut_slice()).map_err(|_| StoreError::Corrupt("randomness"))?;
    let merchant = wanted.clone().with(env.vault.seal(id.as_str(), key.as_slice()).await?);
    let now = env.clock.read();
    // Nobody has trained them yet: they open personal data when an owner has entered that somebody did.
    let owner =
        Staff { merchant: id.clone(), role: Role::Owner, trained_until: now, reviewed_at: now, active: true };
    if !env.db.found_merchant(&merchant, first.map(|sub| (sub, &owner))).await? {
        return Err(EXISTS.into());
    }
    tracing::info!(merchant = %id, "made");
    Ok((StatusCode::CREATED, Json(wanted)))
}
