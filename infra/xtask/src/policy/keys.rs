//! Who may use and who may administer the KMS keys. The heart of promise 3: the recipients key opens for two functions alone.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::template::{AMAZON, Statement, Template, short, statements, target};

const USE: &str = "key-use";
const ADMINISTRATION: &str = "key-administration";

/// Every use of the two keys of meaning, exactly. Nothing more may be granted, and nothing less would work.
/// Each is written twice in the template, in the key's policy and in the role, and both are held to this table.
const ALLOWED: &[(&str, &str, &[&str])] = &[
    ("RecipientsKey", "kms:Decrypt", &["reveal", "shipper"]),
    ("RecipientsKey", "kms:GenerateDataKey", &["poller", "shipper", "webhook"]),
    (
        "CredentialsKey",
        "kms:Decrypt",
        &["api", "notifier", "poller", "reveal", "shipper", "tracker", "webhook"],
    ),
    // Secrets are sealed where they come in, tokens that end by whoever renewed them.
    ("CredentialsKey", "kms:Encrypt", &["api", "notifier", "poller", "shipper", "tracker"]),
];

/// What only uses a key.
const USES: &[&str] = &[
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:CreateGrant",
    "kms:Sign",
    "kms:GenerateMac",
];

/// What only administers a key, and could open it in a second step.
const ADMINISTERS: &[&str] = &[
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:DisableKey",
    "kms:CreateAlias",
    "kms:UpdateAlias",
    "kms:ReplicateKey",
    "kms:DisableKeyRotation",
];

type Uses = BTreeMap<(String, String), BTreeSet<String>>;

/// Compares the uses in roles and in key policies with the table.
pub fn check_use(template: &Template) -> Vec<Finding> {
    let mut found = Vec::new();
    let in_roles = uses_in_roles(template, &mut found);
    let in_keys = uses_in_key_policies(template, &mut found);
    found.extend(index_keys_only(template));
    for (place, actual) in [("roles", in_roles), ("key policy", in_keys)] {
        let mut rest = actual;
        for (key, action, names) in ALLOWED {
            let actual = rest.remove(&((*key).to_owned(), (*action).to_owned())).unwrap_or_default();
            let wanted: BTreeSet<String> = names.iter().map(|name| (*name).to_owned()).collect();
            for extra in actual.difference(&wanted) {
                found.push(Finding::new(
                    USE,
                    *key,
                    format!(
                        "{action} is granted to `{extra}` ({place}); only {} may have it.",
                        names.join(", ")
                    ),
                ));
            }
            for missing in wanted.difference(&actual) {
                found.push(Finding::new(
                    USE,
                    *key,
                    format!("{action} is missing for `{missing}` ({place})."),
                ));
            }
        }
        for ((key, action), names) in rest {
            let names: Vec<String> = names.into_iter().collect();
            found.push(Finding::new(
                USE,
                key,
                format!("{action} is granted to {} ({place}); nobody may have it.", names.join(", ")),
            ));
        }
    }
    found
}

/// What `reveal` may open under the credentials key is sealed for a merchant: index keys, and no secret of a connection.
fn index_keys_only(template: &Template) -> Vec<Finding> {
    let statements = template.identity_statements().into_iter();
    let wide = statements.filter(|(at, statement)| {
        let credentials = statement.resources().into_iter().any(|key| target(key) == Some("CredentialsKey"));
        let bound = statement.0["Condition"]["StringLikeIfExists"]["kms:EncryptionContext:owner"] == "mer_*";
        *at == "RevealRole" && statement.allows() && credentials && !bound
    });
    wide.map(|(at, _)| {
        Finding::new(
            USE,
            at,
            "may open more under the credentials key than what is sealed for a merchant (mer_*).",
        )
    })
    .collect()
}

