//! `GET /console/labels/{shipment}` and `GET /console/labels`: the console's way to labels. A browser that opens a link
//! sends its session and no `Authorization` header; once the session is checked, everything is as under `/v1`: the same
//! purpose, matrix, training, limits and records (decision 009).

use crate::Env;
use crate::{batch, label};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::get;
use http::{HeaderName, HeaderValue, Response, StatusCode, Uri, header};
use std::sync::Arc;
use waybill_runtime::Clock;
use waybill_runtime::problem::Problem;
use waybill_runtime::sign_in::{Cookie, Jar, NotSignedIn, Tokens};

const SIGN_IN_AGAIN: Problem = Problem::new(
    StatusCode::UNAUTHORIZED,
    "sign_in_again",
    "The sign-in is over: open the console, sign in, and open the label again. Nothing was opened.",
);

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
    Router::new()
        .route("/console/labels/{shipment}", get(label::download))
        .route("/console/labels", get(batch::download))
        .with_state(env)
        .layer(from_fn_with_state(door, stand))
        .layer(from_fn(shown))
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
        Err(NotSignedIn::Refused) => match again(request.uri()) {
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
