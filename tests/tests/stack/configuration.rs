//! What a function must be told, it says itself, all at once; the page and the template say the same.

use crate::support::template;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use waybill_harness::canary::template::resources;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// By function.
type Told = BTreeMap<String, BTreeSet<String>>;

/// Variables that have a default.
const OPTIONAL: [&str; 4] = ["LOG_LEVEL", "EGRESS", "TRACES", "AWS_ENDPOINT_URL"];

/// What a function complains of when it is started with these variables and no others.
fn complaints(function: &str, variables: &[(&str, &str)]) -> BTreeSet<String> {
    let program = root().join(".waybill/local-functions").join(function).join("bootstrap");
    let out = Command::new(&program).env_clear().envs(variables.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(!out.status.success() && said.contains("ConfigError"), "{function}: {said}");
    let names =
        said.split('"').filter_map(|text| text.split_once(" is not set").or(text.split_once(" must be")));
    names.map(|(name, _)| name.to_owned()).collect()
}

/// What the template sets for each function alone.
fn of_template() -> Told {
    let functions =
        resources(&template()).unwrap().into_iter().filter(|r| r.kind == "AWS::Serverless::Function");
    functions
        .map(|function| {
            let name = function.id.trim_end_matches("Function").to_lowercase();
            let set = function.properties["Environment"]["Variables"].as_object().unwrap().keys().cloned();
            (name, set.collect())
        })
        .collect()
}

/// Rows of a table of the page that begin with a name in code.
fn rows(page: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    page.lines().filter(|line| line.starts_with("| `")).map(cells).collect()
}

/// What the page says of each function.
fn of_page(page: &str) -> Told {
    let mut told = Told::new();
    for row in rows(page) {
        let name = row[0].trim_matches('`');
        if row.len() != 3 || OPTIONAL.contains(&name) {
            continue;
        }
        for function in row[2].split(", ") {
            told.entry(function.to_owned()).or_default().insert(name.to_owned());
        }
    }
    told
}

#[test]
#[ignore = "needs a running stack"]
fn functions_say_at_once_all_they_must_be_told_and_the_page_and_the_template_agree() {
    let page = std::fs::read_to_string(root().join("infra/configuration.md")).unwrap();
    let template = of_template();
    assert_eq!(of_page(&page), template, "infra/configuration.md and template.yaml");
    for (function, set) in &template {
        assert_eq!(&complaints(function, &[]), set, "{function} and template.yaml");
        let nonsense =
            complaints(function, &[("LOG_LEVEL", "loud"), ("EGRESS", "anywhere"), ("TRACES", "yes")]);
        let reads_egress = nonsense.contains("EGRESS");
        assert!(
            nonsense.contains("LOG_LEVEL") && nonsense.contains("TRACES") && nonsense.is_superset(set),
            "{function}: {nonsense:?}"
        );
        let reaches_out =
            ["allocator", "auditor", "clock", "retention"].iter().all(|inside| inside != function);
        assert_eq!(reads_egress, reaches_out, "{function}");
    }
}

#[test]
#[ignore = "needs a running stack"]
fn the_page_lists_every_parameter_of_the_template() {
    let page = std::fs::read_to_string(root().join("infra/configuration.md")).unwrap();
    let text = std::fs::read_to_string(template()).unwrap();
    let parameters = text.split("\nParameters:\n").nth(1).unwrap().split("\nRules:\n").next().unwrap();
    let names: Vec<&str> = parameters
        .lines()
        .filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' '))?.strip_suffix(':'))
        .collect();
    let listed: Vec<String> = rows(&page)
        .into_iter()
        .filter(|row| row.len() == 4)
        .map(|row| row[0].trim_matches('`').to_owned())
        .collect();
    assert_eq!(listed, names);
    for default in ["at-once", "public", "info"] {
        assert!(
            parameters.contains(&format!("Default: {default}")) && page.contains(&format!("| `{default}` |"))
        );
    }
}
