//! What a request says: who asks, by the token that API Gateway or the console's door has verified, and why.

use crate::console::Signed;
use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use lambda_http::request::RequestContext;
use schemars::JsonSchema;
use serde::Deserialize;
use std::convert::Infallible;
use waybill_domain::access::Why;
use waybill_privacy::Purpose;

/// Who asks and why, as far as the request says.
pub struct Ask {
    /// The `sub` of the token.
    pub(crate) sub: Option<String>,
    /// The purpose; `None` when it is missing, given twice or not on the list.
    pub(crate) purpose: Option<Purpose>,
}

/// The query: why.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "PurposeQuery")]
pub struct Stated {
    /// pick, label, exception, return, request or legal; one is needed.
    purpose: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Ask {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let stated: Option<Query<Stated>> = Query::try_from_uri(&parts.uri).ok();
        let purpose = stated.and_then(|Query(stated)| stated.purpose).and_then(|text| text.parse().ok());
        Ok(Self { sub: sub(parts).map(str::to_owned), purpose })
    }
}

fn sub(parts: &Parts) -> Option<&str> {
    // Only the console's door puts this there, and it stands before no route of `/v1`.
    if let Some(Signed(sub)) = parts.extensions.get() {
        return Some(sub);
    }
    let claims = &parts.extensions.get::<RequestContext>()?.authorizer()?.jwt.as_ref()?.claims;
    claims.get("sub").map(String::as_str).filter(|sub| !sub.is_empty())
}

/// The purpose in the words of the matrix.
pub(crate) fn why(purpose: Purpose) -> Why {
    match purpose {
        Purpose::Pick => Why::Pick,
        Purpose::Label => Why::Label,
        Purpose::Exception => Why::Exception,
        Purpose::Return => Why::Return,
        Purpose::Request => Why::Request,
        Purpose::Legal => Why::Legal,
    }
}
