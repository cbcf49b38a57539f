//! `cargo xtask evidence`: which of the 50 controls are proven on this commit, and by what.
//!
//! A control counts only when its tests ran green on this very commit and every mutation recorded for it, a small
//! change that breaks the control, made one of them fail (CONTROLS section 5). A document never counts.

mod catalogue;
mod commit;
mod mutate;
mod numbers;
mod pack;
mod page;
mod record;
mod results;
mod sign;
mod verdict;

pub use results::keep_stack;

use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::failure::{Done, Failure, While};
use crate::paths;

/// Build the signed evidence pack: clause, control, test, result, date. Runs nothing unless told.
#[derive(Args)]
pub struct Arguments {
    /// Print the summary as JSON on standard output.
    #[arg(long)]
    pub json: bool,
    /// Run the tests of every control first.
    #[arg(long)]
    pub run: bool,
    /// Apply every mutation in turn, check that it is caught, and record it. Takes long: each one is a build.
    #[arg(long)]
    pub mutate: bool,
    /// Only this control, such as C6; with --run or --mutate.
    #[arg(long)]
    pub only: Option<String>,
    /// Only the mutations that are not recorded as caught yet; with --mutate.
    #[arg(long)]
    pub missing: bool,
    /// Write the record of processing anew and stop.
    #[arg(long)]
    pub record: bool,
    /// Check the signature of an evidence pack and stop.
    #[arg(long, value_name = "FILE")]
    pub verify: Option<PathBuf>,
}

/// Where the pack, its page and the results lie.
fn folder() -> PathBuf {
    paths::private().join("evidence")
}

/// Runs the command.
///
/// # Errors
/// When the catalogue is wrong, a named control does not exist, or a test, mutation or signature does not hold.
pub fn run(arguments: &Arguments) -> Done {
    if let Some(file) = &arguments.verify {
        return verify(file);
    }
    if arguments.record {
        return record::write();
    }
    let catalogue = catalogue::read()?;
    let chosen = catalogue.only(arguments.only.as_deref())?;
    fs::create_dir_all(folder()).or_say("could not make the folder for evidence")?;
    mutate::recover()?;
    if arguments.mutate {
        mutate::run(&chosen, arguments.missing)?;
    }
    if arguments.run {
        results::run(&chosen)?;
    }
    let pack = pack::build(&catalogue)?;
    let key = sign::key(&folder().join("signing-key.pk8"))?;
    let signed = sign::signed(&key, &pack)?;
    let text = serde_json::to_string_pretty(&signed).or_say("the pack cannot be written")?;
    let (file, html) = (folder().join("evidence.json"), folder().join("evidence.html"));
    fs::write(&file, text + "\n").or_say("could not write the pack")?;
    fs::write(&html, page::page(&pack, &sign::public_key(&key))).or_say("could not write the page")?;
    if arguments.json {
        println!("{}", pack::summary(&pack));
    } else {
        pack::print(&pack);
    }
    eprintln!("pack: {}\npage: {}", shown(&file), shown(&html));
    Ok(())
}

/// A path as seen from the root of the repository.
fn shown(file: &std::path::Path) -> String {
    file.strip_prefix(paths::root()).unwrap_or(file).display().to_string()
}

fn verify(file: &std::path::Path) -> Done {
    let text = fs::read(file).or_say(format!("could not read {}", file.display()))?;
    let pack = serde_json::from_slice(&text).or_say("the pack is not JSON")?;
    if sign::holds(&pack) {
        println!(
            "{}",
            json!({"valid": true, "commit": pack["evidence"]["commit"], "key": pack["signature"]["public_key"]})
        );
        return Ok(());
    }
    Err(Failure::new("The signature does not hold: the pack was changed, or signed with another key."))
}

#[cfg(test)]
mod tests;
