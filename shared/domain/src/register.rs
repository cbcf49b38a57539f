//! Registers of what people must do and when it is due again (CONTROLS B6, D2, E5, G1 to G3, H2, H4, H7). Whether it
//! was really done stays outside; a register makes its absence visible, and some absences close a door.

use crate::time::{after, days};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Register {
    /// A processor or recipient, such as a carrier, was assessed. Its name is that of the connection.
    Processor,
    /// A policy is in force; its version is the hash of its text.
    Policy,
    /// The plan for incidents was reviewed.
    IncidentPlan,
    /// Risks were reviewed by those who answer for them.
    RiskReview,
    /// The list of assets was gone through.
    AssetReview,
    /// Who may do what was gone through.
    AccessReview,
    /// Security logs were read.
    LogReview,
    /// A secret of a channel's app was changed (Login with Amazon: 180 days).
    AppSecret,
    /// Another secret was changed.
    Secret,
    /// Everything was scanned for known vulnerabilities.
    Scan,
    /// A finding of a scan that is open; done when it was found.
    Finding,
    /// Somebody tried to break in.
    PenetrationTest,
    /// A backup was restored.
    RestoreDrill,
    /// A breach was played through.
    BreachDrill,
    /// A text that rules us was read again; its version is the hash of what was read.
    Source,
}

impl Register {
    /// Every register.
    pub const ALL: [Self; 15] = [
        Self::Processor,
        Self::Policy,
        Self::IncidentPlan,
        Self::RiskReview,
        Self::AssetReview,
        Self::AccessReview,
        Self::LogReview,
        Self::AppSecret,
        Self::Secret,
        Self::Scan,
        Self::Finding,
        Self::PenetrationTest,
        Self::RestoreDrill,
        Self::BreachDrill,
        Self::Source,
    ];

    /// Days after which it is due again (CONTROLS sections 1.1 and 3). A finding has its own.
    fn interval(self) -> i64 {
        match self {
            Self::Processor | Self::Policy | Self::RiskReview | Self::Secret => 365,
            Self::PenetrationTest | Self::BreachDrill => 365,
            Self::IncidentPlan => 182,
            Self::AppSecret => 180,
            Self::AssetReview | Self::AccessReview | Self::RestoreDrill => 90,
            Self::Source => 31,
            Self::Scan | Self::Finding => 30,
            Self::LogReview => 14,
        }
    }

    /// Registers that must hold something: nothing there is as overdue as something old.
    const NEEDED: [Self; 10] = [
        Self::Policy,
        Self::IncidentPlan,
        Self::RiskReview,
        Self::AssetReview,
        Self::AccessReview,
        Self::LogReview,
        Self::Scan,
        Self::PenetrationTest,
        Self::RestoreDrill,
        Self::BreachDrill,
    ];
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Fixed within 7 days.
    Critical,
    /// Fixed within 30 days.
    High,
}

/// One line of a register. Nothing in it is free text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// Which register.
    pub register: Register,
    /// What, in letters, digits, `-` and `_`.
    pub name: String,
    /// When it was done; of a finding, when it was found.
    #[schemars(with = "crate::time::Moment")]
    pub done_at: Timestamp,
    /// Who answers for it, by the id of their sign-in.
    pub owner: String,
    /// The SHA-256 of the text, of a policy or a source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How bad, of a finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The controls that rest on it, of a source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<String>,
    /// The text is another than when it was read before; its controls are to be looked at again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::time::Moment>")]
    pub changed_at: Option<Timestamp>,
    /// It is settled, of a finding.
    #[serde(default)]
    pub closed: bool,
}

/// Why an entry cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The name is no name.
    #[error("a name is 1 to 64 letters, digits, `-` or `_`")]
    Name,
    /// It was not done yet.
    #[error("what is entered was done, so not in the future")]
    Future,
    /// The version is no hash.
    #[error(
        "a policy or a source has the SHA-256 of its text as version, 64 hexadecimal digits; nothing else has one"
    )]
    Version,
    /// A finding without a severity, or something else with one.
    #[error("a finding, and nothing else, has a severity")]
    Severity,
}

