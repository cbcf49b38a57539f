//! What settings must be, each field by itself and beside what the merchant has.

use super::Settings;
use crate::Env;
use crate::answer::{Misplaced, Stop};
use std::collections::BTreeSet;
use std::sync::Arc;
use waybill_carriers::account::{Account as Carrier, bookable};
use waybill_carriers::preflight::uk_postcode;
use waybill_domain::money::is_currency;
use waybill_domain::retention::Policy;
use waybill_domain::service::{Returns, Shipping, Way};
use waybill_domain::{ConnectionId, MerchantId};
use waybill_runtime::directory::Account;
use waybill_store::registry::{ConnectionState, Merchant, Warehouse};

/// The most warehouses, and the most rows on a rung of the ladder.
const MOST: usize = 200;

/// Checks every field. `before` is the merchant as it is; `None` when it is about to be made.
///
/// # Errors
/// The first field that is wrong, by where it stands.
pub(super) async fn check(
    env: &Env,
    id: &MerchantId,
    before: Option<&Merchant>,
    wanted: &Settings,
) -> Result<(), Stop> {
    must(wanted.id == *id, "/id", "the merchant of your sign-in")?;
    must(is_name(&wanted.name), "/name", "1 to 80 characters without a space at either end")?;
    warehouses(
        before.map(|merchant| merchant.warehouses.as_slice()).unwrap_or_default(),
        &wanted.warehouses,
    )?;
    retention(wanted.retention)?;
    rows(&wanted.services)?;
    services(env, id, &wanted.services, wanted.needs.carrier_notifications).await
}

fn must(holds: bool, pointer: impl Into<String>, must: &'static str) -> Result<(), Misplaced> {
    if holds { Ok(()) } else { Err(Misplaced { pointer: pointer.into(), must }) }
}

fn is_name(text: &str) -> bool {
    (1..=80).contains(&text.chars().count()) && text.trim() == text && !text.chars().any(char::is_control)
}

fn warehouses(before: &[Warehouse], wanted: &[Warehouse]) -> Result<(), Misplaced> {
    must((1..=MOST).contains(&wanted.len()), "/warehouses", "1 to 200 warehouses")?;
    let mut seen = BTreeSet::new();
    for (n, one) in wanted.iter().enumerate() {
        must(seen.insert(&one.id), format!("/warehouses/{n}/id"), "of one warehouse only")?;
        must(is_name(&one.name), format!("/warehouses/{n}/name"), "1 to 80 characters")?;
        let area = |a: &String| (1..=2).contains(&a.len()) && a.bytes().all(|b| b.is_ascii_uppercase());
        let near = format!("/warehouses/{n}/near");
        must(one.near.iter().all(area), near, "postcode areas in capitals, such as BS")?;
    }
    // Goods may lie there.
    must(
        before.iter().all(|one| seen.contains(&one.id)),
        "/warehouses",
        "every warehouse there is and more; close one with PUT /v1/warehouses/{warehouse} and `active` false",
    )
}

fn retention(wanted: Policy) -> Result<(), Misplaced> {
    let Policy { delivered_days, shipped_days, cancelled_days, nothing_to_ship_days, unfulfilled_days } =
        wanted.clamped();
    for (holds, field) in [
        (delivered_days == wanted.delivered_days, "delivered_days"),
        (shipped_days == wanted.shipped_days, "shipped_days"),
        (cancelled_days == wanted.cancelled_days, "cancelled_days"),
        (nothing_to_ship_days == wanted.nothing_to_ship_days, "nothing_to_ship_days"),
        (unfulfilled_days == wanted.unfulfilled_days, "unfulfilled_days"),
    ] {
        must(
            holds,
            format!("/retention/{field}"),
            "one day at least, and no longer than without this field",
        )?;
    }
    Ok(())
}

