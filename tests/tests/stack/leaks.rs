//! A scanner that never fails proves nothing: one leak is planted in every kind of sink, and each must be found
//! there. Each has a token of its own, so nothing else is disturbed; all but the record of calls is cleaned up.

use crate::support::{Shop, Story, letters, template, unique};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write;
use waybill_harness::canary::{Form, Kind, Token, scan};
use waybill_harness::signed::Call;
use waybill_store::labels::{Bucket, Documents};

static LEAKS: Story = Story::new("leaks", || Box::pin(leaks()));

#[test]
#[ignore = "needs a running stack"]
fn every_leak_that_is_planted_is_found_where_it_was_planted() {
    LEAKS.told();
}

/// Where a leak was planted, and as what it must be found.
struct Leak {
    what: &'static str,
    kind: Kind,
    sink: &'static str,
    form: Form,
    token: Token,
}

struct Planter<'a> {
    shop: &'a Shop,
    leaks: Vec<Leak>,
    /// What to do about it afterwards: service, target, body.
    clean: Vec<(&'static str, &'static str, Value)>,
    objects: Vec<String>,
}

impl Planter<'_> {
    /// A new value for a leak to be planted there.
    fn leak(&mut self, what: &'static str, kind: Kind, sink: &'static str, form: Form) -> String {
        let value = match form {
            Form::Sha256 => format!("zoe.{}@example.invalid", unique(12)),
            Form::Json => format!("Zoë Ångström-{}", unique(8)),
            Form::Spaced => format!("1632960{}", u32::from_str_radix(&unique(6), 16).unwrap() % 900 + 100),
            _ => format!("K{}W9", letters(14)),
        };
        self.leaks.push(Leak {
            what,
            kind,
            sink,
            form,
            token: Token { pointer: format!("/{what}"), value: value.clone() },
        });
        value
    }

    async fn call(&self, service: &str, target: &str, body: &Value) -> Value {
        self.shop.aws().json(service, target, body).await.unwrap()
    }

    async fn item(&mut self, table: &str, mut item: Value) {
        let fresh = format!("leak_{}", unique(12));
        if item.get("pk").is_none() {
            item["pk"] = json!({"S": fresh});
        }
        item["sk"] = json!({"S": "leak"});
        self.call("dynamodb", "DynamoDB_20120810.PutItem", &json!({"TableName": table, "Item": item})).await;
        let key = json!({"pk": item["pk"], "sk": item["sk"]});
        self.clean.push((
            "dynamodb",
            "DynamoDB_20120810.DeleteItem",
            json!({"TableName": table, "Key": key}),
        ));
    }

    /// A message nobody takes for a quarter of an hour.
    async fn message(&mut self, output: &str, body: &str, attribute: Option<&str>) {
        let url = self.shop.stack.output(output).unwrap().to_owned();
        let mut ask = json!({"QueueUrl": url, "MessageBody": body, "DelaySeconds": 900});
        if let Some(value) = attribute {
            ask["MessageAttributes"] = json!({"to": {"DataType": "String", "StringValue": value}});
        }
        self.call("sqs", "AmazonSQS.SendMessage", &ask).await;
        self.clean.push(("sqs", "AmazonSQS.PurgeQueue", json!({"QueueUrl": url})));
    }

    fn bucket(&self) -> Bucket {
        waybill_runtime::aws::bucket(
            &self.shop.stack.sdk(),
            self.shop.stack.output("BucketLabels").unwrap().to_owned(),
        )
    }

    async fn object(&mut self, name: &str, body: Vec<u8>) {
        self.bucket().put(name, body).await.unwrap();
        self.objects.push(name.to_owned());
    }

    async fn put(&self, service: &str, path: &str, body: &Value) {
        let (body, headers) = (body.to_string(), [("content-type", "application/json")]);
        let call = Call { method: "PUT", service, path, headers: &headers, body: body.as_bytes() };
        self.shop.aws().send(call).await.unwrap();
    }
}

fn gzip(text: &str) -> Vec<u8> {
    let mut to = GzEncoder::new(Vec::new(), Compression::default());
    to.write_all(text.as_bytes()).unwrap();
    to.finish().unwrap()
}

