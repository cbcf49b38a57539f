//! Who stands at the door: every request for a page names a session, and every form repeats what the session was given.

use super::Door;
use super::fields::{LARGEST, read};
use crate::answer::{FORGED, NO_MERCHANT, NOT_FOUND, Stop};
use crate::caller::OWNERS;
use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::IntoResponse;
use http::{HeaderMap, Method, Response, StatusCode, header};
use std::sync::Arc;
use waybill_runtime::problem::Problem;
use waybill_runtime::sign_in::{Cookie, FORM, NotSignedIn, Who};

/// Somebody whose session is good.
#[derive(Clone)]
pub struct Signed {
    /// The `sub` of the token.
    pub sub: String,
    /// What every form must repeat.
    pub form: String,
    /// The merchant they are to make, as the token has it.
    pub merchant: Option<String>,
    /// The token has them among the owners.
    pub is_owner: bool,
    /// The address of the API as others must call it.
    pub home: String,
}

/// How to get from an address back to the root of the API, which may lie below a prefix that we are not told.
pub fn root(path: &str) -> String {
    "../".repeat(path.matches('/').count().saturating_sub(1))
}

/// A redirect within the console.
pub fn see(root: &str, to: &str) -> Response<Body> {
    (StatusCode::SEE_OTHER, [(header::LOCATION, format!("{root}{to}"))]).into_response()
}

/// Lets a request in with its session, or sends it to the sign-in.
pub async fn stand(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response<Body> {
    let root = root(request.uri().path());
    let (who, fresh) = match session(&door, request.headers()).await {
        Ok(session) => session,
        Err(NotSignedIn::Refused) => return see(&root, "console/sign-in"),
        Err(NotSignedIn::Unavailable) => return Stop::from(Problem::UNAVAILABLE).into_response(),
    };
    let Some(form) = door.jar.get(request.headers(), Cookie::Form).map(str::to_owned) else {
        return see(&root, "console/sign-in");
    };
    let mut request = match meant(&door, request).await {
        Ok(request) => request,
        Err(stop) => return stop.into_response(),
    };
    // The gateway's log names no caller here, so ours does (CONTROLS D2).
    let page = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    tracing::info!(actor = %who.sub, method = %request.method(), page, "console");
    let home = door.pages.home().to_owned();
    let is_owner = who.groups.iter().any(|group| group == OWNERS);
    request.extensions_mut().insert(Signed { sub: who.sub, form, merchant: who.merchant, is_owner, home });
    let mut response = next.run(request).await;
    // Whoever is to make a merchant is led to where it is made.
    if response.extensions().get::<Problem>().is_some_and(|problem| problem.code == NO_MERCHANT.code) {
        response = see(&root, "console/begin");
    }
    if let Some(cookie) = fresh.and_then(|token| door.jar.set(Cookie::Token, &token)) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Whose session it is; with a new token when the one before has ended and the day has not.
async fn session(door: &Door, headers: &HeaderMap) -> Result<(Who, Option<String>), NotSignedIn> {
    let now = door.env.clock.read();
    if let Some(token) = door.jar.get(headers, Cookie::Token) {
        match door.tokens.who(token, now).await {
            Ok(who) => return Ok((who, None)),
            Err(NotSignedIn::Refused) => {}
            Err(NotSignedIn::Unavailable) => return Err(NotSignedIn::Unavailable),
        }
    }
    let keep = door.jar.get(headers, Cookie::Keep).ok_or(NotSignedIn::Refused)?;
    let fresh = door.pages.renew(keep).await?.id_token;
    Ok((door.tokens.who(&fresh, now).await?, Some(fresh)))
}

/// Passes on what asks for nothing to be done, and a form that this session was given.
async fn meant(door: &Door, request: Request) -> Result<Request, Stop> {
    match *request.method() {
        Method::GET | Method::HEAD => return Ok(request),
        Method::POST => {}
        _ => return Err(NOT_FOUND.into()),
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST).await.map_err(|_| FORGED)?;
    let repeated = read(&body).into_iter().find(|(name, _)| name == FORM).map(|(_, value)| value);
    if !door.jar.is_meant(&parts.headers, &repeated.unwrap_or_default()) {
        return Err(FORGED.into());
    }
    Ok(Request::from_parts(parts, Body::from(body)))
}

#[cfg(test)]
mod tests {
    use super::root;

    #[test]
    fn the_root_is_found_from_every_depth() {
        assert_eq!(root("/console"), "");
        assert_eq!(root("/console/picks"), "../");
        assert_eq!(root("/console/picks/walk-1/drop"), "../../../");
    }
}
