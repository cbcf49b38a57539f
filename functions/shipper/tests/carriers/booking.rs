//! Bought once, whatever is lost on the way.

use crate::stage::{Api, Outcome, Stage, bristol, is};
use crate::{Scenario, row};
use std::collections::{BTreeMap, BTreeSet};
use waybill_carriers::least;
use waybill_domain::customs::Product;
use waybill_domain::exception::Reason;
use waybill_domain::order::Order;
use waybill_domain::packing::Packed;
use waybill_domain::service::Way;
use waybill_domain::shipment::LabelFormat;
use waybill_privacy::{Recipient, Sensitive};
use waybill_sandbox::{Fault, FaultKind};
use waybill_store::labels::{Documents, label_name};
use waybill_store::memory::Verdict;

/// Why Pro Shipping does not play it.
pub const ONE_PARCEL: &str = "one parcel a shipment: see below";
const INLAND: &str = "inland alone: see below";
/// Why DPD plays other rows where a reply is lost.
const NOT_FOUND: &str = "shows no bookings: a person is asked, see below";

pub fn rows() -> Vec<Scenario> {
    vec![
        row!("books, labels, seals the label as it came", book),
        row!("books a heavy shipment as three parcels, three numbers", three_parcels).not_at_pro(ONE_PARCEL),
        row!("books the parcels that were packed, each with its own weight", packed_parcels)
            .not_at_pro(ONE_PARCEL),
        row!("reply lost after the create: found, not bought again", lost_reply).not_at_dpd(NOT_FOUND),
        row!("create lost on its way: waits, then books once", lost_request).not_at_dpd(NOT_FOUND),
        row!("error after the work is done: found, not bought again", error_after_work).not_at_dpd(NOT_FOUND),
        row!("the process dies at each step", dies_at_each_step),
        row!("the reply to its own claim is lost: goes on at once", own_claim),
        row!("two shippers at once, in sixteen interleavings", two_shippers),
        row!("throttled (429): comes back when told", throttled),
        row!("carrier down: left alone, then every order once", down),
        row!("abroad: goods declared, declaration with the label", abroad)
            .not_at_dpd("goes no further than Ireland: see below")
            .not_at_pro(INLAND),
        row!("Northern Ireland: says who gets it", northern_ireland),
        row!("Channel Islands: declared by an inland service", channel_islands).not_at_pro(INLAND),
        row!("least data: sent is the minimum, 1.00", least_data),
        row!("chosen by staff for one order", chosen_by_staff),
    ]
}

async fn book(stage: &Stage) -> Outcome {
    let id = stage.order().await;
    stage.ship(&id).await?;
    stage.one_label(&id).await?;
    let shipment = stage.shipment(&id).await?;
    is("number", shipment.numbers().len(), 1)?;
    // Opened once, on record once, with all that the carrier was given.
    let records = stage.openings(&id).await;
    is("openings and records", (stage.kms.decrypts(), records.len()), (1, 1))?;
    let record = &records[0];
    is("who and why", (record.actor.as_str(), record.purpose.as_str()), ("shipper", "label"))?;
    is("named", shipment.disclosed.iter().all(|field| record.fields.contains(field)), true)?;
    is("too much", record.fields.iter().any(|field| field == "gift_note"), false)?;
    let sealed = stage.documents.get(&label_name(&id, &shipment.id)).await.unwrap().unwrap();
    let shows = |text: &[u8]| sealed.windows(text.len()).any(|part| part == text);
    is("sealed", shows(b"%PDF-") || shows(b"^XA"), false)?;
    let label = stage.opened(&shipment).await;
    let (format, begin): (_, &[u8]) = match stage.brand.api {
        Api::Dpd | Api::ProShipping => (LabelFormat::Zpl, b"^XA"),
        Api::ClickAndDrop => (LabelFormat::Pdf, b"%PDF-"),
    };
    is("format", shipment.label_format, format)?;
    is("as it came", label.starts_with(begin), true)
}

async fn three_parcels(stage: &Stage) -> Outcome {
    let mut rule = stage.rule(&["GB"], stage.brand.home);
    rule.way.parcel_grams = Some(20_000);
    stage.set_shipping(vec![rule].into()).await;
    let id = stage.order_to(bristol(), 45_000).await;
    stage.ship(&id).await?;
    stage.one_label(&id).await?;
    let shipment = stage.shipment(&id).await?;
    is("parcels", shipment.parcels, 3)?;
    let numbers: BTreeSet<&str> = shipment.numbers().into_iter().collect();
    is("numbers", numbers.len(), 3)
}

