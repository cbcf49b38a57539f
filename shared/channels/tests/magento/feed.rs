//! Paging through changed orders, reading one, and how refusals are understood.

use crate::fixture::{fetch, item, order, query, raw, refusal, reply, shop, stamp, with};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use waybill_channels::Operation;
use waybill_channels::error::CannotRead;
use waybill_channels::feed::{Found, Page, Reading, Window};
use waybill_channels::magento::feed::{One, build_changed, read_changed};
use waybill_channels::magento::rate;
use waybill_channels::writeback::Broke;
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;

fn window() -> Window {
    Window { from: "2026-11-22T10:00:00.75Z".parse().unwrap(), to: "2026-11-22T11:00:00Z".parse().unwrap() }
}

fn row(id: u64, updated: &str) -> Value {
    with(|o| {
        o["entity_id"] = json!(id);
        o["updated_at"] = json!(updated);
    })
}

fn id(found: &Found) -> String {
    match found {
        Found::Whole(order) => order.incoming.channel_ref.id.clone(),
        Found::Unreadable { channel_id, .. } => format!("!{channel_id}"),
        Found::Key(id) | Found::Erased(id) => id.clone(),
    }
}

/// A shop that answers as Magento does: filters, sorts, pages, and shows the last page again when asked beyond.
struct Table {
    rows: Vec<(String, u64)>,
    calls: usize,
}

impl Table {
    fn answer(&mut self, request: &http::Request<Vec<u8>>) -> Value {
        self.calls += 1;
        let asked = query(request);
        let get = |name: &str| asked.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let mut rows = self.rows.clone();
        for group in 0..3 {
            let at = format!("searchCriteria[filter_groups][{group}][filters][0]");
            let (Some(field), Some(value), Some(condition)) = (
                get(&format!("{at}[field]")),
                get(&format!("{at}[value]")),
                get(&format!("{at}[condition_type]")),
            ) else {
                continue;
            };
            rows.retain(|(time, id)| {
                let order = match field.as_str() {
                    "updated_at" => time.cmp(&value),
                    "entity_id" => id.cmp(&value.parse().unwrap()),
                    other => panic!("{other}"),
                };
                match condition.as_str() {
                    "gteq" => order.is_ge(),
                    "gt" => order.is_gt(),
                    "lteq" => order.is_le(),
                    "eq" => order.is_eq(),
                    other => panic!("{other}"),
                }
            });
        }
        rows.sort();
        let size: usize = get("searchCriteria[pageSize]").unwrap().parse().unwrap();
        let page: usize = get("searchCriteria[currentPage]").unwrap().parse().unwrap();
        let last = rows.len().div_ceil(size).max(1);
        let from = (page.min(last) - 1) * size;
        let shown: Vec<Value> = rows.iter().skip(from).take(size).map(|(time, id)| row(*id, time)).collect();
        json!({"items": shown, "total_count": rows.len(), "search_criteria": {}})
    }

    /// Reads the window to its end; `between` may change the table before each further page.
    fn read(&mut self, mut between: impl FnMut(&mut Self, usize)) -> Vec<String> {
        let (mut ids, mut next): (Vec<String>, Option<String>) = (Vec::new(), None);
        for turn in 0.. {
            assert!(turn < 200, "it never ends");
            let request = build_changed(&shop(), &window(), next.as_deref(), &stamp()).unwrap();
            let page = self.answer(&request);
            let page = read_changed(&shop(), &reply(200, &page), next.as_deref()).unwrap();
            ids.extend(page.found.iter().map(id));
            match page.next {
                Some(more) => next = Some(more),
                None => break,
            }
            between(self, turn);
        }
        ids
    }
}

fn second(n: usize) -> String {
    format!("2026-11-22 10:{:02}:{:02}", n / 60, n % 60)
}

#[test]
fn a_page_is_asked_for_as_the_contract_says() {
    let request = build_changed(&shop(), &window(), None, &stamp()).unwrap();
    assert_eq!(request.uri().path(), "/rest/default/V1/orders");
    let raw = request.uri().query().unwrap();
    assert!(
        raw.contains("searchCriteria%5Bfilter_groups%5D%5B0%5D") && raw.contains("2026-11-22%2010%3A00%3A00")
    );
    let asked = query(&request);
    let get = |name: &str| asked.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).unwrap();
    let at = |n: usize, what: &str| format!("searchCriteria[filter_groups][{n}][filters][0][{what}]");
    assert_eq!((get(&at(0, "field")), get(&at(0, "condition_type"))), ("updated_at", "gteq"));
    assert_eq!((get(&at(1, "field")), get(&at(1, "condition_type"))), ("updated_at", "lteq"));
    assert_eq!((get(&at(0, "value")), get(&at(1, "value"))), ("2026-11-22 10:00:00", "2026-11-22 11:00:00"));
    assert_eq!(get("searchCriteria[sortOrders][0][field]"), "updated_at");
    assert_eq!(get("searchCriteria[sortOrders][1][field]"), "entity_id");
    assert_eq!((get("searchCriteria[pageSize]"), get("searchCriteria[currentPage]")), ("100", "1"));
    // What is not asked for never arrives.
    let fields = get("fields");
    assert!(fields.bytes().all(|b| b.is_ascii_alphanumeric() || b"_[],".contains(&b)), "{fields}");
    for dropped in
        ["remote_ip", "forwarded", "dob", "gender", "taxvat", "note", "payment", "billing", "histor", "gift"]
    {
        assert!(!fields.contains(dropped), "{dropped}");
    }
}

