//! The time of day in the United Kingdom, worked out without a time zone database: summer time runs from 01:00
//! UTC on the last Sunday of March to 01:00 UTC on the last Sunday of October (Summer Time Order 2002).

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

/// The time of day on a clock in the United Kingdom.
pub fn local_time(at: Timestamp) -> Time {
    local(at).time()
}

/// The day on a calendar in the United Kingdom.
pub fn local_date(at: Timestamp) -> Date {
    local(at).date()
}

fn local(at: Timestamp) -> DateTime {
    let utc = Offset::UTC.to_datetime(at);
    let one = Time::constant(1, 0, 0, 0);
    let change = |month| last_sunday(utc.year(), month).map(|day| day.to_datetime(one));
    let summer = match (change(3), change(10)) {
        (Some(begins), Some(ends)) => (begins..ends).contains(&utc),
        _ => false,
    };
    let by = SignedDuration::from_hours(i64::from(summer));
    utc.checked_add(by).unwrap_or(utc)
}

fn last_sunday(year: i16, month: i8) -> Option<Date> {
    Date::new(year, month, 1).ok()?.nth_weekday_of_month(-1, Weekday::Sunday).ok()
}
