//! What a form holds.

use crate::answer::{BAD_BODY, Stop};
use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use serde::Deserialize;
use serde::de::value::{Error, StrDeserializer};

/// The largest form, in bytes: one that carries a pasted file of rows.
pub const LARGEST: usize = 1024 * 1024;

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
    /// Fields as a test sends them.
    #[cfg(test)]
    pub fn of(sent: Vec<(String, String)>) -> Self {
        Self(sent)
    }

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

    /// A field, or nothing where it was left empty.
    pub fn given(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// Whether a box was ticked.
    pub fn ticked(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    /// A field as words with commas or blanks between them.
    pub fn words(&self, name: &str) -> Vec<String> {
        let words = self.text(name).split([',', ' ', '\n']).map(str::trim).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    }

    /// A day or a moment as a browser writes it, `2026-11-28` or `2026-11-28T09:30`, in UTC.
    pub fn moment(&self, name: &str) -> Result<Timestamp, Stop> {
        let text = self.text(name);
        let moment = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(|day| day.at(0, 0, 0, 0)));
        Offset::UTC.to_timestamp(moment.map_err(|_| BAD_BODY)?).map_err(|_| BAD_BODY.into())
    }

    /// Fields whose names begin with this, by the rest of their names.
    pub fn under<'a>(&'a self, start: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(key, value)| Some((key.strip_prefix(start)?, value.trim())))
    }
}
