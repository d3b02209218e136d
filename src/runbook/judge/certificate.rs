//! When a certificate ends, as its reader tells it: in days from now.
use super::{Case, Said};
use crate::domain::time::Timestamp;
use crate::incident::event::Verdict;

/// When people begin to renew one by hand, in days.
const SOON: i64 = 30;
const DAY: i64 = 86_400_000;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `23 days left, until 2026-04-17`: of the certificate that ends first.
pub fn ends(case: &Case<'_>) -> Option<Said> {
    let end = first(case)?;
    let date = end.rfc3339();
    let date = date.split('T').next().unwrap_or_default();
    let days = days(case.now, end);
    Some(match days {
        _ if days < 0 => (Verdict::Trouble, format!("expired on {date}")),
        1 => (Verdict::Ok, format!("1 day left, until {date}")),
        _ => (Verdict::Ok, format!("{days} days left, until {date}")),
    })
}

/// It is time to renew it.
pub fn soon(case: &Case<'_>) -> Option<String> {
    let days = days(case.now, first(case)?);
    (0..=SOON).contains(&days).then(|| format!("it ends in {days} days: within {SOON} it is renewed"))
}

fn days(now: Timestamp, end: Timestamp) -> i64 {
    end.0.saturating_sub(now.0).div_euclid(DAY)
}

/// `notAfter=…` of openssl, `expire date: …` of curl.
fn first(case: &Case<'_>) -> Option<Timestamp> {
    if !case.uses(&["openssl", "curl"]) {
        return None;
    }
    let ends = case.out.lines().filter_map(|line| {
        let line = line.trim_start_matches(['*', ' ', '\t']);
        read(line.strip_prefix("notAfter=").or_else(|| line.strip_prefix("expire date:"))?)
    });
    ends.take(1_000).min()
}

/// `Apr  7 12:00:00 2026 GMT`.
fn read(text: &str) -> Option<Timestamp> {
    let mut words = text.split_whitespace();
    let (month, day, clock, year) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let day: u8 = day.parse().ok()?;
    Timestamp::parse(&format!("{year}-{month:02}-{day:02}T{clock}Z"))
}
