//! What may be kept of orders whose people are forgotten: weekly figures that name and single out nobody
//! (CONTROLS section 6, tier T2). The only input to forecasting.
//!
//! A cell is published when at least [`K`] orders to as many addresses made it and none of them more than half of it. What is too small is
//! pooled into a coarser cell: the area into its nation, the nation into the country, the week into four; and
//! dropped when even that is too small. Only cells that no other one contains are published, so no two of them
//! differ by a hidden third.

use crate::order::{Channel, Order};
use crate::time::{after, days};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Orders that make a cell, and addresses they went to, at least. A buyer who ordered ten times is still one buyer.
pub const K: u64 = 10;

/// One of 256 lots that an address falls in, by a keyed digest of its postcode: so few that it finds nobody again.
/// Different lots are different addresses, so there are at least as many addresses as lots (decision 044).
pub type Lot = u8;

/// What a figure is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cell {
    /// ISO week, such as `2026-W48`; of four weeks, the first with `+3`.
    pub week: String,
    /// Marketplace or own shop.
    pub class: Class,
    /// A UK postcode area, then `england` and the like, then `uk`; `abroad` or `unknown`.
    pub region: String,
    /// What was sold.
    pub sku: String,
}

/// Through what kind of channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The merchant's own shop.
    Shop,
    /// A marketplace.
    Marketplace,
}

/// What is counted of a cell.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Count {
    /// Orders.
    pub orders: u64,
    /// Pieces.
    pub units: u64,
    /// The sum of the squares of each order's pieces: tells whether one order makes up most of it.
    pub squares: u64,
    /// The lots of the addresses.
    #[serde(default)]
    pub lots: BTreeSet<Lot>,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.lots.extend(other.lots);
        self.orders += other.orders;
        self.units += other.units;
        self.squares += other.squares;
    }

    /// Whether it may be shown. The largest order is at most the root of the squares, so when that is no more than
    /// half of all pieces no order is.
    pub fn is_anonymous(&self) -> bool {
        let addresses = u64::try_from(self.lots.len()).unwrap_or(0);
        self.orders.min(addresses) >= K
            && self.squares.saturating_mul(4) <= self.units.saturating_mul(self.units)
    }
}

/// A figure that may be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What it is about.
    #[serde(flatten)]
    pub cell: Cell,
    /// Pieces.
    pub units: u64,
    /// Orders, in steps: 10, 25, 50, 100 and so on; how many exactly is not kept.
    pub orders_from: u64,
}

/// The ISO week of a moment, in UTC.
pub fn week_of(at: Timestamp) -> String {
    let week = at.to_zoned_datetime(TimeZone::UTC).date().iso_week_date();
    format!("{:04}-W{:02}", week.year(), week.week())
}

/// What one order adds, by cell. Nothing of who, when within the week, or for how much. `lot` is its address's; without
/// one it counts for no address.
pub fn contribution(order: &Order, lot: Option<Lot>) -> BTreeMap<Cell, Count> {
    let class = match order.channel {
        Channel::Amazon | Channel::Ebay => Class::Marketplace,
        Channel::Shopify | Channel::WooCommerce | Channel::Magento => Class::Shop,
    };
    let region = match &order.destination {
        Some(to) if to.country != "GB" => "abroad".to_owned(),
        Some(to) => to.postcode_area.clone().unwrap_or_else(|| "uk".to_owned()),
        None => "unknown".to_owned(),
    };
    let week = week_of(order.placed_at);
    let mut units: BTreeMap<&str, u64> = BTreeMap::new();
    for line in order.lines.iter().filter(|line| line.ships && line.quantity > 0) {
        if let Some(sku) = &line.sku {
            *units.entry(sku).or_default() += u64::from(line.quantity);
        }
    }
    let cell = |sku: &str| Cell { week: week.clone(), class, region: region.clone(), sku: sku.to_owned() };
    let lots: BTreeSet<Lot> = lot.into_iter().collect();
    let count =
        |units: u64| Count { orders: 1, units, squares: units.saturating_mul(units), lots: lots.clone() };
    units.into_iter().map(|(sku, units)| (cell(sku), count(units))).collect()
}

/// The areas of Scotland, Wales and Northern Ireland; all others are counted as England.
const SCOTLAND: [&str; 16] =
    ["AB", "DD", "DG", "EH", "FK", "G", "HS", "IV", "KA", "KW", "KY", "ML", "PA", "PH", "TD", "ZE"];
const WALES: [&str; 5] = ["CF", "LD", "LL", "NP", "SA"];

