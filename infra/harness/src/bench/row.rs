//! One measured figure beside its budget.

use serde_json::{Value, json};

/// What a figure is held to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Budget {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
    /// This and nothing else.
    Exactly(f64),
}

impl Budget {
    /// Whether `value` keeps to it. Not a number never does.
    pub fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
            Self::Exactly(one) => (value - one).abs() < 1e-9,
        }
    }

    /// The figure itself.
    pub fn figure(self) -> f64 {
        match self {
            Self::AtMost(figure) | Self::AtLeast(figure) | Self::Exactly(figure) => figure,
        }
    }
}

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What was measured.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
    /// What it is held to; `None` for what is only told.
    pub budget: Option<Budget>,
}

impl Row {
    /// A figure without a budget.
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, budget: None }
    }

    /// The figure, held to `budget`.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = Some(budget);
        self
    }

    /// Whether it keeps to its budget; a figure without one always does.
    pub fn ok(&self) -> bool {
        self.budget.is_none_or(|budget| budget.holds(self.value))
    }

    fn json(&self) -> Value {
        // Thousandths are finer than any of these is known; whole numbers stay whole.
        let value = (self.value * 1000.0).round() / 1000.0;
        json!({
            "name": self.name,
            "value": value,
            "unit": self.unit,
            "budget": self.budget.map(Budget::figure),
            "ok": self.ok(),
        })
    }
}

/// Everything a run measured.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// What was measured.
    pub rows: Vec<Row>,
    /// What was not, and why.
    pub skipped: Vec<(String, String)>,
    /// What explains the figures.
    pub notes: Vec<String>,
}

impl Report {
    /// Notes that something was not measured.
    pub fn skip(&mut self, name: impl Into<String>, why: impl Into<String>) {
        self.skipped.push((name.into(), why.into()));
    }

    /// The last line of `--json`. What was skipped is no row: it was neither kept nor missed.
    pub fn json(&self) -> Value {
        json!({
            "rows": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
            "skipped": self.skipped.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_has_a_direction() {
        assert!(Budget::AtMost(40.0).holds(40.0) && !Budget::AtMost(40.0).holds(40.1));
        assert!(Budget::AtLeast(2_000.0).holds(2_000.0) && !Budget::AtLeast(2_000.0).holds(1_999.0));
        assert!(Budget::Exactly(1_000.0).holds(1_000.0) && !Budget::Exactly(1_000.0).holds(999.0));
        assert!(!Budget::AtMost(1.0).holds(f64::NAN));
    }

    #[test]
    fn a_row_reads_as_the_issue_says() {
        let row = Row::new("start", 12.34567, "ms").budget(Budget::AtMost(20.0));
        let expected = json!({"name": "start", "value": 12.346, "unit": "ms", "budget": 20.0, "ok": true});
        assert_eq!(row.json(), expected);
        let told = Row::new("p99", 1.0, "us");
        assert!(told.ok() && told.json()["budget"].is_null());
    }
}
