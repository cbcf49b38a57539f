//! A headless Chromium of its own, which is driven by the DevTools protocol and ends with whoever opened it.

use super::page::Page;
use crate::support::unique;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};

/// Where it is looked for, after `WAYBILL_CHROMIUM`.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// Nothing but what a page asks for, and no screen.
const QUIET: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    "about:blank",
];

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser.
pub struct Chromium {
    child: Child,
    folder: PathBuf,
    port: u16,
}

/// The program, if this machine has one.
fn program() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("WAYBILL_CHROMIUM") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    let all = std::env::split_paths(&path).flat_map(|folder| NAMES.map(|name| folder.join(name)));
    all.into_iter().find(|file| file.is_file())
}

impl Chromium {
    /// Starts one; `None`, said plainly, where there is none.
    pub async fn open() -> Option<Self> {
        let Some(program) = program() else {
            eprintln!("SKIPPED: this machine has no Chromium; install it, or name it in WAYBILL_CHROMIUM");
            return None;
        };
        let folder = std::env::temp_dir().join(format!("waybill-browser-{}", unique(12)));
        std::fs::create_dir(&folder).unwrap();
        let mut command = Command::new(program);
        command.arg(format!("--user-data-dir={}", folder.display())).args(QUIET);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let child = command.spawn().unwrap();
        let port = tokio::time::timeout(PATIENCE, port(&folder)).await.expect("Chromium did not start");
        Some(Self { child, folder, port })
    }

    /// A page in a context of its own: nobody is signed in.
    pub async fn page(&self, home: &str) -> Page {
        let version: serde_json::Value = self.ask("json/version").await;
        let whole = version["webSocketDebuggerUrl"].as_str().unwrap();
        Page::open(whole, self.port, home).await
    }

    async fn ask(&self, path: &str) -> serde_json::Value {
        let reply = reqwest::get(format!("http://127.0.0.1:{}/{path}", self.port)).await.unwrap();
        serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap()
    }

    /// Ends it and removes what it kept.
    pub async fn close(mut self) {
        let _ = self.child.kill().await;
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// It writes the port it took into its folder.
async fn port(folder: &Path) -> u16 {
    loop {
        let told = std::fs::read_to_string(folder.join("DevToolsActivePort")).unwrap_or_default();
        if let Some(port) = told.lines().next().and_then(|line| line.parse().ok()) {
            return port;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
