//! The merchant itself, and its accounts at channels and carriers.

use super::Route;
use crate::connections::{self, Shown, act, authorise, backfill, connect, manifests, posted};
use crate::merchant::{self, Settings};
use serde_json::json;
use waybill_domain::access::Action;
use waybill_store::registry::Credentials;

/// The merchant.
pub(super) fn merchant() -> Vec<Route> {
    vec![
        Route::get("/v1/merchant", merchant::read)
            .does("The settings of the merchant.")
            .may(Action::ReadMerchant)
            .gives::<Settings>()
            .such_as("/v1/merchant"),
        Route::put("/v1/merchant", merchant::save)
            .does("Stores the settings; the first time, by the first owner of a merchant, it makes the merchant.")
            .guarded()
            .may(Action::KeepMerchant)
            .takes::<Settings>()
            .gives::<Settings>()
            .gives_as::<Settings>(201)
            .such_as_with("/v1/merchant", || {
                json!({
                    "id": "mer_00000000000000aa",
                    "name": "Invented Traders",
                    "warehouses": [
                        {"id": "wh_north", "name": "North", "priority": 1, "near": ["M", "LS"]},
                        {"id": "wh_south", "name": "South", "priority": 2, "near": ["BS"]},
                    ],
                    "part_ship": false,
                    "services": {"rules": [{
                        "countries": ["GB"], "up_to_grams": 2000, "connection": "con_00000000000000cc",
                        "service": {"carrier": "royal_mail", "code": "TPS48", "format": "parcel"},
                    }]},
                })
            }),
    ]
}

/// Accounts.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/connections", connections::list)
            .does("Every connection and its health; secrets go in and never come out.")
            .may(Action::ReadConnections)
            .gives::<connections::All>()
            .such_as("/v1/connections"),
        Route::post("/v1/connections", connect::connect)
            .does("Connects an account whose credentials are at hand; one that was refused or disconnected is used again.")
            .may(Action::ManageConnections)
            .takes::<connect::Wanted>()
            .gives_as::<Shown>(201)
            .gives::<Shown>()
            .such_as_with("/v1/connections", || {
                json!({
                    "address": "https://new-shop.example.invalid",
                    "credentials": {"kind": "woocommerce", "secrets": ["invented"], "key": "ck_invented", "secret": "cs_invented"},
                })
            }),
        Route::post("/v1/connections/authorise", authorise::begin)
            .does("Begins connecting an account whose owner agrees on the channel's own page.")
            .may(Action::ManageConnections)
            .takes::<authorise::Application>()
            .gives::<authorise::Away>()
            .such_as_with("/v1/connections/authorise", || {
                json!({
                    "kind": "shopify", "address": "https://new-shop.example.invalid", "client_id": "invented",
                    "client_secret": "invented", "redirect": "https://api.example.invalid/connect/shopify",
                })
            }),
        Route::get("/connect/{channel}", authorise::back)
            .does("Where the channel's page sends the account's owner back to, with a one-time state.")
            .gives_as::<Shown>(201)
            .gives::<Shown>(),
        Route::get("/connect/{channel}/{state}", posted::back)
            .does("Where a shop that posts its keys sends its owner back to.")
            .gives_as::<Shown>(201)
            .gives::<Shown>(),
        Route::post("/connect/{channel}/{state}", posted::posted)
            .does("Where a shop posts its keys when its owner has agreed; good once.")
            .gives::<posted::Taken>(),
        Route::get("/v1/connections/{connection}", connections::read)
            .does("One connection and its health.")
            .may(Action::ReadConnections)
            .gives::<Shown>()
            .such_as("/v1/connections/con_00000000000000aa"),
        Route::delete("/v1/connections/{connection}", act::disconnect)
            .does("Stops a connection's work and erases everything of its buyers.")
            .may(Action::ManageConnections)
            .gives_as::<Shown>(202)
            .such_as("/v1/connections/con_00000000000000aa"),
        Route::post("/v1/connections/{connection}/test", act::test)
            .does("Asks a channel for what changed in the last minute, and a carrier something that books nothing.")
            .may(Action::ManageConnections)
            .gives::<act::Tried>()
            .such_as("/v1/connections/con_00000000000000aa/test"),
        Route::post("/v1/connections/{connection}/pause", act::pause)
            .does("Sends and takes nothing until it is resumed.")
            .may(Action::ManageConnections)
            .gives::<Shown>()
            .such_as("/v1/connections/con_00000000000000aa/pause"),
        Route::post("/v1/connections/{connection}/resume", act::resume)
            .does("Uses the connection again.")
            .may(Action::ManageConnections)
            .gives::<Shown>()
            .such_as("/v1/connections/con_00000000000000aa/resume"),
        Route::put("/v1/connections/{connection}/credentials", act::rotate)
            .does("Replaces the secrets; the signing secret before it stays good.")
            .may(Action::ManageConnections)
            .takes::<Credentials>()
            .gives::<Shown>()
            .such_as_with("/v1/connections/con_00000000000000aa/credentials", || {
                json!({"kind": "woocommerce", "secrets": ["newer"], "key": "ck_newer", "secret": "cs_newer"})
            }),
        Route::put("/v1/connections/{connection}/places", act::places)
            .does("Maps warehouses to the channel's places; each is told the stock of its own.")
            .may(Action::ManageConnections)
            .takes::<act::Places>()
            .gives::<Shown>()
            .such_as_with(
                "/v1/connections/con_00000000000000ab/places",
                || json!({"places": {"wh_north": "gid://shopify/Location/1", "wh_south": "gid://shopify/Location/2"}}),
            ),
        Route::get("/v1/connections/{connection}/backfills", backfill::list)
            .does("Backfills of a connection and how far they are.")
            .may(Action::ReadConnections)
            .gives::<backfill::All>()
            .such_as("/v1/connections/con_00000000000000aa/backfills"),
        Route::post("/v1/connections/{connection}/backfills", backfill::start)
            .does("Reads a span of the past; the same span asked for twice is one backfill.")
            .may(Action::ManageConnections)
            .takes::<backfill::Span>()
            .gives_as::<backfill::Progress>(202)
            .gives::<backfill::Progress>()
            .such_as_with(
                "/v1/connections/con_00000000000000aa/backfills",
                || json!({"from": "2026-11-01T00:00:00Z", "to": "2026-11-08T00:00:00Z"}),
            ),
    ]
}

