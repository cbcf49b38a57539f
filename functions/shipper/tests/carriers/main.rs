//! The scenario table for carriers: every scenario of booking, labelling, voiding, handing over and tracking, on
//! every carrier that is wired, with the sandbox for the carrier and in-memory AWS. Printed as a grid.

#![allow(clippy::unwrap_used, clippy::panic)]

mod booking;
mod dpd;
mod hand;
mod leaving;
mod missing;
mod pacing;
mod papers;
mod pro_shipping;
mod refusing;
mod stage;
mod trying;
mod undone;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use stage::{Api, BRANDS, Brand, Outcome, Stage};
use std::io::Write;
use std::panic::AssertUnwindSafe;

/// One row of the table.
pub struct Scenario {
    /// What happens, in a few words.
    pub name: &'static str,
    /// Plays it.
    pub play: for<'a> fn(&'a Stage) -> LocalBoxFuture<'a, Outcome>,
    /// Why it cannot be at DPD, where it cannot.
    pub not_at_dpd: Option<&'static str>,
    /// Why it cannot be at Pro Shipping, where it cannot.
    pub not_at_pro: Option<&'static str>,
    /// Why it cannot be at Click & Drop, where it cannot.
    pub not_at_click_and_drop: Option<&'static str>,
    /// It can be by this API alone.
    pub alone: Option<Api>,
}

impl Scenario {
    /// Not at DPD, and why.
    fn not_at_dpd(self, why: &'static str) -> Self {
        Self { not_at_dpd: Some(why), ..self }
    }

    /// Not at Pro Shipping, and why.
    fn not_at_pro(self, why: &'static str) -> Self {
        Self { not_at_pro: Some(why), ..self }
    }

    /// Not at Click & Drop, and why.
    fn not_at_click_and_drop(self, why: &'static str) -> Self {
        Self { not_at_click_and_drop: Some(why), ..self }
    }

    /// By one API alone.
    fn alone(self, api: Api) -> Self {
        Self { alone: Some(api), ..self }
    }

    fn applies(&self, brand: &Brand) -> bool {
        let not_there = match brand.api {
            Api::ClickAndDrop => self.not_at_click_and_drop,
            Api::ProShipping => self.not_at_pro,
            Api::Dpd => self.not_at_dpd,
        };
        not_there.is_none() && self.alone.is_none_or(|api| api == brand.api)
    }
}

/// A row from an async function of the same name.
macro_rules! row {
    ($name:literal, $play:path) => {
        $crate::Scenario {
            name: $name,
            play: |stage| Box::pin($play(stage)),
            not_at_dpd: None,
            not_at_pro: None,
            not_at_click_and_drop: None,
            alone: None,
        }
    };
}
pub(crate) use row;

#[tokio::test(flavor = "current_thread")]
async fn every_scenario_on_every_carrier() {
    let rows = booking::rows()
        .into_iter()
        .chain(pacing::rows())
        .chain(refusing::rows())
        .chain(leaving::rows())
        .chain(missing::rows())
        .chain(undone::rows())
        .chain(papers::rows())
        .chain(trying::rows())
        .chain(pro_shipping::rows())
        .chain(dpd::rows())
        // All of them, unless those are named whose names hold these words.
        .filter(|row| std::env::var("SCENARIOS").map_or(true, |words| row.name.contains(&words)));
    let head: String = BRANDS.iter().map(|brand| format!("{:>13}", brand.name)).collect();
    let mut table = format!("{:<62}{head}\n", "scenario");
    let mut failed = Vec::new();
    for row in rows {
        let mut cells = String::new();
        for brand in BRANDS {
            if !row.applies(&brand) {
                cells.push_str(&format!("{:>13}", "n/a"));
                continue;
            }
            let stage = Stage::set(brand).await;
            let end = AssertUnwindSafe((row.play)(&stage)).catch_unwind().await;
            let end = end.unwrap_or_else(|_| Err("panicked".to_owned()));
            cells.push_str(&format!("{:>13}", if end.is_ok() { "ok" } else { "FAILED" }));
            if let Err(why) = end {
                failed.push(format!("{} on {}: {why}", row.name, brand.name));
            }
        }
        let why = |at: &str, why: Option<&str>| why.map(|w| format!("  ({at}: {w})")).unwrap_or_default();
        let why = why("DPD", row.not_at_dpd) + &why("Pro Shipping", row.not_at_pro);
        table.push_str(&format!("{:<62}{cells}{why}\n", row.name));
    }
    // Past the capture of the test runner: the table is for reading.
    std::io::stdout().write_all(table.as_bytes()).unwrap();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
