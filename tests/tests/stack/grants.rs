//! Every role has what its function uses and nothing else: what the stories did, as CloudTrail recorded it, is
//! compared with what the deployed roles allow, over all stacks that share the stories. A grant that no story uses fails
//! here, and so does every call that a missing grant refuses.
//!
//! The local AWS reads queues and the stream and writes logs for the functions without asking their roles; `cargo xtask lint`
//! checks those grants.

use crate::support::{Shop, Story, stack, until};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use waybill_domain::order::{PersonalData, Status};
use waybill_domain::time::{after, days};
use waybill_harness::canary::events;
use waybill_harness::signed::{Signed, elements};
use waybill_harness::stack::Stack;
use waybill_sandbox::invent::Kind;
use waybill_store::keys::KeyState;

static LEAST: Story = Story::new("least privilege", || Box::pin(least()));
static REMOVED: Story = Story::new("removed grants", || Box::pin(removed()));

/// Every story that makes functions call AWS.
static ALL: &[&Story] = &[
    &crate::road::ROAD,
    &crate::bad_input::REFUSED,
    &crate::bad_input::UNREADABLE,
    &crate::changes::EDITED,
    &crate::changes::CANCELLED_BEFORE,
    &crate::changes::CANCELLED_AFTER,
    &crate::changes::FOUND_CANCELLED,
    &crate::changes::DELETED,
    &crate::changes::DIRECTED,
    &crate::changes::UNDONE,
    &crate::changes::UNINSTALLED,
    &crate::erasure::REDACTED,
    &crate::erasure::ASKED_FOR,
    &crate::paused::SHOP_REFUSED,
    &crate::paused::CARRIER_REFUSED,
    &crate::paused::SLOWED,
    &crate::sweep::SWEPT,
    &crate::staff::STAFF,
    &crate::privacy::ASKED,
    &crate::warehouse::WAREHOUSE,
    &crate::console::CONSOLE,
    &crate::connections::CONNECTIONS,
    &crate::connections::ERASED_THERE,
    &crate::stock::TOLD,
    &crate::stock::RUNS_OUT,
    &crate::stock::PAST,
    &crate::shelves::SHELVES,
    &crate::bench::BENCH,
    &crate::ebay::CLOSED,
    &crate::abroad::ABROAD,
    &crate::amazon::TELLS,
    &crate::care::CARE,
    &crate::first_day::FIRST_DAY,
    &crate::webhooks::HEARD,
];

const FUNCTIONS: [&str; 11] = [
    "webhook",
    "poller",
    "allocator",
    "shipper",
    "notifier",
    "tracker",
    "clock",
    "retention",
    "api",
    "reveal",
    "auditor",
];

#[test]
#[ignore = "needs a running stack"]
fn every_role_has_the_grants_its_function_uses_and_no_other() {
    if told_on().is_none() {
        ALL.iter().for_each(|story| story.told());
    }
    LEAST.told();
}

/// The stacks that told the stories between them, when a test run shared these out (`WAYBILL_TOLD_ON`, paths of state
/// files): then what was done on any of them counts.
fn told_on() -> Option<Vec<Stack>> {
    let files = std::env::var_os("WAYBILL_TOLD_ON")?;
    Some(std::env::split_paths(&files).map(|file| Stack::read(&file).unwrap()).collect())
}

#[test]
#[ignore = "needs a running stack"]
fn without_one_of_its_grants_a_function_fails_safely_and_goes_on_when_it_is_back() {
    REMOVED.told();
}

/// An action on a resource.
type Use = (String, String);

