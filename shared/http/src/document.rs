//! The OpenAPI 3.1 document of a table of routes (OpenAPI Specification 3.1.1).

use crate::route::{About, Answer, Body};
use crate::schemas::{Schemas, rename};
use http::Method;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use waybill_domain::access::Role;

/// Names in paths, with what they stand for.
const NAMED: [(&str, &str); 20] = [
    ("order", "An order's id, `ord_…`."),
    ("shipment", "A shipment's id, `shp_…`."),
    ("paper", "A paper: despatch_note, cn22, cn23 or return_label."),
    ("connection", "A connection's id, `con_…`."),
    ("manifest", "A manifest's id, `man_…`."),
    ("subscription", "The id of an address that hears of events, `sub_…`."),
    ("delivery", "The id of an event on its way to one address, `dlv_…`."),
    ("sku", "A SKU, as the merchant calls it."),
    ("warehouse", "A warehouse's id, `wh_…`."),
    ("bin", "A bin, as its label says."),
    ("reference", "The reference it was recorded under."),
    ("upload", "What the upload is called, by the caller."),
    ("kind", "skus, bundles, bins, stock_takes or mappings."),
    ("list", "What the pick list is called."),
    ("request", "A request's id, `req_…`."),
    ("register", "Which register."),
    ("sub", "A member of staff, by the id of their sign-in."),
    ("incident", "An incident's id, `inc_…`."),
    ("channel", "shopify, woocommerce, magento, amazon or ebay."),
    ("state", "The one-time state of an authorisation that was begun."),
];

const ABOUT: &str = "Order fulfilment that forgets. Everything here is one merchant's: the caller's, as the sign-in \
says. Times are RFC 3339 in UTC. Money is a decimal in text with an ISO 4217 currency. Lists that have pages give \
`next`; send it back as it is. Errors are `application/problem+json` (RFC 9457) with a stable `code`.";

/// The document of these routes, in the order they are given.
pub fn document<'a>(routes: impl IntoIterator<Item = &'a About>) -> Value {
    let mut schemas = Schemas::new();
    let mut paths: Map<String, Value> = Map::new();
    for about in routes {
        let operation = operation(about, &mut schemas);
        let methods = paths.entry(about.path).or_insert_with(|| json!({}));
        methods[about.method.as_str().to_lowercase()] = operation;
    }
    let (mut all, own) = schemas.finish();
    all.insert("Problem".into(), problem());
    for path in paths.values_mut() {
        for (_, operation) in path.as_object_mut().into_iter().flatten() {
            sent_forms(operation, &own);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Waybill", "version": "1", "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "Where this document comes from."}],
        "security": [{"signedIn": []}],
        "paths": paths,
        "components": {
            "schemas": all,
            "parameters": {"IdempotencyKey": idempotency_key(), "IfMatch": if_match(), "IfNoneMatch": if_none_match()},
            "responses": {"Problem": {
                "description": "It did not go well; `code` says why and `title` what to do.",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }, "Limited": {
                "description": "More often than one caller may ask in a minute (`too_fast`), or more than one person may open in an \
                                hour (`reveal_limit`), which is recorded.",
                "headers": limit_headers(&REFUSED),
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }},
            "headers": headers(),
            "securitySchemes": {"signedIn": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "An access token of the stack's user pool; machines get one by client credentials.",
            }},
        },
    })
}

fn operation(about: &About, schemas: &mut Schemas) -> Value {
    let mut made = json!({
        "operationId": operation_id(about),
        "summary": about.summary,
        "tags": [about.path.split('/').nth(2).unwrap_or("connect")],
        "responses": responses(about, schemas),
    });
    let parameters = parameters(about, schemas);
    if !parameters.is_empty() {
        made["parameters"] = parameters.into();
    }
    if let Some(body) = body(about, schemas) {
        made["requestBody"] = body;
    }
    if about.actions.is_empty() {
        made["security"] = json!([]);
    } else {
        let roles: Vec<Role> = Role::ALL.into_iter().filter(|role| about.is_for(*role)).collect();
        made["x-roles"] = json!(roles);
    }
    made
}

/// `post_v1_stock_movements`: stable, and unique because method and path are.
fn operation_id(about: &About) -> String {
    let words = about.path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.collect();
    format!("{}_{}", about.method.as_str().to_lowercase(), words.join("_"))
}

/// The values that the example has for the names of the path.
fn example_of<'a>(about: &'a About, name: &str) -> Option<&'a str> {
    let given = about.example?.address.split('?').next()?.split('/');
    let place = format!("{{{name}}}");
    about.path.split('/').zip(given).find(|(part, _)| *part == place).map(|(_, value)| value)
}

fn parameters(about: &About, schemas: &mut Schemas) -> Vec<Value> {
    let mut all = Vec::new();
    for part in about.path.split('/') {
        let Some(name) = part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else { continue };
        let meaning = NAMED.iter().find(|(known, _)| *known == name).map_or("", |(_, meaning)| meaning);
        let mut one = json!({
            "name": name, "in": "path", "required": true, "description": meaning, "schema": {"type": "string"},
        });
        if let Some(value) = example_of(about, name) {
            one["example"] = value.into();
        }
        all.push(one);
    }
    if let Some(kind) = about.query {
        all.extend(in_query(about, &schemas.query(kind)));
    }
    if about.method == Method::POST {
        all.push(json!({"$ref": "#/components/parameters/IdempotencyKey"}));
    }
    if about.guarded {
        all.push(json!({"$ref": "#/components/parameters/IfNoneMatch"}));
    }
    if about.matches || about.guarded {
        all.push(json!({"$ref": "#/components/parameters/IfMatch"}));
    }
    all
}

