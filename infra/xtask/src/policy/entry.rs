//! What can be reached from outside, and how (CONTROLS B1, E1, G3).

use super::Finding;
use super::template::{Template, list, statements, target};

const RULE: &str = "entry";

pub fn check(template: &Template) -> Vec<Finding> {
    let mut found = Vec::new();
    check_tls(template, &mut found);
    check_bucket(template, &mut found);
    check_routes(template, &mut found);
    check_local_egress(template, &mut found);
    check_staff(template, &mut found);
    found
}

/// Every queue and bucket refuses plain HTTP, except on the local AWS, which speaks nothing else.
fn check_tls(template: &Template, found: &mut Vec<Finding>) {
    let policies: Vec<_> =
        template.of_type("AWS::SQS::QueuePolicy").chain(template.of_type("AWS::S3::BucketPolicy")).collect();
    for store in template.of_type("AWS::SQS::Queue").chain(template.of_type("AWS::S3::Bucket")) {
        let refused = policies.iter().any(|policy| {
            let about = list(policy.property("/Queues"))
                .into_iter()
                .chain([policy.property("/Bucket")])
                .any(|value| target(value) == Some(store.id));
            let shown = list(policy.property("/PolicyDocument/Statement")).into_iter().any(|written| {
                // Either the whole policy or the one statement may hang on IsPublic, and on nothing else.
                let (statement, condition) = match &written["Fn::If"] {
                    serde_json::Value::Null => (written, &policy.whole["Condition"]),
                    choice => (&choice[1], &choice[0]),
                };
                let hangs_on = condition.is_null() || condition == "IsPublic";
                statement["Effect"] == "Deny"
                    && statement["Principal"] == "*"
                    && statement["Condition"]["Bool"]["aws:SecureTransport"] == "false"
                    && hangs_on
            });
            about && shown
        });
        if !refused {
            found.push(Finding::new(
                RULE,
                store.id,
                "must refuse plain HTTP by a policy of its own (aws:SecureTransport).",
            ));
        }
    }
}

fn check_bucket(template: &Template, found: &mut Vec<Finding>) {
    for bucket in template.of_type("AWS::S3::Bucket") {
        let block = |name: &str| bucket.property(&format!("/PublicAccessBlockConfiguration/{name}")) == true;
        if !["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"]
            .iter()
            .all(|name| block(name))
        {
            found.push(Finding::new(RULE, bucket.id, "must block public access in all four ways."));
        }
    }
    for permission in template.of_type("AWS::Lambda::Permission") {
        if permission.property("/Principal") == "*" || permission.property("/SourceArn").is_null() {
            found.push(Finding::new(RULE, permission.id, "must name the service and the API that may call."));
        }
    }
    for url in template.of_type("AWS::Lambda::Url") {
        found.push(Finding::new(RULE, url.id, "functions are reached through the HTTP API only."));
    }
}

/// The console's roads: a browser cannot put a token into a header when it follows a link, so the functions behind them
/// check the session in its cookie (decision 009). Each leads where it must: labels, and mail addresses of buyers who ask, to `reveal`, the rest to `api`.
const CONSOLE: [(&str, &str); 6] = [
    ("GET /console", "ApiIntegration"),
    ("GET /console/{proxy+}", "ApiIntegration"),
    ("POST /console/{proxy+}", "ApiIntegration"),
    ("GET /console/labels", "RevealIntegration"),
    ("GET /console/labels/{shipment}", "RevealIntegration"),
    ("POST /console/buyers/requests", "RevealIntegration"),
];

/// The API described: the same for everybody, without any data.
const DESCRIBED: [&str; 2] = ["GET /v1/openapi.json", "GET /v1/reference"];

/// Four roads come unsigned by Cognito: webhooks, which carry the channel's own signature; the way back from a
/// channel's consent page, which carries a one-time state of ours; the console; and the description of the API.
fn check_routes(template: &Template, found: &mut Vec<Finding>) {
    for route in template.of_type("AWS::ApiGatewayV2::Route") {
        let key = route.property("/RouteKey").as_str().unwrap_or("");
        let webhook = key.split_once(' ').is_some_and(|(_, path)| {
            path.starts_with("/webhooks/")
                || matches!(path, "/connect/{channel}" | "/connect/{channel}/{state}")
        });
        let end = serde_json::to_string(route.property("/Target")).unwrap_or_default();
        let console =
            CONSOLE.iter().any(|(road, to)| *road == key && end.contains(&format!("integrations/${{{to}}}")));
        let signed = route.property("/AuthorizationType") == "JWT"
            && target(route.property("/AuthorizerId")).is_some();
        if !webhook && !console && !signed && !DESCRIBED.contains(&key) {
            found.push(Finding::new(
                RULE,
                route.id,
                format!("`{key}` must ask for a signed-in caller (JWT)."),
            ));
        }
    }
}

/// Addresses on this machine are allowed in dev alone.
fn check_local_egress(template: &Template, found: &mut Vec<Finding>) {
    let rule = template.part("/Rules/LocalEgressIsForDev");
    let right = rule["RuleCondition"] == serde_json::json!({"Fn::Equals": [{"Ref": "Egress"}, "local"]})
        && rule["Assertions"][0]["Assert"] == serde_json::json!({"Fn::Equals": [{"Ref": "Stage"}, "dev"]});
    let public = template.part("/Conditions/IsPublic")
        == &serde_json::json!({"Fn::Equals": [{"Ref": "Egress"}, "public"]});
    if !right || !public || template.part("/Parameters/Egress/Default") != "public" {
        found.push(Finding::new(
            RULE,
            "Rules",
            "Egress=local must be refused unless Stage=dev, and public must be the default.",
        ));
    }
}

fn check_staff(template: &Template, found: &mut Vec<Finding>) {
    for pool in template.of_type("AWS::Cognito::UserPool") {
        let password = |name: &str| pool.property(&format!("/Policies/PasswordPolicy/{name}"));
        let classes = ["RequireLowercase", "RequireUppercase", "RequireNumbers", "RequireSymbols"]
            .iter()
            .all(|name| password(name) == true);
        if !classes
            || password("MinimumLength").as_i64().is_none_or(|length| length < 12)
            || password("PasswordHistorySize").as_i64().is_none_or(|size| size < 10)
        {
            found.push(Finding::new(
                RULE,
                pool.id,
                "passwords: 12 characters or more of four classes, none of the last 10.",
            ));
        }
        if pool.property("/MfaConfiguration") != "ON"
            || pool.property("/AdminCreateUserConfig/AllowAdminCreateUserOnly") != true
        {
            found.push(Finding::new(
                RULE,
                pool.id,
                "a second factor is needed, and only an administrator makes accounts.",
            ));
        }
    }
    // A client that could write it could give its user another merchant.
    for client in template.of_type("AWS::Cognito::UserPoolClient") {
        let writes = list(client.property("/WriteAttributes"));
        let machine = client.property("/AllowedOAuthFlows/0") == "client_credentials";
        if !machine && (writes.is_empty() || writes.iter().any(|name| *name == "custom:merchant")) {
            found.push(Finding::new(
                RULE,
                client.id,
                "must list WriteAttributes without custom:merchant, or a user moves to another merchant.",
            ));
        }
    }
    for role in template.of_type("AWS::IAM::Role") {
        for trust in statements(role.property("/AssumeRolePolicyDocument")) {
            if trust.0["Principal"]["Service"].as_str().is_none_or(|service| service.contains('*')) {
                found.push(Finding::new(RULE, role.id, "must be assumed by one AWS service only."));
            }
        }
    }
}
