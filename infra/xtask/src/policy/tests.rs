//! Each rule is shown the real template with one thing planted in it, and must find exactly that.

use serde_json::{Value, json};

use super::{Finding, check};
use crate::failure::{Failure, While};
use crate::{paths, yaml};

fn template() -> Result<Value, Failure> {
    yaml::read(&std::fs::read_to_string(paths::template()).or_say("template.yaml")?)
}

/// The findings after setting the value at a JSON pointer.
fn with(pointer: &str, value: Value) -> Result<Vec<Finding>, Failure> {
    let mut template = template()?;
    let (parent, name) = pointer.rsplit_once('/').ok_or_else(|| Failure::new("no pointer"))?;
    match template.pointer_mut(parent) {
        Some(Value::Object(entries)) => entries.insert(name.to_owned(), value),
        _ => return Err(Failure::new(format!("{parent} is not there"))),
    };
    Ok(check(&template))
}

/// The findings after adding a statement to a function's role.
fn with_grant(role: &str, statement: Value) -> Result<Vec<Finding>, Failure> {
    let mut template = template()?;
    let pointer = format!("/Resources/{role}/Properties/Policies/0/PolicyDocument/Statement");
    match template.pointer_mut(&pointer) {
        Some(Value::Array(statements)) => statements.push(statement),
        _ => return Err(Failure::new(format!("{pointer} is not there"))),
    }
    Ok(check(&template))
}

fn named(findings: &[Finding], rule: &str, at: &str) -> bool {
    findings.iter().any(|finding| finding.rule == rule && finding.at == at)
}

#[test]
fn the_template_keeps_every_rule() -> Result<(), Failure> {
    assert_eq!(check(&template()?), []);
    Ok(())
}

#[test]
fn decrypt_on_the_recipients_key_in_any_other_role_is_found() -> Result<(), Failure> {
    let roles: Vec<String> = template()?["Resources"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, resource)| resource["Type"] == "AWS::IAM::Role")
        .map(|(id, _)| id.clone())
        .collect();
    assert_eq!(roles.len(), 12, "one role per function and one for the scheduler");
    for role in roles.iter().filter(|role| !["ShipperRole", "RevealRole"].contains(&role.as_str())) {
        for action in ["kms:Decrypt", "kms:*", "kms:De*", "KMS:DECRYPT", "*"] {
            let grant = json!({"Effect": "Allow", "Action": action, "Resource": {"Fn::GetAtt": ["RecipientsKey", "Arn"]}});
            assert!(named(&with_grant(role, grant)?, "key-use", "RecipientsKey"), "{role} {action}");
        }
    }
    Ok(())
}

