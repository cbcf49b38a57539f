//! Adobe I/O Events: CloudEvents, signed twice with RSA keys of this process.

use std::sync::OnceLock;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::control::Deliver;
use crate::deliver::{self, Repeat, SignedWebhook};
use crate::state::State;
use crate::wire::Reply;

/// The event an order's change gives.
const SAVED: &str = "com.adobe.commerce.observer.sales_order_save_commit_after";
const KEYS: [&str; 2] = ["pub-key-1.pem", "pub-key-2.pem"];

/// One key pair per name, made when first wanted and kept as long as the program runs.
fn pair(which: usize) -> Option<&'static KeyPair> {
    static PAIRS: [OnceLock<Option<KeyPair>>; 2] = [OnceLock::new(), OnceLock::new()];
    PAIRS.get(which)?.get_or_init(|| KeyPair::generate(KeySize::Rsa2048).ok()).as_ref()
}

/// Serves a public key.
pub(super) fn key(name: &str) -> Reply {
    let pair = KEYS.iter().position(|known| *known == name).and_then(pair);
    let der = pair.and_then(|pair| AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).ok());
    let Some(der) = der else { return Reply::json(404, &json!({"error": "there is no such key"})) };
    let text = STANDARD.encode(der.as_ref());
    let mut pem = "-----BEGIN PUBLIC KEY-----\n".to_owned();
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END PUBLIC KEY-----\n");
    let headers = vec![("content-type", "application/x-pem-file".to_owned())];
    Reply { status: 200, headers, body: pem.into_bytes() }
}

fn sign(which: usize, body: &[u8]) -> String {
    let Some(pair) = pair(which) else { return String::new() };
    let mut signature = vec![0; pair.public_modulus_len()];
    match pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), body, &mut signature) {
        Ok(()) => STANDARD.encode(signature),
        Err(_) => String::new(),
    }
}

/// Makes an event about an order.
///
/// # Errors
/// Says what is missing.
pub(super) fn make(
    state: &mut State,
    name: &str,
    order: Option<i64>,
    told: &Deliver,
) -> Result<SignedWebhook, String> {
    let (id, now) = (state.fresh_uuid(), state.now());
    let account = state
        .magento
        .accounts
        .get(name)
        .ok_or("there is no such shop; add it with PUT /control/magento/{account}")?;
    let kind = told.what.clone().unwrap_or_else(|| SAVED.to_owned());
    let value = match order {
        Some(order) => {
            let order = account.orders.get(&order).ok_or("the shop has no such order; put it first")?;
            let chosen = ["entity_id", "increment_id", "state", "status", "updated_at", "customer_email"];
            chosen.iter().map(|field| ((*field).to_owned(), order[*field].clone())).collect()
        }
        None => json!({}),
    };
    let client = told.client_id.as_deref().unwrap_or(&account.config.client_id);
    let event = told.payload.clone().unwrap_or_else(|| {
        json!({
            "specversion": "1.0", "id": id, "source": "urn:uuid:4b1c2d3e-aaaa-4bbb-8ccc-222222222222", "type": kind,
            "datacontenttype": "application/json", "time": now.to_string(), "event_id": id,
            "data": {"key": id, "source": "sandbox", "value": value}, "recipientclientid": client,
        })
    });
    let body = event.to_string().into_bytes();
    let signed = |which: usize, good: bool| {
        let mut bytes = body.clone();
        if !good {
            bytes.push(b' ');
        }
        sign(which, &bytes)
    };
    let first = signed(0, !told.wrong_signature && !told.previous_secret);
    let second = signed(1, !told.wrong_signature);
    let url = account.config.webhook_url.clone();
    let path = url.splitn(4, '/').nth(3).map(|path| format!("/{path}")).unwrap_or_default();
    let headers = [
        ("content-type", "application/cloudevents+json; charset=UTF-8"),
        ("x-adobe-digital-signature-1", first.as_str()),
        ("x-adobe-public-key1-path", "/prod/keys/pub-key-1.pem"),
        ("x-adobe-digital-signature-2", second.as_str()),
        ("x-adobe-public-key2-path", "/prod/keys/pub-key-2.pem"),
        ("x-adobe-provider", "commerce"),
        ("x-adobe-event-id", id.as_str()),
        ("x-adobe-event-code", kind.as_str()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let body = if told.base64 { STANDARD.encode(&body).into_bytes() } else { body };
    Ok(SignedWebhook {
        channel: "magento",
        repeat: Repeat::AsSet,
        shop: name.to_owned(),
        topic: kind.clone(),
        url,
        path,
        headers,
        body,
        webhook_id: id.clone(),
    })
}

/// Queues the event of a changed order where the shop sends events by itself.
pub(super) fn announce(state: &mut State, name: &str, order: i64) {
    let wanted =
        |account: &super::Account| account.config.auto_events && !account.config.webhook_url.is_empty();
    if state.magento.accounts.get(name).is_some_and(wanted)
        && let Ok(webhook) = make(state, name, Some(order), &Deliver::default())
    {
        deliver::queue(state, webhook, Some(order));
    }
}

/// Queues an event as told.
pub(super) fn send(state: &mut State, name: &str, told: &Deliver) -> Result<Value, String> {
    let webhook = make(state, name, told.order, told)?;
    let id = webhook.webhook_id.clone();
    for _ in 0..=told.copies {
        deliver::queue(state, webhook.clone(), told.order);
    }
    Ok(json!({"ok": true, "event_id": id}))
}
