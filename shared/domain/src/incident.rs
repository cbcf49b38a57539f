//! A breach, or what may be one: clocks, who is affected, what is to be said to whom, and what was decided
//! (CONTROLS H5, articles 33 and 34).

mod draft;
#[cfg(test)]
mod tests;

use crate::id::{ConnectionId, IncidentId, MerchantId, OrderId};
use crate::order::Channel;
use crate::time::after;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Where personal data is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "IncidentPlace")]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Sealed recipients, in the orders table.
    Recipients,
    /// Sealed labels, in the bucket.
    Labels,
    /// What carriers were given.
    Carriers,
}

/// One time that personal data was opened, as the audit chain tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access<'a> {
    /// Whose customer.
    pub merchant: &'a MerchantId,
    /// Which order; each has a key of its own, so this names the key as well.
    pub order: &'a OrderId,
    /// Who, or which function.
    pub actor: &'a str,
    /// When.
    pub at: Timestamp,
    /// Where.
    pub place: Place,
}

/// What went wrong, as far as it can be said of accesses. What is left out means any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Suspicion {
    /// From when on.
    #[schemars(with = "crate::time::Moment")]
    pub from: Timestamp,
    /// Until when.
    #[schemars(with = "crate::time::Moment")]
    pub until: Timestamp,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Whose key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// Where.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
    /// Of orders of which channels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
    /// Of orders that came through which connections.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub connections: Vec<ConnectionId>,
}

/// Where an order came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "IncidentSource")]
pub struct Source {
    /// Which channel.
    pub channel: Channel,
    /// Through which account.
    pub connection: ConnectionId,
}

impl Suspicion {
    /// Whether it is about some channels or connections alone.
    pub fn names_sources(&self) -> bool {
        !self.channels.is_empty() || !self.connections.is_empty()
    }

    /// Whether orders from there are meant. Of an order whose source is not known any more nobody can say that it is not.
    fn is_from(&self, source: Option<&Source>) -> bool {
        source.is_none_or(|source| {
            (self.channels.is_empty() || self.channels.contains(&source.channel))
                && (self.connections.is_empty() || self.connections.contains(&source.connection))
        })
    }

    /// Whether an access is one of those.
    pub fn covers(&self, access: &Access<'_>) -> bool {
        (self.from..=self.until).contains(&access.at)
            && self.actor.as_ref().is_none_or(|actor| actor == access.actor)
            && self.order.as_ref().is_none_or(|order| order == access.order)
            && (self.places.is_empty() || self.places.contains(&access.place))
    }
}

/// What an incident did to one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Touched {
    /// The first time.
    #[schemars(with = "crate::time::Moment")]
    pub first: Timestamp,
    /// The last time.
    #[schemars(with = "crate::time::Moment")]
    pub last: Timestamp,
    /// How often.
    pub times: u64,
    /// The person can still be written to; otherwise only the merchant can.
    pub live: bool,
    /// Where the order came from, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

/// Who is affected.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Affected {
    /// Orders by merchant.
    pub merchants: BTreeMap<MerchantId, BTreeMap<OrderId, Touched>>,
}

impl Affected {
    /// How many orders.
    pub fn orders(&self) -> usize {
        self.merchants.values().map(BTreeMap::len).sum()
    }

    /// The affected orders, by id.
    pub fn ids(&self) -> Vec<OrderId> {
        self.merchants.values().flat_map(BTreeMap::keys).cloned().collect()
    }

    /// Says of each order where it came from, and leaves out those that the suspicion does not mean.
    pub fn trace(&mut self, suspicion: &Suspicion, mut sources: BTreeMap<OrderId, Source>) {
        for orders in self.merchants.values_mut() {
            orders.retain(|id, touched| {
                touched.source = sources.remove(id);
                suspicion.is_from(touched.source.as_ref())
            });
        }
        self.merchants.retain(|_, orders| !orders.is_empty());
    }

    /// The orders of one channel alone.
    pub fn of_channel(&self, channel: Channel) -> Self {
        let of = |touched: &Touched| touched.source.as_ref().is_some_and(|one| one.channel == channel);
        let mut found = self.clone();
        for orders in found.merchants.values_mut() {
            orders.retain(|_, touched| of(touched));
        }
        found.merchants.retain(|_, orders| !orders.is_empty());
        found
    }

    /// The channels concerned.
    pub fn channels(&self) -> BTreeSet<Channel> {
        let all = self.merchants.values().flat_map(BTreeMap::values);
        all.filter_map(|touched| touched.source.as_ref()).map(|source| source.channel).collect()
    }

    /// At most so many of the orders, by id, that come after one; and the last of them when there are more.
    pub fn part(&self, after: Option<&OrderId>, most: usize) -> (Self, Option<OrderId>) {
        let all =
            self.merchants.iter().flat_map(|(m, orders)| orders.iter().map(move |(id, t)| (id, (m, t))));
        let rest: BTreeMap<_, _> = all.filter(|(id, _)| after.is_none_or(|after| *id > after)).collect();
        let mut part = Self::default();
        for (id, (merchant, touched)) in rest.iter().take(most) {
            part.merchants.entry((*merchant).clone()).or_default().insert((*id).clone(), (*touched).clone());
        }
        let last = most.checked_sub(1).and_then(|n| rest.keys().nth(n)).filter(|_| rest.len() > most);
        (part, last.map(|id| (*id).clone()))
    }

