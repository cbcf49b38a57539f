//! Goods, and the places they lie in.

use super::Route;
use crate::{catalogue, counts, insight, jobs, movements, places, stock, transfers, uploads, verify};
use serde_json::json;
use waybill_domain::access::Action;
use waybill_domain::backorder::Expected;
use waybill_domain::catalogue::{Mapping, Sku};
use waybill_domain::places::{Bin, Place};
use waybill_domain::sourcing::Policy;
use waybill_store::stock::counts::Count;
use waybill_store::uploads::Upload;

/// Levels, movements, counts, transfers, and the catalogue.
pub(super) fn goods() -> Vec<Route> {
    vec![
        Route::get("/v1/stock/{sku}", stock::read)
            .does("The levels of one SKU, what moved them, which orders hold it and which wait for it.")
            .may(Action::ReadStock)
            .gives::<stock::View>()
            .such_as("/v1/stock/TEE-RED"),
        Route::get("/v1/stock/verify", verify::step)
            .does("Proves that stock is what its movements say; go on with `next`.")
            .may(Action::ReadStock)
            .query::<verify::Asked>()
            .gives::<verify::Page>()
            .such_as("/v1/stock/verify"),
        Route::get("/v1/stock/insight", insight::list)
            .does("How long each SKU lasts, what is out, low or dead, and what the next week may take.")
            .may(Action::ReadStock)
            .query::<insight::Asked>()
            .gives::<insight::Page>()
            .such_as("/v1/stock/insight?state=good"),
        Route::post("/v1/stock/movements", movements::record)
            .does("Records goods that came, went or moved, once by reference.")
            .may(Action::WorkStock)
            .takes::<movements::Body>()
            .gives::<movements::Done>()
            .such_as_with("/v1/stock/movements", || {
                json!({"kind": "receive", "sku": "TEE-RED", "warehouse": "wh_north", "quantity": 12,
                    "reason": "purchase", "reference": "PO-2031"})
            }),
        Route::post("/v1/stock/expected", catalogue::expect)
            .does("Stores goods on order, so that who waits can be told a day.")
            .may(Action::KeepCatalogue)
            .takes::<Expected>()
            .gives::<Expected>()
            .such_as_with(
                "/v1/stock/expected",
                || json!({"reference": "PO-2032", "sku": "TEE-RED", "quantity": 50, "on": "2026-12-01"}),
            ),
        Route::get("/v1/stock/counts", counts::list)
            .does("Counts that wait for a second person.")
            .may(Action::ApproveCount)
            .gives::<counts::Waiting>()
            .such_as("/v1/stock/counts"),
        Route::post("/v1/stock/counts", counts::take)
            .does("Takes a blind count of one spot; a large difference waits for a second person.")
            .may(Action::WorkStock)
            .takes::<counts::Body>()
            .gives::<Count>()
            .such_as_with("/v1/stock/counts", || {
                json!({"sku": "TEE-RED", "warehouse": "wh_north", "spot": "DOCK", "counted": 20, "reference": "C-7"})
            }),
        Route::post("/v1/stock/counts/{reference}/approve", counts::approve)
            .does("Books a count that waits; not by whoever counted.")
            .may(Action::ApproveCount)
            .gives::<counts::Approved>()
            .such_as("/v1/stock/counts/C-1/approve"),
        Route::get("/v1/stock/transfers", transfers::list)
            .does("Goods between warehouses.")
            .may(Action::ReadStock)
            .gives::<transfers::UnderWay>()
            .such_as("/v1/stock/transfers"),
        Route::post("/v1/stock/transfers", transfers::send)
            .does("Sends goods to another warehouse, once by reference.")
            .may(Action::WorkStock)
            .takes::<transfers::Sending>()
            .gives::<transfers::Sent>()
            .such_as_with("/v1/stock/transfers", || {
                json!({"sku": "TEE-RED", "from": "wh_north", "to": "wh_south", "quantity": 3, "reference": "T-2"})
            }),
        Route::post("/v1/stock/transfers/{reference}/receive", transfers::receive)
            .does("Takes in what arrived of a transfer.")
            .may(Action::WorkStock)
            .takes::<transfers::Arriving>()
            .gives::<transfers::Received>()
            .such_as_with("/v1/stock/transfers/T-1/receive", || json!({"quantity": 2, "part": "1"})),
        Route::get("/v1/skus", catalogue::list)
            .does("SKUs, page by page.")
            .may(Action::ReadStock)
            .query::<catalogue::Asked>()
            .gives::<catalogue::Page>()
            .such_as("/v1/skus"),
        Route::get("/v1/skus/{sku}", catalogue::read)
            .does("One SKU.")
            .may(Action::ReadStock)
            .gives::<Sku>()
            .such_as("/v1/skus/TEE-RED"),
        Route::put("/v1/skus/{sku}", catalogue::save)
            .does("Stores a SKU.")
            .matching()
            .may(Action::KeepCatalogue)
            .takes::<Sku>()
            .gives::<Sku>()
            .such_as_with("/v1/skus/MUG", || json!({"sku": "MUG", "name": "Mug, blue", "grams": 320})),
        Route::get("/v1/mappings", catalogue::mappings)
            .does("What a channel calls our SKUs.")
            .may(Action::ReadStock)
            .query::<catalogue::OfConnection>()
            .gives::<catalogue::Mappings>()
            .such_as("/v1/mappings?connection=con_00000000000000aa"),
        Route::post("/v1/mappings", catalogue::map)
            .does("Stores a mapping and lets the orders go on that waited for it.")
            .may(Action::KeepCatalogue)
            .takes::<Mapping>()
            .gives::<catalogue::Mapped>()
            .such_as_with("/v1/mappings", || {
                json!({"connection": "con_00000000000000aa", "channel_sku": "tee-red-2", "sku": "TEE-RED", "units": 2})
            }),
        Route::delete("/v1/mappings", catalogue::unmap)
            .does("Takes a mapping away: orders that name the channel's SKU wait for a person from then on. What the channel shows of it stays as it is; the listing is the seller's to end.")
            .may(Action::KeepCatalogue)
            .query::<catalogue::OfListing>()
            .gives::<Mapping>()
            .such_as("/v1/mappings?connection=con_00000000000000aa&channel_sku=tee-red"),
        Route::get("/v1/jobs", jobs::list)
            .does("What was asked for and takes a while, backfills and uploads, with how far it is.")
            .may(Action::ReadStock)
            .query::<jobs::Asked>()
            .gives::<jobs::All>()
            .such_as("/v1/jobs"),
        Route::get("/v1/uploads/{upload}", uploads::read)
            .does("How far an upload is.")
            .may(Action::ReadStock)
            .gives::<Upload>()
            .such_as("/v1/uploads/U-1"),
        Route::post("/v1/uploads/{upload}", uploads::send)
            .does("Takes a file; the same upload again goes on where it stopped. Stock takes need who may approve counts.")
            .may(Action::KeepCatalogue)
            .may(Action::ApproveCount)
            .query::<uploads::Asked>()
            .takes_file("text/csv")
            .gives::<Upload>()
            .such_as_with(
                "/v1/uploads/U-2?kind=skus&mode=skip_bad",
                || "sku,name,grams\nCAP-GREEN,\"Cap, green\",90\n".into(),
            ),
        Route::get("/v1/exports/{kind}", uploads::give)
            .does("Everything of a kind as a file; mappings are those of one connection.")
            .may(Action::ReadStock)
            .query::<uploads::Wanted>()
            .gives_files(&["text/csv"])
            .such_as("/v1/exports/skus"),
    ]
}

