//! The papers that go with a parcel: despatch note and customs declarations. Some accounts' settings keep customs
//! pages out of the label, so they can be had apart (contract, "Label").

use super::{Account, call, carrier_key};
use crate::error::CannotBuild;
use http::{Method, Request};
use waybill_domain::paper::Paper;

/// Asks for a paper; read it with [`super::label::read_label`]. Asking again prints it again.
///
/// # Errors
/// `CannotBuild` when the key, address or credential cannot be sent, and for a return label, which is booked by
/// [`super::returns::build_return`].
pub fn build_paper(
    account: &Account,
    carrier_order: &str,
    paper: Paper,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let key = carrier_key(carrier_order)?;
    let document_type = match paper {
        Paper::DespatchNote => "despatchNote",
        Paper::Cn22 => "CN22",
        Paper::Cn23 => "CN23",
        Paper::ReturnLabel => return Err(CannotBuild::Unsupported { what: "return labels as papers" }),
    };
    call(account, Method::GET, &format!("/orders/{key}/label?documentType={document_type}"), None)
}
