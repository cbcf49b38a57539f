//! Signatures, tokens, rights and events.

use super::*;

#[test]
fn calls_are_signed_for_real() {
    let mut world = world(json!({}));
    world.invent(1);
    let request = || build_changed(&world.shop, &world.window(), None, &world.stamp()).unwrap();
    let good = request();
    assert_eq!(world.raw(&good).status, 200);
    // The same nonce again.
    assert_eq!(world.raw(&good).status, 401);
    // Signed for one address and sent to another, or with another method.
    let mut moved = request();
    let other = moved.uri().to_string().replace("pageSize%5D=100", "pageSize%5D=101");
    *moved.uri_mut() = other.parse().unwrap();
    assert_eq!(world.raw(&moved).status, 401);
    let mut posted = request();
    *posted.method_mut() = Method::POST;
    assert_eq!(world.raw(&posted).status, 401);
    // Stamped too far ahead.
    let ahead = Stamp { now: "2026-11-23T09:20:00Z".parse().unwrap(), nonce: "ff".repeat(16) };
    assert_eq!(world.raw(&build_changed(&world.shop, &world.window(), None, &ahead).unwrap()).status, 401);
    let Access::OAuth1 { token_secret, .. } = &mut world.shop.access else { panic!() };
    *token_secret = Secret::new("other".to_owned());
    let error = world.one("7").err().unwrap();
    assert_eq!(error.advice(), Advice::AskPerson(Reason::ConnectionRefused));
    assert_eq!(world.sandbox.with_state(|state| state.meters.refusals.len()), 5);
}

#[test]
fn adobes_token_ends_and_is_asked_for_anew() {
    let mut world = world(json!({"client_id": "app", "client_secret": "s+&"}));
    world.invent(1);
    let application = Application {
        base: base(),
        client_id: "app".to_owned(),
        client_secret: Secret::new("s+&".to_owned()),
    };
    let refresh = |world: &World| {
        read_token(&world.send(&build_refresh(&application).unwrap()).unwrap(), &world.stamp())
    };
    let token = refresh(&world).unwrap();
    world.shop.access = Access::Bearer(token.access);
    assert!(world.one("1500001").unwrap().is_some());
    world.sandbox.set_now(token.expires_at);
    let ended = world.one("1500001").err().unwrap();
    assert_eq!(ended, CannotRead::Connection { code: "http_401".to_owned() }.into());
    world.shop.access = Access::Bearer(refresh(&world).unwrap().access);
    assert!(world.one("1500001").unwrap().is_some());
    world.control("POST", "/tokens", &json!({"expire": true}));
    assert!(world.one("1500001").is_err());
    world.control("POST", "/tokens", &json!({"revoke": true}));
    let refused = refresh(&world).err().unwrap();
    assert_eq!(refused, CannotRead::Connection { code: "invalid_client".to_owned() });
    world.control("POST", "/tokens", &json!({"restore": true}));
    assert!(refresh(&world).is_ok());
}

#[test]
fn an_integration_without_rights_an_old_shop_and_a_proxy() {
    let world = world(json!({"catalogue": false, "multi_source": false, "weight_unit": "lbs"}));
    assert_eq!(world.level("MUG-STONE", 1, None), Ok(Outcome::Unsupported));
    let unit = connect::build_weight_unit(&world.shop, &world.stamp()).unwrap();
    assert_eq!(connect::read_weight_unit(&world.send(&unit).unwrap()), Ok(WeightUnit::Pounds));
    world.control("PUT", "", &json!({"html_errors": 200}));
    assert_eq!(world.one("1").err(), Some(CannotRead::Reply.into()));
    world.control("PUT", "", &json!({"html_errors": 502}));
    assert_eq!(world.one("1").err().map(|error| error.advice()), Some(Advice::Retry));
}

#[test]
fn an_event_is_trusted_and_names_its_order() {
    let url = "http://127.0.0.1:9/webhooks/magento/con_0000000000000001";
    let world = world(json!({"webhook_url": url, "client_id": "app", "auto_events": true}));
    world.control("PUT", "/orders", &json!({"orders": [plain(7, json!([row(1, "MUG-STONE", 1)]))]}));
    world.sandbox.with_state(|state| {
        state.magento.accounts.get_mut("harbour").unwrap().config.auto_events = false;
    });
    for told in [
        json!({"order": 7, "base64": true}),
        json!({"order": 7, "previous_secret": true}),
        json!({"order": 7, "wrong_signature": true}),
        json!({"order": 7, "client_id": "theirs"}),
    ] {
        world.control("POST", "/deliver", &told);
    }
    let verdicts: Vec<Result<Vec<String>, NotTrusted>> = world
        .sandbox
        .take_webhooks(10)
        .into_iter()
        .map(|delivery| {
            let event = delivery.webhook;
            assert_eq!(
                (event.url.as_str(), event.path.as_str()),
                (url, "/webhooks/magento/con_0000000000000001")
            );
            let mut headers = http::HeaderMap::new();
            for (name, value) in &event.headers {
                headers.insert(http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
            }
            let keys: Vec<webhook::PublicKey> = webhook::key_paths(&headers)
                .iter()
                .map(|path| {
                    let request = webhook::build_key(&base(), path).unwrap();
                    webhook::read_key(path, &world.send(&request).unwrap()).unwrap()
                })
                .collect();
            assert_eq!(keys.len(), 2);
            webhook::verify(&event.body, &headers, &keys, "app")?;
            let hints = webhook::read(&event.body).unwrap();
            let key = |hint: &Hint| match hint {
                Hint::Reread { channel_id } => Some(channel_id.clone()),
                _ => None,
            };
            Ok(hints.iter().filter_map(key).collect())
        })
        .collect();
    let (good, bad) = (Ok(vec!["7".to_owned()]), Err(NotTrusted::WrongSignature));
    assert_eq!(verdicts, [good.clone(), good.clone(), good, bad.clone(), bad]);
}
