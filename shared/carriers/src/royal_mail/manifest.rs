//! Manifests: the hand-over to the carrier, after which nothing can be undone.

use super::errors::first_code;
use super::wire::number;
use super::{Account, call};
use crate::error::{CannotBuild, CannotRead};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method, Request, StatusCode};
use serde::Deserialize;
use serde_json::json;

/// Asks for a manifest. It takes **every** labelled or despatched order of the account, also those people made
/// on the carrier's own site: only call it when the merchant says so.
///
/// # Errors
/// `CannotBuild` when the name, address or credential cannot be sent.
pub fn build_manifest(account: &Account, carrier_name: &str) -> Result<Request<Vec<u8>>, CannotBuild> {
    let field = "carrierName";
    match carrier_name.chars().count() {
        0 => return Err(CannotBuild::Missing { field }),
        51.. => return Err(CannotBuild::Beyond { field }),
        _ => {}
    }
    let body = json!({ field: carrier_name }).to_string().into_bytes();
    call(account, Method::POST, "/manifests", Some(body))
}

/// A manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manifest {
    /// Made.
    Done {
        /// The carrier's number of it.
        number: u64,
        /// The document to hand over with the parcels; lists no addresses.
        pdf: Vec<u8>,
    },
    /// Being made: ask for its status later.
    Working {
        /// The carrier's number of it.
        number: u64,
    },
}

/// Reads the reply to [`build_manifest`].
///
/// # Errors
/// `CannotRead::Refused` when the carrier makes none, for example because no order is eligible.
pub fn read_manifest(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Manifest, CannotRead> {
    CannotRead::unless_answered(status, headers)?;
    if !status.is_success() {
        return Err(CannotRead::Refused { code: first_code(status, body) });
    }
    let reply: Reply = serde_json::from_slice(body).map_err(|_| CannotRead::Reply)?;
    let number = reply.manifest_number.and_then(|n| n.parse().ok()).ok_or(CannotRead::Reply)?;
    if reply.status.as_deref() == Some("Failed") {
        return Err(CannotRead::Refused { code: "Failed".to_owned() });
    }
    let Some(document) = reply.document_pdf.filter(|d| !d.is_empty()) else {
        return Ok(Manifest::Working { number });
    };
    let pdf = STANDARD.decode(document.as_bytes()).map_err(|_| CannotRead::Reply)?;
    if pdf.starts_with(b"%PDF-") { Ok(Manifest::Done { number, pdf }) } else { Err(CannotRead::Reply) }
}

/// Asks how far a manifest is.
///
/// # Errors
/// `CannotBuild` when the address or credential cannot be sent.
pub fn build_status(account: &Account, number: u64) -> Result<Request<Vec<u8>>, CannotBuild> {
    call(account, Method::GET, &format!("/manifests/{number}"), None)
}

/// Reads the reply to [`build_status`]. A state we do not know counts as still being made.
///
/// # Errors
/// As [`read_manifest`].
pub fn read_status(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Manifest, CannotRead> {
    read_manifest(status, headers, body)
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Reply {
    #[serde(deserialize_with = "number")]
    manifest_number: Option<String>,
    status: Option<String>,
    document_pdf: Option<String>,
}
