//! Weighing the ways of serving one order against each other.

use super::{Available, Candidate, Changes, Ground};
use crate::id::WarehouseId;
use crate::order::{Line, Order};
use crate::sourcing::{Criterion, Terms};
use std::collections::BTreeSet;

/// Warehouses of which every pair and three are weighed; beyond them only the best ranked are.
const MOST_COMBINED: usize = 8;
/// Counts for goods that never expire: later than any date.
const NEVER: i64 = 4_000_000;

/// Pieces of a line from a warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Take {
    pub line: usize,
    pub warehouse: WarehouseId,
    pub pieces: u32,
}

/// One way of serving an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub warehouses: Vec<WarehouseId>,
    pub takes: Vec<Take>,
    /// Pieces it does not serve.
    pub missing: u32,
    /// One figure for each criterion, in the policy's order; less is better.
    pub score: Vec<(Criterion, i64)>,
}

/// What a line lacks and what one piece of it takes: part numbers with their units.
struct Want {
    line: usize,
    short: u32,
    parts: Vec<(usize, i64)>,
}

struct Row<'a> {
    candidate: &'a Candidate,
    near: bool,
    /// Free pieces of each SKU.
    free: Vec<i64>,
    /// Days until each SKU's first goods there expire.
    expires: Vec<i64>,
}

/// The stock of one order's SKUs at the warehouses it may come from, best ranked first.
pub(super) struct Table<'a> {
    rows: Vec<Row<'a>>,
    wants: Vec<Want>,
    /// Warehouses that send a part of the order already.
    used: BTreeSet<WarehouseId>,
}

impl<'a> Table<'a> {
    pub(super) fn new(
        order: &Order,
        lines: &[Line],
        ground: &Ground<'a>,
        terms: &Terms,
        available: &Available,
        changes: &Changes,
    ) -> Self {
        let mut skus: Vec<String> = Vec::new();
        let mut wants = Vec::new();
        for (n, line) in lines.iter().enumerate().filter(|(_, line)| line.owed() > 0) {
            let parts = line.takes().into_iter().map(|part| {
                let place = skus.iter().position(|sku| *sku == part.sku).unwrap_or_else(|| {
                    skus.push(part.sku);
                    skus.len() - 1
                });
                (place, i64::from(part.units))
            });
            let parts = parts.collect();
            wants.push(Want { line: n, short: line.owed(), parts });
        }
        let area = order.destination.as_ref().and_then(|d| d.postcode_area.as_deref());
        let row = |candidate: &'a Candidate| {
            let slot = |sku: &String| (sku.clone(), candidate.warehouse.clone());
            let free = |sku: &String| {
                // What is given back can be promised to this very order again.
                let back = changes.get(&slot(sku)).copied().unwrap_or_default();
                let there = available.get(&slot(sku)).copied().unwrap_or_default() - back;
                (there - ground.policy.kept_back(order.channel, sku)).max(0)
            };
            let expires = |sku: &String| {
                let date = ground.expiries.get(&slot(sku));
                date.map_or(NEVER, |d| {
                    i64::from(d.year()) * 372 + i64::from(d.month()) * 31 + i64::from(d.day())
                })
            };
            Row {
                candidate,
                near: area.is_some_and(|a| candidate.near.iter().any(|n| n == a)),
                free: skus.iter().map(free).collect(),
                expires: skus.iter().map(expires).collect(),
            }
        };
        let allowed = ground.candidates.iter().filter(|c| terms.allows(&c.warehouse));
        let mut rows: Vec<Row<'a>> = allowed.map(row).collect();
        rows.sort_by_cached_key(|row| rank(row, &terms.criteria));
        let used = lines.iter().flat_map(|l| l.allocations.iter().map(|a| a.warehouse.clone())).collect();
        Self { rows, wants, used }
    }

    /// Every way that serves anything: from one warehouse, two, three, and from all.
    pub(super) fn plans(&self, criteria: &[Criterion]) -> Vec<Plan> {
        let all = self.rows.len();
        let some = all.min(MOST_COMBINED);
        let mut sets: Vec<Vec<usize>> = (0..all).map(|a| vec![a]).collect();
        sets.extend((0..some).flat_map(|a| (a + 1..some).map(move |b| vec![a, b])));
        sets.extend(
            (0..some)
                .flat_map(|a| (a + 1..some).flat_map(move |b| (b + 1..some).map(move |c| vec![a, b, c]))),
        );
        if all > 3 {
            sets.push((0..all).collect());
        }
        let mut plans: Vec<Plan> = Vec::new();
        for set in sets {
            let mut plan = self.plan(&set, criteria);
            if plan.missing > 0 && set.len() > 1 {
                // Bundles and single pieces compete for components: from the other end more may fit.
                let backwards: Vec<usize> = set.iter().rev().copied().collect();
                let other = self.plan(&backwards, criteria);
                if other.missing < plan.missing {
                    plan = other;
                }
            }
            if !plan.takes.is_empty() && !plans.iter().any(|other| other.takes == plan.takes) {
                plans.push(plan);
            }
        }
        plans
    }

    /// Line by line, from the best ranked of `set` first.
    fn plan(&self, set: &[usize], criteria: &[Criterion]) -> Plan {
        let mut free: Vec<Vec<i64>> = set.iter().map(|n| self.rows[*n].free.clone()).collect();
        let mut takes = Vec::new();
        let mut score = vec![0_i64; criteria.len()];
        let mut missing = 0;
        let mut used = self.used.clone();
        for want in &self.wants {
            let mut left = want.short;
            for (n, free) in set.iter().zip(&mut free) {
                let row = &self.rows[*n];
                let whole =
                    want.parts.iter().map(|(sku, units)| free[*sku] / units).min().unwrap_or_default();
                let pieces = u32::try_from(whole).unwrap_or(u32::MAX).min(left);
                if pieces == 0 {
                    continue;
                }
                for (criterion, figure) in criteria.iter().zip(&mut score) {
                    *figure = figure.saturating_add(cost(*criterion, row, want, pieces));
                }
                for (sku, units) in &want.parts {
                    free[*sku] -= units * i64::from(pieces);
                }
                left -= pieces;
                used.insert(row.candidate.warehouse.clone());
                takes.push(Take { line: want.line, warehouse: row.candidate.warehouse.clone(), pieces });
            }
            missing += left;
        }
        for (criterion, figure) in criteria.iter().zip(&mut score) {
            if *criterion == Criterion::FewestShipments {
                *figure = i64::try_from(used.len()).unwrap_or(i64::MAX);
            }
        }
        let mut warehouses: Vec<WarehouseId> = takes.iter().map(|t| t.warehouse.clone()).collect();
        warehouses.sort();
        warehouses.dedup();
        Plan { warehouses, takes, missing, score: criteria.iter().copied().zip(score).collect() }
    }
}

