//! The stories of `tests/tests/stack`, told on several stacks at once: on one they are told one at a time and mostly
//! wait, so that each further stack takes the next chapter while the others wait.

use std::collections::{BTreeMap, VecDeque};
use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use super::browser;
use super::count::{Count, told};
use crate::failure::{Done, Failure, While};
use crate::say::seconds;
use crate::stack::{Folder, State, ports};
use crate::{cargo, down, paths, up};

/// Stacks that share the stories, beside the demo's own.
const STACKS: usize = 3;

/// The chapters that take longest, which are begun first. All others follow by name.
const LONGEST: [&str; 8] = ["browser", "changes", "bench", "canary", "runbooks", "grants", "stock", "paused"];

/// Judges what the functions may do by what all stacks recorded, so it is told last.
const JUDGE: &str = "grants::every_role_has_the_grants_its_function_uses_and_no_other";

/// The names of a module's stories.
type Chapter = Vec<String>;

/// What came of them, and what the runner said.
type Told = (Count, Vec<String>);

/// Starts the stacks, tells every story on one of them, has the grants judged on all, and stops them. `meanwhile` is
/// called when the first is up, and so everything is built.
///
/// # Errors
/// When a stack cannot be started or stopped, or the stories cannot be listed.
pub fn tell(in_browser: bool, meanwhile: impl FnOnce() -> Done) -> Done<Told> {
    let first = start(0)?;
    let done = with_others(&first, in_browser, meanwhile);
    down::stop(&first.name)?;
    done
}

fn with_others(first: &State, in_browser: bool, meanwhile: impl FnOnce() -> Done) -> Done<Told> {
    meanwhile()?;
    let teller = Teller::built()?;
    let chapters = Mutex::new(teller.chapters(in_browser)?);
    let mut states = vec![first.clone()];
    let mut all = Told::default();
    let mut problem = None;
    thread::scope(|scope| {
        let (teller, chapters) = (&teller, &chapters);
        let others: Vec<_> = (1..STACKS)
            .map(|which| {
                scope.spawn(move || {
                    let state = start(which)?;
                    let told = teller.tell_all(&state, chapters);
                    Ok::<_, Failure>((state, told))
                })
            })
            .collect();
        let mut add = |told: Done<Told>| match told {
            Ok((count, lines)) => {
                all.0 = all.0 + count;
                all.1.extend(lines);
            }
            Err(failure) => problem = Some(failure),
        };
        add(teller.tell_all(first, chapters));
        for other in others {
            match other.join().unwrap_or_else(|_| Err(Failure::new("the stories of a stack panicked"))) {
                Ok((state, told)) => {
                    states.push(state);
                    add(told);
                }
                Err(failure) => add(Err(failure)),
            }
        }
    });
    let judged = problem.map_or_else(|| teller.judge(&states), Err);
    for other in &states[1..] {
        down::stop(&other.name)?;
    }
    let (count, lines) = judged?;
    all.1.extend(lines);
    Ok((all.0 + count, all.1))
}

fn start(which: usize) -> Done<State> {
    let (port, sandbox_port) = ports::two_free()?;
    let name = format!("test-{}-{which}", std::process::id());
    up::start(&up::Arguments { name, port, sandbox_port: Some(sandbox_port), empty: false, json: false })
}

/// The program that holds the stories.
struct Teller(PathBuf);

impl Teller {
    fn built() -> Done<Self> {
        let mut programs = cargo::build_stories()?;
        programs.remove("stack").map(Self).ok_or_else(|| Failure::new("tests/ has no test program `stack`"))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.0);
        command.current_dir(paths::root().join("tests")).arg("--ignored");
        command
    }

    /// All stories but the judge, by module, the longest first.
    fn chapters(&self, in_browser: bool) -> Done<VecDeque<Chapter>> {
        let listed = self.command().arg("--list").output().or_say("could not list the stories")?;
        let listed = String::from_utf8_lossy(&listed.stdout);
        let mut modules: BTreeMap<&str, Chapter> = BTreeMap::new();
        for name in listed.lines().filter_map(|line| line.strip_suffix(": test")) {
            if name != JUDGE && (in_browser || !name.starts_with(browser::STORIES)) {
                let module = name.split("::").next().unwrap_or(name);
                modules.entry(module).or_default().push(name.to_owned());
            }
        }
        if modules.is_empty() {
            return Err(Failure::new("tests/ lists no story"));
        }
        let mut chapters: VecDeque<_> = LONGEST.iter().filter_map(|module| modules.remove(module)).collect();
        chapters.extend(modules.into_values());
        Ok(chapters)
    }

    /// Tells what nobody has begun, until nothing is left.
    fn tell_all(&self, on: &State, chapters: &Mutex<VecDeque<Chapter>>) -> Done<Told> {
        let next = || chapters.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let mut all = Told::default();
        while let Some(chapter) = next() {
            let began = Instant::now();
            let mut command = self.command();
            command.args(["--test-threads", "1", "--exact"]).args(&chapter);
            command.env("WAYBILL_STATE", Folder::of(&on.name)?.state_file());
            let (count, lines) = told(command)?;
            let module = chapter[0].split("::").next().unwrap_or_default();
            eprintln!("· {module} on {}: {}", on.name, seconds(began.elapsed()));
            all = (all.0 + count, [all.1, lines].concat());
        }
        Ok(all)
    }

    /// Has the grants judged by what was told on all these.
    fn judge(&self, on: &[State]) -> Done<Told> {
        let files =
            on.iter().map(|state| Ok(Folder::of(&state.name)?.state_file())).collect::<Done<Vec<_>>>()?;
        let mut command = self.command();
        command.args(["--exact", JUDGE]).env("WAYBILL_STATE", &files[0]);
        command.env("WAYBILL_TOLD_ON", env::join_paths(&files).or_say("a stack's path")?);
        told(command)
    }
}
