//! In and out: to the user pool's own page, back with a code, and at the end of the day.

use super::Door;
use super::frame::alone;
use super::guard::see;
use super::staff::stranger;
use crate::answer::{NO_ACCESS, NOT_FOUND, SIGN_IN_AGAIN, Stop};
use crate::caller::OWNERS;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse};
use http::{HeaderMap, Response, StatusCode, header};
use maud::{Markup, html};
use serde::Deserialize;
use std::sync::Arc;
use waybill_runtime::nonce;
use waybill_runtime::problem::Problem;
use waybill_runtime::sign_in::{Cookie, NotSignedIn};

impl From<NotSignedIn> for Stop {
    fn from(not: NotSignedIn) -> Self {
        match not {
            NotSignedIn::Refused => SIGN_IN_AGAIN.into(),
            NotSignedIn::Unavailable => Problem::UNAVAILABLE.into(),
        }
    }
}

fn answer(page: &Markup) -> Response<Body> {
    Html(page.clone().into_string()).into_response()
}

/// `GET /console/sign-in`.
///
/// # Errors
/// `unavailable`.
pub async fn begin(State(door): State<Arc<Door>>) -> Result<Response<Body>, Stop> {
    let begun = door.pages.begin().ok_or(Problem::UNAVAILABLE)?;
    let inside = html! {
        p { "The warehouse console: orders, picking, packing and stock." }
        p { a.button href=(begun.address) { "Sign in" } }
        p.hint { "You sign in on the page of your merchant's user pool, with your second factor." }
    };
    let mut response = answer(&alone("../", "Sign in", &html! {}, &inside));
    let kept = door.jar.set(Cookie::Begun, &begun.kept).ok_or(Problem::UNAVAILABLE)?;
    response.headers_mut().append(header::SET_COOKIE, kept);
    Ok(response)
}

/// What the sign-in page sends back.
#[derive(Deserialize)]
pub struct Back {
    code: String,
    state: String,
}

/// `GET /console/signed-in`: a page and not a redirect, because a browser that was sent here by another site sends no
/// `SameSite=Strict` cookie along its redirects.
///
/// # Errors
/// `sign_in_again`, `no_access`, `unavailable`.
pub async fn back(
    State(door): State<Arc<Door>>,
    headers: HeaderMap,
    back: Result<Query<Back>, QueryRejection>,
) -> Result<Response<Body>, Stop> {
    let Query(Back { code, state }) = back.map_err(|_| SIGN_IN_AGAIN)?;
    let kept = door.jar.get(&headers, Cookie::Begun).ok_or(SIGN_IN_AGAIN)?;
    let got = door.pages.finish(kept, &state, &code).await?;
    let who = door.tokens.who(&got.id_token, door.env.clock.read()).await?;
    let to = match door.env.db.staff(&who.sub).await? {
        Some(staff) if staff.active => "../console",
        Some(_) => return Err(NO_ACCESS.into()),
        None if who.groups.iter().any(|group| group == OWNERS) && who.merchant.is_some() => {
            "../console/begin"
        }
        None => {
            let page = alone("../", "You are not of the staff yet", &html! {}, &stranger(&who.sub));
            return Ok((StatusCode::FORBIDDEN, answer(&page)).into_response());
        }
    };
    let onwards = html! { meta http-equiv="refresh" content=(format!("0;url={to}")); };
    let inside = html! { p { a.button href=(to) { "Go to the console" } } };
    let mut response = answer(&alone("../", "You are signed in", &onwards, &inside));
    let form = nonce().ok_or(Problem::UNAVAILABLE)?;
    let keep = got.refresh_token.unwrap_or_default();
    let mut all = vec![door.jar.clear(Cookie::Begun)];
    for (cookie, value) in [(Cookie::Token, &got.id_token), (Cookie::Keep, &keep), (Cookie::Form, &form)] {
        all.push(Some(door.jar.set(cookie, value).ok_or(Problem::UNAVAILABLE)?));
    }
    for cookie in all.into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Where the browser was going.
#[derive(Deserialize)]
pub struct Going {
    to: String,
}

/// `GET /console/again?to=labels…`: `reveal` takes a session and cannot renew one. The door has by now, so the browser
/// goes back to the label; to nowhere else.
///
/// # Errors
/// `not_found`.
pub async fn again(going: Result<Query<Going>, QueryRejection>) -> Result<Response<Body>, Stop> {
    let Query(Going { to }) = going.map_err(|_| NOT_FOUND)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_-?=&,".contains(&byte);
    let label = to.starts_with("labels/") || to.starts_with("labels?");
    if !label || !to.contains('?') || !to.bytes().all(plain) {
        return Err(NOT_FOUND.into());
    }
    Ok(see("../", &format!("console/{to}&again=1")))
}

/// `POST /console/sign-out`.
pub async fn out(State(door): State<Arc<Door>>, headers: HeaderMap) -> Response<Body> {
    if let Some(keep) = door.jar.get(&headers, Cookie::Keep) {
        door.pages.revoke(keep).await;
    }
    let mut response = see("../", "console/sign-in");
    for cookie in [Cookie::Token, Cookie::Keep, Cookie::Form] {
        if let Some(cookie) = door.jar.clear(cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}
