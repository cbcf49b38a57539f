//! `GET /console/labels/{shipment}` and `GET /console/labels`: the console's way to labels; and
//! `POST /console/buyers/requests`: its form for a buyer who asks by mail address. A browser that opens a link or sends a
//! form sends its session and no `Authorization` header; once the session is checked, everything is as under `/v1`: the
//! same purpose, matrix, training, limits and records (decisions 009 and 019).

use crate::Env;
use crate::answer::{BAD_BODY, Stop};
use crate::ask::Ask;
use crate::{batch, buyer, label};
use axum::body::{Body, to_bytes};
use axum::extract::{Extension, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, Uri, header};
use serde_json::json;
use std::sync::Arc;
use waybill_domain::request::Kind;
use waybill_http::Fresh;
use waybill_runtime::Clock;
use waybill_runtime::problem::Problem;
use waybill_runtime::sign_in::{Cookie, FORM, Jar, NotSignedIn, Tokens};

const SIGN_IN_AGAIN: Problem = Problem::new(
    StatusCode::UNAUTHORIZED,
    "sign_in_again",
    "The sign-in is over: open the console, sign in, and do it again. Nothing was opened or stored.",
);
const FORGED: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "forged",
    "This form is not of your present sign-in: open the page again and repeat what you did. Nothing was done.",
);

/// The largest form, in bytes.
const LARGEST: usize = 8 * 1024;

/// A label that is a web page is the carrier's, not ours: it runs nothing, asks nobody and knows no session.
const FOREIGN: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// What stands before the labels.
pub struct Door {
    /// Says who a token names.
    pub tokens: Tokens,
    /// The browser's cookies.
    pub jar: Jar,
    /// Now.
    pub clock: Clock,
}

/// The `sub` of a session that is good.
#[derive(Clone)]
pub(crate) struct Signed(pub(crate) String);

/// The console's routes.
pub fn console(env: Arc<Env>, door: Arc<Door>) -> Router {
    let labels = Router::new()
        .route("/console/labels/{shipment}", get(label::download))
        .route("/console/labels", get(batch::download));
    let forms = Router::new()
        .route("/console/buyers/requests", post(asked))
        .layer(from_fn_with_state(door.clone(), meant));
    labels.merge(forms).with_state(env).layer(from_fn_with_state(door, stand)).layer(from_fn(shown))
}

/// What a form says.
#[derive(Clone)]
struct Said(Vec<(String, String)>);

impl Said {
    fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }
}

/// Reads a form of this session, and no other.
async fn meant(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response<Body> {
    let forged = || FORGED.response::<String>().map(Body::from);
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else { return forged() };
    let said = Said(serde_urlencoded::from_bytes(&body).unwrap_or_default());
    if !door.jar.is_meant(&parts.headers, said.text(FORM)) {
        return forged();
    }
    let mut request = Request::from_parts(parts, Body::empty());
    request.extensions_mut().insert(said);
    next.run(request).await
}

/// Puts what a buyer asks on record, and leads on to the page of it.
async fn asked(
    State(env): State<Arc<Env>>,
    ask: Ask,
    Extension(said): Extension<Said>,
) -> Result<Response<Body>, Stop> {
    let body = json!({"email": said.text("email"), "kind": said.text("kind")});
    let body: buyer::Body = serde_json::from_value(body).map_err(|_| BAD_BODY)?;
    let done = if body.kind == Kind::Erasure { "asked" } else { "told" };
    let Json(asked) = buyer::ask(State(env), ask, Fresh::default(), Ok(Json(body))).await?;
    let to = format!("../requests/{}?done={done}", asked.request);
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response())
}

/// Lets a request in with its session. One that has ended is renewed by the console's pages, once.
async fn stand(State(door): State<Arc<Door>>, mut request: Request, next: Next) -> Response<Body> {
    let token = door.jar.get(request.headers(), Cookie::Token).unwrap_or_default();
    match door.tokens.sub(token, door.clock.read()).await {
        Ok(sub) => {
            request.extensions_mut().insert(Signed(sub));
            next.run(request).await
        }
        Err(NotSignedIn::Unavailable) => Problem::UNAVAILABLE.response::<String>().map(Body::from),
        Err(NotSignedIn::Refused) => match again(request.uri()).filter(|_| request.method() == Method::GET) {
            Some(to) => (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response(),
            None => SIGN_IN_AGAIN.response::<String>().map(Body::from),
        },
    }
}

/// The way round by the page that renews a session; `None` for one that has been there.
fn again(uri: &Uri) -> Option<String> {
    let (path, query) = (uri.path().strip_prefix("/console/")?, uri.query()?);
    let root = "../".repeat(path.matches('/').count());
    let been = query.split('&').any(|pair| pair == "again=1");
    let to = format!("{path}?{query}").replace('&', "%26");
    (!been && !to.contains('#')).then(|| format!("{root}again?to={to}"))
}

/// What the browser may do with an answer; a refusal is a sentence and not a document.
async fn shown(request: Request, next: Next) -> Response<Body> {
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = (problem.status, problem.title).into_response();
    }
    let kind = response.headers().get(header::CONTENT_TYPE).cloned();
    let kind = kind.as_ref().and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let how = if kind.starts_with("application/pdf") || kind.starts_with("text/") {
        "inline"
    } else {
        "attachment"
    };
    let foreign =
        (!kind.starts_with("application/pdf")).then_some((header::CONTENT_SECURITY_POLICY, FOREIGN));
    let said = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CONTENT_DISPOSITION, how),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in said.into_iter().chain(foreign) {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::again;

    #[test]
    fn a_session_is_renewed_once_and_the_way_back_is_whole() {
        let way = |uri: &str| again(&uri.parse().unwrap());
        assert_eq!(
            way("/console/labels/shp_1?purpose=label").unwrap(),
            "../again?to=labels/shp_1?purpose=label"
        );
        assert_eq!(
            way("/console/labels?purpose=label&shipments=shp_1,shp_2").unwrap(),
            "again?to=labels?purpose=label%26shipments=shp_1,shp_2"
        );
        assert_eq!(way("/console/labels/shp_1?purpose=label&again=1"), None);
        assert_eq!(way("/console/labels/shp_1"), None);
    }
}
