//! Shopify's GraphQL: the document as a document, and its variables by the input types of the Admin schema.
//!
//! The contract holds the schema's input types and enumerations, not its output types; what may be selected is held
//! by the sandbox, which refuses a field it does not have.

use crate::{Asked, Verdict, verdict};
use graphql_parser::query::{
    Definition, Directive, OperationDefinition, Selection, SelectionSet, Type, Value as Written,
    VariableDefinition, parse_query,
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The version the subset was taken from, and the one that is called.
const PATH: &str = "/admin/api/2026-07/graphql.json";
/// An input type that the contract does not hold.
const HOOK: &str = "WebhookSubscriptionInput";

/// Scalars that are written as text.
const TEXTS: [&str; 5] = ["String", "URL", "DateTime", "Decimal", "UnsignedInt64"];

/// The input side of the schema.
pub struct Spec {
    inputs: BTreeMap<String, BTreeMap<String, Field>>,
    enums: BTreeMap<String, Vec<String>>,
}

struct Field {
    kind: String,
    /// It must be there, were it as null.
    present: bool,
    /// Words it is one of; empty when any will do.
    words: Vec<String>,
}

impl Field {
    /// `Int!`, `Boolean = false`, `String! (available | on_hand)`, `Int (must be present, null opts out)`.
    fn read(text: &str) -> Self {
        let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
        let note = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or_default();
        let words = note.contains('|').then(|| note.split('|').map(|word| word.trim().to_owned()).collect());
        Self {
            kind: kind.to_owned(),
            present: kind.ends_with('!') || note.starts_with("must be present"),
            words: words.unwrap_or_default(),
        }
    }
}

impl Spec {
    pub fn new(subset: &Value) -> Self {
        let fields = |one: &Value| {
            let all = one.as_object().into_iter().flatten();
            all.map(|(name, kind)| (name.clone(), Field::read(kind.as_str().unwrap_or_default()))).collect()
        };
        let words = |one: &Value| {
            let all = one.as_array().into_iter().flatten();
            all.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let each = |name: &str| subset[name].as_object().into_iter().flatten();
        Self {
            inputs: each("types").map(|(name, one)| (name.clone(), fields(one))).collect(),
            enums: each("enums").map(|(name, one)| (name.clone(), words(one))).collect(),
        }
    }

    pub fn judge(&self, asked: &Asked<'_>) -> Verdict {
        let invalid = |why: &str| Verdict::Invalid {
            operation: asked.method.to_string(),
            wrongs: vec![why.to_owned()],
        };
        if asked.method != http::Method::POST || asked.path != PATH || !asked.query.is_empty() {
            return invalid("there is no such operation");
        }
        let json =
            asked.headers.get(http::header::CONTENT_TYPE).is_some_and(|told| told == "application/json");
        let Ok(Value::Object(body)) = serde_json::from_slice::<Value>(asked.body) else {
            return invalid("body: is no JSON object");
        };
        let Some(query) = body.get("query").and_then(Value::as_str) else {
            return invalid("body/query: is required");
        };
        let Ok(document) = parse_query::<String>(query) else {
            return invalid("body/query: is no GraphQL");
        };
        let [Definition::Operation(operation)] = document.definitions.as_slice() else {
            return invalid("body/query: is not one operation");
        };
        let operation = Operation::of(operation);
        let mut wrong = Vec::new();
        if !json {
            wrong.push("header content-type: is not application/json".to_owned());
        }
        let more =
            body.keys().filter(|name| !matches!(name.as_str(), "query" | "variables" | "operationName"));
        wrong.extend(more.map(|name| format!("body/{name}: is no part of a GraphQL request")));
        operation.wrongs(&mut wrong);
        let hook = |kind: String| kind.trim_end_matches('!') == HOOK;
        if wrong.is_empty() && operation.variables.iter().any(|one| hook(one.var_type.to_string())) {
            return Verdict::Unspecified {
                why: "Shopify webhook subscriptions: not in the digest of the schema",
            };
        }
        let empty = Map::new();
        let variables = body.get("variables").and_then(Value::as_object).unwrap_or(&empty);
        self.variables(&operation, variables, &mut wrong);
        verdict(operation.name(), wrong)
    }

    fn variables(&self, operation: &Operation<'_>, sent: &Map<String, Value>, wrong: &mut Vec<String>) {
        for one in operation.variables {
            let place = format!("variable {}", one.name);
            match sent.get(one.name.as_str()) {
                Some(value) => self.fits(&one.var_type.to_string(), value, &place, wrong),
                None if matches!(one.var_type, Type::NonNullType(_)) && one.default_value.is_none() => {
                    wrong.push(format!("{place}: is required"));
                }
                None => self.is_known(&one.var_type.to_string(), &place, wrong),
            }
        }
        let declared = |name: &String| operation.variables.iter().any(|one| one.name == *name);
        let more = sent.keys().filter(|name| !declared(name));
        wrong.extend(more.map(|name| format!("variable {name}: is not declared")));
    }

    fn is_known(&self, kind: &str, place: &str, wrong: &mut Vec<String>) {
        let name = kind.trim_matches(['[', ']', '!']);
        let scalar = matches!(name, "ID" | "Int" | "Float" | "Boolean") || TEXTS.contains(&name);
        if !scalar && !self.inputs.contains_key(name) && !self.enums.contains_key(name) {
            wrong.push(format!("{place}: {name} is no input type of the schema"));
        }
    }

    /// Whether a value can be given as this type (GraphQL, "Input Coercion").
    fn fits(&self, kind: &str, value: &Value, place: &str, wrong: &mut Vec<String>) {
        let (kind, needed) = kind.strip_suffix('!').map_or((kind, false), |kind| (kind, true));
        if value.is_null() {
            if needed {
                wrong.push(format!("{place}: must not be null"));
            }
            return;
        }
        if let Some(inner) = kind.strip_prefix('[').and_then(|kind| kind.strip_suffix(']')) {
            match value.as_array() {
                Some(list) => {
                    for (n, one) in list.iter().enumerate() {
                        self.fits(inner, one, &format!("{place}/{n}"), wrong);
                    }
                }
                None => self.fits(inner, value, place, wrong),
            }
            return;
        }
        if let Some(fields) = self.inputs.get(kind) {
            return self.has(fields, value, place, wrong);
        }
        let right = match kind {
            "ID" => value.is_string() || value.is_i64(),
            "Int" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            "Float" => value.is_number(),
            "Boolean" => value.is_boolean(),
            text if TEXTS.contains(&text) => value.is_string(),
            other => match self.enums.get(other) {
                Some(words) => value.as_str().is_some_and(|value| words.iter().any(|word| word == value)),
                None => return wrong.push(format!("{place}: {other} is no input type of the schema")),
            },
        };
        if !right {
            wrong.push(format!("{place}: is no {kind}"));
        }
    }

    fn has(&self, fields: &BTreeMap<String, Field>, value: &Value, place: &str, wrong: &mut Vec<String>) {
        let Some(given) = value.as_object() else { return wrong.push(format!("{place}: is no object")) };
        let more = given.keys().filter(|name| !fields.contains_key(*name));
        wrong.extend(more.map(|name| format!("{place}/{name}: is no field")));
        for (name, field) in fields {
            match given.get(name) {
                Some(inner) => {
                    let place = format!("{place}/{name}");
                    self.fits(&field.kind, inner, &place, wrong);
                    let words = &field.words;
                    if !words.is_empty() && !words.iter().any(|word| inner == word.as_str()) {
                        wrong.push(format!("{place}: is none of {}", words.join(", ")));
                    }
                }
                None if field.present => wrong.push(format!("{place}/{name}: is required")),
                None => {}
            }
        }
    }
}

/// What an operation declares and asks for.
struct Operation<'a> {
    variables: &'a [VariableDefinition<'a, String>],
    directives: &'a [Directive<'a, String>],
    fields: &'a SelectionSet<'a, String>,
}