/// Warehouses, bins and the policy.
pub(super) fn places() -> Vec<Route> {
    vec![
        Route::get("/v1/policy", places::policy)
            .does("How warehouses are chosen.")
            .may(Action::ReadStock)
            .gives::<Policy>()
            .such_as("/v1/policy"),
        Route::put("/v1/policy", places::save_policy)
            .does("Stores how warehouses are chosen.")
            .matching()
            .may(Action::KeepPlaces)
            .takes::<Policy>()
            .gives::<Policy>()
            .such_as_with("/v1/policy", || {
                json!({"rules": [{"name": "look", "when": {"countries": ["GB"]}, "then": {"hold": true}}]})
            }),
        Route::get("/v1/warehouses", places::list)
            .does("Every warehouse.")
            .may(Action::ReadStock)
            .gives::<places::Warehouses>()
            .such_as("/v1/warehouses"),
        Route::get("/v1/warehouses/{warehouse}", places::read)
            .does("One warehouse.")
            .may(Action::ReadStock)
            .gives::<Place>()
            .such_as("/v1/warehouses/wh_north"),
        Route::put("/v1/warehouses/{warehouse}", places::save)
            .does("Stores a warehouse.")
            .matching()
            .may(Action::KeepPlaces)
            .takes::<Place>()
            .gives::<Place>()
            .such_as_with(
                "/v1/warehouses/wh_east",
                || json!({"id": "wh_east", "name": "East", "priority": 3, "active": true}),
            ),
        Route::get("/v1/warehouses/{warehouse}/bins", places::bins)
            .does("The bins of a warehouse, in walking order.")
            .may(Action::ReadStock)
            .gives::<places::Bins>()
            .such_as("/v1/warehouses/wh_north/bins"),
        Route::get("/v1/warehouses/{warehouse}/bins/{bin}", places::read_bin)
            .does("One bin.")
            .may(Action::ReadStock)
            .gives::<Bin>()
            .such_as("/v1/warehouses/wh_north/bins/A-01"),
        Route::put("/v1/warehouses/{warehouse}/bins/{bin}", places::save_bin)
            .does("Stores a bin.")
            .matching()
            .may(Action::KeepPlaces)
            .takes::<Bin>()
            .gives::<Bin>()
            .such_as_with(
                "/v1/warehouses/wh_north/bins/A-02",
                || json!({"id": "A-02", "zone": "a", "walk": 2}),
            ),
        Route::delete("/v1/warehouses/{warehouse}/bins/{bin}", places::remove_bin)
            .does("Takes a bin off the map: nothing is put there any more, and what lies there stays until it is moved.")
            .may(Action::KeepPlaces)
            .gives::<Bin>()
            .such_as("/v1/warehouses/wh_north/bins/A-01"),
    ]
}
