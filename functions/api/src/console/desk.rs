//! Who looks at a page, and what every page of theirs has: where it lies, what they may open, what has just happened.

use super::done::Done;
use super::frame::{self, Place};
use super::guard::{Signed, root, see};
use crate::Env;
use crate::answer::{NO_ACCESS, Stop};
use crate::caller::Caller;
use axum::body::Body;
use axum::extract::{FromRequestParts, Query};
use axum::response::{Html, IntoResponse};
use http::request::Parts;
use http::{Response, StatusCode};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;
use std::sync::Arc;
use waybill_domain::access::{Action, Why};
use waybill_runtime::sign_in::FORM;

/// A form that repeats what its session was given.
pub fn own_form(root: &str, action: &str, form: &str, inside: &Markup) -> Markup {
    html! {
        form method="post" action=(format!("{root}console{action}")) {
            input type="hidden" name=(FORM) value=(form);
            (inside)
        }
    }
}

/// Somebody at work.
pub struct Desk {
    /// Who.
    pub caller: Caller,
    /// The time.
    pub now: Timestamp,
    root: String,
    home: String,
    form: String,
    done: Option<Done>,
}

#[derive(Deserialize)]
struct Query_ {
    done: Option<Done>,
}

impl FromRequestParts<Arc<Env>> for Desk {
    type Rejection = Stop;

    async fn from_request_parts(parts: &mut Parts, env: &Arc<Env>) -> Result<Self, Stop> {
        let signed = parts.extensions.get::<Signed>().cloned().ok_or(NO_ACCESS)?;
        let caller = Caller::from_request_parts(parts, env).await?;
        let done = Query::<Query_>::try_from_uri(&parts.uri).ok().and_then(|Query(query)| query.done);
        Ok(Self {
            caller,
            now: env.clock.read(),
            root: root(parts.uri.path()),
            home: signed.home,
            form: signed.form,
            done,
        })
    }
}

impl Desk {
    /// The address of the API as others must call it, without a slash at the end.
    pub fn home(&self) -> &str {
        &self.home
    }

    /// An address of the console, from this page.
    pub fn to(&self, path: &str) -> String {
        format!("{}console{path}", self.root)
    }

    /// On to a page that says what was done.
    pub fn on(&self, path: &str, done: Done) -> Response<Body> {
        see(&self.root, &format!("console{path}?done={}", done.key()))
    }

    /// A form that does something.
    pub fn form(&self, action: &str, inside: &Markup) -> Markup {
        own_form(&self.root, action, &self.form, inside)
    }

    /// The caller's role has the action.
    pub fn can(&self, action: Action) -> bool {
        self.caller.can(action)
    }

    /// The caller may open labels for packing now, training included.
    pub fn can_print(&self) -> bool {
        self.caller.permitted(Action::DownloadLabel(Why::Label), self.now)
    }

    /// A whole page.
    pub fn page(&self, place: Place, title: &str, inside: &Markup) -> Html<String> {
        let notice = self.done.map(|done| frame::notice(done.said()));
        let nav = Place::ALL.into_iter().filter(|place| self.can(place.action()));
        let nav = frame::nav(&self.root, nav, place);
        let out = self.form("/sign-out", &html! { button.quiet { "Sign out" } });
        let whole = html! { @if let Some(notice) = notice { (notice) } (inside) };
        Html(frame::roles(&frame::whole(&self.root, title, &nav, &out, &whole).into_string()))
    }

    /// The same with what went wrong on top of it.
    pub fn again(&self, place: Place, title: &str, wrong: Stop, inside: &Markup) -> Response<Body> {
        let (status, text): (StatusCode, String) = wrong.said();
        let whole = html! { (frame::alarm(&text)) (inside) };
        (status, self.page(place, title, &whole)).into_response()
    }
}
