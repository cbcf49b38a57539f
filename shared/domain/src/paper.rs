//! Papers beside the label: what a parcel's people ask the carrier to print for it, a return label among them.

use crate::customs;
use crate::id::ConnectionId;
use crate::order::Order;
use crate::shipment::Shipment;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// A paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Paper {
    /// What is in the parcel, for the buyer.
    DespatchNote,
    /// Customs declaration for goods of little value.
    Cn22,
    /// Customs declaration for the others.
    Cn23,
    /// With which the buyer sends goods back. The only one that is booked: it has a number of its own, and costs when
    /// it is used.
    ReturnLabel,
}

impl Paper {
    /// Every paper.
    pub const ALL: [Self; 4] = [Self::DespatchNote, Self::Cn22, Self::Cn23, Self::ReturnLabel];

    /// The name used in addresses and in the names of documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DespatchNote => "despatch_note",
            Self::Cn22 => "cn22",
            Self::Cn23 => "cn23",
            Self::ReturnLabel => "return_label",
        }
    }

    /// Asking twice books two.
    pub fn is_booked(self) -> bool {
        self == Self::ReturnLabel
    }
}

/// The name is none of a paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a paper")]
pub struct NoPaper;

impl FromStr for Paper {
    type Err = NoPaper;

    fn from_str(text: &str) -> Result<Self, NoPaper> {
        Self::ALL.into_iter().find(|paper| paper.as_str() == text).ok_or(NoPaper)
    }
}

/// How far a paper is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PaperState")]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// The carrier is being asked.
    Asked,
    /// It is there.
    Made,
    /// There is none: what the carrier, or what it lacks, says.
    Refused(String),
    /// The carrier's answer was lost: look in its account. Nothing is booked again before somebody has.
    Uncertain,
}

/// A paper of a shipment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Printed {
    /// Which.
    pub paper: Paper,
    /// How far it is.
    pub progress: Progress,
    /// When the carrier was asked.
    pub at: Timestamp,
    /// Through which account.
    pub carrier: ConnectionId,
    /// Its own number, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
    /// Names of the personal fields the carrier was given for it, never their values (CONTROLS A5). What was booked
    /// before is not given again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disclosed: Vec<String>,
}

/// Why the carrier is not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotPrinted {
    /// There is no label that it could go with.
    #[error("there is no label")]
    NoLabel,
    /// This way of booking prints no such paper, or none for such a destination.
    #[error("it is not offered")]
    NotOffered,
    /// Nothing is declared for where it goes.
    #[error("no customs are passed")]
    NoCustoms,
    /// The merchant has not said where goods come back to.
    #[error("no returns are set up")]
    NoReturns,
    /// One may be booked already; a person has to look.
    #[error("one may exist")]
    Uncertain,
}

/// Whether the carrier may be asked for a paper. `on_click_and_drop`: the label was booked there, where papers are printed
/// apart (contracts/royal-mail, "Operations"). `returns`: the merchant has said how goods come back. `looked`: a person
/// has looked in the carrier's account and found no return label there.
///
/// # Errors
/// Why not.
pub fn may_ask(
    order: &Order,
    shipment: &Shipment,
    paper: Paper,
    on_click_and_drop: bool,
    returns: bool,
    looked: bool,
) -> Result<(), NotPrinted> {
    if !shipment.has_label() {
        return Err(NotPrinted::NoLabel);
    }
    // Forgotten with the order; then the carrier says what it thinks of it.
    let abroad = order.destination.as_ref().map(customs::needed);
    match paper {
        Paper::ReturnLabel if !returns => return Err(NotPrinted::NoReturns),
        // Its returns are of inland services (contracts/royal-mail, "Operations").
        Paper::ReturnLabel if abroad == Some(true) => return Err(NotPrinted::NotOffered),
        Paper::ReturnLabel => {}
        _ if !on_click_and_drop => return Err(NotPrinted::NotOffered),
        Paper::Cn22 | Paper::Cn23 if abroad == Some(false) => return Err(NotPrinted::NoCustoms),
        Paper::Cn22 | Paper::Cn23 | Paper::DespatchNote => {}
    }
    let uncertain = shipment.paper(paper).is_some_and(|one| one.progress == Progress::Uncertain);
    if uncertain && !looked { Err(NotPrinted::Uncertain) } else { Ok(()) }
}

impl Shipment {
    /// A paper of it, however far that is.
    pub fn paper(&self, paper: Paper) -> Option<&Printed> {
        self.papers.iter().find(|one| one.paper == paper)
    }

    /// Notes how far a paper is, in the place of what was noted of it.
    pub fn note(&mut self, printed: Printed) {
        self.papers.retain(|one| one.paper != printed.paper);
        self.papers.push(printed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation::tests::order;
    use crate::order::Destination;
    use crate::shipment::Booking;

    fn labelled(order: &Order) -> Shipment {
        let booking =
            Booking::Labelled { carrier_order: "2".into(), tracking: "T".into(), others: Vec::new() };
        crate::remedy::tests::shipment(&order.id, 1, booking)
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for paper in Paper::ALL {
            assert_eq!(paper.as_str().parse(), Ok(paper));
            assert_eq!(serde_json::to_value(paper).unwrap(), paper.as_str());
        }
        assert_eq!("label".parse::<Paper>(), Err(NoPaper));
    }

    #[test]
    fn the_carrier_is_asked_for_what_it_can_print() {
        use NotPrinted::{NoCustoms, NoLabel, NoReturns, NotOffered};
        let mut home = order("BS", &[("MUG", 1)]);
        let shipment = labelled(&home);
        let ask =
            |order: &Order, paper, there, returns| may_ask(order, &shipment, paper, there, returns, false);
        assert_eq!(ask(&home, Paper::DespatchNote, true, false), Ok(()));
        assert_eq!(ask(&home, Paper::DespatchNote, false, true), Err(NotOffered));
        assert_eq!(ask(&home, Paper::Cn22, true, true), Err(NoCustoms));
        assert_eq!(ask(&home, Paper::ReturnLabel, false, true), Ok(()), "whoever took it there");
        assert_eq!(ask(&home, Paper::ReturnLabel, true, false), Err(NoReturns));
        home.destination = Some(Destination { country: "DE".into(), postcode_area: None });
        assert_eq!(ask(&home, Paper::Cn23, true, true), Ok(()));
        assert_eq!(ask(&home, Paper::ReturnLabel, true, true), Err(NotOffered));
        let void = Shipment { booking: Booking::Voided, ..shipment.clone() };
        assert_eq!(may_ask(&home, &void, Paper::DespatchNote, true, true, false), Err(NoLabel));
    }

    #[test]
    fn what_may_be_booked_is_not_booked_again_before_somebody_looked() {
        let home = order("BS", &[("MUG", 1)]);
        let mut shipment = labelled(&home);
        let carrier = shipment.carrier.clone();
        let mut printed = Printed {
            paper: Paper::ReturnLabel,
            progress: Progress::Uncertain,
            at: Timestamp::UNIX_EPOCH,
            carrier,
            tracking: None,
            disclosed: Vec::new(),
        };
        shipment.note(printed.clone());
        let ask =
            |shipment: &Shipment, looked| may_ask(&home, shipment, Paper::ReturnLabel, true, true, looked);
        assert_eq!(ask(&shipment, false), Err(NotPrinted::Uncertain));
        assert_eq!(ask(&shipment, true), Ok(()));
        printed.progress = Progress::Refused("x".into());
        shipment.note(printed);
        assert_eq!((ask(&shipment, false), shipment.papers.len()), (Ok(()), 1));
    }
}
