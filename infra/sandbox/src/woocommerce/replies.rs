//! Answers in WordPress's own words, and what every list and every body has in common.

use serde_json::{Map, Value, json};

use crate::wire::{Call, Reply};

pub(super) type Done = Result<Reply, Reply>;

pub(super) fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"code": code, "message": message, "data": {"status": status}}))
}

pub(super) fn no_route() -> Reply {
    error(404, "rest_no_route", "No route was found matching the URL and request method")
}

pub(super) fn no_order(status: u16) -> Reply {
    error(status, "woocommerce_rest_shop_order_invalid_id", "Invalid ID.")
}

pub(super) fn invalid(parameter: &str) -> Reply {
    let message = format!("Invalid parameter(s): {parameter}");
    let body = json!({
        "code": "rest_invalid_param",
        "message": message,
        "data": {"status": 400, "params": {parameter: format!("{parameter} is invalid.")}},
    });
    Reply::json(400, &body)
}

pub(super) fn lacks(parameter: &str) -> Reply {
    let message = format!("Missing parameter(s): {parameter}");
    error(400, "rest_missing_callback_param", &message)
}

pub(super) fn page_not_found() -> Reply {
    html(404, "Page not found")
}

pub(super) fn html(status: u16, title: &str) -> Reply {
    Reply {
        status,
        headers: vec![("content-type", "text/html; charset=UTF-8".to_owned())],
        body: format!("<!DOCTYPE html><title>{title}</title><h1>{title}</h1>").into_bytes(),
    }
}

/// The JSON object of a request.
pub(super) fn body(call: &Call) -> Result<Value, Reply> {
    let value: Option<Value> = serde_json::from_slice(&call.body).ok();
    value.filter(Value::is_object).ok_or_else(|| error(400, "rest_invalid_json", "Invalid JSON body passed."))
}

/// Only the fields of `_fields`, where the request names any.
pub(super) fn fields(call: &Call, value: Value) -> Value {
    let Some(wanted) = call.param("_fields") else { return value };
    let wanted: Vec<&str> = wanted.split(',').map(str::trim).collect();
    match value {
        Value::Object(all) => Value::Object(
            all.into_iter().filter(|(name, _)| wanted.contains(&name.as_str())).collect::<Map<_, _>>(),
        ),
        Value::Array(all) => Value::Array(all.into_iter().map(|one| fields(call, one)).collect()),
        other => other,
    }
}

/// One page of a list, by offset, with WordPress's headers.
pub(super) fn paged(call: &Call, all: Vec<Value>) -> Done {
    let number = |name: &str, default: usize| match call.param(name) {
        Some(text) => text.parse::<usize>().ok().filter(|n| *n > 0).ok_or_else(|| invalid(name)),
        None => Ok(default),
    };
    let (per_page, page) = (number("per_page", 10)?, number("page", 1)?);
    if per_page > 100 {
        return Err(invalid("per_page"));
    }
    let (total, pages) = (all.len(), all.len().div_ceil(per_page));
    let rows: Vec<Value> = all.into_iter().skip((page - 1).saturating_mul(per_page)).take(per_page).collect();
    let reply = Reply::json(200, &fields(call, Value::Array(rows)));
    let reply = reply.with("x-wp-total", total).with("x-wp-totalpages", pages);
    Ok(if page < pages {
        reply.with("link", format!("<https://shop.invalid{}?page={}>; rel=\"next\"", call.path, page + 1))
    } else {
        reply
    })
}