impl Entry {
    /// Checks an entry and, for a source, whether its text is another than before.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn checked(mut self, before: Option<&Self>, now: Timestamp) -> Result<Self, EntryError> {
        let word = |text: &str, most| {
            (1..=most).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        };
        if !word(&self.name, 64) || self.controls.iter().any(|control| !word(control, 4)) {
            return Err(EntryError::Name);
        }
        if self.done_at > now {
            return Err(EntryError::Future);
        }
        let hash = |text: &String| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let has_text = matches!(self.register, Register::Policy | Register::Source);
        if has_text != self.version.is_some() || !self.version.as_ref().is_none_or(hash) {
            return Err(EntryError::Version);
        }
        if (self.register == Register::Finding) != self.severity.is_some() {
            return Err(EntryError::Severity);
        }
        let changed = before.is_some_and(|before| before.version != self.version);
        self.changed_at = (self.register == Register::Source && changed).then_some(now);
        Ok(self)
    }

    /// When it is due again.
    pub fn due(&self) -> Timestamp {
        let interval = match self.severity {
            Some(Severity::Critical) => 7,
            _ => self.register.interval(),
        };
        after(self.done_at, days(interval))
    }
}

/// Something that is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Due {
    /// In which register.
    pub register: Register,
    /// What; empty when the register holds nothing.
    pub name: String,
    /// Since when; absent when it was never done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::time::Moment>")]
    pub since: Option<Timestamp>,
    /// The controls to be looked at again, when a text changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<String>,
}

/// Everything that is overdue.
pub fn due(entries: &[Entry], now: Timestamp) -> Vec<Due> {
    let mut found: Vec<Due> = Vec::new();
    for entry in entries.iter().filter(|entry| !entry.closed) {
        let line =
            |since, controls| Due { register: entry.register, name: entry.name.clone(), since, controls };
        if entry.due() <= now {
            found.push(line(Some(entry.due()), Vec::new()));
        }
        if let Some(changed) = entry.changed_at {
            found.push(line(Some(changed), entry.controls.clone()));
        }
    }
    for register in Register::NEEDED {
        // A line that ended is no sign that the thing is still done.
        if entries.iter().all(|entry| entry.register != register || entry.closed) {
            found.push(Due { register, name: String::new(), since: None, controls: Vec::new() });
        }
    }
    found
}

/// Whether a processor may be given anything: it was assessed within the year (CONTROLS H2). One that never was
/// may not.
pub fn is_assessed(entry: Option<&Entry>, now: Timestamp) -> bool {
    entry.is_some_and(|entry| {
        entry.register == Register::Processor && entry.done_at <= now && now < entry.due() && !entry.closed
    })
}

