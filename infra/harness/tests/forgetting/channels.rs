//! The channels whose orders are fetched: every text that their schema has room for is a token, and goes the whole life
//! (CONTROLS section 4). Shopify's is told in `canary` and by the story of the stack.

use crate::stage::Stage;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use waybill_domain::OrderId;
use waybill_domain::exception::Reason;
use waybill_domain::order::{Channel, PersonalData, Status};
use waybill_domain::polling::Cursor;
use waybill_domain::time::{after, days};
use waybill_harness::accounts::connection_id;
use waybill_harness::canary::{Keeps, Needles, carrier_check};
use waybill_harness::world::Setup;
use waybill_privacy::Purpose;
use waybill_privacy::recipient::Needs;
use waybill_privacy::seal::open;
use waybill_sandbox::{Fault, FaultKind};
use waybill_store::keyring::OpenKeys;
use waybill_store::keys::KeyState;
use waybill_store::{Queue, StoreError, Work};

const FETCHED: [Channel; 4] = [Channel::WooCommerce, Channel::Magento, Channel::Amazon, Channel::Ebay];

/// All goes by Royal Mail, eBay's orders too, so that what befalls one there befalls it whatever the channel.
async fn stage(channel: Channel, needs: Needs) -> Stage {
    let stage = Stage::with(&Setup { channels: vec![channel], needs, ..Setup::default() }).await;
    let mut merchant = stage.world.merchant.clone();
    merchant.services.rules.retain(|rule| rule.channels.is_empty());
    stage.world.db.save_merchant(&merchant).await.unwrap();
    stage
}

/// Lets the clock have the channel read, and everything that follows happen, for half an hour.
async fn read(stage: &mut Stage) {
    for _ in 0..6 {
        stage.advance(SignedDuration::from_mins(5));
        stage.tick().await;
    }
}

/// Has the channel read from the beginning again, as if it had never been.
async fn read_again(stage: &mut Stage, channel: Channel, from: Timestamp) {
    let id = connection_id(channel).unwrap();
    while let Some(held) = stage.world.db.cursor(&id).await.unwrap() {
        let mut cursor = Cursor { rev: held.rev, ..Cursor::starting(from) };
        match stage.world.db.save_cursor(&id, &mut cursor).await {
            Err(StoreError::Condition { .. }) => continue,
            done => {
                done.unwrap();
                break;
            }
        }
    }
    stage.world.db.poll_at(&id, Timestamp::UNIX_EPOCH).await.unwrap();
    read(stage).await;
}

/// The fields that can be opened, by where they stand in the channel's order.
async fn opened(stage: &Stage, id: &OrderId) -> BTreeSet<String> {
    let (order, sealed) = stage.world.db.order_with_sealed(id).await.unwrap().unwrap();
    let KeyState::Live { wrapped, .. } = stage.world.db.recipient_key(id).await.unwrap() else {
        panic!("erased")
    };
    let key = OpenKeys::open(&stage.world.kms, &order.merchant, id, &wrapped).await.unwrap();
    let who = open(&key, &order.merchant, id, &sealed.unwrap()).unwrap();
    let texts = [
        &who.name,
        &who.company,
        &who.city,
        &who.region,
        &who.postcode,
        &who.phone,
        &who.email,
        &who.gift_note,
    ];
    let texts = texts.into_iter().flatten().chain(&who.lines).map(|text| text.open(Purpose::Request).clone());
    let kept: String = texts.collect::<Vec<_>>().join("\n");
    let found = Needles::new(&stage.tokens).unwrap().search(kept.as_bytes());
    found.into_keys().map(|token| stage.tokens[token].pointer.clone()).collect()
}

fn fields(all: &[&[waybill_harness::canary::Kept]]) -> BTreeSet<String> {
    all.iter().flat_map(|list| list.iter()).map(|(native, _)| (*native).to_owned()).collect()
}

#[tokio::test]
async fn of_every_field_of_each_channels_schema_exactly_the_allow_list_can_be_opened() {
    for channel in FETCHED {
        let keeps = Keeps::of(channel);
        let all = Needs { carrier_notifications: true, gift_notes: true };
        for (needs, kept) in [
            (Needs::default(), fields(&[keeps.address])),
            (all, fields(&[keeps.address, keeps.contact, keeps.gift])),
        ] {
            let mut stage = stage(channel, needs).await;
            let id = stage.planted(channel, 1);
            read(&mut stage).await;
            let id = stage.id_at(channel, &id);
            assert!(stage.tokens.len() > 40, "{channel:?}: {} tokens", stage.tokens.len());
            assert_eq!(opened(&stage, &id).await, kept, "{channel:?} {needs:?}");
            assert_eq!(stage.hits(), Vec::<String>::new(), "{channel:?} {needs:?}");
        }
    }
}