fn coarser_region(region: &str) -> Option<String> {
    let nation = match region {
        "uk" | "abroad" | "unknown" => return None,
        "england" | "scotland" | "wales" | "northern_ireland" => "uk",
        "BT" => "northern_ireland",
        area if SCOTLAND.contains(&area) => "scotland",
        area if WALES.contains(&area) => "wales",
        _ => "england",
    };
    Some(nation.to_owned())
}

/// Four weeks are named after their first: the one whose number leaves 1 when divided by 4.
fn coarser_week(week: &str) -> Option<String> {
    let (year, number) = week.split_once("-W")?;
    let number: u32 = number.parse().ok()?;
    Some(format!("{year}-W{:02}+3", (number.max(1) - 1) / 4 * 4 + 1))
}

/// The four weeks a week belongs to, by the name of their pooled cell; `None` when it is no week.
pub fn four_weeks(week: &str) -> Option<String> {
    coarser_week(week)
}

/// Whether the four weeks that `week` belongs to are so long ago that every order placed in them is forgotten: no
/// order lives longer than unfulfilled, then shipped, may last together, and a month of margin.
pub fn is_over(week: &str, now: Timestamp) -> bool {
    let number = |text: &str| text.parse::<i16>().ok();
    let Some((year, first)) = coarser_week(week).and_then(|group| {
        let (year, rest) = group.split_once("-W").map(|(year, rest)| (year.to_owned(), rest.to_owned()))?;
        Some((number(&year)?, number(rest.strip_suffix("+3")?)?))
    }) else {
        return false;
    };
    // The first day of week 1 lies around 1 January; three days of slack are far within the margin.
    let Ok(new_year) = jiff::civil::Date::new(year, 1, 1) else { return false };
    let Ok(zoned) = new_year.to_zoned_datetime(TimeZone::UTC) else { return false };
    let weeks = i64::from(first) + 3;
    after(zoned.timestamp(), days(7 * weeks + LIFE_DAYS)) <= now
}

/// See [`is_over`].
const LIFE_DAYS: i64 = 90 + 30 + 30;

fn coarser(cell: &Cell) -> Option<Cell> {
    match coarser_region(&cell.region) {
        Some(region) => Some(Cell { region, ..cell.clone() }),
        None => coarser_week(&cell.week).map(|week| Cell { week, ..cell.clone() }),
    }
}

/// How coarse a cell is: an area, a nation, a country, four weeks.
fn coarseness(cell: &Cell) -> u8 {
    match cell.region.as_str() {
        _ if cell.week.ends_with("+3") => COARSEST,
        "uk" | "abroad" | "unknown" => 2,
        "england" | "scotland" | "wales" | "northern_ireland" => 1,
        _ => 0,
    }
}

/// See [`coarseness`].
const COARSEST: u8 = 3;

fn step(orders: u64) -> u64 {
    [1000, 500, 250, 100, 50, 25].into_iter().find(|step| orders >= *step).unwrap_or(K)
}