async fn least() {
    let stack = stack();
    let at = jiff::Timestamp::now();
    stack.run_at("FunctionAuditor", at).await.unwrap();
    // Accounts are looked at on the quarter of an hour alone.
    stack.run_at("FunctionClock", quarter(at)).await.unwrap();
    let mut did: BTreeMap<String, BTreeSet<Use>> = BTreeMap::new();
    for stack in told_on().unwrap_or_else(|| vec![stack.clone()]) {
        for (function, uses) in used(&stack, &Signed::new(&stack)).await {
            did.entry(function).or_default().extend(everywhere(&stack, uses));
        }
    }
    let mut wrong = Vec::new();
    let mut count = 0;
    for function in FUNCTIONS {
        let granted = everywhere(&stack, granted(&stack.stack, &Signed::new(&stack), function).await);
        let used = did.remove(function).unwrap_or_default();
        count += granted.len();
        wrong.extend(
            granted
                .difference(&used)
                .map(|(action, on)| format!("{function}: {action} on {on} is granted and never used")),
        );
        wrong.extend(
            used.difference(&granted)
                .map(|(action, on)| format!("{function}: {action} on {on} is used and not granted by name")),
        );
    }
    eprintln!("{count} grants of {} roles compared with what was used", FUNCTIONS.len());
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Uses by names that are the same on every stack: the stack's name and its keys, which no name is given to, are left out.
fn everywhere(stack: &Stack, uses: BTreeSet<Use>) -> BTreeSet<Use> {
    let keys: Vec<_> = stack.outputs.iter().filter(|(name, _)| name.starts_with("Key")).collect();
    let renamed = |on: String| {
        let on = keys.iter().fold(on, |on, (name, arn)| on.replace(arn.as_str(), name));
        on.replace(&stack.stack, "waybill")
    };
    uses.into_iter().map(|(action, on)| (action, renamed(on))).collect()
}

/// The quarter of an hour that has begun.
fn quarter(at: jiff::Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_second(at.as_second().div_euclid(900) * 900).unwrap()
}

/// What each function did, by the key of its session.
async fn used(stack: &Stack, aws: &Signed<'_>) -> BTreeMap<String, BTreeSet<Use>> {
    let keys: BTreeMap<String, &str> =
        FUNCTIONS.into_iter().flat_map(|f| stack.session_keys(f).map(|key| (key, f))).collect();
    let mut used: BTreeMap<String, BTreeSet<Use>> = BTreeMap::new();
    events(aws, |event| {
        if let Some(function) = event["AccessKeyId"].as_str().and_then(|key| keys.get(key)) {
            used.entry((*function).to_owned()).or_default().extend(uses(&stack.region, event));
        }
    })
    .await
    .unwrap();
    used
}

const ACCOUNT: &str = "000000000000";

/// The actions that one call needs, each on its resource.
fn uses(region: &str, event: &Value) -> Vec<Use> {
    let record: Value = serde_json::from_str(event["CloudTrailEvent"].as_str().unwrap()).unwrap();
    let (source, name) = (record["eventSource"].as_str().unwrap(), record["eventName"].as_str().unwrap());
    let ask = &record["requestParameters"];
    let table =
        |on: &Value| format!("arn:aws:dynamodb:{region}:{ACCOUNT}:table/{}", on.as_str().unwrap_or("?"));
    let dynamodb = |action: &str, on: &Value| (format!("dynamodb:{action}"), table(on));
    match (source, name) {
        ("dynamodb.amazonaws.com", "TransactWriteItems") => {
            let actions =
                ask["TransactItems"].as_array().into_iter().flatten().filter_map(Value::as_object).flatten();
            let action =
                |kind: &str| if kind == "ConditionCheck" { kind.to_owned() } else { format!("{kind}Item") };
            actions.map(|(kind, what)| dynamodb(&action(kind), &what["TableName"])).collect()
        }
        ("dynamodb.amazonaws.com", "BatchGetItem") => {
            let tables = ask["RequestItems"].as_object().into_iter().flatten();
            tables.map(|(name, _)| dynamodb("BatchGetItem", &json!(name))).collect()
        }
        ("dynamodb.amazonaws.com", action) => match ask["IndexName"].as_str() {
            Some(index) => {
                vec![(format!("dynamodb:{action}"), format!("{}/index/{index}", table(&ask["TableName"])))]
            }
            None => vec![dynamodb(action, &ask["TableName"])],
        },
        ("sqs.amazonaws.com", "SendMessage" | "SendMessageBatch") => {
            let name = ask["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next()).unwrap_or("?");
            vec![("sqs:SendMessage".into(), format!("arn:aws:sqs:{region}:{ACCOUNT}:{name}"))]
        }
        ("kms.amazonaws.com", action) => {
            vec![(format!("kms:{action}"), ask["KeyId"].as_str().unwrap_or("?").to_owned())]
        }
        // Its resources are the bucket and the object, which lies in a folder that a grant names.
        ("s3.amazonaws.com", action) => {
            let named = |n: usize| event["Resources"][n]["ResourceName"].as_str().unwrap_or("?");
            let folder = named(1).split('/').next().unwrap_or("?");
            vec![(format!("s3:{action}"), format!("arn:aws:s3:::{}/{folder}/*", named(0)))]
        }
        ("events.amazonaws.com", action) => {
            let bus = |entry: &Value| entry["EventBusName"].as_str().unwrap_or("?").to_owned();
            let entries = ask["Entries"].as_array().into_iter().flatten();
            let arn = |bus: String| format!("arn:aws:events:{region}:{ACCOUNT}:event-bus/{bus}");
            entries.map(|entry| (format!("events:{action}"), arn(bus(entry)))).collect()
        }
        (source, action) => {
            vec![(format!("{}:{action}", source.split('.').next().unwrap_or(source)), "?".into())]
        }
    }
}

async fn policy(stack: &str, aws: &Signed<'_>, function: &str) -> Value {
    let role = format!("{stack}-{function}");
    let ask = [
        ("Action", "GetRolePolicy"),
        ("Version", "2010-05-08"),
        ("RoleName", &role),
        ("PolicyName", "grants"),
    ];
    let xml = aws.query("iam", &ask).await.unwrap();
    let text = elements(&xml, "PolicyDocument").remove(0);
    serde_json::from_str(&text).unwrap_or_else(|_| serde_json::from_str(&unescape(&text)).unwrap())
}

/// IAM answers with `%7B` for `{`.
fn unescape(text: &str) -> String {
    let mut parts = text.split('%');
    let mut out = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        out.push(u8::from_str_radix(&part[..2], 16).unwrap());
        out.extend(&part.as_bytes()[2..]);
    }
    String::from_utf8(out).unwrap()
}

async fn set_policy(stack: &str, aws: &Signed<'_>, function: &str, policy: &Value) {
    let (role, text) = (format!("{stack}-{function}"), policy.to_string());
    let ask = [
        ("Action", "PutRolePolicy"),
        ("Version", "2010-05-08"),
        ("RoleName", &role),
        ("PolicyName", "grants"),
        ("PolicyDocument", &text),
    ];
    aws.query("iam", &ask).await.unwrap();
}

fn one_or_many(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(values) => values.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

/// What a role allows, each action on each resource, but for what the local AWS does by itself.
async fn granted(stack: &str, aws: &Signed<'_>, function: &str) -> BTreeSet<Use> {
    let policy = policy(stack, aws, function).await;
    let mut found = BTreeSet::new();
    for statement in policy["Statement"].as_array().unwrap() {
        assert_eq!(statement["Effect"], "Allow");
        for action in one_or_many(&statement["Action"]) {
            let stream = [
                "dynamodb:DescribeStream",
                "dynamodb:GetRecords",
                "dynamodb:GetShardIterator",
                "dynamodb:ListStreams",
            ];
            let queue = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
            // The local AWS keeps no record of who reads its record; the auditor's run above fails without this grant.
            let record = ["cloudtrail:LookupEvents"];
            let by_itself = [&["logs:"][..], &record, &stream, &queue].concat();
            if by_itself.iter().any(|start| action.starts_with(start)) {
                continue;
            }
            found.extend(
                one_or_many(&statement["Resource"]).into_iter().map(|on| (action.to_owned(), on.to_owned())),
            );
        }
    }
    found
}

/// A role without one action of one statement, until it is given back.
struct Without<'a> {
    shop: &'a Shop,
    function: &'static str,
    before: Value,
}

impl<'a> Without<'a> {
    async fn action(shop: &'a Shop, function: &'static str, sid: &str, action: &str) -> Self {
        let before = policy(&shop.stack.stack, &shop.aws(), function).await;
        let mut less = before.clone();
        let statements = less["Statement"].as_array_mut().unwrap();
        let statement =
            statements.iter_mut().find(|one| one["Sid"] == sid).expect("the role has this statement");
        let left: Vec<&str> =
            one_or_many(&statement["Action"]).into_iter().filter(|one| *one != action).collect();
        statement["Action"] = json!(left);
        statements.retain(|one| one["Action"] != json!([]));
        assert_ne!(less, before, "{action} is not granted by {sid}");
        set_policy(&shop.stack.stack, &shop.aws(), function, &less).await;
        Self { shop, function, before }
    }

    async fn given_back(self) {
        set_policy(&self.shop.stack.stack, &self.shop.aws(), self.function, &self.before).await;
    }
}

async fn removed() {
    let shop = Shop::open().await;
    webhook_cannot_seal(&shop).await;
    shipper_cannot_store_labels(&shop).await;
    retention_cannot_destroy_keys(&shop).await;
}

async fn webhook_cannot_seal(shop: &Shop) {
    let without = Without::action(shop, "webhook", "SealRecipients", "kms:GenerateDataKey").await;
    let order = shop.bought(Kind::Plain).await;
    let reply = shop.deliver("orders/create", &shop.body(order).await).await;
    let stored = shop.db.order(&shop.id(order)).await.unwrap();
    without.given_back().await;
    assert_eq!(reply.status, 503, "the channel must send it again");
    assert!(stored.is_none(), "what cannot be sealed was stored");
    let id = shop.tell("orders/create", order).await;
    shop.stands(&id, Status::Dispatched).await;
}

async fn shipper_cannot_store_labels(shop: &Shop) {
    let without = Without::action(shop, "shipper", "Labels", "s3:PutObject").await;
    shop.listen("FunctionShipper", false).await;
    let order = shop.bought(Kind::Plain).await;
    let id = shop.tell("orders/create", order).await;
    shop.stands(&id, Status::Allocated).await;
    let book = |at: jiff::Timestamp| {
        let body = json!({"V1": {"kind": "order", "order": id, "at": at}}).to_string();
        json!({"Records": [{"messageId": "one", "body": body, "attributes": {}, "messageAttributes": {}}]})
    };
    let at = jiff::Timestamp::now();
    // A carrier that asks to wait a second is no failure, so it may take more than one try to come to the label.
    let failed = async || {
        let answer = shop.stack.invoke("FunctionShipper", &book(jiff::Timestamp::now())).await.unwrap();
        (answer["batchItemFailures"][0]["itemIdentifier"] == "one").then_some(())
    };
    until("the label not to be stored", failed).await;
    let booked = shop.at_carrier(&id).await;
    without.given_back().await;
    assert_eq!(booked, (1, 0), "the carrier took it before the label could not be stored");
    assert_eq!(shop.order(&id).await.status, Status::Allocated);
    // The claim has lapsed: the next shipper finds the booking and buys nothing twice.
    let later = after(at, jiff::SignedDuration::from_mins(10));
    let found = async || {
        shop.stack.invoke("FunctionShipper", &book(later)).await.unwrap();
        (shop.order(&id).await.status != Status::Allocated).then_some(())
    };
    until("the booking to be found", found).await;
    shop.listen("FunctionShipper", true).await;
    shop.stands(&id, Status::Dispatched).await;
    assert_eq!(shop.at_carrier(&id).await, (1, 0));
}

async fn retention_cannot_destroy_keys(shop: &Shop) {
    let order = shop.bought(Kind::Plain).await;
    let id = shop.tell("orders/create", order).await;
    shop.stands(&id, Status::Dispatched).await;
    let at = after(crate::support::now(shop).await, days(120));
    let without = Without::action(shop, "retention", "Keys", "dynamodb:PutItem").await;
    let report = shop.stack.run_at("FunctionRetention", at).await;
    let key = shop.db.recipient_key(&id).await.unwrap();
    let personal = shop.order(&id).await.personal;
    without.given_back().await;
    let report = report.unwrap();
    assert!(report["failed"].as_u64().unwrap() > 0 && report["forgotten"] == 0, "{report}");
    assert!(matches!(key, KeyState::Live { .. }) && personal == PersonalData::Live, "half forgotten");
    shop.stack.run_at("FunctionRetention", at).await.unwrap();
    assert_eq!(shop.order(&id).await.personal, PersonalData::Erased);
    crate::road::in_the_ledger(shop, &id, "retention", 2..=2).await;
}
