//! Configuration from the environment, which the template sets. All that is wrong is said at once, at start. What there is
//! is listed in `infra/configuration.md`.

use std::collections::BTreeMap;
use waybill_store::{Queue, Tables};

/// A variable that is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("configuration: {}", .0.join("; "))]
pub struct ConfigError(pub Vec<String>);

/// Where a function may send requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Egress {
    /// Public HTTPS only.
    Public,
    /// Also plain HTTP to this machine, for the sandbox. The template refuses it outside dev.
    Local,
}

/// Reads variables and remembers what was wrong.
#[derive(Default)]
pub struct Reader {
    wrong: Vec<String>,
}

impl Reader {
    /// A variable that must be there. `what` says what it holds.
    pub fn need(&mut self, name: &str, what: &str) -> String {
        match std::env::var(name) {
            Ok(value) if !value.is_empty() => value,
            _ => {
                self.wrong.push(format!("{name} is not set: {what}"));
                String::new()
            }
        }
    }

    /// The tables this function uses, by the ends of their variables' names.
    pub fn tables(&mut self, used: &[&str]) -> Tables {
        let mut name = |table: &str| {
            if !used.contains(&table) {
                return String::new();
            }
            self.need(&format!("TABLE_{}", table.to_uppercase()), "the name of a table")
        };
        Tables {
            orders: name("orders"),
            keys: name("keys"),
            stock: name("stock"),
            registry: name("registry"),
            audit: name("audit"),
        }
    }

    /// The queues this function sends to.
    pub fn queues(&mut self, used: &[Queue]) -> BTreeMap<Queue, String> {
        used.iter().map(|q| (*q, self.need(q.variable(), "the URL of a queue"))).collect()
    }

    /// `EGRESS`: `public` (default) or `local`.
    pub fn egress(&mut self) -> Egress {
        match std::env::var("EGRESS").as_deref() {
            Err(_) | Ok("" | "public") => Egress::Public,
            Ok("local") => Egress::Local,
            Ok(_) => {
                self.wrong.push("EGRESS must be `public` or `local`".into());
                Egress::Public
            }
        }
    }

    /// All is well, or everything that is not.
    ///
    /// # Errors
    /// `ConfigError` with every missing or wrong variable.
    pub fn done(mut self) -> Result<(), ConfigError> {
        if crate::log::level(&std::env::var("LOG_LEVEL").unwrap_or_default()).is_none() {
            self.wrong.push("LOG_LEVEL must be error, warn, info, debug or trace".into());
        }
        if crate::traces::wanted(&std::env::var("TRACES").unwrap_or_default()).is_none() {
            self.wrong.push("TRACES must be `on` or `off`".into());
        }
        if self.wrong.is_empty() { Ok(()) } else { Err(ConfigError(self.wrong)) }
    }
}
