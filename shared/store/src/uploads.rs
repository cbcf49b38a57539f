//! How far an upload is, so that it can go on where it stopped and the same upload twice does nothing twice.

use crate::db::{Db, from_item, to_item};
use crate::error::StoreError;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use waybill_domain::MerchantId;

/// Where an upload stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UploadState {
    /// Rows are being written; send the same upload again to go on.
    Running,
    /// Every good row is written.
    Done,
    /// A row is bad and all or nothing was asked for: nothing is written.
    Refused,
    /// Only looked at: nothing is written.
    Checked,
    /// All or nothing was asked for and every row was good when it was looked at, but stock moved while they were
    /// written: the rows named under `errors` are not. Mend those and send them under another name.
    Partial,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RowError {
    /// The line of the file, the header being line 1.
    pub line: u64,
    /// Which column; empty for the row as a whole.
    pub column: String,
    /// What it must be.
    pub must: String,
}

/// An upload and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Upload {
    /// What it is called, by the caller.
    pub id: String,
    /// What its rows are.
    pub kind: String,
    /// Digest of its content, so that another file under the same name is noticed.
    pub digest: String,
    /// Where it stands.
    pub state: UploadState,
    /// Rows in the file.
    pub rows: u64,
    /// Rows that are bad.
    pub bad: u64,
    /// Rows that are written.
    pub written: u64,
    /// The last line that is dealt with.
    pub line: u64,
    /// The first bad rows.
    #[serde(default)]
    pub errors: Vec<RowError>,
    /// When it began.
    #[schemars(with = "waybill_domain::time::Moment")]
    pub at: Timestamp,
}

fn pk(merchant: &MerchantId) -> String {
    format!("uploads#{merchant}")
}

impl Db {
    /// Reads an upload.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn upload(&self, merchant: &MerchantId, id: &str) -> Result<Option<Upload>, StoreError> {
        let item = self.get(&self.tables.stock, &pk(merchant), id).await?;
        item.map(|i| from_item(i, "upload")).transpose()
    }

    /// Every upload of a merchant, by name.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn uploads(&self, merchant: &MerchantId) -> Result<Vec<Upload>, StoreError> {
        let items = self.partition(&pk(merchant)).await?;
        items.into_iter().map(|item| from_item(item, "upload")).collect()
    }

    /// Stores how far an upload is.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_upload(&self, merchant: &MerchantId, upload: &Upload) -> Result<(), StoreError> {
        self.put_stock(to_item(upload)?, &pk(merchant), &upload.id).await
    }
}
