//! The pack holds together, and what is not fresh shows as not proven.

use serde_json::{Value, json};

use super::catalogue::{Catalogue, Control, Kind, Mutation};
use super::mutate::{Record, Records, of};
use super::results::{Outcome, Results};
use super::{catalogue, page, sign, verdict};
use crate::failure::Failure;
use crate::paths;

fn control() -> Control {
    Control {
        id: "X1".into(),
        says: "does something".into(),
        clauses: vec!["purpose".into()],
        kind: Kind::Test,
        tests: vec!["waybill-domain a::b".into()],
        stack: Vec::new(),
        mutations: vec![Mutation {
            file: "infra/xtask/Cargo.toml".into(),
            find: "name = \"waybill-xtask\"".into(),
            replace: "name = \"x\"".into(),
            by: Vec::new(),
        }],
        open: None,
    }
}

fn green(passed: bool) -> Results {
    let outcome = Outcome { passed, at: "2026-11-23T09:15:00Z".into() };
    Results { commit: "abc".into(), tests: [("waybill-domain a::b".to_owned(), outcome)].into() }
}

fn caught(control: &Control) -> Records {
    let record = Record {
        caught_by: control.tests.clone(),
        commit: "abc".into(),
        at: "2026-11-23T09:15:00Z".into(),
        of: of(control, &control.mutations[0]),
    };
    [("X1.1".to_owned(), record)].into()
}

#[test]
fn a_control_is_proven_by_a_fresh_green_test_and_a_caught_mutation_and_by_nothing_less() {
    let (one, records) = (control(), caught(&control()));
    assert_eq!(verdict::why_not(&one, &green(true), "abc", &records), None);
    let no = |control: &Control, results: &Results, commit: &str, records: &Records| {
        verdict::why_not(control, results, commit, records).is_some()
    };
    assert!(no(&one, &green(false), "abc", &records), "a red test");
    assert!(no(&one, &green(true), "abd", &records), "another commit");
    let dirty = Results { commit: "abc+changes".into(), ..green(true) };
    assert!(no(&one, &dirty, "abc+changes", &records), "uncommitted changes");
    assert!(no(&one, &Results { commit: "abc".into(), ..Results::default() }, "abc", &records), "never ran");
    assert!(no(&one, &green(true), "abc", &Records::new()), "never mutated");
    let changed = Control {
        mutations: vec![Mutation { replace: "y".into(), ..one.mutations[0].clone() }],
        ..control()
    };
    assert!(no(&changed, &green(true), "abc", &records), "another mutation than the one recorded");
    let gone = Control {
        mutations: vec![Mutation { find: "is not there".into(), ..one.mutations[0].clone() }],
        ..control()
    };
    assert!(no(&gone, &green(true), "abc", &caught(&gone)), "a mutation that no longer applies");
    assert!(
        no(&Control { mutations: Vec::new(), ..control() }, &green(true), "abc", &records),
        "no mutation"
    );
    assert!(no(&Control { tests: Vec::new(), ..control() }, &green(true), "abc", &records), "no test");
}

#[test]
fn a_pack_verifies_until_anything_in_it_is_changed() -> Result<(), Failure> {
    let file = std::env::temp_dir().join(format!("waybill-evidence-{}.pk8", std::process::id()));
    let key = sign::key(&file)?;
    let mut pack =
        sign::signed(&key, &json!({"commit": "abc", "controls": [{"id": "A1", "proven": false}]}))?;
    assert!(sign::holds(&pack));
    pack["evidence"]["controls"][0]["proven"] = json!(true);
    assert!(!sign::holds(&pack));
    pack["evidence"]["controls"][0]["proven"] = json!(false);
    assert!(sign::holds(&pack));
    pack["signature"]["value"] = json!("00");
    assert!(!sign::holds(&pack));
    let again = sign::key(&file)?;
    assert_eq!(sign::public_key(&again), sign::public_key(&key));
    let _ = std::fs::remove_file(file);
    Ok(())
}

#[test]
fn the_catalogue_is_whole_and_every_file_it_would_change_is_there() -> Result<(), Failure> {
    let Catalogue { policy, controls } = catalogue::read()?;
    assert_eq!(policy.len(), 11);
    let used = |id: &str| controls.iter().any(|control| control.clauses.iter().any(|one| one == id));
    assert!(policy.iter().all(|clause| used(&clause.id)), "every clause has a control");
    for control in &controls {
        for mutation in &control.mutations {
            assert!(paths::root().join(&mutation.file).is_file(), "{} {}", control.id, mutation.file);
            assert_ne!(mutation.find, mutation.replace, "{}", control.id);
            assert!(mutation.by.iter().all(|test| control.tests.contains(test)), "{}", control.id);
        }
        assert!(
            !control.tests.is_empty() || control.open.is_some(),
            "{} says neither how nor why not",
            control.id
        );
    }
    Ok(())
}

#[test]
fn a_control_without_a_fresh_result_shows_as_not_proven_on_the_page() {
    let pack = |proven: bool, why: Value| {
        json!({
            "commit": "abc", "made_at": "2026-11-23T09:15:00Z", "numbers": {},
            "policy": [{"id": "purpose", "says": "Only <this>", "controls": ["X1"]}],
            "controls": [{"id": "X1", "says": "does", "kind": "test", "proven": proven, "why_not": why, "tests": [], "stack": [], "mutations": []}],
        })
    };
    let red = page::page(&pack(false, json!("its tests have not run on this commit")), "00");
    assert!(
        red.contains("class=\"no\"") && red.contains("have not run") && red.contains("Only &lt;this&gt;")
    );
    assert!(!red.contains("class=\"ok\""));
    assert!(page::page(&pack(true, Value::Null), "00").contains("class=\"ok\""));
}
