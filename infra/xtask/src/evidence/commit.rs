//! Which commit the working tree is, if it is one.

use std::process::Command;

use crate::failure::{Done, Failure, While};
use crate::paths;

/// Files that these commands write themselves: a change there is no change of the program.
const RECORDS: [&str; 1] = ["infra/controls/mutations.json"];

fn git(arguments: &[&str]) -> Done<String> {
    let out = Command::new("git")
        .args(arguments)
        .current_dir(paths::root())
        .output()
        .or_say("could not start git")?;
    match out.status.success() {
        true => Ok(String::from_utf8_lossy(&out.stdout).trim_end().to_owned()),
        false => Err(Failure::new("git does not know this folder; evidence is about a commit")),
    }
}

/// The commit, with `+changes` when the working tree is not exactly it: then nothing proven is proven of it.
///
/// # Errors
/// When this is no git repository.
pub fn now() -> Done<String> {
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(&["status", "--porcelain"])?;
    let changed = changed.lines().filter_map(|line| line.get(3..)).any(|file| !RECORDS.contains(&file));
    Ok(if changed { commit + "+changes" } else { commit })
}
