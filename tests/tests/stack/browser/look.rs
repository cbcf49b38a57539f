//! What is asked of every page: that everybody can use it, that it fits its screen, that nothing fails on it and that it
//! asks nobody else for anything.

use super::page::{Page, Screen};
use serde_json::json;
use std::path::PathBuf;
use std::sync::LazyLock;

/// axe-core as `cargo xtask` fetched it; every rule of WCAG 2.2 A and AA and of its best practices that it can judge.
static AXE: LazyLock<Option<String>> = LazyLock::new(|| {
    let there =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.waybill/axe/node_modules/axe-core/axe.min.js");
    let file = std::env::var_os("WAYBILL_AXE").map_or(there, PathBuf::from);
    let script = std::fs::read_to_string(&file).ok();
    if script.is_none() {
        eprintln!("SKIPPED: pages are not judged by axe-core, which is not at {}", file.display());
    }
    script
});

/// Looks at the page that is open, and keeps a picture of it where `WAYBILL_PICTURES` names a folder.
pub async fn look(page: &mut Page, name: &str, screen: Screen, scheme: &str) {
    assert_eq!(faults(page, name, screen, scheme).await, Vec::<String>::new());
}

/// Everything that is wrong with the page that is open.
pub async fn faults(page: &mut Page, name: &str, screen: Screen, scheme: &str) -> Vec<String> {
    if let Some(folder) = std::env::var_os("WAYBILL_PICTURES").map(PathBuf::from) {
        std::fs::create_dir_all(&folder).unwrap();
        page.picture(&folder.join(format!("{name}-{}-{scheme}.png", screen.width()))).await;
    }
    let mut all = Vec::new();
    let wide = page.eval("document.documentElement.scrollWidth").await.as_u64().unwrap();
    if wide > u64::from(screen.width()) {
        all.push(format!("it is {wide} pixels wide"));
    }
    all.extend(page.complaints().into_iter().map(|one| format!("the browser says: {one}")));
    all.extend(page.strangers().into_iter().map(|one| format!("it asks {one}")));
    all.extend(judged(page).await);
    let at = page.address().await;
    let what = |one: String| format!("{name} ({at}) at {} pixels, {scheme}: {one}", screen.width());
    all.into_iter().map(what).collect()
}

/// What keeps somebody out, as far as axe-core finds it.
async fn judged(page: &mut Page) -> Vec<String> {
    let Some(axe) = AXE.as_deref() else { return Vec::new() };
    if page.eval("typeof window.axe").await != json!("object") {
        page.eval(&format!("{axe}; void 0")).await;
    }
    let found = page
        .eval(
            "axe.run(document, {resultTypes: ['violations']}).then((told) => told.violations.map((one) => \
             one.id + ': ' + one.nodes.map((node) => node.target.join(' ') + ' ' + node.failureSummary).join('; ')))",
        )
        .await;
    let all = found.as_array().expect("the judge said nothing");
    all.iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}
