//! Requests of buyers, holds, the broken glass; registers, staff and incidents.

use super::Route;
use crate::incidents;
use crate::privacy::{glass, hold, requests};
use crate::registers::{self, compliance, staff};
use serde_json::json;
use waybill_domain::access::Action;
use waybill_domain::register::Entry;

pub(super) fn routes() -> Vec<Route> {
    let mut all = forgetting();
    all.extend(registering());
    all
}

fn forgetting() -> Vec<Route> {
    vec![
        Route::get("/v1/requests", requests::list)
            .does("What buyers asked: what is open first, the next due of it; then what is done, the latest first.")
            .may(Action::ReadRequests)
            .query::<requests::Asked>()
            .gives::<requests::Page>()
            .such_as("/v1/requests?status=open&limit=20"),
        Route::post("/v1/requests", requests::ask)
            .does("Puts a request on record, by orders, connection or everything; an erasure begins at once.")
            .may(Action::EraseBuyer)
            .takes::<requests::Body>()
            .gives::<requests::View>()
            .such_as_with(
                "/v1/requests",
                || json!({"kind": "erasure", "orders": ["ord_00000000000000000000000000000001"]}),
            ),
        Route::get("/v1/requests/{request}", requests::read)
            .does("One request, how long it may take and how it ended.")
            .may(Action::ReadRequests)
            .gives::<requests::View>()
            .such_as("/v1/requests/req_00000000000000a1"),
        Route::post("/v1/requests/{request}/clock", requests::clock)
            .does("Extends, stops or starts the clock, or says that it was answered.")
            .may(Action::EraseBuyer)
            .takes::<requests::ClockBody>()
            .gives::<requests::View>()
            .such_as_with("/v1/requests/req_00000000000000a1/clock", || json!({"action": "extend"})),
        Route::post("/v1/requests/{request}/told", requests::told)
            .does("Says that a channel or carrier was told of the erasure (UK GDPR article 19).")
            .may(Action::EraseBuyer)
            .takes::<requests::Passed>()
            .gives::<requests::View>()
            .such_as_with(
                "/v1/requests/req_00000000000000a1/told",
                || json!({"connection": "con_00000000000000aa"}),
            ),
        Route::get("/v1/holds", hold::list)
            .does("Every legal hold, those that are over included.")
            .may(Action::ReadRequests)
            .gives::<Vec<hold::View>>()
            .such_as("/v1/holds"),
        Route::post("/v1/orders/{order}/hold", hold::ask)
            .does("Asks for a legal hold; it holds nothing until somebody else agrees.")
            .may(Action::HoldOrder)
            .takes::<hold::Body>()
            .gives::<hold::View>()
            .such_as_with(
                "/v1/orders/ord_00000000000000000000000000000001/hold",
                || json!({"reason": "claim", "until": "2027-01-31T00:00:00Z"}),
            ),
        Route::post("/v1/orders/{order}/hold/agree", hold::agree)
            .does("Agrees to a hold; from now on it is in force.")
            .may(Action::HoldOrder)
            .gives::<hold::View>()
            .such_as("/v1/orders/ord_00000000000000000000000000000004/hold/agree"),
        Route::post("/v1/orders/{order}/break-glass", glass::ask)
            .does("Asks to open one order for one purpose beyond one's role.")
            .may(Action::ReadOrder)
            .takes::<glass::Ask>()
            .gives::<glass::View>()
            .such_as_with(
                "/v1/orders/ord_00000000000000000000000000000001/break-glass",
                || json!({"purpose": "exception"}),
            ),
        Route::post("/v1/orders/{order}/break-glass/agree", glass::agree)
            .does("Agrees to what somebody else asked, for an hour.")
            .may(Action::AgreeToBreakGlass)
            .takes::<glass::Agree>()
            .gives::<glass::View>()
            .such_as_with(
                "/v1/orders/ord_00000000000000000000000000000004/break-glass/agree",
                || json!({"sub": "mine-Packer"}),
            ),
    ]
}

