//! The figures as a table for people.

use super::row::{Budget, Report, Row};

/// The whole report as text: figures, what was skipped, notes, and how many budgets were kept.
pub fn text(report: &Report) -> String {
    let cells: Vec<[String; 5]> =
        std::iter::once(["what", "measured", "unit", "budget", ""].map(str::to_owned))
            .chain(report.rows.iter().map(cells))
            .collect();
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 5] = std::array::from_fn(width);
    let mut out = String::new();
    for [name, value, unit, budget, verdict] in &cells {
        let [n, v, u, b, _] = widths;
        let line = format!("{name:n$}  {value:>v$} {unit:u$}  {budget:>b$}  {verdict}");
        out.push_str(line.trim_end());
        out.push('\n');
    }
    for (name, why) in &report.skipped {
        out.push_str(&format!("skipped: {name}: {why}\n"));
    }
    for note in &report.notes {
        out.push_str(note);
        out.push('\n');
    }
    let held: Vec<&Row> = report.rows.iter().filter(|row| row.budget.is_some()).collect();
    let kept = held.iter().filter(|row| row.ok()).count();
    out.push_str(&format!("{kept} of {} budgets kept\n", held.len()));
    out
}

fn cells(row: &Row) -> [String; 5] {
    let budget = match row.budget {
        None => String::new(),
        Some(Budget::AtMost(most)) => format!("<= {}", number(most)),
        Some(Budget::AtLeast(least)) => format!(">= {}", number(least)),
        Some(Budget::Exactly(one)) => format!("= {}", number(one)),
    };
    let verdict = match (row.budget, row.ok()) {
        (None, _) => "",
        (_, true) => "ok",
        (_, false) => "MISSED",
    };
    [row.name.clone(), number(row.value), row.unit.to_owned(), budget, verdict.to_owned()]
}

/// Large figures whole and grouped, small ones with as many places as mean something.
fn number(value: f64) -> String {
    let places = match value.abs() {
        big if big >= 100.0 => 0,
        _ if value.fract() == 0.0 => 0,
        some if some >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.places$}");
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), None), |(w, r)| (w, Some(r)));
    let mut grouped = String::new();
    let digits = whole.trim_start_matches('-');
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if whole.starts_with('-') { "-" } else { "" };
    rest.map_or_else(|| format!("{sign}{grouped}"), |rest| format!("{sign}{grouped}.{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        let texts = [0.5, 9.0, 12.34, 999.6, 20_000.0, 1_234_567.8, -3.25].map(number);
        assert_eq!(texts, ["0.50", "9", "12.3", "1,000", "20,000", "1,234,568", "-3.25"]);
    }

    #[test]
    fn a_miss_stands_out_and_a_skip_is_neither() {
        let mut report = Report::default();
        report.rows.push(Row::new("start", 30.0, "ms").budget(Budget::AtMost(20.0)));
        report.rows.push(Row::new("told", 1.0, "us"));
        report.skip("Node", "it is not installed");
        let text = text(&report);
        assert!(text.contains("<= 20  MISSED"), "{text}");
        assert!(text.contains("skipped: Node: it is not installed"));
        assert!(text.ends_with("0 of 1 budgets kept\n"));
    }
}
