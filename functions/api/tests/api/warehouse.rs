//! Work on stock through the API: places, goods, counts, transfers, mappings, pick lists, and who may do what.

use crate::stage::{MERCHANT, Stage, code, order_id};
use serde_json::{Value, json};
use waybill_domain::exception::Reason;
use waybill_domain::order::{Allocation, Hold, Status};
use waybill_store::memory::Sent;
use waybill_store::stock::{BatchChanges, Settling, SlotChange};
use waybill_store::{Queue, Work};

async fn set() -> Stage {
    let stage = Stage::set().await;
    stage.open_warehouses().await;
    stage
}

fn movement(kind: &str, quantity: i64, reference: &str) -> Value {
    json!({"kind": kind, "sku": "TEE-RED", "warehouse": "wh_north", "quantity": quantity,
        "reason": "purchase", "reference": reference})
}

/// Gives an order so many pieces of what it wants.
async fn allocate(stage: &Stage, n: u8, quantity: u32) {
    let mut order = stage.order(n).await;
    let slot = ("TEE-RED".to_owned(), "wh_north".parse().unwrap());
    order.status = Status::Allocated;
    order.lines[0].allocations = vec![Allocation { warehouse: "wh_north".parse().unwrap(), quantity }];
    let change =
        SlotChange { orders: vec![(order.id.clone(), i64::from(quantity))], ..SlotChange::default() };
    let changes = BatchChanges::from([(slot, change)]);
    let merchant = MERCHANT.parse().unwrap();
    stage.db.settle(&merchant, Settling::Promises, &changes, &mut [order], stage.now()).await.unwrap();
}

#[tokio::test]
async fn goods_come_in_once_and_wake_who_waits_for_them_oldest_first() {
    let stage = set().await;
    for n in [3, 1] {
        let mut order = stage.order(n).await;
        order.status = Status::Backordered;
        stage.db.save_order(&mut order).await.unwrap();
    }
    let done = stage.post("/v1/stock/movements", movement("receive", 10, "PO-1")).await;
    assert_eq!((done.0, &done.1["repeat"], &done.1["woken"]), (200, &json!(false), &json!(2)), "{done:?}");
    let sent = stage.queues.take();
    assert_eq!(sent.iter().filter(|s| s.queue == Queue::Allocate).count(), 2);
    assert_eq!(told(&sent), ["TEE-RED"]);
    let again = stage.post("/v1/stock/movements", movement("receive", 10, "PO-1")).await;
    assert_eq!(again.1["repeat"], true);
    let other = stage.post("/v1/stock/movements", movement("receive", 11, "PO-1")).await;
    assert_eq!(code(&other), (409, "other_content"));
    let gone = stage.post("/v1/stock/movements", movement("write_off", 11, "W-1")).await;
    assert_eq!(code(&gone), (409, "not_enough"));
    for (body, problem) in [
        (movement("receive", 0, "PO-2"), "bad_quantity"),
        (movement("receive", 1, "two words"), "bad_reference"),
        (movement("dispatch", 1, "D-1"), "bad_place"),
        (json!({"kind": "receive"}), "bad_body"),
    ] {
        assert_eq!(code(&stage.post("/v1/stock/movements", body).await), (400, problem));
    }
    let (_, page) = stage.mine("/v1/stock/verify").await;
    assert_eq!((&page["clean"], &page["levels"]), (&json!(true), &json!(1)), "{page}");
}

#[tokio::test]
async fn a_new_policy_and_an_open_warehouse_wake_who_waits_once_the_allocator_has_heard() {
    let stage = set().await;
    let place = |active| json!({"id": "wh_north", "name": "North", "priority": 1, "active": active});
    let policy = json!({"unpaid_hours": 2});
    let paths = [
        ("/v1/policy", policy, true),
        ("/v1/warehouses/wh_north", place(false), false),
        ("/v1/warehouses/wh_north", place(true), true),
    ];
    let mut order = stage.order(1).await;
    order.status = Status::Backordered;
    stage.db.save_order(&mut order).await.unwrap();
    for (path, body, wakes) in paths {
        stage.queues.take();
        let stored = stage.put(path, body).await;
        assert_eq!(stored.0, 200, "{path}: {stored:?}");
        let sent = stage.queues.take();
        let delays: Vec<u32> = sent.iter().filter(|s| s.queue == Queue::Allocate).map(|s| s.delay).collect();
        assert_eq!(delays, if wakes { vec![65] } else { vec![] }, "{path}");
    }
}

