//! Manifests: every labelled or despatched order of the account is handed over at once.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::orders::Status;
use super::{label, schema};
use crate::state::State;
use crate::wire::{Call, Reply};

/// How long a manifest document takes on an account that gets it later.
const LATER: SignedDuration = SignedDuration::from_secs(30);

/// One manifest.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// Key of the account.
    pub account: String,
    /// Orders on it.
    pub orders: Vec<i64>,
    /// When its document is there.
    pub ready_at: Timestamp,
    /// When it was made.
    pub made_at: Timestamp,
}

fn refused(state: &mut State, code: &str, description: &str) -> Reply {
    state.refuse("royal-mail.manifest", description);
    Reply::json(400, &json!({"errors": [{"code": code, "description": description}]}))
}

/// `POST /manifests`: 201 with the document, or 202 when the account gets it later.
pub fn make(state: &mut State, key: &str, call: &Call) -> Reply {
    let body = if call.body.is_empty() { Ok(json!({})) } else { serde_json::from_slice(&call.body) };
    let Ok(body) = body else { return refused(state, "0", "The request body could not be parsed") };
    if let Some(wrong) = schema::check(schema::MANIFEST, &body).first() {
        let reason = format!("{} {}", wrong.field, wrong.message);
        return refused(state, "0", reason.trim());
    }
    let account = state.royal_mail.accounts.get(key).cloned().unwrap_or_default();
    match body["carrierName"].as_str() {
        None if account.carriers.len() > 1 => {
            return refused(state, "0", "carrierName is required on an account with several carriers");
        }
        Some(name) if !account.carriers.iter().any(|carrier| carrier == name) => {
            return refused(state, "0", "carrierName is not a carrier of this account");
        }
        _ => {}
    }
    let now = state.now();
    let mut orders = Vec::new();
    for order in state.royal_mail.orders.values_mut().filter(|order| order.account == key) {
        if matches!(order.status, Status::LabelGenerated | Status::Despatched) {
            order.status = Status::Manifested;
            order.manifested_on = Some(now);
            order.shipped_on.get_or_insert(now);
            orders.push(order.id);
        }
    }
    if orders.is_empty() {
        return Reply::json(400, &json!({"errors": [{"code": "0", "description": "No eligible orders"}]}));
    }
    let number = 1_001 + i64::try_from(state.royal_mail.manifests.len()).unwrap_or(0);
    let wait = if account.manifest_later { LATER } else { SignedDuration::ZERO };
    let ready_at = now.checked_add(wait).unwrap_or(now);
    let made = Manifest { account: key.to_owned(), orders, ready_at, made_at: now };
    let reply = match account.manifest_later {
        true => Reply::json(202, &json!({"manifestNumber": number})),
        false => Reply::json(201, &json!({"manifestNumber": number, "documentPdf": document(number, &made)})),
    };
    state.royal_mail.manifests.insert(number, made);
    reply
}

fn document(number: i64, manifest: &Manifest) -> String {
    let mut lines = vec![format!("Made {}", crate::clock::utc(manifest.made_at))];
    lines.push(format!("{} orders", manifest.orders.len()));
    lines.extend(manifest.orders.chunks(6).map(|chunk| {
        let texts: Vec<String> = chunk.iter().map(i64::to_string).collect();
        texts.join("  ")
    }));
    STANDARD.encode(label::text_document([(format!("Manifest {number}"), lines)]))
}

fn find<'a>(state: &'a State, key: &str, number: &str) -> Option<(i64, &'a Manifest)> {
    let number = number.parse().ok()?;
    let manifest = state.royal_mail.manifests.get(&number)?;
    (manifest.account == key).then_some((number, manifest))
}

/// `GET /manifests/{n}`.
pub fn get(state: &State, key: &str, number: &str) -> Reply {
    let Some((number, manifest)) = find(state, key, number) else { return Reply::empty(404) };
    let mut body: Value = json!({"manifestNumber": number, "status": "In Progress"});
    if state.now() >= manifest.ready_at {
        body["status"] = json!("Completed");
        body["documentPdf"] = json!(document(number, manifest));
    }
    Reply::json(200, &body)
}

/// `POST /manifests/retry/{n}`: asks for the document again.
pub fn retry(state: &State, key: &str, number: &str) -> Reply {
    let Some((number, manifest)) = find(state, key, number) else { return Reply::empty(404) };
    match state.now() >= manifest.ready_at {
        true => {
            Reply::json(201, &json!({"manifestNumber": number, "documentPdf": document(number, manifest)}))
        }
        false => Reply::json(202, &json!({"manifestNumber": number})),
    }
}