fn uses_in_roles(template: &Template, found: &mut Vec<Finding>) -> Uses {
    let mut uses = Uses::new();
    for (at, statement) in
        template.identity_statements().into_iter().filter(|(_, statement)| statement.allows())
    {
        let actions = used_actions(statement);
        if actions.is_empty() {
            continue;
        }
        for resource in statement.resources() {
            match target(resource)
                .filter(|key| template.resource(key).is_some_and(|key| key.kind == "AWS::KMS::Key"))
            {
                Some("DataKey") | None => {
                    found.push(Finding::new(USE, at, "uses KMS on something that is not the recipients or credentials key by name. The data key is used through its services only."));
                }
                Some(key) => {
                    for action in &actions {
                        uses.entry((key.to_owned(), action.clone())).or_default().insert(short(at, "Role"));
                    }
                }
            }
        }
    }
    uses
}

fn uses_in_key_policies(template: &Template, found: &mut Vec<Finding>) -> Uses {
    let mut uses = Uses::new();
    for key in template.of_type("AWS::KMS::Key") {
        for statement in statements(key.property("/KeyPolicy")).filter(|statement| statement.allows()) {
            let actions = used_actions(statement);
            if key.id == "DataKey" {
                let via = statement.0.pointer("/Condition/StringEquals/kms:ViaService").is_some();
                let ours = statement.0.pointer("/Condition/StringEquals/kms:CallerAccount").is_some();
                let service = statement.0["Principal"]["Service"].is_object()
                    || statement.0["Principal"]["Service"].is_string();
                let bound = service || (via && (ours || seals_what_amazon_tells(statement)));
                if !bound && !actions.is_empty() {
                    found.push(Finding::new(USE, key.id, "can be used directly. Use needs kms:ViaService with kms:CallerAccount or the name of one queue, or a service as principal."));
                }
                continue;
            }
            let Some(names) = statement.principals_in_condition() else {
                if !actions.is_empty() {
                    found.push(Finding::new(
                        USE,
                        key.id,
                        "has a use that is not bound to named roles by a condition on aws:PrincipalArn.",
                    ));
                }
                continue;
            };
            for action in actions {
                uses.entry((key.id.to_owned(), action)).or_default().extend(names.iter().cloned());
            }
        }
    }
    uses
}

/// Amazon's own account may use the key for the one queue that it tells changes to: its name is what SQS seals with.
fn seals_what_amazon_tells(statement: Statement) -> bool {
    let queue = statement.0.pointer("/Condition/StringEquals/kms:EncryptionContext:aws:sqs:arn");
    let is_the_one =
        queue.is_some_and(|arn| arn.to_string().ends_with(":${AWS::StackName}-amazon-changes\"}"));
    is_the_one && statement.0["Principal"]["AWS"] == AMAZON
}

/// The uses a statement grants, wildcards written out.
fn used_actions(statement: Statement) -> Vec<String> {
    USES.iter().filter(|action| statement.covers(action)).map(|action| (*action).to_owned()).collect()
}

/// Administration is the account's, never a function's; keys rotate, and take 30 days to die.
pub fn check_administration(template: &Template) -> Vec<Finding> {
    let mut found = Vec::new();
    let administers = |statement: Statement| ADMINISTERS.iter().any(|action| statement.covers(action));
    for (at, _) in template
        .identity_statements()
        .into_iter()
        .filter(|(_, statement)| statement.allows() && administers(*statement))
    {
        found.push(Finding::new(ADMINISTRATION, at, "may administer a key. No function may."));
    }
    for key in template.of_type("AWS::KMS::Key") {
        for statement in statements(key.property("/KeyPolicy")).filter(|statement| statement.allows()) {
            if administers(statement) && !used_actions(statement).is_empty() {
                found.push(Finding::new(
                    ADMINISTRATION,
                    key.id,
                    "one statement both administers and uses the key.",
                ));
            }
        }
        if key.property("/EnableKeyRotation") != true
            || key.number("/RotationPeriodInDays").is_none_or(|days| days > 365)
        {
            found.push(Finding::new(ADMINISTRATION, key.id, "must rotate at least every 365 days."));
        }
        if key.number("/PendingWindowInDays") != Some(30) {
            found.push(Finding::new(ADMINISTRATION, key.id, "must wait 30 days before it is deleted."));
        }
    }
    found
}
