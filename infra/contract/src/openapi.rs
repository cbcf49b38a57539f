//! Swagger 2 and OpenAPI 3: operations, found by method and path, and their parameters and bodies.

use crate::Asked;
use crate::schema::{compile, resolved, wrongs};
use crate::system::Names;
use http::header::CONTENT_TYPE;
use jsonschema::Validator;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

/// Methods as the files spell them; the other names beside them are no operations.
const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// One specification.
pub struct Spec {
    base: String,
    /// By method and number of path segments.
    operations: HashMap<(String, usize), Vec<Operation>>,
}

/// One operation. Its checks are compiled when it is first asked for.
pub struct Operation {
    all: Arc<Value>,
    /// Where it is in `all`, and its path's entry.
    pointer: String,
    item: String,
    name: String,
    template: Vec<String>,
    names: Names,
    checks: OnceLock<Result<Checks, String>>,
}

struct Checks {
    parameters: Vec<Parameter>,
    body: Option<Body>,
}

struct Parameter {
    name: String,
    place: String,
    required: bool,
    /// A list in one value, or one value for each.
    list: Option<bool>,
    schema: Value,
    validator: Validator,
}

struct Body {
    required: bool,
    types: Vec<String>,
    validator: Validator,
}

impl Spec {
    pub fn new(all: Value, names: Names) -> Self {
        let all = Arc::new(all);
        let mut operations: HashMap<(String, usize), Vec<Operation>> = HashMap::new();
        for (path, entry) in all["paths"].as_object().into_iter().flatten() {
            for method in METHODS.into_iter().filter(|method| entry.get(method).is_some()) {
                let item = format!("/paths/{}", path.replace('~', "~0").replace('/', "~1"));
                let template: Vec<String> = segments(path).map(str::to_owned).collect();
                let id = entry[method]["operationId"].as_str().map(str::to_owned);
                operations.entry((method.to_uppercase(), template.len())).or_default().push(Operation {
                    all: Arc::clone(&all),
                    pointer: format!("{item}/{method}"),
                    item,
                    name: id.unwrap_or_else(|| format!("{} {path}", method.to_uppercase())),
                    template,
                    names,
                    checks: OnceLock::new(),
                });
            }
        }
        // The one with most words of its own comes first: `/orders/status` is no order.
        for one in operations.values_mut() {
            one.sort_by_key(|one| one.template.iter().filter(|part| part.contains('{')).count());
        }
        Self { base: base(&all), operations }
    }

