//! Who may open what, for which purpose, and how the others are answered.

use crate::stage::{MERCHANT, ORDER, SHIPMENT, Stage, label_of, recipient_of, sub};
use waybill_domain::access::Role;
use waybill_domain::time::{after, days};
use waybill_privacy::Purpose;
use waybill_store::audit::Action;
use waybill_store::staff::Staff;

fn may(role: Role, purpose: Purpose) -> bool {
    match role {
        Role::Owner => true,
        Role::Manager => purpose != Purpose::Legal,
        Role::Packer => matches!(purpose, Purpose::Pick | Purpose::Label),
        Role::Support => matches!(purpose, Purpose::Exception | Purpose::Return | Purpose::Request),
        Role::Auditor | Role::Integrator => false,
    }
}

#[tokio::test]
async fn every_role_and_purpose_opens_what_it_may_and_each_opening_is_one_record_and_one_decrypt() {
    let stage = Stage::set().await;
    let (mut opened, mut asked) = (0, 0);
    for role in Role::ALL {
        for purpose in Purpose::ALL {
            let recipient = stage.as_role(role, &recipient_of(ORDER, purpose.as_str())).await;
            let label = stage.as_role(role, &label_of(SHIPMENT, purpose.as_str())).await;
            asked += 2;
            if may(role, purpose) {
                opened += 2;
                assert_eq!((recipient.status, label.status), (200, 200), "{role:?} {purpose:?}");
                assert_eq!(recipient.json()["recipient"]["name"], "Zoë Ångström");
                assert_eq!(label.headers["content-type"], "application/pdf");
                assert_eq!(label.body, "%PDF-1.4 label of Zoë".as_bytes());
            } else {
                for refused in [recipient, label] {
                    assert_eq!(refused.problem(), (403, "not_allowed".into()), "{role:?} {purpose:?}");
                }
            }
            let records = stage.records().await;
            assert_eq!(records.len(), asked);
            let (of_recipient, of_label) = (&records[asked - 2].event, &records[asked - 1].event);
            for event in [of_recipient, of_label] {
                assert_eq!((event.actor.as_str(), event.purpose.as_str()), (&*sub(role), purpose.as_str()));
                assert_eq!(event.order.as_str(), ORDER);
                assert_eq!(event.fields.is_empty(), !may(role, purpose));
            }
            if may(role, purpose) {
                assert_eq!((of_recipient.action, of_label.action), (Action::Reveal, Action::Label));
            } else {
                assert_eq!((of_recipient.action, of_label.action), (Action::Refused, Action::Refused));
            }
            assert_eq!(stage.kms.decrypts(), opened);
        }
    }
    let allowed = Role::ALL.iter().flat_map(|r| Purpose::ALL.map(|p| may(*r, p))).filter(|m| *m).count();
    assert_eq!(opened, 2 * allowed as u64);
}

#[tokio::test]
async fn a_purpose_shows_only_what_it_needs() {
    let stage = Stage::set().await;
    let pick = stage.as_role(Role::Packer, &recipient_of(ORDER, "pick")).await.json();
    assert_eq!(
        pick,
        serde_json::json!({
            "order": ORDER, "purpose": "pick", "recipient": {"name": "Zoë Ångström"},
        })
    );
    let label = stage.as_role(Role::Packer, &recipient_of(ORDER, "label")).await.json();
    assert_eq!(label["recipient"]["lines"][0], "14 Invented Street");
    assert!(label["recipient"]["phone"].is_null());
    let exception = stage.as_role(Role::Support, &recipient_of(ORDER, "exception")).await.json();
    assert_eq!(exception["recipient"]["phone"], "07700 900001");
}