#[test]
fn other_roads_to_the_recipients_key_are_found() -> Result<(), Failure> {
    let any = json!({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"});
    let alias = json!({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": {"Fn::Sub": "arn:aws:kms:eu-west-2:1:alias/x"}});
    let grant = json!({"Effect": "Allow", "Action": "kms:CreateGrant", "Resource": {"Fn::GetAtt": ["RecipientsKey", "Arn"]}});
    let all_but = json!({"Effect": "Allow", "NotAction": "s3:GetObject", "Resource": {"Fn::GetAtt": ["RecipientsKey", "Arn"]}});
    let policy = json!({"Effect": "Allow", "Action": "kms:PutKeyPolicy", "Resource": {"Fn::GetAtt": ["RecipientsKey", "Arn"]}});
    assert!(named(&with_grant("RetentionRole", any)?, "key-use", "RetentionRole"));
    assert!(named(&with_grant("RetentionRole", alias)?, "key-use", "RetentionRole"));
    assert!(named(&with_grant("ApiRole", grant)?, "key-use", "RecipientsKey"));
    assert!(named(&with_grant("ApiRole", all_but)?, "wildcards", "ApiRole"));
    assert!(named(&with_grant("ApiRole", policy)?, "key-administration", "ApiRole"));
    let condition = "/Resources/RecipientsKey/Properties/KeyPolicy/Statement/2/Condition";
    assert!(named(&with(condition, json!({}))?, "key-use", "RecipientsKey"));
    let wider = json!({"ArnLike": {"aws:PrincipalArn": [{"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${AWS::StackName}-*"}]}});
    assert!(named(&with(condition, wider)?, "key-use", "RecipientsKey"));
    Ok(())
}

#[test]
fn reveal_opens_index_keys_and_no_secret_of_a_connection() -> Result<(), Failure> {
    let wide = json!({"Effect": "Allow", "Action": "kms:Decrypt", "Resource": {"Fn::GetAtt": ["CredentialsKey", "Arn"]}});
    assert!(named(&with_grant("RevealRole", wide)?, "key-use", "RevealRole"));
    Ok(())
}

#[test]
fn a_missing_grant_on_a_key_is_found() -> Result<(), Failure> {
    let mut template = template()?;
    if let Some(Value::Array(statements)) =
        template.pointer_mut("/Resources/RevealRole/Properties/Policies/0/PolicyDocument/Statement")
    {
        statements.retain(|statement| statement["Action"] != "kms:Decrypt");
    }
    assert!(named(&check(&template), "key-use", "RecipientsKey"));
    Ok(())
}

#[test]
fn wildcards_are_found() -> Result<(), Failure> {
    let table = json!({"Fn::GetAtt": ["StockTable", "Arn"]});
    assert!(named(
        &with_grant("ApiRole", json!({"Effect": "Allow", "Action": "dynamodb:*", "Resource": table}))?,
        "wildcards",
        "ApiRole"
    ));
    assert!(named(
        &with_grant("ApiRole", json!({"Effect": "Allow", "Action": "dynamodb:Query", "Resource": "*"}))?,
        "wildcards",
        "ApiRole"
    ));
    let labels = json!({"Fn::Sub": "${LabelsBucket.Arn}/labels/*"});
    assert!(named(
        &with_grant("ApiRole", json!({"Effect": "Allow", "Action": "s3:PutObjectAcl", "Resource": labels}))?,
        "wildcards",
        "ApiRole"
    ));
    assert!(named(
        &with(
            "/Resources/ApiRole/Properties/ManagedPolicyArns",
            json!(["arn:aws:iam::aws:policy/AdministratorAccess"])
        )?,
        "wildcards",
        "ApiRole"
    ));
    assert!(named(
        &with("/Resources/ApiFunction/Properties/Policies", json!(["AmazonDynamoDBFullAccess"]))?,
        "wildcards",
        "api"
    ));
    Ok(())
}

#[test]
fn a_store_without_our_key_or_without_an_end_is_found() -> Result<(), Failure> {
    assert!(named(
        &with("/Resources/OrdersTable/Properties/SSESpecification", json!({"SSEEnabled": true}))?,
        "encryption",
        "OrdersTable"
    ));
    assert!(named(
        &with("/Resources/BookQueue/Properties/KmsMasterKeyId", json!("alias/aws/sqs"))?,
        "encryption",
        "BookQueue"
    ));
    assert!(named(&with("/Resources/Topic", json!({"Type": "AWS::SNS::Topic"}))?, "encryption", "Topic"));
    assert!(named(
        &with("/Resources/ApiLogs/Properties/RetentionInDays", Value::Null)?,
        "retention",
        "ApiLogs"
    ));
    assert!(named(
        &with("/Resources/ApiLogs/Properties/RetentionInDays", json!(90))?,
        "retention",
        "ApiLogs"
    ));
    assert!(named(
        &with("/Resources/BookQueue/Properties/MessageRetentionPeriod", json!(1_209_600))?,
        "retention",
        "BookQueue"
    ));
    assert!(named(
        &with("/Resources/BookDeadLetters/Properties/MessageRetentionPeriod", Value::Null)?,
        "retention",
        "BookDeadLetters"
    ));
    assert!(named(
        &with("/Resources/LabelsBucket/Properties/LifecycleConfiguration", Value::Null)?,
        "retention",
        "LabelsBucket"
    ));
    assert!(named(
        &with("/Resources/LabelsBucket/Properties/VersioningConfiguration", json!({"Status": "Enabled"}))?,
        "retention",
        "LabelsBucket"
    ));
    assert!(named(
        &with("/Resources/ApiFunction/Properties/LoggingConfig", Value::Null)?,
        "retention",
        "ApiFunction"
    ));
    Ok(())
}

#[test]
fn a_backup_of_the_keys_or_a_late_purge_breaks_the_promise() -> Result<(), Failure> {
    let backup = json!({"PointInTimeRecoveryEnabled": true, "RecoveryPeriodInDays": 35});
    let findings = with("/Resources/KeysTable/Properties/PointInTimeRecoverySpecification", backup)?;
    assert!(
        named(&findings, "retention", "KeysTable") && named(&findings, "erasure-bound", "RetentionSchedule")
    );
    assert!(named(
        &with("/Resources/RetentionSchedule/Properties/ScheduleExpression", json!("cron(0 2 1 * ? *)"))?,
        "erasure-bound",
        "RetentionSchedule"
    ));
    let retries = "/Resources/RetentionSchedule/Properties/Target/RetryPolicy/MaximumEventAgeInSeconds";
    assert!(named(&with(retries, json!(4 * 86_400))?, "erasure-bound", "RetentionSchedule"));
    Ok(())
}

#[test]
fn a_queue_that_repeats_or_blocks_is_found() -> Result<(), Failure> {
    assert!(named(
        &with("/Resources/BookQueue/Properties/VisibilityTimeout", json!(359))?,
        "queues",
        "BookQueue"
    ));
    assert!(named(&with("/Resources/ShipperFunction/Properties/Timeout", json!(61))?, "queues", "BookQueue"));
    let events = "/Resources/ShipperFunction/Properties/Events/Book/Properties";
    assert!(named(
        &with(&format!("{events}/FunctionResponseTypes"), Value::Null)?,
        "queues",
        "ShipperFunction"
    ));
    assert!(named(&with(&format!("{events}/ScalingConfig"), Value::Null)?, "queues", "ShipperFunction"));
    assert!(named(
        &with("/Resources/BookQueue/Properties/RedrivePolicy", Value::Null)?,
        "queues",
        "BookQueue"
    ));
    Ok(())
}

#[test]
fn an_open_door_is_found() -> Result<(), Failure> {
    assert!(named(&with("/Resources/BookQueuePolicy/Condition", json!("IsDev"))?, "entry", "BookQueue"));
    assert!(named(
        &with("/Resources/LabelsBucketPolicy/Properties/PolicyDocument/Statement", json!([]))?,
        "entry",
        "LabelsBucket"
    ));
    assert!(named(
        &with(
            "/Resources/LabelsBucket/Properties/PublicAccessBlockConfiguration/BlockPublicPolicy",
            json!(false)
        )?,
        "entry",
        "LabelsBucket"
    ));
    assert!(named(
        &with("/Resources/GetOrderRoute/Properties/AuthorizationType", json!("NONE"))?,
        "entry",
        "GetOrderRoute"
    ));
    // The console's roads are named one by one, and each leads to one place.
    for (road, to) in [
        ("/Resources/ConsolePageRoute/Properties/RouteKey", json!("GET /{proxy+}")),
        (
            "/Resources/ConsolePageRoute/Properties/Target",
            json!({"Fn::Sub": "integrations/${RevealIntegration}"}),
        ),
        ("/Resources/ConsolePageRoute/Properties/RouteKey", json!("DELETE /console/{proxy+}")),
    ] {
        assert!(named(&with(road, to)?, "entry", "ConsolePageRoute"));
    }
    assert!(named(&with("/Rules/LocalEgressIsForDev/Assertions", json!([]))?, "entry", "Rules"));
    assert!(named(
        &with("/Resources/UserPool/Properties/MfaConfiguration", json!("OFF"))?,
        "entry",
        "UserPool"
    ));
    assert!(named(
        &with("/Resources/StaffClient/Properties/WriteAttributes", json!(["custom:merchant"]))?,
        "entry",
        "StaffClient"
    ));
    assert!(named(
        &with("/Resources/ApiPermission/Properties/SourceArn", Value::Null)?,
        "entry",
        "ApiPermission"
    ));
    Ok(())
}

#[test]
fn a_way_to_rewrite_history_is_found() -> Result<(), Failure> {
    let rewrite = json!({"Effect": "Allow", "Action": ["dynamodb:PutItem", "dynamodb:UpdateItem"], "Resource": {"Fn::GetAtt": ["AuditTable", "Arn"]}});
    assert!(named(&with_grant("RevealRole", rewrite)?, "audit", "RevealRole"));
    assert!(named(&with("/Resources/ApiRole/Properties/ManagedPolicyArns", json!([]))?, "audit", "ApiRole"));
    assert!(named(
        &with("/Resources/ApiFunction/Properties/Role", json!({"Fn::GetAtt": ["RevealRole", "Arn"]}))?,
        "audit",
        "ApiFunction"
    ));
    let deny = "/Resources/AuditIsAppendOnly/Properties/PolicyDocument/Statement/0/Action";
    assert!(named(&with(deny, json!(["dynamodb:UpdateItem"]))?, "audit", "AuditIsAppendOnly"));
    Ok(())
}

#[test]
fn a_secret_in_the_settings_is_found() -> Result<(), Failure> {
    let settings = "/Resources/WebhookFunction/Properties/Environment/Variables";
    assert!(named(
        &with(&format!("{settings}/SHOPIFY_SECRET"), json!("x"))?,
        "encryption",
        "WebhookFunction"
    ));
    Ok(())
}

#[test]
fn a_grant_that_no_stack_test_would_miss_is_missed_here() -> Result<(), Failure> {
    for (role, sid) in [
        ("ShipperRole", "ReadBookQueue"),
        ("ShipperRole", "Log"),
        ("ScheduleRole", "Start"),
        ("ApiRole", "Stock"),
    ] {
        let mut template = template()?;
        if let Some(Value::Array(statements)) =
            template.pointer_mut(&format!("/Resources/{role}/Properties/Policies/0/PolicyDocument/Statement"))
        {
            statements.retain(|statement| statement["Sid"] != sid);
        }
        let at = if role == "ApiRole" { "ApiFunction" } else { role };
        assert!(named(&check(&template), "roles", at), "{role} {sid}");
    }
    let send = json!({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": {"Fn::GetAtt": ["BookQueue", "Arn"]}});
    assert!(named(&with_grant("TrackerRole", send)?, "roles", "TrackerFunction"));
    let read = json!({"Effect": "Allow", "Action": "sqs:ReceiveMessage", "Resource": {"Fn::GetAtt": ["BookQueue", "Arn"]}});
    assert!(named(&with_grant("TrackerRole", read)?, "roles", "TrackerRole"));
    // Where staff sign in is told to those behind the console, and under no other name.
    let client = json!({"Ref": "StaffClient"});
    let told = |function: &str, name: &str| {
        with(&format!("/Resources/{function}/Properties/Environment/Variables/{name}"), client.clone())
    };
    assert!(named(&told("TrackerFunction", "SIGN_IN_CLIENT")?, "roles", "TrackerFunction"));
    assert!(named(&told("ApiFunction", "CLIENT")?, "roles", "ApiFunction"));
    assert!(named(
        &with("/Resources/ClockSchedule/Properties/Target/Input", json!("{}"))?,
        "roles",
        "ClockSchedule"
    ));
    Ok(())
}

#[test]
fn a_rollout_that_is_not_gradual_or_not_watched_is_found() -> Result<(), Failure> {
    let gradual = "/Mappings/Rollout/gradual";
    assert!(named(&with(&format!("{gradual}/Gradually"), json!(false))?, "rollout", "Mappings"));
    assert!(named(&with(&format!("{gradual}/Type"), json!("AllAtOnce"))?, "rollout", "Mappings"));
    assert!(named(&with("/Globals/Function/AutoPublishAlias", Value::Null)?, "rollout", "Globals"));
    let preference = "/Resources/ShipperFunction/Properties/DeploymentPreference";
    assert!(named(&with(&format!("{preference}/Enabled"), json!(false))?, "rollout", "ShipperFunction"));
    let of_another = json!([{"Ref": "ApiErrorsAlarm"}]);
    assert!(named(&with(&format!("{preference}/Alarms"), of_another)?, "rollout", "ShipperFunction"));
    let latest = json!({"Fn::GetAtt": ["ApiFunction", "Arn"]});
    for (caller, pointer) in [
        ("ApiIntegration", "IntegrationUri"),
        ("ApiPermission", "FunctionName"),
        ("ClockSchedule", "Target/Arn"),
    ] {
        let pointer = format!("/Resources/{caller}/Properties/{pointer}");
        assert!(named(&with(&pointer, latest.clone())?, "rollout", caller));
    }
    Ok(())
}

#[test]
fn prod_is_deployed_gradually() -> Result<(), Failure> {
    let config = std::fs::read_to_string(paths::root().join("samconfig.toml")).or_say("samconfig.toml")?;
    let prod = config.lines().find(|line| line.contains("\"Stage=prod\""));
    assert!(prod.is_some_and(|line| line.contains("\"Rollout=gradual\"")), "{prod:?}");
    Ok(())
}

#[test]
fn an_alarm_that_is_missing_or_leads_nowhere_is_found() -> Result<(), Failure> {
    let without = |alarm: &str| -> Result<Vec<Finding>, Failure> {
        let mut template = template()?;
        let resources = template["Resources"].as_object_mut().ok_or_else(|| Failure::new("no resources"))?;
        resources.remove(alarm).ok_or_else(|| Failure::new(format!("{alarm} is not there")))?;
        Ok(check(&template))
    };
    assert!(named(&without("EraseAgeAlarm")?, "alarms", "EraseQueue"));
    assert!(named(&without("PollDeadAlarm")?, "alarms", "PollDeadLetters"));
    assert!(named(&without("RevealErrorsAlarm")?, "alarms", "RevealFunction"));
    let text = "/Resources/PurgeOverdueAlarm/Properties/AlarmDescription";
    assert!(named(&with(text, json!("Look."))?, "alarms", "PurgeOverdueAlarm"));
    assert!(named(&with(text, json!("Runbook: infra/runbooks/none.md"))?, "alarms", "PurgeOverdueAlarm"));
    let to = "/Resources/PurgeOverdueAlarm/Properties/AlarmActions";
    assert!(named(&with(to, Value::Null)?, "alarms", "PurgeOverdueAlarm"));
    Ok(())
}

#[test]
fn the_longest_policy_of_the_software_is_the_one_that_is_reckoned_with() {
    let policy = include_str!("../../../../shared/domain/src/retention.rs");
    let longest = policy.split("pub const LONGEST").nth(1).unwrap_or_default();
    let days = longest.split("shipped_days: ").nth(1).and_then(|rest| rest.split(',').next()).map(str::parse);
    assert_eq!(days, Some(Ok(super::forgetting::PURGE_AFTER_SHIPPING)));
}

#[test]
fn another_account_is_let_into_one_queue_alone_and_to_tell_only() -> Result<(), Failure> {
    let statements = |policy: &str| format!("/Resources/{policy}/Properties/PolicyDocument/Statement");
    let (its, poll) = ("AmazonChangesQueuePolicy", "PollQueuePolicy");
    let amazon = json!({"Effect": "Allow", "Principal": {"AWS": "437568002678"}, "Action": "sqs:SendMessage", "Resource": "x"});
    let other = [
        (format!("{}/1/Principal", statements(its)), json!({"AWS": "123456789012"}), its),
        (format!("{}/1/Action", statements(its)), json!("sqs:ReceiveMessage"), its),
        (statements(poll), json!([amazon]), poll),
    ];
    for (pointer, value, policy) in other {
        assert!(named(&with(&pointer, value)?, "wildcards", policy), "{pointer}");
    }
    Ok(())
}

#[test]
fn the_data_key_is_used_by_another_account_for_one_queue_alone() -> Result<(), Failure> {
    let at = "/Resources/DataKey/Properties/KeyPolicy/Statement/2";
    let other = [
        (format!("{at}/Principal"), json!({"AWS": "*"})),
        (format!("{at}/Principal"), json!({"AWS": "123456789012"})),
        (format!("{at}/Condition/StringEquals/kms:EncryptionContext:aws:sqs:arn"), json!("*")),
    ];
    for (pointer, value) in other {
        assert!(named(&with(&pointer, value)?, "key-use", "DataKey"), "{pointer}");
    }
    Ok(())
}