async fn packed_parcels(stage: &Stage) -> Outcome {
    let mut rule = stage.rule(&["GB"], stage.brand.home);
    rule.way.parcel_grams = Some(20_000);
    stage.set_shipping(vec![rule].into()).await;
    let id = stage.order().await;
    let parcel = |grams| Packed { goods: BTreeMap::from([("TEE-RED".to_owned(), 1)]), name: None, grams };
    let pack = |weights: [u32; 2]| {
        move |order: &mut Order| {
            order.bench.packed.insert("wh_north".parse().unwrap(), weights.map(parcel).to_vec());
        }
    };
    stage.change(&id, pack([21_000, 700])).await;
    stage.ship(&id).await?;
    is("creates", stage.asked("create"), 0)?;
    is("too heavy", stage.see(&id).await.exceptions[0].detail.as_deref(), Some("parcel_too_heavy"))?;
    let id = stage.order().await;
    stage.change(&id, pack([1_200, 700])).await;
    stage.ship(&id).await?;
    let shipment = stage.shipment(&id).await?;
    is("weights", (shipment.grams, shipment.parcels, shipment.parcel_grams()), (1_900, 2, vec![1_200, 700]))?;
    let numbers: BTreeSet<&str> = shipment.numbers().into_iter().collect();
    is("numbers", numbers.len(), 2)
}

async fn lost_reply(stage: &Stage) -> Outcome {
    stage.sandbox.add_fault(stage.fault("create", FaultKind::LoseReply { hold_seconds: 1 }).times(1));
    let id = stage.order().await;
    stage.ship(&id).await?;
    is("creates", stage.asked("create"), 1)?;
    stage.one_label(&id).await
}

async fn lost_request(stage: &Stage) -> Outcome {
    stage.hand.next("carrier:create", Verdict::Refuse("lost"));
    let id = stage.order().await;
    let before = stage.now();
    stage.ship(&id).await?;
    is("waited", stage.now().duration_since(before).as_secs() >= 180, true)?;
    stage.one_label(&id).await
}

async fn error_after_work(stage: &Stage) -> Outcome {
    stage.sandbox.add_fault(stage.fault("create", FaultKind::ErrorAfterWork).times(1));
    let id = stage.order().await;
    stage.ship(&id).await?;
    is("creates", stage.asked("create"), 1)?;
    stage.one_label(&id).await
}

async fn dies_at_each_step(stage: &Stage) -> Outcome {
    for n in 0..200 {
        let fresh = Stage::set(stage.brand).await;
        let id = fresh.order().await;
        let died = fresh.dies(&id, n).await;
        fresh.ship(&id).await.map_err(|why| format!("step {n}: {why}"))?;
        fresh.bought_once(&id).await.map_err(|why| format!("step {n}: {why}"))?;
        let (opened, recorded) = (fresh.kms.decrypts(), fresh.openings(&id).await.len() as u64);
        is(&format!("step {n}: an opening is not on record"), opened <= recorded, true)?;
        if !died {
            return is("steps", n > 20, true);
        }
    }
    Err("it never came to its end".to_owned())
}

async fn own_claim(stage: &Stage) -> Outcome {
    let fresh = Stage::that_retries(stage.brand).await;
    let id = fresh.order().await;
    // The first write to the order is the claim. It is stored, the client hears nothing and writes it again.
    fresh.hand.next("dynamodb:UpdateItem", Verdict::LoseReply);
    is("at once", fresh.once(&id).await, Ok(waybill_runtime::Step::Done))?;
    fresh.one_label(&id).await?;
    is("looked for", fresh.asked("find"), u64::from(fresh.brand.api == Api::ClickAndDrop))?;
    fresh.advance(1);
    // Another's claim is another's, whatever was lost on the way.
    let id = fresh.order().await;
    fresh.claim_of_another(&id).await;
    let waits = u32::try_from(waybill_domain::booking::LEASE.as_secs()).unwrap();
    is("waits", fresh.once(&id).await, Ok(waybill_runtime::Step::Again { seconds: waits }))
}

async fn two_shippers(stage: &Stage) -> Outcome {
    for yields in 0..16 {
        let fresh = Stage::set(stage.brand).await;
        let id = fresh.order().await;
        fresh.both(&id, yields).await;
        fresh.ship(&id).await.map_err(|why| format!("interleaving {yields}: {why}"))?;
        fresh.bought_once(&id).await.map_err(|why| format!("interleaving {yields}: {why}"))?;
    }
    Ok(())
}