/// Hand-overs to carriers.
pub(super) fn manifests() -> Vec<Route> {
    const ALL: &str = "/v1/connections/con_00000000000000cc/manifests";
    const ONE: &str = "/v1/connections/con_00000000000000cc/manifests/man_00000000000000a1";
    vec![
        Route::get("/v1/connections/{connection}/manifests", manifests::list)
            .does("The day's hand-overs of a carrier account and how far they are.")
            .may(Action::ReadStock)
            .gives::<manifests::All>()
            .such_as(ALL),
        Route::post("/v1/connections/{connection}/manifests", manifests::make)
            .does("Hands every labelled parcel of a carrier account over, on the seller's word; nothing undoes it.")
            .may(Action::HandOver)
            .takes::<manifests::Wanted>()
            .gives_as::<manifests::View>(202)
            .such_as_with(
                ALL,
                || json!({"warehouse": "wh_north", "carrier_name": "Royal Mail OBA", "sweeps_account": true}),
            ),
        Route::get("/v1/connections/{connection}/manifests/{manifest}", manifests::read)
            .does("One hand-over and how far it is.")
            .may(Action::ReadStock)
            .gives::<manifests::View>()
            .such_as(ONE),
        Route::get("/v1/connections/{connection}/manifests/{manifest}/document", manifests::document)
            .does("The document for the driver; it lists parcels and no addresses.")
            .may(Action::ReadStock)
            .gives_files(&["application/pdf"])
            .such_as("/v1/connections/con_00000000000000cc/manifests/man_00000000000000a1/document"),
    ]
}
