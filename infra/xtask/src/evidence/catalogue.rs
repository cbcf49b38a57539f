//! `infra/controls/controls.yaml`: the 50 controls, with what proves each and what must break it.

use std::collections::BTreeSet;
use std::fs;

use serde::Deserialize;

use crate::failure::{Done, Failure, While};
use crate::{paths, yaml};

/// How many controls the catalogue holds (CONTROLS section 3).
pub const CONTROLS: usize = 50;

/// The whole catalogue.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// The clauses of the founding policy.
    pub policy: Vec<Clause>,
    /// The controls.
    pub controls: Vec<Control>,
}

/// One clause of the founding policy.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// A word for it.
    pub id: String,
    /// What it says.
    pub says: String,
}

/// What kind of thing proves a control.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Ord, PartialOrd, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A test of running code.
    Test,
    /// A proof about `template.yaml`.
    Template,
    /// The type system.
    Type,
    /// A register with due dates that gates.
    Register,
}

/// One control.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Such as `C6`.
    pub id: String,
    /// What the software does, in one line.
    pub says: String,
    /// Which clauses of the policy it serves.
    pub clauses: Vec<String>,
    /// What proves it.
    pub kind: Kind,
    /// The tests, each as nextest names it: binary, space, test.
    #[serde(default)]
    pub tests: Vec<String>,
    /// Stories on a deployed stack that show it too; their last result is shown and does not count.
    #[serde(default)]
    pub stack: Vec<String>,
    /// Changes that break it.
    #[serde(default)]
    pub mutations: Vec<Mutation>,
    /// What of the control is not covered, or why there is no proof.
    #[serde(default)]
    pub open: Option<String>,
}

/// A small change that breaks a control.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutation {
    /// Which file, from the root.
    pub file: String,
    /// What stands there, exactly once.
    pub find: String,
    /// What is put in its place.
    pub replace: String,
    /// The tests of the control that should notice, when it is not all of them: so that less is built.
    #[serde(default)]
    pub by: Vec<String>,
}

/// Reads the catalogue and checks that it is whole.
///
/// # Errors
/// When it cannot be read, a control is missing or double, or one names an unknown clause.
pub fn read() -> Done<Catalogue> {
    let file = paths::root().join("infra").join("controls").join("controls.yaml");
    let text = fs::read_to_string(&file).or_say("could not read infra/controls/controls.yaml")?;
    let catalogue: Catalogue =
        serde_json::from_value(yaml::read(&text)?).or_say("infra/controls/controls.yaml")?;
    catalogue.check()?;
    Ok(catalogue)
}

impl Catalogue {
    fn check(&self) -> Done {
        let ids: BTreeSet<&str> = self.controls.iter().map(|control| control.id.as_str()).collect();
        if ids.len() != CONTROLS || self.controls.len() != CONTROLS {
            return Err(Failure::new(format!(
                "the catalogue holds {} controls, {} of them different; there are {CONTROLS}",
                self.controls.len(),
                ids.len()
            )));
        }
        for control in &self.controls {
            let unknown =
                control.clauses.iter().find(|one| self.policy.iter().all(|clause| clause.id != **one));
            if let Some(clause) = unknown {
                return Err(Failure::new(format!(
                    "{} names the clause `{clause}`, which is not there",
                    control.id
                )));
            }
            if control.clauses.is_empty() {
                return Err(Failure::new(format!("{} serves no clause of the policy", control.id)));
            }
            if control.tests.iter().any(|test| !test.contains(' ')) {
                return Err(Failure::new(format!(
                    "{}: a test is `binary test`, as nextest lists it",
                    control.id
                )));
            }
        }
        Ok(())
    }

    /// The control asked for, or all of them.
    ///
    /// # Errors
    /// When there is no such control.
    pub fn only(&self, id: Option<&str>) -> Done<Vec<&Control>> {
        let chosen: Vec<&Control> = self
            .controls
            .iter()
            .filter(|control| id.is_none_or(|id| control.id.eq_ignore_ascii_case(id)))
            .collect();
        match chosen.is_empty() {
            true => Err(Failure::new("There is no such control; they run from A1 to H7.")),
            false => Ok(chosen),
        }
    }
}

impl Control {
    /// The name of its `n`th mutation.
    pub fn mutation_id(&self, n: usize) -> String {
        format!("{}.{}", self.id, n + 1)
    }
}