/// What an order goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Sent, and forgotten in its time.
    Sent,
    /// The carrier makes the booking and no label of it.
    LabelFails,
    /// The carrier takes none of it.
    Refused,
    /// AWS is gone in the middle of it: its messages become dead letters, and the clock brings it back.
    DeadLetter,
    /// Cancelled before it is read.
    Cancelled,
    /// What the channel shows cannot be read.
    Spoilt,
    /// Sent, and its buyer asks to be forgotten.
    Asked,
}

const FATES: [Fate; 7] = [
    Fate::Sent,
    Fate::LabelFails,
    Fate::Refused,
    Fate::DeadLetter,
    Fate::Cancelled,
    Fate::Spoilt,
    Fate::Asked,
];

impl Fate {
    /// How an order stands after it; nothing, when it was never taken in.
    fn ends(self) -> Option<(Status, Vec<Reason>)> {
        match self {
            Self::Sent | Self::DeadLetter | Self::Asked => Some((Status::Dispatched, vec![])),
            Self::LabelFails => Some((Status::Held, vec![Reason::LabelFailed])),
            Self::Refused => Some((Status::Held, vec![Reason::CarrierRefused])),
            Self::Cancelled => Some((Status::Cancelled, vec![])),
            Self::Spoilt => None,
        }
    }
}

/// The line's quantity, which nobody can read as a word.
fn spoil(stage: &Stage, channel: Channel, id: &str) {
    stage.world.sandbox.with_state(|state| {
        let account = waybill_harness::accounts::ACCOUNT;
        let (body, pointer) = match channel {
            Channel::WooCommerce => {
                let orders = &mut state.woocommerce.accounts.get_mut(account).unwrap().orders;
                (&mut orders.get_mut(&id.parse().unwrap()).unwrap().body, "/line_items/0/quantity")
            }
            Channel::Magento => {
                let orders = &mut state.magento.accounts.get_mut(account).unwrap().orders;
                (orders.get_mut(&id.parse().unwrap()).unwrap(), "/items/0/qty_ordered")
            }
            Channel::Amazon => {
                let orders = &mut state.amazon.accounts.get_mut(account).unwrap().orders;
                (&mut orders.get_mut(id).unwrap().body, "/orderItems/0/quantityOrdered")
            }
            Channel::Ebay => {
                let orders = &mut state.ebay.accounts.get_mut(account).unwrap().orders;
                (&mut orders.get_mut(id).unwrap().body, "/lineItems/0/quantity")
            }
            Channel::Shopify => panic!("its orders are brought"),
        };
        // A token of the order's own where a number belongs: what a parser would repeat.
        *body.pointer_mut(pointer).unwrap() = json!(stage.tokens.last().unwrap().value);
    });
}

/// One canary order, until nothing more happens to it by itself.
async fn live(stage: &mut Stage, channel: Channel, n: u64, fate: Fate) -> OrderId {
    let id = stage.planted(channel, n);
    let fault = |endpoint: &str, kind| Fault::new(endpoint, kind).times(1);
    let fault = match fate {
        Fate::LabelFails => Some(fault("royal-mail.label", FaultKind::LabelFails)),
        Fate::Refused => Some(fault("royal-mail.create", FaultKind::AllFailed)),
        Fate::Sent | Fate::DeadLetter | Fate::Cancelled | Fate::Spoilt | Fate::Asked => None,
    };
    if let Some(fault) = fault {
        stage.world.sandbox.add_fault(fault);
    }
    match fate {
        Fate::Cancelled => {
            stage.control(channel, Method::POST, &format!("orders/{id}/cancel"), &json!({}));
        }
        Fate::Spoilt => spoil(stage, channel, &id),
        _ => {}
    }
    if fate == Fate::DeadLetter {
        stage.advance(SignedDuration::from_mins(5));
        stage.world.functions.tick(stage.now()).await.unwrap();
        stage.stopping.after(40);
        stage.drain().await;
        assert!(stage.stopping.go_on(), "{channel:?}: nothing was stopped");
    }
    read(stage).await;
    let order = stage.id_at(channel, &id);
    let found = stage.world.db.order(&order).await.unwrap().map(|order| {
        (order.status, order.exceptions.iter().map(|open| open.reason).collect::<Vec<Reason>>())
    });
    assert_eq!(found, fate.ends(), "{channel:?} {fate:?}");
    if fate == Fate::DeadLetter {
        assert!(stage.failed > 0, "{channel:?}: no message failed");
    }
    order
}

fn sealed(stage: &Stage) -> usize {
    let rows = stage.world.engine.dump("orders").unwrap();
    rows.iter().filter(|row| row["sk"]["S"] == "order" && !row["sealed"].is_null()).count()
}

fn live_keys(stage: &Stage) -> usize {
    let live = |item: &Value| item["state"]["S"] == "live" || !item["wrapped"].is_null();
    stage.world.engine.dump("keys").unwrap().iter().filter(|item| live(item)).count()
}

