//! Orders, exceptions, pick lists and the packing bench.

use super::Route;
use crate::sparse::Part;
use crate::{
    dry_run, exceptions, instructions, order, orders, packing, page, papers, picks, settle, shipments, sparse,
};
use serde_json::{Value, json};
use waybill_domain::access::Action;
use waybill_domain::allocation::Explained;
use waybill_domain::picking::PickList;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/v1/orders", orders::show)
            .does("Orders, newest first: of one status or of all, by account, channel, time, SKU and open matter.")
            .may(Action::ListOrders)
            .query::<orders::Wanted>()
            .gives::<orders::Page<Part<orders::Summary>>>()
            .such_as("/v1/orders?status=received&limit=2&fields=order,status,total"),
        Route::get("/v1/orders/{order}", order::show)
            .does("One order with its lines, shipments and open matters; nothing in it names or locates a person.")
            .may(Action::ReadOrder)
            .query::<sparse::Wanted>()
            .gives::<Part<order::View>>()
            .such_as("/v1/orders/ord_00000000000000000000000000000001"),
        Route::post("/v1/orders/{order}/cancel", instructions::cancel)
            .does(
                "Cancels an order that has not left: its label is voided where the carrier allows it, its goods are given \
                 back, and the channel is told nothing.",
            )
            .may(Action::DirectOrder)
            .gives::<instructions::Standing>()
            .such_as("/v1/orders/ord_00000000000000000000000000000001/cancel"),
        Route::post("/v1/orders/{order}/fulfilment/hold", instructions::hold)
            .does("Holds an order that has no label yet, with its goods, until it is released.")
            .may(Action::DirectOrder)
            .gives::<instructions::Standing>()
            .such_as("/v1/orders/ord_00000000000000000000000000000001/fulfilment/hold"),
        Route::post("/v1/orders/{order}/fulfilment/release", instructions::release)
            .does("Lets an order go on that the merchant's own people hold.")
            .may(Action::DirectOrder)
            .gives::<instructions::Standing>()
            .such_as("/v1/orders/ord_00000000000000000000000000000004/fulfilment/release"),
        Route::get("/v1/orders/{order}/instructions", instructions::read)
            .does("How an order is to leave, and what colleagues should know of it.")
            .may(Action::ReadOrder)
            .gives::<instructions::Instructions>()
            .such_as("/v1/orders/ord_00000000000000000000000000000001/instructions"),
        Route::put("/v1/orders/{order}/instructions", instructions::write)
            .does("Says whether an order leaves whole, and a note that names no one.")
            .may(Action::DirectOrder)
            .matching()
            .takes::<instructions::Instructions>()
            .gives::<instructions::Instructions>()
            .such_as_with(
                "/v1/orders/ord_00000000000000000000000000000001/instructions",
                || json!({"ship_complete": true, "note": "Double box: the last one arrived broken."}),
            ),
        Route::get("/v1/shipments", shipments::list)
            .does("Shipments, the newest order's first: by warehouse, carrier, booking and where the parcel is.")
            .may(Action::ListOrders)
            .query::<shipments::Wanted>()
            .gives::<shipments::Page>()
            .such_as("/v1/shipments?status=booked&limit=2"),
        Route::get("/v1/shipments/{shipment}", shipments::read)
            .does("One shipment with its parcels, where they are, and whether its label can still be undone.")
            .may(Action::ReadOrder)
            .gives::<shipments::Detail>()
            .such_as("/v1/shipments/shp_00000000000000000000000000000001-1"),
        Route::post("/v1/shipments/{shipment}/void", shipments::void)
            .does(
                "Has a label undone that was not handed over; its order waits until its people have it booked again or \
                 cancel it, and the channel is told nothing.",
            )
            .may(Action::DirectOrder)
            .gives_as::<shipments::Detail>(202)
            .such_as("/v1/shipments/shp_00000000000000000000000000000006-1/void"),
        Route::post("/v1/shipments/{shipment}/papers", papers::ask)
            .does(
                "Has the carrier print a despatch note or a customs declaration, or book a return label, which is booked \
                 once; GET …/papers/{paper} gives it when the shipment says that it is made.",
            )
            .may(Action::PrintPapers)
            .takes::<papers::Wanted>()
            .gives_as::<shipments::Detail>(202)
            .such_as_with(
                "/v1/shipments/shp_00000000000000000000000000000006-1/papers",
                || json!({"paper": "despatch_note"}),
            ),
        Route::get("/v1/exceptions", exceptions::list)
            .does("Orders that need a person, with what to do next.")
            .may(Action::ListExceptions)
            .query::<page::Asked>()
            .gives::<exceptions::Page>()
            .such_as("/v1/exceptions?status=held"),
        Route::get("/v1/orders/{order}/allocation", dry_run::explain)
            .does("What would be decided for an order now, and why; nothing is reserved.")
            .may(Action::ReadStock)
            .gives::<Explained>()
            .such_as("/v1/orders/ord_00000000000000000000000000000001/allocation"),
        Route::get("/v1/orders/{order}/services", dry_run::services)
            .does("Which service would be booked for each parcel an order holds goods for, and why; nobody is called.")
            .may(Action::ReadStock)
            .gives::<Vec<dry_run::Served>>()
            .such_as("/v1/orders/ord_00000000000000000000000000000003/services"),
        Route::post("/v1/orders/{order}/let-go", dry_run::let_go)
            .does("Lets an order go on that a rule of the merchant holds.")
            .may(Action::LetGo)
            .gives::<dry_run::LetGo>()
            .such_as("/v1/orders/ord_00000000000000000000000000000002/let-go"),
        Route::post("/v1/orders/{order}/settle", settle::one)
            .does("Ends an open matter of an order that a person has dealt with; the list of exceptions shows how.")
            .may(Action::LetGo)
            .takes::<settle::Done>()
            .gives::<settle::Settled>()
            .such_as_with("/v1/orders/ord_00000000000000000000000000000005/settle", refused),
        Route::post("/v1/exceptions/settle", settle::many)
            .does("Ends the same matter of up to a hundred orders, each with its own outcome.")
            .may(Action::LetGo)
            .takes::<settle::Many>()
            .gives::<Vec<settle::Outcome>>()
            .such_as_with("/v1/exceptions/settle", || {
                let mut body = refused();
                body["orders"] = json!(["ord_00000000000000000000000000000005"]);
                body
            }),
        Route::get("/v1/orders/{order}/packing", packing::boxes)
            .does("Which boxes fit what an order holds, by warehouse.")
            .may(Action::ReadStock)
            .gives::<Vec<packing::Packing>>()
            .such_as("/v1/orders/ord_00000000000000000000000000000003/packing"),
        Route::post("/v1/orders/{order}/packing", packing::pack)
            .does("Checks what was packed against what is to leave, and keeps it when it is right; labels that waited for it are bought.")
            .may(Action::WorkStock)
            .takes::<packing::Scanned>()
            .gives::<packing::Checked>()
            .such_as_with(
                "/v1/orders/ord_00000000000000000000000000000003/packing",
                || json!({"warehouse": "wh_north", "parcels": [{"TEE-RED": 2}]}),
            ),
        Route::get("/v1/picks", picks::list)
            .does("Pick lists that are not done.")
            .may(Action::ReadStock)
            .gives::<picks::Open>()
            .such_as("/v1/picks"),
        Route::post("/v1/picks", picks::make)
            .does("Makes a pick list; the same name again gives the same list.")
            .may(Action::WorkStock)
            .takes::<picks::Making>()
            .gives::<picks::Made>()
            .such_as_with("/v1/picks", || json!({"list": "pick_2", "warehouse": "wh_north", "style": "batch"})),
        Route::get("/v1/picks/{list}", picks::read)
            .does("One pick list, in walking order.")
            .may(Action::ReadStock)
            .gives::<PickList>()
            .such_as("/v1/picks/pick_1"),
        Route::post("/v1/picks/{list}/confirm", picks::confirm)
            .does("Confirms a stop: what was scanned, and how many pieces were there.")
            .may(Action::WorkStock)
            .takes::<picks::Confirming>()
            .gives::<picks::Confirmed>()
            .such_as_with(
                "/v1/picks/pick_1/confirm",
                || json!({"stop": 1, "bin": "DOCK", "scanned": "TEE-RED", "quantity": 2}),
            ),
        Route::post("/v1/picks/{list}/drop", picks::drop_list)
            .does("Closes a pick list; what it still asks for is free again.")
            .may(Action::WorkStock)
            .gives::<PickList>()
            .such_as("/v1/picks/pick_1/drop"),
    ]
}

/// What the carrier refused was mended.
fn refused() -> Value {
    json!({"reason": "carrier_refused", "remedy": "retry"})
}
