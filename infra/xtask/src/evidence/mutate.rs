//! Breaking each control on purpose, to see that its tests notice.
//!
//! The file is changed in place, because only then does cargo build exactly this program; its true text is kept
//! beside, and put back whatever happens: at the end, on a failure, or by the next run after a crash.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::catalogue::{Control, Mutation};
use super::results::Results;
use super::{commit, folder, results};
use crate::failure::{Done, Failure, While};
use crate::paths;
use crate::say::Step;

/// What is known of a mutation.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Record {
    /// The tests that failed because of it.
    pub caught_by: Vec<String>,
    /// The commit it was applied to.
    pub commit: String,
    /// When.
    pub at: String,
    /// The mutation and the tests as they were, so that a changed one counts as not tried.
    pub of: String,
}

/// Records by mutation, such as `C6.1`.
pub type Records = BTreeMap<String, Record>;

fn file() -> PathBuf {
    paths::root().join("infra").join("controls").join("mutations.json")
}

/// What was recorded.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn records() -> Done<Records> {
    match fs::read(file()) {
        Ok(text) => serde_json::from_slice(&text).or_say("infra/controls/mutations.json"),
        Err(_) => Ok(Records::new()),
    }
}

/// A digest of what was tried: the change and the tests that should notice.
pub fn of(control: &Control, mutation: &Mutation) -> String {
    let by = if mutation.by.is_empty() { &control.tests } else { &mutation.by };
    let text =
        [&mutation.file, &mutation.find, &mutation.replace, &by.join("\n")].map(String::as_str).join("\u{0}");
    super::sign::digest(text.as_bytes()).get(..16).unwrap_or_default().to_owned()
}

/// Whether the mutation can still be applied: its text stands in its file exactly once.
pub fn applies(mutation: &Mutation) -> Result<String, String> {
    let text = fs::read_to_string(paths::root().join(&mutation.file))
        .map_err(|_| format!("{} is not there", mutation.file))?;
    match text.matches(&mutation.find).count() {
        1 => Ok(text),
        n => Err(format!("the text to be changed stands {n} times in {}", mutation.file)),
    }
}

#[derive(Deserialize, Serialize)]
struct Kept {
    file: String,
    text: String,
}

fn kept() -> PathBuf {
    folder().join("unmutated.json")
}

/// Puts back what a run that was stopped left changed.
///
/// # Errors
/// When the file cannot be written.
pub fn recover() -> Done {
    let Ok(text) = fs::read(kept()) else { return Ok(()) };
    let one: Kept = serde_json::from_slice(&text).or_say("the kept file")?;
    fs::write(paths::root().join(&one.file), one.text).or_say(format!("could not put {} back", one.file))?;
    eprintln!("  {} was left changed by a run that was stopped; it is as it was again", one.file);
    fs::remove_file(kept()).or_say("could not forget the kept file")
}

/// Puts the true text back when dropped.
struct Changed;

impl Changed {
    fn apply(mutation: &Mutation, text: String) -> Done<Self> {
        let file = paths::root().join(&mutation.file);
        let changed = text.replacen(&mutation.find, &mutation.replace, 1);
        let one = Kept { file: mutation.file.clone(), text };
        fs::write(kept(), serde_json::to_vec(&one).or_say("kept file")?)
            .or_say("could not keep the true text")?;
        let changing = Self;
        fs::write(file, changed).or_say(format!("could not change {}", mutation.file))?;
        Ok(changing)
    }
}

impl Drop for Changed {
    fn drop(&mut self) {
        let back = fs::read(kept()).ok().and_then(|text| serde_json::from_slice::<Kept>(&text).ok());
        if let Some(one) = back
            && fs::write(paths::root().join(one.file), one.text).is_ok()
        {
            let _ = fs::remove_file(kept());
        }
    }
}

/// Applies every mutation of these controls in turn and records those that are caught.
///
/// # Errors
/// When a mutation does not apply, does not compile or is not noticed, after all were tried.
pub fn run(controls: &[&Control], missing: bool) -> Done {
    let mut wrong = Vec::new();
    for control in controls {
        for (n, mutation) in control.mutations.iter().enumerate() {
            let id = control.mutation_id(n);
            let done = records()?.get(&id).is_some_and(|record| record.of == of(control, mutation));
            if missing && done {
                continue;
            }
            let step = Step::begin(&format!("{id}: {}", mutation.file));
            match one(control, mutation) {
                Ok(caught_by) => {
                    let mut all = records()?;
                    let at = jiff::Timestamp::now().to_string();
                    step.done(&format!("caught by {}", caught_by.join(", ")));
                    all.insert(
                        id,
                        Record { caught_by, commit: commit::now()?, at, of: of(control, mutation) },
                    );
                    write(&all)?;
                }
                Err(failure) => {
                    step.done(&format!("NOT CAUGHT: {failure}"));
                    let mut all = records()?;
                    all.remove(&id);
                    write(&all)?;
                    wrong.push(id);
                }
            }
        }
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(format!("not caught: {}", wrong.join(", ")))),
    }
}

fn write(all: &Records) -> Done {
    let text = serde_json::to_string_pretty(all).or_say("records")?;
    fs::write(file(), text + "\n").or_say("could not write infra/controls/mutations.json")
}

/// The tests that failed and are green without the mutation: one that is red anyway notices nothing.
fn noticed(ran: BTreeMap<String, bool>, before: &Results) -> Done<Vec<String>> {
    let failed: Vec<String> = ran.into_iter().filter(|(_, passed)| !passed).map(|(name, _)| name).collect();
    if failed.is_empty() {
        return Err(Failure::new("every test still passes"));
    }
    let green = |name: &String| before.tests.get(name).is_some_and(|outcome| outcome.passed);
    let caught: Vec<String> = failed.into_iter().filter(green).collect();
    match caught.is_empty() {
        true => Err(Failure::new(
            "the tests that fail were not green before; run `cargo xtask evidence --run` first",
        )),
        false => Ok(caught),
    }
}

fn one(control: &Control, mutation: &Mutation) -> Done<Vec<String>> {
    let text = applies(mutation).map_err(Failure::new)?;
    let names = if mutation.by.is_empty() { &control.tests } else { &mutation.by };
    let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let ran = {
        let _changed = Changed::apply(mutation, text)?;
        results::ran(&names, true)?
    };
    if ran.is_empty() {
        return Err(Failure::new("no test ran; the change does not compile, which proves nothing"));
    }
    noticed(ran, &results::last())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::results::Outcome;

    #[test]
    fn a_test_that_is_red_anyway_notices_nothing() {
        let outcome = |passed| Outcome { passed, at: String::new() };
        let before = Results {
            commit: "abc".into(),
            tests: [("green".to_owned(), outcome(true)), ("red".to_owned(), outcome(false))].into(),
        };
        let ran =
            |all: &[(&str, bool)]| all.iter().map(|(name, passed)| ((*name).to_owned(), *passed)).collect();
        assert_eq!(
            noticed(ran(&[("green", false), ("red", false)]), &before).ok(),
            Some(vec!["green".to_owned()])
        );
        for nothing in [ran(&[("red", false)]), ran(&[("green", true)]), ran(&[("unknown", false)])] {
            assert!(noticed(nothing, &before).is_err());
        }
    }
}
