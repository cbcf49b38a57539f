//! Structured logs to standard output, from which Lambda takes them.
//!
//! Our own code logs ids, codes and counts. The HTTP and AWS libraries can log bodies at their finest levels,
//! so whatever `LOG_LEVEL` says they never get below `warn` (CONTROLS D6). The words of a panic can quote what
//! was being handled, so only its place is logged (CONTROLS D1).

use crate::traces::{self, Traces};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging, and metrics and traces, which take the same way. `LOG_LEVEL` is error, warn, info (default), debug or trace.
pub fn start() {
    crate::metrics::start();
    let level = level(&std::env::var("LOG_LEVEL").unwrap_or_default()).unwrap_or(LevelFilter::INFO);
    let layer = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_filter(ceiling(level));
    let traces = match traces::wanted(&std::env::var("TRACES").unwrap_or_default()) {
        Some(true) => Some(Traces {
            service: std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default(),
            write: |line: &serde_json::Value| println!("{line}"),
        }),
        _ => None,
    };
    let traces = traces.map(|traces| traces.with_filter(filter_fn(traces::is_ours)));
    // Starting twice, as tests in one process do, is harmless.
    let _ = tracing_subscriber::registry().with(layer).with(traces).try_init();
    hide_words_of_panics();
}

/// What `LOG_LEVEL` says; `None` when that is no level. The configuration refuses it then.
pub(crate) fn level(said: &str) -> Option<LevelFilter> {
    match said.to_lowercase().as_str() {
        "error" => Some(LevelFilter::ERROR),
        "warn" => Some(LevelFilter::WARN),
        "" | "info" => Some(LevelFilter::INFO),
        "debug" => Some(LevelFilter::DEBUG),
        "trace" => Some(LevelFilter::TRACE),
        _ => None,
    }
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
