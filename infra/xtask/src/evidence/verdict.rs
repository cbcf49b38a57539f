//! Is a control proven, and if not, why?

use super::catalogue::Control;
use super::mutate::{Records, applies, of};
use super::results::Results;

/// Why a control is not proven; nothing when it is.
pub fn why_not(control: &Control, results: &Results, commit: &str, records: &Records) -> Option<String> {
    if control.tests.is_empty() {
        return Some(control.open.clone().unwrap_or_else(|| "no test names it yet".into()));
    }
    if control.mutations.is_empty() {
        return Some("no mutation is recorded for it".into());
    }
    if results.commit != commit {
        return Some("its tests have not run on this commit".into());
    }
    if commit.contains('+') {
        return Some("the working tree is not a commit".into());
    }
    for test in &control.tests {
        match results.tests.get(test) {
            None => return Some(format!("{test} has not run on this commit")),
            Some(outcome) if !outcome.passed => return Some(format!("{test} is not green")),
            Some(_) => {}
        }
    }
    for (n, mutation) in control.mutations.iter().enumerate() {
        let id = control.mutation_id(n);
        match records.get(&id) {
            Some(record) if record.of == of(control, mutation) => {
                if let Err(why) = applies(mutation) {
                    return Some(format!("mutation {id} no longer applies: {why}"));
                }
            }
            _ => return Some(format!("mutation {id} has not been caught yet")),
        }
    }
    None
}
