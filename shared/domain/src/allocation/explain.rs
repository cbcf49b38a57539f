//! Why an order is served as it is: every candidate with its figures and what it lost on.

use super::choose::Plan;
use super::{Available, Ground, Stopped, decide};
use crate::id::{LineId, WarehouseId};
use crate::order::{Order, Status};
use crate::sourcing::Criterion;
use schemars::JsonSchema;
use serde::Serialize;

/// One way of serving the order that was weighed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "TriedSource")]
pub struct Tried {
    /// From where.
    pub warehouses: Vec<WarehouseId>,
    /// Pieces of which line from where.
    pub lines: Vec<(LineId, WarehouseId, u32)>,
    /// Pieces it would leave out.
    pub missing: u32,
    /// One figure for each criterion, in the order they count; less is better.
    pub figures: Vec<(Criterion, i64)>,
    /// It is the one that was chosen.
    pub won: bool,
    /// What it lost on, or why it was chosen.
    pub why: String,
}

/// What would be decided for an order, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Explained {
    /// Where the order would stand.
    pub status: Status,
    /// Why, in one sentence.
    pub why: String,
    /// Rules of the policy that applied, in order.
    pub rules: Vec<String>,
    /// What counts, in order.
    pub criteria: Vec<Criterion>,
    /// It may go out in parts.
    pub part_ship: bool,
    /// Every candidate.
    pub candidates: Vec<Tried>,
}

/// Explains what [`allocate`](super::allocate) would decide; nothing is taken.
pub fn explain(order: &Order, ground: &Ground<'_>, available: &Available) -> Explained {
    let (decided, weighed) = decide(order, ground, &mut available.clone());
    let winner = weighed.won.and_then(|n| weighed.tried.get(n));
    let tried = |(n, plan): (usize, &Plan)| Tried {
        warehouses: plan.warehouses.clone(),
        lines: plan
            .takes
            .iter()
            .filter_map(|t| Some((order.lines.get(t.line)?.id.clone(), t.warehouse.clone(), t.pieces)))
            .collect(),
        missing: plan.missing,
        figures: plan.score.clone(),
        won: weighed.won == Some(n),
        why: winner.map_or_else(String::new, |best| reason(plan, best, weighed.won == Some(n))),
    };
    let why = match (&decided.stopped, decided.status) {
        (Some(Stopped::Unmapped), _) => {
            "A line names a SKU that is not known: map it, and the order goes on.".to_owned()
        }
        (Some(Stopped::Rule(name)), _) => format!("The rule `{name}` holds it for a person."),
        (None, Status::Allocated) if weighed.tried.is_empty() => {
            "Everything it wants is reserved already.".to_owned()
        }
        (None, Status::Allocated) => "Everything it wants is there.".to_owned(),
        (None, Status::PartAllocated) => "A part of it is there, and it may go out in parts.".to_owned(),
        (None, _) => match winner {
            Some(best) => format!("{} pieces are missing and it must go out whole.", best.missing),
            None => "Nothing of what it lacks is there.".to_owned(),
        },
    };
    Explained {
        status: decided.status,
        why,
        rules: weighed.terms.applied.clone(),
        criteria: weighed.terms.criteria.clone(),
        part_ship: weighed.terms.part_ship,
        candidates: weighed.tried.iter().enumerate().map(tried).collect(),
    }
}

fn reason(plan: &Plan, best: &Plan, won: bool) -> String {
    if won {
        return "it serves most of the order and is best by the criteria, in their order".to_owned();
    }
    if plan.missing > best.missing {
        return format!("it leaves out {} more pieces", plan.missing - best.missing);
    }
    let lost = plan.score.iter().zip(&best.score).find(|((_, mine), (_, theirs))| mine > theirs);
    lost.map_or_else(|| "it is as good and comes later by name".to_owned(), |((c, _), _)| c.lost().to_owned())
}
