//! The private Python environment: pinned packages under `.waybill/venv`, touching nothing else on the machine.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::failure::{Done, Failure, While};
use crate::paths;
use crate::say::Step;

/// A set of pinned packages, one requirements file in `infra/local`.
#[derive(Clone, Copy, Debug)]
pub enum Needs {
    /// The local AWS and the deploy script.
    Stack,
    /// SAM's and CloudFormation's checkers.
    Lint,
    /// The arm64 build.
    Build,
    /// Others' code, measured beside ours.
    Bench,
}

impl Needs {
    fn file(self) -> &'static str {
        match self {
            Self::Stack => "requirements.txt",
            Self::Lint => "requirements-lint.txt",
            Self::Build => "requirements-build.txt",
            Self::Bench => "requirements-bench.txt",
        }
    }
}

/// The environment, made and filled.
pub struct Venv {
    bin: PathBuf,
}

impl Venv {
    /// Makes the environment if it is not there, and installs what is needed unless it was installed before.
    ///
    /// # Errors
    /// When Python, its venv module or the package registry cannot be reached, with what to install.
    pub fn with(needs: &[Needs]) -> Done<Self> {
        let folder = paths::private().join("venv");
        let venv = Self { bin: folder.join("bin") };
        if !works(&venv.tool("python")) {
            create(&folder)?;
        }
        for need in needs {
            let file = paths::local().join(need.file());
            let wanted = fs::read_to_string(&file).or_say(format!("could not read {}", file.display()))?;
            let stamp = folder.join(format!("installed-{}", need.file()));
            if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
                continue;
            }
            let step =
                Step::begin(&format!("installing infra/local/{} into .waybill/venv (once)", need.file()));
            let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
            let status = Command::new(venv.tool("python"))
                .args(pip)
                .arg(&file)
                .status()
                .or_say("could not start pip")?;
            if !status.success() {
                return Err(Failure::new(
                    "pip could not install the pinned packages; its message is above.\n\
                     It needs the Python package index (or a mirror set by PIP_INDEX_URL) and Python 3.10 or newer. Then run the same command again.",
                ));
            }
            fs::write(&stamp, wanted).or_say(format!("could not write {}", stamp.display()))?;
            step.done("installed");
        }
        Ok(venv)
    }

    /// The path of a program in the environment, such as `python` or `sam`.
    #[must_use]
    pub fn tool(&self, name: &str) -> PathBuf {
        self.bin.join(name)
    }

    /// A command in the environment, which finds its neighbours first and asks no telemetry or update server.
    #[must_use]
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.tool(name));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let all = std::iter::once(self.bin.clone()).chain(std::env::split_paths(&path));
        if let Ok(joined) = std::env::join_paths(all) {
            command.env("PATH", joined);
        }
        command.current_dir(paths::root()).env("SAM_CLI_TELEMETRY", "0").env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

/// Whether a program starts at all; a copied or half-made environment does not.
fn works(program: &PathBuf) -> bool {
    Command::new(program)
        .args(["-m", "pip", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn create(folder: &PathBuf) -> Done {
    let step = Step::begin("making a private Python environment in .waybill/venv (once)");
    let out = Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder).output().map_err(|_| {
        Failure::new(
            "Python 3 was not found, and the local AWS is a Python program.\n\
             Install it (Debian, Ubuntu: `apt install python3 python3-venv`; macOS: `brew install python`) and run the same command again.",
        )
    })?;
    if !out.status.success() {
        let said = [out.stdout, out.stderr].concat();
        return Err(Failure::new(format!(
            "Python 3 is here, but it could not make a virtual environment.\n\
             On Debian and Ubuntu its venv module is a package of its own: `apt install python3-venv`. Then run the same command again.\n\
             Python said: {}",
            String::from_utf8_lossy(&said).trim()
        )));
    }
    step.done("made");
    Ok(())
}
