//! Saving labels as a packer would: signed in, through `reveal`, for the purpose `label`.

use super::standing::Standing;
use crate::stack::{Stack, Trouble};
use crate::staff;
use std::path::{Path, PathBuf};
use waybill_domain::shipment::LabelFormat;

/// The kinds of labels there are in the demo, with the name of the file and how each begins.
const KINDS: [(LabelFormat, &str, &[u8]); 2] =
    [(LabelFormat::Pdf, "label.pdf", b"%PDF"), (LabelFormat::Zpl, "label.zpl", b"^XA")];

/// Downloads the first label of each kind.
pub(super) async fn save(stack: &Stack, live: &Standing, out: &Path) -> Result<Vec<PathBuf>, Trouble> {
    let token = staff::sign_in(stack, staff::PACKER).await?;
    let mut files = Vec::new();
    for (format, name, begin) in KINDS {
        let shipment = live
            .shipments
            .iter()
            .find(|s| s.has_label() && s.label_format == format)
            .ok_or_else(|| format!("no shipment has a {format:?} label"))?;
        let url = format!("{}/v1/shipments/{}/label?purpose=label", stack.api_url, shipment.id);
        let reply = reqwest::Client::new().get(url).bearer_auth(&token).send().await?;
        let status = reply.status();
        let body = reply.bytes().await?;
        if !status.is_success() || !body.starts_with(begin) {
            let told = String::from_utf8_lossy(&body);
            return Err(format!("the label {name} cannot be downloaded: {status} {told}").into());
        }
        let file = out.join(name);
        std::fs::write(&file, &body)?;
        files.push(file);
    }
    Ok(files)
}
