//! A large file of SKUs: how long it takes to look at and to write, and whether memory stays flat meanwhile.

use super::row::{Budget, Row};
use crate::stack::Trouble;
use jiff::Timestamp;
use std::io::Read;
use std::sync::Arc;
use std::time::Instant;
use waybill_bulk::{Ask, Kind, Mode, import};
use waybill_domain::{MerchantId, WarehouseId};
use waybill_store::memory::{Calm, Engine};
use waybill_store::uploads::UploadState;

/// A file that is never whole in memory: each line is made when it is read.
struct Lines {
    next: usize,
    rows: usize,
    line: Vec<u8>,
    at: usize,
}

impl Lines {
    fn new(rows: usize) -> Self {
        Self { next: 0, rows, line: b"sku,name,barcodes,grams,tags\n".to_vec(), at: 0 }
    }
}

impl Read for Lines {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.line.len() {
            if self.next == self.rows {
                return Ok(0);
            }
            let n = self.next;
            self.line = format!("SKU-{n:07},Article {n},50{n:011},{},a|b\n", n % 900 + 1).into_bytes();
            (self.at, self.next) = (0, n + 1);
        }
        let left = self.line.get(self.at..).unwrap_or_default();
        let count = left.len().min(to.len());
        to[..count].copy_from_slice(&left[..count]);
        self.at += count;
        Ok(count)
    }
}

/// Memory of this process in MB, where the system tells.
fn memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kb| kb / 1024.0)
}

/// Imports a file of so many rows.
///
/// # Errors
/// When the in-memory tables fail or a row is refused.
pub async fn rows(rows: usize) -> Result<Vec<Row>, Trouble> {
    let db = Engine::new(Arc::new(Calm))?.db();
    let merchant: MerchantId = "mer_1".parse()?;
    let warehouses: Vec<WarehouseId> = Vec::new();
    let ask = Ask {
        id: "bench",
        kind: Kind::Skus,
        mode: Mode::AllOrNothing,
        dry_run: true,
        merchant: &merchant,
        warehouses: &warehouses,
        actor: "bench",
        at: Timestamp::UNIX_EPOCH,
    };
    let before = memory();
    let start = Instant::now();
    let looked = import(&db, &ask, || Ok(Lines::new(rows)), |_| true).await?;
    let look = start.elapsed().as_secs_f64();
    let grown = before.zip(memory()).map(|(before, after)| after - before);
    let ask = Ask { dry_run: false, ..ask };
    let start = Instant::now();
    let done = import(&db, &ask, || Ok(Lines::new(rows)), |_| true).await?;
    let took = start.elapsed().as_secs_f64();
    if looked.bad > 0 || done.state != UploadState::Done || done.written != rows as u64 {
        return Err(format!("the file was not imported whole: {done:?}").into());
    }
    let mut all = vec![
        Row::new(format!("CSV of {rows} SKUs, dry run"), look, "s"),
        Row::new(format!("CSV of {rows} SKUs, imported"), took, "s").budget(Budget::AtMost(60.0)),
    ];
    all.extend(
        grown.map(|mb| Row::new("CSV, memory grown by a dry run", mb, "MB").budget(Budget::AtMost(8.0))),
    );
    Ok(all)
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn a_file_made_line_by_line_is_imported_whole() {
        assert!(super::rows(1_000).await.unwrap().len() >= 2);
    }
}
