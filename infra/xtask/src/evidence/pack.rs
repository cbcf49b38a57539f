//! The evidence: every control with its tests, its mutations and the verdict.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::catalogue::{CONTROLS, Catalogue, Control};
use super::mutate::{Records, of};
use super::results::{Results, last, of_stack};
use super::{commit, mutate, numbers, verdict};
use crate::failure::Done;

/// The controls whose tests together search every store for anything personal.
const RESIDUE: [&str; 4] = ["A8", "C1", "C9", "C10"];

/// Puts the evidence together from what is on record.
///
/// # Errors
/// When the template or the records cannot be read.
pub fn build(catalogue: &Catalogue) -> Done<Value> {
    let (results, stack, records, commit) = (last(), of_stack(), mutate::records()?, commit::now()?);
    let mut proven = Vec::new();
    let mut by_kind: BTreeMap<String, usize> = BTreeMap::new();
    let mut controls = Vec::new();
    let (mut caught, mut mutants) = (0, 0);
    for control in &catalogue.controls {
        let why_not = verdict::why_not(control, &results, &commit, &records);
        if why_not.is_none() {
            proven.push(control.id.as_str());
            let kind = serde_json::to_value(control.kind).unwrap_or_default();
            *by_kind.entry(kind.as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
        mutants += control.mutations.len();
        let value = shown(control, &results, &stack, &records, why_not);
        caught += value["mutations"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|one| one["caught_at"].is_string())
            .count();
        controls.push(value);
    }
    let clauses: Vec<Value> = catalogue
        .policy
        .iter()
        .map(|clause| {
            let of: Vec<&str> = catalogue
                .controls
                .iter()
                .filter(|control| control.clauses.contains(&clause.id))
                .map(|control| control.id.as_str())
                .collect();
            json!({"id": clause.id, "says": clause.says, "controls": of})
        })
        .collect();
    let template = numbers::template()?;
    let residue = RESIDUE.iter().all(|id| proven.contains(id)).then_some(0);
    Ok(json!({
        "system": "Waybill",
        "made_at": jiff::Timestamp::now().to_string(),
        "commit": commit,
        "numbers": {
            "controls": CONTROLS,
            "proven": proven.len(),
            "by_kind": by_kind,
            "t_eff_days": numbers::t_eff_days(&template),
            "sinks": numbers::sinks(&template),
            "residue": residue,
            "mutants": mutants,
            "mutants_caught": caught,
            "stack": {"commit": stack.commit, "stories": stack.tests.len()},
        },
        "policy": clauses,
        "controls": controls,
    }))
}

fn shown(
    control: &Control,
    results: &Results,
    stack: &Results,
    records: &Records,
    why_not: Option<String>,
) -> Value {
    let of_test = |from: &Results, name: &String| {
        let outcome = from.tests.get(name);
        json!({
            "name": name,
            "result": outcome.map_or("not run", |one| if one.passed { "passed" } else { "failed" }),
            "at": outcome.map(|one| one.at.clone()),
        })
    };
    let mutations: Vec<Value> = control
        .mutations
        .iter()
        .enumerate()
        .map(|(n, mutation)| {
            let id = control.mutation_id(n);
            let record = records.get(&id).filter(|record| record.of == of(control, mutation));
            json!({
                "id": id,
                "file": mutation.file,
                "find": mutation.find,
                "replace": mutation.replace,
                "caught_at": record.map(|one| one.at.clone()),
                "caught_on": record.map(|one| one.commit.clone()),
                "caught_by": record.map(|one| one.caught_by.clone()),
            })
        })
        .collect();
    json!({
        "id": control.id,
        "says": control.says,
        "clauses": control.clauses,
        "kind": control.kind,
        "proven": why_not.is_none(),
        "why_not": why_not,
        "open": control.open,
        "tests": control.tests.iter().map(|name| of_test(results, name)).collect::<Vec<_>>(),
        "stack": control.stack.iter().map(|name| of_test(stack, name)).collect::<Vec<_>>(),
        "mutations": mutations,
    })
}

/// The line for scripts: the numbers, and for each control that is not proven, why.
pub fn summary(pack: &Value) -> Value {
    let mut numbers = pack["numbers"].clone();
    let rest: BTreeMap<&str, &Value> = pack["controls"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|control| control["proven"] == false)
        .filter_map(|control| Some((control["id"].as_str()?, &control["why_not"])))
        .collect();
    numbers["not_proven"] = json!(rest);
    numbers["commit"] = pack["commit"].clone();
    numbers
}

/// The same for people.
pub fn print(pack: &Value) {
    let numbers = &pack["numbers"];
    for control in pack["controls"].as_array().into_iter().flatten() {
        let text = |name: &str| control[name].as_str().unwrap_or_default().to_owned();
        match control["proven"] == true {
            true => println!("  ok  {:<3} {}", text("id"), text("says")),
            false => println!("  --  {:<3} {}\n          {}", text("id"), text("says"), text("why_not")),
        }
    }
    println!("\n{} of {} controls proven on {}", numbers["proven"], numbers["controls"], pack["commit"]);
}
