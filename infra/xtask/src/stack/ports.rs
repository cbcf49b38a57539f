//! Ports on this machine.

use std::net::{Ipv4Addr, TcpListener};

use crate::failure::{Done, Failure, While};

/// Makes sure that nobody listens on a port.
///
/// # Errors
/// When it is taken, with how to choose another by `flag`.
pub fn must_be_free(port: u16, flag: &str) -> Done {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map(drop).map_err(|_| {
        Failure::new(format!(
            "Port {port} is taken by another program. Choose another with `{flag}`, for example `cargo xtask up {flag} {}`.\n\
             A second stack beside a running one also needs a name: `--name two`.",
            port.saturating_add(100)
        ))
    })
}

/// Two free ports, for a stack whose address nobody needs to know beforehand.
///
/// # Errors
/// When the system has none.
pub fn two_free() -> Done<(u16, u16)> {
    let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let (one, two) = (listen().or_say("no free port")?, listen().or_say("no free port")?);
    let port =
        |listener: &TcpListener| listener.local_addr().map(|address| address.port()).or_say("no free port");
    Ok((port(&one)?, port(&two)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_with_the_way_out() -> Result<(), Box<dyn std::error::Error>> {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = taken.local_addr()?.port();
        let said = must_be_free(port, "--port").err().map(|failure| failure.to_string()).unwrap_or_default();
        assert!(said.contains(&format!("Port {port} is taken")) && said.contains("--port"), "{said}");
        drop(taken);
        assert!(must_be_free(port, "--port").is_ok());
        Ok(())
    }
}
