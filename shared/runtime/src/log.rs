//! Structured logs to standard output, from which Lambda takes them.
//!
//! Our own code logs ids, codes and counts. The HTTP and AWS libraries can log bodies at their finest levels,
//! so whatever `LOG_LEVEL` says they never get below `warn` (CONTROLS D6). The words of a panic can quote what
//! was being handled, so only its place is logged (CONTROLS D1).

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging. `LOG_LEVEL` is error, warn, info (default), debug or trace.
pub fn start() {
    let level = match std::env::var("LOG_LEVEL").unwrap_or_default().to_lowercase().as_str() {
        "error" => LevelFilter::ERROR,
        "warn" => LevelFilter::WARN,
        "debug" => LevelFilter::DEBUG,
        "trace" => LevelFilter::TRACE,
        _ => LevelFilter::INFO,
    };
    let layer = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false);
    // Starting twice, as tests in one process do, is harmless.
    let _ = tracing_subscriber::registry().with(layer).with(ceiling(level)).try_init();
    hide_words_of_panics();
}

/// From now on a panic logs where it happened and nothing that it says.
fn hide_words_of_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let (file, line) = panic.location().map_or(("unknown", 0), |place| (place.file(), place.line()));
        tracing::error!(file, line, "panic");
    }));
}

/// Our crates at `level`, all others at `warn` at most.
pub fn ceiling(level: LevelFilter) -> Targets {
    let others = if level == LevelFilter::ERROR { level } else { LevelFilter::WARN };
    Targets::new().with_default(others).with_target("waybill", level)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn libraries_stay_quiet_even_at_trace() {
        let filter = ceiling(LevelFilter::TRACE);
        assert!(filter.would_enable("waybill_shipper::book", &Level::TRACE));
        for library in ["aws_smithy_runtime", "hyper_util", "reqwest", "rustls", "aws_sdk_kms"] {
            assert!(!filter.would_enable(library, &Level::DEBUG), "{library} may log bodies");
        }
    }

    /// Prints in a process of its own, because a hook is the whole process's and what it prints goes past libtest.
    #[test]
    fn a_panic_tells_its_place_and_never_its_words() {
        const CHILD: &str = "WAYBILL_TEST_PANIC";
        if std::env::var_os(CHILD).is_some() {
            start();
            let words = String::from("canary-7f3a9c at 12 Canary Lane");
            assert!(std::panic::catch_unwind(|| panic!("{words}")).is_err());
            return;
        }
        let name = "log::tests::a_panic_tells_its_place_and_never_its_words";
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let said = [child.stdout, child.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(child.status.success(), "{said}");
        assert!(said.contains("\"panic\"") && said.contains("log.rs"), "{said}");
        assert!(!said.to_lowercase().contains("canary-7f3a9c") && !said.contains("Canary Lane"), "{said}");
    }
}