#[test]
fn everything_is_read_once_it_stands_still_and_it_ends() {
    let mut few = Table { rows: (1..=100).map(|n| (second(n as usize), n)).collect(), calls: 0 };
    assert_eq!((few.read(|_, _| {}).len(), few.calls), (100, 1));
    let mut none = Table { rows: Vec::new(), calls: 0 };
    assert_eq!((none.read(|_, _| {}).len(), none.calls), (0, 1));
    let mut many = Table { rows: (1..=350).map(|n| (second(n as usize), n)).collect(), calls: 0 };
    let ids: BTreeSet<String> = many.read(|_, _| {}).into_iter().collect();
    assert_eq!((ids.len(), many.calls), (350, 4));
}

#[test]
fn rows_that_leave_the_window_hide_no_other() {
    let mut table = Table { rows: (1..=350).map(|n| (second(n as usize), n)).collect(), calls: 0 };
    // After each page thirty orders already read change and leave: numbered pages would skip thirty others.
    let ids: BTreeSet<String> = table
        .read(|table, turn| {
            for (time, id) in &mut table.rows {
                if (turn as u64 * 30..(turn as u64 + 1) * 30).contains(id) {
                    *time = "2026-11-22 12:00:00".to_owned();
                }
            }
        })
        .into_iter()
        .collect();
    assert_eq!(ids.len(), 350);
}

#[test]
fn more_orders_of_one_second_than_a_page_holds_are_all_read() {
    let mut rows: Vec<(String, u64)> = (1..=250).map(|n| (second(5), n)).collect();
    rows.extend((251..=300).map(|n| (second(6), n)));
    rows.extend((301..=310).map(|n| (second(1), n)));
    let mut table = Table { rows, calls: 0 };
    let ids: BTreeSet<String> = table.read(|_, _| {}).into_iter().collect();
    assert_eq!(ids.len(), 310);
    let mut exact = Table { rows: (1..=200).map(|n| (second(5), n)).collect(), calls: 0 };
    assert_eq!(exact.read(|_, _| {}).into_iter().collect::<BTreeSet<_>>().len(), 200);
}

#[test]
fn what_is_not_ours_begins_the_window_anew() {
    let plain = build_changed(&shop(), &window(), None, &stamp()).unwrap();
    for odd in ["", "2", "from|' or 1", "within|2026-11-22 10:00:00|x", "after|2026-11-22 10:00:00|1|2"] {
        let request = build_changed(&shop(), &window(), Some(odd), &stamp()).unwrap();
        assert_eq!(query(&request), query(&plain), "{odd}");
    }
}

fn page(body: &Value) -> Result<Page, CannotRead> {
    read_changed(&shop(), &reply(200, body), None)
}

#[test]
fn one_poison_order_is_unreadable_for_itself_only() {
    let mut poison = row(2, "2026-11-22 10:00:02");
    poison["grand_total"] = json!({"amount": "Zoë"});
    let body = json!({
        "items": [row(1, "2026-11-22 10:00:01"), poison, "x", row(3, "2026-11-22 10:00:03")], "total_count": 4
    });
    let page = page(&body).unwrap();
    assert_eq!(page.found.iter().map(id).collect::<Vec<_>>(), ["1", "!2", "!", "3"]);
    assert_eq!(page.next, None);
    let Found::Unreadable { error, .. } = &page.found[1] else { panic!() };
    assert_eq!(*error, CannotRead::Field { field: "grand_total" });
}

#[test]
fn a_poison_order_at_the_end_of_a_page_does_not_stop_the_next() {
    let mut rows: Vec<Value> = (1..=100).map(|n| row(n, &second(n as usize))).collect();
    rows[99]["items"] = json!("x");
    let page = page(&json!({"items": rows, "total_count": 150})).unwrap();
    assert_eq!(page.next.as_deref(), Some("from|2026-11-22 10:01:40"));
    assert_eq!(page.found.iter().map(id).next_back().unwrap(), "!100");
}

