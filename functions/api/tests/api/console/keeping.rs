//! From nothing to a merchant that sends, by forms alone: what each form does is asked of `/v1` afterwards.

use super::browser::{Browser, NEW};
use super::markup::problems;
use crate::stage::Stage;
use serde_json::json;
use waybill_domain::access::Role;
use waybill_domain::time::{after, days};

const SECRET: &str = "hush-hush-4711";

/// A page's hidden field.
fn hidden(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    page.split(&start).nth(1).unwrap().split('"').next().unwrap().replace("&quot;", "\"")
}

/// Sends a form that must lead on, and gives where to.
pub async fn done(browser: &mut Browser, address: &str, fields: &[(&str, &str)]) -> String {
    let seen = browser.post(address, fields).await;
    assert_eq!(seen.status, 303, "{address}: {}", seen.text);
    seen.to().to_owned()
}

/// Sends a form that must be refused on its own page, in words.
pub async fn refused(browser: &mut Browser, address: &str, fields: &[(&str, &str)], words: &str) {
    let seen = browser.post(address, fields).await;
    assert!((400..500).contains(&seen.status), "{address}: {}", seen.status);
    assert!(seen.text.contains(words), "{address}: {}", seen.text);
    assert!(seen.text.contains("<form"), "{address} has no form to mend it by");
    assert_eq!(problems(&seen.text), Vec::<String>::new(), "{address}");
}

#[tokio::test]
async fn a_first_owner_makes_the_merchant_and_nobody_else_can() {
    let stage = Stage::set().await;
    let mut first = Browser::of(&stage, "first").await;
    assert_eq!(first.get("/console").await.to(), "console/begin");
    assert_eq!(first.get("/console/orders/x").await.to(), "../../console/begin");
    let page = first.get("/console/begin").await;
    assert!(page.text.contains(NEW), "{}", page.text);
    assert_eq!(problems(&page.text), Vec::<String>::new());
    let fields = [
        ("name", "Invented Traders"),
        ("warehouse", "One"),
        ("id", "wh_one"),
        ("trained", "yes"),
        ("trained_at", "2026-11-20"),
    ];
    refused(&mut first, "/console/begin", &[("id", "wh_one"), ("warehouse", "One")], "name").await;
    assert!(stage.db.merchant(&NEW.parse().unwrap()).await.unwrap().is_none());
    assert_eq!(done(&mut first, "/console/begin", &fields).await, "../console/settings?done=begun");
    let owner = stage.db.staff("first").await.unwrap().unwrap();
    assert_eq!(owner.role, Role::Owner);
    assert_eq!(owner.trained_until, after("2026-11-20T00:00:00Z".parse().unwrap(), days(365)));
    let page = first.get("/console/settings").await.text;
    assert!(page.contains("Until the first parcel leaves") && page.contains("Connect a shop"), "{page}");
    // Once: there is nothing left to make.
    assert_eq!(first.post("/console/begin", &fields).await.status, 412);
    for other in ["mine-Owner", "other-Owner", "mine-Packer"] {
        let mut other = Browser::of(&stage, other).await;
        assert_eq!(other.get("/console/begin").await.status, 403);
        assert_eq!(other.post("/console/begin", &fields).await.status, 403);
    }
}

#[tokio::test]
async fn a_stranger_is_told_the_number_that_an_owner_enters() {
    let stage = Stage::set().await;
    stage.open_warehouses().await;
    let mut stranger = Browser::new(&stage);
    let page = stranger.get("/console/sign-in").await;
    let state = page.text.split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let told = stranger.get(&format!("/console/signed-in?state={state}&code=for-newcomer")).await;
    assert_eq!(told.status, 403);
    assert!(told.text.contains("<code>newcomer</code>"), "{}", told.text);
    assert!(stranger.cookies.keys().all(|name| !name.contains("token")));

    let mut owner = Browser::of(&stage, "mine-Owner").await;
    let at = "/console/settings/staff";
    let entered = [("sub", "newcomer"), ("role", "packer"), ("trained_at", "2026-11-20")];
    assert_eq!(done(&mut owner, at, &entered).await, "../../console/settings/staff?done=given");
    let page = owner.get(at).await.text;
    assert!(page.contains("newcomer") && page.contains("Active") && page.contains("mine-Owner"), "{page}");
    assert_eq!(Browser::of(&stage, "newcomer").await.get("/console").await.status, 200);
    let tomorrow = [("sub", "newcomer"), ("role", "packer"), ("trained_at", "2036-11-20")];
    refused(&mut owner, at, &tomorrow, "not in the future").await;
    done(&mut owner, "/console/settings/staff/newcomer/review", &[]).await;
    done(&mut owner, "/console/settings/staff/newcomer/end", &[]).await;
    assert!(!stage.db.staff("newcomer").await.unwrap().unwrap().active);
    let mut manager = Browser::of(&stage, "mine-Manager").await;
    assert_eq!(manager.post(at, &entered).await.status, 403);
    let mut other = Browser::of(&stage, "other-Owner").await;
    assert!(!other.get(at).await.text.contains("newcomer"));
    assert_eq!(other.post("/console/settings/staff/mine-Packer/end", &[]).await.status, 404);
}

