//! In and out, whose session it is, and forms that somebody else made.

use super::browser::Browser;
use crate::stage::{MERCHANT, Stage, order_id};
use http::header;
use waybill_domain::access::Role;
use waybill_domain::exception::Reason;
use waybill_domain::order::{Hold, Status};
use waybill_store::staff::Staff;

#[tokio::test]
async fn a_sign_in_goes_to_the_pool_and_back_and_leaves_a_session_that_no_script_reads() {
    let stage = Stage::set().await;
    let mut browser = Browser::new(&stage);
    let stranger = browser.get("/console/orders").await;
    assert_eq!((stranger.status, stranger.to()), (303, "../console/sign-in"));
    let page = browser.get("/console/sign-in").await;
    for part in [
        "https://pages.invalid/oauth2/authorize?response_type=code",
        "code_challenge_method=S256",
        "scope=openid",
    ] {
        assert!(page.text.contains(part), "{}", page.text);
    }
    let state = page.text.split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    for wrong in [
        "/console/signed-in".to_owned(),
        "/console/signed-in?state=other&code=for-mine-Packer".to_owned(),
        format!("/console/signed-in?state={state}&code=stale"),
        format!("/console/signed-in?state={state}&code=for-left"),
        format!("/console/signed-in?state={state}&code=for-nobody"),
    ] {
        let refused = browser.get(&wrong).await;
        assert_eq!(refused.status, 403, "{wrong}");
        assert!(!browser.cookies.contains_key("__Host-waybill-token"), "{wrong}");
    }
    let back = browser.get(&format!("/console/signed-in?state={state}&code=for-mine-Packer")).await;
    assert_eq!(back.status, 200);
    let set: Vec<_> =
        back.headers.get_all(header::SET_COOKIE).iter().map(|one| one.to_str().unwrap()).collect();
    assert_eq!(set.len(), 4);
    assert!(set.iter().all(|one| one.contains("HttpOnly; Secure; SameSite=Strict")), "{set:?}");
    let asked = browser.pool.asked.lock().unwrap().clone();
    assert!(asked.iter().all(|fields| fields["code_verifier"].len() >= 43 && fields["client_id"] == "staff"));
    assert_eq!(browser.get("/console").await.status, 200);
    let out = browser.post("/console/sign-out", &[]).await;
    assert_eq!((out.status, out.to()), (303, "../console/sign-in"));
    assert!(browser.cookies.is_empty());
    assert_eq!(browser.pool.asked.lock().unwrap().last().unwrap()["token"], "for-mine-Packer");
    assert_eq!(browser.get("/console").await.status, 303);
}

#[tokio::test]
async fn a_session_is_renewed_when_its_token_ends_and_ends_at_once_when_the_grant_does() {
    let stage = Stage::set().await;
    let mut browser = Browser::of(&stage, "mine-Packer").await;
    let first = browser.cookies["__Host-waybill-token"].clone();
    stage.advance(901);
    assert_eq!(browser.get("/console").await.status, 200);
    assert_ne!(browser.cookies["__Host-waybill-token"], first);
    // Even a form that was open meanwhile.
    stage.advance(901);
    assert_eq!(browser.post("/console/picks/none/drop", &[]).await.status, 404);
    let ended = Staff {
        merchant: MERCHANT.parse().unwrap(),
        role: Role::Packer,
        trained_until: stage.now(),
        reviewed_at: stage.now(),
        active: false,
    };
    stage.db.save_staff("mine-Packer", &ended).await.unwrap();
    let refused = browser.get("/console/orders").await;
    assert_eq!(refused.status, 403);
    assert!(refused.text.contains("This sign-in has no access"));
    // A day that is over, and a token that somebody made up.
    browser.cookies.insert("__Host-waybill-keep".into(), "over".into());
    browser.cookies.insert("__Host-waybill-token".into(), "a.b.c".into());
    assert_eq!(browser.get("/console").await.status, 303);
    // Without its prefix a cookie may be a neighbour's.
    let mut browser = Browser::of(&stage, "mine-Manager").await;
    let token = browser.cookies.remove("__Host-waybill-token").unwrap();
    browser.cookies.remove("__Host-waybill-keep");
    browser.cookies.insert("waybill-token".into(), token);
    assert_eq!(browser.get("/console").await.status, 303);
}

#[tokio::test]
async fn a_form_that_another_site_made_does_nothing() {
    let stage = Stage::set().await;
    let mut order = stage.order(1).await;
    order.status = Status::Held;
    order.hold = Some(Hold::Exception);
    order.raise(Reason::HeldByRule, Some("look".into()), stage.now());
    stage.db.save_order(&mut order).await.unwrap();
    let mut browser = Browser::of(&stage, "mine-Manager").await;
    let form = browser.cookies["__Host-waybill-form"].clone();
    let address = format!("/console/orders/{}/let-go", order_id(1));
    let cross = [("sec-fetch-site", "cross-site")];
    let near = [("sec-fetch-site", "same-site")];
    for (fields, headers) in [
        (vec![], vec![]),
        (vec![("form", "")], vec![]),
        (vec![("form", "0".repeat(32).leak() as &str)], vec![]),
        (vec![("form", form.as_str())], cross.to_vec()),
        (vec![("form", form.as_str())], near.to_vec()),
    ] {
        let refused = browser.raw(&address, &fields, &headers).await;
        assert_eq!(refused.status, 403, "{fields:?} {headers:?}");
        assert!(refused.text.contains("Nothing was done"), "{}", refused.text);
        assert_eq!(stage.order(1).await.status, Status::Held);
    }
    let done = browser.raw(&address, &[("form", &form)], &[("sec-fetch-site", "same-origin")]).await;
    assert_eq!((done.status, done.to()), (303, "../../../console/exceptions?done=let-go"));
    assert_eq!(stage.order(1).await.status, Status::Received);
}

#[tokio::test]
async fn nothing_is_kept_framed_or_asked_of_others() {
    let stage = Stage::set().await;
    let mut browser = Browser::of(&stage, "mine-Owner").await;
    for address in ["/console", "/console/nothing", "/console/sign-in", "/console/orders?status=x"] {
        let seen = browser.get(address).await;
        let policy = seen.headers["content-security-policy"].to_str().unwrap();
        for part in
            ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'self'"]
        {
            assert!(policy.contains(part), "{address}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(seen.headers["cache-control"], "no-store", "{address}");
    }
    assert_eq!(browser.get("/console/style.css").await.headers["content-type"], "text/css; charset=utf-8");
    assert!(browser.get("/console/console.js").await.text.contains("use strict"));
}

#[tokio::test]
async fn a_renewed_session_goes_back_to_a_label_and_nowhere_else() {
    let stage = Stage::set().await;
    let mut browser = Browser::of(&stage, "mine-Packer").await;
    let good = browser.get("/console/again?to=labels/shp_1-1?purpose=label").await;
    assert_eq!((good.status, good.to()), (303, "../console/labels/shp_1-1?purpose=label&again=1"));
    for wrong in [
        "https://elsewhere.invalid",
        "//elsewhere.invalid?x",
        "orders?x",
        "labels/../orders?x",
        "labels/x",
        "labels?%0d%0ax",
    ] {
        assert_eq!(browser.get(&format!("/console/again?to={wrong}")).await.status, 404, "{wrong}");
    }
}
