//! Trying an account: it says whether the account works, books nothing and tells of no buyer.

use crate::stage::{Api, CARRIER, Outcome, Stage, is};
use crate::{Scenario, row};
use serde_json::{Value, json};
use waybill_runtime::channel::NotDone;
use waybill_runtime::token::Tokens;
use waybill_runtime::trial::try_carrier;
use waybill_sandbox::FaultKind;
use waybill_store::keyring::Vault;

pub fn rows() -> Vec<Scenario> {
    vec![
        row!("tried: works, and nothing is booked or told", works),
        row!("tried with a wrong secret: says who refuses", wrong_secret),
        row!("tried: tracking refuses, said so", wrong_tracking).not_at_dpd("tracks with the same secrets"),
        row!("tried while it is down: says so", down),
        row!("tried with another's shipping account: said so", another_account).alone(Api::ProShipping),
    ]
}

/// What trying says: nothing, or why it does not work.
async fn tried(stage: &Stage) -> Result<Option<String>, String> {
    let env = &stage.shipper;
    let account = env.directory.account(&stage.connection(), stage.now()).await.unwrap().unwrap();
    let way = Tokens { db: &env.db, vault: env.vault.as_ref(), outbound: env.outbound.as_ref() };
    match try_carrier(way, &account, stage.now()).await {
        Ok(()) => Ok(None),
        Err(NotDone::Told(told)) => Ok(Some(told.text)),
        Err(NotDone::Store(error)) => Err(error.to_string()),
    }
}

/// Replaces one of the account's secrets, as an owner does who mistypes it.
async fn mistype(stage: &Stage, name: &str, value: &str) {
    let mut connection = stage.db.connection(&stage.connection()).await.unwrap().unwrap();
    let plain = stage.kms.open(CARRIER, &connection.credentials).await.unwrap();
    let mut secrets: Value = serde_json::from_slice(&plain).unwrap();
    assert!(secrets[name].is_string(), "{name}");
    secrets[name] = json!(value);
    connection.credentials = stage.kms.seal(CARRIER, secrets.to_string().as_bytes()).await.unwrap();
    stage.db.save_connection(&connection).await.unwrap();
    // What a warm function keeps of it grows old.
    stage.advance(61);
}

async fn works(stage: &Stage) -> Outcome {
    is("said", tried(stage).await?, None)?;
    is("at the carrier", stage.at_carrier(), (0, 0, 0))?;
    is("creates", stage.asked("create"), 0)?;
    let refused = stage.sandbox.report()["refusals"].clone();
    is("refused", refused, json!(0))
}

async fn wrong_secret(stage: &Stage) -> Outcome {
    let name = match stage.brand.api {
        Api::ClickAndDrop => "key",
        Api::ProShipping => "client_secret",
        Api::Dpd => "secret",
    };
    mistype(stage, name, "mistyped").await;
    let said = tried(stage).await?.unwrap_or_default();
    is(&said, said.starts_with("the carrier refuses the connection: http_40"), true)?;
    is("shows the secret", said.contains("mistyped"), false)
}

async fn wrong_tracking(stage: &Stage) -> Outcome {
    mistype(stage, "tracking_secret", "mistyped").await;
    let said = tried(stage).await?.unwrap_or_default();
    is(&said, said.starts_with("tracking: the carrier refuses the connection"), true)
}

async fn down(stage: &Stage) -> Outcome {
    let every = match stage.brand.api {
        Api::ClickAndDrop => "royal-mail.*",
        Api::ProShipping => "pro-shipping.*",
        Api::Dpd => "dpd.*",
    };
    stage.sandbox.add_fault(waybill_sandbox::Fault::new(every, FaultKind::ServerError));
    let said = tried(stage).await?.unwrap_or_default();
    is(&said, said.starts_with("the carrier failed: http_5"), true)?;
    // Nobody is kept from booking by it.
    is("health", stage.db.health(&stage.connection()).await.unwrap().failures, 0)
}

async fn another_account(stage: &Stage) -> Outcome {
    mistype(stage, "shipping_account", "708a1cad-67a7-4e2a-a0bc-a302eba819e7").await;
    let said = tried(stage).await?.unwrap_or_default();
    is(&said, said.contains("no_such_shipping_account"), true)
}
