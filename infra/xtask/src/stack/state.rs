//! What is known of a stack, kept in `.waybill/stacks/<name>/state.json`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::failure::{Done, Failure, While};
use crate::paths;
use crate::process::Running;

/// One stack. Tests, the seeder and the demo read it to find everything.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct State {
    /// The name given to `up`.
    pub name: String,
    /// When `up` began.
    pub since: Timestamp,
    /// The CloudFormation stack, `waybill-<name>`.
    pub stack: String,
    /// Where all AWS services answer, such as `http://127.0.0.1:4566`.
    pub endpoint: String,
    /// The region of all resources.
    pub region: String,
    /// Keys of the local administrator, whom no policy restrains. They open nothing but this stack.
    pub access_key_id: String,
    /// See `access_key_id`.
    pub secret_access_key: String,
    /// Base of the HTTP API, empty until deployed.
    pub api_url: String,
    /// Base of the sandbox.
    pub sandbox_url: String,
    /// The programs of the stack by name: `aws`, `sandbox`.
    pub pids: BTreeMap<String, Running>,
    /// The outputs of the template: table names, queue addresses, key ARNs and so on. Empty until deployed.
    pub outputs: BTreeMap<String, String>,
}

impl State {
    /// Whether any program of the stack still runs.
    #[must_use]
    pub fn alive(&self) -> bool {
        self.pids.values().any(Running::alive)
    }

    /// Stops what this stack started, and nothing else.
    pub fn stop(&self) {
        self.pids.values().for_each(Running::stop);
    }
}

/// The folder of one stack: state, logs and temporary files.
pub struct Folder(PathBuf);

impl Folder {
    /// The folder of the stack with this name, which need not exist.
    ///
    /// # Errors
    /// When the name could not be part of AWS names: lower-case letters, digits and single dashes, at most 20.
    pub fn of(name: &str) -> Done<Self> {
        let fits = (1..=20).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !name.starts_with('-')
            && !name.ends_with('-');
        match fits {
            true => Ok(Self(stacks().join(name))),
            false => Err(Failure::new(format!(
                "`{name}` cannot name a stack: use up to 20 lower-case letters, digits and dashes, such as `try-2`."
            ))),
        }
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where the state lies.
    #[must_use]
    pub fn state_file(&self) -> PathBuf {
        self.0.join("state.json")
    }

    /// Reads the state; nothing when there is none.
    ///
    /// # Errors
    /// When the file is there and cannot be understood.
    pub fn read(&self) -> Done<Option<State>> {
        let file = self.state_file();
        let Ok(text) = fs::read_to_string(&file) else { return Ok(None) };
        serde_json::from_str(&text).map(Some).or_say(format!(
            "{} is damaged. If nothing of that stack runs any more, delete its folder and try again",
            file.display()
        ))
    }

    /// Writes the state, whole or not at all.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, state: &State) -> Done {
        let (file, draft) = (self.state_file(), self.0.join("state.json.new"));
        let text = serde_json::to_string_pretty(state).or_say("could not write the state")?;
        fs::write(&draft, text + "\n").or_say(format!("could not write {}", draft.display()))?;
        fs::rename(&draft, &file).or_say(format!("could not write {}", file.display()))
    }

    /// Makes the folder anew, empty.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn renew(&self) -> Done {
        let _ = fs::remove_dir_all(&self.0);
        fs::create_dir_all(self.0.join("tmp")).or_say(format!("could not make {}", self.0.display()))
    }

    /// Removes the folder and all in it.
    pub fn remove(&self) {
        let _ = fs::remove_dir_all(&self.0);
    }

    /// The end of a log, for an error message.
    #[must_use]
    pub fn tail(&self, log: &str) -> String {
        let text = fs::read_to_string(self.0.join(log)).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

/// The names of all stacks that have a folder, sorted.
#[must_use]
pub fn all() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(stacks())
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

fn stacks() -> PathBuf {
    paths::private().join("stacks")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_aws_would_refuse_are_refused_here() {
        for good in ["local", "a", "try-2"] {
            assert!(Folder::of(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a_b", "a/../b", "a.b", "abcdefghijklmnopqrstu"] {
            assert!(Folder::of(bad).is_err(), "{bad}");
        }
    }
}