fn in_query(about: &About, form: &Value) -> Vec<Value> {
    let asked =
        about.example.and_then(|example| example.address.split_once('?')).map_or("", |(_, query)| query);
    let required: BTreeSet<&str> =
        form["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut all = Vec::new();
    for (name, schema) in form["properties"].as_object().into_iter().flatten() {
        let mut schema = schema.clone();
        let meaning = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let mut one = json!({
            "name": name, "in": "query", "required": required.contains(name.as_str()),
            "description": meaning.unwrap_or_else(|| "".into()), "schema": schema,
        });
        let value = asked.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| key == name));
        if let Some((_, value)) = value {
            one["example"] = value.into();
        }
        all.push(one);
    }
    all
}

fn body(about: &About, schemas: &mut Schemas) -> Option<Value> {
    let (media, schema) = match about.body? {
        Body::Json(kind) => ("application/json", schemas.sent(kind)),
        Body::File(media) => (media, json!({"type": "string"})),
    };
    let mut content = json!({ media: {"schema": schema} });
    if let Some(body) = about.example.and_then(|example| example.body) {
        content[media]["example"] = body();
    }
    Some(json!({"required": true, "content": content}))
}

fn responses(about: &About, schemas: &mut Schemas) -> Value {
    let mut all = Map::new();
    for Answer { status, json, others } in &about.answers {
        let mut content = Map::new();
        if let Some(kind) = json {
            content.insert("application/json".into(), json!({"schema": schemas.got(*kind)}));
        }
        for media in *others {
            content.insert((*media).into(), json!({"schema": {"type": "string"}}));
        }
        let meaning = match status {
            201 => "It was made.",
            202 => "It was begun.",
            _ => "It went well.",
        };
        let mut answer = json!({"description": meaning, "content": content});
        if !about.actions.is_empty() {
            answer["headers"] = limit_headers(&LEFT);
        }
        all.insert(status.to_string(), answer);
    }
    if !about.actions.is_empty() {
        all.insert("429".into(), json!({"$ref": "#/components/responses/Limited"}));
    }
    all.insert("4XX".into(), json!({"$ref": "#/components/responses/Problem"}));
    all.insert("5XX".into(), json!({"$ref": "#/components/responses/Problem"}));
    all.into()
}

/// The bodies and queries of an operation refer to forms of what is sent.
fn sent_forms(operation: &mut Value, own: &BTreeSet<String>) {
    for part in ["requestBody", "parameters"] {
        if let Some(part) = operation.get_mut(part) {
            rename(part, own);
        }
    }
}

/// Headers of an answer that used up some of an allowance.
const LEFT: [&str; 3] = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];
/// Headers of one that was refused for it.
const REFUSED: [&str; 3] = ["RateLimit-Limit", "RateLimit-Reset", "Retry-After"];

fn limit_headers(names: &[&str]) -> Value {
    let refer = |name: &&str| ((*name).to_owned(), json!({"$ref": format!("#/components/headers/{name}")}));
    Value::Object(names.iter().map(refer).collect())
}

/// What is allowed, and of what.
const HOW_MUCH: &str = "How often one caller may ask in a minute of the clock, at least; where personal data is opened, \
                        how much one person may open in an hour of it (UTC).";

fn headers() -> Value {
    let one = |meaning: &str| json!({"description": meaning, "schema": {"type": "integer", "minimum": 0}});
    json!({
        "RateLimit-Limit": one(HOW_MUCH),
        "RateLimit-Remaining": one("How much of it is left."),
        "RateLimit-Reset": one("In how many seconds it begins anew."),
        "Retry-After": one("In how many seconds to ask again."),
    })
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "Makes a repeat harmless for 24 hours: the same key with the same body gets the same answer \
                        and does nothing twice; with another body it is refused (409 `other_request`).",
        "schema": {"type": "string", "minLength": 1, "maxLength": 128},
    })
}

fn if_match() -> Value {
    json!({
        "name": "If-Match", "in": "header", "required": false,
        "description": "The `ETag` of what you have read: it is changed only if it is still that (412 \
                        `changed_meanwhile` otherwise).",
        "schema": {"type": "string"},
    })
}

fn if_none_match() -> Value {
    json!({
        "name": "If-None-Match", "in": "header", "required": false,
        "description": "`*` makes what is not there yet, and nothing else (412 `exists` otherwise). Where it is there, \
                        `If-Match` must be given (428 `changes_what` otherwise).",
        "schema": {"type": "string", "enum": ["*"]},
    })
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "What went wrong (RFC 9457). It never repeats what was sent.",
        "required": ["type", "status", "code", "title"],
        "properties": {
            "type": {"type": "string", "const": "about:blank"},
            "status": {"type": "integer", "description": "The HTTP status."},
            "code": {"type": "string", "description": "What went wrong, stable: programs may rely on it."},
            "title": {"type": "string", "description": "What went wrong and what to do, for people."},
            "pointer": {"type": "string", "description": "JSON Pointer to the field of the body that is wrong."},
        },
    })
}
