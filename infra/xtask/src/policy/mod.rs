//! Our own rules for `template.yaml`: what no general checker knows. One file per subject; each returns what it found.

mod alarms;
mod audit;
mod encryption;
mod entry;
mod forgetting;
mod keys;
mod queues;
mod roles;
mod rollout;
mod template;
mod wildcards;

#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::Value;

pub use template::Template;

/// One broken rule.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// The rule, such as `recipients`.
    pub rule: &'static str,
    /// The logical id of the resource, or the section of the template.
    pub at: String,
    /// What is wrong, and what would be right.
    pub text: String,
}

impl Finding {
    fn new(rule: &'static str, at: impl Into<String>, text: impl Into<String>) -> Self {
        Self { rule, at: at.into(), text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}: {}", self.rule, self.at, self.text)
    }
}

/// A subject: its name, and the check.
pub type Rule = (&'static str, fn(&Template) -> Vec<Finding>);

/// All rules, in the order they are printed.
pub const RULES: &[Rule] = &[
    ("no wildcard action or resource", wildcards::check),
    ("recipients open for shipper and reveal alone", keys::check_use),
    ("key administration apart from key use", keys::check_administration),
    ("roles fit what their functions are told and read", roles::check),
    ("everything at rest under our own key", encryption::check),
    ("nothing kept longer than promised", forgetting::check),
    ("erased within 30 days of shipping, lags included", forgetting::check_bound),
    ("queues that lose and repeat nothing", queues::check),
    ("TLS only, nothing public, staff signed in", entry::check),
    ("audit records are never rewritten", audit::check),
    ("what goes wrong is noticed and has a page", alarms::check),
    ("a new version gets a part of the work first, and an alarm takes it back", rollout::check),
];

/// Whether `word` is one of `words`.
fn matches_any(word: &str, words: &[&str]) -> bool {
    words.contains(&word)
}

/// Checks a template, given as JSON by [`crate::yaml::read`].
#[must_use]
pub fn check(template: &Value) -> Vec<Finding> {
    let template = Template::new(template);
    RULES.iter().flat_map(|(_, rule)| rule(&template)).collect()
}

/// Days after shipping by which a recipient is gone in the worst case; nothing when the template does not allow to compute it.
#[must_use]
pub fn worst_case_days(template: &Value) -> Option<f64> {
    forgetting::worst_case_seconds(&Template::new(template)).map(|seconds| seconds as f64 / 86_400.0)
}
