//! The OpenAPI document is what the code says, and the template routes what it names.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use waybill_http::{About, document};

/// Everything of both functions, in the order of the document.
fn everything() -> Vec<About> {
    let api = waybill_api::routes().into_iter().map(|route| route.about);
    api.chain(waybill_reveal::routes().into_iter().map(|route| route.about)).collect()
}

#[test]
fn the_document_is_what_the_code_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let made = format!("{:#}\n", document(&everything()));
    if std::env::var_os("WRITE_OPENAPI").is_some() {
        std::fs::write(&file, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(
        kept == made,
        "functions/api/openapi.json is not what the code says; write it anew with\n  WRITE_OPENAPI=1 cargo test -p \
         waybill-api --test api document\nand read what changed: callers rely on it."
    );
}

/// Routes of the template by method and path: the integration, and whether a sign-in is asked for.
fn of_template() -> BTreeMap<String, (String, bool)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    let text = std::fs::read_to_string(file).unwrap();
    let mut routes = BTreeMap::new();
    for resource in text.split("\n\n") {
        let line = |name: &str| {
            resource
                .lines()
                .find_map(|line| line.trim().strip_prefix(name))
                .map(|rest| rest.trim().to_owned())
        };
        let Some(key) = line("RouteKey:") else { continue };
        let to = line("Target: !Sub integrations/").unwrap();
        routes.insert(key, (to, line("AuthorizationType: JWT").is_some()));
    }
    routes
}

#[test]
fn the_template_routes_what_the_tables_name_and_nothing_else() {
    let mut template = of_template();
    template.retain(|key, _| !key.contains(" /webhooks/") && !key.contains("/console"));
    let of = |table: Vec<About>, to: &str| -> Vec<(String, (String, bool))> {
        table.into_iter().map(|one| (one.key(), (format!("${{{to}}}"), !one.actions.is_empty()))).collect()
    };
    let mut tables = of(waybill_api::routes().into_iter().map(|r| r.about).collect(), "ApiIntegration");
    tables.extend(of(waybill_reveal::routes().into_iter().map(|r| r.about).collect(), "RevealIntegration"));
    assert_eq!(tables.len(), everything().len());
    assert_eq!(template, tables.into_iter().collect());
}

#[test]
fn every_route_says_what_it_does_and_gives_and_every_name_in_a_path_is_explained() {
    let whole = document(&everything());
    for about in everything() {
        let key = about.key();
        assert!(about.summary.ends_with('.'), "{key} must say what it does");
        assert!(!about.answers.is_empty(), "{key} must say what it gives");
        let operation = &whole["paths"][about.path][about.method.as_str().to_lowercase()];
        for one in operation["parameters"].as_array().into_iter().flatten().filter(|one| one["in"] == "path")
        {
            assert_ne!(one["description"], "", "{key}: {}", one["name"]);
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn references<'a>(value: &'a Value, all: &mut Vec<&'a str>) {
        match value {
            Value::Object(entries) => {
                all.extend(entries.get("$ref").and_then(Value::as_str));
                entries.values().for_each(|inner| references(inner, all));
            }
            Value::Array(items) => items.iter().for_each(|inner| references(inner, all)),
            _ => {}
        }
    }
    let whole = document(&everything());
    let mut all = Vec::new();
    references(&whole, &mut all);
    assert!(all.len() > 100, "{}", all.len());
    for reference in all {
        assert!(whole.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}

#[test]
fn the_runbooks_name_only_what_there_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/runbooks");
    let paths: Vec<&str> = everything().iter().map(|about| about.path).collect();
    let fits = |named: &str| {
        let (named, _) = named.split_once('?').unwrap_or((named, ""));
        let same = |(ours, theirs): (&str, &str)| ours == theirs || ours.starts_with('{');
        let alike = |path: &&str| {
            path.split('/').count() == named.split('/').count()
                && path.split('/').zip(named.split('/')).all(same)
        };
        paths.iter().any(alike)
    };
    let mut seen = 0;
    for page in std::fs::read_dir(folder).unwrap() {
        let page = page.unwrap().path();
        let text = std::fs::read_to_string(&page).unwrap();
        for rest in text.match_indices("/v1/").map(|(at, _)| &text[at..]) {
            let end = rest.find(|c: char| c.is_whitespace() || "\"'`),;|".contains(c)).unwrap_or(rest.len());
            let named = &rest[..end];
            assert!(fits(named), "{}: {named}", page.display());
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}
