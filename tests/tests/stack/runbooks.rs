//! The commands of infra/runbooks are run as they stand there, page by page, with the stack's name in place of the page's.
//!
//! Blocks marked `sh` are run; a block marked `sh only-aws` is not, because the local AWS has nothing that answers it, or
//! because a person acts in it; what is marked `sh first-day` is told by that story, or in the browser. Each page is one shell that ends at its first command that fails; an HTTP status of 400 or
//! more is a failure, too.

use crate::support::{Shop, Story, unique, until};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use waybill_domain::access::Role;
use waybill_domain::order::Status;
use waybill_harness::seed::{ACCESS_TOKEN, CLIENT_SECRET};
use waybill_harness::staff::{OWNER, sign_in};
use waybill_sandbox::invent::Kind;
use waybill_store::staff::Staff;

pub static RUNBOOKS: Story = Story::new("runbooks", || Box::pin(runbooks()));
pub static REDRIVEN: Story = Story::new("redriven", || Box::pin(redriven()));

#[test]
#[ignore = "needs a running stack"]
fn the_commands_of_every_runbook_do_what_they_should() {
    RUNBOOKS.told();
}

#[test]
#[ignore = "needs a running stack"]
fn dead_letters_go_back_to_their_queue_and_are_worked_on() {
    REDRIVEN.told();
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every page, by name.
fn pages() -> Vec<(String, String)> {
    let mut pages: Vec<(String, String)> = std::fs::read_dir(root().join("infra/runbooks"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(path).unwrap())
        })
        .collect();
    pages.sort();
    pages
}

/// The blocks of a page that are run, and how many are not.
fn blocks(page: &str) -> (Vec<String>, usize) {
    let (mut run, mut left) = (Vec::new(), 0);
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(mark) = line.strip_prefix("```") else { continue };
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        match mark {
            "sh" => run.push(block.join("\n")),
            "sh only-aws" | "sh first-day" => left += 1,
            other => assert!(!other.starts_with("sh"), "what is `{other}`?"),
        }
    }
    (run, left)
}