/// What the rows say by themselves.
fn rows(wanted: &Shipping) -> Result<(), Misplaced> {
    let Shipping { products, named, channels, rules, rates, customs, returns } = wanted;
    for (list, length) in [
        ("products", products.len()),
        ("named", named.len()),
        ("channels", channels.len()),
        ("rules", rules.len()),
        ("rates", rates.len()),
    ] {
        must(length <= MOST, format!("/services/{list}"), "200 rows at most")?;
    }
    let countries = channels
        .iter()
        .map(|row| ("channels", &row.countries))
        .chain(rules.iter().map(|row| ("rules", &row.countries)))
        .chain(rates.iter().map(|row| ("rates", &row.countries)));
    for (list, countries) in countries {
        let country = |c: &String| c.len() == 2 && c.bytes().all(|b| b.is_ascii_uppercase());
        let place = format!("/services/{list}");
        must(countries.iter().all(country), place, "of countries in two capitals, such as GB (ISO 3166-1)")?;
    }
    for (n, rule) in rules.iter().enumerate() {
        let by_value = rule.from_value.is_some() || rule.up_to_value.is_some();
        let told = rule.currency.as_deref().map_or(!by_value, is_currency);
        must(
            told,
            format!("/services/rules/{n}/currency"),
            "the currency that the row's values are in, such as GBP",
        )?;
    }
    for (n, rate) in rates.iter().enumerate() {
        must(!rate.price.is_sign_negative(), format!("/services/rates/{n}/price"), "no less than nothing")?;
    }
    if let Some(Returns { service, to, .. }) = returns {
        let line = |text: &str| (1..=100).contains(&text.chars().count()) && text.trim() == text;
        let code = (1..=10).contains(&service.len()) && service.bytes().all(|b| b.is_ascii_alphanumeric());
        must(code, "/services/returns/service", "the carrier's code of a return service, such as TSS")?;
        must(line(&to.company), "/services/returns/to/company", "1 to 100 characters")?;
        let lines = (1..=3).contains(&to.lines.len()) && to.lines.iter().all(|one| line(one));
        must(lines, "/services/returns/to/lines", "from one to three lines of 1 to 100 characters")?;
        must(line(&to.city), "/services/returns/to/city", "1 to 100 characters")?;
        let postcode = uk_postcode(&to.postcode).is_some_and(|whole| whole == to.postcode);
        must(postcode, "/services/returns/to/postcode", "a postcode as it is written, such as SW1A 1AA")?;
    }
    must(is_name(&customs.category), "/services/customs/category", "the carrier's word for why goods travel")
}

/// Every service is one that its account can book, and every account the merchant's own. `kept` says that telephone
/// and e-mail are kept of buyers.
async fn services(env: &Env, id: &MerchantId, wanted: &Shipping, kept: bool) -> Result<(), Stop> {
    for (list, n, Way { connection, service, parcel_grams }) in wanted.ways() {
        let only = if list == "products" { "/only" } else { "" };
        let at = |field: &str| format!("/services/{list}/{n}{only}/{field}");
        let account = account(env, id, connection).await?;
        let carrier = account.as_deref().and_then(Account::carrier);
        must(
            carrier.is_some(),
            at("connection"),
            "a carrier account of this merchant; connect it first with POST /v1/connections",
        )?;
        let books = |account: &Carrier| account.for_service(service).is_ok();
        must(carrier.as_ref().is_some_and(books), at("service/carrier"), "the carrier of its connection")?;
        let word = |text: &str| (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        must(word(&service.code), at("service/code"), "the carrier's code of a service, such as TPS48")?;
        must(word(&service.format), at("service/format"), "the carrier's name of a shape, such as parcel")?;
        must(
            bookable(service).is_ok(),
            at("service"),
            "a code and a shape that a credit account can book; see the carrier's list of services",
        )?;
        must(
            service.notify.is_none() || kept,
            at("service/notify"),
            "absent, unless `needs.carrier_notifications` has telephone and e-mail kept",
        )?;
        must(*parcel_grams != Some(0), at("parcel_grams"), "one gram at least")?;
    }
    if let Some(Returns { connection, .. }) = &wanted.returns {
        let account = account(env, id, connection).await?;
        let books = matches!(account.as_deref().and_then(Account::carrier), Some(Carrier::ClickAndDrop(_)));
        must(
            books,
            "/services/returns/connection",
            "a Click & Drop account of this merchant, the one kind with returns",
        )?;
    }
    Ok(())
}

/// The account a row names, if it is this merchant's and still connected.
async fn account(env: &Env, id: &MerchantId, named: &ConnectionId) -> Result<Option<Arc<Account>>, Stop> {
    let ours = env.db.connection(named).await?.is_some_and(|connection| {
        connection.merchant == *id && connection.state != ConnectionState::Disconnected
    });
    Ok(if ours { env.directory.account(named, env.clock.read()).await? } else { None })
}
