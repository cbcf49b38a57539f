//! An import: first the whole file is looked at, then its good rows are written, a chunk at a time.

use crate::check::Checker;
use crate::row::{Cells, Kind, Row};
use crate::write::write;
use csv::{ReaderBuilder, StringRecord};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::io::Read;
use waybill_domain::catalogue::{MOST_COMPONENTS, Mapping};
use waybill_domain::{MerchantId, WarehouseId};
use waybill_store::stock::Shelves;
use waybill_store::uploads::{RowError, Upload, UploadState};
use waybill_store::{Db, StoreError};

/// Rows that are checked and written together.
const CHUNK: usize = 100;
/// Bad rows that are named.
const MOST_ERRORS: usize = 100;

/// What becomes of the good rows when some are bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "UploadMode")]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Nothing is written unless every row is good.
    AllOrNothing,
    /// The good ones are written.
    SkipBad,
}

/// What is to be imported.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// What the upload is called: the same again goes on where it stopped, or does nothing.
    pub id: &'a str,
    /// What its rows are.
    pub kind: Kind,
    /// What becomes of good rows when some are bad.
    pub mode: Mode,
    /// Only look.
    pub dry_run: bool,
    /// Whose.
    pub merchant: &'a MerchantId,
    /// Warehouses that exist.
    pub warehouses: &'a [WarehouseId],
    /// By whom.
    pub actor: &'a str,
    /// Now.
    pub at: Timestamp,
}

