//! Reading a channel's changes to the last one: fixed windows that overlap, page by page.
//!
//! A window ends a little before now and stays as it is while its pages are read, for rows move while one pages.
//! The next one begins well before the last one's end: clocks differ, times have whole seconds, and search
//! indexes lag. What is met twice is recognised when it is stored.

use crate::time::after;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Clocks of channels and ours may differ by this much, both ways (issue: +-2 minutes), and a second for rounding.
pub const SKEW: SignedDuration = SignedDuration::from_secs(121);
/// The longest span one window covers, so that a long absence is made up for in steps that each are done soon.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// A backfill that has not gone on for so long stands still: longer than a message may wait for a budget.
const STILL: SignedDuration = SignedDuration::from_mins(30);

/// A window that is being read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// From, inclusive.
    pub from: Timestamp,
    /// To.
    pub to: Timestamp,
    /// Where the next page begins; `None` before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Pages read.
    #[serde(default)]
    pub pages: u32,
}

/// How far a channel's changes were read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Everything changed before this was read.
    pub until: Timestamp,
    /// What is being read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Reading>,
    /// Since when the channel refuses to be read, and what it says: a code. Cleared by the next page it gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refused>,
    /// Counts writes; every write is conditional on it.
    #[serde(default)]
    pub rev: u64,
}

/// A channel that refuses to tell what changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The first time of those that followed each other.
    pub since: Timestamp,
    /// What it said last: a code, never its text.
    pub code: String,
}

impl Cursor {
    /// Changes are read from then on.
    pub fn starting(from: Timestamp) -> Self {
        Self { until: from, reading: None, refused: None, rev: 0 }
    }

    /// The page to read now: the window in hand, or a new one; `None` when nothing can be new.
    pub fn page(
        &mut self,
        overlap: SignedDuration,
        settle: SignedDuration,
        now: Timestamp,
    ) -> Option<&Reading> {
        if self.reading.is_none() {
            let latest = after(now, -settle);
            let from = after(self.until, -(overlap.max(SKEW) + settle));
            let to = latest.min(after(self.until, LONGEST));
            if to > self.until {
                self.reading = Some(Reading { from, to, next: None, pages: 0 });
            }
        }
        self.reading.as_ref()
    }

    /// A page was read and everything of it is safe; true when the window has more.
    pub fn read(&mut self, next: Option<String>) -> bool {
        self.refused = None;
        match (next, &mut self.reading) {
            (Some(next), Some(reading)) => {
                reading.next = Some(next);
                reading.pages += 1;
                true
            }
            (_, reading) => {
                if let Some(done) = reading.take() {
                    self.until = done.to.max(self.until);
                }
                false
            }
        }
    }

    /// The channel refused a page. Perhaps it no longer knows where the page begins: the window is read again from its
    /// start; true when there is a start to go back to.
    pub fn refuse(&mut self, code: String, now: Timestamp) -> bool {
        let since = self.refused.as_ref().map_or(now, |before| before.since);
        self.refused = Some(Refused { since, code });
        self.reading.as_mut().is_some_and(|reading| reading.next.take().is_some())
    }
}

/// Reading a span of the past on a person's word, resumable like any window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backfill {
    /// Its key within the connection.
    pub id: String,
    /// From, inclusive.
    pub from: Timestamp,
    /// To.
    pub to: Timestamp,
    /// The part in hand and where it stands.
    pub cursor: Cursor,
    /// Orders met.
    pub seen: u64,
    /// Orders that were new or newer.
    pub stored: u64,
    /// Orders that could not be read.
    pub unreadable: u64,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When it last went on, or was last helped to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_at: Option<Timestamp>,
    /// When it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Timestamp>,
}

impl Backfill {
    /// Will read a span.
    pub fn new(id: String, from: Timestamp, to: Timestamp, now: Timestamp) -> Self {
        let cursor = Cursor::starting(from);
        Self {
            id,
            from,
            to,
            cursor,
            seen: 0,
            stored: 0,
            unreadable: 0,
            asked_at: now,
            moved_at: None,
            done_at: None,
        }
    }

    /// It is not done and has not gone on for so long that its message must be lost.
    pub fn stands_still(&self, now: Timestamp) -> bool {
        self.done_at.is_none() && after(self.moved_at.unwrap_or(self.asked_at), STILL) <= now
    }

