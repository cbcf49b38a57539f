//! Plays the merchant's own system that hears of events: it keeps what it is sent, as every request is kept, and answers
//! as it was told to.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::state::State;
use crate::wire::{Call, Reply};

/// What it answers unless it was told otherwise.
const TAKEN: u16 = 204;

/// The endpoint's name: faults and captured requests go by it.
pub(crate) fn endpoint(_: &Call, rest: &[&str]) -> String {
    format!("receiver.{}", rest.first().copied().unwrap_or_default())
}

pub(crate) fn answer(state: &mut State, _: &Call, rest: &[&str]) -> Reply {
    let status = rest.first().and_then(|name| state.receivers.get(*name)).copied().unwrap_or(TAKEN);
    let reply = Reply::empty(status);
    // Whoever follows it would come to a place that was never named to us.
    if (300..400).contains(&status) { reply.with("location", "/receiver/elsewhere") } else { reply }
}

/// `PUT /control/receiver/{name}` with `{status}`.
pub(crate) fn control(state: &mut State, call: &Call, rest: &[&str]) -> Result<Value, String> {
    #[derive(Deserialize)]
    struct Said {
        status: u16,
    }
    let ("PUT", [name]) = (call.method.as_str(), rest) else {
        return Err("a receiver is told its status: PUT /control/receiver/{name}".to_owned());
    };
    let Said { status } = crate::control::read(call)?;
    state.receivers.insert((*name).to_owned(), status);
    Ok(json!({"status": status}))
}