fn registering() -> Vec<Route> {
    vec![
        Route::get("/v1/registers", registers::list)
            .does("Everything that is registered, and what is due.")
            .may(Action::ReadRegisters)
            .gives::<registers::View>()
            .such_as("/v1/registers"),
        Route::post("/v1/registers/{register}", registers::enter)
            .does("Enters a line, in place of the one of the same name.")
            .may(Action::WriteRegisters)
            .takes::<registers::Body>()
            .gives::<Entry>()
            .such_as_with(
                "/v1/registers/restore_drill",
                || json!({"name": "orders", "done_at": "2026-11-01T09:00:00Z"}),
            ),
        Route::get("/v1/policies", registers::policies)
            .does("The policies in force, each by the hash of the text that was approved.")
            .may(Action::ListOrders)
            .gives::<Vec<registers::Policy>>()
            .such_as("/v1/policies"),
        Route::get("/v1/compliance", compliance::read)
            .does("How the software judges itself now: audit chains, what is due, whose clock has run out.")
            .may(Action::ReadRegisters)
            .gives::<compliance::View>()
            .such_as("/v1/compliance"),
        Route::get("/v1/staff", staff::list)
            .does("Everybody of the staff, with what they are for, and until when they are trained and confirmed.")
            .may(Action::ManageStaff)
            .gives::<staff::Everybody>()
            .such_as("/v1/staff"),
        Route::get("/v1/staff/{sub}", staff::read)
            .does("One of the staff.")
            .may(Action::ManageStaff)
            .gives::<staff::Member>()
            .such_as("/v1/staff/colleague"),
        Route::put("/v1/staff/{sub}", staff::give)
            .does("Makes somebody a member of the staff, changes what they are for, or enters their training.")
            .matching()
            .may(Action::ManageStaff)
            .takes::<staff::Given>()
            .gives::<staff::Member>()
            .such_as_with(
                "/v1/staff/newcomer",
                || json!({"role": "packer", "trained_at": "2026-11-20T09:00:00Z"}),
            ),
        Route::post("/v1/staff/{sub}/review", staff::review)
            .does("Confirms a colleague for another quarter.")
            .may(Action::ManageStaff)
            .gives::<staff::Confirmed>()
            .such_as("/v1/staff/colleague/review"),
        Route::post("/v1/staff/{sub}/end", staff::end)
            .does("Ends what a colleague may do, now.")
            .may(Action::ManageStaff)
            .gives::<staff::Ended>()
            .such_as("/v1/staff/colleague/end"),
        Route::get("/v1/incidents", incidents::list)
            .does("Every incident with the clocks that still run.")
            .may(Action::ReadRegisters)
            .gives::<Vec<incidents::Brief>>()
            .such_as("/v1/incidents"),
        Route::post("/v1/incidents", incidents::open)
            .does("Opens an incident; its clocks start now.")
            .may(Action::HandleIncidents)
            .takes::<incidents::Open>()
            .gives::<incidents::View>()
            .such_as_with("/v1/incidents", || {
                json!({"suspicion": {"from": "2026-11-20T00:00:00Z", "until": "2026-11-21T00:00:00Z"}, "high_risk": true})
            }),
        Route::get("/v1/incidents/{incident}", incidents::read)
            .does("One incident: who is affected, a thousand orders at a time, and the drafts of all notices.")
            .may(Action::ReadRegisters)
            .query::<incidents::Asked>()
            .gives::<incidents::View>()
            .such_as("/v1/incidents/inc_00000000000000a1"),
        Route::post("/v1/incidents/{incident}/risk", incidents::raise_risk)
            .does("Records that the risk for people is high after all: their clock starts now.")
            .may(Action::HandleIncidents)
            .gives::<incidents::View>()
            .such_as("/v1/incidents/inc_00000000000000a1/risk"),
        Route::post("/v1/incidents/{incident}/decisions", incidents::decide)
            .does("Records that somebody was told, or why they are not.")
            .may(Action::HandleIncidents)
            .takes::<incidents::Decide>()
            .gives::<incidents::View>()
            .such_as_with("/v1/incidents/inc_00000000000000a1/decisions", || json!({"notice": "regulator"})),
    ]
}
