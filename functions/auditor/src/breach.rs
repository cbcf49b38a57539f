//! A breach over all merchants: who is affected, and what is to be said to each. For whoever runs the system; a
//! merchant's own staff have `/v1/incidents`.

use crate::Env;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use waybill_domain::incident::{Affected, Incident, Notice, Running, Suspicion, affected};
use waybill_domain::{IncidentId, MerchantId};
use waybill_runtime::Failure;
use waybill_store::audit::Stream;

/// What an event says that asks for this: `{"incident": {"id": "inc_…", "detected_at": …, "suspicion": {…}}}`.
#[derive(Debug, Clone, Deserialize)]
pub struct Asked {
    /// Which.
    pub id: IncidentId,
    /// When it was noticed.
    pub detected_at: Timestamp,
    /// What it is about.
    pub suspicion: Suspicion,
    /// It puts people at a high risk.
    #[serde(default)]
    pub high_risk: bool,
}

/// Who is affected and what is to be said.
#[derive(Debug, Serialize)]
pub struct Breach {
    /// Access records looked through.
    pub records: usize,
    /// Orders affected.
    pub orders: usize,
    /// Who, by merchant.
    pub affected: Affected,
    /// Until when whom.
    pub clocks: Vec<Running>,
    /// The notices to platform, authority and people, over everyone.
    pub drafts: BTreeMap<Notice, String>,
    /// The notice to each merchant, about its own customers alone.
    pub to_merchants: BTreeMap<MerchantId, String>,
}

/// Goes through every access record of every merchant.
///
/// # Errors
/// When AWS does not answer.
pub async fn breach(env: &Env, asked: Asked, now: Timestamp) -> Result<Breach, Failure> {
    let incident = Incident {
        id: asked.id,
        detected_at: asked.detected_at,
        opened_by: "operator".into(),
        suspicion: asked.suspicion,
        high_risk: asked.high_risk,
        high_risk_at: None,
        decisions: Vec::new(),
    };
    if incident.suspicion.names_sources() {
        // It may not read orders, and so cannot tell where one came from.
        return Err(Failure::Fault("the audit knows no channels: leave them out, or ask POST /v1/incidents"));
    }
    let (mut all, mut looked, mut to_merchants) = (Affected::default(), 0, BTreeMap::new());
    for merchant in env.db.merchants().await? {
        let mut records = env.db.records(&merchant, Stream::Access).await?;
        records.extend(env.db.records(&merchant, Stream::Disclosure).await?);
        looked += records.len();
        let ledger = env.db.records(&merchant, Stream::Erasure).await?;
        let erased = ledger.iter().map(|record| &record.event.order).collect();
        let accesses = records.iter().filter_map(|record| record.access(&merchant));
        let found = affected(accesses, &incident.suspicion, &erased);
        if found.orders() > 0 {
            to_merchants.insert(merchant, incident.draft(Notice::Controllers, &found));
            all.merchants.extend(found.merchants);
        }
    }
    let drafts = [Notice::Platform, Notice::Regulator, Notice::People];
    Ok(Breach {
        records: looked,
        orders: all.orders(),
        clocks: incident.running(now),
        drafts: drafts.map(|notice| (notice, incident.draft(notice, &all))).into(),
        affected: all,
        to_merchants,
    })
}