    /// The operation a request is for.
    pub fn find(&self, asked: &Asked<'_>) -> Option<&Operation> {
        let path: Vec<&str> = segments(asked.path.strip_prefix(self.base.as_str())?).collect();
        let fitting = self.operations.get(&(asked.method.to_string(), path.len()))?;
        let bound = |one: &&Operation| {
            one.template.iter().zip(&path).all(|(theirs, ours)| theirs == ours || theirs.contains('{'))
        };
        fitting.iter().find(bound)
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

/// What the paths of a specification begin after.
fn base(all: &Value) -> String {
    let server = &all["servers"][0];
    let base = match (all["basePath"].as_str(), server["url"].as_str()) {
        (Some(base), _) => base.to_owned(),
        (None, Some(url)) => {
            let mut url = url.to_owned();
            for (name, one) in server["variables"].as_object().into_iter().flatten() {
                url = url.replace(&format!("{{{name}}}"), one["default"].as_str().unwrap_or_default());
            }
            let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
            rest.find('/').map_or_else(String::new, |at| rest[at..].to_owned())
        }
        (None, None) => String::new(),
    };
    base.trim_end_matches('/').to_owned()
}

impl Operation {
    /// Its name: the identifier the specification gives it, else method and path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Everything that is wrong with a request for it.
    pub fn wrongs(&self, asked: &Asked<'_>) -> Vec<String> {
        match self.checks.get_or_init(|| self.compiled()) {
            Err(why) => vec![why.clone()],
            Ok(checks) => {
                let mut wrong = self.in_path(checks, asked.path);
                wrong.extend(self.in_query(checks, asked.query));
                let headers = checks.parameters.iter().filter(|one| one.place == "header" && one.required);
                let lacking = headers.filter(|one| !asked.headers.contains_key(one.name.as_str()));
                wrong.extend(lacking.map(|one| format!("header {}: is required", one.name)));
                wrong.extend(in_body(checks.body.as_ref(), asked));
                wrong
            }
        }
    }

    fn compiled(&self) -> Result<Checks, String> {
        let all = self.all.as_ref();
        let operation = all.pointer(&self.pointer).unwrap_or(&Value::Null);
        let shared = all.pointer(&self.item).map_or(&Value::Null, |item| &item["parameters"]);
        let mut checks = Checks { parameters: Vec::new(), body: None };
        let declared = [shared, &operation["parameters"]].into_iter().filter_map(Value::as_array).flatten();
        for one in declared.map(|one| resolved(all, one)) {
            if one["in"] == "body" {
                let types = [&operation["consumes"], &all["consumes"]];
                let types = types.into_iter().find_map(Value::as_array).into_iter().flatten();
                checks.body = Some(Body {
                    required: one["required"] == true,
                    types: types.filter_map(Value::as_str).map(str::to_owned).collect(),
                    validator: compile(all, &one["schema"])?,
                });
            } else {
                checks.parameters.push(parameter(all, one)?);
            }
        }
        let body = resolved(all, &operation["requestBody"]);
        if let Some(content) = body["content"].as_object() {
            let schema = content.get("application/json").or_else(|| content.values().next());
            checks.body = Some(Body {
                required: body["required"] == true,
                types: content.keys().cloned().collect(),
                validator: compile(all, schema.map_or(&Value::Null, |one| &one["schema"]))?,
            });
        }
        Ok(checks)
    }

    fn in_path(&self, checks: &Checks, path: &str) -> Vec<String> {
        let path: Vec<&str> = segments(path).collect();
        let ours = path.iter().skip(path.len().saturating_sub(self.template.len()));
        let mut wrong = Vec::new();
        for (theirs, ours) in self.template.iter().zip(ours) {
            let name = theirs.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
            let of = |one: &&Parameter| one.place == "path" && Some(one.name.as_str()) == name;
            if let Some(one) = checks.parameters.iter().find(of) {
                wrong.extend(one.wrongs(&[decoded(ours)]));
            }
        }
        wrong
    }

    fn in_query(&self, checks: &Checks, query: &str) -> Vec<String> {
        let mut sent: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = match self.names {
                Names::Plain => decoded(name),
                Names::Magento => as_magento_writes(&decoded(name)),
            };
            // Two values of two filters are no list.
            let values = sent.entry(name).or_default();
            if self.names == Names::Magento {
                values.clear();
            }
            values.push(decoded(value));
        }
        let known: Vec<&Parameter> = checks.parameters.iter().filter(|one| one.place == "query").collect();
        let mut wrong = Vec::new();
        for (name, values) in &sent {
            match known.iter().find(|one| one.name == *name) {
                Some(one) => wrong.extend(one.wrongs(values)),
                None if self.names == Names::Magento && name == "fields" => {}
                None => wrong.push(format!("query {name}: is no parameter")),
            }
        }
        let lacking = known.iter().filter(|one| one.required && !sent.contains_key(&one.name));
        wrong.extend(lacking.map(|one| format!("query {}: is required", one.name)));
        wrong
    }
}

fn parameter(all: &Value, one: &Value) -> Result<Parameter, String> {
    // Swagger 2 writes the schema's own words into the parameter, whose `required` is another one.
    let schema = match one.get("schema") {
        Some(schema) => resolved(all, schema).clone(),
        None => {
            let own = one.as_object().into_iter().flatten();
            let own = own.filter(|(key, _)| !matches!(key.as_str(), "required" | "name" | "in"));
            Value::Object(own.map(|(key, value)| (key.clone(), value.clone())).collect::<Map<_, _>>())
        }
    };
    let several = one["collectionFormat"] == "multi"
        || (one.get("schema").is_some() && one.get("explode") != Some(&json!(false)));
    Ok(Parameter {
        name: one["name"].as_str().unwrap_or_default().to_owned(),
        place: one["in"].as_str().unwrap_or_default().to_owned(),
        required: one["required"] == true,
        list: (schema["type"] == "array").then_some(several),
        validator: compile(all, &schema)?,
        schema,
    })
}

impl Parameter {
    fn wrongs(&self, values: &[String]) -> Vec<String> {
        let place = format!("{} {}", self.place, self.name);
        let value = match (self.list, values) {
            (Some(true), values) => values.iter().map(|one| typed(&self.schema["items"], one)).collect(),
            (Some(false), [value]) => value.split(',').map(|one| typed(&self.schema["items"], one)).collect(),
            (None, [value]) => typed(&self.schema, value),
            (_, _) => return vec![format!("{place}: is there more than once")],
        };
        wrongs(&self.validator, &value, &place)
    }
}

/// A text of an address as the type it is declared as; itself when it is none of that type.
fn typed(schema: &Value, text: &str) -> Value {
    let read = match schema["type"].as_str() {
        Some("integer") => text.parse::<i64>().ok().map(Value::from),
        Some("number") => text.parse::<f64>().ok().map(Value::from),
        Some("boolean") => text.parse::<bool>().ok().map(Value::from),
        _ => None,
    };
    read.unwrap_or_else(|| Value::from(text))
}

fn in_body(body: Option<&Body>, asked: &Asked<'_>) -> Vec<String> {
    let (body, sent) = match (body, asked.body) {
        (None, []) => return Vec::new(),
        (None, _) => return vec!["body: there is none to send".to_owned()],
        (Some(body), []) if !body.required => return Vec::new(),
        (Some(_), []) => return vec!["body: is required".to_owned()],
        (Some(body), sent) => (body, sent),
    };
    let told = asked.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let told = told.split(';').next().unwrap_or_default().trim();
    let mut wrong = Vec::new();
    if !body.types.is_empty() && !body.types.iter().any(|one| one == told || one == "*/*") {
        wrong.push(format!("header content-type: is none of {}", body.types.join(", ")));
    }
    match serde_json::from_slice::<Value>(sent) {
        Ok(value) => wrong.extend(wrongs(&body.validator, &value, "body")),
        Err(_) => wrong.push("body: is no JSON".to_owned()),
    }
    wrong
}

/// A name as Magento's file has it.
fn as_magento_writes(name: &str) -> String {
    let mut out = String::new();
    let mut upper = false;
    for c in name.chars() {
        match c {
            '_' => upper = true,
            c if c.is_ascii_digit() => out.push('0'),
            c => {
                out.push(if upper { c.to_ascii_uppercase() } else { c });
                upper = false;
            }
        }
    }
    out
}

/// `%41` and `+` undone.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match (byte, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(escaped)) => {
                out.push(escaped);
                at += 3;
            }
            (b'+', _) => {
                out.push(b' ');
                at += 1;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