/// What stands against a release: no scan within 30 days, or a finding past its day (CONTROLS G2).
pub fn against_release(entries: &[Entry], now: Timestamp) -> Vec<Due> {
    let about = |due: &Due| matches!(due.register, Register::Scan | Register::Finding);
    due(entries, now).into_iter().filter(about).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T09:15:00Z".parse().unwrap()
    }

    fn entry(register: Register, days_ago: i64) -> Entry {
        Entry {
            register,
            name: "it".into(),
            done_at: after(now(), days(-days_ago)),
            owner: "a".into(),
            version: matches!(register, Register::Policy | Register::Source).then(|| "0".repeat(64)),
            severity: (register == Register::Finding).then_some(Severity::High),
            controls: Vec::new(),
            changed_at: None,
            closed: false,
        }
    }

    #[test]
    fn each_register_is_due_on_its_day_and_not_before() {
        let days_of = [365, 365, 182, 365, 90, 90, 14, 180, 365, 30, 30, 365, 90, 365, 31];
        let all: Vec<Entry> = Register::ALL.map(|register| entry(register, 0)).into();
        assert_eq!(due(&all, now()), []);
        for (register, interval) in Register::ALL.into_iter().zip(days_of) {
            for (ago, is_due) in [(interval - 1, false), (interval, true)] {
                let mut all = all.clone();
                all.retain(|one| one.register != register);
                all.push(entry(register, ago));
                let found: Vec<Register> = due(&all, now()).into_iter().map(|due| due.register).collect();
                assert_eq!(found, if is_due { vec![register] } else { vec![] }, "{register:?} {ago}");
            }
        }
    }

    #[test]
    fn what_was_never_done_is_due() {
        let never: Vec<Register> = due(&[], now()).into_iter().map(|due| due.register).collect();
        assert_eq!(never, Register::NEEDED);
        assert!(due(&[], now()).iter().all(|due| due.since.is_none()));
    }

    #[test]
    fn ending_the_last_line_of_a_needed_register_does_not_silence_it() {
        for register in Register::NEEDED {
            let ended = Entry { closed: true, ..entry(register, 1) };
            assert!(due(&[ended], now()).iter().any(|due| due.register == register), "{register:?}");
        }
    }

    #[test]
    fn a_text_that_changed_reopens_its_controls_until_it_is_entered_again_unchanged() {
        let first = entry(Register::Source, 20).checked(None, now()).unwrap();
        assert_eq!(first.changed_at, None);
        let controls = vec!["C4".to_owned(), "H5".to_owned()];
        let other =
            Entry { version: Some("1".repeat(64)), controls: controls.clone(), ..entry(Register::Source, 0) };
        let changed = other.clone().checked(Some(&first), now()).unwrap();
        let of = |entry: &Entry| {
            due(std::slice::from_ref(entry), now()).into_iter().find(|due| !due.controls.is_empty())
        };
        assert_eq!(of(&changed).unwrap().controls, controls);
        assert_eq!(of(&other.checked(Some(&changed), now()).unwrap()), None);
    }

    #[test]
    fn what_cannot_be_an_entry_is_refused() {
        let bad = |change: fn(&mut Entry)| {
            let mut one = entry(Register::Policy, 1);
            change(&mut one);
            one.checked(None, now()).unwrap_err()
        };
        assert_eq!(bad(|e| e.name = "Zoë Ångström".into()), EntryError::Name);
        assert_eq!(bad(|e| e.name = String::new()), EntryError::Name);
        assert_eq!(bad(|e| e.done_at = after(now(), days(1))), EntryError::Future);
        assert_eq!(bad(|e| e.version = Some("v2".into())), EntryError::Version);
        assert_eq!(bad(|e| e.version = None), EntryError::Version);
        assert_eq!(bad(|e| e.severity = Some(Severity::High)), EntryError::Severity);
    }

    #[test]
    fn only_a_processor_assessed_within_the_year_is_given_anything() {
        assert!(!is_assessed(None, now()));
        assert!(is_assessed(Some(&entry(Register::Processor, 364)), now()));
        assert!(!is_assessed(Some(&entry(Register::Processor, 365)), now()));
        assert!(!is_assessed(Some(&entry(Register::Processor, -1)), now()));
        assert!(!is_assessed(Some(&entry(Register::Policy, 1)), now()));
    }

    #[test]
    fn a_late_finding_or_scan_stands_against_a_release() {
        let fresh = [entry(Register::Scan, 29), entry(Register::Finding, 29)];
        assert_eq!(against_release(&fresh, now()), []);
        let critical = Entry { severity: Some(Severity::Critical), ..entry(Register::Finding, 7) };
        assert_eq!(against_release(&[entry(Register::Scan, 1), critical.clone()], now()).len(), 1);
        let closed = Entry { closed: true, ..critical };
        assert_eq!(against_release(&[entry(Register::Scan, 1), closed], now()), []);
        assert_eq!(against_release(&[entry(Register::Scan, 30)], now()).len(), 1);
        assert_eq!(against_release(&[], now()).len(), 1, "never scanned");
    }
}
