//! The console in a headless Chromium, as staff use it: by mouse, by keyboard and by scanner, on a phone and at a desk.
//!
//! Without Chromium these stories say so and are left out; `cargo xtask test` counts them as skipped.

mod chromium;
mod desk_work;
mod first_day;
mod look;
mod page;
mod walks;

use chromium::Chromium;
use page::Page;
use waybill_harness::staff::PASSWORD;

/// Signs somebody in on the user pool's own page.
async fn sign_in(page: &mut Page, name: &str) {
    page.go("/sign-in").await;
    page.press("Sign in").await;
    page.wait("the pool's page", "Boolean(document.querySelector('[name=password]'))").await;
    for (field, value) in [("username", name), ("password", PASSWORD)] {
        let script = format!("document.querySelector('[name={field}]').value = {}", serde_json::json!(value));
        page.eval(&script).await;
    }
    page.eval("void document.querySelector('[name=password]').form.submit()").await;
    // A first owner is led to where the merchant is made.
    let there = r"/\/console(\/begin)?$/.test(location.pathname) && document.readyState === 'complete'";
    page.wait("the console", there).await;
    // The pool's page is not ours.
    page.complaints();
}
