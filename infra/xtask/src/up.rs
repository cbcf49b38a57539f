//! `cargo xtask up`: the whole system on this machine.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;

use clap::Args;
use jiff::Timestamp;

use crate::failure::{Done, Failure};
use crate::say::Step;
use crate::stack::{Folder, State, aws, ports, sandbox};
use crate::venv::{Needs, Venv};
use crate::{cargo, functions, paths};

/// Start the local AWS with the template deployed, and the sandbox; print where they answer.
#[derive(Args)]
pub struct Arguments {
    /// Name of the stack; several can run side by side on different ports.
    #[arg(long, default_value = "local")]
    pub name: String,
    /// Port of the local AWS.
    #[arg(long, default_value_t = 4566)]
    pub port: u16,
    /// Port of the sandbox; the one after --port when not given.
    #[arg(long)]
    pub sandbox_port: Option<u16>,
    /// Do not seed the merchant.
    #[arg(long)]
    pub empty: bool,
    /// Print the state of the stack as JSON in the end.
    #[arg(long)]
    pub json: bool,
}

/// Who can sign in at the console of a seeded stack: those of `infra/harness/src/staff.rs`.
const STAFF: &str = "owner@, manager@, packer@, support@ or auditor@waybill.invalid; first@waybill.invalid makes a \
     merchant of its own; password Local-only-9-Sandbox";

/// Runs the command.
///
/// # Errors
/// With what to do next, after stopping whatever had been started.
pub fn run(arguments: &Arguments) -> Done {
    let state = start(arguments)?;
    if arguments.json {
        println!("{}", serde_json::to_string(&state).unwrap_or_default());
        return Ok(());
    }
    println!("\nWaybill runs as `{}`.", state.name);
    println!("  API       {}", state.api_url);
    println!("  console   {}/console", state.api_url);
    if !arguments.empty {
        println!("  sign in   {STAFF}");
    }
    println!("  AWS       {}   (region {}, keys test / test)", state.endpoint, state.region);
    println!("  sandbox   {}", state.sandbox_url);
    println!("  state     {}", Folder::of(&state.name)?.state_file().display());
    println!("Stop it with `cargo xtask down{}`.", name_flag(&state.name));
    Ok(())
}

/// Starts a stack and returns what is known of it.
///
/// # Errors
/// As [`run`].
pub fn start(arguments: &Arguments) -> Done<State> {
    let folder = Folder::of(&arguments.name)?;
    if let Some(state) = folder.read()?.filter(State::alive) {
        return Err(Failure::new(format!(
            "`{0}` runs already: API {1}\nStop it with `cargo xtask down{2}`, or start another beside it: `cargo xtask up --name two --port {3}`.",
            state.name,
            state.api_url,
            name_flag(&state.name),
            arguments.port.saturating_add(100)
        )));
    }
    let sandbox_port = arguments.sandbox_port.unwrap_or(arguments.port.saturating_add(1));
    ports::must_be_free(arguments.port, "--port")?;
    ports::must_be_free(sandbox_port, "--sandbox-port")?;

    let venv = Venv::with(&[Needs::Stack])?;
    let programs = build()?;
    folder.renew()?;
    let mut state = State {
        stack: format!("waybill-{}", arguments.name),
        name: arguments.name.clone(),
        since: Timestamp::now(),
        endpoint: format!("http://127.0.0.1:{}", arguments.port),
        region: aws::REGION.to_owned(),
        access_key_id: aws::ADMINISTRATOR.to_owned(),
        secret_access_key: aws::ADMINISTRATOR.to_owned(),
        api_url: String::new(),
        sandbox_url: format!("http://127.0.0.1:{sandbox_port}"),
        pids: BTreeMap::new(),
        outputs: BTreeMap::new(),
    };
    let done = bring_up(arguments, &folder, &venv, &programs, &mut state, sandbox_port);
    if done.is_err() {
        state.stop();
        let _ = std::fs::remove_file(folder.state_file());
    }
    done.map(|()| state)
}

fn bring_up(
    arguments: &Arguments,
    folder: &Folder,
    venv: &Venv,
    programs: &BTreeMap<String, PathBuf>,
    state: &mut State,
    sandbox_port: u16,
) -> Done {
    let step = Step::begin("starting the local AWS (MiniStack), policies enforced, calls recorded");
    state.pids.insert("aws".to_owned(), aws::begin(venv, folder, arguments.port)?);
    folder.write(state)?;
    step.done(&state.endpoint);

    let step = Step::begin("deploying template.yaml");
    state.outputs = aws::deploy(venv, state, &paths::local_code())?;
    let api = state.outputs.get("ApiId").ok_or_else(|| Failure::new("the template has no output ApiId"))?;
    // By path: the API's own host name would need a DNS server.
    state.api_url = format!("{}/_aws/execute-api/{api}/$default", state.endpoint);
    folder.write(state)?;
    step.done(&format!("{} with {} outputs", state.stack, state.outputs.len()));

    let step = Step::begin("starting the sandbox");
    let program = programs
        .get("waybill-sandbox")
        .ok_or_else(|| Failure::new("infra/sandbox has no binary `waybill-sandbox`"))?;
    state.pids.insert("sandbox".to_owned(), sandbox::begin(program, folder, sandbox_port)?);
    folder.write(state)?;
    step.done(&state.sandbox_url);

    match programs.get("seed") {
        Some(seed) if !arguments.empty => {
            let step = Step::begin("seeding a merchant");
            let mut command = std::process::Command::new(seed);
            command.arg("--state").arg(folder.state_file()).current_dir(paths::root()).stdout(Stdio::null());
            cargo::run("the seeder", command)?;
            step.done("seeded");
        }
        _ => {}
    }
    Ok(())
}

/// Builds functions, sandbox and seeder for this machine, and lays the functions out for the deployment.
fn build() -> Done<BTreeMap<String, PathBuf>> {
    let step = Step::begin("building the functions and the sandbox for this machine");
    let names = functions::names()?;
    let mut arguments = functions::build_here()?;
    arguments.extend(["--package".to_owned(), "waybill-sandbox".to_owned()]);
    arguments.push("--bins".to_owned());
    let mut programs = cargo::build(&arguments)?;
    // Apart from the functions, whose crates would otherwise be built with the harness's in-memory AWS inside.
    if cargo::has_package("waybill-harness") {
        programs.extend(cargo::build_stories()?);
    }
    let folder = paths::local_code();
    for name in &names {
        let package = functions::package(name);
        let binary = programs
            .get(&package)
            .ok_or_else(|| Failure::new(format!("functions/{name} has no binary `{package}`")))?;
        functions::place_slim(binary, &folder, name)?;
    }
    step.done(&format!("{} functions", names.len()));
    Ok(programs)
}

fn name_flag(name: &str) -> String {
    if name == "local" { String::new() } else { format!(" --name {name}") }
}
