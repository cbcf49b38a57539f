//! What a run found.

use serde::Serialize;

/// What a check counts when it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    /// Audit chains that do not hold.
    BrokenChains,
    /// Orders past their purge time and not erased.
    OverdueOrders,
    /// Things to be done that are due.
    DueItems,
    /// Requests and notices whose time has run out.
    OverdueClocks,
    /// Openings that look wrong.
    AccessAlarms,
    /// Openings without a record, and records without an opening.
    Openings,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked, such as `audit_chain/mer_…/access`.
    pub name: String,
    /// All is well.
    pub ok: bool,
    /// What was seen: counts and ids, never personal data.
    pub detail: String,
    /// What `found` is a number of.
    #[serde(skip)]
    pub(crate) counts: Counts,
    /// How many things are wrong.
    #[serde(skip)]
    pub(crate) found: usize,
}

/// All checks of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Each of them.
    pub checks: Vec<Check>,
    /// Every one of them is well.
    pub ok: bool,
}

impl Report {
    pub(crate) fn new(checks: Vec<Check>) -> Self {
        let ok = checks.iter().all(|check| check.ok);
        Self { checks, ok }
    }

    pub(crate) fn total(&self, counts: Counts) -> usize {
        self.checks.iter().filter(|check| check.counts == counts).map(|check| check.found).sum()
    }
}
