//! Which days and hours are business, as a rule that can be said.
use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::Date;

use crate::domain::time::{Timestamp, Zone};
use crate::incident::words;

/// Further than this no due time is looked for.
const DAYS: u32 = 800;
const NAMES: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// The days and hours in which people work.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    pub zone: Zone,
    /// From Monday.
    pub days: [bool; 7],
    /// Minutes after midnight.
    pub opens: u16,
    pub closes: u16,
}

impl Default for Calendar {
    fn default() -> Self {
        Calendar {
            zone: Zone::default(),
            days: [true, true, true, true, true, false, false],
            opens: 9 * 60,
            closes: 17 * 60,
        }
    }
}

/// One day of business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    pub opens: Timestamp,
    pub closes: Timestamp,
}

impl Calendar {
    /// The usual week at this zone.
    pub fn at(zone: Zone) -> Calendar {
        Calendar { zone, ..Calendar::default() }
    }

    /// The rule in words: `Monday to Friday, 09:00 to 17:00 UTC; holidays are not known`.
    pub fn said(&self, at: Timestamp) -> String {
        let on: Vec<usize> = (0..7).filter(|day| self.days.get(*day) == Some(&true)).collect();
        let name = |day: &usize| NAMES.get(*day).copied().unwrap_or_default();
        let days = match on.as_slice() {
            [first, .., last] if last - first + 1 == on.len() && on.len() > 2 => {
                format!("{} to {}", name(first), name(last))
            }
            days => days.iter().map(name).collect::<Vec<_>>().join(", "),
        };
        let time = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let (opens, closes) = (time(self.opens), time(self.closes));
        let zone = words::zone_name(at, &self.zone);
        format!("business is {days}, {opens} to {closes} {zone}; holidays are not known")
    }

    /// The business day that is so many after that of `from`. With 0 it is the day itself, while it lasts.
    pub fn day_after(&self, from: Timestamp, count: u32) -> Option<Day> {
        let today = self.date(from)?;
        let mut left = count;
        for ahead in 0..DAYS {
            let date = today.checked_add(i64::from(ahead).days()).ok()?;
            if !self.is_business(date) {
                continue;
            }
            let day = self.day(date)?;
            if count == 0 && day.closes > from {
                return Some(day);
            }
            if ahead > 0 && count > 0 {
                left -= 1;
                if left == 0 {
                    return Some(day);
                }
            }
        }
        None
    }

    /// When business will have been open for this long.
    pub fn open_for(&self, from: Timestamp, time: Duration) -> Option<Timestamp> {
        let mut left = i64::try_from(time.as_millis()).ok()?;
        let today = self.date(from)?;
        for ahead in 0..DAYS {
            let date = today.checked_add(i64::from(ahead).days()).ok()?;
            if !self.is_business(date) {
                continue;
            }
            let day = self.day(date)?;
            let begins = day.opens.max(from);
            let open = day.closes.0.saturating_sub(begins.0).max(0);
            if left <= open {
                return Some(Timestamp(begins.0.saturating_add(left)));
            }
            left -= open;
        }
        None
    }

    /// When the clock on the wall next shows this time, counted from midnight in minutes.
    pub fn next_time(&self, from: Timestamp, minutes: u16) -> Option<Timestamp> {
        let today = self.date(from)?;
        [today, today.tomorrow().ok()?]
            .into_iter()
            .find_map(|date| self.time(date, minutes).filter(|time| *time > from))
    }

    fn date(&self, at: Timestamp) -> Option<Date> {
        let time = jiff::Timestamp::from_millisecond(at.0).ok()?;
        Some(time.to_zoned(self.zone.0.clone()).date())
    }

    fn is_business(&self, date: Date) -> bool {
        let day = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or_default();
        self.days.get(day) == Some(&true)
    }

    fn day(&self, date: Date) -> Option<Day> {
        Some(Day { opens: self.time(date, self.opens)?, closes: self.time(date, self.closes)? })
    }

    fn time(&self, date: Date, minutes: u16) -> Option<Timestamp> {
        let (hour, minute) = (i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?);
        let time = jiff::civil::Time::new(hour, minute, 0, 0).ok()?;
        let zoned = date.to_datetime(time).to_zoned(self.zone.0.clone()).ok()?;
        Some(Timestamp(zoned.timestamp().as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("a time")
    }

    #[test]
    fn the_next_business_day_leaves_the_weekend_out() {
        let calendar = Calendar::default();
        for (from, closes) in [
            ("2026-11-26T03:00:00Z", "2026-11-27T17:00:00Z"),
            ("2026-11-27T03:00:00Z", "2026-11-30T17:00:00Z"),
            ("2026-11-28T03:00:00Z", "2026-11-30T17:00:00Z"),
            ("2026-11-29T23:59:00Z", "2026-11-30T17:00:00Z"),
        ] {
            assert_eq!(calendar.day_after(at(from), 1).expect("a day").closes, at(closes), "{from}");
        }
        let two = calendar.day_after(at("2026-11-26T03:00:00Z"), 2).expect("a day");
        assert_eq!(two.opens, at("2026-11-30T09:00:00Z"));
    }

    #[test]
    fn the_end_of_the_day_is_today_while_it_lasts() {
        let calendar = Calendar::default();
        let today = |from| calendar.day_after(at(from), 0).expect("a day").closes;
        assert_eq!(today("2026-11-27T16:59:00Z"), at("2026-11-27T17:00:00Z"));
        assert_eq!(today("2026-11-27T17:00:00Z"), at("2026-11-30T17:00:00Z"));
    }

    #[test]
    fn the_zone_says_which_day_it_is() {
        let calendar = Calendar::at(Zone(jiff::tz::TimeZone::fixed(jiff::tz::offset(9))));
        // Friday 23:00 in UTC is Saturday there.
        let day = calendar.day_after(at("2026-11-27T23:00:00Z"), 1).expect("a day");
        assert_eq!(day.closes, at("2026-11-30T08:00:00Z"));
    }

    #[test]
    fn business_hours_stop_at_night_and_over_the_weekend() {
        let calendar = Calendar::default();
        let due = calendar.open_for(at("2026-11-27T15:00:00Z"), Duration::from_hours(4));
        assert_eq!(due, Some(at("2026-11-30T11:00:00Z")));
    }

    #[test]
    fn a_time_of_the_day_that_is_over_is_tomorrows() {
        let calendar = Calendar::default();
        assert_eq!(calendar.next_time(at("2026-11-26T14:00:00Z"), 900), Some(at("2026-11-26T15:00:00Z")));
        assert_eq!(calendar.next_time(at("2026-11-26T15:00:00Z"), 900), Some(at("2026-11-27T15:00:00Z")));
    }

    #[test]
    fn a_calendar_without_business_has_no_due_time_and_does_not_hang() {
        let calendar = Calendar { days: [false; 7], ..Calendar::default() };
        assert_eq!(calendar.day_after(Timestamp(0), 1), None);
        assert_eq!(calendar.open_for(Timestamp(0), Duration::from_secs(1)), None);
        let backwards = Calendar { opens: 1_000, closes: 10, ..Calendar::default() };
        assert_eq!(backwards.open_for(Timestamp(0), Duration::from_secs(1)), None);
    }
}
