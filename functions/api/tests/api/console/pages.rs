//! Every page over stored data: what it shows, to whom, and that it shows it to everybody.

use super::browser::Browser;
use super::markup::problems;
use crate::stage::{MERCHANT, Stage, order_id};
use serde_json::json;
use waybill_domain::access::Role;
use waybill_domain::exception::Reason;
use waybill_domain::order::{Allocation, Hold, Status};
use waybill_domain::service::{Carrier, ServiceChoice};
use waybill_domain::shipment::{Booking, Shipment, Transit, WriteBack};
use waybill_domain::time::{after, days};
use waybill_domain::{OrderId, ShipmentId};
use waybill_store::registry::{Connection, ConnectionState, Kind};
use waybill_store::staff::Staff;
use waybill_store::stock::{BatchChanges, Settling, SlotChange};

const ACCOUNT: &str = "con_00000000000000c1";
const HOSTILE: &str = "<script>alert('x')</script>\"'&";

/// Goods in a bin, orders that hold them, one that needs a person, one that is booked, one connection.
async fn set() -> Stage {
    let stage = Stage::set().await;
    stage.open_warehouses().await;
    let sku = json!({"sku": "TEE-RED", "name": "Red tee", "grams": 200, "barcodes": ["5012345678900"]});
    assert_eq!(stage.put("/v1/skus/TEE-RED", sku).await.0, 200);
    let bin = json!({"id": "A-01", "zone": "a", "walk": 1});
    assert_eq!(stage.put("/v1/warehouses/wh_north/bins/A-01", bin).await.0, 200);
    let goods = json!({"kind": "receive", "sku": "TEE-RED", "warehouse": "wh_north", "quantity": 20, "to": "A-01",
        "reason": "purchase", "reference": "PO-1"});
    assert_eq!(stage.post("/v1/stock/movements", goods).await.0, 200);
    for n in [1, 2] {
        allocate(&stage, n).await;
    }
    let mut order = stage.order(3).await;
    order.status = Status::Held;
    order.hold = Some(Hold::Exception);
    order.raise(Reason::HeldByRule, Some("look".into()), stage.now());
    order.raise(Reason::UnmappedSku, None, stage.now());
    stage.db.save_order(&mut order).await.unwrap();
    book(&stage, 4).await;
    connect(&stage).await;
    stage
}

async fn allocate(stage: &Stage, n: u8) {
    let mut order = stage.order(n).await;
    let slot = ("TEE-RED".to_owned(), "wh_north".parse().unwrap());
    order.status = Status::Allocated;
    order.lines[0].allocations = vec![Allocation { warehouse: "wh_north".parse().unwrap(), quantity: 2 }];
    let change = SlotChange { orders: vec![(order.id.clone(), 2)], ..SlotChange::default() };
    let (changes, merchant) = (BatchChanges::from([(slot, change)]), MERCHANT.parse().unwrap());
    stage.db.settle(&merchant, Settling::Promises, &changes, &mut [order], stage.now()).await.unwrap();
}

async fn book(stage: &Stage, n: u8) -> ShipmentId {
    let mut order = stage.order(n).await;
    order.status = Status::Booked;
    stage.db.save_order(&mut order).await.unwrap();
    let id: OrderId = order_id(n).parse().unwrap();
    let mut shipment = Shipment {
        id: ShipmentId::of(&id, 1),
        order: id.clone(),
        merchant: MERCHANT.parse().unwrap(),
        warehouse: "wh_north".parse().unwrap(),
        carrier: "con_00000000000000c1".parse().unwrap(),
        service: ServiceChoice {
            carrier: Carrier::RoyalMail,
            code: "TPS48".into(),
            format: "parcel".into(),
            notify: None,
        },
        lines: Vec::new(),
        grams: 450,
        parcels: 1,
        weights: Vec::new(),
        reference: "WB-1".into(),
        booking: Booking::Labelled {
            carrier_order: "1".into(),
            tracking: "AA000000001GB".into(),
            others: vec![],
        },
        write_back: WriteBack::Pending,
        transit: Transit::Moving,
        disclosed: vec!["name".into()],
        label_format: Default::default(),
        labelled_at: Some(stage.now()),
        papers: Vec::new(),
        delivered_at: None,
        seen_at: None,
        rev: 0,
    };
    stage.db.save_shipment(&mut shipment).await.unwrap();
    shipment.id
}