/// What carriers and the channel were sent: the booked service's fields in the booking, nothing anywhere else.
fn disclosed(stage: &Stage, channel: Channel) {
    let captured = stage.world.sandbox.with_state(
        |state| json!({"captured": state.meters.captured, "dropped": state.meters.captured_dropped}),
    );
    let tokens = Keeps::of(channel).in_common(&stage.tokens);
    let seen = carrier_check(&captured, &tokens).unwrap();
    assert!(seen.allowed.len() >= 5, "{channel:?}: {seen:?}");
    assert!(seen.forbidden.is_empty(), "{channel:?}: {:?}", seen.forbidden);
    let asked = captured["captured"].as_array().unwrap().iter();
    let of = |request: &&Value| request["endpoint"].as_str().unwrap().starts_with(channel.as_str());
    assert!(asked.filter(of).count() > 1, "{channel:?} was hardly asked");
}

#[tokio::test]
async fn on_every_channel_a_canary_goes_the_whole_life_and_nothing_of_it_is_left_or_comes_back() {
    for channel in FETCHED {
        let mut stage = stage(channel, Needs::default()).await;
        stage.may_fail = true;
        let begun = stage.now();
        let mut orders = Vec::new();
        for (n, fate) in (1..).zip(FATES) {
            orders.push((fate, live(&mut stage, channel, n, fate).await));
        }
        assert!(sealed(&stage) >= 5, "{channel:?}: {} sealed", sealed(&stage));
        assert_eq!(stage.hits(), Vec::<String>::new(), "{channel:?}, alive");
        disclosed(&stage, channel);

        let asked = orders.iter().find(|(fate, _)| *fate == Fate::Asked).unwrap().1.clone();
        let before = stage.world.db.order_with_sealed(&asked).await.unwrap().unwrap();
        let work = Work::Order { order: asked.clone(), at: stage.now() };
        stage.world.functions.work(Queue::Erase, &[("1".into(), work)]).await.unwrap();
        read_again(&mut stage, channel, begun).await;
        assert!(stage.is_gone(&asked).await, "{channel:?} brought back who had asked");
        restored(&stage, &asked, before).await;

        for at in [26, 91, 92] {
            stage.world.set_now(after(begun, days(at)));
            stage.tick().await;
            stage.retain().await;
        }
        for (fate, id) in &orders {
            assert!(stage.is_gone(id).await, "{channel:?}: {fate:?} is still there");
        }
        read_again(&mut stage, channel, begun).await;
        assert_eq!((sealed(&stage), live_keys(&stage)), (0, 0), "{channel:?}: somebody came back");
        let all = [stage.tokens.clone(), stage.names.clone()].concat();
        assert_eq!(stage.hits_of(&all), Vec::<String>::new(), "{channel:?}, forgotten");
    }
}

/// Yesterday's orders table brings the item back, sealed bytes and all: it opens with nothing, and a replay of the ledger
/// clears it.
async fn restored(
    stage: &Stage,
    id: &OrderId,
    (mut order, sealed): (waybill_domain::order::Order, Option<Vec<u8>>),
) {
    order.rev = stage.world.db.order(id).await.unwrap().unwrap().rev;
    stage.world.db.save_order(&mut order).await.unwrap();
    let bytes = aws_sdk_dynamodb::types::AttributeValue::B(sealed.unwrap().into());
    let put =
        stage.world.db.client.update_item().table_name("orders").update_expression("SET sealed = :sealed");
    let put = put.expression_attribute_values(":sealed", bytes);
    put.set_key(Some(waybill_store::db::key(id.as_str(), "order"))).send().await.unwrap();
    assert_eq!(stage.world.db.order(id).await.unwrap().unwrap().personal, PersonalData::Live);
    assert_eq!(stage.world.db.recipient_key(id).await.unwrap(), KeyState::Erased, "shredded stays shredded");
    assert_eq!(stage.hits(), Vec::<String>::new(), "what is restored opens with nothing");
    let event = json!({"replay": "ledger", "time": stage.now().to_string()});
    assert_eq!(stage.world.functions.retention(event).await.unwrap()["forgotten"], 1);
    assert!(stage.is_gone(id).await);
}

#[tokio::test]
async fn what_amazon_shows_as_arrived_is_forgotten_by_that_day_though_no_carrier_says_so() {
    let channel = Channel::Amazon;
    let mut stage = stage(channel, Needs::default()).await;
    let id = stage.planted(channel, 1);
    read(&mut stage).await;
    let order = stage.id_at(channel, &id);
    let due = async |stage: &Stage| stage.world.db.recipient_key(&order).await.unwrap();
    let KeyState::Live { purge_at: before, .. } = due(&stage).await else { panic!("erased") };
    stage.advance(days(1));
    stage.control(channel, Method::POST, &format!("orders/{id}/arrive"), &json!({}));
    let arrived = stage.now();
    read(&mut stage).await;
    let held = stage.world.db.order(&order).await.unwrap().unwrap();
    assert_eq!((held.status, held.milestones.delivered), (Status::Dispatched, Some(arrived)));
    let KeyState::Live { purge_at: after, .. } = due(&stage).await else { panic!("erased") };
    assert!(after < before, "{after} is not before {before}");
}
