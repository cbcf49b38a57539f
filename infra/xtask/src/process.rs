//! Programs that go on after this one has ended, and how to stop exactly those.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::failure::{Done, Failure, While};

/// A program that we started: its number alone would not do, because numbers are used again.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Running {
    /// The process id, which is also the id of its process group.
    pub pid: u32,
    /// When it started, as the system words it; compared, never read.
    pub started: String,
}

impl Running {
    /// Whether this very process still runs.
    #[must_use]
    pub fn alive(&self) -> bool {
        started(self.pid).is_some_and(|now| now == self.started)
    }

    /// Stops it and what it started: asks, waits 5 seconds, then insists. Does nothing when it is gone or the number belongs to another program by now.
    pub fn stop(&self) {
        for signal in ["-TERM", "-KILL"] {
            if !self.alive() {
                return;
            }
            let _ = Command::new("kill")
                .args([signal, "--", &format!("-{}", self.pid)])
                .stderr(Stdio::null())
                .status();
            let end = Instant::now() + Duration::from_secs(5);
            while self.alive() && Instant::now() < end {
                sleep(Duration::from_millis(50));
            }
        }
    }
}

/// Starts a program in its own process group, with its output in `log`.
///
/// # Errors
/// When the program or its log cannot be opened.
pub fn start(mut command: Command, log: &Path) -> Done<(Child, Running)> {
    let name = command.get_program().to_string_lossy().into_owned();
    let out = File::create(log).or_say(format!("could not write {}", log.display()))?;
    let errors = out.try_clone().or_say(format!("could not write {}", log.display()))?;
    command.stdin(Stdio::null()).stdout(out).stderr(errors).process_group(0);
    let child = command.spawn().or_say(format!("could not start {name}"))?;
    let pid = child.id();
    let Some(started) = started(pid) else {
        return Err(Failure::new(format!("{name} ended at once; see {}", log.display())));
    };
    Ok((child, Running { pid, started }))
}

/// When a process started, or nothing when it does not run. A process that has ended but was not collected counts as gone.
fn started(pid: u32) -> Option<String> {
    if Path::new("/proc/self/stat").exists() {
        // The name in parentheses may hold spaces; after it: state is the 1st field, the start time in ticks since boot the 20th.
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
        let state = fields.next()?;
        let ticks = fields.nth(18)?;
        return (state != "Z").then(|| ticks.to_owned());
    }
    let out = Command::new("ps").args(["-o", "stat=,lstart=", "-p", &pid.to_string()]).output().ok()?;
    let text = String::from_utf8_lossy(&out.stdout).trim().to_owned();
    let (state, since) = text.split_once(' ')?;
    (!state.starts_with('Z')).then(|| since.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_started_program_is_known_and_stopped() -> Result<(), Box<dyn std::error::Error>> {
        let log = std::env::temp_dir().join(format!("waybill-process-{}.log", std::process::id()));
        let mut command = Command::new("sleep");
        command.arg("60");
        let (mut child, running) = start(command, &log)?;
        assert!(running.alive());
        // Another process that got the same number is not ours and is left alone.
        let other = Running { pid: running.pid, started: "another time".to_owned() };
        assert!(!other.alive());
        other.stop();
        assert!(running.alive());
        running.stop();
        assert!(!running.alive());
        child.wait()?;
        fs::remove_file(log)?;
        Ok(())
    }
}