/// An account whose credentials were refused.
async fn connect(stage: &Stage) {
    let connection = Connection {
        id: ACCOUNT.parse().unwrap(),
        merchant: MERCHANT.parse().unwrap(),
        kind: Kind::RoyalMail,
        state: ConnectionState::Refused,
        address: "https://carrier.example.invalid".into(),
        tracking_address: None,
        token_address: None,
        keys_address: None,
        places: Default::default(),
        credentials: Vec::new(),
    };
    stage.db.save_connection(&connection).await.unwrap();
}

fn all() -> Vec<String> {
    let order = order_id(1);
    let mut all: Vec<String> = [
        "",
        "/orders",
        "/exceptions",
        "/picks",
        "/pack",
        "/stock",
        "/connections",
        "/forgetting",
        "/evidence",
        "/incidents",
        "/settings",
        "/settings/warehouses",
        "/settings/warehouses/wh_north",
        "/settings/services",
        "/settings/staff",
        "/stock/cover",
        "/stock/receive",
        "/stock/articles",
        "/stock/files",
        "/connect/shopify",
        "/connect/magento",
        "/connect/dpd",
    ]
    .map(|end| format!("/console{end}"))
    .to_vec();
    all.extend(Status::ALL.map(|status| format!("/console/orders?status={}", status.as_str())));
    all.extend([
        format!("/console/orders/{order}"),
        format!("/console/orders/{}", order_id(3)),
        format!("/console/orders/{}", order_id(4)),
        format!("/console/pack/{order}"),
        format!("/console/pack/{}", order_id(4)),
        "/console/pack?order=nothing".into(),
        "/console/stock/TEE-RED".into(),
        "/console/orders/nothing".into(),
        "/console/orders?done=picked".into(),
        "/console/sign-in".into(),
    ]);
    all
}

#[tokio::test]
async fn every_page_can_be_used_by_everybody_and_is_refused_where_the_matrix_says_so() {
    let stage = set().await;
    let list = json!({"list": "walk-1", "warehouse": "wh_north", "style": "batch"});
    assert_eq!(stage.post("/v1/picks", list).await.0, 200);
    let refused = |role: Role, page: &str| match page.split('?').next().unwrap() {
        "/console/connections" => matches!(role, Role::Packer | Role::Support),
        "/console/forgetting" => matches!(role, Role::Packer | Role::Integrator),
        "/console/evidence" | "/console/incidents" => {
            matches!(role, Role::Packer | Role::Support | Role::Integrator)
        }
        "/console/settings/staff" => role != Role::Owner,
        page if page.starts_with("/console/settings") => !matches!(role, Role::Owner | Role::Manager),
        page if page.starts_with("/console/connect/") => role != Role::Owner,
        "/console/stock/receive" => matches!(role, Role::Support | Role::Auditor),
        "/console/stock/articles" | "/console/stock/files" => {
            matches!(role, Role::Packer | Role::Support | Role::Auditor)
        }
        _ => false,
    };
    for role in Role::ALL {
        let mut browser = Browser::of(&stage, &format!("mine-{role:?}")).await;
        let today = browser.get("/console").await;
        for page in all().iter().chain([&"/console/picks/walk-1".to_owned()]) {
            let seen = browser.get(page).await;
            assert_eq!(problems(&seen.text), Vec::<String>::new(), "{role:?} {page}: {}", seen.text);
            let wanted = match page {
                page if refused(role, page) => 403,
                page if page.ends_with("/orders/nothing") => 404,
                _ => 200,
            };
            assert_eq!(seen.status, wanted, "{role:?} {page}: {}", seen.text);
            if wanted == 403 {
                assert!(seen.text.contains("Your role does not allow this"), "{page}");
                let link = format!("href=\"{}\"", page.trim_start_matches('/'));
                assert!(!today.text.contains(&link), "{role:?} is led to {page}");
            }
        }
    }
}

