//! The first day of a seller in the browser and nowhere else: from an empty merchant to a printed label and a forgotten
//! buyer. What happens outside of Waybill (the operator, the shop, the carrier) is the sandbox's.

use super::look::look;
use super::page::{Page, Screen};
use super::{Chromium, sign_in};
use crate::support::{Founder, Shop, Story, invented, unique};
use serde_json::json;
use std::time::{Duration, Instant};
use waybill_domain::order::Status;
use waybill_harness::seed::{ACCESS_TOKEN, CLIENT_SECRET};
use waybill_harness::stack::Stack;
use waybill_harness::staff::SUPPORT;
use waybill_sandbox::invent::Kind;
use waybill_sandbox::royal_mail::{TRACKING_CLIENT_ID, TRACKING_CLIENT_SECRET};

static FIRST_DAY: Story = Story::new("the first day in a browser", || Box::pin(first_day()));
static BY_MAIL: Story = Story::new("a buyer who writes", || Box::pin(by_mail()));

/// How long the queues may take.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
#[ignore = "needs a running stack and Chromium"]
fn a_newcomer_gets_to_a_label_and_a_forgotten_buyer_through_the_console_alone() {
    FIRST_DAY.told();
}

#[test]
#[ignore = "needs a running stack and Chromium"]
fn a_buyer_who_writes_is_forgotten_by_their_mail_address() {
    BY_MAIL.told();
}

async fn first_day() {
    let Some(browser) = Chromium::open().await else { return };
    let stack = Shop::demo().await.stack;
    let founder = Founder::named(&stack).await;
    let mut page = browser.page(&stack.api_url).await;
    sign_in(&mut page, &founder.name).await;
    the_merchant_is_made(&mut page).await;
    let domain = the_shop_is_connected(&stack, &mut page).await;
    the_carrier_is_connected(&stack, &mut page).await;
    the_services_are_named(&mut page).await;
    the_goods_are_received_and_sold(&stack, &mut page, &domain).await;
    the_parcel_leaves(&mut page).await;
    it_is_forgotten(&mut page).await;
    browser.close().await;
}

async fn the_merchant_is_made(page: &mut Page) {
    page.shows("You are named the first owner").await;
    look(page, "begin", Screen::Desk, "light").await;
    page.fill("Trading name", "Invented Traders").await;
    page.fill("Name of the first warehouse", "One").await;
    page.press("I have had this training").await;
    page.press("Make the merchant").await;
    page.shows("The merchant is made.").await;
    page.shows("Until the first parcel leaves").await;
    look(page, "begun", Screen::Desk, "light").await;
}

/// Gives the shop's domain.
async fn the_shop_is_connected(stack: &Stack, page: &mut Page) -> String {
    let domain = format!("first-{}.myshopify.com", unique(12));
    let mut config = json!({"domain": domain, "client_secret": CLIENT_SECRET, "access_token": ACCESS_TOKEN});
    stack.control("PUT", "shops", &config).await.unwrap();
    page.press("Connect a shop").await;
    page.press("Shopify").await;
    look(page, "connect", Screen::Desk, "light").await;
    let secrets = "Or with secrets";
    page.fill_in(secrets, "Address", &format!("{}/shopify/{domain}", stack.sandbox_url)).await;
    page.fill_in(secrets, "Secret that signs webhooks", CLIENT_SECRET).await;
    page.fill_in(secrets, "Admin API access token", ACCESS_TOKEN).await;
    page.press("Connect Shopify").await;
    page.shows("Connected. Its secrets are sealed").await;
    let text = page.text().await;
    assert!(!text.contains(CLIENT_SECRET) && !text.contains(ACCESS_TOKEN), "a secret is shown");
    // What the owner copies from the page and enters at the shop.
    let hook = text.split_whitespace().find(|word| word.contains("/webhooks/shopify/con_")).unwrap();
    config["webhook_url"] = json!(hook);
    stack.control("PUT", "shops", &config).await.unwrap();
    page.press("Try Shopify").await;
    page.shows("The account answers as it should.").await;
    domain
}