async fn throttled(stage: &Stage) -> Outcome {
    let kind = FaultKind::TooManyRequests { retry_after: Some(7) };
    stage.sandbox.add_fault(stage.fault("create", kind).times(1));
    let id = stage.order().await;
    is("told", stage.once(&id).await, Ok(waybill_runtime::Step::Again { seconds: 7 }))?;
    stage.advance(7);
    stage.ship(&id).await?;
    is("health", stage.db.health(&stage.connection()).await.unwrap().failures, 0)?;
    stage.one_label(&id).await
}

async fn down(stage: &Stage) -> Outcome {
    // What each order asks first, and what when it has been claimed before.
    let (first, again, every) = match stage.brand.api {
        Api::Dpd => ("services", "services", "dpd.*"),
        Api::ProShipping => ("create", "find", "pro-shipping.*"),
        Api::ClickAndDrop => ("create", "find", "royal-mail.*"),
    };
    // A warm function has the account's token, where it needs one.
    let mut ids = vec![stage.order().await];
    stage.ship(&ids[0]).await?;
    let (before, looked) = (stage.asked(first), stage.asked(again));
    stage.sandbox.add_fault(Fault::new(every, FaultKind::ServerError));
    for _ in 0..12 {
        // As far apart as the account's limit lets them be.
        stage.advance(1);
        let id = stage.order().await;
        let _ = stage.once(&id).await;
        ids.push(id);
    }
    is("calls while it is down", stage.asked(first) - before, 3)?;
    for id in &ids[4..] {
        is("waits for the clock", stage.see(id).await.due_at.is_some(), true)?;
        is("not claimed", stage.see(id).await.claim.is_none(), true)?;
    }
    // One tries after the pause, the others go on waiting.
    stage.advance(60);
    for id in &ids[1..] {
        let _ = stage.once(id).await;
    }
    let others = if again == first { 0 } else { stage.asked(again) - looked };
    is("calls after the pause", stage.asked(first) - before + others, 4)?;
    stage.sandbox.clear_faults();
    stage.advance(900);
    for id in &ids {
        stage.ship(id).await?;
        is("booked", stage.shipment(id).await?.has_label(), true)?;
    }
    is("at the carrier", stage.at_carrier(), (13, 13, 0))
}

pub fn berlin() -> Recipient {
    Recipient {
        city: Some(Sensitive::new("Berlin".into())),
        region: None,
        postcode: Some(Sensitive::new("10115".into())),
        country: Some("DE".into()),
        ..bristol()
    }
}

pub fn shirt() -> Product {
    Product {
        sku: "TEE-RED".into(),
        description: Some("Men's cotton t-shirt".into()),
        hs_code: Some("6109 10 00 10".into()),
        origin: Some("PT".into()),
        ..Product::default()
    }
}

async fn abroad(stage: &Stage) -> Outcome {
    let id = stage.order_to(berlin(), 600).await;
    stage.ship(&id).await?;
    is("lacks", stage.asks(&id, Reason::CustomsIncomplete).await?, "TEE-RED:hs_code".to_owned())?;
    is("calls", stage.asked("create"), 0)?;
    stage.db.save_product(&"mer_00000000000000e1".parse().unwrap(), &shirt()).await.unwrap();
    stage
        .change(&id, |order| {
            order.status = waybill_domain::order::Status::Allocated;
            order.hold = None;
            order.exceptions.clear();
        })
        .await;
    stage.ship(&id).await?;
    stage.one_label(&id).await?;
    let booking = stage.bookings().remove(0);
    let content = &booking["items"][0]["packages"][0]["contents"][0];
    is("code", content["customsCode"].as_str(), Some("6109100010"))?;
    is("value", content["unitValue"].as_f64(), Some(12.25))?;
    let asked = stage.sandbox.with_state(|state| {
        state
            .meters
            .captured
            .iter()
            .any(|one| one.url.contains("/label") && one.url.contains("includeCN=true"))
    });
    is("declaration", asked, true)
}

async fn northern_ireland(stage: &Stage) -> Outcome {
    let who = Recipient { postcode: Some(Sensitive::new("BT1 5GS".into())), ..bristol() };
    let id = stage.order_to(who, 600).await;
    stage.ship(&id).await?;
    stage.one_label(&id).await?;
    if stage.brand.is_dpd() {
        return is("customs", stage.bookings()[0]["generateCustomsData"].as_bool(), Some(false));
    }
    if stage.brand.api == Api::ProShipping {
        let told = &stage.bookings()[0]["ShipmentInformation"]["BusinessTransactionType"];
        return is("business", told.as_str(), Some("B2C"));
    }
    is("business", stage.bookings()[0]["items"][0]["isRecipientABusiness"].as_bool(), Some(false))
}