#[tokio::test]
async fn today_counts_orders_by_state_and_hour() {
    let stage = set().await;
    let page = Browser::of(&stage, "mine-Packer").await.get("/console").await.text;
    assert!(page.contains("<span class=\"figure\">5</span><span>placed in 24 hours</span>"), "{page}");
    for (count, what) in [("1", ">held<"), ("2", "to pick"), ("1", "to pack")] {
        let tile = page.split("class=\"tile\"").find(|tile| tile.contains(what)).unwrap();
        assert!(tile.contains(&format!("figure\">{count}<")), "{what}: {tile}");
    }
    assert!(page.contains("5 orders in all; the most,"), "{page}");
    assert!(page.matches("class=\"mark\"").count() >= 24);
}

#[tokio::test]
async fn a_list_is_made_and_walked_by_scanning_and_what_is_wrong_is_said_at_the_stop() {
    let stage = set().await;
    let mut browser = Browser::of(&stage, "mine-Packer").await;
    let page = browser.get("/console/picks").await.text;
    assert!(page.contains("name=\"list\" value=\"walk-") && page.contains("wh_north"));
    let fields = [("list", "walk-1"), ("warehouse", "wh_north"), ("style", "batch"), ("zone", "")];
    let made = browser.post("/console/picks", &fields).await;
    assert_eq!((made.status, made.to()), (303, "../console/picks/walk-1?done=made"), "{}", made.text);
    let stop = browser.get("/console/picks/walk-1?done=made").await.text;
    assert!(stop.contains("class=\"bin\">A-01<") && stop.contains("class=\"count\">4<"), "{stop}");
    assert!(stop.contains("autofocus") && stop.contains("The list is made."));
    let scan = |scanned: &'static str, quantity: &'static str| {
        [("stop", "1"), ("scanned", scanned), ("quantity", quantity)]
    };
    for (fields, said) in [
        (scan("OTHER", "4"), "This is another article"),
        (scan("5012345678900", "5"), "The stop asks for fewer pieces"),
    ] {
        let wrong = browser.post("/console/picks/walk-1", &fields).await;
        assert_eq!(wrong.status, 409);
        assert!(wrong.text.contains(said) && wrong.text.contains("autofocus"), "{}", wrong.text);
        assert_eq!(problems(&wrong.text), Vec::<String>::new());
    }
    assert_eq!(browser.post("/console/picks/walk-1", &[("stop", "x")]).await.status, 400);
    let short = browser.post("/console/picks/walk-1", &scan(" 5012345678900 ", "3")).await;
    assert_eq!(short.to(), "../../console/picks/walk-1?done=short");
    let done = browser.get("/console/picks/walk-1?done=short").await.text;
    assert!(done.contains("This list is done") && done.contains("Short pick noted"), "{done}");
    assert_eq!(browser.post("/console/picks/walk-1", &scan("TEE-RED", "1")).await.status, 409);
    assert_eq!(stage.order(1).await.picked[0].quantity, 2);
}

#[tokio::test]
async fn the_bench_compares_the_parcels_and_leads_to_labels_only_those_who_may_open_them() {
    let stage = set().await;
    let shipment = book(&stage, 1).await;
    let mut browser = Browser::of(&stage, "mine-Packer").await;
    let address = format!("/console/pack/{}", order_id(1));
    let label = format!("labels/{shipment}?purpose=label");
    let untrained = browser.get(&address).await.text;
    assert!(untrained.contains("with valid training") && !untrained.contains(&label), "{untrained}");
    let trained = Staff {
        merchant: MERCHANT.parse().unwrap(),
        role: Role::Packer,
        trained_until: after(stage.now(), days(30)),
        reviewed_at: stage.now(),
        active: true,
    };
    stage.db.save_staff("mine-Packer", &trained).await.unwrap();
    let page = browser.get(&address).await.text;
    assert!(page.contains(&label) && page.contains("AA000000001GB"), "{page}");
    assert!(browser.get("/console/pack").await.text.contains("Open 2 labels as one document"));
    let check = |pieces: &'static str| [("warehouse", "wh_north"), ("pieces:TEE-RED", pieces)];
    let wrong = browser.post(&address, &check("1")).await;
    assert!(wrong.text.contains("TEE-RED: 1 packed, 2 wanted"), "{}", wrong.text);
    let right = browser.post(&address, &check("2")).await;
    assert!(right.text.contains("close the parcels"), "{}", right.text);
    let found = browser.get(&format!("/console/pack?order=+{}", order_id(1))).await;
    assert_eq!(found.to(), format!("../console/pack/{}", order_id(1)));
}

