//! The ladder against its promises, on chosen and on random merchants.

use super::*;
use crate::order::{Channel, Destination};
use jiff::Timestamp;
use proptest::prelude::*;
use rust_decimal::Decimal;

fn way(code: &str) -> Way {
    Way {
        connection: "con_1".parse().unwrap(),
        service: ServiceChoice {
            carrier: Carrier::RoyalMail,
            code: code.into(),
            format: "parcel".into(),
            notify: None,
        },
        parcel_grams: None,
    }
}

fn rule(countries: &[&str], up_to_grams: u32, code: &str) -> ServiceRule {
    let way = way(code);
    ServiceRule {
        countries: countries.iter().map(|c| (*c).to_owned()).collect(),
        ..ServiceRule::up_to(up_to_grams, way.connection, way.service)
    }
}

fn to(country: &str, area: Option<&str>) -> Destination {
    Destination { country: country.into(), postcode_area: area.map(str::to_owned) }
}

fn ask<'a>(to: &'a Destination, grams: u32, goods: &'a [Goods], wish: Option<&'a Wish>) -> Ask<'a> {
    Ask {
        wish,
        channel: Channel::Shopify,
        to,
        grams,
        size: None,
        value: Decimal::new(2000, 2),
        currency: "GBP",
        goods,
        at: "2026-11-23T15:30:00Z".parse().unwrap(),
    }
}

fn chosen(shipping: &Shipping, ask: &Ask<'_>) -> Option<String> {
    shipping.choose(ask).map(|(way, _)| way.service.code)
}

fn lost(shipping: &Shipping, ask: &Ask<'_>) -> Vec<Verdict> {
    shipping.explain(ask).rows.into_iter().map(|row| row.verdict).collect()
}

#[test]
fn the_first_rule_that_fits_is_taken() {
    let rules = vec![rule(&["GB"], 2000, "TPS48"), rule(&["GB"], 20_000, "TPN24"), rule(&[], 2000, "MPR")];
    let shipping = Shipping::from(rules);
    let (gb, de) = (to("GB", Some("BS")), to("DE", None));
    assert_eq!(chosen(&shipping, &ask(&gb, 2000, &[], None)).as_deref(), Some("TPS48"));
    assert_eq!(chosen(&shipping, &ask(&gb, 2001, &[], None)).as_deref(), Some("TPN24"));
    assert_eq!(chosen(&shipping, &ask(&de, 10, &[], None)).as_deref(), Some("MPR"));
    assert_eq!(chosen(&shipping, &ask(&de, 5000, &[], None)), None);
    let verdicts = lost(&shipping, &ask(&gb, 2001, &[], None));
    assert_eq!(verdicts, [Verdict::Lost(Why::TooHeavy), Verdict::Won, Verdict::Lost(Why::TooHeavy)]);
}

#[test]
fn every_condition_says_no_by_its_own_name() {
    let base = || rule(&[], 10_000, "TPS48");
    let size = |mm| Size { length_mm: mm, width_mm: mm, height_mm: mm };
    let cases: Vec<(ServiceRule, Why)> = vec![
        (ServiceRule { countries: vec!["DE".into()], ..base() }, Why::Country),
        (ServiceRule { areas: vec!["EH".into()], ..base() }, Why::Area),
        (ServiceRule { except_areas: vec!["BS".into()], ..base() }, Why::Area),
        (ServiceRule { from_grams: 601, ..base() }, Why::TooLight),
        (ServiceRule { up_to_grams: 599, ..base() }, Why::TooHeavy),
        (ServiceRule { up_to_size: Some(size(100)), ..base() }, Why::TooLarge),
        (
            ServiceRule { currency: Some("EUR".into()), from_value: Some(Decimal::ONE), ..base() },
            Why::Currency,
        ),
        (ServiceRule { from_value: Some(Decimal::new(2001, 2)), ..base() }, Why::TooCheap),
        (ServiceRule { up_to_value: Some(Decimal::new(1999, 2)), ..base() }, Why::TooDear),
        (ServiceRule { channels: vec![Channel::Ebay], ..base() }, Why::Channel),
        (ServiceRule { tags: vec!["fragile".into()], ..base() }, Why::Tags),
        (ServiceRule { cut_off: Some("15:30".parse().unwrap()), ..base() }, Why::CutOff),
    ];
    let gb = to("GB", Some("BS"));
    for (rule, why) in cases {
        let asked = Ask { size: Some(size(101)), ..ask(&gb, 600, &[], None) };
        assert_eq!(lost(&vec![rule].into(), &asked), [Verdict::Lost(why)], "{why:?}");
    }
    let limited: Shipping = vec![ServiceRule { up_to_size: Some(size(100)), ..base() }].into();
    assert_eq!(lost(&limited, &ask(&gb, 600, &[], None)), [Verdict::Lost(Why::SizeUnknown)]);
    let flat = Size { length_mm: 353, width_mm: 250, height_mm: 25 };
    assert!(Size { length_mm: 20, width_mm: 350, height_mm: 250 }.fits(flat) && !size(26).fits(flat));
}

