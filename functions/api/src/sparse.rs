//! `fields=order,status`: only what the caller wants of each thing shown.

use crate::answer::{BAD_FIELDS, BAD_QUERY, Stop};
use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use std::borrow::Cow;
use waybill_runtime::problem::Problem;

/// What can be shown in part.
pub trait InParts {
    /// The names of its fields, all of them.
    const FIELDS: &'static [&'static str];
}

/// The query of one thing.
#[derive(Default, Deserialize, JsonSchema)]
#[schemars(rename = "FieldsQuery")]
pub struct Wanted {
    /// Only these fields, by name, with commas between them; all of them without it.
    fields: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Wanted {
    type Rejection = Stop;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Stop> {
        let Query(wanted) = Query::try_from_uri(&parts.uri).map_err(|_| BAD_QUERY)?;
        Ok(wanted)
    }
}

impl Wanted {
    /// Which fields of a `T`.
    pub(crate) fn of<T: InParts>(&self) -> Result<Fields, Problem> {
        Fields::of::<T>(self.fields.as_deref())
    }
}

/// Which fields are shown; every one when none is named.
#[derive(Debug, Clone)]
pub struct Fields(Option<Vec<&'static str>>);

impl Fields {
    /// Reads a list of names. One that a `T` does not have is refused, so that a slip is noticed.
    pub(crate) fn of<T: InParts>(text: Option<&str>) -> Result<Self, Problem> {
        let known = |name: &str| T::FIELDS.iter().copied().find(|field| *field == name).ok_or(BAD_FIELDS);
        Ok(Self(text.map(|text| text.split(',').map(known).collect()).transpose()?))
    }

    /// A thing, as far as it is wanted.
    pub(crate) fn show<T>(&self, of: T) -> Part<T> {
        Part { of, fields: self.0.clone() }
    }
}

/// A thing, as far as it is wanted.
#[derive(Debug)]
pub struct Part<T> {
    of: T,
    fields: Option<Vec<&'static str>>,
}

impl<T: Serialize> Serialize for Part<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Some(fields) = &self.fields else { return self.of.serialize(to) };
        let mut shown = serde_json::to_value(&self.of).map_err(serde::ser::Error::custom)?;
        if let Value::Object(all) = &mut shown {
            all.retain(|name, _| fields.contains(&name.as_str()));
        }
        shown.serialize(to)
    }
}

/// As the whole, with no field that must be there.
impl<T: JsonSchema> JsonSchema for Part<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}InPart", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = T::json_schema(generator);
        schema.remove("required");
        schema
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::View;
    use crate::orders::Summary;

    #[test]
    fn the_names_are_those_of_the_fields() {
        fn names<T: JsonSchema>() -> Vec<String> {
            let schema = T::json_schema(&mut SchemaGenerator::default());
            schema.get("properties").unwrap().as_object().unwrap().keys().cloned().collect()
        }
        fn sorted(all: &[&str]) -> Vec<String> {
            let mut all: Vec<String> = all.iter().map(|name| (*name).to_owned()).collect();
            all.sort();
            all
        }
        let (mut one, mut summary) = (names::<View>(), names::<Summary>());
        one.sort();
        summary.sort();
        assert_eq!(one, sorted(View::FIELDS));
        assert_eq!(summary, sorted(Summary::FIELDS));
    }
}