    /// How many of them have somebody who can still be written to.
    pub fn live(&self) -> usize {
        self.merchants.values().flat_map(BTreeMap::values).filter(|touched| touched.live).count()
    }
}

/// Finds who is affected. `erased` are the orders in the ledger: their contact data is gone.
pub fn affected<'a>(
    accesses: impl IntoIterator<Item = Access<'a>>,
    suspicion: &Suspicion,
    erased: &BTreeSet<&OrderId>,
) -> Affected {
    let mut found = Affected::default();
    for access in accesses.into_iter().filter(|access| suspicion.covers(access)) {
        let orders = match found.merchants.get_mut(access.merchant) {
            Some(orders) => orders,
            None => found.merchants.entry(access.merchant.clone()).or_default(),
        };
        match orders.get_mut(access.order) {
            Some(touched) => {
                touched.first = touched.first.min(access.at);
                touched.last = touched.last.max(access.at);
                touched.times += 1;
            }
            None => {
                let live = !erased.contains(access.order);
                let (first, last) = (access.at, access.at);
                let touched = Touched { first, last, times: 1, live, source: None };
                orders.insert(access.order.clone(), touched);
            }
        }
    }
    found
}

/// Who may have to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The platform the orders came from; Amazon wants suspicions too.
    Platform,
    /// The merchants, who answer for their customers.
    Controllers,
    /// The supervisory authority.
    Regulator,
    /// The people themselves.
    People,
}

impl Notice {
    /// Everyone.
    pub const ALL: [Self; 4] = [Self::Platform, Self::Controllers, Self::Regulator, Self::People];

    /// Hours from detection (CONTROLS sections 1.1 and 1.3). People are told without undue delay, and only when the
    /// risk is high; the figure is ours.
    pub fn hours(self) -> i64 {
        match self {
            Self::Platform | Self::Controllers => 24,
            Self::Regulator | Self::People => 72,
        }
    }
}

/// Why somebody is not told. Recorded as well: article 33(5) wants every breach on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotTold {
    /// No personal data was touched.
    NoPersonalData,
    /// What was taken opens with nothing.
    Unreadable,
    /// No risk for anyone.
    NoRisk,
    /// No risk that is high.
    NoHighRisk,
    /// None of it came from this platform.
    NotConcerned,
}

/// What was decided about one notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// About whom.
    pub notice: Notice,
    /// Why they are not told; absent when they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_told: Option<NotTold>,
    /// Who decided.
    pub by: String,
    /// When.
    #[schemars(with = "crate::time::Moment")]
    pub at: Timestamp,
}

/// An incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Incident {
    /// Which.
    pub id: IncidentId,
    /// When it was noticed: every clock starts here, but for the people's where their high risk was found later.
    #[schemars(with = "crate::time::Moment")]
    pub detected_at: Timestamp,
    /// Who entered it.
    pub opened_by: String,
    /// What it is about.
    pub suspicion: Suspicion,
    /// It puts people at a high risk.
    #[serde(default)]
    pub high_risk: bool,
    /// When that was found, where it was not known at first: the clock of the people starts here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::time::Moment>")]
    pub high_risk_at: Option<Timestamp>,
    /// What was decided, in order; of two about the same notice the last one counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
}

/// A clock that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Running {
    /// For whom.
    pub notice: Notice,
    /// Until when.
    #[schemars(with = "crate::time::Moment")]
    pub due_at: Timestamp,
    /// It has run out.
    pub overdue: bool,
}

impl Incident {
    /// Until when somebody is to be told.
    pub fn due(&self, notice: Notice) -> Timestamp {
        let from = match notice {
            Notice::People => self.high_risk_at.unwrap_or(self.detected_at),
            Notice::Platform | Notice::Controllers | Notice::Regulator => self.detected_at,
        };
        after(from, SignedDuration::from_hours(notice.hours()))
    }

    /// Records that the risk for people is high after all. That somebody is not told because it is not, decided before,
    /// holds no longer. Known already, it changes nothing: the clock runs on.
    pub fn raise_risk(&mut self, now: Timestamp) {
        if !self.high_risk {
            self.high_risk = true;
            self.high_risk_at = Some(now);
        }
    }

    /// Whether a decision still holds: that somebody is not told because there is no risk, or no high one, does not once a
    /// high one is found.
    fn holds(&self, decision: &Decision) -> bool {
        let for_want_of_risk = matches!(decision.not_told, Some(NotTold::NoRisk | NotTold::NoHighRisk));
        !(for_want_of_risk && self.high_risk_at.is_some_and(|at| decision.at < at))
    }

    /// The clocks that still run: everyone about whom nothing is decided. People only at high risk.
    pub fn running(&self, now: Timestamp) -> Vec<Running> {
        let concerned = |notice: &Notice| *notice != Notice::People || self.high_risk;
        let open = |notice: &Notice| self.decided(*notice).is_none();
        Notice::ALL
            .into_iter()
            .filter(|notice| concerned(notice) && open(notice))
            .map(|notice| Running { notice, due_at: self.due(notice), overdue: now >= self.due(notice) })
            .collect()
    }

    /// Records a decision. An earlier one about the same notice stays on record before it (article 33(5)).
    pub fn decide(&mut self, decision: Decision) {
        self.decisions.push(decision);
    }

    /// What was decided last about a notice, and still holds.
    pub fn decided(&self, notice: Notice) -> Option<&Decision> {
        self.decisions.iter().rev().find(|decision| decision.notice == notice && self.holds(decision))
    }
}
