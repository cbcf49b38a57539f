//! `/console/begin`: whom an administrator has named the first owner makes the merchant, and then says when they were
//! trained.

use super::desk::own_form;
use super::done::Done;
use super::fields::Fields;
use super::forms::{need, tick, today};
use super::frame;
use super::guard::{Signed, root, see};
use crate::Env;
use crate::answer::{NO_ACCESS, NO_MERCHANT, Stop};
use crate::body::Told;
use crate::caller::{Caller, Founder};
use crate::merchant::{self, Settings};
use crate::registers::staff;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts};
use axum::extract::{Path, Request, State};
use axum::response::{Html, IntoResponse};
use http::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use serde_json::json;
use std::sync::Arc;
use waybill_http::{IfMatch, IfNoneMatch};

/// Who stands here.
pub struct First {
    founder: Founder,
    form: String,
    root: String,
}

impl FromRequestParts<Arc<Env>> for First {
    type Rejection = Stop;

    async fn from_request_parts(parts: &mut http::request::Parts, env: &Arc<Env>) -> Result<Self, Stop> {
        let founder = Founder::from_request_parts(parts, env).await?;
        let form = parts.extensions.get::<Signed>().cloned().ok_or(NO_ACCESS)?.form;
        Ok(Self { founder, form, root: root(parts.uri.path()) })
    }
}

fn page(first: &First, now: Timestamp, wrong: Option<&str>) -> Markup {
    let inside = html! {
        @if let Some(wrong) = wrong { (frame::alarm(wrong)) }
        p { "You are named the first owner of " code { (first.founder.merchant) } ". Say what it is called and where its goods lie; everything can be changed later." }
        (own_form(&first.root, "/begin", &first.form, &html! {
            (need("begin", "name", "Trading name", "").text())
            (need("begin", "warehouse", "Name of the first warehouse", "").text())
            (need("begin", "id", "Its short name", "wh_one").hint("wh_ and letters, digits or _; it never changes.").text())
            (need("begin", "trained_at", "Your privacy training was on", today(now)).hint("It counts for a year. Without it nobody opens a label.").day())
            (tick("begin", "trained", "I have had this training", false))
            button { "Make the merchant" }
        }))
    };
    frame::alone(&first.root, "The first day", &html! {}, &inside)
}

/// `GET /console/begin`.
///
/// # Errors
/// `no_access` for everybody else.
pub async fn show(State(env): State<Arc<Env>>, first: First) -> Html<String> {
    Html(page(&first, env.clock.read(), None).into_string())
}

/// `POST /console/begin`.
///
/// # Errors
/// As `PUT /v1/merchant` and `PUT /v1/staff/{sub}`.
pub async fn make(State(env): State<Arc<Env>>, request: Request) -> Result<Response<Body>, Stop> {
    let (mut parts, body) = request.into_parts();
    let first = First::from_request_parts(&mut parts, &env).await?;
    let fields = Fields::from_request(Request::from_parts(parts.clone(), body), &env).await?;
    let made = made(&env, &first, &fields).await;
    if let Err(stop) = made {
        let (status, text) = stop.said();
        return Ok((status, Html(page(&first, env.clock.read(), Some(&text)).into_string())).into_response());
    }
    if fields.ticked("trained") {
        let caller = Caller::from_request_parts(&mut parts, &env).await?;
        let given = Told::of(json!({"role": "owner", "trained_at": fields.moment("trained_at")?}));
        let axum::Json(_) =
            staff::give(State(env), caller, Ok(Path(first.founder.sub)), IfMatch::default(), given).await?;
    }
    Ok(see(&first.root, &format!("console/settings?done={}", Done::Begun.key())))
}

async fn made(env: &Arc<Env>, first: &First, fields: &Fields) -> Result<(), Stop> {
    let Told(settings): Told<Settings> = Told::of(json!({
        "id": first.founder.merchant, "name": fields.text("name"),
        "warehouses": [{"id": fields.text("id"), "name": fields.text("warehouse"), "priority": 1}],
    }))?;
    let founder = Founder { sub: first.founder.sub.clone(), merchant: first.founder.merchant.clone() };
    let nobody = Err(NO_MERCHANT.into());
    let (_, axum::Json(_)) = merchant::save(
        State(env.clone()),
        nobody,
        Ok(founder),
        IfMatch::default(),
        IfNoneMatch::GIVEN,
        Ok(Told(settings)),
    )
    .await?;
    Ok(())
}
