//! What a cold start costs: how long until the process asks for its first event, how large it is, on disk, as a zip
//! and in memory. A listener on this machine plays the Lambda runtime API and never answers.

use super::core::percentile;
use super::row::{Budget, Report, Row};
use crate::stack::Trouble;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// The function that is measured: it has most of what all have.
const FUNCTION: &str = "waybill-webhook";
/// A start that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a process settles before its memory is read.
const SETTLE: Duration = Duration::from_millis(300);
const FIGURES: [&str; 4] =
    ["start to the first /next, p50", "size of the binary", "size of the zip", "memory when idle"];

/// Measures the release binary of the webhook, building it first unless told not to.
///
/// # Errors
/// When it does not build or does not start.
pub fn add(report: &mut Report, skip_release: bool, starts: usize) -> Result<(), Trouble> {
    if !skip_release {
        build()?;
    }
    let binary = binary()?;
    if !binary.exists() {
        let why = "there is no release build; run without --skip-release";
        FIGURES.into_iter().for_each(|figure| report.skip(figure, why));
        return Ok(());
    }
    eprintln!("measuring the start of {FUNCTION} ...");
    let started = measure(&binary, starts)?;
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let [start, size, zip, memory] = FIGURES;
    let most = Budget::AtMost;
    report.rows.push(Row::new(start, started.p50.as_secs_f64() * 1e3, "ms").budget(most(20.0)));
    report.rows.push(Row::new(size, megabytes(std::fs::metadata(&binary)?.len()), "MB").budget(most(9.0)));
    match zipped(&binary)? {
        Some(bytes) => report.rows.push(Row::new(zip, megabytes(bytes), "MB").budget(most(4.0))),
        None => report.skip(zip, "Python 3 is not installed, whose zipfile makes it"),
    }
    match started.idle_kb {
        Some(kb) => report.rows.push(Row::new(memory, megabytes(kb * 1024), "MB").budget(most(32.0))),
        None => report.skip(memory, "this system has no /proc/<pid>/status"),
    }
    report
        .notes
        .push(format!("Started and weighed: {FUNCTION} for {}, profile release.", std::env::consts::ARCH));
    Ok(())
}

fn build() -> Result<(), Trouble> {
    eprintln!("building {FUNCTION} for release (minutes the first time) ...");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--release", "--package", FUNCTION]);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    match command.status()?.success() {
        true => Ok(()),
        false => Err(format!("{FUNCTION} does not build for release; cargo's message is above").into()),
    }
}

/// Profiles `bench` and `release` share a folder, so the binary lies beside this program.
fn binary() -> Result<PathBuf, Trouble> {
    Ok(std::env::current_exe()?.with_file_name(FUNCTION))
}

/// The Python of the private environment that `cargo xtask` makes; it may not be there.
pub fn python() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.waybill/venv/bin/python")
}

/// What starting it again and again showed.
struct Started {
    p50: Duration,
    /// Resident memory after the first `/next`, in KiB, where the system tells; the largest seen.
    idle_kb: Option<u64>,
}

fn measure(binary: &Path, starts: usize) -> Result<Started, Trouble> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    let asked = listen(listener);
    // The first one reads the file from the disk, as no later one does.
    start(binary, &address, &asked, Duration::ZERO)?;
    let mut took = Vec::with_capacity(starts);
    let mut idle_kb = None;
    for n in 0..starts {
        let settle = if n == 0 { SETTLE } else { Duration::ZERO };
        let (each, kb) = start(binary, &address, &asked, settle)?;
        took.push(each);
        idle_kb = idle_kb.or(kb);
    }
    took.sort_unstable();
    Ok(Started { p50: percentile(&took, 50), idle_kb })
}

/// Says when each `/next` was asked, and keeps the connection open so that the process goes on waiting.
fn listen(listener: TcpListener) -> Receiver<(Instant, TcpStream)> {
    let (tell, asked) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let mut head = [0_u8; 4096];
            let read = stream.read(&mut head).unwrap_or_default();
            let at = Instant::now();
            let next = head[..read].starts_with(b"GET ") && has(&head[..read], b"/runtime/invocation/next");
            if next && tell.send((at, stream)).is_err() {
                return;
            }
        }
    });
    asked
}

fn has(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Starts the process once; gives how long it took to ask, and its memory after `settle`.
fn start(
    binary: &Path,
    address: &str,
    asked: &Receiver<(Instant, TcpStream)>,
    settle: Duration,
) -> Result<(Duration, Option<u64>), Trouble> {
    let mut command = Command::new(binary);
    command.env_clear().envs(environment()).env("AWS_LAMBDA_RUNTIME_API", address);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
    let begin = Instant::now();
    let mut child = Running(command.spawn()?);
    let (at, _stream) = asked
        .recv_timeout(PATIENCE)
        .map_err(|_| format!("{FUNCTION} did not ask for an event within 10 s"))?;
    std::thread::sleep(settle);
    let kb = resident(child.0.id());
    child.end();
    Ok((at.duration_since(begin), kb))
}

/// A process that ends when this does.
struct Running(Child);

impl Running {
    fn end(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// What Lambda and the template would set.
fn environment() -> Vec<(String, String)> {
    let set = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut all = vec![
        set("AWS_REGION", "eu-west-2"),
        set("AWS_ACCESS_KEY_ID", "bench"),
        set("AWS_SECRET_ACCESS_KEY", "bench"),
        set("AWS_LAMBDA_FUNCTION_NAME", FUNCTION),
        set("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        set("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        set("KEY_RECIPIENTS", "bench"),
        set("KEY_CREDENTIALS", "bench"),
    ];
    for table in ["ORDERS", "KEYS", "REGISTRY"] {
        all.push(set(&format!("TABLE_{table}"), "bench"));
    }
    for queue in waybill_store::Queue::ALL {
        all.push(set(queue.variable(), "http://127.0.0.1:9/bench"));
    }
    all
}

/// Resident memory in KiB.
fn resident(process: u32) -> Option<u64> {
    vm_rss(&std::fs::read_to_string(format!("/proc/{process}/status")).ok()?)
}

fn vm_rss(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Bytes of a zip with the binary as `bootstrap`, as it is uploaded; `None` without Python.
fn zipped(binary: &Path) -> Result<Option<u64>, Trouble> {
    const ZIP: &str = "import sys, zipfile\n\
        with zipfile.ZipFile(sys.argv[2], 'w', zipfile.ZIP_DEFLATED, compresslevel=9) as z:\n\
        \x20   z.write(sys.argv[1], 'bootstrap')";
    let target = std::env::temp_dir().join(format!("waybill-bench-{}.zip", std::process::id()));
    for program in [python(), "python3".into()] {
        let done = Command::new(program).args(["-c", ZIP]).arg(binary).arg(&target).status();
        if done.is_ok_and(|status| status.success()) {
            let bytes = std::fs::metadata(&target)?.len();
            let _ = std::fs::remove_file(&target);
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_from_the_right_line() {
        let status = "Name:\tx\nVmHWM:\t  9000 kB\nVmRSS:\t   8123 kB\nThreads:\t1\n";
        assert_eq!(vm_rss(status), Some(8123));
        assert_eq!(vm_rss("Name:\tx\n"), None);
    }
}