fn pdf(text: &str) -> Vec<u8> {
    let mut to = ZlibEncoder::new(Vec::new(), Compression::default());
    write!(to, "BT /F1 12 Tf ({text}) Tj ET").unwrap();
    let stream = to.finish().unwrap();
    let head = format!("%PDF-1.7\n1 0 obj <</Filter /FlateDecode /Length {}>> stream\n", stream.len());
    [head.as_bytes(), &stream, b"\nendstream endobj\n%%EOF"].concat()
}

async fn leaks() {
    let shop = Shop::open().await;
    let mut plant = Planter { shop: &shop, leaks: Vec::new(), clean: Vec::new(), objects: Vec::new() };
    in_tables(&mut plant).await;
    in_queues(&mut plant).await;
    in_the_bucket(&mut plant).await;
    in_logs(&mut plant).await;
    in_records(&mut plant).await;
    let settings = in_settings(&mut plant).await;

    let tokens: Vec<Token> = plant.leaks.iter().map(|leak| leak.token.clone()).collect();
    let report = scan(&shop.stack, &template(), &tokens).await;
    clean(&plant, settings).await;
    let report = report.unwrap();

    let mut missed = Vec::new();
    for (n, Leak { what, kind, sink, form, .. }) in plant.leaks.iter().enumerate() {
        let there = report.sinks.iter().filter(|one| one.kind == *kind && one.name == *sink);
        let mut hits = there.flat_map(|one| &one.hits).filter(|hit| hit.token_index == n);
        if !hits.any(|hit| hit.form == *form) {
            missed.push(*what);
        }
    }
    let kinds = |of: &mut dyn Iterator<Item = Kind>| of.collect::<BTreeSet<_>>();
    let (read, planted) =
        (kinds(&mut report.sinks.iter().map(|s| s.kind)), kinds(&mut plant.leaks.iter().map(|l| l.kind)));
    eprintln!(
        "{} leaks planted in {} kinds of sink, {} missed, {} sinks read",
        plant.leaks.len(),
        planted.len(),
        missed.len(),
        report.sinks()
    );
    assert!(missed.is_empty(), "not found: {missed:?}\n{report}");
    assert_eq!(read, planted, "a kind of sink has no leak planted in it");
    let shown = format!("{report}{}", serde_json::to_string(&report).unwrap());
    assert!(tokens.iter().all(|token| !shown.contains(&token.value)), "the report repeats what it found");
    nothing_is_left(&shop, &tokens).await;
}

async fn in_tables(plant: &mut Planter<'_>) {
    let [orders, keys, registry] = ["TableOrders", "TableKeys", "TableRegistry"]
        .map(|name| plant.shop.stack.output(name).unwrap().to_owned());
    let value = plant.leak("an attribute", Kind::Table, "OrdersTable", Form::Plain);
    plant.item(&orders, json!({"note": {"M": {"deep": {"L": [{"S": format!("for {value}")}]}}}})).await;
    let value = plant.leak("a key", Kind::Table, "RegistryTable", Form::Plain);
    plant.item(&registry, json!({"pk": {"S": format!("buyer#{}", value.to_lowercase())}})).await;
    let value = plant.leak("an index", Kind::Index, "OrdersTable/by-status", Form::Plain);
    plant
        .item(&orders, json!({"status_key": {"S": format!("mer_leak#{value}")}, "placed_at": {"S": "2026"}}))
        .await;
    let value = plant.leak("the buyer index", Kind::Index, "KeysTable/by-buyer", Form::Sha256);
    let hash =
        |text: &str| hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes()));
    plant.item(&keys, json!({"buyer": {"S": hash(&value.to_lowercase())}})).await;
    let value = plant.leak("bytes", Kind::Table, "KeysTable", Form::Plain);
    plant.item(&keys, json!({"wrapped": {"B": STANDARD.encode(format!("\0\u{1}{value}"))}})).await;
    let value = plant.leak("gzip in base64", Kind::Table, "OrdersTable", Form::Plain);
    plant
        .item(&orders, json!({"packed": {"S": STANDARD.encode(gzip(&format!("{{\"name\":\"{value}\"}}")))}}))
        .await;
    let value = plant.leak("a hash", Kind::Table, "RegistryTable", Form::Sha256);
    plant.item(&registry, json!({"hash": {"S": hash(&value)}})).await;
    let value = plant.leak("a telephone number", Kind::Table, "OrdersTable", Form::Spaced);
    let (area, rest) = value.split_at(4);
    plant.item(&orders, json!({"call": {"S": format!("0{area} {rest}")}})).await;
    let value = plant.leak("UTF-16", Kind::Table, "OrdersTable", Form::Utf16);
    let wide: Vec<u8> = value.encode_utf16().flat_map(u16::to_be_bytes).collect();
    plant.item(&orders, json!({"wide": {"B": STANDARD.encode(wide)}})).await;
}

