//! Counting tests by what cargo and nextest print.

use std::io::{BufRead, BufReader, Read};
use std::ops::Add;
use std::process::{Command, Stdio};
use std::thread;

use crate::failure::{Done, While};

/// How many tests passed, failed and were left out.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Count {
    /// They ran and held.
    pub passed: u64,
    /// They ran and did not hold, or could not run.
    pub failed: u64,
    /// Left out, because they need something that is not there.
    pub skipped: u64,
}

impl Count {
    /// A check that is one thing, and holds.
    #[must_use]
    pub fn one_passed() -> Self {
        Self { passed: 1, ..Self::default() }
    }

    /// A check that is one thing, and does not hold.
    #[must_use]
    pub fn one_failed() -> Self {
        Self { failed: 1, ..Self::default() }
    }
}

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

/// Runs a test command with its output on the terminal, and counts.
///
/// # Errors
/// As [`told`].
pub fn counted(command: Command) -> Done<Count> {
    told(command).map(|(count, _)| count)
}

/// As [`counted`], with every line the command said. A command that fails without naming a failed test (it did not compile) is one failure.
///
/// # Errors
/// When the command cannot be started.
pub fn told(mut command: Command) -> Done<(Count, Vec<String>)> {
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().or_say("could not start cargo")?;
    let readers: Vec<_> = [child.stdout.take().map(boxed), child.stderr.take().map(boxed)]
        .into_iter()
        .flatten()
        .map(|stream| {
            thread::spawn(move || {
                let (mut count, mut lines) = (Count::default(), Vec::new());
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    eprintln!("{line}");
                    count = count + in_line(&line).unwrap_or_default();
                    lines.push(line);
                }
                (count, lines)
            })
        })
        .collect();
    let (mut count, mut lines) = (Count::default(), Vec::new());
    for reader in readers {
        let (some, said) = reader.join().unwrap_or_default();
        count = count + some;
        lines.extend(said);
    }
    let success = child.wait().or_say("could not wait for cargo")?.success();
    Ok((if success || count.failed > 0 { count } else { count + Count::one_failed() }, lines))
}

fn boxed(stream: impl Read + Send + 'static) -> Box<dyn Read + Send> {
    Box::new(stream)
}

/// What a summary line of cargo (`test result: ok. 3 passed; 0 failed; 1 ignored; …`) or nextest (`Summary [1s] 3 tests run: 3 passed, 1 skipped`) says.
fn in_line(line: &str) -> Option<Count> {
    let plain = without_colour(line);
    let text = plain.trim();
    let told = text.strip_prefix("test result:").or_else(|| {
        text.strip_prefix("Summary").and_then(|rest| rest.split_once("run:")).map(|(_, rest)| rest)
    })?;
    let words: Vec<&str> =
        told.split([' ', ';', ',', '.', '(', ')']).filter(|word| !word.is_empty()).collect();
    let number = |label: &str| -> u64 {
        words.windows(2).filter(|pair| pair[1] == label).filter_map(|pair| pair[0].parse::<u64>().ok()).sum()
    };
    Some(Count {
        passed: number("passed"),
        failed: number("failed") + number("timed"),
        skipped: number("ignored") + number("skipped"),
    })
}

fn without_colour(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        out.push_str(before);
        rest = after.split_once('m').map_or("", |(_, tail)| tail);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_of_both_runners_are_read() {
        let line = "test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert_eq!(in_line(line), Some(Count { passed: 3, failed: 2, skipped: 1 }));
        let line = "\u{1b}[32;1m     Summary\u{1b}[0m [   1.204s] 14 tests run: 12 passed (1 slow), 1 failed, 1 timed out, 2 skipped";
        assert_eq!(in_line(line), Some(Count { passed: 12, failed: 2, skipped: 2 }));
        assert_eq!(in_line("3 passed"), None);
    }
}