impl<'a> Operation<'a> {
    fn of(one: &'a OperationDefinition<'a, String>) -> Self {
        match one {
            OperationDefinition::SelectionSet(fields) => Self { variables: &[], directives: &[], fields },
            OperationDefinition::Query(one) => Self {
                variables: &one.variable_definitions,
                directives: &one.directives,
                fields: &one.selection_set,
            },
            OperationDefinition::Mutation(one) => Self {
                variables: &one.variable_definitions,
                directives: &one.directives,
                fields: &one.selection_set,
            },
            OperationDefinition::Subscription(one) => Self {
                variables: &one.variable_definitions,
                directives: &one.directives,
                fields: &one.selection_set,
            },
        }
    }

    /// The fields it asks for at the top, by their own names.
    fn name(&self) -> String {
        let fields = self.fields.items.iter().filter_map(|one| match one {
            Selection::Field(field) => Some(field.name.as_str()),
            _ => None,
        });
        fields.collect::<Vec<_>>().join("+")
    }

    /// Variables that are used and not declared, or declared and not used (GraphQL, "All Variable Uses Defined").
    fn wrongs(&self, wrong: &mut Vec<String>) {
        let mut used = BTreeSet::new();
        self.directives.iter().for_each(|one| used_of(&one.arguments, &mut used));
        used_in(self.fields, &mut used);
        let declared: BTreeSet<&str> = self.variables.iter().map(|one| one.name.as_str()).collect();
        wrong.extend(used.difference(&declared).map(|name| format!("body/query: ${name} is not declared")));
        wrong.extend(declared.difference(&used).map(|name| format!("body/query: ${name} is not used")));
    }
}

fn used_in<'a>(fields: &'a SelectionSet<'a, String>, used: &mut BTreeSet<&'a str>) {
    for one in &fields.items {
        let (directives, inner) = match one {
            Selection::Field(field) => {
                used_of(&field.arguments, used);
                (&field.directives, Some(&field.selection_set))
            }
            Selection::InlineFragment(part) => (&part.directives, Some(&part.selection_set)),
            Selection::FragmentSpread(part) => (&part.directives, None),
        };
        directives.iter().for_each(|one| used_of(&one.arguments, used));
        if let Some(inner) = inner {
            used_in(inner, used);
        }
    }
}

fn used_of<'a>(arguments: &'a [(String, Written<'a, String>)], used: &mut BTreeSet<&'a str>) {
    arguments.iter().for_each(|(_, value)| used_by(value, used));
}

fn used_by<'a>(value: &'a Written<'a, String>, used: &mut BTreeSet<&'a str>) {
    match value {
        Written::Variable(name) => drop(used.insert(name)),
        Written::List(all) => all.iter().for_each(|one| used_by(one, used)),
        Written::Object(all) => all.values().for_each(|one| used_by(one, used)),
        _ => {}
    }
}