/// What taking `pieces` from a warehouse adds to a criterion.
fn cost(criterion: Criterion, row: &Row<'_>, want: &Want, pieces: u32) -> i64 {
    let pieces = i64::from(pieces);
    let parts = want.parts.iter().map(|(sku, _)| *sku);
    match criterion {
        Criterion::FewestShipments => 0,
        Criterion::Nearest => i64::from(!row.near) * pieces,
        Criterion::Priority => i64::from(row.candidate.priority) * pieces,
        Criterion::MostStock => -parts.map(|sku| row.free[sku]).min().unwrap_or_default() * pieces,
        Criterion::OldestExpiry => parts.map(|sku| row.expires[sku]).min().unwrap_or(NEVER) * pieces,
    }
}

/// In which order warehouses are drawn on within one way of serving an order.
fn rank(row: &Row<'_>, criteria: &[Criterion]) -> (Vec<i64>, u32, WarehouseId) {
    let figure = |criterion: &Criterion| match criterion {
        Criterion::FewestShipments => 0,
        Criterion::Nearest => i64::from(!row.near),
        Criterion::Priority => i64::from(row.candidate.priority),
        Criterion::MostStock => -row.free.iter().sum::<i64>(),
        Criterion::OldestExpiry => row.expires.iter().copied().min().unwrap_or(NEVER),
    };
    (criteria.iter().map(figure).collect(), row.candidate.priority, row.candidate.warehouse.clone())
}

/// The plan that serves most, and among those the one with the least score; the first of equals.
pub(super) fn best(plans: &[Plan]) -> Option<usize> {
    let key = |plan: &Plan| (plan.missing, plan.score.iter().map(|(_, figure)| *figure).collect::<Vec<_>>());
    plans.iter().enumerate().min_by_key(|(n, plan)| (key(plan), *n)).map(|(n, _)| n)
}