#[test]
fn the_rungs_stand_in_their_order_and_each_falls_through() {
    let goods = [Goods { sku: "LAMP".into(), tags: vec!["fragile".into()] }];
    let gb = to("GB", Some("BS"));
    let wish = Wish { method: Some(" next DAY ".into()), pinned: Some(way("PIN")) };
    let rate = |code: &str, pence| Rate {
        countries: vec![],
        except_areas: vec![],
        up_to_grams: 2000,
        up_to_size: None,
        price: Decimal::new(pence, 2),
        way: way(code),
    };
    let mut shipping = Shipping {
        products: vec![ProductRule {
            skus: vec![],
            tags: vec!["fragile".into()],
            only: Some(way("PRODUCT")),
            never_codes: vec!["DEAREST".into(), "PIN".into()],
            never_carriers: vec![],
        }],
        named: vec![NamedService { method: "Next day".into(), channels: vec![], way: way("NAMED") }],
        channels: vec![ChannelService {
            channel: Channel::Shopify,
            countries: vec![],
            up_to_grams: 1000,
            way: way("CHANNEL"),
        }],
        rules: vec![rule(&["GB"], 1000, "RULE")],
        rates: vec![rate("DEAREST", 100), rate("DEAR", 500), rate("CHEAP", 300), rate("LATE", 300)],
        ..Shipping::default()
    };
    let got = |shipping: &Shipping, wish: Option<&Wish>| chosen(shipping, &ask(&gb, 600, &goods, wish));
    // What a person chose for one order stands even against a product rule.
    assert_eq!(got(&shipping, Some(&wish)).as_deref(), Some("PIN"));
    let wish = Wish { pinned: None, ..wish };
    assert_eq!(got(&shipping, Some(&wish)).as_deref(), Some("PRODUCT"));
    shipping.products[0].only = None;
    assert_eq!(got(&shipping, Some(&wish)).as_deref(), Some("NAMED"));
    assert_eq!(got(&shipping, None).as_deref(), Some("CHANNEL"));
    shipping.channels.clear();
    assert_eq!(got(&shipping, None).as_deref(), Some("RULE"));
    shipping.rules.clear();
    // The lowest price is forbidden for this product; of two equal ones the first.
    assert_eq!(got(&shipping, None).as_deref(), Some("CHEAP"));
    let told = shipping.explain(&ask(&gb, 600, &goods, None));
    let rates: Vec<Verdict> =
        told.rows.iter().filter(|r| r.rung == Rung::Cheapest).map(|r| r.verdict).collect();
    let dearer = Verdict::Lost(Why::Dearer);
    assert_eq!(rates, [Verdict::Lost(Why::Forbidden), dearer, Verdict::Won, dearer]);
    assert_eq!(chosen(&shipping, &ask(&gb, 600, &[], None)).as_deref(), Some("DEAREST"));
}

#[test]
fn a_heavy_shipment_goes_as_several_parcels_and_is_priced_so() {
    let gb = to("GB", Some("BS"));
    let several = Way { parcel_grams: Some(20_000), ..way("TPN24") };
    let shipping: Shipping =
        vec![ServiceRule { way: several.clone(), ..rule(&["GB"], 1_000_000, "x") }].into();
    let parcels = |grams| shipping.choose(&ask(&gb, grams, &[], None)).map(|(_, parcels)| parcels);
    assert_eq!((parcels(20_000), parcels(20_001), parcels(200_000)), (Some(1), Some(2), Some(10)));
    assert_eq!(lost(&shipping, &ask(&gb, 200_001, &[], None)), [Verdict::Lost(Why::TooHeavy)]);
    let rate = |way: Way, up_to_grams, pence| Rate {
        countries: vec![],
        except_areas: vec![],
        up_to_grams,
        up_to_size: None,
        price: Decimal::new(pence, 2),
        way,
    };
    let rates = vec![rate(several, 20_000, 400), rate(way("ONE"), 30_000, 700)];
    let shipping = Shipping { rates, ..Shipping::default() };
    assert_eq!(chosen(&shipping, &ask(&gb, 15_000, &[], None)).as_deref(), Some("TPN24"));
    assert_eq!(chosen(&shipping, &ask(&gb, 25_000, &[], None)).as_deref(), Some("ONE"));
}

