//! One route: what it is called, who may call it, what goes in and out, and who answers.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::{Method, StatusCode};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;
use waybill_domain::access::{Action, Role, allowed};
use waybill_runtime::problem::Problem;

/// The schema of a type, made when a document is.
pub type Kind = fn(&mut SchemaGenerator) -> Schema;

/// Another merchant's, malformed and unknown look the same.
const NOT_FOUND: Problem = Problem::new(
    StatusCode::NOT_FOUND,
    "not_found",
    "There is nothing here by that name; check the address.",
);
const WRONG_METHOD: Problem = Problem::new(
    StatusCode::METHOD_NOT_ALLOWED,
    "wrong_method",
    "This address is not asked in this way; see /v1/reference.",
);

/// What is sent with a request.
#[derive(Clone, Copy)]
pub enum Body {
    /// JSON of a form.
    Json(Kind),
    /// A file of a media type.
    File(&'static str),
}

/// What an answer that went well holds.
#[derive(Clone, Copy)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The form, where it is JSON.
    pub json: Option<Kind>,
    /// Other media types it may have.
    pub others: &'static [&'static str],
}

/// A request that can be sent as it stands; tests send it.
#[derive(Clone, Copy)]
pub struct Example {
    /// Path and query.
    pub address: &'static str,
    /// What is sent with it; a text for a file.
    pub body: Option<fn() -> Value>,
}

/// What is known of a route, apart from who answers.
#[derive(Clone)]
pub struct About {
    /// The HTTP method.
    pub method: Method,
    /// The path, with names in braces.
    pub path: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// What the caller's role must have: any of these. Empty: everyone may, signed in or not.
    pub actions: Vec<Action>,
    /// The query.
    pub query: Option<Kind>,
    /// The body.
    pub body: Option<Body>,
    /// What an answer holds when it went well; the first is that of the example.
    pub answers: Vec<Answer>,
    /// A request as it could be.
    pub example: Option<Example>,
    /// It heeds `If-Match`.
    pub matches: bool,
    /// It changes nothing without `If-Match` and makes nothing without `If-None-Match: *`.
    pub guarded: bool,
}

impl About {
    /// Whether a role may call it at all.
    pub fn is_for(&self, role: Role) -> bool {
        self.actions.is_empty() || self.actions.iter().any(|action| allowed(role, *action))
    }

    /// Method and path, as the template names routes.
    pub fn key(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// A route of a function whose state is `S`.
pub struct Route<S> {
    /// What is known of it.
    pub about: About,
    serve: MethodRouter<S>,
}

impl<S: Clone + Send + Sync + 'static> Route<S> {
    fn new<H, T>(filter: MethodFilter, method: Method, path: &'static str, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let about = About {
            method,
            path,
            summary: "",
            actions: Vec::new(),
            query: None,
            body: None,
            answers: Vec::new(),
            example: None,
            matches: false,
            guarded: false,
        };
        Self { about, serve: on(filter, handler) }
    }

    /// Reads.
    pub fn get<H: Handler<T, S>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self::new(MethodFilter::GET, Method::GET, path, handler)
    }

    /// Does or makes something.
    pub fn post<H: Handler<T, S>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self::new(MethodFilter::POST, Method::POST, path, handler)
    }

    /// Stores something in place of what was there.
    pub fn put<H: Handler<T, S>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self::new(MethodFilter::PUT, Method::PUT, path, handler)
    }

    /// Takes something away.
    pub fn delete<H: Handler<T, S>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self::new(MethodFilter::DELETE, Method::DELETE, path, handler)
    }

    /// What it does, in a line.
    #[must_use]
    pub fn does(mut self, summary: &'static str) -> Self {
        self.about.summary = summary;
        self
    }

    /// What the caller's role must have. Said several times: any of these, as the request goes.
    #[must_use]
    pub fn may(mut self, action: Action) -> Self {
        self.about.actions.push(action);
        self
    }

    /// The form of the query.
    #[must_use]
    pub fn query<T: JsonSchema>(mut self) -> Self {
        if cfg!(feature = "document") {
            self.about.query = Some(kind::<T>);
        }
        self
    }

    /// The form of the body.
    #[must_use]
    pub fn takes<T: JsonSchema>(mut self) -> Self {
        if cfg!(feature = "document") {
            self.about.body = Some(Body::Json(kind::<T>));
        }
        self
    }

    /// The media type of the body.
    #[must_use]
    pub fn takes_file(mut self, media: &'static str) -> Self {
        self.about.body = Some(Body::File(media));
        self
    }

    /// The form of an answer that went well.
    #[must_use]
    pub fn gives<T: JsonSchema>(self) -> Self {
        self.gives_as::<T>(200)
    }

    /// As [`Route::gives`], with another status.
    #[must_use]
    pub fn gives_as<T: JsonSchema>(mut self, status: u16) -> Self {
        if cfg!(feature = "document") {
            self.about.answers.push(Answer { status, json: Some(kind::<T>), others: &[] });
        }
        self
    }

    /// The media types of an answer that is no JSON, or need not be.
    #[must_use]
    pub fn gives_files(mut self, media: &'static [&'static str]) -> Self {
        match self.about.answers.last_mut() {
            Some(answer) => answer.others = media,
            None => self.about.answers.push(Answer { status: 200, json: None, others: media }),
        }
        self
    }

    /// It heeds `If-Match`.
    #[must_use]
    pub fn matching(mut self) -> Self {
        self.about.matches = true;
        self
    }

    /// It changes nothing without `If-Match` and makes nothing without `If-None-Match: *`.
    #[must_use]
    pub fn guarded(mut self) -> Self {
        self.about.guarded = true;
        self
    }

    /// A request as it could be.
    #[must_use]
    pub fn such_as(mut self, address: &'static str) -> Self {
        self.about.example = Some(Example { address, body: None });
        self
    }

    /// The same, with what is sent.
    #[must_use]
    pub fn such_as_with(mut self, address: &'static str, body: fn() -> Value) -> Self {
        self.about.example = Some(Example { address, body: Some(body) });
        self
    }
}

fn kind<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// The dispatch of a table. What it does not name is answered as a problem too.
pub fn dispatch<S: Clone + Send + Sync + 'static>(table: Vec<Route<S>>) -> Router<S> {
    let router = table.into_iter().fold(Router::new(), |all, one| all.route(one.about.path, one.serve));
    router
        .fallback(|| async { refuse(NOT_FOUND) })
        .method_not_allowed_fallback(|| async { refuse(WRONG_METHOD) })
}

fn refuse(problem: Problem) -> http::Response<axum::body::Body> {
    problem.response::<String>().map(axum::body::Body::from)
}
