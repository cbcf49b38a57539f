//! The console as a browser has it: signed in on the user pool's own page, every page seen, a pick scanned, a label
//! opened, and out again; under the roles that are deployed.

use crate::support::{Reply, Shop, Story, unique, until};
use std::collections::BTreeMap;
use waybill_domain::order::Status;
use waybill_domain::picking::TaskState;
use waybill_harness::canary::personal_tokens;
use waybill_harness::staff::{MANAGER, PACKER, PASSWORD};
use waybill_sandbox::invent::Kind;
use waybill_store::audit::{Action, Stream};

pub static CONSOLE: Story = Story::new("console", || Box::pin(console()));

#[test]
#[ignore = "needs a running stack"]
fn a_packer_signs_in_walks_a_list_opens_a_label_and_signs_out() {
    CONSOLE.told();
}

/// A browser: cookies, and no redirect followed unless it is looked at.
struct Browser<'a> {
    shop: &'a Shop,
    http: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

/// An answer with where it sends the browser.
struct Seen {
    reply: Reply,
    to: String,
}

impl<'a> Browser<'a> {
    fn new(shop: &'a Shop) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { shop, http, cookies: BTreeMap::new() }
    }

    /// One in which somebody has signed in, on the pool's page.
    async fn of(shop: &'a Shop, name: &str) -> Self {
        let mut browser = Self::new(shop);
        let page = browser.get("/sign-in").await.reply;
        assert_eq!(page.status, 200, "{}", page.body);
        let address = page.body.split("class=\"button\" href=\"").nth(1).unwrap().split('"').next().unwrap();
        let address = address.replace("&amp;", "&");
        let form = browser.http.get(&address).send().await.unwrap();
        assert_eq!(form.status(), 200, "{address}");
        // The form repeats what the address says, and asks for name and password.
        let fields = address.split_once('?').unwrap().1;
        let body = format!("{fields}&username={}&password={PASSWORD}", name.replace('@', "%40"));
        let login = browser.http.post(format!("{}/login", shop.stack.endpoint)).body(body);
        let login = login.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
        assert_eq!(login.status(), 302);
        let back = login.headers()["location"].to_str().unwrap().to_owned();
        assert!(back.starts_with(&format!("{}/console/signed-in?", shop.stack.api_url)), "{back}");
        let back = browser.get(&format!("/signed-in?{}", back.split_once('?').unwrap().1)).await.reply;
        assert_eq!(back.status, 200, "{}", back.body);
        assert_eq!(browser.cookies.len(), 3);
        browser
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Seen {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let reply = request.header("cookie", cookies.join("; ")).send().await.unwrap();
        for cookie in reply.headers().get_all("set-cookie") {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            match rest.split(';').next().unwrap() {
                "" => self.cookies.remove(name),
                value => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        let to = reply.headers().get("location").map_or("", |to| to.to_str().unwrap()).to_owned();
        let status = reply.status().as_u16();
        let body = String::from_utf8_lossy(&reply.bytes().await.unwrap()).into_owned();
        Seen { reply: Reply { status, body }, to }
    }

    async fn get(&mut self, path: &str) -> Seen {
        let request = self.http.get(format!("{}/console{path}", self.shop.stack.api_url));
        self.send(request).await
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        let form = self.cookies.get("waybill-form").cloned().unwrap_or_default();
        let fields: Vec<String> = fields.iter().map(|(name, value)| format!("&{name}={value}")).collect();
        let request = self.http.post(format!("{}/console{path}", self.shop.stack.api_url));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(format!("form={form}{}", fields.concat()))).await
    }
}

async fn console() {
    let shop = Shop::demo().await;
    let mut stranger = Browser::new(&shop);
    assert_eq!(stranger.get("/orders").await.to, "../console/sign-in");
    stranger.cookies.insert("waybill-token".into(), "a.b.c".into());
    assert_eq!(stranger.get("/orders").await.reply.status, 303);
    let label = stranger.get("/labels/shp_00000000000000000000000000000000-1?purpose=label").await;
    assert_eq!(label.to, "../again?to=labels/shp_00000000000000000000000000000000-1?purpose=label");

    let mut browser = Browser::of(&shop, PACKER).await;
    shop.listen("FunctionShipper", false).await;
    let order = shop.bought(Kind::Plain).await;
    let id = shop.tell("orders/create", order).await;
    shop.stands(&id, Status::Allocated).await;
    let sku = shop.body(order).await["line_items"][0]["sku"].as_str().unwrap().to_owned();
    let personal = personal_tokens(&shop.body(order).await);
    assert!(personal.len() >= 3);
    let one = [format!("/orders/{id}"), format!("/pack/{id}"), format!("/stock/{sku}")];
    let pages = ["", "/orders?status=allocated", "/exceptions", "/picks", "/pack", "/stock", "/style.css"];
    for page in pages.into_iter().chain(one.iter().map(String::as_str)) {
        let seen = browser.get(page).await.reply;
        assert_eq!(seen.status, 200, "{page}: {}", seen.body);
        assert!(personal.iter().all(|token| !seen.body.contains(&token.value)), "{page} shows a person");
    }
    for page in ["/connections", "/forgetting", "/evidence"] {
        assert_eq!(browser.get(page).await.reply.status, 403, "{page}");
    }
    picked(&shop, &mut browser, &id).await;
    labelled(&shop, &mut browser, &id).await;
    managed(&shop, &id).await;

    assert_eq!(browser.post("/sign-out", &[]).await.to, "../console/sign-in");
    assert_eq!(browser.get("").await.reply.status, 303);
}

/// A list is made and walked to its end, each stop by its scan.
async fn picked(shop: &Shop, browser: &mut Browser<'_>, id: &waybill_domain::OrderId) {
    let list = format!("walk-{}", unique(8));
    let place = shop.order(id).await.lines[0].allocations[0].warehouse.to_string();
    let fields = [("list", list.as_str()), ("warehouse", &place), ("style", "batch"), ("zone", "")];
    let forged = browser.http.post(format!("{}/console/picks", shop.stack.api_url)).body("form=0");
    assert_eq!(browser.send(forged).await.reply.status, 403);
    assert!(shop.db.pick_list(&shop.ids.merchant, &list).await.unwrap().is_none());
    let made = browser.post("/picks", &fields).await;
    assert_eq!(made.to, format!("../console/picks/{list}?done=made"), "{}", made.reply.body);
    let (address, mut stops) = (format!("/picks/{list}"), 0);
    loop {
        let now = shop.db.pick_list(&shop.ids.merchant, &list).await.unwrap().unwrap();
        let Some(task) = now.tasks.iter().find(|task| task.state == TaskState::Open) else { break };
        let page = browser.get(&address).await.reply.body;
        assert!(page.contains(&format!("class=\"bin\">{}<", task.spot.bin)), "{page}");
        let (n, pieces) = (task.n.to_string(), task.quantity.to_string());
        let fields = [("stop", n.as_str()), ("scanned", "another"), ("quantity", &pieces)];
        assert_eq!(browser.post(&address, &fields).await.reply.status, 409);
        let fields = [("stop", n.as_str()), ("scanned", &task.sku), ("quantity", &pieces)];
        let done = browser.post(&address, &fields).await;
        assert_eq!(done.to, format!("../../console/picks/{list}?done=picked"), "{}", done.reply.body);
        stops += 1;
    }
    assert!(stops > 0);
    assert!(!shop.order(id).await.picked.is_empty());
}

/// The label of the booked order, opened by the session and put on record.
async fn labelled(shop: &Shop, browser: &mut Browser<'_>, id: &waybill_domain::OrderId) {
    shop.listen("FunctionShipper", true).await;
    shop.stands(id, Status::Dispatched).await;
    let shipment = shop.db.shipments(id).await.unwrap().remove(0).id;
    let path = format!("/labels/{shipment}?purpose=label");
    assert!(browser.get(&format!("/orders/{id}")).await.reply.body.contains(&path));
    let records = async || {
        let all = shop.db.records(&shop.ids.merchant, Stream::Access).await.unwrap();
        all.into_iter().filter(|record| record.event.order == *id).count()
    };
    let before = records().await;
    let label = browser.get(&path).await.reply;
    assert_eq!((label.status, label.body.starts_with("%PDF")), (200, true));
    let all = browser.get(&format!("/labels?purpose=label&shipments={shipment}")).await.reply;
    assert_eq!((all.status, all.body.starts_with("%PDF")), (200, true));
    assert_eq!(browser.get(&format!("/labels/{shipment}?purpose=return")).await.reply.status, 403);
    let on_record = async || (records().await == before + 3).then_some(());
    until("two labels and a refusal to be on record", on_record).await;
    let last = shop.db.records(&shop.ids.merchant, Stream::Access).await.unwrap();
    assert!(last.iter().any(|record| record.event.order == *id && record.event.action == Action::Label));
}

/// What a manager sees besides.
async fn managed(shop: &Shop, id: &waybill_domain::OrderId) {
    let mut browser = Browser::of(shop, MANAGER).await;
    // As if the token had ended: the session is renewed at the pool, and a label finds its way round by that.
    let ended = |browser: &mut Browser| browser.cookies.insert("waybill-token".into(), "a.b.c".into());
    let shipment = shop.db.shipments(id).await.unwrap().remove(0).id;
    let label = format!("/labels/{shipment}?purpose=label");
    ended(&mut browser);
    let round = browser.get(&label).await.to;
    assert_eq!(round, format!("../again?to=labels/{shipment}?purpose=label"));
    let back = browser.get(&format!("/{}", round.trim_start_matches("../"))).await.to;
    assert_eq!(back, format!("../console{label}&again=1"));
    let opened = browser.get(&format!("{label}&again=1")).await.reply;
    assert_eq!((opened.status, opened.body.starts_with("%PDF")), (200, true));
    ended(&mut browser);
    for page in ["/connections", "/forgetting", "/evidence"] {
        let seen = browser.get(page).await.reply;
        assert_eq!(seen.status, 200, "{page}: {}", seen.body);
    }
    assert_ne!(browser.cookies["waybill-token"], "a.b.c");
}
