//! What platforms ask: erase a customer, erase a shop, tell what is held.

use crate::stage::{Stage, number};
use waybill_domain::hold::{HoldReason, LegalHold};
use waybill_domain::request::{Asker, Clock, Kind};
use waybill_domain::time::{after, days};
use waybill_harness::world::SHOP;
use waybill_privacy::Sensitive;
use waybill_sandbox::WebhookOptions;
use waybill_store::audit::Stream;
use waybill_store::holds::Held;
use waybill_store::keys::KeyState;
use waybill_store::requests::{Request, Scope};
use waybill_store::{Queue, Work};

#[tokio::test]
async fn a_platforms_three_calls_are_obeyed_when_signed_and_refused_when_not() {
    let mut stage = Stage::set().await;
    let (first, second) = (stage.bought(1).await, stage.bought(2).await);
    stage.drain().await;
    for topic in ["customers/redact", "customers/data_request", "shop/redact"] {
        let forged = WebhookOptions { wrong_signature: true, ..WebhookOptions::default() };
        assert_eq!(stage.tell(topic, Some(first), &forged).await, 401, "{topic}");
    }
    stage.drain().await;
    assert!(!stage.is_erased(first).await);
    assert_eq!(on_record(&stage, Kind::Export).await.len(), 0, "what is forged is on no record");
    assert_eq!(stage.tell("customers/data_request", Some(first), &WebhookOptions::default()).await, 200);
    let asked = on_record(&stage, Kind::Export).await.remove(0);
    assert_eq!(
        (asked.clock.asker, asked.clock.due(stage.now())),
        (Asker::Platform, after(stage.now(), days(30)))
    );
    assert!(matches!(&asked.scope, Scope::Buyer { orders, .. } if *orders == [stage.id(first)]));
    // Shopify sends what it heard no answer to again, by the same id.
    let again = WebhookOptions { webhook_id: Some("w-1".into()), ..WebhookOptions::default() };
    for _ in 0..2 {
        assert_eq!(stage.tell("customers/redact", Some(first), &again).await, 200);
    }
    stage.drain().await;
    assert!(stage.is_erased(first).await && !stage.is_erased(second).await);
    let erasures = on_record(&stage, Kind::Erasure).await;
    assert_eq!(erasures.len(), 1, "told twice it is one request, and one clock");
    assert_eq!(erasures[0].certificate.as_ref().unwrap().orders, 1);
    let told: Vec<bool> = erasures[0].recipients.iter().map(|one| one.told_at.is_some()).collect();
    assert_eq!(told, [true, false], "the shop knows, the carrier is to be told");
    assert_eq!(stage.tell("shop/redact", None, &WebhookOptions::default()).await, 200);
    stage.drain().await;
    assert!(stage.is_erased(second).await);
    let shop =
        on_record(&stage, Kind::Erasure).await.into_iter().find(|one| one.id != erasures[0].id).unwrap();
    assert_eq!((shop.clock.asker, shop.certificate.unwrap().orders), (Asker::Platform, 1));
    assert_eq!(stage.hits(), Vec::<String>::new());
}

#[tokio::test]
async fn a_burst_of_requests_and_repeats_of_each_are_all_taken() {
    let mut stage = Stage::set().await;
    let ids = [stage.bought(1).await, stage.bought(2).await];
    stage.drain().await;
    let burst = number("WAYBILL_BURST", 300);
    let began = std::time::Instant::now();
    for n in 0..burst {
        let webhook = stage.world.sandbox.webhook(
            SHOP,
            "customers/redact",
            Some(ids[n % 2]),
            &WebhookOptions::default(),
        );
        assert_eq!(stage.world.functions.deliver(&webhook.unwrap()).await, 200);
    }
    stage.drain().await;
    for id in ids {
        assert!(stage.is_erased(id).await);
    }
    let ledger = stage.world.db.records(stage.world.merchant_id(), Stream::Erasure).await.unwrap();
    assert_eq!(ledger.len(), 2, "one line for each order, however often it is asked");
    let all = on_record(&stage, Kind::Erasure).await;
    let done = all.iter().filter(|one| one.certificate.is_some()).count();
    assert_eq!((all.len(), done), (burst, burst), "each is on record, and ends with a certificate");
    println!(
        "{burst} requests of a platform put on record and carried out in {:.1} s",
        began.elapsed().as_secs_f64()
    );
}

async fn on_record(stage: &Stage, kind: Kind) -> Vec<Request> {
    let all = stage.world.db.requests(stage.world.merchant_id()).await.unwrap();
    all.into_iter().filter(|request| request.clock.kind == kind).collect()
}

