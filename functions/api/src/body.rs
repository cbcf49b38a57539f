//! Bodies of requests: JSON of a stated form and size; what is wrong with one is never repeated back, only where.

use crate::answer::{BAD_BODY, Stop};
use crate::reference::is_field;
use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

/// The largest body, in bytes.
const LARGEST: usize = 256 * 1024;

/// A body that was read.
pub struct Told<T>(pub T);

impl<T: DeserializeOwned> Told<T> {
    /// What a form of the console says, read as the same body under `/v1` is.
    pub(crate) fn of(said: serde_json::Value) -> Result<Self, Stop> {
        let read = serde_path_to_error::deserialize(said);
        read.map(Self).map_err(|error| Stop::Unreadable(pointer(error.path())))
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Told<T> {
    type Rejection = Stop;

    async fn from_request(request: Request, _: &S) -> Result<Self, Stop> {
        let body = to_bytes(request.into_body(), LARGEST).await.map_err(|_| BAD_BODY)?;
        let mut json = serde_json::Deserializer::from_slice(&body);
        let read = serde_path_to_error::deserialize(&mut json);
        let value = read.map_err(|error| Stop::Unreadable(pointer(error.path())))?;
        json.end().map_err(|_| BAD_BODY)?;
        Ok(Self(value))
    }
}

/// Where it is wrong, as far as the document has names for it (RFC 6901): a name that only the caller knows is left out.
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } if is_field(key) => pointer.push_str(&format!("/{key}")),
            _ => break,
        }
    }
    pointer
}
