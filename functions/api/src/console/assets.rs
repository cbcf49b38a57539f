//! The one style sheet and the one script. Without the script everything still works.

use axum::response::IntoResponse;
use http::header;

/// The style sheet.
pub const STYLE: &str = include_str!("style.css");
/// The script.
pub const SCRIPT: &str = include_str!("console.js");

/// They hold nothing of anybody and may be kept for a while.
const KEPT: &str = "public, max-age=600";

/// `GET /console/style.css`.
pub async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, KEPT)], STYLE)
}

/// `GET /console/console.js`.
pub async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, KEPT)], SCRIPT)
}
