//! What comes up in a day: an article nobody knows, who holds the goods, and a parcel that is checked before it is closed.

use super::look::look;
use super::page::Screen;
use super::{Chromium, sign_in};
use crate::support::{Shop, Story, invented, unique, until};
use serde_json::json;
use waybill_domain::exception::Reason;
use waybill_domain::order::Status;
use waybill_harness::staff::{MANAGER, PACKER};
use waybill_sandbox::invent::Kind;

static UNKNOWN: Story = Story::new("an unknown article in a browser", || Box::pin(unknown()));
static PARCEL: Story = Story::new("a parcel in a browser", || Box::pin(parcel()));

#[test]
#[ignore = "needs a running stack and Chromium"]
fn an_article_nobody_knows_is_mapped_where_it_is_listed_and_its_order_goes_on() {
    UNKNOWN.told();
}

#[test]
#[ignore = "needs a running stack and Chromium"]
fn a_packer_finds_an_order_by_its_goods_and_checks_its_parcel_by_scanning() {
    PARCEL.told();
}

async fn unknown() {
    let Some(browser) = Chromium::open().await else { return };
    let shop = Shop::demo().await;
    let mut order = invented(Kind::Plain);
    let ours = order["line_items"][0]["sku"].as_str().unwrap().to_owned();
    let theirs = format!("THEIRS-{}", unique(8));
    order["line_items"][0]["sku"] = json!(theirs);
    let id = shop.id(order["id"].as_i64().unwrap());
    let put = json!({"shop": shop.domain, "orders": [order], "deliver": true});
    shop.stack.control("PUT", "orders", &put).await.unwrap();
    let stuck = async || {
        let order = shop.db.order(&id).await.unwrap()?;
        order.exceptions.iter().any(|one| one.reason == Reason::UnmappedSku).then_some(order.status)
    };
    let status = until("the order to need a person", stuck).await;
    let mut page = browser.page(&shop.stack.api_url).await;
    sign_in(&mut page, MANAGER).await;
    page.go(&format!("/exceptions?status={}", status.as_str())).await;
    page.shows("Unmapped sku").await;
    look(&mut page, "unmapped", Screen::Desk, "light").await;
    page.fill(&format!("The channel's {theirs} is our SKU"), "").await;
    page.scan(&ours).await;
    page.shows("Mapped. Orders that waited for it go on").await;
    shop.stands(&id, Status::Dispatched).await;
    browser.close().await;
}

async fn parcel() {
    let Some(browser) = Chromium::open().await else { return };
    let shop = Shop::demo().await;
    shop.listen("FunctionShipper", false).await;
    let order = shop.bought(Kind::Plain).await;
    let id = shop.tell("orders/create", order).await;
    let order = shop.stands(&id, Status::Allocated).await;
    let mut page = browser.page(&shop.stack.api_url).await;
    page.screen(Screen::Phone).await;
    sign_in(&mut page, PACKER).await;
    page.press("Stock").await;
    // The cursor stands where the scan belongs.
    page.scan(order.lines[0].sku.as_deref().unwrap()).await;
    page.shows("Held by").await;
    let short = &id.suffix()[id.suffix().len() - 8..];
    page.press(short).await;
    page.press("Take this order to the packing bench").await;
    page.fill("Scan each piece", "").await;
    page.scanned_in_place("another").await;
    let wrong = "document.querySelector('input[data-counts]').validationMessage";
    assert_eq!(page.eval(wrong).await, json!("This article does not belong in these parcels."));
    page.fill("Scan each piece", "").await;
    for line in &order.lines {
        for _ in 0..line.quantity {
            page.scanned_in_place(line.sku.as_deref().unwrap()).await;
        }
    }
    page.press("Check the parcels").await;
    page.shows("Everything is there: close the parcels.").await;
    look(&mut page, "checked", Screen::Phone, "light").await;
    shop.listen("FunctionShipper", true).await;
    browser.close().await;
}
