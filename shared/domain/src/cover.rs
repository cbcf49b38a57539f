//! How long stock lasts: days of cover, dead stock, stock-outs and a forecast, from what left each week.
//!
//! The forecast is the mean of the last four weeks, the pace that the console shows too. It has no trend and no season:
//! a few weeks are too few to tell either from chance, and a mean is what whoever orders goods can check by hand.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The most weeks that are looked at.
pub const WEEKS: usize = 8;
/// The weeks from which the pace of selling is taken.
pub const PACE_WEEKS: usize = 4;
/// Goods that are there and of which nothing was sold for so many weeks are dead.
pub const DEAD_WEEKS: usize = WEEKS;
/// Stock that lasts fewer days than this is low.
pub const LOW_DAYS: u64 = 14;

/// What there is of a SKU over all warehouses, and what was sold of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shelf {
    /// Pieces on the shelves.
    pub on_hand: i64,
    /// Pieces free to promise.
    pub available: i64,
    /// Fewer available pieces than this are low whatever is sold; 0 for no such limit.
    pub low: u32,
    /// Pieces that left to buyers, in spans of seven days, the latest first. As many as the SKU has been kept, and
    /// [`WEEKS`] at most: weeks before the first goods came say nothing about what sells.
    pub sold: Vec<u64>,
}

/// What somebody may have to do something about. The first that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "CoverState")]
pub enum State {
    /// Nothing is free to promise.
    Out,
    /// It lasts less than two weeks, or less is available than the SKU's own limit.
    Low,
    /// It lies there and nobody has bought any for eight weeks.
    Dead,
    /// None of these.
    Good,
}

/// How long it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Cover {
    /// Whether somebody should look at it.
    pub state: State,
    /// Whole days until what is available is sold, at the pace of the last four weeks; absent when nothing was sold in them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_of_cover: Option<u64>,
    /// Pieces expected to leave in the next seven days: the mean of the last four weeks, rounded up.
    pub forecast: u64,
    /// Weeks since any was sold, of those looked at: eight at most.
    pub idle_weeks: usize,
}

