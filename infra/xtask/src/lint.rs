//! `cargo xtask lint`: is the template right, for AWS and for us?

use std::fs;
use std::process::Command;
use std::thread;

use clap::Args;

use crate::failure::{Done, Failure, While};
use crate::say::heading;
use crate::stack::aws::REGION;
use crate::venv::{Needs, Venv};
use crate::{paths, policy, yaml};

/// Check template.yaml with `sam validate --lint`, with cfn-lint and with our own policy rules, and the OpenAPI document
/// with openapi-spec-validator.
#[derive(Args)]
pub struct Arguments {
    /// Only our own rules, which need no Python.
    #[arg(long)]
    pub policy: bool,
}

/// Runs the command.
///
/// # Errors
/// When a checker finds something; it has said what by then.
pub fn run(arguments: &Arguments) -> Done {
    heading("policy rules");
    check_policy()?;
    if arguments.policy {
        return Ok(());
    }
    let venv = Venv::with(&[Needs::Stack, Needs::Lint])?;
    let mut openapi = venv.command("openapi-spec-validator");
    openapi.args(["--schema", "3.1", "--subschema-errors", "all", "--"]).arg(paths::openapi());
    let mut cfn_lint = venv.command("cfn-lint");
    cfn_lint
        .args(["--non-zero-exit-code", "informational", "--regions", REGION, "--"])
        .arg(paths::template());
    let mut sam = venv.command("sam");
    sam.args(["validate", "--lint", "--region", REGION, "--template"]).arg(paths::template());
    sam.env("AWS_DEFAULT_REGION", REGION);
    all([
        ("openapi-spec-validator functions/api/openapi.json", openapi),
        ("cfn-lint template.yaml", cfn_lint),
        ("sam validate --lint", sam),
    ])
}

/// Runs checkers side by side, and repeats what each said.
fn all(checkers: [(&'static str, Command); 3]) -> Done {
    let run = |(name, mut command): (&'static str, Command)| (name, command.output());
    let told: Vec<_> = thread::scope(|scope| {
        let running = checkers.map(|checker| scope.spawn(move || run(checker)));
        running.into_iter().map(|one| one.join()).collect()
    });
    let mut failed = Vec::new();
    for joined in told {
        let (name, said) = joined.map_err(|_| Failure::new("a checker's thread panicked"))?;
        heading(name);
        let said = said.or_say(format!("could not start {name}"))?;
        let text = [said.stdout, said.stderr].concat();
        eprint!("{}", String::from_utf8_lossy(&text));
        if said.status.success() {
            eprintln!("  nothing to say");
        } else {
            failed.push(name);
        }
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(Failure::new(format!("{} failed; the messages are above.", failed.join(", ")))),
    }
}

/// Our own rules.
///
/// # Errors
/// When a rule is broken, after printing every finding.
pub fn check_policy() -> Done {
    let file = paths::template();
    let text = fs::read_to_string(&file).or_say(format!("could not read {}", file.display()))?;
    let template = yaml::read(&text).or_say("template.yaml")?;
    let findings = policy::check(&template);
    findings.iter().for_each(|finding| eprintln!("  {finding}"));
    if !findings.is_empty() {
        return Err(Failure::new(format!(
            "template.yaml breaks {} of our rules; they are in infra/xtask/src/policy/.",
            findings.len()
        )));
    }
    policy::RULES.iter().for_each(|(rule, _)| eprintln!("  ok  {rule}"));
    if let Some(days) = policy::worst_case_days(&template) {
        eprintln!(
            "  worst case: the recipient of an order is gone {days:.2} days after shipping (promised: 30)"
        );
    }
    Ok(())
}
