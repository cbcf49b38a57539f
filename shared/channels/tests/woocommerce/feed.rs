//! Pages of changed orders (contract section 3).

use crate::fixture::{answer, line, ok, order, refusal, shop, stamp, with};
use serde_json::{Value, json};
use waybill_channels::error::{CannotBuild, CannotRead};
use waybill_channels::feed::{Found, Page, Window};
use waybill_channels::woocommerce::feed::{build_changed, read_changed};
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_privacy::secret::Secret;

fn window() -> Window {
    Window { from: "2026-11-22T10:00:00.9Z".parse().unwrap(), to: "2026-11-22T11:00:00Z".parse().unwrap() }
}

fn asked(next: Option<&str>) -> String {
    line(&build_changed(&shop(), &window(), next, &stamp()).unwrap())
}

fn row(id: u32, second: u32) -> Value {
    with(json!({"id": id, "date_modified_gmt": format!("2026-11-22T10:00:{second:02}")}))
}

fn page(rows: &[Value], pages: u32, next: Option<&str>) -> Page {
    let headers = [("x-wp-totalpages", pages.to_string())];
    let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    read_changed(&answer(200, &headers, Value::from(rows).to_string()), next).unwrap()
}

#[test]
fn a_page_is_asked_for_in_utc_oldest_change_first_and_without_what_we_never_read() {
    let url = asked(None);
    for part in [
        "GET /wc/v3/orders?",
        "modified_after=2026-11-22T09:59:59&",
        "modified_before=2026-11-22T11:00:00&",
        "dates_are_gmt=true",
        "orderby=modified&order=asc",
        "per_page=100&page=1&status=any",
    ] {
        assert!(url.contains(part), "{part} in {url}");
    }
    for never in ["customer_ip_address", "user_agent", "payment", "transaction", "ck_", "cs_"] {
        assert!(!url.contains(never), "{never}");
    }
}

#[test]
fn keys_are_in_a_header_that_does_not_print() {
    let request = build_changed(&shop(), &window(), None, &stamp()).unwrap();
    let basic = &request.headers()["authorization"];
    assert_eq!(basic, "Basic Y2tfRVhBTVBMRTpjc19FWEFNUExF");
    assert!(basic.is_sensitive() && !format!("{request:?}").contains("Y2tf"));
}

#[test]
fn what_cannot_be_called_is_said() {
    let built = |change: fn(&mut waybill_channels::woocommerce::Shop)| {
        let mut shop = shop();
        change(&mut shop);
        build_changed(&shop, &window(), None, &stamp()).err()
    };
    assert_eq!(built(|s| s.base = "http://shop.example".to_owned()), Some(CannotBuild::Address));
    assert_eq!(built(|s| s.base = "https://not a host".to_owned()), Some(CannotBuild::Address));
    assert_eq!(built(|s| s.key = Secret::new(String::new())), Some(CannotBuild::Credential));
    assert_eq!(built(|s| s.key = Secret::new("a:b".to_owned())), Some(CannotBuild::Credential));
    assert!(build_changed(&shop(), &window(), Some("7"), &stamp()).is_err());
}

#[test]
fn the_next_page_begins_where_the_last_one_ended_so_that_a_slip_loses_nothing() {
    let first = page(&[row(1, 0), row(2, 5)], 3, None);
    assert_eq!(first.found.len(), 2);
    let next = first.next.unwrap();
    let url = asked(Some(&next));
    assert!(
        url.contains("modified_after=2026-11-22T10:00:04&") && url.contains("page=1&status=any"),
        "{url}"
    );
    // A page full of one second is counted through.
    let same = page(&[row(2, 5), row(3, 5)], 3, Some(&next)).next.unwrap();
    let url = asked(Some(&same));
    assert!(
        url.contains("modified_after=2026-11-22T10:00:04&") && url.contains("page=2&status=any"),
        "{url}"
    );
    let on = page(&[row(4, 5), row(5, 6)], 3, Some(&same)).next.unwrap();
    assert!(asked(Some(&on)).contains("modified_after=2026-11-22T10:00:05&"));
}

#[test]
fn after_the_last_page_comes_the_trash_and_then_nothing() {
    let trash = page(&[row(1, 0)], 1, None).next.unwrap();
    let url = asked(Some(&trash));
    assert!(
        url.contains("modified_after=2026-11-22T09:59:59&") && url.contains("page=1&status=trash"),
        "{url}"
    );
    let gone = with(json!({"status": "trash"}));
    let last = page(&[gone], 1, Some(&trash));
    assert_eq!(last.next, None);
    assert!(matches!(&last.found[0], Found::Whole(o) if o.incoming.cancelled_at.is_some()));
    assert_eq!(page(&[], 0, Some(&trash)).next, None);
    // An empty page ends it, whatever the header says.
    assert!(asked(page(&[], 9, None).next.as_deref()).contains("status=trash"));
}

