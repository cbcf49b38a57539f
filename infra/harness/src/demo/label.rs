//! Saving one label as a packer would: signed in, through `reveal`, for the purpose `label`.

use super::standing::Standing;
use crate::stack::{Stack, Trouble};
use crate::staff;
use std::path::{Path, PathBuf};

/// Downloads the label of the first labelled shipment.
pub(super) async fn save(stack: &Stack, live: &Standing, out: &Path) -> Result<PathBuf, Trouble> {
    let shipment = live.shipments.iter().find(|s| s.tracking().is_some()).ok_or("no shipment has a label")?;
    let token = staff::sign_in(stack, staff::PACKER).await?;
    let url = format!("{}/v1/shipments/{}/label?purpose=label", stack.api_url, shipment.id);
    let reply = reqwest::Client::new().get(url).bearer_auth(token).send().await?;
    let status = reply.status();
    let body = reply.bytes().await?;
    if !status.is_success() || !body.starts_with(b"%PDF") {
        return Err(
            format!("the label cannot be downloaded: {status} {}", String::from_utf8_lossy(&body)).into()
        );
    }
    let file = out.join("label.pdf");
    std::fs::write(&file, &body)?;
    Ok(file)
}