    /// The page to read now; `None` when all is read.
    pub fn page(&mut self, settle: SignedDuration, now: Timestamp) -> Option<&Reading> {
        // A backfill that reaches into the present ends where polling goes on.
        let end = self.to.min(after(now, -settle));
        if self.cursor.reading.is_none() && self.cursor.until >= end {
            return None;
        }
        self.cursor.page(SignedDuration::ZERO, SignedDuration::ZERO, end)
    }

    /// How much of the span is read, in hundredths.
    pub fn percent(&self) -> u8 {
        let whole = self.to.duration_since(self.from).as_secs().max(1);
        let done = self.cursor.until.duration_since(self.from).as_secs().clamp(0, whole);
        if self.done_at.is_some() { 100 } else { u8::try_from(done * 100 / whole).unwrap_or(99).min(99) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_424_400 + seconds).unwrap()
    }

    const MINUTE: SignedDuration = SignedDuration::from_mins(1);

    #[test]
    fn a_window_stays_while_it_is_paged_and_the_next_overlaps() {
        let mut cursor = Cursor::starting(at(0));
        let first = cursor.page(MINUTE, MINUTE, at(600)).unwrap().clone();
        assert_eq!(first.to, at(540));
        assert!(cursor.read(Some("2".into())));
        let second = cursor.page(MINUTE, MINUTE, at(900)).unwrap().clone();
        assert_eq!((second.from, second.to, second.next.as_deref()), (first.from, first.to, Some("2")));
        assert!(!cursor.read(None));
        assert_eq!(cursor.until, at(540));
        let next = cursor.page(MINUTE, MINUTE, at(900)).unwrap();
        assert!(next.from <= at(540 - 121));
    }

    #[test]
    fn nothing_new_means_no_call() {
        let mut cursor = Cursor::starting(at(600));
        assert!(cursor.page(MINUTE, MINUTE, at(630)).is_none());
    }

    #[test]
    fn a_refused_page_begins_the_window_again_and_is_remembered_until_one_is_given() {
        let mut cursor = Cursor::starting(at(0));
        let first = cursor.page(MINUTE, MINUTE, at(600)).unwrap().clone();
        cursor.read(Some("2".into()));
        assert!(cursor.refuse("bad_cursor".into(), at(601)));
        assert_eq!(cursor.page(MINUTE, MINUTE, at(700)).unwrap().next, None);
        assert!(!cursor.refuse("bad_query".into(), at(700)), "the first page has no other to go back to");
        assert_eq!(cursor.refused, Some(Refused { since: at(601), code: "bad_query".into() }));
        assert_eq!(cursor.page(MINUTE, MINUTE, at(900)).unwrap().from, first.from);
        cursor.read(None);
        assert_eq!(cursor.refused, None);
    }

    #[test]
    fn a_backfill_whose_message_was_lost_stands_still() {
        let mut backfill = Backfill::new("b".into(), at(0), at(3600), at(7200));
        assert!(!backfill.stands_still(at(7201)) && backfill.stands_still(after(at(7200), STILL)));
        backfill.moved_at = Some(at(9000));
        assert!(!backfill.stands_still(after(at(7200), STILL)));
        backfill.done_at = Some(at(9000));
        assert!(!backfill.stands_still(at(90_000)));
    }

    #[test]
    fn a_backfill_ends() {
        let mut backfill = Backfill::new("b".into(), at(0), at(3 * 86_400), at(4 * 86_400));
        let mut windows = 0;
        while backfill.page(MINUTE, at(4 * 86_400)).is_some() {
            backfill.cursor.read(None);
            windows += 1;
            assert!(windows < 10);
        }
        assert!(windows >= 3);
        assert!(backfill.cursor.until >= at(3 * 86_400));
    }

    proptest! {
        /// Whenever an order changes, and however the channel's clock and ours differ within two minutes, some
        /// window that is read after the change holds the channel's time of it.
        #[test]
        fn no_change_falls_between_windows(
            changed in 0i64..7200,
            skew in -120i64..=120,
            polls in proptest::collection::vec(1i64..900, 60),
            settle in 0i64..180,
        ) {
            let settle = SignedDuration::from_secs(settle);
            let mut cursor = Cursor::starting(at(-600));
            let (mut now, mut seen) = (0, false);
            for step in polls {
                now += step;
                while let Some(window) = cursor.page(SignedDuration::ZERO, settle, at(now)).cloned() {
                    // Our clock runs `skew` seconds before the channel's.
                    let theirs = at(changed - skew);
                    seen |= changed <= now && window.from <= theirs && theirs <= window.to;
                    cursor.read(None);
                }
            }
            prop_assert!(seen || changed + 121 + settle.as_secs() + 121 > now);
        }
    }
}