/// Why an import did not happen at all.
#[derive(Debug, thiserror::Error)]
pub enum BulkError {
    /// The file cannot be read.
    #[error("the file cannot be read: send comma-separated text in UTF-8 with a header line")]
    Read,
    /// A column is missing.
    #[error("the file has no column `{0}`")]
    Column(&'static str),
    /// Another file was sent under this name.
    #[error("another file was uploaded under this name; take another name")]
    OtherContent,
    /// AWS.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Imports a file. `open` gives it from the beginning, as often as it is asked; `go_on` is told after every chunk how
/// far it is and says whether to go on: where it says no, the upload is left running.
///
/// # Errors
/// `BulkError`; what is wrong with single rows is in the upload.
pub async fn import<R: Read>(
    db: &Db,
    ask: &Ask<'_>,
    open: impl Fn() -> std::io::Result<R>,
    mut go_on: impl FnMut(&Upload) -> bool,
) -> Result<Upload, BulkError> {
    let digest = digest(open().map_err(|_| BulkError::Read)?)?;
    let known = db.upload(ask.merchant, ask.id).await?;
    if known.as_ref().is_some_and(|k| k.digest != digest || k.kind != ask.kind.as_str()) {
        return Err(BulkError::OtherContent);
    }
    let mut upload = match known {
        Some(known) if matches!(known.state, UploadState::Done | UploadState::Partial) => return Ok(known),
        Some(known) if known.state == UploadState::Running && !ask.dry_run => known,
        _ => {
            let mut fresh = Upload {
                id: ask.id.to_owned(),
                kind: ask.kind.as_str().to_owned(),
                digest,
                state: UploadState::Running,
                rows: 0,
                bad: 0,
                written: 0,
                line: 0,
                errors: Vec::new(),
                at: ask.at,
            };
            look(db, ask, open().map_err(|_| BulkError::Read)?, &mut fresh).await?;
            if ask.dry_run {
                fresh.state = UploadState::Checked;
                return Ok(fresh);
            }
            if fresh.bad > 0 && ask.mode == Mode::AllOrNothing {
                fresh.state = UploadState::Refused;
                db.save_upload(ask.merchant, &fresh).await?;
                return Ok(fresh);
            }
            db.save_upload(ask.merchant, &fresh).await?;
            fresh
        }
    };
    let mut rows = Rows::new(open().map_err(|_| BulkError::Read)?, ask.kind)?;
    let checker = Checker { db, merchant: ask.merchant, warehouses: ask.warehouses };
    while let Some((chunk, _, last)) = rows.chunk()? {
        if last <= upload.line {
            continue;
        }
        let unfit = checker.errors(&chunk).await?;
        let bad: BTreeSet<u64> = unfit.iter().map(|e| e.line).collect();
        if ask.mode == Mode::AllOrNothing {
            // They were good when the file was looked at.
            note(&mut upload, unfit);
        }
        let good: Vec<(u64, Row)> = chunk.into_iter().filter(|(line, _)| !bad.contains(line)).collect();
        let count = u64::try_from(good.len()).unwrap_or_default();
        let late = write(db, ask, good).await?;
        let failed = u64::try_from(late.len()).unwrap_or_default();
        upload.written += count - failed;
        note(&mut upload, late);
        upload.line = last;
        db.save_upload(ask.merchant, &upload).await?;
        if !go_on(&upload) {
            return Ok(upload);
        }
    }
    let whole = ask.mode == Mode::SkipBad || upload.bad == 0;
    upload.state = if whole { UploadState::Done } else { UploadState::Partial };
    db.save_upload(ask.merchant, &upload).await?;
    Ok(upload)
}

/// What lines of a file changed, for those who wait for it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changed {
    /// SKUs that channels are to be told of, because they were counted or listings were mapped to them.
    pub told: BTreeSet<String>,
    /// Names, ours or a channel's, under which goods are known only now.
    pub known: BTreeSet<String>,
}

/// What a file's lines after `after` and up to `until` changed.
///
/// # Errors
/// As [`import`].
pub fn changed<R: Read>(kind: Kind, file: R, after: u64, until: u64) -> Result<Changed, BulkError> {
    let mut rows = Rows::new(file, kind)?;
    let mut changed = Changed::default();
    while let Some((chunk, _, _)) = rows.chunk()? {
        for (_, row) in chunk.into_iter().filter(|(line, _)| *line > after && *line <= until) {
            match row {
                Row::Take { sku, .. } => drop(changed.told.insert(sku)),
                Row::Mapping(Mapping { sku, channel_sku, .. }) => {
                    changed.told.insert(sku);
                    changed.known.insert(channel_sku);
                }
                Row::Sku(sku) => drop(changed.known.insert(sku.sku)),
                Row::Part(bundle, _) => drop(changed.known.insert(bundle)),
                Row::Bin(..) => {}
            }
        }
    }
    Ok(changed)
}

/// Counts rows and bad rows, and names the first of them.
async fn look<R: Read>(db: &Db, ask: &Ask<'_>, file: R, upload: &mut Upload) -> Result<(), BulkError> {
    let mut rows = Rows::new(file, ask.kind)?;
    let checker = Checker { db, merchant: ask.merchant, warehouses: ask.warehouses };
    let mut shelves = Shelves::default();
    while let Some((chunk, mut errors, _)) = rows.chunk()? {
        upload.rows += u64::try_from(chunk.len()).unwrap_or_default();
        let unread: BTreeSet<u64> = errors.iter().map(|e| e.line).collect();
        upload.rows += u64::try_from(unread.difference(&chunk.iter().map(|(l, _)| *l).collect()).count())
            .unwrap_or_default();
        let unfit = checker.errors(&chunk).await?;
        let lines: BTreeSet<u64> = unfit.iter().map(|error| error.line).collect();
        let fit: Vec<_> = chunk.iter().filter(|(line, _)| !lines.contains(line)).collect();
        errors.extend(unfit);
        errors.extend(checker.held(&fit, &mut shelves).await?);
        note(upload, errors);
    }
    Ok(())
}

fn note(upload: &mut Upload, mut errors: Vec<RowError>) {
    errors.sort_by_key(|error| error.line);
    let lines: BTreeSet<u64> = errors.iter().map(|error| error.line).collect();
    upload.bad += u64::try_from(lines.len()).unwrap_or_default();
    let room = MOST_ERRORS.saturating_sub(upload.errors.len());
    upload.errors.extend(errors.into_iter().take(room));
}

fn digest<R: Read>(mut file: R) -> Result<String, BulkError> {
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    let mut piece = [0u8; 16 * 1024];
    loop {
        match file.read(&mut piece).map_err(|_| BulkError::Read)? {
            0 => return Ok(hex::encode(context.finish())),
            n => context.update(piece.get(..n).unwrap_or_default()),
        }
    }
}

/// Good rows with their lines, what is wrong with the others, and the last line of them all.
type Chunk = (Vec<(u64, Row)>, Vec<RowError>, u64);

/// The rows of a file, a chunk at a time. Rows of one bundle are never parted.
struct Rows<R> {
    reader: csv::Reader<R>,
    header: StringRecord,
    kind: Kind,
    /// A row that was read and belongs to the next chunk.
    ahead: Option<(u64, Row)>,
    /// Bundles that were dealt with.
    last_bundle: Option<String>,
}

impl<R: Read> Rows<R> {
    fn new(file: R, kind: Kind) -> Result<Self, BulkError> {
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(file);
        let header = reader.headers().map_err(|_| BulkError::Read)?;
        let header: StringRecord = header
            .iter()
            .map(|name| name.trim().trim_start_matches('\u{feff}').to_ascii_lowercase())
            .collect();
        let missing = kind.required().iter().find(|name| !header.iter().any(|column| column == **name));
        match missing {
            Some(name) => Err(BulkError::Column(name)),
            None => Ok(Self { reader, header, kind, ahead: None, last_bundle: None }),
        }
    }

