//! What a form holds.

use crate::answer::{BAD_BODY, Stop};
use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};

/// The field that every form repeats.
pub const FORM: &str = "form";
/// The largest form, in bytes.
pub const LARGEST: usize = 64 * 1024;

/// The fields of a form, in their order.
pub fn read(body: &[u8]) -> Vec<(String, String)> {
    serde_urlencoded::from_bytes(body).unwrap_or_default()
}

/// A form that was sent.
pub struct Fields(Vec<(String, String)>);

impl<S: Sync> FromRequest<S> for Fields {
    type Rejection = Stop;

    async fn from_request(request: Request, _: &S) -> Result<Self, Stop> {
        let body = to_bytes(request.into_body(), LARGEST).await.map_err(|_| BAD_BODY)?;
        Ok(Self(read(&body)))
    }
}

impl Fields {
    /// A field, without the blanks around it that scanners and people add; empty when it was not sent.
    pub fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.trim())
    }

    /// A field as a number or any other thing that is read from a text.
    pub fn parsed<T: std::str::FromStr>(&self, name: &str) -> Result<T, Stop> {
        self.text(name).parse().map_err(|_| BAD_BODY.into())
    }

    /// A field as one of a closed list of words.
    pub fn word<T: for<'a> Deserialize<'a>>(&self, name: &str) -> Result<T, Stop> {
        let text: StrDeserializer<'_, Error> =
            serde::de::IntoDeserializer::into_deserializer(self.text(name));
        T::deserialize(text).map_err(|_| BAD_BODY.into())
    }

    /// Fields whose names begin with this, by the rest of their names.
    pub fn under<'a>(&'a self, start: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(key, value)| Some((key.strip_prefix(start)?, value.trim())))
    }
}
