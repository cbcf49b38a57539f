//! What staff do all day: look at every page, walk a list with a scanner, work by keyboard alone.

use super::look::{faults, look};
use super::page::Screen;
use super::{Chromium, sign_in};
use crate::support::{Shop, Story, unique};
use waybill_domain::order::Status;
use waybill_harness::staff::{OWNER, PACKER};
use waybill_sandbox::invent::Kind;

static EVERY_PAGE: Story = Story::new("every page in a browser", || Box::pin(every_page()));
static WALK: Story = Story::new("a walk in a browser", || Box::pin(walk()));

#[test]
#[ignore = "needs a running stack and Chromium"]
fn every_page_fits_every_screen_and_keeps_nobody_out() {
    EVERY_PAGE.told();
}

#[test]
#[ignore = "needs a running stack and Chromium"]
fn a_list_is_made_and_walked_by_keyboard_and_scanner_alone() {
    WALK.told();
}

/// Every page of the console, by its name.
async fn pages(shop: &Shop) -> Vec<(&'static str, String)> {
    let order = shop.bought(Kind::Plain).await;
    let id = shop.tell("orders/create", order).await;
    shop.stands(&id, Status::Dispatched).await;
    let sku = shop.body(order).await["line_items"][0]["sku"].as_str().unwrap().to_owned();
    vec![
        ("today", String::new()),
        ("orders", "/orders?status=dispatched".into()),
        ("order", format!("/orders/{id}")),
        ("exceptions", "/exceptions".into()),
        ("picks", "/picks".into()),
        ("pack", "/pack".into()),
        ("bench", format!("/pack/{id}")),
        ("stock", "/stock".into()),
        ("sku", format!("/stock/{sku}")),
        ("connections", "/connections".into()),
        ("forgetting", "/forgetting".into()),
        ("evidence", "/evidence".into()),
        ("settings", "/settings".into()),
        ("warehouses", "/settings/warehouses".into()),
        ("services", "/settings/services".into()),
        ("staff", "/settings/staff".into()),
        ("cover", "/stock/cover".into()),
        ("receive", "/stock/receive".into()),
        ("articles", "/stock/articles".into()),
        ("files", "/stock/files".into()),
        ("connect-dpd", "/connect/dpd".into()),
        ("connect-amazon", "/connect/amazon".into()),
        ("incidents", "/incidents".into()),
        ("refusal", "/orders/nothing".into()),
        ("sign-in", "/sign-in".into()),
    ]
}

async fn every_page() {
    let Some(browser) = Chromium::open().await else { return };
    let shop = Shop::demo().await;
    let mut page = browser.page(&shop.stack.api_url).await;
    sign_in(&mut page, OWNER).await;
    let pages = pages(&shop).await;
    let mut wrong = Vec::new();
    for screen in [Screen::Phone, Screen::Desk] {
        page.screen(screen).await;
        for scheme in ["light", "dark"] {
            page.scheme(scheme).await;
            for (name, path) in &pages {
                page.go(path).await;
                if *name == "refusal" {
                    assert!(page.complaints().iter().all(|one| one.contains("404")));
                }
                wrong.extend(faults(&mut page, name, screen, scheme).await);
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    browser.close().await;
}

async fn walk() {
    let Some(browser) = Chromium::open().await else { return };
    let shop = Shop::demo().await;
    let mut page = browser.page(&shop.stack.api_url).await;
    page.screen(Screen::Phone).await;
    sign_in(&mut page, PACKER).await;
    shop.listen("FunctionShipper", false).await;
    let order = shop.bought(Kind::Plain).await;
    let id = shop.tell("orders/create", order).await;
    let order = shop.stands(&id, Status::Allocated).await;
    let place = order.lines[0].allocations[0].warehouse.to_string();

    // From the first page to the list, without a mouse.
    page.tab_to("Pick").await;
    page.key("Enter").await;
    page.shows("Make a list").await;
    page.settled().await;
    let list = format!("walk-{}", unique(8));
    page.tab_to("Name").await;
    page.fill("Name", &list).await;
    page.fill("Warehouse", &place).await;
    page.tab_to("Make a list").await;
    page.key("Enter").await;
    page.shows("The list is made.").await;
    page.settled().await;
    look(&mut page, "walk", Screen::Phone, "light").await;
    page.scan("another").await;
    page.shows("another article").await;
    assert!(page.complaints().iter().all(|one| one.contains("409")));
    let task = async || {
        let now = shop.db.pick_list(&shop.ids.merchant, &list).await.unwrap().unwrap();
        now.tasks.into_iter().find(|task| task.state == waybill_domain::picking::TaskState::Open)
    };
    while let Some(open) = task().await {
        page.wait(
            "the next bin",
            &format!("document.querySelector('.bin')?.innerText === '{}'", open.spot.bin),
        )
        .await;
        page.settled().await;
        // The cursor stands where the scan belongs.
        page.scan(&open.sku).await;
        page.settled().await;
    }
    page.shows("This list is done").await;
    shop.listen("FunctionShipper", true).await;
    look(&mut page, "walked", Screen::Phone, "light").await;
    browser.close().await;
}
