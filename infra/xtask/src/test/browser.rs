//! What the console's stories in a browser need: Chromium, which is looked for and never installed here, and axe-core,
//! which judges pages and comes from npm.

use std::env;
use std::process::Command;

use crate::failure::{Done, While};
use crate::paths;
use crate::say::Step;

/// The judge, exactly: its rules decide what passes.
const AXE: &str = "axe-core@4.14.1";
/// Names of the browser; the stories look for the same.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
/// The module of the stories, for leaving them out.
pub const STORIES: &str = "browser::";

/// Whether this machine has a browser; says so plainly when it has none.
#[must_use]
pub fn is_there() -> bool {
    let named = env::var_os("WAYBILL_CHROMIUM").is_some();
    let folders: Vec<_> = env::var_os("PATH").iter().flat_map(env::split_paths).collect();
    let found = named || folders.iter().any(|folder| NAMES.iter().any(|name| folder.join(name).is_file()));
    if !found {
        eprintln!(
            "· no Chromium here: the console's stories in a browser are SKIPPED (Debian: apt-get install chromium)"
        );
    }
    found
}

/// Fetches axe-core into `.waybill/axe`, once. Without npm the pages are walked and not judged, which is said.
///
/// # Errors
/// When the stamp of what was fetched cannot be written.
pub fn fetch_axe() -> Done {
    let folder = paths::private().join("axe");
    let stamp = folder.join("fetched");
    if std::fs::read_to_string(&stamp).is_ok_and(|fetched| fetched == AXE) {
        return Ok(());
    }
    let step = Step::begin(&format!("fetching {AXE} into .waybill/axe (once)"));
    let mut npm = Command::new("npm");
    npm.args(["install", "--ignore-scripts", "--no-save", "--no-audit", "--no-fund", "--silent", "--prefix"]);
    if npm.arg(&folder).arg(AXE).status().is_ok_and(|status| status.success()) {
        std::fs::write(&stamp, AXE).or_say(format!("could not write {}", stamp.display()))?;
        step.done("it judges every page for accessibility");
    } else {
        step.done("npm or its registry is not there: pages are walked, and NOT judged by axe-core");
    }
    Ok(())
}