#[tokio::test]
async fn matters_are_settled_where_the_api_can_settle_them() {
    let stage = set().await;
    let mut browser = Browser::of(&stage, "mine-Manager").await;
    let page = browser.get("/console/exceptions").await.text;
    for part in ["Held by rule", Reason::UnmappedSku.advice(), "Let the order go", "Map it", "TEE-RED"] {
        assert!(
            page.contains(&part.replace('\'', "&#39;")) || page.contains(part),
            "{part} is not in {page}"
        );
    }
    let order = stage.order(3).await;
    let fields = [
        ("connection", order.connection.as_str()),
        ("channel_sku", "THEIRS"),
        ("sku", "TEE-RED"),
        ("units", "1"),
    ];
    let mapped = browser.post("/console/exceptions/map", &fields).await;
    assert_eq!(mapped.to(), "../../console/exceptions?done=mapped", "{}", mapped.text);
    let address = format!("/v1/mappings?connection={}", order.connection);
    assert_eq!(stage.mine(&address).await.1["mappings"][0]["channel_sku"], "THEIRS");
    let mut packer = Browser::of(&stage, "mine-Packer").await;
    let page = packer.get("/console/exceptions").await.text;
    assert!(!page.contains("Map it") && !page.contains("Let the order go"));
    assert_eq!(packer.post("/console/exceptions/map", &fields).await.status, 403);
    assert_eq!(packer.post(&format!("/console/orders/{}/let-go", order_id(3)), &[]).await.status, 403);
}

#[tokio::test]
async fn what_a_person_has_seen_to_is_ended_with_a_button() {
    let stage = set().await;
    let mut order = stage.order(3).await;
    order.status = Status::Held;
    order.hold = Some(Hold::Exception);
    order.exceptions.clear();
    order.raise(Reason::CarrierRefused, None, stage.now());
    stage.db.save_order(&mut order).await.unwrap();
    let mut browser = Browser::of(&stage, "mine-Manager").await;
    assert!(browser.get("/console/exceptions").await.text.contains("It is mended: go on"));
    let address = format!("/console/orders/{}/settle", order_id(3));
    let fields = [("reason", "carrier_refused"), ("remedy", "retry")];
    assert_eq!(Browser::of(&stage, "mine-Packer").await.post(&address, &fields).await.status, 403);
    assert_eq!(Browser::of(&stage, "other-Owner").await.post(&address, &fields).await.status, 404);
    assert!(!stage.order(3).await.exceptions.is_empty());
    let done = browser.post(&address, &fields).await;
    assert_eq!(done.to(), "../../../console/exceptions?done=settled", "{}", done.text);
    assert!(stage.order(3).await.exceptions.is_empty());
}

#[tokio::test]
async fn an_account_is_paused_and_resumed_by_its_owner_alone() {
    let stage = set().await;
    let id = ACCOUNT.parse().unwrap();
    let state = async || stage.db.connection(&id).await.unwrap().unwrap().state;
    let (pause, resume) =
        (format!("/console/connections/{ACCOUNT}/pause"), format!("/console/connections/{ACCOUNT}/resume"));
    let mut manager = Browser::of(&stage, "mine-Manager").await;
    let page = manager.get("/console/connections").await.text;
    assert!(page.contains("Refused") && page.contains("replace them") && !page.contains("Pause"), "{page}");
    assert_eq!(manager.post(&pause, &[]).await.status, 403);
    assert_eq!(Browser::of(&stage, "other-Owner").await.post(&pause, &[]).await.status, 404);
    assert_eq!(state().await, ConnectionState::Refused);
    let mut owner = Browser::of(&stage, "mine-Owner").await;
    assert_eq!(owner.post(&pause, &[]).await.to(), "../../../console/connections?done=paused");
    assert_eq!(state().await, ConnectionState::Paused);
    assert_eq!(owner.post(&resume, &[]).await.status, 303);
    assert_eq!(state().await, ConnectionState::Active);
    assert_eq!(owner.post(&format!("/console/connections/{ACCOUNT}/destroy"), &[]).await.status, 404);
}