/// Puts a request on record and its work into the queue, as the API does.
async fn ask(stage: &mut Stage, id: &str, scope: Scope) -> Request {
    let merchant = stage.world.merchant_id().clone();
    let request = Request::new(
        id.parse().unwrap(),
        merchant.clone(),
        Clock::start(Kind::Erasure, Asker::Person, stage.now()),
        scope,
        "sub-support".into(),
    );
    stage.world.db.save_request(&request).await.unwrap();
    let work = Work::Request { merchant: merchant.clone(), request: request.id.clone(), at: stage.now() };
    stage.world.functions.work(Queue::Erase, &[("1".into(), work)]).await.unwrap();
    stage.drain().await;
    stage.world.db.request(&merchant, &request.id).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_request_by_order_by_buyer_by_connection_and_by_merchant_ends_with_a_certificate_of_the_ledger() {
    let mut stage = Stage::set().await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(stage.bought(n).await);
    }
    stage.drain().await;
    let mail = stage.world.sandbox.with_state(|state| {
        state.shops.get(SHOP).unwrap().orders.get(&ids[1]).unwrap().body["email"].as_str().unwrap().to_owned()
    });
    let index = stage.world.index.buyer(&stage.world.shop, &Sensitive::new(mail.to_uppercase()));
    let gone = async |stage: &Stage| {
        let mut gone = Vec::new();
        for id in &ids {
            gone.push(stage.is_erased(*id).await);
        }
        gone
    };
    let orders = vec![stage.id(ids[0]), "ord_ffffffffffffffffffffffffffffffff".parse().unwrap()];
    let by_order = ask(&mut stage, "req_1", Scope::Orders { orders }).await;
    assert_eq!(gone(&stage).await, [true, false, false, false, false]);
    let certificate = by_order.certificate.unwrap();
    assert_eq!((certificate.orders, certificate.held), (1, 0));
    let told: Vec<_> = by_order.recipients.iter().map(|one| one.connection.clone()).collect();
    assert_eq!(
        told,
        [stage.world.shop.clone(), stage.world.carrier.clone()],
        "channel and carrier are to be told"
    );
    let ledger = stage.world.db.records(stage.world.merchant_id(), Stream::Erasure).await.unwrap();
    assert_eq!(certificate.ledger, (1, ledger[0].hash.clone()));
    assert_eq!(ledger[0].event.purpose, "req_1");

    let by_buyer = ask(&mut stage, "req_2", Scope::Buyer { indexes: vec![index], orders: Vec::new() }).await;
    assert_eq!(gone(&stage).await, [true, true, false, false, false]);
    assert_eq!(
        by_buyer.scope,
        Scope::Buyer { indexes: Vec::new(), orders: Vec::new() },
        "nothing is left that finds the buyer"
    );

    let other = "con_00000000000000ff".parse().unwrap();
    let nothing = ask(&mut stage, "req_3", Scope::Connection { connection: other }).await;
    assert_eq!(nothing.certificate.unwrap().orders, 0);
    let connection = stage.world.shop.clone();
    let by_connection = ask(&mut stage, "req_4", Scope::Connection { connection }).await;
    assert_eq!(by_connection.certificate.unwrap().orders, 3);
    let last = stage.bought(8).await;
    stage.drain().await;
    let by_merchant = ask(&mut stage, "req_5", Scope::Merchant).await;
    assert_eq!(by_merchant.certificate.unwrap().orders, 1);
    assert!(stage.is_erased(last).await);
    assert_eq!(stage.hits(), Vec::<String>::new());
}

async fn hold(stage: &mut Stage, id: i64, agreed: bool) {
    let (merchant, order) = (stage.world.merchant_id().clone(), stage.id(id));
    let asked = LegalHold::ask(HoldReason::Claim, "a", after(stage.now(), days(60)), stage.now()).unwrap();
    let hold = if agreed { asked.agree("b", stage.now()).unwrap() } else { asked };
    stage.world.db.save_hold(&merchant, &Held { order: order.clone(), hold }).await.unwrap();
    let work = Work::Hold { merchant, order, at: stage.now() };
    stage.world.functions.work(Queue::Erase, &[("1".into(), work)]).await.unwrap();
}

