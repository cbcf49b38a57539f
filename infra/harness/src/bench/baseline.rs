//! The same ingest core in Python and in Node, written as one writes it there: standard libraries, each ecosystem's
//! usual cryptography, the same bodies, the same ids and the same sealed layout. Each checks its results against
//! ours before it measures, and we open what it sealed, so that the comparison is between equals.

use super::core::{Taken, Timing, ingest};
use super::row::Row;
use super::sample::{DATA_KEY, INDEX_KEY, SECRET, Sample};
use crate::stack::Trouble;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use waybill_privacy::seal::{Binding, DataKey, FieldSet, open, open_bytes};

/// What a baseline is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// CPython with `cryptography`, from the private environment that `cargo xtask` makes.
    Python,
    /// Node.js with its own crypto.
    Node,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Python, Self::Node];

    fn name(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::Node => "Node",
        }
    }

    /// The name of its figure.
    pub fn row(self) -> String {
        format!("ingest core in {}, p50", self.name())
    }

    fn script(self) -> PathBuf {
        let file = match self {
            Self::Python => "ingest.py",
            Self::Node => "ingest.mjs",
        };
        Path::new(env!("CARGO_MANIFEST_DIR")).join("baselines").join(file)
    }

    /// An interpreter that has what the script needs, or why there is none.
    fn interpreter(self) -> Result<PathBuf, No> {
        let works = |program: &Path, arguments: &[&str]| {
            let mut command = Command::new(program);
            command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        let (programs, probe, missing): (Vec<PathBuf>, &[&str], &str) = match self {
            Self::Python => (
                vec![super::start::python(), "python3".into()],
                &["-c", "import cryptography.hazmat.primitives.ciphers.aead"],
                "no Python with `cryptography`; `cargo xtask up` makes one in .waybill/venv",
            ),
            Self::Node => (vec!["node".into()], &["--version"], "node is not installed here"),
        };
        programs
            .into_iter()
            .find(|program| works(program, probe))
            .ok_or_else(|| No::Missing(missing.to_owned()))
    }
}

/// Why there is no figure.
#[derive(Debug)]
pub enum No {
    /// It is not installed here.
    Missing(String),
    /// It is, and does something else than we do: the comparison would be dishonest.
    Wrong(String),
}

impl No {
    fn wrong(language: Language, why: impl std::fmt::Display) -> Self {
        Self::Wrong(format!("the {} baseline: {why}", language.name()))
    }
}

/// What a script prints as its last line.
#[derive(Deserialize)]
struct Said {
    p50_us: f64,
    p99_us: f64,
    per_second: f64,
    /// The recipient of each order as it sealed it, hexadecimal.
    sealed: Vec<String>,
}

/// Runs a baseline over the sample.
///
/// # Errors
/// `No` when it is not there, or does not do the same as we.
pub fn measure(language: Language, sample: &Sample, runs: usize) -> Result<Timing, No> {
    let program = language.interpreter()?;
    let wrong = |why: Trouble| No::wrong(language, why);
    let ours: Vec<Taken> =
        sample.orders.iter().map(|order| ingest(sample, order)).collect::<Result<_, _>>().map_err(wrong)?;
    let input = Input::write(sample, &ours).map_err(wrong)?;
    let mut command = Command::new(program);
    command.arg(language.script()).arg(&input.0).arg(runs.to_string());
    let out = command.stderr(Stdio::inherit()).output().map_err(|why| No::wrong(language, why))?;
    if !out.status.success() {
        return Err(No::wrong(language, "it did not come to its end; what it said is above"));
    }
    let said = read(&out.stdout).map_err(wrong)?;
    check(sample, &ours, &said.sealed).map_err(wrong)?;
    Ok(Timing { p50_us: said.p50_us, p99_us: said.p99_us, per_second: said.per_second })
}

fn read(out: &[u8]) -> Result<Said, Trouble> {
    let last = out.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty());
    Ok(serde_json::from_slice(last.ok_or("it printed nothing")?)?)
}

/// Opens what the baseline sealed, as the shipper would.
fn check(sample: &Sample, ours: &[Taken], sealed: &[String]) -> Result<(), Trouble> {
    let key = DataKey::from_bytes(&DATA_KEY)?;
    let merchant = &sample.account.merchant.id;
    if sealed.len() != ours.len() {
        return Err("it did not seal every order".into());
    }
    for (ours, theirs) in ours.iter().zip(sealed) {
        let opened = open(&key, merchant, &ours.prepared.who.order, &hex::decode(theirs)?)?;
        if Some(opened) != ours.prepared.recipient {
            return Err("it sealed another recipient than we do".into());
        }
    }
    Ok(())
}

/// The file a baseline reads; gone when dropped.
struct Input(PathBuf);

impl Input {
    fn write(sample: &Sample, ours: &[Taken]) -> Result<Self, Trouble> {
        let key = DataKey::from_bytes(&DATA_KEY)?;
        let merchant = &sample.account.merchant;
        let mut orders = Vec::with_capacity(ours.len());
        for (order, taken) in sample.orders.iter().zip(ours) {
            let who = &taken.prepared.who;
            let to = Binding { merchant: &merchant.id, order: &who.order, field_set: FieldSet::Recipient };
            let recipient: Value = serde_json::from_slice(&open_bytes(&key, to, &taken.sealed)?)?;
            orders.push(json!({
                "body": std::str::from_utf8(&order.body)?,
                "signature": order.signature,
                "expected": {
                    "order": who.order, "lines": who.lines, "buyer": taken.prepared.buyer, "recipient": recipient,
                },
            }));
        }
        let whole = json!({
            "secret": SECRET,
            "index_key": hex::encode(INDEX_KEY),
            "data_key": hex::encode(DATA_KEY),
            "merchant": merchant.id,
            "connection": sample.account.connection.id,
            "needs": merchant.needs,
            "orders": orders,
        });
        let file = std::env::temp_dir().join(format!("waybill-bench-{}.json", std::process::id()));
        let input = Self(file);
        fs::write(&input.0, whole.to_string())?;
        Ok(input)
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// The figures, with how many times as long it takes as ours.
pub fn rows(language: Language, theirs: &Timing, ours: &Timing) -> Vec<Row> {
    vec![
        Row::new(language.row(), theirs.p50_us, "us"),
        Row::new(format!("{} takes as long as", language.name()), theirs.p50_us / ours.p50_us, "of ours"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts() {
        let out = b"warming up\n{\"p50_us\":300.5,\"p99_us\":400,\"per_second\":3000,\"sealed\":[]}\n\n";
        assert_eq!(read(out).unwrap().p50_us, 300.5);
        assert!(read(b"").is_err() && read(b"no json\n").is_err());
    }

    #[test]
    fn every_baseline_that_can_run_here_does_what_we_do() {
        let sample = Sample::new().unwrap();
        for language in Language::ALL {
            match measure(language, &sample, 64) {
                Ok(timing) => assert!(timing.p50_us > 0.0),
                Err(No::Missing(why)) => eprintln!("skipped: {why}"),
                Err(No::Wrong(why)) => panic!("{why}"),
            }
        }
    }
}
