//! Which accounts a login may book on: the call that shows whether a connection works and books nothing.

use super::errors::good;
use super::token::Token;
use super::{Account, call};
use crate::error::{CannotBuild, CannotRead};
use http::{HeaderMap, Method, Request, StatusCode};

/// Asks for the login's shipping accounts.
///
/// # Errors
/// `CannotBuild` when the address or credential cannot be sent.
pub fn build_accounts(account: &Account, token: &Token) -> Result<Request<Vec<u8>>, CannotBuild> {
    call(account, token, Method::GET, "/shippingAccounts?pageSize=500", None)
}

/// Reads whether ours is among them, by its id or its alias: a shipment may name either.
///
/// # Errors
/// `CannotRead::Refused` with `no_such_shipping_account` when it is not; else the carrier does not answer.
pub fn read_accounts(
    account: &Account,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<(), CannotRead> {
    CannotRead::unless_answered(status, headers)?;
    let reply = good(status, body)?;
    let all = reply["ShippingAccounts"].as_array().ok_or(CannotRead::Reply)?;
    let ours = account.shipping_account.as_str();
    let fits = |name: &str, row: &serde_json::Value| row[name].as_str() == Some(ours);
    if all.iter().any(|row| fits("ShippingAccountId", row) || fits("AccountAlias", row)) {
        return Ok(());
    }
    Err(CannotRead::Refused { code: "no_such_shipping_account".to_owned() })
}
