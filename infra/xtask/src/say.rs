//! Progress on the terminal, always on standard error, so that standard output stays for results.

use std::time::{Duration, Instant};

/// A step that takes a while: says its name now, and how long it took once it is dropped or [`Step::done`].
pub struct Step {
    began: Instant,
}

impl Step {
    /// Announces a step in the present tense, such as "starting the local AWS".
    #[must_use]
    pub fn begin(what: &str) -> Self {
        eprintln!("· {what}");
        Self { began: Instant::now() }
    }

    /// Says what came of it, with the seconds it took.
    pub fn done(self, result: &str) {
        eprintln!("  {result} ({})", seconds(self.began.elapsed()));
    }
}

/// A heading between large parts of a run.
pub fn heading(what: &str) {
    eprintln!("\n━━ {what}");
}

/// A duration for people, such as "3.2 s" or "2 min 05 s".
#[must_use]
pub fn seconds(time: Duration) -> String {
    let all = time.as_secs();
    if all < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {:02} s", all / 60, all % 60)
    }
}