async fn channel_islands(stage: &Stage) -> Outcome {
    let rules = vec![stage.rule(&["GB", "JE"], stage.brand.home)];
    stage.set_shipping(rules.into()).await;
    stage.db.save_product(&"mer_00000000000000e1".parse().unwrap(), &shirt()).await.unwrap();
    for (country, postcode) in [("JE", "JE2 3AB"), ("GB", "GY1 1AA")] {
        let who = Recipient {
            postcode: Some(Sensitive::new(postcode.into())),
            country: Some(country.into()),
            ..bristol()
        };
        let id = stage.order_to(who, 600).await;
        stage.ship(&id).await?;
        is(postcode, stage.shipment(&id).await?.has_label(), true)?;
    }
    if stage.brand.is_dpd() {
        // DPD is told of goods for Ireland alone.
        let declared = stage.bookings().iter().any(|b| b["generateCustomsData"] == true);
        return is("declared", declared, false);
    }
    let declared = stage.bookings().iter().all(|b| b["items"][0]["packages"][0]["contents"].is_array());
    is("declared", declared, true)
}

async fn least_data(stage: &Stage) -> Outcome {
    let id = stage.order().await;
    stage.ship(&id).await?;
    let shipment = stage.shipment(&id).await?;
    let mut named = shipment.disclosed.clone();
    named.sort();
    let mut want = vec!["city", "country", "lines", "name", "postcode"];
    let (phone, secret) = match stage.brand.is_dpd() {
        true => (Some("phone"), "avon"),
        false => (None, "07700"),
    };
    want.extend(phone);
    want.sort_unstable();
    is("disclosed", named, want.into_iter().map(str::to_owned).collect())?;
    let counts = least::count([(&shipment, false)]);
    is("sent per needed", counts.values().map(least::Count::percent).collect::<Vec<_>>(), vec![100])?;
    let everything = stage.sandbox.with_state(|state| {
        let all =
            state.meters.captured.iter().map(|one| format!("{} {} {:?}", one.url, one.body, one.headers));
        all.collect::<String>()
    });
    for secret in [secret, "zoe@", "Avon", "TEE-RED", "SKU", "addressBookReference"] {
        is(secret, everything.contains(secret), false)?;
    }
    // The record says what was sent, no more and no less.
    if stage.brand.is_dpd() {
        let to = &stage.bookings()[0]["outboundConsignment"]["deliveryDetails"];
        let keys =
            |part: &str| -> BTreeSet<String> { to[part].as_object().unwrap().keys().cloned().collect() };
        let want = ["countryCode", "postcode", "street", "town"];
        is("address", keys("address"), want.map(str::to_owned).into())?;
        is("contact", keys("contactDetails"), ["contactName", "telephone"].map(str::to_owned).into())?;
        return is("told", keys("notificationDetails"), ["mobile".to_owned()].into());
    }
    if stage.brand.api == Api::ProShipping {
        let to = &stage.bookings()[0]["Destination"];
        let sent: BTreeSet<&str> = to["Address"].as_object().unwrap().keys().map(String::as_str).collect();
        let want = BTreeSet::from(["ContactName", "Line1", "Town", "Postcode", "CountryCode"]);
        is("in the body", sent, want)?;
        return is("beside the address", to.as_object().unwrap().len(), 1);
    }
    let booking = &stage.bookings()[0]["items"][0]["recipient"];
    let sent: BTreeSet<&str> = booking["address"].as_object().unwrap().keys().map(String::as_str).collect();
    let want = BTreeSet::from(["fullName", "addressLine1", "city", "postcode", "countryCode"]);
    is("in the body", sent, want)?;
    is("beside the address", booking.as_object().unwrap().len(), 1)
}

async fn chosen_by_staff(stage: &Stage) -> Outcome {
    let code = match stage.brand.home {
        "FE0" => "NDA",
        "TPS48" => "TPN24",
        _ => "12",
    };
    let way = Way { connection: stage.connection(), service: stage.service(code), parcel_grams: None };
    let id = stage.order().await;
    stage
        .change(&id, |order| {
            order.wish = Some(waybill_domain::service::Wish { method: None, pinned: Some(way) });
        })
        .await;
    stage.ship(&id).await?;
    is("code", stage.shipment(&id).await?.service.code.as_str(), code)?;
    stage.one_label(&id).await
}
