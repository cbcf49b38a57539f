//! The Lambda functions: their names and their folders of code.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::failure::{Done, Failure, While};
use crate::paths;

/// The names of all functions, such as `webhook`, which are the folders in `functions/`.
///
/// # Errors
/// When the folder cannot be read.
pub fn names() -> Done<Vec<String>> {
    let folder = paths::root().join("functions");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .or_say(format!("could not read {}", folder.display()))?
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    if names.is_empty() { Err(Failure::new("functions/ holds no crate")) } else { Ok(names) }
}

/// The crate of a function, and the binary it makes.
#[must_use]
pub fn package(name: &str) -> String {
    format!("waybill-{name}")
}

/// Cargo's choice of packages that builds the functions for this machine, with `infra/alike` beside them.
///
/// # Errors
/// As [`names`].
pub fn build_here() -> Done<Vec<String>> {
    let packages = names()?.into_iter().map(|name| package(&name)).chain(["waybill-alike".to_owned()]);
    Ok(packages.flat_map(|package| ["--package".to_owned(), package]).collect())
}

/// As [`place`], without the debug information, which makes it several times smaller; a machine without `strip` keeps it.
/// A binary that is there already is left alone.
///
/// # Errors
/// As [`place`].
pub fn place_slim(binary: &Path, folder: &Path, name: &str) -> Done {
    let unreadable = || format!("could not read {}", binary.display());
    let built = fs::metadata(binary).or_say(unreadable())?;
    let when = built.modified().or_say(unreadable())?;
    let mark = format!("{} {when:?} {}", binary.display(), built.len());
    let marked = folder.join(format!("{name}.placed"));
    let bootstrap = folder.join(name).join("bootstrap");
    if bootstrap.is_file() && fs::read_to_string(&marked).is_ok_and(|placed| placed == mark) {
        return Ok(());
    }
    place(binary, folder, name)?;
    let _ =
        Command::new("strip").arg("-S").arg(bootstrap).stdout(Stdio::null()).stderr(Stdio::null()).status();
    fs::write(&marked, mark).or_say(format!("could not write {}", marked.display()))
}

/// Puts a built binary where a deployment looks for it: `<folder>/<name>/bootstrap`.
///
/// # Errors
/// When the folder cannot be written.
pub fn place(binary: &Path, folder: &Path, name: &str) -> Done {
    let target = folder.join(name);
    fs::create_dir_all(&target).or_say(format!("could not make {}", target.display()))?;
    let bootstrap = target.join("bootstrap");
    // Removed first: the file may be running in another stack, and a running file cannot be written.
    let _ = fs::remove_file(&bootstrap);
    fs::copy(binary, &bootstrap).or_say(format!("could not copy {}", binary.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cargo::cargo;

    /// Every crate with its features, as cargo builds it for this choice.
    fn built(choice: &[String], edges: &str) -> Result<BTreeSet<String>, Box<dyn std::error::Error>> {
        let told = cargo()
            .args(["tree", "--offline", "--prefix", "none", "--format", "{p} {f}", "--edges", edges])
            .args(choice)
            .output()?;
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        Ok(String::from_utf8(told.stdout)?
            .lines()
            .map(|line| line.trim_end_matches(" (*)").to_owned())
            .collect())
    }

    #[test]
    fn functions_and_tests_stand_on_the_same_builds() -> Result<(), Box<dyn std::error::Error>> {
        let tests = built(&["--workspace".to_owned()], "normal,build,dev")?;
        let apart: Vec<_> =
            built(&build_here()?, "normal,build")?.into_iter().filter(|one| !tests.contains(one)).collect();
        assert!(apart.is_empty(), "infra/alike does not name what tests ask of these: {apart:#?}");
        Ok(())
    }
}
