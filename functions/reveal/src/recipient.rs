//! `GET /v1/orders/{order}/recipient?purpose=…`: who gets the parcel, as far as the purpose needs it.

use crate::Env;
use crate::answer::{NO_RECIPIENT, NOT_FOUND, Stop};
use crate::ask::Ask;
use crate::gate::enter;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use std::sync::Arc;
use waybill_domain::OrderId;
use waybill_domain::access::Action;
use waybill_domain::exception::Reason;
use waybill_http::Allowance;
use waybill_privacy::recipient::Text;
use waybill_privacy::seal::open;
use waybill_privacy::{Purpose, Recipient};
use waybill_store::audit;

pub(crate) const EVERYTHING: &[&str] =
    &["name", "company", "lines", "city", "region", "postcode", "country", "phone", "email", "gift_note"];
const ADDRESSEE: &[&str] = &["name", "company", "gift_note"];
const ADDRESS: &[&str] = &["name", "company", "lines", "city", "region", "postcode", "country"];
const CONTACT: &[&str] =
    &["name", "company", "lines", "city", "region", "postcode", "country", "phone", "email"];

/// The fields a purpose needs; no other is shown. They are also what the record names, because it is written
/// before anyone can know which of them hold something.
fn fields(purpose: Purpose) -> &'static [&'static str] {
    match purpose {
        Purpose::Pick => ADDRESSEE,
        Purpose::Label => ADDRESS,
        Purpose::Return => CONTACT,
        Purpose::Exception | Purpose::Request | Purpose::Legal => EVERYTHING,
    }
}

/// The only place where a recipient becomes JSON.
pub(crate) fn shown(who: &Recipient, purpose: Purpose) -> Map<String, Value> {
    let text = |text: &Option<Text>| text.as_ref().map(|text| Value::from(text.open(purpose).as_str()));
    let lines: Vec<Value> = who.lines.iter().map(|line| Value::from(line.open(purpose).as_str())).collect();
    [
        ("name", text(&who.name)),
        ("company", text(&who.company)),
        ("lines", (!lines.is_empty()).then_some(Value::Array(lines))),
        ("city", text(&who.city)),
        ("region", text(&who.region)),
        ("postcode", text(&who.postcode)),
        ("country", who.country.clone().map(Value::from)),
        ("phone", text(&who.phone)),
        ("email", text(&who.email)),
        ("gift_note", text(&who.gift_note)),
    ]
    .into_iter()
    .filter(|(name, _)| fields(purpose).contains(name))
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .collect()
}

/// A recipient that was opened.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OpenedRecipient")]
pub struct Opened {
    /// Of which order.
    order: OrderId,
    /// What for.
    purpose: &'static str,
    /// What the purpose needs of: name, company, lines, city, region, postcode, country, phone, email, gift_note.
    recipient: Map<String, Value>,
}

/// Answers.
///
/// # Errors
/// `purpose_required`, `no_access`, `not_allowed`, `training_expired`, `not_found`, `no_recipient`, `erased`,
/// `reveal_limit`, `unavailable`.
pub async fn show(
    State(env): State<Arc<Env>>,
    path: Result<Path<String>, PathRejection>,
    ask: Ask,
) -> Result<(Allowance, Json<Opened>), Stop> {
    let id: Option<OrderId> = path.ok().and_then(|Path(text)| text.parse().ok());
    let pass = enter(&env, &ask, id.as_ref(), Action::RevealRecipient).await?;
    let id = id.ok_or(NOT_FOUND)?;
    let found = env.db.order_with_sealed(&id).await?;
    let (order, sealed) = pass.own(found, |(order, _)| &order.merchant)?;
    let wrapped = pass.live(&env, &id, env.db.recipient_key(&id).await?).await?;
    // A body that we could not read is sealed in the recipient's place; it is nobody's name and address.
    let unread = order.exceptions.iter().any(|open| open.reason == Reason::Unreadable);
    let sealed = sealed.filter(|_| !unread && !wrapped.is_empty()).ok_or(NO_RECIPIENT)?;
    let names = fields(pass.purpose).iter().map(|name| (*name).to_owned()).collect();
    let left = pass.record(&env, audit::Action::Reveal, &id, names).await?;
    let key = env.open_keys.open(&order.merchant, &id, &wrapped).await?;
    let who = open(&key, &order.merchant, &id, &sealed)?;
    let recipient = shown(&who, pass.purpose);
    Ok((left, Json(Opened { order: id, purpose: pass.purpose.as_str(), recipient })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use waybill_privacy::Sensitive;

    fn someone() -> Recipient {
        let text = |text: &str| Some(Sensitive::new(text.to_owned()));
        Recipient {
            name: text("Zoë Ångström"),
            company: text("Invented Ltd"),
            lines: vec![Sensitive::new("14 Invented Street".to_owned())],
            city: text("Bristol"),
            region: text("Avon"),
            postcode: text("BS1 4DJ"),
            country: Some("GB".into()),
            phone: text("07700 900001"),
            email: text("zoe@example.invalid"),
            gift_note: text("Happy birthday"),
        }
    }

    #[test]
    fn each_purpose_shows_its_fields_and_no_other() {
        for purpose in Purpose::ALL {
            let shown = shown(&someone(), purpose);
            let mut named: Vec<&str> = fields(purpose).to_vec();
            named.sort_unstable();
            let mut found: Vec<&str> = shown.keys().map(String::as_str).collect();
            found.sort_unstable();
            assert_eq!(found, named, "{purpose:?}");
        }
        // A field added to the recipient must be given its purposes here.
        assert_eq!(someone().field_names(), EVERYTHING);
    }

    #[test]
    fn what_is_not_there_is_not_shown() {
        let who = Recipient { name: someone().name.clone(), ..Recipient::default() };
        assert_eq!(Value::Object(shown(&who, Purpose::Legal)), json!({"name": "Zoë Ångström"}));
    }
}
