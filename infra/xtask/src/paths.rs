//! Where things lie in the repository.

use std::env;
use std::path::{Path, PathBuf};

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    let here = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.ancestors().nth(2).map_or_else(|| here.clone(), Path::to_path_buf)
}

/// Everything these commands make and git does not keep.
#[must_use]
pub fn private() -> PathBuf {
    root().join(".waybill")
}

/// Where `template.yaml` expects the functions built for AWS.
#[must_use]
pub fn release_code() -> PathBuf {
    private().join("functions")
}

/// The functions built for this machine. Not the folder of the template, so that nobody deploys them to AWS by mistake.
#[must_use]
pub fn local_code() -> PathBuf {
    private().join("local-functions")
}

/// The one description of the system.
#[must_use]
pub fn template() -> PathBuf {
    root().join("template.yaml")
}

/// The description of the API, made from the code by a test of `functions/api`.
#[must_use]
pub fn openapi() -> PathBuf {
    root().join("functions").join("api").join("openapi.json")
}

/// The Python side: pinned requirements and the deploy script.
#[must_use]
pub fn local() -> PathBuf {
    root().join("infra").join("local")
}
