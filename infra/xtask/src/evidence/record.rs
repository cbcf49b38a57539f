//! The record of processing (article 30, CONTROLS H1), made from the types, the connectors, the template and
//! `infra/controls/processing.yaml`. What is not described fails; so does a record that is not the one this makes.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;

use super::numbers;
use crate::failure::{Done, Failure, While};
use crate::policy::Template;
use crate::{paths, yaml};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Processing {
    controller: String,
    legal_basis: String,
    fields: Vec<Field>,
    connectors: Vec<Connector>,
    stores: Vec<Store>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Field {
    name: String,
    purpose: String,
    keep: String,
    risk: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Connector {
    folder: String,
    role: String,
    given: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Store {
    of: String,
    holds: String,
    keep: String,
    eraser: String,
    exporter: String,
}

/// Kinds of resources that keep data: a table or bucket is described by its name, the others by their kind.
const BY_NAME: [&str; 2] = ["AWS::DynamoDB::Table", "AWS::S3::Bucket"];
const BY_KIND: [&str; 4] =
    ["AWS::SQS::Queue", "AWS::Logs::LogGroup", "AWS::Events::EventBus", "AWS::Cognito::UserPool"];

fn file() -> PathBuf {
    paths::root().join("infra").join("controls").join("record-of-processing.md")
}

/// The names of the fields of the one type that holds a person.
fn personal_fields() -> Done<Vec<String>> {
    let source = paths::root().join("shared/privacy/src/recipient.rs");
    let text = fs::read_to_string(source).or_say("could not read the recipient's fields")?;
    let body = text.split_once("pub struct Recipient {").and_then(|(_, rest)| rest.split_once("\n}"));
    let (body, _) = body.ok_or_else(|| Failure::new("the type Recipient is not where it was"))?;
    let field = |line: &str| Some(line.trim().strip_prefix("pub ")?.split_once(':')?.0.to_owned());
    Ok(body.lines().filter_map(field).collect())
}

/// The folders of connectors, such as `channels/shopify`.
fn connectors() -> Done<Vec<String>> {
    let mut found = Vec::new();
    for kind in ["channels", "carriers"] {
        let folder = paths::root().join("shared").join(kind).join("src");
        for entry in fs::read_dir(folder).or_say("could not list the connectors")? {
            let entry = entry.or_say("could not list the connectors")?;
            if entry.path().is_dir() {
                found.push(format!("{kind}/{}", entry.file_name().to_string_lossy()));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Makes the record.
///
/// # Errors
/// When something that holds or gets personal data is not described, or described as something it is not.
pub fn make() -> Done<String> {
    let text = fs::read_to_string(paths::root().join("infra/controls/processing.yaml"));
    let processing: Processing =
        serde_json::from_value(yaml::read(&text.or_say("infra/controls/processing.yaml")?)?)
            .or_say("infra/controls/processing.yaml")?;
    let mut missing = Vec::new();
    let mut out =
        String::from("# Record of processing\n\nMade by `cargo xtask evidence --record`; do not edit.\n\n");
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}\n\n{}\n\n## Personal data\n", processing.controller, processing.legal_basis);
    let _ = writeln!(out, "| field | purpose | kept | risk and measure |\n|---|---|---|---|");
    let fields = personal_fields()?;
    for name in &fields {
        match processing.fields.iter().find(|field| field.name == *name) {
            Some(Field { name, purpose, keep, risk })
                if ![purpose, keep, risk].iter().any(|text| text.is_empty()) =>
            {
                let _ = writeln!(out, "| {name} | {purpose} | {keep} | {risk} |");
            }
            _ => missing.push(format!("the field `{name}` has no purpose, retention or risk")),
        }
    }
    missing.extend(
        processing
            .fields
            .iter()
            .filter(|field| !fields.contains(&field.name))
            .map(|field| format!("there is no field `{}`", field.name)),
    );
    let _ = writeln!(out, "\n## Sources and recipients\n\n| connector | role | is given |\n|---|---|---|");
    for folder in connectors()? {
        match processing.connectors.iter().find(|one| one.folder == folder) {
            Some(Connector { folder, role, given }) => {
                let _ = writeln!(out, "| {folder} | {role} | {given} |");
            }
            None => missing.push(format!("the connector `{folder}` is not described")),
        }
    }
    let _ = writeln!(
        out,
        "\n## Stores\n\n| store | holds | kept | erased by | shown by |\n|---|---|---|---|---|"
    );
    let template = numbers::template()?;
    let template = Template::new(&template);
    let mut kinds = Vec::new();
    for resource in template.resources() {
        let of = match () {
            () if BY_NAME.contains(&resource.kind) => resource.id,
            () if BY_KIND.contains(&resource.kind) && !kinds.contains(&resource.kind) => {
                kinds.push(resource.kind);
                resource.kind
            }
            () => continue,
        };
        match processing.stores.iter().find(|store| store.of == of) {
            Some(Store { of, holds, keep, eraser, exporter })
                if !eraser.is_empty() && !exporter.is_empty() =>
            {
                let _ = writeln!(out, "| {of} | {holds} | {keep} | {eraser} | {exporter} |");
            }
            _ => missing.push(format!("the store `{of}` has no eraser or no exporter")),
        }
    }
    match missing.is_empty() {
        true => Ok(out),
        false => Err(Failure::new(format!("infra/controls/processing.yaml: {}.", missing.join("; ")))),
    }
}

/// Writes the record.
///
/// # Errors
/// As [`make`].
pub fn write() -> Done {
    fs::write(file(), make()?).or_say("could not write the record of processing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_connector_and_store_is_described_and_the_record_is_the_one_that_follows()
    -> Result<(), Failure> {
        let made = make()?;
        let committed = fs::read_to_string(file()).or_say("record")?;
        assert!(made == committed, "run `cargo xtask evidence --record` and commit what it writes");
        assert!(personal_fields()?.len() >= 10);
        Ok(())
    }
}