/// Turns what was counted into what may be kept: all that is anonymous at its finest, the rest pooled until it is,
/// and what never is left out. To be given whole weeks that are over, four at a time where four are to be pooled.
pub fn publish(counted: BTreeMap<Cell, Count>) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut cells = counted;
    // From fine to coarse, so that a cell is judged when all that is pooled into it has arrived.
    for level in 0..=COARSEST {
        let (mut now, mut later): (BTreeMap<_, _>, BTreeMap<_, _>) =
            cells.into_iter().partition(|(cell, _)| coarseness(cell) == level);
        while let Some((cell, count)) = now.pop_first() {
            if count.is_anonymous() {
                rows.push(Row { cell, units: count.units, orders_from: step(count.orders) });
            } else if let Some(wider) = coarser(&cell) {
                later.entry(wider).or_insert_with(Count::default).add(count);
            }
        }
        cells = later;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cell(week: &str, region: &str) -> Cell {
        Cell { week: week.into(), class: Class::Shop, region: region.into(), sku: "TEE-RED".into() }
    }

    /// So many orders, each to an address of its own: the first of them is the `first`th.
    fn orders_from(first: u64, n: u64) -> Count {
        let lots = (first..first + n).map(|lot| Lot::try_from(lot % 256).unwrap()).collect();
        Count { orders: n, units: n, squares: n, lots }
    }

    fn orders(n: u64) -> Count {
        orders_from(0, n)
    }

    fn published(counted: &[(Cell, Count)]) -> Vec<(String, String, u64)> {
        let rows = publish(counted.iter().cloned().collect());
        rows.into_iter().map(|row| (row.cell.week, row.cell.region, row.units)).collect()
    }

    fn row(week: &str, region: &str, units: u64) -> (String, String, u64) {
        (week.into(), region.into(), units)
    }

    #[test]
    fn ten_orders_make_a_cell_and_nine_do_not() {
        assert_eq!(published(&[(cell("2026-W48", "BS"), orders(10))]), [row("2026-W48", "BS", 10)]);
        assert_eq!(published(&[(cell("2026-W48", "BS"), orders(9))]), []);
    }

    #[test]
    fn what_is_too_small_is_pooled_into_the_nation_the_country_and_four_weeks() {
        let small = [(cell("2026-W48", "BS"), orders(6)), (cell("2026-W48", "LS"), orders_from(6, 5))];
        assert_eq!(published(&small), [row("2026-W48", "england", 11)]);
        let nations = [(cell("2026-W48", "BS"), orders(6)), (cell("2026-W48", "EH"), orders_from(6, 5))];
        assert_eq!(published(&nations), [row("2026-W48", "uk", 11)]);
        let weeks = [(cell("2026-W45", "BS"), orders(6)), (cell("2026-W48", "EH"), orders_from(6, 5))];
        assert_eq!(published(&weeks), [row("2026-W45+3", "uk", 11)]);
        assert_eq!(published(&[(cell("2026-W48", "abroad"), orders(9))]), []);
    }

    #[test]
    fn one_order_that_makes_most_of_a_cell_is_not_shown_by_it() {
        let mut large = orders(12);
        large.add(Count { orders: 1, units: 40, squares: 1600, ..Count::default() });
        assert_eq!(published(&[(cell("2026-W48", "BS"), large)]), []);
    }

    #[test]
    fn ten_orders_of_one_buyer_make_no_cell() {
        let again = |addresses: u64| Count { lots: orders(addresses).lots, ..orders(20) };
        let of = |count| published(&[(cell("2026-W48", "BS"), count)]);
        assert_eq!(of(again(1)), []);
        assert_eq!(of(again(9)), []);
        assert_eq!(of(again(10)), [row("2026-W48", "BS", 20)]);
        let same = [(cell("2026-W48", "BS"), orders(9)), (cell("2026-W48", "LS"), orders(9))];
        assert_eq!(published(&same), [], "who ordered to two areas is counted once where they are pooled");
    }

    #[test]
    fn how_many_orders_exactly_is_not_kept() {
        let rows = publish([(cell("2026-W48", "BS"), orders(137))].into());
        assert_eq!(rows[0].orders_from, 100);
    }

    #[test]
    fn weeks_are_published_when_everyone_who_ordered_in_them_is_forgotten() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(week_of(at("2026-11-23T09:15:00Z")), "2026-W48");
        assert_eq!(week_of(at("2027-01-01T00:00:00Z")), "2026-W53");
        assert_eq!(four_weeks("2026-W48").as_deref(), Some("2026-W45+3"));
        assert!(!is_over("2026-W48", at("2027-04-25T00:00:00Z")));
        assert!(is_over("2026-W48", at("2027-05-10T00:00:00Z")));
        assert!(!is_over("x", at("2027-05-10T00:00:00Z")));
    }

    proptest! {
        #[test]
        fn whatever_is_counted_every_row_is_anonymous_and_no_piece_is_counted_twice(
            counts in prop::collection::vec((0usize..12, 44u32..53, 1u64..15, 1u64..6, 0u64..300), 0..80)
        ) {
            let regions = ["BS", "LS", "EH", "G", "CF", "BT", "SW", "abroad", "unknown", "uk", "M", "ZE"];
            let mut counted: BTreeMap<Cell, Count> = BTreeMap::new();
            for (region, week, n, each, first) in &counts {
                let (units, squares) = (n * each, n * each * each);
                let count = Count { units, squares, ..orders_from(*first, *n) };
                counted.entry(cell(&format!("2026-W{week:02}"), regions[*region])).or_default().add(count);
            }
            let all: u64 = counted.values().map(|count| count.units).sum();
            let rows = publish(counted);
            prop_assert!(rows.iter().map(|row| row.units).sum::<u64>() <= all);
            prop_assert!(rows.iter().all(|row| row.orders_from >= K && row.units >= K));
            let mut cells: Vec<_> = rows.iter().map(|row| &row.cell).collect();
            let before = cells.len();
            cells.sort();
            cells.dedup();
            prop_assert_eq!(cells.len(), before);
        }
    }
}