async fn in_queues(plant: &mut Planter<'_>) {
    let value = plant.leak("a message", Kind::Queue, "NotifyQueue", Form::Plain);
    plant.message("QueueNotify", &json!({"to": value}).to_string(), None).await;
    let value = plant.leak("a message attribute", Kind::Queue, "TrackQueue", Form::Hex);
    plant.message("QueueTrack", "{}", Some(&hex::encode(value))).await;
    let value = plant.leak("a dead letter", Kind::DeadLetters, "BookDeadLetters", Form::Base64);
    plant.message("DeadLettersBook", &STANDARD.encode(format!("a {value} b")), None).await;
    let value = plant.leak("an event", Kind::Bus, "EventsQueue", Form::Plain);
    let bus = plant.shop.stack.output("BusName").unwrap();
    let event = json!({"Entries": [{"EventBusName": bus, "Source": "waybill", "DetailType": "leak", "Detail": json!({"name": value}).to_string()}]});
    plant.call("events", "AWSEvents.PutEvents", &event).await;
    // The bus brings it to both: those who look at what happened, and merchants' own addresses.
    for queue in ["QueueEvents", "QueueDeliver"] {
        let url = plant.shop.stack.output(queue).unwrap();
        plant.clean.push(("sqs", "AmazonSQS.PurgeQueue", json!({"QueueUrl": url})));
    }
}

async fn in_the_bucket(plant: &mut Planter<'_>) {
    let name = || format!("labels/leak_{}", unique(12));
    let value = plant.leak("an object", Kind::Objects, "LabelsBucket", Form::Plain);
    plant.object(&name(), format!("to: {value}").into_bytes()).await;
    let value = plant.leak("a packed object", Kind::Objects, "LabelsBucket", Form::Plain);
    plant.object(&name(), gzip(&value)).await;
    let value = plant.leak("a PDF", Kind::Objects, "LabelsBucket", Form::Plain);
    plant.object(&name(), pdf(&value)).await;
    let value = plant.leak("an object's name", Kind::ObjectNames, "LabelsBucket (names)", Form::Plain);
    plant.object(&format!("labels/{value}.pdf"), b"x".to_vec()).await;
    let value = plant.leak("metadata", Kind::ObjectNames, "LabelsBucket (names)", Form::Plain);
    let (bucket, name) = (plant.bucket(), name());
    // Escaped letter by letter, as no honest program would.
    let escaped: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let put = bucket.client.put_object().bucket(&bucket.name).key(&name).body(b"x".to_vec().into());
    put.metadata("to", escaped).send().await.unwrap();
    plant.objects.push(name);
}

async fn in_logs(plant: &mut Planter<'_>) {
    let group = format!("/waybill/{}/shipper", plant.shop.stack.stack);
    let stream = format!("leak-{}", unique(8));
    let named = json!({"logGroupName": group, "logStreamName": stream});
    plant.call("logs", "Logs_20140328.CreateLogStream", &named).await;
    let plain = plant.leak("a line", Kind::Log, "ShipperLogs", Form::Plain);
    let escaped = plant.leak("an escaped line", Kind::Log, "ShipperLogs", Form::Json);
    let part = plant.leak("part of a value", Kind::Log, "ShipperLogs", Form::Fragment);
    let ascii: String = escaped
        .encode_utf16()
        .map(|u| if u < 128 { char::from(u as u8).to_string() } else { format!("\\u{u:04x}") })
        .collect();
    let at = jiff::Timestamp::now().as_millisecond();
    let lines = [
        format!("booked for {plain}"),
        format!("{{\"name\":\"{ascii}\"}}"),
        format!("near {}", &part[3..12]),
    ];
    let events: Vec<Value> = lines.iter().map(|line| json!({"timestamp": at, "message": line})).collect();
    let put = json!({"logGroupName": group, "logStreamName": stream, "logEvents": events});
    plant.call("logs", "Logs_20140328.PutLogEvents", &put).await;
    plant.clean.push(("logs", "Logs_20140328.DeleteLogStream", named));
}