    fn chunk(&mut self) -> Result<Option<Chunk>, BulkError> {
        let (mut good, mut bad, mut last) = (Vec::new(), Vec::new(), 0);
        if let Some((line, row)) = self.ahead.take() {
            last = line;
            good.push((line, row));
        }
        let mut record = StringRecord::new();
        loop {
            let full = good.len() + bad.len() >= CHUNK;
            if full && self.kind != Kind::Bundles {
                break;
            }
            let line = self.reader.position().line();
            match self.reader.read_record(&mut record) {
                Ok(false) => break,
                Ok(true) => {}
                Err(error) if error.is_io_error() => return Err(BulkError::Read),
                Err(_) => {
                    let must = "text in UTF-8".to_owned();
                    bad.push(RowError { line, column: String::new(), must });
                    last = line;
                    continue;
                }
            }
            let line = record.position().map_or(line, csv::Position::line);
            let cells = Cells { header: &self.header, record: &record, line };
            match cells.read(self.kind) {
                Ok(Row::Part(bundle, _)) if full && self.last_bundle.as_ref() != Some(&bundle) => {
                    let row = cells.read(self.kind).map_err(|_| BulkError::Read)?;
                    self.last_bundle = Some(bundle);
                    self.ahead = Some((line, row));
                    break;
                }
                Ok(row) => {
                    if let Row::Part(bundle, _) = &row {
                        self.last_bundle = Some(bundle.clone());
                    }
                    good.push((line, row));
                }
                Err(error) => bad.push(error),
            }
            last = line;
        }
        if good.is_empty() && bad.is_empty() {
            return Ok(None);
        }
        bundles_hold_together(&mut good, &mut bad);
        Ok(Some((good, bad, last)))
    }
}

/// A bundle with a bad row, with a component twice or with too many is bad as a whole: half a bundle would be sold.
fn bundles_hold_together(good: &mut Vec<(u64, Row)>, bad: &mut Vec<RowError>) {
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let mut counts: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    let mut broken: BTreeSet<String> = BTreeSet::new();
    for (line, row) in good.iter() {
        let Row::Part(bundle, part) = row else { continue };
        let count = counts.entry(bundle.clone()).or_default();
        *count += 1;
        let twice = !seen.insert((bundle.clone(), part.sku.clone()));
        if twice || *count > MOST_COMPONENTS {
            broken.insert(bundle.clone());
            let must = if twice { "named once in its bundle" } else { "one of 20 at most" };
            bad.push(RowError { line: *line, column: "component".to_owned(), must: must.to_owned() });
        }
    }
    good.retain(|(line, row)| {
        let Row::Part(bundle, _) = row else { return true };
        let whole = !broken.contains(bundle);
        if !whole && !bad.iter().any(|error| error.line == *line) {
            let must = "part of a bundle without bad rows".to_owned();
            bad.push(RowError { line: *line, column: "bundle".to_owned(), must });
        }
        whole
    });
}
