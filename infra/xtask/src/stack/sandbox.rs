//! The sandbox: the channels and carriers of the local stack.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Folder, ports};
use crate::failure::{Done, Failure, While};
use crate::process::{Running, start};

/// Starts the sandbox on a port and waits until it listens.
///
/// # Errors
/// When it ends at once or does not listen within 10 seconds, with the end of its log.
pub fn begin(program: &Path, folder: &Folder, port: u16) -> Done<Running> {
    // It was free when the stack was begun; whoever took it since would be taken for the sandbox.
    ports::must_be_free(port, "--sandbox-port")?;
    let mut command = Command::new(program);
    command.args(["--port", &port.to_string()]).current_dir(crate::paths::root());
    let (mut child, running) = start(command, &folder.path().join("sandbox.log"))?;
    let end = Instant::now() + Duration::from_secs(10);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
        let ended = child.try_wait().or_say("could not watch the sandbox")?.is_some();
        if ended || Instant::now() > end {
            running.stop();
            return Err(Failure::new(format!(
                "The sandbox did not start. The end of its log:\n{}",
                folder.tail("sandbox.log")
            )));
        }
        sleep(Duration::from_millis(30));
    }
    Ok(running)
}
