//! The papers that go with a parcel: despatch note and customs declarations. Some accounts' settings keep customs
//! pages out of the label, so they can be had apart (contract, "Label").

use super::{Account, call, carrier_key};
use crate::error::CannotBuild;
use http::{Method, Request};

/// A paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// What is in the parcel, for the buyer.
    DespatchNote,
    /// Customs declaration for goods of little value.
    Cn22,
    /// Customs declaration for the others.
    Cn23,
}

impl Paper {
    /// Every paper.
    pub const ALL: [Self; 3] = [Self::DespatchNote, Self::Cn22, Self::Cn23];

    fn document_type(self) -> &'static str {
        match self {
            Self::DespatchNote => "despatchNote",
            Self::Cn22 => "CN22",
            Self::Cn23 => "CN23",
        }
    }
}

/// Asks for a paper; read it with [`super::label::read_label`].
///
/// # Errors
/// `CannotBuild` when the key, address or credential cannot be sent.
pub fn build_paper(
    account: &Account,
    carrier_order: &str,
    paper: Paper,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let key = carrier_key(carrier_order)?;
    let path = format!("/orders/{key}/label?documentType={}", paper.document_type());
    call(account, Method::GET, &path, None)
}