async fn the_carrier_is_connected(stack: &Stack, page: &mut Page) {
    // An account of its own: what is handed over sweeps it.
    let key = format!("first-{}", unique(12));
    stack.control("PUT", &format!("accounts/{key}"), &json!({})).await.unwrap();
    page.press("Royal Mail Click & Drop").await;
    page.fill("Address of its tracking", &format!("{}/royal-mail-tracking", stack.sandbox_url)).await;
    page.fill("Address", &format!("{}/royal-mail", stack.sandbox_url)).await;
    page.fill("Click & Drop API key", &key).await;
    page.fill("Tracking API client id", TRACKING_CLIENT_ID).await;
    page.fill("Tracking API client secret", TRACKING_CLIENT_SECRET).await;
    page.press("Connect Royal Mail Click & Drop").await;
    page.shows("Not assessed this year").await;
    page.press("Put the assessment on record").await;
    page.shows("On record. The carrier may be given").await;
    look(page, "connected", Screen::Desk, "light").await;
}

async fn the_services_are_named(page: &mut Page) {
    page.press("Settings").await;
    page.press("Say which service carries what").await;
    page.fill_in("Add a row", "Service code", "TPS48").await;
    page.press("Add the row").await;
    page.shows("Saved.").await;
    page.shows("TPS48").await;
    look(page, "services", Screen::Desk, "light").await;
}

async fn the_goods_are_received_and_sold(stack: &Stack, page: &mut Page, domain: &str) {
    let order = invented(Kind::Plain);
    page.press("Back to the settings").await;
    page.press("Enter articles and receive goods").await;
    for line in order["line_items"].as_array().unwrap() {
        page.fill("SKU", line["sku"].as_str().unwrap()).await;
        page.fill("Pieces", "50").await;
        page.press("Put on the shelf").await;
        page.shows("On the shelf.").await;
    }
    let put = json!({"shop": domain, "orders": [order], "deliver": true});
    stack.control("PUT", "orders", &put).await.unwrap();
}

/// Opens the one order that was sent, once there is one.
async fn the_order_sent(page: &mut Page) {
    let end = Instant::now() + PATIENCE;
    let orders = "[...document.querySelectorAll('main table a.id')].map((one) => one.innerText)";
    loop {
        page.go("/orders?status=dispatched").await;
        let there = page.eval(orders).await;
        if let [order] = there.as_array().unwrap().as_slice() {
            page.press(order.as_str().unwrap()).await;
            return;
        }
        assert!(Instant::now() < end, "no order is sent: {}", page.text().await);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn the_parcel_leaves(page: &mut Page) {
    the_order_sent(page).await;
    assert_eq!(page.opened("Open label").await, (200, "%PDF".to_owned()));
}

async fn it_is_forgotten(page: &mut Page) {
    page.click("Forget the buyer of this order").await;
    page.press("Forget this buyer").await;
    page.shows("On record. The erasure has begun").await;
    certified(page).await;
    look(page, "certificate", Screen::Desk, "light").await;
    the_order_sent(page).await;
    page.shows("forgotten").await;
}

/// Looks at the page of a request again until it shows the certificate.
async fn certified(page: &mut Page) {
    let end = Instant::now() + PATIENCE;
    while !page.text().await.contains("Orders erased") {
        assert!(Instant::now() < end, "it is never done: {}", page.text().await);
        tokio::time::sleep(Duration::from_millis(500)).await;
        page.reload().await;
    }
}

async fn by_mail() {
    let Some(browser) = Chromium::open().await else { return };
    let shop = Shop::demo().await;
    let order = shop.bought(Kind::Plain).await;
    let id = shop.tell("orders/create", order).await;
    shop.stands(&id, Status::Dispatched).await;
    let mail = shop.body(order).await["email"].as_str().unwrap().to_owned();
    let mut page = browser.page(&shop.stack.api_url).await;
    page.screen(Screen::Phone).await;
    sign_in(&mut page, SUPPORT).await;
    page.press("Forgetting").await;
    page.fill("Their e-mail address", &mail).await;
    page.press("Put it on record").await;
    page.shows("On record. The erasure has begun").await;
    certified(&mut page).await;
    assert!(!page.text().await.contains(&mail) && !page.address().await.contains('@'));
    look(&mut page, "by-mail", Screen::Phone, "light").await;
    page.go(&format!("/orders/{id}")).await;
    page.shows("forgotten").await;
    browser.close().await;
}
