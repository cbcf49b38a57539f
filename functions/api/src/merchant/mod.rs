//! `GET`/`PUT /v1/merchant`: the settings of the caller's merchant. The first `PUT` of a first owner makes it.

mod check;
mod found;

use crate::Env;
use crate::answer::{CHANGES_WHAT, EXISTS, NO_MERCHANT, Stop};
use crate::body::Told;
use crate::caller::{Caller, Founder};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use waybill_domain::MerchantId;
use waybill_domain::access::Action;
use waybill_domain::retention::Policy;
use waybill_domain::service::Shipping;
use waybill_http::{CHANGED_MEANWHILE, IfMatch, IfNoneMatch};
use waybill_privacy::recipient::Needs;
use waybill_store::registry::{Merchant, Warehouse};

/// The settings of a merchant: what is read is what is sent back, changed. Other functions work by a change within a
/// minute.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The merchant of the caller's sign-in.
    pub id: MerchantId,
    /// Trading name.
    pub name: String,
    /// Its warehouses, one at least. What `PUT /v1/warehouses/{warehouse}` says of one goes before what is said here.
    pub warehouses: Vec<Warehouse>,
    /// Orders may go out in parts as stock allows.
    #[serde(default)]
    pub part_ship: bool,
    /// Which optional personal fields are kept, because these settings need them.
    #[serde(default)]
    pub needs: Needs,
    /// How long personal data is kept, in days; never longer than without this.
    #[serde(default)]
    pub retention: Policy,
    /// Which service carries what.
    #[serde(default)]
    pub services: Shipping,
}

impl Settings {
    fn of(merchant: Merchant) -> Self {
        let Merchant { id, name, index_key: _, needs, retention, part_ship, warehouses, services } = merchant;
        Self { id, name, warehouses, part_ship, needs, retention, services }
    }

    fn with(self, index_key: Vec<u8>) -> Merchant {
        let Self { id, name, warehouses, part_ship, needs, retention, services } = self;
        Merchant { id, name, index_key, needs, retention, part_ship, warehouses, services }
    }
}

/// Shows the settings.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_confirmed`, `no_merchant`, `unavailable`.
pub async fn read(State(env): State<Arc<Env>>, caller: Caller) -> Result<Json<Settings>, Stop> {
    let merchant = caller.may(&env, Action::ReadMerchant)?;
    let merchant = env.db.merchant(merchant).await?.ok_or(NO_MERCHANT)?;
    Ok(Json(Settings::of(merchant)))
}

/// Stores the settings; 201 when that made the merchant.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_confirmed`, `bad_body`, `invalid_field`, `no_merchant`, `exists`,
/// `changes_what`, `changed_meanwhile`, `unavailable`.
pub async fn save(
    State(env): State<Arc<Env>>,
    caller: Result<Caller, Stop>,
    founder: Result<Founder, Stop>,
    seen: IfMatch,
    none: IfNoneMatch,
    told: Result<Told<Settings>, Stop>,
) -> Result<(StatusCode, Json<Settings>), Stop> {
    let caller = match (caller, founder) {
        (Ok(caller), _) => caller,
        (Err(Stop::Problem(NO_MERCHANT)), Ok(founder)) => {
            return found::found(&env, &founder.merchant, Some(&founder.sub), none, told?.0).await;
        }
        (Err(stop), _) => return Err(stop),
    };
    let id = caller.may(&env, Action::KeepMerchant)?;
    let Told(wanted) = told?;
    let Some(before) = env.db.merchant(id).await? else {
        return found::found(&env, id, None, none, wanted).await;
    };
    if none.is_given() {
        return Err(EXISTS.into());
    }
    if !seen.is_given() {
        return Err(CHANGES_WHAT.into());
    }
    check::check(&env, id, Some(&before), &wanted).await?;
    let merchant = wanted.clone().with(before.index_key);
    if !env.db.replace_merchant(&merchant, |now| seen.is(&Settings::of(now))).await? {
        return Err(CHANGED_MEANWHILE.into());
    }
    tracing::info!(merchant = %merchant.id, "settings stored");
    Ok((StatusCode::OK, Json(wanted)))
}
