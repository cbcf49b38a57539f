//! Requests held against the official machine-readable specifications of channels and carriers.
//!
//! The specifications lie beside the repository, not in it ([`Contracts::find`]). One judge serves both sides: tests
//! hold every kind of request we build against it, and the sandbox every request it gets. It is strict where the real
//! systems are silent: a field, a parameter or a type a specification does not name is wrong, because sending one is
//! a fault on our side. What it says names fields and rules, never values.

mod graphql;
mod openapi;
mod schema;
mod system;
mod yaml;

use http::{HeaderMap, Method, Request};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

pub use system::System;

/// The folder of the specifications, and those of them that were needed so far.
pub struct Contracts {
    root: PathBuf,
    read: Mutex<BTreeMap<System, &'static OnceLock<Specs>>>,
}

/// What a system is held against.
enum Specs {
    Http(Vec<openapi::Spec>),
    GraphQl(graphql::Spec),
    /// There is one and it cannot be read; why.
    Broken(String),
}

/// A request as its system would get it: the path is the one at the official host.
pub struct Asked<'a> {
    /// HTTP method.
    pub method: &'a Method,
    /// Path, percent-encoded.
    pub path: &'a str,
    /// Query without its question mark, percent-encoded.
    pub query: &'a str,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// Body.
    pub body: &'a [u8],
}

impl<'a> Asked<'a> {
    /// A request that is sent to an address which ends with `base`; `None` when it goes elsewhere.
    pub fn below(base: &str, request: &'a Request<Vec<u8>>) -> Option<Self> {
        Some(Self {
            method: request.method(),
            path: request.uri().path().strip_prefix(base)?,
            query: request.uri().query().unwrap_or_default(),
            headers: request.headers(),
            body: request.body(),
        })
    }
}

/// How a request stands to the specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is what the specification says of this operation.
    Valid {
        /// The operation's name there.
        operation: String,
    },
    /// It is not.
    Invalid {
        /// The operation's name there, or method and path when there is none.
        operation: String,
        /// Everything that is wrong: fields and rules, never values.
        wrongs: Vec<String>,
    },
    /// No machine-readable specification speaks of it.
    Unspecified {
        /// What it is and why there is none.
        why: &'static str,
    },
}

impl Contracts {
    /// The specifications: in `CONTRACTS_DIR`, else in `shared/contracts` beside the repository. `None` when there
    /// are none. They are read once in a process, each when it is first needed.
    pub fn find() -> Option<&'static Self> {
        static FOUND: OnceLock<Option<Contracts>> = OnceLock::new();
        FOUND
            .get_or_init(|| {
                let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/contracts");
                let root =
                    std::env::var_os("CONTRACTS_DIR").map_or_else(|| PathBuf::from(beside), PathBuf::from);
                root.is_dir().then(|| Self { root, read: Mutex::default() })
            })
            .as_ref()
    }

    /// As [`Contracts::find`], for a test: says aloud that it is skipped when there are none.
    pub fn or_skip() -> Option<&'static Self> {
        let found = Self::find();
        if found.is_none() {
            println!("skipped: no contracts; set CONTRACTS_DIR to the folder of the specifications");
        }
        found
    }

    /// Holds a request against the specification of its system.
    pub fn judge(&self, system: System, asked: &Asked<'_>) -> Verdict {
        if let Some(why) = system.unspecified(asked.method, asked.path) {
            return Verdict::Unspecified { why };
        }
        match self.specs(system) {
            Specs::GraphQl(spec) => spec.judge(asked),
            Specs::Http(specs) => match specs.iter().find_map(|spec| spec.find(asked)) {
                Some(operation) => verdict(operation.name().to_owned(), operation.wrongs(asked)),
                None => Verdict::Invalid {
                    operation: asked.method.to_string(),
                    wrongs: vec!["there is no such operation".to_owned()],
                },
            },
            Specs::Broken(why) => {
                Verdict::Invalid { operation: asked.method.to_string(), wrongs: vec![why.clone()] }
            }
        }
    }

    fn specs(&self, system: System) -> &'static Specs {
        // The specifications of a process are read once and stay: a leaked cell gives them a life as long as its own,
        // and reading one keeps nobody waiting who needs another.
        let cell = *self
            .read
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(system)
            .or_insert_with(|| Box::leak(Box::new(OnceLock::new())));
        cell.get_or_init(|| self.load(system).unwrap_or_else(Specs::Broken))
    }

    fn load(&self, system: System) -> Result<Specs, String> {
        let file = |name: &&str| -> Result<Value, String> {
            let text = std::fs::read_to_string(self.root.join(name))
                .map_err(|error| format!("the specification {name} cannot be read: {error}"))?;
            if Path::new(name).extension().is_some_and(|one| one == "yaml") {
                yaml::read(&text).map_err(|error| format!("the specification {name} is no YAML: {error}"))
            } else {
                serde_json::from_str(&text)
                    .map_err(|error| format!("the specification {name} is no JSON: {error}"))
            }
        };
        let mut all: Vec<Value> = system.files().iter().map(file).collect::<Result<_, _>>()?;
        match system {
            System::Shopify => Ok(Specs::GraphQl(graphql::Spec::new(&all.remove(0)))),
            System::ClickAndDrop => {
                let newer = all.pop().unwrap_or_default();
                system::renew_click_and_drop(&mut all, &newer)?;
                Ok(Specs::Http(all.into_iter().map(|one| openapi::Spec::new(one, system.names())).collect()))
            }
            _ => {
                Ok(Specs::Http(all.into_iter().map(|one| openapi::Spec::new(one, system.names())).collect()))
            }
        }
    }
}

fn verdict(operation: String, wrongs: Vec<String>) -> Verdict {
    if wrongs.is_empty() { Verdict::Valid { operation } } else { Verdict::Invalid { operation, wrongs } }
}
