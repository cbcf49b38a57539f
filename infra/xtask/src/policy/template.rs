//! Looking things up in the template.

use serde_json::{Map, Value};

/// The template, with the questions the rules ask of it.
pub struct Template<'a>(&'a Value);

/// A resource with its logical id.
#[derive(Clone, Copy)]
pub struct Resource<'a> {
    pub id: &'a str,
    pub kind: &'a str,
    pub whole: &'a Value,
}

/// One statement of an IAM policy.
#[derive(Clone, Copy)]
pub struct Statement<'a>(pub &'a Value);

impl<'a> Template<'a> {
    pub fn new(value: &'a Value) -> Self {
        Self(value)
    }

    /// A part by JSON pointer, such as `/Rules/X`.
    pub fn part(&self, pointer: &str) -> &'a Value {
        self.0.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// All resources.
    pub fn resources(&self) -> impl Iterator<Item = Resource<'a>> + use<'a> {
        let empty: Option<&Map<String, Value>> = self.part("/Resources").as_object();
        empty.into_iter().flatten().map(|(id, whole)| Resource {
            id,
            kind: whole["Type"].as_str().unwrap_or(""),
            whole,
        })
    }

    /// All resources of a type, such as `AWS::SQS::Queue`.
    pub fn of_type(&self, kind: &'static str) -> impl Iterator<Item = Resource<'a>> + use<'a> {
        self.resources().filter(move |resource| resource.kind == kind)
    }

    /// A resource by logical id.
    pub fn resource(&self, id: &str) -> Option<Resource<'a>> {
        self.resources().find(|resource| resource.id == id)
    }

    /// The functions by their short name, such as `shipper` for `ShipperFunction`.
    pub fn functions(&self) -> impl Iterator<Item = (String, Resource<'a>)> + use<'a> {
        self.of_type("AWS::Serverless::Function").map(|resource| (short(resource.id, "Function"), resource))
    }

    /// Every statement of every role, inline or in a managed policy, with the id of the resource that holds it.
    pub fn identity_statements(&self) -> Vec<(&'a str, Statement<'a>)> {
        let mut found = Vec::new();
        for resource in self.resources() {
            match resource.kind {
                "AWS::IAM::Role" => {
                    for policy in list(resource.property("/Policies")) {
                        found.extend(
                            statements(&policy["PolicyDocument"]).map(|statement| (resource.id, statement)),
                        );
                    }
                }
                "AWS::IAM::ManagedPolicy" | "AWS::IAM::Policy" => {
                    found.extend(
                        statements(resource.property("/PolicyDocument"))
                            .map(|statement| (resource.id, statement)),
                    );
                }
                _ => {}
            }
        }
        found
    }
}

impl<'a> Resource<'a> {
    /// A property by JSON pointer; null when it is not there.
    pub fn property(&self, pointer: &str) -> &'a Value {
        self.whole["Properties"].pointer(pointer).unwrap_or(&Value::Null)
    }

    /// A property that is a whole number.
    pub fn number(&self, pointer: &str) -> Option<i64> {
        self.property(pointer).as_i64()
    }
}

impl<'a> Statement<'a> {
    pub fn allows(self) -> bool {
        self.0["Effect"] == "Allow"
    }

    pub fn actions(self) -> Vec<&'a str> {
        list(&self.0["Action"]).iter().filter_map(|action| action.as_str()).collect()
    }

    pub fn resources(self) -> Vec<&'a Value> {
        list(&self.0["Resource"])
    }

    /// Whether one of its actions is this one, also by a wildcard.
    pub fn covers(self, action: &str) -> bool {
        self.actions().into_iter().any(|pattern| matches(pattern, action))
    }

    /// The function names in the ARNs of its condition on the principal, such as `shipper`.
    pub fn principals_in_condition(self) -> Option<Vec<String>> {
        let arns = list(&self.0["Condition"]["ArnLike"]["aws:PrincipalArn"]);
        if arns.is_empty() {
            return None;
        }
        let mut names: Vec<String> = arns
            .into_iter()
            .map(|arn| {
                let text = arn["Fn::Sub"].as_str().or(arn.as_str()).unwrap_or("?");
                let name = text.rsplit_once("role/${AWS::StackName}-").map_or(text, |(_, name)| name);
                name.strip_suffix("/*").unwrap_or(name).to_owned()
            })
            .collect();
        names.sort();
        names.dedup();
        Some(names)
    }
}

/// The account from which the Selling Partner API tells changes (contracts/amazon section 4).
pub const AMAZON: &str = "437568002678";

/// The statements of a policy document.
pub fn statements(document: &Value) -> impl Iterator<Item = Statement<'_>> {
    list(&document["Statement"]).into_iter().map(Statement)
}

/// One or many, as IAM and CloudFormation write it; null is none.
pub fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().collect(),
        one => vec![one],
    }
}

/// The logical id that a value points to, by Ref (also of SAM's `.Alias`), GetAtt or the first variable of a Sub.
pub fn target(value: &Value) -> Option<&str> {
    let sub = || value["Fn::Sub"].as_str()?.split_once("${")?.1.split(['.', '}']).next();
    let named = value["Ref"].as_str().map(|name| name.strip_suffix(".Alias").unwrap_or(name));
    named.or_else(|| value["Fn::GetAtt"][0].as_str()).or_else(sub)
}

/// Whether an IAM action pattern covers an action; case does not matter to IAM.
pub fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    match pattern.split_once('*') {
        None => pattern == action,
        Some((head, tail)) => {
            action.starts_with(head)
                && (tail.is_empty()
                    || (head.len()..=action.len())
                        .any(|at| action.is_char_boundary(at) && matches(tail, &action[at..])))
        }
    }
}

/// `ShipperFunction` without `Function`, in lower case.
pub fn short(id: &str, suffix: &str) -> String {
    id.strip_suffix(suffix).unwrap_or(id).to_ascii_lowercase()
}
