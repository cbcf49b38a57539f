//! The same two steps at DPD by karrio, the largest open-source library of carriers. It maps DPD on the Continent and none
//! of the United Kingdom; the work is alike: an address and a parcel become a request, and a reply a number and a label.

use super::carrier::{DPD_BUILD, DPD_READ};
use super::row::Row;
use crate::stack::Trouble;
use serde::Deserialize;
use std::path::Path;
use std::process::{Command, Stdio};

/// What karrio's script prints.
#[derive(Deserialize)]
struct Karrio {
    build_us: f64,
    read_us: f64,
}

/// karrio's figures with how many times as long it takes as ours; the reason when there are none.
///
/// # Errors
/// When it is there and fails.
pub fn rows(ours: &[Row], runs: usize) -> Result<Result<Vec<Row>, String>, Trouble> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("baselines/karrio_dpd.py");
    let python = super::start::python();
    let has = |python: &Path| {
        let mut probe = Command::new(python);
        probe.args(["-c", "import karrio.mappers.dpd"]).stdout(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    };
    if !has(&python) {
        return Ok(Err("no Python with karrio; `cargo xtask bench` makes one in .waybill/venv".to_owned()));
    }
    let out = Command::new(python).arg(script).arg(runs.to_string()).output()?;
    if !out.status.success() {
        return Err(format!("karrio's baseline: {}", String::from_utf8_lossy(&out.stderr)).into());
    }
    let last = out.stdout.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty());
    let said: Karrio = serde_json::from_slice(last.ok_or("karrio's baseline printed nothing")?)?;
    let of = |name: &str, theirs: f64| {
        let ours = ours.iter().find(|row| row.name == name).map_or(f64::NAN, |row| row.value);
        [
            Row::new(format!("karrio, {name}"), theirs, "us"),
            Row::new(format!("karrio takes as long as, {name}"), theirs / ours, "of ours"),
        ]
    };
    Ok(Ok([of(DPD_BUILD, said.build_us), of(DPD_READ, said.read_us)].concat()))
}
