//! Bodies of requests: JSON of a stated form and size; what is wrong with one is never repeated back.

use crate::answer::{BAD_BODY, Stop};
use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

/// The largest body, in bytes.
const LARGEST: usize = 256 * 1024;

/// A body that was read.
pub struct Told<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Told<T> {
    type Rejection = Stop;

    async fn from_request(request: Request, _: &S) -> Result<Self, Stop> {
        let body = to_bytes(request.into_body(), LARGEST).await.map_err(|_| BAD_BODY)?;
        serde_json::from_slice(&body).map(Self).map_err(|_| BAD_BODY.into())
    }
}
