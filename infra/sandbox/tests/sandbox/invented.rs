use std::collections::BTreeSet;

use waybill_sandbox::invent::{self, Kind, Mix};

#[test]
fn the_same_seed_invents_the_same_orders_and_ids_never_meet() {
    let of = |seed| invent::orders(seed, 300, &Mix::default(), invent::catalogue());
    assert_eq!(of(1), of(1));
    let (one, two) = (of(1), of(2));
    let ids: BTreeSet<i64> = one.iter().chain(&two).filter_map(|one| one.order["id"].as_i64()).collect();
    assert_eq!(ids.len(), 600);
    assert!(ids.iter().all(|id| *id > 1 << 53));
    let kinds: BTreeSet<Kind> = one.iter().map(|one| one.kind).collect();
    assert_eq!(kinds.len(), 11, "{kinds:?}");
    for order in &one {
        let text = order.order.to_string();
        assert!(text.len() > 5_000 && text.len() < 16_000, "{:?} {}", order.kind, text.len());
        let address = &order.order["shipping_address"];
        let none = matches!(order.kind, Kind::NoAddress | Kind::Pickup | Kind::DigitalOnly);
        assert_eq!(address.is_null(), none, "{:?}", order.kind);
        assert_eq!(order.order["test"] == true, order.kind == Kind::Test);
        if let Some(mail) = order.order["email"].as_str() {
            assert!(mail.ends_with(".invalid"));
        }
    }
    let plain: Vec<usize> = one
        .iter()
        .filter(|one| matches!(one.kind, Kind::Plain | Kind::SeveralLines))
        .map(|one| one.order.to_string().len())
        .collect();
    println!("mean size {} bytes", plain.iter().sum::<usize>() / plain.len());
}

#[test]
fn every_canary_token_is_unique_and_where_it_says() {
    let mut all = BTreeSet::new();
    let mut count = 0;
    for n in 0..20 {
        let (order, tokens) = invent::canary_order(n);
        for (pointer, token) in tokens {
            let text = order.pointer(&pointer).and_then(|value| value.as_str()).unwrap();
            assert!(text.contains(&token), "{pointer}");
            // A postcode has the shape of one.
            let least = if pointer.ends_with("/zip") { 8 } else { 12 };
            assert!(token.len() >= least, "{pointer}");
            all.insert(token);
            count += 1;
        }
        for pointer in
            ["/note", "/email", "/shipping_address/zip", "/client_details/user_agent", "/browser_ip"]
        {
            assert!(order.pointer(pointer).is_some(), "{pointer}");
        }
        assert!(order["shipping_address"]["zip"].as_str().unwrap().len() <= 20);
        assert!(order["shipping_address"]["phone"].as_str().unwrap().len() <= 25);
    }
    assert_eq!(all.len(), count);
}
