//! The shipping label: one page of 4 by 6 inches per order, and plain text pages for the other papers.

use serde_json::Value;

use super::documents::contents;
use super::orders::passes_customs;
use super::pdf::{Page, file};
use super::returns::Return;
use super::{Account, CarrierOrder, code128, parcelforce, services};

const WIDTH: f64 = 288.0;
const HEIGHT: f64 = 432.0;
const LEFT: f64 = 16.0;
const INNER: f64 = WIDTH - 2.0 * LEFT;

/// Labels of `orders`, one page per package; with `customs` a declaration after each order that passes customs.
pub fn document<'a>(
    orders: impl Iterator<Item = &'a CarrierOrder>,
    account: &Account,
    customs: bool,
) -> Vec<u8> {
    let mut pages = Vec::new();
    for order in orders {
        pages.extend((0..order.packages.len()).map(|package| page(order, package, account)));
        if customs && passes_customs(&order.request["recipient"]["address"]) {
            pages.push(text_page("CN22", &contents(order)));
        }
    }
    file(&pages)
}

fn page(order: &CarrierOrder, package: usize, account: &Account) -> Page {
    let mut page = Page::new(WIDTH, HEIGHT);
    page.frame(8.0, 8.0, WIDTH - 16.0, HEIGHT - 16.0);
    let service = order.service().unwrap_or_default();
    let brand = if parcelforce::service(service).is_some() { "Parcelforce" } else { "Royal Mail" };
    page.text(LEFT, 404.0, 9.0, false, &format!("{brand} (sandbox, not postage)"));
    page.fitted(LEFT, 380.0, 22.0, true, services::name(service).unwrap_or(service), INNER);
    let weight = order.request["packages"][package]["weightInGrams"].as_i64().unwrap_or(0);
    let date = order.printed_on.map(|at| at.strftime("%d %b %Y").to_string()).unwrap_or_default();
    let number = format!("{} of {}", package + 1, order.packages.len());
    let line = format!("{service}   {weight} g   {date}   {number}");
    page.fitted(LEFT, 364.0, 9.0, false, &line, INNER);
    page.rule(8.0, 356.0, WIDTH - 16.0);
    barcode(&mut page, order.packages.get(package).and_then(Option::as_deref).unwrap_or_default());
    page.rule(8.0, 246.0, WIDTH - 16.0);
    let mut y = 224.0;
    for (index, line) in address(&order.request["recipient"]["address"]).iter().enumerate() {
        page.fitted(LEFT, y, if index == 0 { 15.0 } else { 13.0 }, index == 0, line, INNER);
        y -= 17.0;
    }
    page.rule(8.0, 76.0, WIDTH - 16.0);
    let reference = order.reference.as_deref().unwrap_or("none");
    page.fitted(LEFT, 60.0, 9.0, true, &format!("Order {reference}"), INNER);
    let sender = order.request["sender"]["tradingName"].as_str().unwrap_or(&account.trading_name);
    page.fitted(LEFT, 44.0, 8.0, false, &format!("From {sender}"), INNER);
    page.fitted(LEFT, 32.0, 8.0, false, &account.return_address, INNER);
    page.text(LEFT, 18.0, 7.0, false, &format!("Click & Drop {}", order.id));
    page
}

/// The barcode of a number and the number below it, in the middle of the label.
pub(crate) fn barcode(page: &mut Page, number: &str) {
    let widths = code128::widths(number);
    let modules: u32 = widths.iter().sum();
    let module = (INNER - 20.0) / f64::from(modules.max(1));
    let mut x = LEFT + 10.0;
    for (index, width) in widths.iter().enumerate() {
        let width = f64::from(*width) * module;
        if index % 2 == 0 {
            page.fill(x, 276.0, width, 68.0);
        }
        x += width;
    }
    page.text(LEFT + 56.0, 256.0, 13.0, true, &grouped(number));
}

/// `TT 0000 0000 9GB`, as people read it.
fn grouped(number: &str) -> String {
    match (number.get(..2), number.get(2..6), number.get(6..10), number.get(10..)) {
        (Some(a), Some(b), Some(c), Some(d)) => format!("{a} {b} {c} {d}"),
        _ => number.to_owned(),
    }
}

fn address(address: &Value) -> Vec<String> {
    let names = [
        "fullName",
        "companyName",
        "addressLine1",
        "addressLine2",
        "addressLine3",
        "city",
        "county",
        "postcode",
        "countryCode",
    ];
    let texts = names.iter().filter_map(|name| address[*name].as_str()).map(str::trim);
    texts.filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

/// The label with which goods come back: to the seller, from the buyer.
pub fn return_label(made: &Return, service: &str) -> Vec<u8> {
    let shipment = &made.request["shipment"];
    let mut page = Page::new(WIDTH, HEIGHT);
    page.frame(8.0, 8.0, WIDTH - 16.0, HEIGHT - 16.0);
    page.text(LEFT, 404.0, 9.0, false, "Royal Mail (sandbox, not postage)");
    page.fitted(LEFT, 380.0, 22.0, true, service, INNER);
    page.text(LEFT, 364.0, 9.0, false, "Return");
    page.rule(8.0, 356.0, WIDTH - 16.0);
    barcode(&mut page, &made.tracking);
    page.rule(8.0, 246.0, WIDTH - 16.0);
    let lines = |address: &Value| {
        let text = |name: &str| address[name].as_str().unwrap_or_default().to_owned();
        let name = format!("{} {}", text("firstName"), text("lastName"));
        let rest =
            ["companyName", "addressLine1", "addressLine2", "addressLine3", "city", "postcode"].map(text);
        let all = std::iter::once(name).chain(rest).map(|line| line.trim().to_owned());
        all.filter(|line| !line.is_empty()).collect::<Vec<_>>()
    };
    let mut y = 224.0;
    for (index, line) in lines(&shipment["returnAddress"]).iter().enumerate() {
        page.fitted(LEFT, y, if index == 0 { 15.0 } else { 13.0 }, index == 0, line, INNER);
        y -= 17.0;
    }
    page.rule(8.0, 76.0, WIDTH - 16.0);
    let reference = made.reference.as_deref().unwrap_or("none");
    page.fitted(LEFT, 60.0, 9.0, true, &format!("Return {reference}"), INNER);
    page.fitted(
        LEFT,
        44.0,
        8.0,
        false,
        &format!("From {}", lines(&shipment["shippingAddress"]).join(", ")),
        INNER,
    );
    file(&[page])
}

/// Pages of a title and lines of text, 4 by 6 inches; lines beyond the page are left out.
pub fn text_document(pages: impl IntoIterator<Item = (String, Vec<String>)>) -> Vec<u8> {
    let pages: Vec<Page> = pages.into_iter().map(|(title, lines)| text_page(&title, &lines)).collect();
    file(&pages)
}

fn text_page(title: &str, lines: &[String]) -> Page {
    let mut page = Page::new(WIDTH, HEIGHT);
    page.text(LEFT, 396.0, 16.0, true, title);
    let mut y = 372.0;
    for line in lines.iter().take(25) {
        page.fitted(LEFT, y, 10.0, false, line, INNER);
        y -= 14.0;
    }
    page
}