#[tokio::test]
async fn a_held_order_survives_its_purge_and_a_request_and_goes_when_the_hold_ends() {
    let mut stage = Stage::set().await;
    let (held, alone) = (stage.bought(1).await, stage.bought(2).await);
    stage.drain().await;
    hold(&mut stage, held, true).await;
    hold(&mut stage, alone, false).await;
    let from = stage.now();
    stage.world.set_now(after(from, days(26)));
    let report = stage.retain().await;
    assert_eq!((report["forgotten"].as_u64(), report["failed"].as_u64()), (Some(1), Some(0)));
    assert!(stage.is_erased(alone).await, "what only one person asked for holds nothing");
    assert!(!stage.is_erased(held).await);
    let orders = vec![stage.id(held)];
    let refused = ask(&mut stage, "req_9", Scope::Orders { orders }).await;
    assert_eq!((refused.certificate.unwrap().held, stage.is_erased(held).await), (1, false));
    for day in [27, 40, 59] {
        stage.world.set_now(after(from, days(day)));
        stage.tick().await;
        assert_eq!(stage.retain().await["forgotten"], 0, "day {day}");
    }
    let KeyState::Live { .. } = stage.world.db.recipient_key(&stage.id(held)).await.unwrap() else {
        panic!("the key is gone while it is held")
    };
    let ttl = stage
        .world
        .engine
        .dump("keys")
        .unwrap()
        .iter()
        .find(|key| !key["held_until"].is_null())
        .unwrap()["ttl"]
        .clone();
    let ttl: i64 = ttl["N"].as_str().unwrap().parse().unwrap();
    assert!(ttl > after(from, days(60)).as_second(), "DynamoDB would delete it by itself");
    assert_eq!(refused.held, [stage.id(held)]);
    stage.world.set_now(after(from, days(60)));
    stage.retain().await;
    assert!(stage.is_erased(held).await);
    let merchant = stage.world.merchant_id();
    let renewed = stage.world.db.request(merchant, &refused.id).await.unwrap().unwrap();
    let certificate = renewed.certificate.unwrap();
    assert_eq!((certificate.orders, certificate.held, certificate.finished_at), (1, 0, stage.now()));
    let ledger = stage.world.db.records(merchant, Stream::Erasure).await.unwrap();
    let last = ledger.last().unwrap();
    assert_eq!((last.event.purpose.as_str(), certificate.ledger), ("req_9", (last.seq, last.hash.clone())));
}

#[tokio::test]
async fn what_was_sold_is_counted_once_as_it_is_forgotten_and_kept_only_where_ten_made_it() {
    let mut stage = Stage::set().await;
    let sku = waybill_sandbox::invent::canary_order(0).0["line_items"][0]["sku"].clone();
    for n in 0..12 {
        let id = stage.placed_as(n, |body| body["line_items"][0]["sku"] = sku.clone());
        assert_eq!(stage.tell("orders/create", Some(id), &WebhookOptions::default()).await, 200);
    }
    stage.drain().await;
    let merchant = stage.world.merchant_id().clone();
    stage.world.set_now(after(stage.now(), days(26)));
    stage.stopping.after(25);
    let _ = stage.world.functions.retain(stage.now()).await;
    stage.stopping.go_on();
    stage.retain().await;
    let counting = |stage: &Stage| {
        let all = stage.world.engine.dump("registry").unwrap();
        all.into_iter()
            .filter(|row| row["pk"]["S"].as_str().unwrap().ends_with("#counting"))
            .collect::<Vec<_>>()
    };
    let orders: u64 =
        counting(&stage).iter().map(|row| row["orders"]["N"].as_str().unwrap().parse::<u64>().unwrap()).sum();
    assert_eq!(orders, 12, "each order once, though the run was stopped and repeated");
    assert!(
        stage.world.db.figures(&merchant).await.unwrap().is_empty(),
        "not while somebody may still be added"
    );
    stage.world.set_now(after(stage.now(), days(200)));
    stage.retain().await;
    let figures = stage.world.db.figures(&merchant).await.unwrap();
    assert!(counting(&stage).is_empty(), "small counts do not stay");
    assert!(!figures.is_empty() && figures.iter().all(|row| row.orders_from >= 10), "{figures:?}");
    let before = figures.len();
    stage.retain().await;
    assert_eq!(stage.world.db.figures(&merchant).await.unwrap().len(), before);
    assert_eq!(stage.hits(), Vec::<String>::new());
}

#[tokio::test]
async fn twelve_orders_to_one_address_make_no_figure() {
    let mut stage = Stage::set().await;
    let first = waybill_sandbox::invent::canary_order(0).0;
    for n in 0..12 {
        let id = stage.placed_as(n, |body| {
            body["line_items"][0]["sku"] = first["line_items"][0]["sku"].clone();
            for field in ["address1", "zip"] {
                body["shipping_address"][field] = first["shipping_address"][field].clone();
            }
        });
        assert_eq!(stage.tell("orders/create", Some(id), &WebhookOptions::default()).await, 200);
    }
    stage.drain().await;
    stage.world.set_now(after(stage.now(), days(26)));
    assert_eq!(stage.retain().await["forgotten"], 12);
    stage.world.set_now(after(stage.now(), days(200)));
    stage.retain().await;
    let merchant = stage.world.merchant_id();
    assert_eq!(stage.world.db.figures(merchant).await.unwrap(), []);
}
