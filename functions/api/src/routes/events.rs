//! Addresses that hear of events.

use super::Route;
use crate::subscriptions::{self, Shown, WithSecret, act, deliveries, make};
use serde_json::json;
use waybill_domain::access::Action;

const ONE: &str = "/v1/subscriptions/sub_00000000000000000000a1";

/// Subscriptions and their deliveries.
pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/subscriptions", subscriptions::list)
            .does("Every address that hears of events, and whether it takes them.")
            .may(Action::ReadConnections)
            .gives::<subscriptions::All>()
            .such_as("/v1/subscriptions"),
        Route::post("/v1/subscriptions", make::make)
            .does("Sends events to an address from now on, signed as Standard Webhooks; the secret is shown once.")
            .may(Action::ManageConnections)
            .takes::<make::Wanted>()
            .gives_as::<WithSecret>(201)
            .such_as_with("/v1/subscriptions", || {
                json!({
                    "url": "https://events.shop.example.invalid/waybill",
                    "types": ["order.status_changed", "stock.state_changed"],
                })
            }),
        Route::get("/v1/subscriptions/{subscription}", subscriptions::read)
            .does("One address that hears of events.")
            .may(Action::ReadConnections)
            .gives::<Shown>()
            .such_as(ONE),
        Route::delete("/v1/subscriptions/{subscription}", act::delete)
            .does("Takes an address away with its secret; nothing more is sent there.")
            .may(Action::ManageConnections)
            .gives::<Shown>()
            .such_as(ONE),
        Route::post("/v1/subscriptions/{subscription}/pause", act::pause)
            .does("Sends nothing until it is resumed; what happens meanwhile is kept as missed.")
            .may(Action::ManageConnections)
            .gives::<Shown>()
            .such_as("/v1/subscriptions/sub_00000000000000000000a1/pause"),
        Route::post("/v1/subscriptions/{subscription}/resume", act::resume)
            .does("Sends what happens from now on; what was missed waits to be replayed.")
            .may(Action::ManageConnections)
            .gives::<Shown>()
            .such_as("/v1/subscriptions/sub_00000000000000000000a1/resume"),
        Route::post("/v1/subscriptions/{subscription}/rotate", make::rotate)
            .does("Makes another secret and shows it once; for a day what is sent is signed with both.")
            .may(Action::ManageConnections)
            .gives::<WithSecret>()
            .such_as("/v1/subscriptions/sub_00000000000000000000a1/rotate"),
        Route::post("/v1/subscriptions/{subscription}/test", deliveries::test)
            .does("Sends an event of the type `subscription.test`, by which nothing happened.")
            .may(Action::ReplayEvents)
            .gives_as::<deliveries::View>(202)
            .such_as("/v1/subscriptions/sub_00000000000000000000a1/test"),
        Route::post("/v1/subscriptions/{subscription}/replay", deliveries::replay_since)
            .does("Sends again what failed or was missed since a time, 100 events at most.")
            .may(Action::ReplayEvents)
            .takes::<deliveries::Since>()
            .gives_as::<deliveries::Replayed>(202)
            .such_as_with(
                "/v1/subscriptions/sub_00000000000000000000a1/replay",
                || json!({"since": "2026-11-23T00:00:00Z"}),
            ),
        Route::get("/v1/subscriptions/{subscription}/deliveries", deliveries::list)
            .does("What became of the events sent to an address, the newest first, for 14 days.")
            .may(Action::ReadConnections)
            .query::<deliveries::Asked>()
            .gives::<deliveries::Page>()
            .such_as("/v1/subscriptions/sub_00000000000000000000a1/deliveries?limit=10"),
        Route::post("/v1/subscriptions/{subscription}/deliveries/{delivery}/replay", deliveries::replay)
            .does("Sends one event again, whatever became of it.")
            .may(Action::ReplayEvents)
            .gives_as::<deliveries::View>(202)
            .such_as(
                "/v1/subscriptions/sub_00000000000000000000a1/deliveries/dlv_1795425300000-00000000000000a1/replay",
            ),
    ]
}