#[tokio::test]
async fn overs_and_unders_of_each_channel_are_shown_by_listing() {
    let stage = set().await;
    let kind = waybill_store::registry::Kind::Shopify;
    stage.connect("con_00000000000000aa", MERCHANT, kind, &json!({})).await;
    stage.post("/v1/stock/movements", movement("receive", 9, "PO-1")).await;
    let (merchant, connection) = (MERCHANT.parse().unwrap(), "con_00000000000000aa".parse().unwrap());
    let mapping = json!({"connection": connection, "channel_sku": "TEE-3", "sku": "TEE-RED", "units": 3});
    stage.put("/v1/skus/TEE-RED", json!({"sku": "TEE-RED"})).await;
    assert_eq!(stage.post("/v1/mappings", mapping).await.0, 200);
    let listing = |channel_sku| waybill_store::pushes::Listing {
        sku: "TEE-RED",
        connection: &connection,
        channel_sku,
        place: None,
    };
    let at = stage.now();
    let took = waybill_store::pushes::Pushed { quantity: 11, at, refused: None, unsure: false };
    stage.db.save_pushed(&merchant, &listing("TEE-RED"), &took).await.unwrap();
    let refused = waybill_store::pushes::Pushed {
        quantity: 3,
        at,
        refused: Some("no_such_listing".into()),
        unsure: false,
    };
    stage.db.save_pushed(&merchant, &listing("TEE-3"), &refused).await.unwrap();
    let (_, view) = stage.mine("/v1/stock/TEE-RED").await;
    let mut seen: Vec<_> = view["channels"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["connection"] == json!(connection))
        .map(|one| {
            (one["listing"].as_str().unwrap(), &one["due"], &one["told"], &one["over"], &one["refused"])
        })
        .collect();
    seen.sort_by_key(|one| one.0);
    let null = Value::Null;
    let no = json!("no_such_listing");
    assert_eq!(
        seen,
        [("TEE-3", &json!(3), &json!(3), &null, &no), ("TEE-RED", &json!(9), &json!(11), &json!(2), &null)]
    );
    let page = crate::console::browser::Browser::of(&stage, "mine-Packer")
        .await
        .get("/console/stock/TEE-RED")
        .await
        .text;
    assert!(page.contains("2 too many") && page.contains("no_such_listing"), "{page}");
}

