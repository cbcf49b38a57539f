//! Labels: ZPL of 4 by 6 inches at 203 dots per inch, HTML, and the two plainer printer languages. One per
//! parcel as JSON; with a raw `Accept` only the first.

use serde_json::{Value, json};

use super::check::{Wrong, text};
use super::refuse;
use super::shipments::Shipment;
use crate::state::State;
use crate::wire::{Call, Reply};
use crate::zpl;

const NAME: &str = "dpd.labels";

/// `GET shipping/shipments/{id}/labels`.
pub fn answer(state: &mut State, name: &str, id: &str, call: &Call) -> Reply {
    let printer = call.param("printerType").unwrap_or_default();
    if !["0", "1", "2", "3"].contains(&printer.as_str()) {
        let wrong = Wrong::new(1015, "printerType", "Printer type must be 0, 1, 2 or 3");
        return refuse(state, name, NAME, &[wrong]);
    }
    if !["", "203", "300"].contains(&call.param("printerDpi").unwrap_or_default().as_str()) {
        let wrong = Wrong::new(1015, "printerDpi", "Printer dpi must be 203 or 300");
        return refuse(state, name, NAME, &[wrong]);
    }
    let account = state.dpd.accounts.get_mut(name);
    let Some((account, at)) = account.and_then(|account| {
        let at = account.shipments.iter().position(|s| s.id == id)?;
        Some((account, at))
    }) else {
        return refuse(state, name, NAME, &[Wrong::new(1000, "shipmentId", "Shipment not found")]);
    };
    let Some(shipment) = account.shipments.get_mut(at) else { return Reply::empty(404) };
    if !shipment.labelled {
        shipment.labelled = true;
        account.labels += shipment.parcels.len();
    }
    account.label_documents += shipment.parcels.len();
    let labels: Vec<String> = (0..shipment.parcels.len())
        .map(|parcel| {
            let lines = lines(shipment, parcel);
            let number = &shipment.parcels[parcel].number;
            match printer.as_str() {
                "0" => html(&lines, number),
                "1" => epl(&lines, number),
                "2" => clp(&lines),
                _ => zpl::label(&lines, number, 203),
            }
        })
        .collect();
    if call.header_text("accept").is_some_and(|accept| accept.contains("application/json")) {
        return Reply::json(200, &json!({"data": {"printString": labels}}));
    }
    let body = labels.into_iter().next().unwrap_or_default().into_bytes();
    Reply { status: 200, headers: vec![("content-type", "text/plain; charset=utf-8".to_owned())], body }
}

/// What a label says, from the service down to the numbers.
fn lines(shipment: &Shipment, parcel: usize) -> Vec<String> {
    let to = &shipment.request["deliveryDetails"];
    let field = |block: &Value, name: &str| text(&block[name]).map(str::to_owned);
    let mut lines = vec!["DPD (sandbox, not postage)".to_owned(), shipment.service.clone()];
    lines.extend(field(&to["contactDetails"], "contactName"));
    for name in ["organisation", "street", "locality", "town", "postcode", "countryCode"] {
        lines.extend(field(&to["address"], name));
    }
    lines.push(format!("Parcel {} of {}", parcel + 1, shipment.parcels.len()));
    lines.push(format!("Ref {}", shipment.reference.as_deref().unwrap_or("none")));
    lines.push(format!("Consignment {}", shipment.consignment));
    lines.push(format!("Shipment {}", shipment.id));
    lines
}

fn html(lines: &[String], number: &str) -> String {
    let safe = |line: &String| line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let rows: String = lines.iter().map(|line| format!("<p>{}</p>", safe(line))).collect();
    format!("<!DOCTYPE html><html><body>{rows}<p><b>{number}</b></p></body></html>")
}

fn epl(lines: &[String], number: &str) -> String {
    let row = |(index, line): (usize, &String)| {
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        let line = line.replace('\\', "\\\\").replace('"', "\\\"");
        format!("A40,{},0,3,1,1,N,\"{line}\"\n", 40 + 40 * index)
    };
    let rows: String = lines.iter().enumerate().map(row).collect();
    format!("\nN\nq812\nQ1218,24\n{rows}B80,860,0,1,3,3,220,B,\"{number}\"\nP1\n")
}

fn clp(lines: &[String]) -> String {
    format!("\u{2}L\rD11\r{}\rE\r", lines.join("\r"))
}
