//! A command of ours that runs beside other steps, and is heard when its turn comes.

use std::env;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command};

use crate::failure::{Done, Failure, While};
use crate::paths;

/// One that was begun.
pub struct Begun {
    name: &'static str,
    child: Child,
    said: PathBuf,
}

impl Begun {
    /// Begins `cargo xtask <arguments>`; what it says goes to a file meanwhile.
    ///
    /// # Errors
    /// When the file cannot be made or the command cannot be started.
    pub fn begin(name: &'static str, arguments: &[&str]) -> Done<Self> {
        let said = paths::private().join(format!("{name}-{}.log", std::process::id()));
        let file = File::create(&said).or_say(format!("could not make {}", said.display()))?;
        let both = file.try_clone().or_say(format!("could not open {}", said.display()))?;
        let this = env::current_exe().or_say("could not find this program")?;
        let child = Command::new(this).args(arguments).stdout(file).stderr(both).spawn();
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
