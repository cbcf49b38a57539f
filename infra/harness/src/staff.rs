//! Invented members of staff, one for each role that the demo and the stories act as.

use crate::seed::Ids;
use crate::stack::{Stack, Trouble};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use waybill_domain::access::Role;
use waybill_domain::time::{after, days};
use waybill_store::staff::Staff;

/// The owner.
pub const OWNER: &str = "owner@waybill.invalid";
/// Someone who runs the warehouse.
pub const MANAGER: &str = "manager@waybill.invalid";
/// Someone who packs.
pub const PACKER: &str = "packer@waybill.invalid";
/// Someone who answers buyers.
pub const SUPPORT: &str = "support@waybill.invalid";
/// Someone who audits.
pub const AUDITOR: &str = "auditor@waybill.invalid";
/// Someone of no staff yet, whom the operator has named the first owner of [`NEW`].
pub const FIRST: &str = "first@waybill.invalid";
/// A merchant that is still to be made.
pub const NEW: &str = "mer_0000000000000f15";
/// The password of all of them, on this machine only: the local AWS holds no real data and dies with its process.
pub const PASSWORD: &str = "Local-only-9-Sandbox";

async fn cognito(stack: &Stack, operation: &str, body: &Value) -> Result<Value, Trouble> {
    stack.json("cognito-idp", &format!("AWSCognitoIdentityProviderService.{operation}"), body).await
}

/// Creates the staff in the user pool and in the registry, trained for a year from now.
///
/// # Errors
/// When Cognito or DynamoDB refuses.
pub async fn seed(stack: &Stack, ids: &Ids) -> Result<(), Trouble> {
    let pool = stack.output("UserPoolId")?.to_owned();
    let db = stack.db()?;
    for (name, role) in [
        (OWNER, Role::Owner),
        (MANAGER, Role::Manager),
        (PACKER, Role::Packer),
        (SUPPORT, Role::Support),
        (AUDITOR, Role::Auditor),
    ] {
        let user = json!({"UserPoolId": pool, "Username": name, "MessageAction": "SUPPRESS"});
        let created = cognito(stack, "AdminCreateUser", &user).await?;
        let password = json!({"UserPoolId": pool, "Username": name, "Password": PASSWORD, "Permanent": true});
        cognito(stack, "AdminSetUserPassword", &password).await?;
        let attributes = created["User"]["Attributes"].as_array().cloned().unwrap_or_default();
        let sub = attributes
            .iter()
            .find(|a| a["Name"] == "sub")
            .and_then(|a| a["Value"].as_str())
            .ok_or("the user pool gave a user without a sub")?;
        let trained_until = after(Timestamp::now(), days(365));
        db.save_staff(
            sub,
            &Staff {
                merchant: ids.merchant.clone(),
                role,
                trained_until,
                reviewed_at: Timestamp::now(),
                active: true,
            },
        )
        .await?;
    }
    named(stack, &pool).await
}

/// What an operator does before a merchant is there: a user with a merchant, among the owners.
async fn named(stack: &Stack, pool: &str) -> Result<(), Trouble> {
    let attributes = json!([{"Name": "custom:merchant", "Value": NEW}]);
    for (operation, more) in [
        ("AdminCreateUser", json!({"MessageAction": "SUPPRESS", "UserAttributes": attributes})),
        ("AdminAddUserToGroup", json!({"GroupName": "owner"})),
        ("AdminSetUserPassword", json!({"Password": PASSWORD, "Permanent": true})),
    ] {
        let mut body = more;
        body["UserPoolId"] = json!(pool);
        body["Username"] = json!(FIRST);
        cognito(stack, operation, &body).await?;
    }
    Ok(())
}

/// Signs a member of staff in and gives the token for the API.
///
/// # Errors
/// When Cognito refuses.
pub async fn sign_in(stack: &Stack, name: &str) -> Result<String, Trouble> {
    let ask = json!({
        "UserPoolId": stack.output("UserPoolId")?,
        "ClientId": stack.output("StaffClientId")?,
        "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": name, "PASSWORD": PASSWORD},
    });
    let reply = cognito(stack, "AdminInitiateAuth", &ask).await?;
    let token = reply["AuthenticationResult"]["IdToken"].as_str().ok_or("signing in gave no token")?;
    Ok(token.to_owned())
}

/// Who a token is for: its `sub`, which is what audit records name. The signature is not looked at.
///
/// # Errors
/// When it is no token.
pub fn sub(token: &str) -> Result<String, Trouble> {
    let claims = token.split('.').nth(1).ok_or("a token has no claims")?;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims)?)?;
    Ok(claims["sub"].as_str().ok_or("a token names nobody")?.to_owned())
}
