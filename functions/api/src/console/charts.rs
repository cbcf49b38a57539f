//! Charts as SVG, drawn here. Each says in words what it shows and is followed by its figures as a table.

use maud::{Markup, html};

/// The width of the drawing, in its own units.
const WIDE: usize = 320;

/// One thing that is shown.
pub struct Row {
    /// What it is called.
    pub name: String,
    /// How many.
    pub value: i64,
}

impl Row {
    /// A row.
    pub fn new(name: impl Into<String>, value: i64) -> Self {
        Self { name: name.into(), value }
    }
}

fn length(value: i64, most: i64, whole: usize) -> usize {
    let (value, most) = (usize::try_from(value).unwrap_or_default(), usize::try_from(most).unwrap_or(1));
    // What is there is seen, however little it is.
    if value == 0 { 0 } else { (value * whole / most.max(1)).max(2) }
}

fn most(rows: &[Row]) -> i64 {
    rows.iter().map(|row| row.value).max().unwrap_or_default().max(1)
}

/// So many of something, whose plural ends in s.
fn counted(n: i64, unit: &str) -> String {
    format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
}

/// Columns over time, oldest first; every `each`th is named below its column. `unit` is the name of one.
pub fn columns(id: &str, title: &str, unit: &str, rows: &[Row], each: usize) -> Markup {
    let (most, tall) = (most(rows), 110);
    let step = (WIDE / rows.len().max(1)).max(3);
    let total: i64 = rows.iter().map(|row| row.value).sum();
    let top = rows.iter().max_by_key(|row| row.value).filter(|row| row.value > 0);
    let text = top.map_or_else(
        || format!("No {unit}s in this time."),
        |top| format!("{} in all; the most, {}, at {}.", counted(total, unit), top.value, top.name),
    );
    let drawing = html! {
        line.axis x1="0" y1=(tall + 14) x2=(WIDE) y2=(tall + 14) {}
        @if total > 0 { text.scale x="0" y="9" { "most: " (most) } }
        @for (n, row) in rows.iter().enumerate() {
            @let high = length(row.value, most, tall);
            rect.mark x=(n * step + 1) y=(tall + 14 - high) width=(step - 2) height=(high) rx="1" {}
            @if n % each.max(1) == 0 {
                text.scale x=(n * step + 1) y=(tall + 27) { (row.name) }
            }
        }
    };
    chart(id, title, &text, tall + 32, &drawing, rows)
}

/// Bars side by side, one for each row.
pub fn bars(id: &str, title: &str, unit: &str, rows: &[Row]) -> Markup {
    let most = most(rows);
    let total: i64 = rows.iter().map(|row| row.value).sum();
    let (left, high) = (104, 24);
    let drawing = html! {
        @for (n, row) in rows.iter().enumerate() {
            @let wide = length(row.value, most, WIDE - left - 40);
            text.label x=(left - 8) y=(n * high + 16) text-anchor="end" { (row.name) }
            rect.mark x=(left) y=(n * high + 4) width=(wide) height=(high - 8) rx="2" {}
            text.label x=(left + wide + 6) y=(n * high + 16) { (row.value) }
        }
    };
    chart(id, title, &format!("{} in all.", counted(total, unit)), rows.len() * high + 4, &drawing, rows)
}

fn chart(id: &str, title: &str, text: &str, tall: usize, drawing: &Markup, rows: &[Row]) -> Markup {
    let (name, said) = (format!("{id}-title"), format!("{id}-text"));
    html! {
        figure.card {
            figcaption { strong { (title) } " " (text) }
            svg viewBox=(format!("0 0 {WIDE} {tall}")) role="img" aria-labelledby=(format!("{name} {said}")) {
                title id=(name) { (title) }
                desc id=(said) { (text) }
                (drawing)
            }
            details {
                summary { "Figures of: " (title) }
                table {
                    thead { tr { th scope="col" { "What" } th scope="col" { "How many" } } }
                    tbody {
                        @for row in rows { tr { th scope="row" { (row.name) } td.number { (row.value) } } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_fills_the_space_and_one_piece_is_still_seen() {
        assert_eq!(length(50, 50, 100), 100);
        assert_eq!(length(1, 100_000, 100), 2);
        assert_eq!(length(0, 1, 100), 0);
        assert_eq!(length(-3, 1, 100), 0);
    }

    #[test]
    fn a_chart_says_in_words_what_it_shows() {
        let rows = [Row::new("09:00", 3), Row::new("10:00", 9)];
        let chart = columns("x", "Orders", "order", &rows, 6).into_string();
        assert!(chart.contains("12 orders in all; the most, 9, at 10:00."), "{chart}");
        assert!(chart.contains("role=\"img\"") && chart.contains("<th scope=\"row\">10:00</th>"));
        assert!(bars("x", "Orders", "order", &rows[..1]).into_string().contains("3 orders in all."));
        assert_eq!(counted(1, "piece"), "1 piece");
        let none = columns("x", "Orders", "order", &[], 6).into_string();
        assert!(none.contains("No orders in this time."));
        let hostile = bars("x", "<i>", "piece", &[Row::new("<script>", 1)]).into_string();
        assert!(!hostile.contains("<script>") && !hostile.contains("<i>"));
    }
}