#[tokio::test]
async fn forgetting_names_days_and_ids_and_stock_names_who_holds_it() {
    let stage = set().await;
    let mut order = stage.order(5).await;
    order.status = Status::Cancelled;
    order.milestones.cancelled = Some(after(stage.now(), days(-6)));
    stage.db.save_order(&mut order).await.unwrap();
    let mut browser = Browser::of(&stage, "mine-Auditor").await;
    let page = browser.get("/console/forgetting").await.text;
    assert!(page.contains("The data of 5 buyers is still kept"), "{page}");
    let tomorrow = after(stage.now(), days(1)).strftime("%-d %b").to_string();
    assert!(
        page.contains(&format!("rowheader\">{tomorrow}</th><td role=\"cell\" class=\"number\">1</td>")),
        "{page}"
    );
    let next = page.split("Forgotten from").nth(1).unwrap();
    assert!(next.split("</a>").next().unwrap().contains(&order_id(5)), "{next}");
    let stock = browser.get("/console/stock/TEE-RED").await.text;
    assert!(stock.contains(&order_id(1)) && stock.contains("A-01"), "{stock}");
    assert!(stock.contains("Nothing left in the last four weeks"), "{stock}");
    let cover = browser.get("/console/stock/cover").await.text;
    assert!(cover.contains("stock/TEE-RED") && cover.contains("no pace"), "{cover}");
    let evidence = browser.get("/console/evidence").await.text;
    assert!(evidence.contains("Unbroken") && evidence.contains("Something needs a person"), "{evidence}");
}

#[tokio::test]
async fn no_merchant_sees_another_and_nothing_of_theirs() {
    let stage = set().await;
    let mut other = Browser::of(&stage, "other-Owner").await;
    for page in all().into_iter().filter(|page| !page.contains("order=")) {
        let seen = other.get(&page).await;
        let named = page.contains(&order_id(1)) || page.contains(&order_id(3)) || page.contains(&order_id(4));
        if named || page.ends_with("TEE-RED") || page.ends_with("nothing") {
            assert_eq!(seen.status, 404, "{page}");
        }
        for theirs in [order_id(1), order_id(3), order_id(4), "TEE-RED".into(), "wh_north".into()] {
            // Their own order is of the same article.
            if theirs == "TEE-RED" && page.contains("orders") {
                continue;
            }
            assert!(!seen.text.contains(&theirs), "{page} shows {theirs}: {}", seen.text);
        }
    }
}

#[tokio::test]
async fn what_channels_and_people_write_is_shown_as_they_wrote_it_and_runs_nowhere() {
    let stage = set().await;
    let mut order = stage.order(3).await;
    order.lines[0].sku = Some(HOSTILE.into());
    order.channel_ref.as_mut().unwrap().name = Some(HOSTILE.into());
    order.exceptions[0].detail = Some(HOSTILE.into());
    stage.db.save_order(&mut order).await.unwrap();
    let sku = json!({"sku": "TEE-RED", "name": HOSTILE, "grams": 200, "barcodes": []});
    assert_eq!(stage.put("/v1/skus/TEE-RED", sku).await.0, 200);
    let place = json!({"id": "wh_north", "name": HOSTILE, "priority": 1});
    assert_eq!(stage.put("/v1/warehouses/wh_north", place).await.0, 200);
    let mut browser = Browser::of(&stage, "mine-Owner").await;
    let mut shown = 0;
    for page in all() {
        let seen = browser.get(&page).await.text;
        assert!(!seen.contains("<script>alert") && !seen.contains("\"'&"), "{page}: {seen}");
        assert_eq!(problems(&seen), Vec::<String>::new(), "{page}");
        shown += usize::from(seen.contains("&lt;script&gt;alert"));
    }
    assert!(shown >= 4, "it is shown on {shown} pages");
    let forged = browser.get("/console/orders?done=%3Cscript%3E").await;
    assert!(!forged.text.contains("script%3E") && !forged.text.contains("role=\"status\""));
}
