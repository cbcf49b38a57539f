//! A command of ours that runs beside other steps, and is heard when its turn comes.

use std::env;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command};

use crate::failure::{Done, Failure, While};
use crate::paths;

/// One that was begun.
pub struct Begun {
    /// The step's name.
    pub name: &'static str,
    child: Child,
    said: PathBuf,
}

impl Begun {
    /// Begins a command; what it says goes to a file meanwhile.
    ///
    /// # Errors
    /// When the file cannot be made or the command cannot be started.
    pub fn begin(name: &'static str, mut command: Command) -> Done<Self> {
        let said = paths::private().join(format!("{name}-{}.log", std::process::id()));
        let file = File::create(&said).or_say(format!("could not make {}", said.display()))?;
        let both = file.try_clone().or_say(format!("could not open {}", said.display()))?;
        let child = command.stdout(file).stderr(both).spawn();
        Ok(Self { name, child: child.or_say(format!("could not start {name}"))?, said })
    }

    /// Waits for its end and repeats what it said.
    ///
    /// # Errors
    /// When it failed.
    pub fn end(mut self) -> Done {
        let ended = self.child.wait().or_say(format!("could not wait for {}", self.name))?;
        let said = fs::read(&self.said).or_say(format!("could not read {}", self.said.display()))?;
        eprint!("{}", String::from_utf8_lossy(&said));
        let _ = fs::remove_file(&self.said);
        match ended.success() {
            true => Ok(()),
            false => Err(Failure::new(format!("{} failed; its messages are above.", self.name))),
        }
    }
}

/// `cargo xtask <arguments>`.
///
/// # Errors
/// When this program cannot be found.
pub fn ours(arguments: &[&str]) -> Done<Command> {
    let mut command = Command::new(env::current_exe().or_say("could not find this program")?);
    command.args(arguments);
    Ok(command)
}

/// The same command, before which everything else on the machine goes.
#[must_use]
pub fn patient(command: &Command) -> Command {
    let mut patient = Command::new("nice");
    patient.args(["-n", "19"]).arg(command.get_program()).args(command.get_args());
    patient.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(folder) = command.get_current_dir() {
        patient.current_dir(folder);
    }
    patient
}
