//! What the operator does on the first day: a user with a merchant, among the owners.

use super::unique;
use serde_json::{Value, json};
use waybill_harness::stack::Stack;
use waybill_harness::staff::PASSWORD;

/// Somebody who is named the first owner of a merchant that is not made yet.
pub struct Founder {
    pub merchant: String,
    /// What they sign in as.
    pub name: String,
    pub sub: String,
}

impl Founder {
    pub async fn named(stack: &Stack) -> Self {
        let unique = unique(16);
        let (merchant, name) = (format!("mer_{unique}"), format!("first-{unique}@waybill.invalid"));
        let pool = stack.output("UserPoolId").unwrap().to_owned();
        let cognito = async |operation: &str, mut body: Value| {
            body["UserPoolId"] = json!(pool);
            body["Username"] = json!(name);
            let target = format!("AWSCognitoIdentityProviderService.{operation}");
            stack.json("cognito-idp", &target, &body).await.unwrap()
        };
        let attributes = json!([{"Name": "custom:merchant", "Value": merchant}]);
        let user = json!({"MessageAction": "SUPPRESS", "UserAttributes": attributes});
        let made = cognito("AdminCreateUser", user).await;
        cognito("AdminAddUserToGroup", json!({"GroupName": "owner"})).await;
        cognito("AdminSetUserPassword", json!({"Password": PASSWORD, "Permanent": true})).await;
        let attributes = made["User"]["Attributes"].as_array().unwrap();
        let sub = attributes.iter().find(|one| one["Name"] == "sub").unwrap()["Value"].as_str().unwrap();
        Self { merchant, name: name.clone(), sub: sub.to_owned() }
    }
}