#[tokio::test]
async fn settings_are_changed_by_whoever_has_seen_them() {
    let stage = Stage::set().await;
    stage.open_warehouses().await;
    let mut owner = Browser::of(&stage, "mine-Owner").await;
    let page = owner.get("/console/settings").await.text;
    let seen = hidden(&page, "seen");
    let with = |seen: &str, days: &str| {
        [
            ("seen", seen),
            ("name", "Invented and Daughters"),
            ("gift_notes", "yes"),
            ("delivered_days", days),
            ("shipped_days", "20"),
            ("cancelled_days", "7"),
            ("nothing_to_ship_days", "7"),
            ("unfulfilled_days", "60"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
    };
    let send = |fields: [(&'static str, String); 8]| fields;
    let fields = send(with(&seen, "10"));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    done(&mut owner, "/console/settings", &fields).await;
    refused(&mut owner, "/console/settings", &fields, "changed since you read it").await;
    let stored = stage.db.merchant(&crate::stage::MERCHANT.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((stored.name.as_str(), stored.retention.delivered_days), ("Invented and Daughters", 10));
    assert!(stored.needs.gift_notes && !stored.needs.carrier_notifications);
    // Never longer.
    let seen = hidden(&owner.get("/console/settings").await.text, "seen");
    let fields = send(with(&seen, "15"));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    refused(&mut owner, "/console/settings", &fields, "delivered_days").await;
    let mut manager = Browser::of(&stage, "mine-Manager").await;
    assert!(!manager.get("/console/settings").await.text.contains("<button>Save</button>"));
    assert_eq!(manager.post("/console/settings", &fields).await.status, 403);

    // Warehouses, bins, and what is kept back.
    let fields =
        [("id", "wh_east"), ("name", "East"), ("priority", "3"), ("near", "nr, ip"), ("active", "yes")];
    done(&mut manager, "/console/settings/warehouses", &fields).await;
    let bin = [("id", "A-01"), ("zone", "a"), ("walk", "1"), ("kind", "pick")];
    done(&mut manager, "/console/settings/warehouses/wh_east/bins", &bin).await;
    let page = manager.get("/console/settings/warehouses/wh_east").await.text;
    assert!(page.contains("A-01") && page.contains("value=\"NR, IP\""), "{page}");
    let dock = [("id", "DOCK"), ("walk", "1"), ("kind", "bulk")];
    refused(&mut manager, "/console/settings/warehouses/wh_east/bins", &dock, "kind").await;
    let seen = hidden(&manager.get("/console/settings/warehouses").await.text, "seen");
    let back = [
        ("seen", seen.as_str()),
        ("shopify", "2"),
        ("woocommerce", "0"),
        ("magento", "0"),
        ("amazon", "5"),
        ("ebay", "0"),
        ("count_limit", "3"),
        ("unpaid_hours", "48"),
    ];
    done(&mut manager, "/console/settings/warehouses/buffers", &back).await;
    refused(&mut manager, "/console/settings/warehouses/buffers", &back, "changed since you read it").await;
    let policy = stage.mine("/v1/policy").await.1;
    assert_eq!(
        policy["buffers"],
        json!([{"channel": "shopify", "pieces": 2}, {"channel": "amazon", "pieces": 5}])
    );
    let mut packer = Browser::of(&stage, "mine-Packer").await;
    assert_eq!(packer.post("/console/settings/warehouses/wh_east/bins", &bin).await.status, 403);
}

/// The id of the account that was connected last, as the page shows it.
async fn account(browser: &mut Browser) -> String {
    let page = browser.get("/console/connections").await.text;
    page.split("<code>con_").nth(1).map(|rest| format!("con_{}", rest.split('<').next().unwrap())).unwrap()
}

#[tokio::test]
async fn accounts_are_connected_and_their_secrets_are_shown_nowhere() {
    let stage = Stage::set().await;
    stage.open_warehouses().await;
    let mut owner = Browser::of(&stage, "mine-Owner").await;
    let at = "/console/connect/royal-mail";
    let fields = |address: &'static str| {
        [
            ("address", address),
            ("tracking_address", "https://tracking.example.invalid"),
            ("key", SECRET),
            ("tracking_id", "reader"),
            ("tracking_secret", SECRET),
        ]
    };
    let wrong = owner.post(at, &fields("http://10.0.0.1")).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text.contains("public HTTPS") && wrong.text.contains("value=\"reader\""), "{}", wrong.text);
    assert!(!wrong.text.contains(SECRET), "a secret is shown");
    done(&mut owner, at, &fields("https://carrier.example.invalid")).await;
    let id = account(&mut owner).await;
    let mut manager = Browser::of(&stage, "mine-Manager").await;
    let page = manager.get("/console/connections").await.text;
    assert!(page.contains("Not assessed this year") && !page.contains("Replace secrets"), "{page}");
    let assess = format!("/console/connections/{id}/assess");
    assert_eq!(manager.post(&assess, &[("done_at", "soon")]).await.status, 400);
    assert_eq!(
        Browser::of(&stage, "other-Owner").await.post(&assess, &[("done_at", "2026-11-20")]).await.status,
        404
    );
    done(&mut manager, &assess, &[("done_at", "2026-11-20")]).await;
    assert!(manager.get("/console/connections").await.text.contains("Assessed"));

    // Which service carries what, read from the top.
    let at = "/console/settings/services";
    let by = format!("{id}/royal_mail");
    let mut seen = hidden(&owner.get(at).await.text, "seen");
    for code in ["TPS48", "TPN24"] {
        let row = [
            ("seen", seen.as_str()),
            ("countries", "gb"),
            ("from_grams", "0"),
            ("up_to_grams", "2000"),
            ("by", &by),
            ("code", code),
            ("format", "parcel"),
            ("parcel_grams", ""),
        ];
        done(&mut owner, at, &row).await;
        refused(&mut owner, at, &row, "changed since you read it").await;
        seen = hidden(&owner.get(at).await.text, "seen");
    }
    let codes = async || {
        let merchant = stage.db.merchant(&crate::stage::MERCHANT.parse().unwrap()).await.unwrap().unwrap();
        let rules = merchant.services.rules;
        assert!(rules.iter().all(|rule| rule.countries == ["GB"]));
        rules.into_iter().map(|rule| rule.way.service.code).collect::<Vec<_>>()
    };
    let row = |seen: &str, act: &'static str| {
        [("seen", seen.to_owned()), ("list", "rules".into()), ("row", "1".into()), ("act", act.into())]
    };
    let up = row(&seen, "up");
    let up: Vec<(&str, &str)> = up.iter().map(|(name, value)| (*name, value.as_str())).collect();
    done(&mut owner, &format!("{at}/row"), &up).await;
    assert_eq!(codes().await, ["TPN24", "TPS48"]);
    let seen = hidden(&owner.get(at).await.text, "seen");
    let away = row(&seen, "remove");
    let away: Vec<(&str, &str)> = away.iter().map(|(name, value)| (*name, value.as_str())).collect();
    done(&mut owner, &format!("{at}/row"), &away).await;
    assert_eq!(codes().await, ["TPN24"]);
    assert_eq!(manager.post(&format!("{at}/row"), &away).await.status, 403);

    // New secrets, and the end of it.
    let secrets = format!("/console/connections/{id}/secrets");
    let new = [("of", "royal-mail"), ("key", SECRET), ("tracking_id", "r"), ("tracking_secret", SECRET)];
    done(&mut owner, &secrets, &new).await;
    let before = stage.db.connection(&id.parse().unwrap()).await.unwrap().unwrap().credentials;
    done(&mut owner, &secrets, &new).await;
    assert_ne!(stage.db.connection(&id.parse().unwrap()).await.unwrap().unwrap().credentials, before);
    assert_eq!(manager.get(&secrets).await.status, 403);
    assert!(!owner.get("/console/connections").await.text.contains(SECRET));
    done(&mut owner, &format!("/console/connections/{id}/disconnect"), &[]).await;
    assert!(owner.get("/console/connections").await.text.contains("Disconnected"));
}

#[tokio::test]
async fn an_owner_who_agrees_at_the_channel_is_led_there_by_a_link() {
    let stage = Stage::set().await;
    stage.open_warehouses().await;
    let mut owner = Browser::of(&stage, "mine-Owner").await;
    let page = owner.get("/console/connect/shopify").await.text;
    assert!(page.contains("value=\"https://api.example.invalid/connect/shopify\""), "{page}");
    let fields = [
        ("address", "https://shop.example.invalid"),
        ("client_id", "app"),
        ("client_secret", SECRET),
        ("redirect", "https://api.example.invalid/connect/shopify"),
    ];
    let away = owner.post("/console/connect/shopify/authorise", &fields).await;
    assert_eq!(away.status, 200);
    assert!(
        away.text.contains("href=\"https://shop.example.invalid/admin/oauth/authorize?"),
        "{}",
        away.text
    );
    assert!(!away.text.contains(SECRET));
    assert_eq!(owner.post("/console/connect/dpd/authorise", &fields).await.status, 404);
    // Back without a state that was begun here: a page for a browser, a document for a program.
    for (accept, begins) in [("text/html,*/*;q=0.8", "<!DOCTYPE html>"), ("application/json", "{")] {
        let (status, headers, body) =
            stage.send(None, "GET", "/connect/shopify?state=x", None, &[("accept", accept)]).await;
        let body = String::from_utf8(body).unwrap();
        assert_eq!(status, 400, "{body}");
        assert!(body.starts_with(begins) && body.contains("begin again"), "{body}");
        assert_eq!(headers.contains_key("content-security-policy"), begins.starts_with('<'));
    }
}

#[tokio::test]
async fn goods_come_in_articles_are_entered_and_files_are_looked_at_before_they_are_written() {
    let stage = Stage::set().await;
    stage.open_warehouses().await;
    let mut manager = Browser::of(&stage, "mine-Manager").await;
    let article = [
        ("sku", "TEE-RED"),
        ("name", "Red tee"),
        ("barcodes", "5012345678900"),
        ("grams", "200"),
        ("safety", "1"),
        ("low", "4"),
    ];
    done(&mut manager, "/console/stock/articles", &article).await;
    let tags = json!({"sku": "TEE-RED", "name": "Red tee", "grams": 200, "tags": ["soft"]});
    assert_eq!(stage.put("/v1/skus/TEE-RED", tags).await.0, 200);
    done(&mut manager, "/console/stock/articles", &article).await;
    let kept = stage.mine("/v1/skus/TEE-RED").await.1;
    assert_eq!((&kept["tags"], &kept["safety"]), (&json!(["soft"]), &json!(1)), "what no field shows stays");
    let known = manager.get("/console/stock/articles?sku=TEE-RED").await.text;
    assert!(known.contains("value=\"5012345678900\""), "{known}");
    refused(
        &mut manager,
        "/console/stock/articles",
        &[("sku", "TEE-RED"), ("grams", "heavy")],
        "cannot be read",
    )
    .await;

    let mut packer = Browser::of(&stage, "mine-Packer").await;
    let page = packer.get("/console/stock/receive").await.text;
    let note = page.split("name=\"reference\"").nth(1).unwrap().split("value=\"").nth(1).unwrap();
    let note = note.split('"').next().unwrap().to_owned();
    let goods = [
        ("sku", "TEE-RED"),
        ("quantity", "7"),
        ("warehouse", "wh_north"),
        ("reason", "purchase"),
        ("reference", note.as_str()),
    ];
    assert!(done(&mut packer, "/console/stock/receive", &goods).await.ends_with("done=received"));
    assert!(done(&mut packer, "/console/stock/receive", &goods).await.ends_with("done=repeated"));
    assert_eq!(stage.mine("/v1/stock/TEE-RED").await.1["warehouses"][0]["on_hand"], 7);
    let other = [
        ("sku", "TEE-RED"),
        ("quantity", "0"),
        ("warehouse", "wh_north"),
        ("reason", "purchase"),
        ("reference", "n"),
    ];
    refused(&mut packer, "/console/stock/receive", &other, "quantity").await;
    assert_eq!(packer.post("/console/stock/articles", &article).await.status, 403);

    let file = |rows: &'static str, dry: &'static str| {
        [("kind", "skus"), ("mode", "all_or_nothing"), ("upload", "rows-1"), ("rows", rows), ("dry", dry)]
    };
    let at = "/console/stock/files";
    let good = "sku,name,grams\nMUG,Mug,300\nCUP,Cup,200\n";
    let looked = manager.post(at, &file(good, "yes")).await;
    assert!(looked.text.contains("All 2 rows are good. Nothing was written yet."), "{}", looked.text);
    assert_eq!(stage.mine("/v1/skus/MUG").await.0, 404);
    let written = manager.post(at, &file(good, "")).await;
    assert!(written.text.contains("2 of 2 rows are written."), "{}", written.text);
    assert_eq!(stage.mine("/v1/skus/MUG").await.0, 200);
    refused(&mut manager, at, &file("sku,name,grams\nJAR,Jar,1\n", ""), "used for something else").await;
    let bad = [
        ("kind", "skus"),
        ("mode", "all_or_nothing"),
        ("upload", "rows-2"),
        ("rows", "sku,grams\nJAR,much\n"),
    ];
    let bad = manager.post(at, &bad).await;
    assert!(bad.text.contains("1 of 1 rows are bad") && bad.text.contains("Line 2"), "{}", bad.text);
    assert!(manager.get("/console/stock/files/skus").await.text.contains("MUG"));
}