impl Shelf {
    /// Judges it.
    pub fn cover(&self) -> Cover {
        let sold = self.sold.get(..WEEKS).unwrap_or(&self.sold);
        let pace = sold.get(..PACE_WEEKS).unwrap_or(sold);
        let weeks = pace.len() as u64;
        let all = pace.iter().fold(0_u64, |sum, week| sum.saturating_add(*week));
        let available = u64::try_from(self.available).unwrap_or(0);
        // Times weeks before it is divided: a piece in four weeks is a pace too.
        let days_of_cover = available.saturating_mul(7 * weeks).checked_div(all);
        let idle_weeks = sold.iter().take_while(|week| **week == 0).count();
        let state = if available == 0 {
            State::Out
        } else if available < u64::from(self.low) || days_of_cover.is_some_and(|days| days < LOW_DAYS) {
            State::Low
        } else if idle_weeks >= DEAD_WEEKS {
            State::Dead
        } else {
            State::Good
        };
        let forecast = if weeks == 0 { 0 } else { all.div_ceil(weeks) };
        Cover { state, days_of_cover, forecast, idle_weeks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shelf(available: i64, low: u32, sold: &[u64]) -> Shelf {
        Shelf { on_hand: available, available, low, sold: sold.to_vec() }
    }

    #[test]
    fn the_pace_of_the_weeks_says_how_long_it_lasts() {
        let cover = shelf(30, 0, &[10, 4, 7]).cover();
        assert_eq!((cover.days_of_cover, cover.forecast, cover.state), (Some(30), 7, State::Good));
        let slow = shelf(1, 0, &[0, 0, 0, 1, 9, 9, 9, 9]).cover();
        assert_eq!((slow.days_of_cover, slow.forecast, slow.idle_weeks), (Some(28), 1, 3));
        let slower = shelf(1, 0, &[0, 0, 0, 0, 0, 0, 0, 1]).cover();
        assert_eq!((slower.days_of_cover, slower.forecast, slower.idle_weeks), (None, 0, 7));
        assert_eq!(slower.state, State::Good);
        assert_eq!(shelf(13, 0, &[7]).cover().state, State::Low);
        assert_eq!(shelf(14, 0, &[7]).cover().state, State::Good);
    }

    #[test]
    fn dead_is_what_lay_there_for_all_eight_weeks() {
        assert_eq!(shelf(5, 0, &[0; 8]).cover().state, State::Dead);
        assert_eq!(shelf(5, 0, &[0; 7]).cover().state, State::Good, "it came a week too late to be dead");
        assert_eq!(shelf(0, 0, &[0; 8]).cover().state, State::Out, "nothing there cannot lie there");
        assert_eq!(shelf(5, 6, &[0; 8]).cover().state, State::Low, "whoever set a limit wants to know");
    }

    #[test]
    fn what_is_promised_is_not_there_to_sell() {
        let promised = Shelf { on_hand: 5, available: 0, low: 0, sold: vec![5] };
        assert_eq!((promised.cover().state, promised.cover().days_of_cover), (State::Out, Some(0)));
        assert_eq!(shelf(-2, 0, &[5]).cover().state, State::Out);
    }

    fn any() -> impl Strategy<Value = Shelf> {
        let sold = prop::collection::vec(prop_oneof![2 => Just(0_u64), 3 => 0_u64..200], 0..12);
        (-5_i64..500, 0_i64..50, prop_oneof![Just(0_u32), 1_u32..60], sold).prop_map(
            |(available, reserved, low, sold)| Shelf { on_hand: available + reserved, available, low, sold },
        )
    }

    proptest! {
        /// Days are whole and none is promised that the pace does not leave.
        #[test]
        fn days_of_cover_are_what_the_pace_leaves(shelf in any()) {
            let weeks: Vec<u64> = shelf.sold.iter().copied().take(PACE_WEEKS).collect();
            let all: u64 = weeks.iter().sum();
            let span = 7 * weeks.len() as u64;
            let there = u64::try_from(shelf.available).unwrap_or(0);
            match shelf.cover().days_of_cover {
                None => prop_assert_eq!(all, 0),
                Some(days) => {
                    prop_assert!(days * all <= there * span);
                    prop_assert!((days + 1) * all > there * span);
                }
            }
        }

        /// The forecast is a mean: between the weakest and the strongest week, and enough when weeks go on alike.
        #[test]
        fn a_forecast_lies_between_the_weeks_it_comes_from(shelf in any()) {
            let weeks: Vec<u64> = shelf.sold.iter().copied().take(PACE_WEEKS).collect();
            let forecast = shelf.cover().forecast;
            let (least, most) = (weeks.iter().min().copied().unwrap_or(0), weeks.iter().max().copied().unwrap_or(0));
            prop_assert!((least..=most).contains(&forecast), "{forecast} of {weeks:?}");
            prop_assert!(forecast * weeks.len() as u64 >= weeks.iter().sum());
        }

        /// More goods never last shorter nor look worse for it, and weeks before the last eight change nothing.
        #[test]
        fn more_goods_never_last_shorter(shelf in any(), more in 0_i64..100, older in 0_u64..1000) {
            let now = shelf.cover();
            let fuller = Shelf { available: shelf.available + more, on_hand: shelf.on_hand + more, ..shelf.clone() };
            prop_assert!(fuller.cover().days_of_cover >= now.days_of_cover);
            prop_assert!(fuller.cover().state >= now.state);
            if shelf.sold.len() >= WEEKS {
                let mut longer = shelf.clone();
                longer.sold.push(older);
                prop_assert_eq!(longer.cover(), now);
            }
        }

        /// Each state says what it says.
        #[test]
        fn a_state_is_what_it_says(shelf in any()) {
            let cover = shelf.cover();
            match cover.state {
                State::Out => prop_assert!(shelf.available <= 0),
                State::Low => prop_assert!(
                    shelf.available < i64::from(shelf.low) || cover.days_of_cover.is_some_and(|days| days < LOW_DAYS)
                ),
                State::Dead => prop_assert!(shelf.available > 0 && cover.forecast == 0 && cover.days_of_cover.is_none()),
                State::Good => prop_assert!(shelf.available >= i64::from(shelf.low) && shelf.available > 0),
            }
        }
    }
}