/// Runs a script with the AWS command line at this stack; what it printed.
fn shell(shop: &Shop, name: &str, script: &str, variables: &[(&str, String)]) -> Result<String, String> {
    let stack = &shop.stack;
    let script = script.replace("waybill-prod", &stack.stack).replace("waybill-dev", &stack.stack);
    let folder = std::env::temp_dir().join(format!("waybill-runbook-{name}-{}", unique(8)));
    std::fs::create_dir(&folder).unwrap();
    let tools =
        root().join(".waybill/venv/bin").canonicalize().expect("`cargo xtask up` installs the command line");
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
    let strict = concat!(
        "set -euo pipefail\n",
        "curl() { command curl --fail-with-body --max-time 30 \"$@\"; }\n",
        // It forgets AWS_ENDPOINT_URL for SQS.
        "aws() { command aws --endpoint-url \"$AWS_ENDPOINT_URL\" \"$@\"; }\n",
    );
    let out = Command::new("bash")
        .args(["-c", &format!("{strict}{script}")])
        .current_dir(&folder)
        .stdin(Stdio::null())
        .env("PATH", path)
        .env("AWS_ENDPOINT_URL", &stack.endpoint)
        .env("AWS_DEFAULT_REGION", &stack.region)
        .env("AWS_ACCESS_KEY_ID", &stack.access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", &stack.secret_access_key)
        .env("AWS_PAGER", "")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(variables.iter().map(|(name, value)| (*name, value.as_str())))
        .output()
        .unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    match out.status.success() {
        true => Ok(said),
        false => {
            let end: String = said.chars().rev().take(500).collect::<Vec<_>>().into_iter().rev().collect();
            Err(format!("{name}: …{end}\n{}", String::from_utf8_lossy(&out.stderr)))
        }
    }
}

/// What the pages take for known.
async fn variables(shop: &Shop, order: String, credentials: &Path) -> Vec<(&'static str, String)> {
    let now = jiff::Timestamp::now();
    let output = |name: &str| shop.stack.output(name).unwrap().to_owned();
    let owner = sign_in(&shop.stack, OWNER).await.unwrap();
    // Somebody whose session is ended.
    let leaver = format!("00000000-0000-4000-8000-{}", unique(12));
    let staff = Staff {
        merchant: shop.ids.merchant.clone(),
        role: Role::Packer,
        trained_until: now,
        reviewed_at: now,
        active: true,
    };
    shop.db.save_staff(&leaver, &staff).await.unwrap();
    vec![
        ("API", shop.stack.api_url.clone()),
        ("SUB", leaver),
        ("TOKEN", owner),
        ("ORDER", order),
        ("QUEUE", output("QueueTrack")),
        ("QUEUE_ERASE", output("QueueErase")),
        ("DEAD_LETTERS", output("DeadLettersTrack")),
        ("KEY_RECIPIENTS", output("KeyRecipients")),
        ("KEY_CREDENTIALS", output("KeyCredentials")),
        ("BEFORE", now.strftime("%FT%TZ").to_string()),
        ("CONNECTION", shop.ids.shop.to_string()),
        ("CREDENTIALS_FILE", credentials.display().to_string()),
    ]
}

async fn runbooks() {
    let shop = Shop::demo().await;
    let order = shop.bought(Kind::Plain).await;
    let id = shop.tell("orders/create", order).await;
    shop.stands(&id, Status::Dispatched).await;
    let credentials = std::env::temp_dir().join(format!("waybill-runbook-credentials-{}", unique(8)));
    let same = json!({"kind": "shopify", "secrets": [CLIENT_SECRET], "token": ACCESS_TOKEN});
    std::fs::write(&credentials, same.to_string()).unwrap();
    let variables = variables(&shop, id.to_string(), &credentials).await;
    let (mut wrong, mut run, mut left) = (Vec::new(), 0, 0);
    for (name, page) in pages() {
        let (blocks, of_aws) = blocks(&page);
        run += blocks.len();
        left += of_aws;
        if let Err(error) = shell(&shop, &name, &blocks.join("\n"), &variables) {
            wrong.push(error);
        }
    }
    std::fs::remove_file(credentials).unwrap();
    eprintln!("{run} blocks of the runbooks were run, {left} are not");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A message that was given up comes back by the page's commands: here for a parcel that must be asked about.
async fn redriven() {
    let shop = Shop::open().await;
    let order = shop.bought(Kind::Plain).await;
    let id = shop.tell("orders/create", order).await;
    shop.stands(&id, Status::Dispatched).await;
    shop.listen("FunctionNotifier", false).await;
    let aws = shop.aws();
    let [dead, queue] = ["DeadLettersNotify", "QueueNotify"].map(|name| shop.stack.output(name).unwrap());
    let at = jiff::Timestamp::now();
    for _ in 0..3 {
        let body = json!({"V1": {"kind": "order", "order": id, "at": at}}).to_string();
        let send = json!({"QueueUrl": dead, "MessageBody": body});
        aws.json("sqs", "AmazonSQS.SendMessage", &send).await.unwrap();
    }
    let waiting = async |queue: &str| {
        let ask = json!({"QueueUrl": queue, "AttributeNames": ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]});
        let found = aws.json("sqs", "AmazonSQS.GetQueueAttributes", &ask).await.unwrap();
        let number = |name: &str| found["Attributes"][name].as_str().unwrap().parse::<u64>().unwrap();
        number("ApproximateNumberOfMessages") + number("ApproximateNumberOfMessagesNotVisible")
    };
    let (before, given_up) = (waiting(queue).await, waiting(dead).await);
    assert!(given_up >= 3);
    let page = pages().into_iter().find(|(name, _)| name == "dead-letters").unwrap().1;
    let (blocks, _) = blocks(&page);
    let block = blocks.iter().find(|block| block.contains("send-message")).unwrap();
    let variables = [("QUEUE", queue.to_owned()), ("DEAD_LETTERS", dead.to_owned())];
    shell(&shop, "redrive", block, &variables).unwrap();
    assert_eq!((waiting(dead).await, waiting(queue).await), (0, before + given_up), "all of them went over");
    shop.listen("FunctionNotifier", true).await;
    // The shop was told already, so they come to nothing, and to no second fulfilment.
    until("the queue to be worked on", async || (waiting(queue).await <= before).then_some(())).await;
    assert_eq!(waiting(dead).await, 0);
    shop.stands(&id, Status::Dispatched).await;
}
