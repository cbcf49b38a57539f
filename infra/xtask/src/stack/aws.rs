//! The local AWS (MiniStack): start it, wait for it, deploy the template to it.

use std::collections::BTreeMap;
use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Folder, State};
use crate::failure::{Done, Failure, While};
use crate::paths;
use crate::process::{Running, start};
use crate::venv::Venv;

/// The region of every local stack; London, as the merchant.
pub const REGION: &str = "eu-west-2";

/// The local administrator. MiniStack lets this key do everything, and knows no other until a policy names it.
pub const ADMINISTRATOR: &str = "test";

/// Starts the local AWS on a port, with the policies of the template enforced and every call recorded.
///
/// # Errors
/// When it ends at once or does not answer within 30 seconds, with the end of its log.
pub fn begin(venv: &Venv, folder: &Folder, port: u16) -> Done<Running> {
    let endpoint = format!("http://127.0.0.1:{port}");
    let mut command = Command::new(venv.tool("ministack"));
    // A clean environment, because the functions inherit it: no proxy, profile or credential of this machine may reach them.
    command.env_clear().current_dir(folder.path());
    for kept in ["PATH", "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR"] {
        if let Some(value) = env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command.envs([
        ("AUTH", "true"),
        ("CLOUDTRAIL_RECORDING", "1"),
        // The default of 10,000 would forget the beginning of a demo.
        ("CLOUDTRAIL_MAX_EVENTS", "2000000"),
        ("LAMBDA_EXECUTOR", "local"),
        ("BIND_HOST", "127.0.0.1"),
        ("MINISTACK_HOST", "127.0.0.1"),
        ("MINISTACK_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", ADMINISTRATOR),
        ("AWS_SECRET_ACCESS_KEY", ADMINISTRATOR),
        // Two listeners on fixed ports that we do not need and that a second stack could not open.
        ("IOT_MTLS_ENABLED", "0"),
        ("SFTP_ENABLED", "0"),
        ("LOG_LEVEL", "WARNING"),
        ("PYTHONUNBUFFERED", "1"),
    ]);
    command.env("GATEWAY_PORT", port.to_string()).env("AWS_ENDPOINT_URL", &endpoint);
    command.env("TMPDIR", folder.path().join("tmp"));
    let (mut child, running) = start(command, &folder.path().join("aws.log"))?;
    let end = Instant::now() + Duration::from_secs(30);
    while !answers(port, "/_ministack/health") {
        let ended = child.try_wait().or_say("could not watch the local AWS")?.is_some();
        if ended || Instant::now() > end {
            running.stop();
            let why = if ended { "ended at once" } else { "did not answer within 30 seconds" };
            return Err(Failure::new(format!(
                "The local AWS {why}. The end of its log:\n{}",
                folder.tail("aws.log")
            )));
        }
        sleep(Duration::from_millis(50));
    }
    Ok(running)
}

/// Deploys the template with the code of `code`, and returns its outputs.
///
/// # Errors
/// When CloudFormation refuses; the deploy script has printed the reasons by then.
pub fn deploy(venv: &Venv, state: &State, code: &Path) -> Done<BTreeMap<String, String>> {
    let out = venv
        .command("python")
        .arg(paths::local().join("deploy.py"))
        .args(["--endpoint", &state.endpoint, "--region", &state.region, "--stack", &state.stack])
        .args(["--parameter", "Stage=dev", "--parameter", "Egress=local"])
        .arg("--template")
        .arg(paths::template())
        .arg("--code")
        .arg(code)
        .stderr(Stdio::inherit())
        .output()
        .or_say("could not start the deploy script")?;
    if !out.status.success() {
        return Err(Failure::new(
            "The template was not deployed; the reasons are above. Try `cargo xtask lint`.",
        ));
    }
    serde_json::from_slice(&out.stdout).or_say("could not read the outputs of the stack")
}

/// Whether something answers an HTTP request for `path` on this port with 200.
#[must_use]
pub fn answers(port: u16, path: &str) -> bool {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, SocketAddr, TcpStream};
    let ask = || -> std::io::Result<bool> {
        let limit = Duration::from_secs(2);
        let mut stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), limit)?;
        stream.set_read_timeout(Some(limit))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        Ok(head.ends_with(b" 200"))
    };
    ask().unwrap_or(false)
}