#[test]
fn without_the_header_a_short_page_is_the_last() {
    let short = read_changed(&ok(&json!([row(1, 0)])), None).unwrap();
    assert!(asked(short.next.as_deref()).contains("status=trash"));
    let full: Vec<Value> = (1..=100).map(|n| row(n, n % 60)).collect();
    let full = read_changed(&ok(&Value::from(full)), None).unwrap();
    assert!(asked(full.next.as_deref()).contains("modified_after=2026-11-22T10:00:58&"));
}

#[test]
fn a_shop_that_cannot_sort_by_change_is_read_by_id_from_the_last_page_to_the_first() {
    let refused = read_changed(&refusal(400, "rest_invalid_param"), None).unwrap();
    assert!(refused.found.is_empty());
    let mut next = refused.next;
    let mut seen = Vec::new();
    while let Some(now) = next {
        let url = asked(Some(&now));
        assert!(url.contains("orderby=id") && url.contains("modified_after=2026-11-22T09:59:59&"));
        let at = |name: &str| url.split(name).nth(1).unwrap().split('&').next().unwrap().to_owned();
        seen.push((at("&page="), at("&status=")));
        let pages = if seen.len() < 5 { 3 } else { 0 };
        let rows: &[Value] = if pages == 0 { &[] } else { &[order()] };
        next = page(rows, pages, Some(&now)).next;
    }
    let wanted = [("1", "any"), ("3", "any"), ("2", "any"), ("1", "any"), ("1", "trash")];
    assert_eq!(seen, wanted.map(|(p, s)| (p.to_owned(), s.to_owned())));
    let again = read_changed(&refusal(400, "rest_invalid_param"), Some("id any 0")).err();
    assert!(matches!(again, Some(CannotRead::Refused { .. })), "no second fall back");
    let full: Vec<Value> = (1..=100).map(|n| row(n, 1)).collect();
    let blind = read_changed(&ok(&Value::from(full)), Some("id any 0")).err();
    assert_eq!(blind, Some(CannotRead::Field { field: "X-WP-TotalPages" }));
}

#[test]
fn one_poison_row_fails_alone() {
    let rows = json!([
        order(),
        {"id": 5, "status": "processing", "billing": "a street"},
        {"id": "6", "status": "processing", "date_modified_gmt": null},
        "not an order",
        with(json!({"id": 8, "status": "checkout-draft"})),
        with(json!({"id": 9, "meta_data": [{"key": "_anonymized", "value": "yes"}]})),
        with(json!({"id": 10, "refunds": [{"id": 1}]}))
    ]);
    let found = read_changed(&ok(&rows), None).unwrap().found;
    let names: Vec<String> = found
        .iter()
        .map(|f| match f {
            Found::Whole(o) => format!("whole {}", o.incoming.channel_ref.id),
            Found::Key(id) => format!("key {id}"),
            Found::Erased(id) => format!("erased {id}"),
            Found::Unreadable { channel_id, .. } => format!("unreadable {channel_id}"),
        })
        .collect();
    assert_eq!(
        names,
        ["whole 727", "unreadable 5", "unreadable 6", "unreadable unknown", "erased 9", "key 10"]
    );
}

#[test]
fn refusals_say_what_to_do() {
    let advice = |reply| read_changed(&reply, None).err().unwrap().advice();
    let connection = Advice::AskPerson(Reason::ConnectionRefused);
    let html =
        |status| answer(status, &[("content-type", "text/html")], "<html>Checking your browser</html>");
    assert_eq!(advice(refusal(401, "woocommerce_rest_authentication_error")), connection);
    assert_eq!(advice(refusal(403, "woocommerce_rest_cannot_view")), connection);
    assert_eq!(advice(html(401)), connection);
    assert_eq!(advice(html(404)), connection, "no pretty permalinks, or no shop");
    assert_eq!(advice(answer(301, &[("location", "https://www.shop.example/")], "")), connection);
    assert_eq!(advice(html(403)), Advice::Wait { seconds: 60 }, "a firewall");
    assert_eq!(advice(html(429)), Advice::Wait { seconds: 10 });
    assert_eq!(advice(answer(429, &[("retry-after", "33")], "")), Advice::Wait { seconds: 33 });
    assert_eq!(advice(answer(429, &[("retry-after", "99999999")], "")), Advice::Wait { seconds: 3600 });
    assert_eq!(advice(answer(503, &[("retry-after", "120")], "")), Advice::Wait { seconds: 120 });
    assert_eq!(advice(html(500)), Advice::Retry);
    assert_eq!(advice(html(406)), Advice::Retry);
    assert_eq!(advice(html(200)), Advice::Retry, "a maintenance page");
    assert_eq!(advice(answer(200, &[], "PHP Warning: x\n[]")), Advice::Retry);
    assert_eq!(advice(refusal(422, "woocommerce_rest_x")), Advice::AskPerson(Reason::Unreadable));
    let said = format!("{:?}", read_changed(&refusal(401, "Sorry Zoë, you may not"), None).err());
    assert!(!said.contains("Sorry"), "{said}");
}

#[test]
fn a_byte_order_mark_is_no_obstacle() {
    let marked = [b"\xEF\xBB\xBF".as_slice(), json!([order()]).to_string().as_bytes()].concat();
    assert_eq!(read_changed(&answer(200, &[], marked), None).unwrap().found.len(), 1);
}
