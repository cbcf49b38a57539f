//! The signature of the pack: Ed25519, with a key that is made on first use and never leaves this machine's
//! private folder. The public key is in the pack; whoever wants to be sure compares it with the one published.

use std::fs;
use std::path::Path;

use aws_lc_rs::digest::SHA256;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::failure::{Done, Failure, While};

/// SHA-256 as hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    hex(aws_lc_rs::digest::digest(&SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// The key, made when there is none yet.
///
/// # Errors
/// When the file cannot be read or written.
pub fn key(file: &Path) -> Done<Ed25519KeyPair> {
    if !file.exists() {
        let made = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).or_say("no randomness")?;
        fs::write(file, made.as_ref()).or_say("could not keep the signing key")?;
        private(file)?;
    }
    let bytes = fs::read(file).or_say("could not read the signing key")?;
    Ed25519KeyPair::from_pkcs8(&bytes).map_err(|_| Failure::new("the signing key is not one; delete it"))
}

#[cfg(unix)]
fn private(file: &Path) -> Done {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).or_say("could not protect the signing key")
}

#[cfg(not(unix))]
fn private(_: &Path) -> Done {
    Ok(())
}

/// The public half as hexadecimal digits.
pub fn public_key(key: &Ed25519KeyPair) -> String {
    hex(key.public_key().as_ref())
}

/// The evidence with its signature. What is signed is the evidence as compact JSON with sorted keys.
///
/// # Errors
/// Never in practice.
pub fn signed(key: &Ed25519KeyPair, evidence: &Value) -> Done<Value> {
    let bytes = serde_json::to_vec(evidence).or_say("evidence")?;
    Ok(json!({
        "evidence": evidence,
        "signature": {
            "algorithm": "Ed25519 over the compact JSON of `evidence`, keys sorted",
            "public_key": public_key(key),
            "value": hex(key.sign(&bytes).as_ref()),
        },
    }))
}

/// Whether a pack is as it was signed.
pub fn holds(pack: &Value) -> bool {
    let part = |name: &str| pack["signature"][name].as_str().and_then(unhex);
    let (Some(key), Some(value)) = (part("public_key"), part("value")) else { return false };
    serde_json::to_vec(&pack["evidence"])
        .is_ok_and(|bytes| UnparsedPublicKey::new(&ED25519, key).verify(&bytes, &value).is_ok())
}
