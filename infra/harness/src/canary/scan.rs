//! The scan: every sink of a stack, whole, for every form of every value.

use super::needles::{Form, Needles};
use super::sinks::{Kind, sinks};
use super::{Token, layers, read};
use crate::signed::Signed;
use crate::stack::{Stack, Trouble};
use std::collections::BTreeMap;
use std::path::Path;

/// A value was found where it must not be. The value itself is not here.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Hit {
    /// Where in the sink, and how it was packed.
    pub where_: String,
    /// Which of the values, from 0.
    pub token_index: usize,
    /// Where that value stood in its order.
    pub pointer: String,
    /// In which form.
    pub form: Form,
}

/// What was read of one sink and what was found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SinkReport {
    /// Its name in the template.
    pub name: String,
    /// What kind of place it is.
    pub kind: Kind,
    /// How many items were read: messages, rows, objects, lines, calls.
    pub read: usize,
    /// What was found.
    pub hits: Vec<Hit>,
}

/// What a scan found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// Every sink, in the order of the template.
    pub sinks: Vec<SinkReport>,
}

impl Report {
    /// How many values were found, each place counted.
    pub fn hits(&self) -> usize {
        self.sinks.iter().map(|sink| sink.hits.len()).sum()
    }

    /// How many places were read.
    pub fn sinks(&self) -> usize {
        self.sinks.len()
    }

    /// How many items were read in all.
    pub fn read(&self) -> usize {
        self.sinks.iter().map(|sink| sink.read).sum()
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} hits in {} sinks, {} items read", self.hits(), self.sinks(), self.read())?;
        for sink in self.sinks.iter().filter(|sink| !sink.hits.is_empty()) {
            for hit in &sink.hits {
                writeln!(
                    f,
                    "  {} ({:?}): {} holds {} as {:?}",
                    sink.name, sink.kind, hit.where_, hit.pointer, hit.form
                )?;
            }
        }
        Ok(())
    }
}

/// Scans every sink of a running stack. `template` is the template it was deployed from.
///
/// # Errors
/// When a sink cannot be read, or the template has one that this scan does not know.
pub async fn scan(stack: &Stack, template: &Path, tokens: &[Token]) -> Result<Report, Trouble> {
    let needles = Needles::new(tokens)?;
    let aws = Signed::new(stack);
    let mut report = Report { sinks: Vec::new() };
    for sink in sinks(stack, &aws, template).await? {
        let mut found = BTreeMap::new();
        let read =
            read::read(stack, &aws, &sink, &mut |place, bytes| search(&needles, place, bytes, &mut found))
                .await
                .map_err(|error| format!("{} cannot be read, so nothing is proven: {error}", sink.name))?;
        let hits = found.into_iter().map(|((where_, token_index), form)| Hit {
            where_,
            token_index,
            pointer: tokens.get(token_index).map(|token| token.pointer.clone()).unwrap_or_default(),
            form,
        });
        report.sinks.push(SinkReport { name: sink.name, kind: sink.kind, read, hits: hits.collect() });
    }
    Ok(report)
}

fn search(needles: &Needles, place: &str, bytes: &[u8], found: &mut BTreeMap<(String, usize), Form>) {
    layers::each(bytes, &mut |inner, how| {
        for (token, form) in needles.search(inner) {
            // The name of a place may be the leak itself, and a report must not repeat it.
            let hidden = !needles.search(place.as_bytes()).is_empty();
            let shown = if hidden { place.split('/').next().unwrap_or_default() } else { place };
            found.entry((format!("{shown}{how}"), token)).or_insert(form);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_never_repeats_what_it_found() {
        let token = Token { pointer: "/email".into(), value: "zoe.quayle@example.invalid".into() };
        let needles = Needles::new(std::slice::from_ref(&token)).unwrap();
        let mut found = BTreeMap::new();
        search(&needles, "item 1/zoe.quayle@example.invalid", b"to Zoe.Quayle@example.invalid", &mut found);
        search(&needles, "item 2/note", b"to zoe.quayle@example.invalid", &mut found);
        let places: Vec<_> = found.keys().map(|(place, _)| place.as_str()).collect();
        assert_eq!(places, ["item 1", "item 2/note"]);
        assert!(!format!("{token:?}").contains("zoe"));
    }
}