async fn in_records(plant: &mut Planter<'_>) {
    let value = plant.leak("a KMS context", Kind::Trail, "CloudTrail", Form::Plain);
    let key = plant.shop.stack.output("KeyRecipients").unwrap();
    let make = json!({"KeyId": key, "KeySpec": "AES_256", "EncryptionContext": {"order": value}});
    plant.call("kms", "TrentService.GenerateDataKey", &make).await;
    let value = plant.leak("a dimension", Kind::Metrics, "CloudWatch metrics", Form::Plain);
    let metric = json!({"Namespace": "leak", "MetricData": [{"MetricName": "orders", "Value": 1.0,
        "Dimensions": [{"Name": "buyer", "Value": value}]}]});
    plant.call("monitoring", "GraniteServiceVersion20100801.PutMetricData", &metric).await;
    let value = plant.leak("a user", Kind::Users, "UserPool", Form::Plain);
    let pool = plant.shop.stack.output("UserPoolId").unwrap().to_owned();
    let name = format!("leak-{}@waybill.invalid", unique(8));
    let user = json!({"UserPoolId": pool, "Username": name, "MessageAction": "SUPPRESS", "UserAttributes": [{"Name": "name", "Value": value}]});
    plant.call("cognito-idp", "AWSCognitoIdentityProviderService.AdminCreateUser", &user).await;
    plant.clean.push((
        "cognito-idp",
        "AWSCognitoIdentityProviderService.AdminDeleteUser",
        json!({"UserPoolId": pool, "Username": name}),
    ));
    let value = plant.leak("a tag", Kind::Key, "DataKey", Form::Plain);
    let key = plant.shop.stack.output("KeyData").unwrap();
    plant
        .call(
            "kms",
            "TrentService.TagResource",
            &json!({"KeyId": key, "Tags": [{"TagKey": "owner", "TagValue": value}]}),
        )
        .await;
    plant.clean.push(("kms", "TrentService.UntagResource", json!({"KeyId": key, "TagKeys": ["owner"]})));
}

/// A function's environment and a schedule's input; what was there before, to be put back.
async fn in_settings(plant: &mut Planter<'_>) -> [(&'static str, String, Value); 2] {
    let aws = plant.shop.aws();
    let function = format!(
        "/2015-03-31/functions/{}/configuration",
        plant.shop.stack.output("FunctionAuditor").unwrap()
    );
    let environment = aws.get("lambda", &function).await.unwrap()["Environment"].clone();
    let schedule = format!("/schedules/{}-auditor", plant.shop.stack.stack);
    let mut sends = aws.get("scheduler", &schedule).await.unwrap();
    for read_only in ["Arn", "CreationDate", "LastModificationDate", "Name"] {
        sends.as_object_mut().unwrap().remove(read_only);
    }
    let before = [
        ("lambda", function.clone(), json!({"Environment": environment})),
        ("scheduler", schedule.clone(), sends.clone()),
    ];

    let mut leaking = environment;
    leaking["Variables"]["SUPPORT_CONTACT"] =
        json!(plant.leak("an environment variable", Kind::Function, "AuditorFunction", Form::Plain));
    plant.put("lambda", &function, &json!({"Environment": leaking})).await;
    let value = plant.leak("a schedule's input", Kind::Schedule, "AuditorSchedule", Form::Plain);
    sends["Target"]["Input"] = json!(json!({"name": value}).to_string());
    plant.put("scheduler", &schedule, &sends).await;
    before
}

async fn clean(plant: &Planter<'_>, settings: [(&'static str, String, Value); 2]) {
    for (service, target, body) in &plant.clean {
        plant.call(service, target, body).await;
    }
    let bucket = plant.bucket();
    for name in &plant.objects {
        bucket.delete(name).await.unwrap();
    }
    for (service, path, body) in &settings {
        plant.put(service, path, body).await;
    }
}

/// Only the record of calls, which nobody can rewrite, and the metrics, which nobody can delete, still have them.
async fn nothing_is_left(shop: &Shop, tokens: &[Token]) {
    let report = scan(&shop.stack, &template(), tokens).await.unwrap();
    let left = report
        .sinks
        .iter()
        .filter(|sink| !matches!(sink.kind, Kind::Trail | Kind::Metrics) && !sink.hits.is_empty());
    let left: Vec<_> = left.map(|sink| &sink.name).collect();
    assert!(left.is_empty(), "still there after cleaning up: {left:?}");
}