#[test]
fn a_shop_that_ignores_what_it_is_asked_is_not_read_for_ever() {
    let stuck = Some(CannotRead::Field { field: "items.updated_at" });
    let upside_down: Vec<Value> = (1..=100).rev().map(|n| row(n, &second(n as usize))).collect();
    assert_eq!(page(&json!({"items": upside_down, "total_count": 150})).err(), stuck);
    let same: Vec<Value> = (1..=100).map(|n| row(n, &second(5))).collect();
    let body = json!({"items": same, "total_count": 150});
    let within = page(&body).unwrap().next.unwrap();
    assert_eq!(read_changed(&shop(), &reply(200, &body), Some(&within)).err(), stuck);
    let blind: Vec<Value> = (1..=100).map(|_| json!({})).collect();
    assert_eq!(page(&json!({"items": blind, "total_count": 150})).err(), stuck);
}

#[test]
fn an_empty_page_may_have_no_list() {
    assert!(page(&json!({"items": null, "total_count": 0})).unwrap().found.is_empty());
    assert!(page(&json!({"items": [], "total_count": 0})).unwrap().next.is_none());
    assert_eq!(page(&json!({"items": null, "total_count": 3})).err(), Some(CannotRead::Reply));
    assert_eq!(page(&json!({"message": "x"})).err(), Some(CannotRead::Reply));
}

#[test]
fn a_page_and_a_read_of_the_same_order_are_the_same() {
    let page = page(&json!({"items": [order()], "total_count": 1})).unwrap();
    let Found::Whole(listed) = &page.found[0] else { panic!() };
    let read = fetch(&order()).unwrap();
    assert_eq!(listed.incoming, read.incoming);
    assert!(listed.recipient == read.recipient && listed.buyer == read.buyer);
}

fn read_one(reply: &http::Response<Vec<u8>>) -> Result<Reading, Broke> {
    One::new(&shop(), "7").next(Some(reply), &stamp())
}

#[test]
fn an_order_that_is_gone_is_none_but_a_wrong_address_is_not() {
    let gone = refusal(404, "The entity that was requested doesn't exist. Verify the entity and try again.");
    assert!(matches!(read_one(&gone), Ok(Reading::Over(None))));
    let route = refusal(404, "Request does not match any route.");
    let advice = |reply| read_one(&reply).err().unwrap().advice();
    assert_eq!(advice(route), Advice::AskPerson(Reason::ConnectionRefused));
    assert_eq!(advice(raw(404, b"<html>not here</html>")), Advice::Retry);
}

#[test]
fn another_order_than_the_one_asked_for_is_not_taken() {
    let other = with(|o| o["entity_id"] = json!(8));
    let error = read_one(&reply(200, &other)).err();
    assert_eq!(error, Some(CannotRead::Field { field: "entity_id" }.into()));
}

#[test]
fn an_unreadable_order_says_which() {
    let poison = with(|o| o["items"][0] = item(12, "X", json!({"qty_ordered": 0.5})));
    let Ok(Reading::Over(Some(Found::Unreadable { channel_id, error }))) = read_one(&reply(200, &poison))
    else {
        panic!()
    };
    assert_eq!((channel_id.as_str(), error), ("7", CannotRead::Field { field: "items.qty_ordered" }));
}

#[test]
fn refusals_say_what_to_do() {
    let error = |reply: http::Response<Vec<u8>>| read_changed(&shop(), &reply, None).err().unwrap();
    let connection = Advice::AskPerson(Reason::ConnectionRefused);
    assert_eq!(
        error(refusal(401, "The consumer isn't authorized to access %resources.")).advice(),
        connection
    );
    assert_eq!(error(refusal(403, "x")).advice(), connection);
    assert_eq!(error(raw(302, b"")).advice(), connection);
    assert_eq!(error(refusal(400, "Zoë")).advice(), Advice::AskPerson(Reason::Unreadable));
    assert_eq!(error(refusal(500, "x")).advice(), Advice::Retry);
    assert_eq!(error(raw(503, b"<html>")).advice(), Advice::Retry);
    assert_eq!(error(raw(200, b"<!doctype html><title>Checking your browser</title>")), CannotRead::Reply);
    assert!(!format!("{:?}", error(refusal(400, "Zoë"))).contains("Zoë"));
    let mut busy = raw(429, b"");
    assert_eq!(error(busy.clone()), CannotRead::Throttled { seconds: 10 });
    busy.headers_mut().insert("retry-after", "42".parse().unwrap());
    assert_eq!(error(busy.clone()), CannotRead::Throttled { seconds: 42 });
    busy.headers_mut().insert("retry-after", "999999999".parse().unwrap());
    assert_eq!(error(busy), CannotRead::Throttled { seconds: 3600 });
}

#[test]
fn every_kind_of_call_has_a_limit() {
    for operation in Operation::ALL {
        let rate = rate(operation);
        assert!(rate.burst >= 1 && rate.every.as_millis() > 0);
    }
}