#[tokio::test]
async fn without_a_purpose_from_the_list_nothing_is_opened() {
    let stage = Stage::set().await;
    for query in
        ["", "?purpose=", "?purpose=marketing", "?purpose=Label", "?purpose=label&purpose=pick", "?why=label"]
    {
        for address in
            [format!("/v1/orders/{ORDER}/recipient{query}"), format!("/v1/shipments/{SHIPMENT}/label{query}")]
        {
            let answer = stage.as_role(Role::Owner, &address).await;
            assert_eq!(answer.problem(), (400, "purpose_required".into()), "{address}");
            // Nor is anything said to whoever is not even of the staff.
            assert_eq!(stage.get(None, &address).await.problem(), (400, "purpose_required".into()));
        }
    }
    assert_eq!(stage.kms.decrypts(), 0);
    let records = stage.records().await;
    assert_eq!(records.len(), 12);
    let want_of_purpose = |r: &waybill_store::audit::Record| {
        r.event.action == Action::Refused && r.event.purpose == "none_stated"
    };
    assert!(records.iter().all(want_of_purpose));
}

#[tokio::test]
async fn whoever_is_not_of_the_staff_or_has_left_has_no_access() {
    let stage = Stage::set().await;
    let left = Staff {
        merchant: MERCHANT.parse().unwrap(),
        role: Role::Owner,
        trained_until: after(stage.now(), days(200)),
        reviewed_at: stage.now(),
        active: false,
    };
    stage.db().save_staff("sub-left", &left).await.unwrap();
    for address in [recipient_of(ORDER, "label"), label_of(SHIPMENT, "label")] {
        for caller in [None, Some(""), Some("sub-unknown"), Some("sub-left")] {
            let answer = stage.get(caller, &address).await;
            assert_eq!(answer.problem(), (403, "no_access".into()), "{caller:?}");
        }
    }
    assert_eq!(stage.kms.decrypts(), 0);
    let actors: Vec<_> = stage.records().await.into_iter().map(|r| r.event.actor).collect();
    assert_eq!(actors, ["sub-left", "sub-left"]);
}

#[tokio::test]
async fn expired_training_opens_nothing() {
    let stage = Stage::set().await;
    let staff = stage.db().staff(&sub(Role::Owner)).await.unwrap().unwrap();
    for until in [stage.now(), after(stage.now(), days(400))] {
        let untrained = Staff { trained_until: until, ..staff.clone() };
        stage.db().save_staff(&sub(Role::Owner), &untrained).await.unwrap();
        for address in [recipient_of(ORDER, "legal"), label_of(SHIPMENT, "label")] {
            let answer = stage.as_role(Role::Owner, &address).await;
            assert_eq!(answer.problem(), (403, "training_expired".into()));
        }
    }
    assert_eq!(stage.kms.decrypts(), 0);
    assert!(stage.records().await.iter().all(|r| r.event.action == Action::Refused));
    assert_eq!(stage.records().await.len(), 4);
}

#[tokio::test]
async fn another_merchants_an_unknown_and_a_malformed_id_look_the_same() {
    let stage = Stage::set().await;
    let known = stage.as_role(Role::Owner, &recipient_of("ord_00", "label")).await;
    assert_eq!(known.problem(), (404, "not_found".into()));
    let theirs = [recipient_of(ORDER, "label"), label_of(SHIPMENT, "label")];
    for role in Role::ALL {
        for address in &theirs {
            let answer = stage.get(Some(&format!("other-{role:?}")), address).await;
            let expected = if may(role, Purpose::Label) { (404, "not_found") } else { (403, "not_allowed") };
            assert_eq!(answer.problem(), (expected.0, expected.1.to_owned()), "{role:?}");
            if expected.0 == 404 {
                assert_eq!(answer.body, known.body);
            }
        }
    }
    for address in [
        recipient_of("ord_ffffffffffffffffffffffffffffffff", "label"),
        recipient_of("Zoe", "label"),
        recipient_of("ord_%FF", "label"),
        label_of("shp_0123456789abcdef0123456789abcdef-2", "label"),
        label_of("shp_x", "label"),
        label_of("x", "label"),
    ] {
        let answer = stage.as_role(Role::Owner, &address).await;
        assert_eq!((answer.status, &answer.body), (404, &known.body), "{address}");
    }
    assert_eq!(stage.kms.decrypts(), 0);
    // Nothing of it is in either merchant's chain: not even an id that only a request named.
    assert!(stage.records().await.is_empty());
    assert!(stage.engine.dump("audit").unwrap().is_empty());
}