#[test]
fn a_clock_in_the_united_kingdom_knows_summer() {
    let at = |text: &str| local_time(text.parse::<Timestamp>().unwrap()).to_string();
    assert_eq!(at("2026-01-15T12:00:00Z"), "12:00:00");
    assert_eq!(at("2026-03-29T00:59:59Z"), "00:59:59");
    assert_eq!(at("2026-03-29T01:00:00Z"), "02:00:00");
    assert_eq!(at("2026-07-01T23:30:00Z"), "00:30:00");
    assert_eq!(at("2026-10-25T00:59:59Z"), "01:59:59");
    assert_eq!(at("2026-10-25T01:00:00Z"), "01:00:00");
}

fn some_way() -> impl Strategy<Value = Way> {
    (0..4_u8, prop::option::of(500..5_000_u32))
        .prop_map(|(code, parcel_grams)| Way { parcel_grams, ..way(&format!("S{code}")) })
}

fn some_rule() -> impl Strategy<Value = ServiceRule> {
    let countries = prop::sample::subsequence(vec!["GB".to_owned(), "DE".to_owned()], 0..=2);
    let tags = prop::sample::subsequence(vec!["fragile".to_owned()], 0..=1);
    (countries, tags, 0..500_u32, 0..5_000_u32, some_way(), prop::option::of(0..40_i64)).prop_map(
        |(countries, tags, from_grams, up_to_grams, way, value)| ServiceRule {
            countries,
            tags,
            from_grams,
            from_value: value.map(Decimal::from),
            way: way.clone(),
            ..ServiceRule::up_to(up_to_grams, way.connection, way.service)
        },
    )
}

fn some_rate() -> impl Strategy<Value = Rate> {
    (0..5_000_u32, 1..900_i64, some_way()).prop_map(|(up_to_grams, pence, way)| Rate {
        countries: vec![],
        except_areas: vec![],
        up_to_grams,
        up_to_size: None,
        price: Decimal::new(pence, 2),
        way,
    })
}

fn some_shipping() -> impl Strategy<Value = Shipping> {
    let never = prop::sample::subsequence(vec!["S0".to_owned(), "S1".to_owned()], 0..=2);
    (never, prop::collection::vec(some_rule(), 0..5), prop::collection::vec(some_rate(), 0..5)).prop_map(
        |(never_codes, rules, rates)| Shipping {
            products: vec![ProductRule {
                skus: vec!["LAMP".into()],
                tags: vec![],
                only: None,
                never_codes,
                never_carriers: vec![],
            }],
            rules,
            rates,
            ..Shipping::default()
        },
    )
}

proptest! {
    /// One row wins exactly when something is chosen, nothing above it could have, nothing forbidden is taken,
    /// and no fit of the rate card is cheaper than the one taken.
    #[test]
    fn the_ladder_keeps_its_promises(
        shipping in some_shipping(), grams in 1..6_000_u32, gb in any::<bool>(), lamp in any::<bool>(),
    ) {
        let to = to(if gb { "GB" } else { "DE" }, gb.then_some("BS"));
        let goods: Vec<Goods> = lamp.then(|| Goods { sku: "LAMP".into(), tags: vec![] }).into_iter().collect();
        let ask = ask(&to, grams, &goods, None);
        let told = shipping.explain(&ask);
        prop_assert_eq!(shipping.choose(&ask), told.chosen.clone().map(|way| (way, told.parcels)));
        prop_assert_eq!(told.rows.len(), shipping.rules.len() + shipping.rates.len());
        let won: Vec<usize> = (0..told.rows.len()).filter(|n| told.rows[*n].verdict == Verdict::Won).collect();
        prop_assert_eq!(won.len(), usize::from(told.chosen.is_some()));
        let above = won.first().copied().unwrap_or(told.rows.len());
        prop_assert!(told.rows[..above].iter().all(|row| matches!(row.verdict, Verdict::Lost(_))));
        if let Some(way) = &told.chosen {
            prop_assert!(!lamp || !shipping.products[0].never_codes.contains(&way.service.code));
            prop_assert!(way.parcel_grams.is_none_or(|most| grams <= most * told.parcels));
            prop_assert!(told.parcels == 1 || way.parcel_grams.is_some());
        }
        if let Some(Rung::Cheapest) = won.first().map(|n| told.rows[*n].rung) {
            let forbidden = |rate: &Rate| lamp && shipping.products[0].never_codes.contains(&rate.way.service.code);
            let fits = |rate: &&Rate| !forbidden(rate) && rate.quote(&ask).is_ok();
            let least = shipping.rates.iter().filter(fits).filter_map(|rate| rate.quote(&ask).ok()).min();
            let taken = &shipping.rates[told.rows[won[0]].place];
            prop_assert_eq!(taken.quote(&ask).ok(), least);
        }
        // A row below the winner changes nothing.
        let mut longer = shipping.clone();
        longer.rates.extend(longer.rates.last().cloned());
        prop_assert_eq!(longer.choose(&ask), shipping.choose(&ask));
    }
}
