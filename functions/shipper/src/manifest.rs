//! The day's hand-over, only ever on the seller's word. It takes every label of the account, also those people
//! made by hand on the carrier's site, and nothing can be undone after it.
//!
//! Claim, call, record, as for a label. But a manifest whose answer was lost is not asked for again: the second
//! could take parcels packed since and would not bring the first's document back.

use crate::Env;
use crate::desk::{Closed, Desk, Sheet};
use jiff::{SignedDuration, Timestamp};
use waybill_domain::advice::Advice;
use waybill_domain::booking::LEASE;
use waybill_domain::manifest::{LOOK_EVERY, Manifest, Progress};
use waybill_runtime::{Failure, Step};
use waybill_store::{StoreError, Work};

fn again(after: SignedDuration) -> Step {
    Step::Again { seconds: u32::try_from(after.as_secs().clamp(1, 900)).unwrap_or(900) }
}

/// Brings one manifest forward.
pub(crate) async fn work_on(env: &Env, work: Work, now: Timestamp) -> Result<Step, Failure> {
    let Work::Manifest { manifest: id, merchant, connection, warehouse, carrier_name, .. } = work else {
        return Err(Failure::Fault("this work is not a manifest"));
    };
    let held = env.db.manifest(&connection, &id).await?;
    let desk = match Desk::open(env, &connection, now).await? {
        Ok(desk) => desk,
        Err(Closed::Until(at)) => return Ok(again(at.duration_since(now))),
        Err(Closed::Paused) => return Ok(again(SignedDuration::from_mins(5))),
    };
    let mut sheet = match held {
        None => Manifest {
            id,
            merchant,
            connection,
            warehouse,
            carrier_name,
            asked_at: now,
            progress: Progress::Planned,
        },
        Some(held) => held,
    };
    match sheet.progress.clone() {
        Progress::Planned => {
            (sheet.asked_at, sheet.progress) = (now, Progress::Asked);
            match env.db.claim_manifest(&sheet).await {
                Ok(()) => {}
                Err(StoreError::Condition { .. }) => return Ok(again(LEASE)),
                Err(error) => return Err(error.into()),
            }
            let told = match desk.manifest(env, &sheet.carrier_name).await {
                Ok(made) => return record(env, sheet, made).await,
                Err(told) => told,
            };
            let (progress, step) = match told.advice {
                // It was not carried out, and may be asked for once more.
                Advice::Wait { seconds } => (Progress::Planned, Step::Again { seconds }),
                Advice::Retry => (Progress::Uncertain, Step::Done),
                Advice::AskPerson(_) | Advice::GiveUp => {
                    (Progress::Refused { code: told.text.clone() }, Step::Done)
                }
            };
            tracing::warn!(manifest = %sheet.id, error = %told, "no manifest yet");
            sheet.progress = progress;
            env.db.save_manifest(&sheet).await?;
            Ok(step)
        }
        // Whoever asked is gone, or is still at it.
        Progress::Asked if now < waybill_domain::time::after(sheet.asked_at, LEASE) => Ok(again(LEASE)),
        Progress::Asked => {
            sheet.progress = Progress::Uncertain;
            env.db.save_manifest(&sheet).await?;
            tracing::warn!(manifest = %sheet.id, "whether the carrier made it is not known; a person must look");
            Ok(Step::Done)
        }
        Progress::Working { number } => match desk.manifest_status(env, number).await {
            Ok(made) => record(env, sheet, made).await,
            Err(told) => match told.advice {
                Advice::AskPerson(_) | Advice::GiveUp => {
                    sheet.progress = Progress::Refused { code: told.text };
                    env.db.save_manifest(&sheet).await?;
                    Ok(Step::Done)
                }
                Advice::Retry | Advice::Wait { .. } => told.step(),
            },
        },
        Progress::Done { .. } | Progress::Refused { .. } | Progress::Uncertain => Ok(Step::Done),
    }
}

/// Stores what the carrier answered: first the document, then that it is there, so that neither is without the
/// other for good.
async fn record(env: &Env, mut sheet: Manifest, made: Sheet) -> Result<Step, Failure> {
    env.db.set_manifested(&sheet.connection, sheet.asked_at).await?;
    let step = match made {
        Sheet::Done { number, pdf } => {
            env.documents.put(&sheet.document(), pdf).await?;
            sheet.progress = Progress::Done { number };
            Step::Done
        }
        Sheet::Working { number } => {
            sheet.progress = Progress::Working { number };
            again(LOOK_EVERY)
        }
    };
    env.db.save_manifest(&sheet).await?;
    tracing::info!(manifest = %sheet.id, "handed over");
    Ok(step)
}
