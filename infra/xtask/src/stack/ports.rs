//! Ports on this machine.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::thread::sleep;
use std::time::Duration;

use crate::failure::{Done, Failure};

/// Makes sure that nobody listens on a port.
///
/// # Errors
/// When it is taken, with how to choose another by `flag`.
pub fn must_be_free(port: u16, flag: &str) -> Done {
    // A process that another thread is just starting holds what we had open for a moment, until it is itself.
    for _ in 0..20 {
        if is_free(port) {
            return Ok(());
        }
        sleep(Duration::from_millis(50));
    }
    Err(Failure::new(format!(
        "Port {port} is taken by another program. Choose another with `{flag}`, for example `cargo xtask up {flag} {}`.\n\
         A second stack beside a running one also needs a name: `--name two`.",
        port.saturating_add(100)
    )))
}

/// Where free ports are looked for: below those that systems give to outgoing connections (from 32,768 on Linux, from
/// 49,152 on macOS), of which any could be taken between the choice and the start of whoever is to listen there.
const RANGE: Range<u16> = 15_000..32_000;

/// Two free ports, for a stack whose address nobody needs to know beforehand. Beginning anywhere, so that stacks that start at
/// the same time choose others.
///
/// # Errors
/// When there are none.
pub fn two_free() -> Done<(u16, u16)> {
    let anywhere = RandomState::new().build_hasher().finish();
    let count = RANGE.len();
    let first = usize::try_from(anywhere % u64::try_from(count).unwrap_or(1)).unwrap_or_default();
    let mut free = RANGE.cycle().skip(first).take(count).filter(|port| is_free(*port));
    free.next().zip(free.next()).ok_or_else(|| Failure::new("no free port"))
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
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

    #[test]
    fn ports_for_a_stack_are_two_and_none_that_an_outgoing_connection_takes()
    -> Result<(), Box<dyn std::error::Error>> {
        let (one, two) = two_free()?;
        assert!(one != two && RANGE.contains(&one) && RANGE.contains(&two), "{one} {two}");
        Ok(())
    }
}