/// The SKUs that channels are told of.
fn told(sent: &[Sent]) -> Vec<&str> {
    sent.iter()
        .filter_map(|sent| match (sent.queue, &sent.work) {
            (Queue::Push, Work::Push { sku, .. }) => Some(sku.as_str()),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn whatever_moves_stock_has_channels_told() {
    let stage = set().await;
    let pushed = async |path: &str, body: Value| {
        // Not at the same moment: a message that is about to be worked on takes more with it.
        stage.advance(60);
        let answer = stage.post(path, body).await;
        assert_eq!(answer.0, 200, "{path}: {answer:?}");
        !told(&stage.queues.take()).is_empty()
    };
    assert!(pushed("/v1/stock/movements", movement("receive", 20, "PO-1")).await);
    let count = |counted: i64, reference: &str| json!({"sku": "TEE-RED", "warehouse": "wh_north", "spot": "DOCK", "counted": counted, "reference": reference});
    assert!(!pushed("/v1/stock/counts", count(20, "C-1")).await, "nothing moved");
    assert!(pushed("/v1/stock/counts", count(19, "C-2")).await);
    assert!(!pushed("/v1/stock/counts", count(2, "C-3")).await, "it waits for a second person");
    stage.advance(60);
    let approved = stage.call(Some("mine-Owner"), "POST", "/v1/stock/counts/C-3/approve", None).await;
    assert_eq!((approved.0, told(&stage.queues.take()).len()), (200, 1));
    let send =
        json!({"sku": "TEE-RED", "from": "wh_north", "to": "wh_south", "quantity": 1, "reference": "T-1"});
    assert!(pushed("/v1/stock/transfers", send).await);
    let arrive = json!({"quantity": 1, "part": "1"});
    assert!(pushed("/v1/stock/transfers/T-1/receive", arrive).await);
    assert!(pushed("/v1/stock/movements", movement("write_off", 1, "W-1")).await);
    stage.advance(60);
    let take = "sku,warehouse,spot,counted\nTEE-RED,wh_north,DOCK,4\n";
    let path = "/v1/uploads/U-1?kind=stock_takes&mode=skip_bad";
    let sent = stage.call(Some("mine-Owner"), "POST", path, Some(json!(take))).await;
    assert_eq!((sent.0, &sent.1["written"]), (200, &json!(1)), "{sent:?}");
    assert_eq!(told(&stage.queues.take()), ["TEE-RED"]);
}

#[tokio::test]
async fn who_holds_and_who_waits_is_one_call() {
    let stage = set().await;
    stage.post("/v1/stock/movements", movement("receive", 2, "PO-1")).await;
    allocate(&stage, 1, 2).await;
    let mut waiting = stage.order(2).await;
    waiting.status = Status::Backordered;
    stage.db.save_order(&mut waiting).await.unwrap();
    let expected = json!({"reference": "PO-9", "sku": "TEE-RED", "quantity": 5, "on": "2026-12-01"});
    assert_eq!(stage.post("/v1/stock/expected", expected).await.0, 200);
    let (_, view) = stage.mine("/v1/stock/TEE-RED").await;
    assert_eq!(view["held_by"][0]["order"], order_id(1));
    assert_eq!(view["held_by"][0]["since"], json!(stage.now()));
    assert_eq!(view["waiting"][0]["order"], order_id(2));
    assert_eq!(view["waiting"][0]["promised"], "2026-12-01");
}

#[tokio::test]
async fn counts_and_transfers_through_the_api() {
    let stage = set().await;
    stage.post("/v1/stock/movements", movement("receive", 20, "PO-1")).await;
    let count =
        json!({"sku": "TEE-RED", "warehouse": "wh_north", "spot": "DOCK", "counted": 5, "reference": "C-1"});
    let (status, taken) = stage.post("/v1/stock/counts", count).await;
    assert_eq!((status, taken["state"].as_str()), (200, Some("waiting")));
    let (_, waiting) = stage.call(Some("mine-Owner"), "GET", "/v1/stock/counts", None).await;
    assert_eq!(waiting["waiting"][0]["reference"], "C-1");
    let approve = async |who| stage.call(Some(who), "POST", "/v1/stock/counts/C-1/approve", None).await;
    assert_eq!(code(&approve("mine-Manager").await), (409, "same_person"));
    assert_eq!(code(&approve("mine-Packer").await), (403, "not_allowed"));
    assert_eq!(approve("mine-Owner").await.0, 200);
    let send =
        json!({"sku": "TEE-RED", "from": "wh_north", "to": "wh_south", "quantity": 4, "reference": "T-1"});
    assert_eq!(stage.post("/v1/stock/transfers", send.clone()).await.0, 200);
    assert_eq!(stage.post("/v1/stock/transfers", send).await.1["repeat"], true);
    let (_, page) = stage.mine("/v1/stock/verify").await;
    assert_eq!((&page["clean"], &page["in_transit"]["TEE-RED"]), (&json!(true), &json!(4)), "{page}");
    let arrive = stage.post("/v1/stock/transfers/T-1/receive", json!({"quantity": 4, "part": "1"})).await;
    assert_eq!(arrive.0, 200, "{arrive:?}");
    let (_, view) = stage.mine("/v1/stock/TEE-RED").await;
    let there: Vec<i64> =
        view["warehouses"].as_array().unwrap().iter().map(|w| w["on_hand"].as_i64().unwrap()).collect();
    assert_eq!(there, [1, 4]);
}

#[tokio::test]
async fn a_mapping_lets_waiting_orders_go_on() {
    let stage = set().await;
    let mut order = stage.order(1).await;
    order.status = Status::Held;
    order.hold = Some(Hold::Exception);
    order.raise(Reason::UnmappedSku, None, stage.now());
    stage.db.save_order(&mut order).await.unwrap();
    let mapping =
        json!({"connection": "con_00000000000000aa", "channel_sku": "TEE-RED", "sku": "SHIRT", "units": 2});
    assert_eq!(code(&stage.post("/v1/mappings", mapping.clone()).await), (409, "unknown_sku"));
    assert_eq!(stage.put("/v1/skus/SHIRT", json!({"sku": "SHIRT", "grams": 200})).await.0, 200);
    let (status, done) = stage.post("/v1/mappings", mapping).await;
    assert_eq!((status, &done["woken"]), (200, &json!(1)));
    assert!(stage.queues.take().iter().any(|sent| sent.queue == Queue::Allocate));
    let (_, listed) = stage.mine("/v1/mappings?connection=con_00000000000000aa").await;
    assert_eq!(listed["mappings"][0]["units"], 2);
}

#[tokio::test]
async fn a_mapping_that_was_taken_away_stands_for_nothing_more() {
    let stage = set().await;
    stage.put("/v1/skus/SHIRT", json!({"sku": "SHIRT", "grams": 200})).await;
    let connection = "con_00000000000000aa";
    for name in ["tee/1", "tee 2"] {
        let mapping = json!({"connection": connection, "channel_sku": name, "sku": "SHIRT", "units": 2});
        assert_eq!(stage.post("/v1/mappings", mapping).await.0, 200);
    }
    let address = format!("/v1/mappings?connection={connection}&channel_sku=tee%2F1");
    let remove = async |who: &str| stage.call(Some(who), "DELETE", &address, None).await;
    assert_eq!(code(&remove("other-Owner").await), (404, "not_found"));
    assert_eq!(code(&remove("mine-Packer").await), (403, "not_allowed"));
    let (status, gone) = remove("mine-Manager").await;
    assert_eq!((status, &gone["channel_sku"]), (200, &json!("tee/1")), "{gone}");
    assert_eq!(code(&remove("mine-Manager").await), (404, "not_found"));
    let merchant = MERCHANT.parse().unwrap();
    let mut stale = stage.db.listed_as(&merchant, "SHIRT").await.unwrap().remove(0);
    stale.units = 9;
    assert!(!stage.db.remove_mapping(&merchant, &stale).await.unwrap(), "somebody changed it meanwhile");
    let listed = stage.db.listed_as(&merchant, "SHIRT").await.unwrap();
    assert_eq!(listed.iter().map(|one| one.channel_sku.as_str()).collect::<Vec<_>>(), ["tee 2"]);
    let held = stage.db.mappings(&merchant, &connection.parse().unwrap()).await.unwrap();
    assert_eq!(held, listed, "the other one stays");
}

#[tokio::test]
async fn nothing_is_put_into_a_bin_that_was_taken_off_the_map_and_what_lies_there_stays() {
    let stage = set().await;
    let bin = |id: &str| format!("/v1/warehouses/wh_north/bins/{id}");
    for id in ["A-01", "A-02"] {
        assert_eq!(stage.put(&bin(id), json!({"id": id, "zone": "a", "walk": 1})).await.0, 200);
    }
    let receive = |reference: &str| {
        json!({"kind": "receive", "sku": "TEE-RED", "warehouse": "wh_north", "quantity": 5,
        "to": "A-01", "reason": "purchase", "reference": reference})
    };
    assert_eq!(stage.post("/v1/stock/movements", receive("PO-1")).await.0, 200);
    let remove = async |who: &str| stage.call(Some(who), "DELETE", &bin("A-01"), None).await;
    assert_eq!(code(&remove("mine-Packer").await), (403, "not_allowed"));
    let (status, gone) = remove("mine-Manager").await;
    assert_eq!((status, &gone["id"]), (200, &json!("A-01")), "{gone}");
    assert_eq!(code(&remove("mine-Manager").await), (404, "not_found"));
    let refused = stage.post("/v1/stock/movements", receive("PO-2")).await;
    assert_eq!(code(&refused), (400, "unknown_bin"), "{refused:?}");
    let (_, view) = stage.mine("/v1/stock/TEE-RED").await;
    assert!(view.to_string().contains("A-01"), "{view}");
    let out = json!({"kind": "move", "sku": "TEE-RED", "warehouse": "wh_north", "quantity": 5, "from": "A-01",
        "to": "A-02", "reason": "rebin", "reference": "M-1"});
    let moved = stage.post("/v1/stock/movements", out).await;
    assert_eq!(moved.0, 200, "{moved:?}");
}

#[tokio::test]
async fn a_file_of_mappings_or_skus_lets_waiting_orders_go_on() {
    let stage = set().await;
    let mut order = stage.order(1).await;
    let name = order.lines[0].sku.clone().unwrap();
    order.status = Status::Held;
    order.hold = Some(Hold::Exception);
    order.raise(Reason::UnmappedSku, None, stage.now());
    stage.db.save_order(&mut order).await.unwrap();
    assert_eq!(stage.put("/v1/skus/SHIRT", json!({"sku": "SHIRT"})).await.0, 200);
    let woken = async |id: &str, kind: &str, file: String| {
        stage.queues.take();
        let path = format!("/v1/uploads/{id}?kind={kind}&mode=skip_bad");
        let sent = stage.call(Some("mine-Owner"), "POST", &path, Some(json!(file))).await;
        assert_eq!((sent.0, &sent.1["written"]), (200, &json!(1)), "{sent:?}");
        stage.queues.take().iter().filter(|sent| sent.queue == Queue::Allocate).count()
    };
    let mapping =
        |name: &str| format!("connection,channel_sku,sku,units\ncon_00000000000000aa,{name},SHIRT,1\n");
    assert_eq!(woken("M-0", "mappings", mapping("ANOTHER")).await, 0);
    assert_eq!(woken("M-1", "mappings", mapping(&name)).await, 1);
    assert_eq!(woken("S-1", "skus", format!("sku,title\n{name},Named now\n")).await, 1);
}

#[tokio::test]
async fn bundles_are_made_of_single_known_skus() {
    let stage = set().await;
    let bundle = |sku: &str, part: &str| json!({"sku": sku, "parts": [{"sku": part, "units": 2}]});
    assert_eq!(code(&stage.put("/v1/skus/GIFT", bundle("GIFT", "MUG")).await), (409, "unknown_sku"));
    stage.put("/v1/skus/MUG", json!({"sku": "MUG"})).await;
    assert_eq!(stage.put("/v1/skus/GIFT", bundle("GIFT", "MUG")).await.0, 200);
    assert_eq!(code(&stage.put("/v1/skus/BOX", bundle("BOX", "GIFT")).await), (409, "nested_bundle"));
    let bad = stage.put("/v1/skus/CUP", json!({"sku": "CUP", "origin": "gb"})).await;
    assert_eq!((code(&bad), bad.1["field"].as_str()), ((422, "invalid_field"), Some("origin")));
    let (_, page) = stage.mine("/v1/skus").await;
    let mut names = vec![page["skus"][0]["sku"].clone()];
    let mut next = page["next"].clone();
    while let Some(after) = next.as_str() {
        let (_, page) = stage.mine(&format!("/v1/skus?after={after}")).await;
        names.extend(page["skus"].as_array().unwrap().iter().map(|s| s["sku"].clone()));
        next = page["next"].clone();
    }
    assert_eq!(names.len(), 2);
}

#[tokio::test]
async fn a_dry_run_says_who_won_and_why_and_a_rule_can_be_overruled() {
    let stage = set().await;
    stage.post("/v1/stock/movements", movement("receive", 5, "PO-1")).await;
    let address = format!("/v1/orders/{}/allocation", order_id(1));
    let (_, told) = stage.mine(&address).await;
    assert_eq!(
        (told["status"].as_str(), told["candidates"][0]["won"].as_bool()),
        (Some("allocated"), Some(true))
    );
    let policy = json!({"rules": [{"name": "look", "when": {"countries": ["GB"]}, "then": {"hold": true}}]});
    stage.queues.take();
    assert_eq!(stage.put("/v1/policy", policy).await.0, 200);
    let all = |sent: &Sent| matches!((sent.queue, &sent.work), (Queue::Push, Work::PushAll { shard: 0, .. }));
    assert!(stage.queues.take().iter().any(all), "what it leaves them, channels are told");
    let (_, told) = stage.mine(&address).await;
    assert_eq!((told["status"].as_str(), &told["rules"]), (Some("held"), &json!(["look"])));
    let let_go = format!("/v1/orders/{}/let-go", order_id(1));
    assert_eq!(code(&stage.post(&let_go, json!({})).await), (409, "not_waiting"));
    let mut order = stage.order(1).await;
    order.status = Status::Held;
    order.hold = Some(Hold::Exception);
    order.raise(Reason::HeldByRule, Some("look".into()), stage.now());
    stage.db.save_order(&mut order).await.unwrap();
    assert_eq!(stage.post(&let_go, json!({})).await.1["status"], "received");
    assert_eq!(stage.mine(&address).await.1["status"], "allocated");
}

#[tokio::test]
async fn picking_and_packing_through_the_api() {
    let stage = set().await;
    let bin = json!({"id": "A-01", "zone": "a", "walk": 1});
    assert_eq!(stage.put("/v1/warehouses/wh_north/bins/A-01", bin.clone()).await.0, 200);
    assert_eq!(code(&stage.put("/v1/warehouses/wh_moon/bins/A-01", bin).await), (400, "bad_place"));
    stage
        .put(
            "/v1/skus/TEE-RED",
            json!({"sku": "TEE-RED", "barcodes": ["5012345678900"], "grams": 200,
        "size": {"length": 200, "width": 150, "height": 20}}),
        )
        .await;
    let mut receive = movement("receive", 5, "PO-1");
    receive["to"] = json!("A-99");
    let astray = stage.post("/v1/stock/movements", receive.clone()).await;
    assert_eq!(code(&astray), (400, "unknown_bin"), "no picker would walk there");
    receive["to"] = json!("A-01");
    assert_eq!(stage.post("/v1/stock/movements", receive).await.0, 200);
    let mut elsewhere = movement("receive", 1, "PO-2");
    (elsewhere["warehouse"], elsewhere["to"]) = (json!("wh_south"), json!("A-99"));
    assert_eq!(stage.post("/v1/stock/movements", elsewhere).await.0, 200, "a place without a map");
    let away =
        json!({"sku": "TEE-RED", "from": "wh_south", "to": "wh_north", "quantity": 1, "reference": "T-1"});
    assert_eq!(stage.post("/v1/stock/transfers", away).await.0, 200, "what lies off the map can leave");
    let put = |bin: &str| json!({"quantity": 1, "part": "1", "to": bin});
    let astray = stage.post("/v1/stock/transfers/T-1/receive", put("A-99")).await;
    assert_eq!(code(&astray), (400, "unknown_bin"));
    allocate(&stage, 1, 2).await;
    allocate(&stage, 2, 2).await;
    let making = json!({"list": "pick_1", "warehouse": "wh_north", "style": "batch"});
    let (status, made) = stage.post("/v1/picks", making).await;
    assert_eq!((status, &made["list"]["tasks"][0]["quantity"]), (200, &json!(4)), "{made}");
    let stop =
        |scanned: &str, quantity| json!({"stop": 1, "bin": "A-01", "scanned": scanned, "quantity": quantity});
    assert_eq!(code(&stage.post("/v1/picks/pick_1/confirm", stop("x", 4)).await), (409, "wrong_article"));
    let (status, done) = stage.post("/v1/picks/pick_1/confirm", stop("5012345678900", 3)).await;
    assert_eq!((status, &done["stops_left"]), (200, &json!(0)));
    assert_eq!(done["allocated_again"], json!([order_id(2)]));
    let (_, page) = stage.mine("/v1/stock/verify").await;
    assert_eq!(page["clean"], true, "{page}");
    let address = format!("/v1/orders/{}/packing", order_id(1));
    let boxes = json!({"boxes": [{"name": "flat", "inside": {"length": 250, "width": 200, "height": 60}, "carries": 2000}]});
    stage.put("/v1/policy", boxes).await;
    let (_, packing) = stage.mine(&address).await;
    assert_eq!(packing[0]["boxes"]["parcels"][0]["name"], "flat");
    let scan = |pieces| json!({"warehouse": "wh_north", "parcels": [{"5012345678900": pieces}]});
    assert_eq!(stage.post(&address, scan(1)).await.1["differences"][0]["wanted"], 2);
    assert_eq!(stage.post(&address, scan(2)).await.1["right"], true);
}

#[tokio::test]
async fn a_label_that_waits_for_the_bench_is_bought_when_all_is_packed_and_weighs_what_was_said() {
    let stage = set().await;
    stage.put("/v1/skus/TEE-RED", json!({"sku": "TEE-RED", "grams": 200})).await;
    let flat = json!({"name": "flat", "inside": {"length": 250, "width": 200, "height": 60}, "carries": 2000, "tare": 80});
    stage.put("/v1/policy", json!({"boxes": [flat]})).await;
    stage.post("/v1/stock/movements", movement("receive", 5, "PO-1")).await;
    allocate(&stage, 1, 2).await;
    let mut order = stage.order(1).await;
    order.bench.first = true;
    order.due_at = None;
    stage.db.save_order(&mut order).await.unwrap();
    let address = format!("/v1/orders/{}", order_id(1));
    assert_eq!(stage.mine(&address).await.1["summary"]["to_pack"], true);
    assert_eq!(waybill_store::work::stages(&order), [], "nobody but the bench moves it on");
    stage.queues.take();
    let bench = format!("{address}/packing");
    let scan =
        |parcels: Value, boxes: Value| json!({"warehouse": "wh_north", "parcels": parcels, "boxes": boxes});
    let booked = || stage.queues.take().iter().filter(|sent| sent.queue == Queue::Book).count();
    let one = json!({"TEE-RED": 1});
    for (parcels, boxes) in [
        (json!([{"TEE-RED": 2}, {}]), json!([])),
        (json!([{"TEE-RED": 2}]), json!([{}, {}])),
        (json!([{"TEE-RED": 2}]), json!([{"name": "crate"}])),
        (json!([{"TEE-RED": 2}]), json!([{"grams": 0}])),
    ] {
        assert_eq!(code(&stage.post(&bench, scan(parcels, boxes)).await), (422, "invalid_field"));
    }
    let short = stage.post(&bench, scan(json!([one]), json!([]))).await.1;
    assert_eq!((&short["right"], &short["books"], booked()), (&json!(false), &json!(false), 0));
    let boxes = json!([{"name": "flat"}, {"grams": 999}]);
    let right = stage.post(&bench, scan(json!([one, one]), boxes.clone())).await.1;
    assert_eq!((&right["books"], booked()), (&json!(true), 1), "{right}");
    let packed = stage.order(1).await;
    assert!(packed.due_at.is_some(), "should the message be lost, the clock sends another");
    assert_eq!(waybill_domain::booking::plan(&packed)[0].weights, [280, 999]);
    assert_eq!(stage.mine(&address).await.1["summary"]["to_pack"], false);
    let again = stage.post(&bench, scan(json!([one, one]), boxes)).await;
    assert_eq!((again.0, &again.1["right"]), (200, &json!(true)), "a repeat does no harm");
}

#[tokio::test]
async fn nobody_does_what_their_role_does_not_allow_or_sees_another_merchant() {
    let stage = set().await;
    stage.post("/v1/stock/movements", movement("receive", 5, "PO-1")).await;
    for (who, method, address) in [
        ("mine-Support", "POST", "/v1/stock/movements"),
        ("mine-Auditor", "POST", "/v1/picks"),
        ("mine-Packer", "PUT", "/v1/policy"),
        ("mine-Packer", "POST", "/v1/mappings"),
        ("mine-Integrator", "PUT", "/v1/warehouses/wh_north"),
    ] {
        let body = match address {
            "/v1/stock/movements" => movement("receive", 1, "x"),
            "/v1/picks" => json!({"list": "p", "warehouse": "wh_north", "style": "batch"}),
            "/v1/mappings" => json!({"connection": "con_1", "channel_sku": "a", "sku": "b", "units": 1}),
            "/v1/policy" => json!({}),
            _ => json!({"id": "wh_north", "name": "North", "priority": 1}),
        };
        assert_eq!(
            code(&stage.call(Some(who), method, address, Some(body)).await),
            (403, "not_allowed"),
            "{address}"
        );
    }
    assert_eq!(code(&stage.get(Some("other-Owner"), "/v1/stock/TEE-RED").await), (404, "not_found"));
    let theirs = stage.get(Some("other-Owner"), &format!("/v1/orders/{}/allocation", order_id(1))).await;
    assert_eq!(code(&theirs), (404, "not_found"));
    let (_, page) = stage.get(Some("other-Owner"), "/v1/stock/verify").await;
    assert_eq!(page["skus"], 0);
}

#[tokio::test]
async fn files_come_in_and_go_out() {
    let stage = set().await;
    let send = async |who: &str, id: &str, query: &str, text: &str| {
        stage.call(Some(who), "POST", &format!("/v1/uploads/{id}?{query}"), Some(json!(text))).await
    };
    let text = "sku,grams\nMUG,350\nTEA,100\n";
    let (status, looked) =
        send("mine-Manager", "u1", "kind=skus&mode=all_or_nothing&dry_run=true", text).await;
    assert_eq!((status, &looked["state"], &looked["rows"]), (200, &json!("checked"), &json!(2)), "{looked}");
    let (_, done) = send("mine-Manager", "u1", "kind=skus&mode=all_or_nothing", text).await;
    assert_eq!((&done["state"], &done["written"]), (&json!("done"), &json!(2)));
    assert_eq!(stage.mine("/v1/uploads/u1").await.1["written"], 2);
    let other = send("mine-Manager", "u1", "kind=skus&mode=skip_bad", "sku\nHAT\n").await;
    assert_eq!(code(&other), (409, "other_content"));
    assert_eq!(
        code(&send("mine-Manager", "u2", "kind=skus&mode=skip_bad", "name\nHat\n").await),
        (400, "bad_file")
    );
    assert_eq!(code(&send("mine-Manager", "u2", "kind=hats&mode=skip_bad", text).await), (400, "bad_query"));
    let takes = "sku,warehouse,spot,counted\nMUG,wh_north,A-01,7\n";
    assert_eq!(
        code(&send("mine-Integrator", "u3", "kind=stock_takes&mode=skip_bad", takes).await),
        (403, "not_allowed")
    );
    assert_eq!(send("mine-Owner", "u3", "kind=stock_takes&mode=skip_bad", takes).await.1["written"], 1);
    let (_, file) = stage.mine("/v1/exports/stock_takes").await;
    assert_eq!(file.as_str().unwrap(), takes);
    assert_eq!(
        stage.get(Some("other-Owner"), "/v1/exports/skus").await.1.as_str().unwrap().lines().count(),
        1
    );
}
