//! Keys and news for the logs pane.
use std::time::Duration;

use crate::domain::log::{Follow, LineId, LogNews};
use crate::domain::settings::Action;
use crate::domain::time::Timestamp;
use crate::model::logs::{Bits, Logs, Pattern, Place, Scan, Times};
use crate::model::msg::Effect;
use crate::panes::logs::{around, moved, top, top_line};

/// Columns that one key scrolls sideways.
const SIDEWAYS: usize = 16;
/// Lines around a hit, from one press to the next.
const CONTEXT: [u64; 4] = [0, 3, 10, 50];

/// A key. What asks for a line of input (`Find`, `Include`, `Exclude`) ends in [`typed`].
pub fn act(logs: &mut Logs, action: Action, now: Timestamp) -> Vec<Effect> {
    let page = isize::try_from(logs.size.1).unwrap_or(isize::MAX).max(2);
    match action {
        Action::Up => scroll(logs, -1),
        Action::Down => scroll(logs, 1),
        Action::HalfUp => scroll(logs, -page / 2),
        Action::HalfDown => scroll(logs, page / 2),
        Action::PageUp => scroll(logs, 1 - page),
        Action::PageDown => scroll(logs, page - 1),
        Action::Top => logs.go(top(logs)),
        Action::Follow if logs.place == Place::Newest => stop(logs),
        Action::Follow | Action::Bottom => newest(logs),
        Action::Left => logs.left = logs.left.saturating_sub(SIDEWAYS),
        Action::Right if !logs.wrap => logs.left += SIDEWAYS,
        Action::Wrap => {
            logs.wrap = !logs.wrap;
            logs.left = 0;
        }
        Action::Times => {
            logs.times = if logs.times == Times::Shown { Times::Hidden } else { Times::Shown };
        }
        Action::NextHit => jump(logs, Towards::Newer, |logs| logs.found.hits()),
        Action::PrevHit => jump(logs, Towards::Older, |logs| logs.found.hits()),
        Action::NextError => jump(logs, Towards::Newer, |logs| logs.ring.errors()),
        Action::PrevError => jump(logs, Towards::Older, |logs| logs.ring.errors()),
        Action::Context => {
            let next = CONTEXT.iter().position(|lines| *lines > logs.context).unwrap_or(0);
            logs.context = CONTEXT.get(next).copied().unwrap_or(0);
        }
        Action::MarkLine => mark(logs),
        Action::RangeAll => return range(logs, None, now),
        Action::Range1m => return range(logs, Some(Duration::from_mins(1)), now),
        Action::Range15m => return range(logs, Some(Duration::from_mins(15)), now),
        Action::Range1h => return range(logs, Some(Duration::from_hours(1)), now),
        Action::Range12h => return range(logs, Some(Duration::from_hours(12)), now),
        Action::Copy => return copy(logs),
        Action::Save => return save(logs, now),
        Action::Previous => return previous(logs),
        _ => {}
    }
    Vec::new()
}

/// What is followed from now on.
pub fn follow(logs: &mut Logs, follow: Option<Follow>) -> Vec<Effect> {
    logs.follow(follow.clone());
    vec![Effect::Follow(follow)]
}

/// What the source says; true if it can be seen.
pub fn news(logs: &mut Logs, news: LogNews) -> (bool, Vec<Effect>) {
    let began = matches!(news, LogNews::Began(_));
    let seen = logs.news(news);
    let order = if began { logs.look_anew() } else { logs.look_on() };
    (seen, order.map(Effect::Scan).into_iter().collect())
}

/// A search came back; true if it can be seen.
pub fn scanned(logs: &mut Logs, scan: &Scan) -> (bool, Vec<Effect>) {
    let seen = logs.scanned(scan);
    (seen, logs.look_on().map(Effect::Scan).into_iter().collect())
}

/// What was typed for `Find`, `Include` or `Exclude`, at every change and at the end.
pub fn typed(logs: &mut Logs, what: Action, text: &str) -> Vec<Effect> {
    let place = match what {
        Action::Find => &mut logs.find,
        Action::Include => &mut logs.include,
        Action::Exclude => &mut logs.exclude,
        _ => return Vec::new(),
    };
    if place.as_ref().map_or("", |pattern| pattern.text()) == text {
        return Vec::new();
    }
    *place = Pattern::new(text);
    logs.look_anew().map(Effect::Scan).into_iter().collect()
}

/// Takes the search, the filters or the range back, one at a time; `None` if there was nothing to take back.
pub fn back(logs: &mut Logs) -> Option<Vec<Effect>> {
    if logs.find.take().is_some() || logs.include.take().is_some() || logs.exclude.take().is_some() {
        logs.here = None;
        return Some(logs.look_anew().map(Effect::Scan).into_iter().collect());
    }
    logs.range.take().map(|_| Vec::new())
}

fn scroll(logs: &mut Logs, rows: isize) {
    logs.go(moved(logs, rows));
}

/// The window stays at what is the newest line now.
fn stop(logs: &mut Logs) {
    if let Some(line) = logs.shown_to(logs.ring.end()) {
        logs.go(Place::At { line, row: usize::MAX });
    }
}

fn newest(logs: &mut Logs) {
    logs.here = None;
    logs.go(Place::Newest);
}

#[derive(Clone, Copy)]
enum Towards {
    Newer,
    Older,
}

/// To the next or last of some lines that is shown.
fn jump(logs: &mut Logs, towards: Towards, set: impl Fn(&Logs) -> &Bits) {
    let bottom = match logs.place {
        Place::Newest => logs.ring.end(),
        Place::At { line, .. } => line,
    };
    let mut at = match (towards, logs.here) {
        (Towards::Newer, Some(here)) => Some(here.plus(1)),
        (Towards::Newer, None) => top_line(logs),
        (Towards::Older, Some(here)) => here.0.checked_sub(1).map(LineId),
        (Towards::Older, None) => Some(bottom),
    };
    while let Some(from) = at {
        let found = match towards {
            Towards::Newer => set(logs).next(from),
            Towards::Older => set(logs).prev(from),
        };
        let Some(line) = found.filter(|line| *line >= logs.first()) else { return };
        if logs.shown_from(line) == Some(line) {
            logs.here = Some(line);
            logs.go(around(logs, line));
            return;
        }
        at = match towards {
            Towards::Newer => logs.shown_from(line),
            Towards::Older => logs.shown_to(line),
        };
    }
}

/// A rule behind the line that is here, or behind the newest; the same again takes it away.
fn mark(logs: &mut Logs) {
    let newest = logs.shown_to(logs.ring.end());
    let line = match (logs.here, logs.place) {
        (Some(here), _) => Some(here),
        (None, Place::Newest) => newest,
        (None, Place::At { line, .. }) => Some(line),
    };
    if let Some(line) = line
        && !logs.marks.remove(&line)
    {
        logs.marks.insert(line);
    }
}

/// Shows only a time. What was written before the buffer begins is asked for.
fn range(logs: &mut Logs, range: Option<Duration>, now: Timestamp) -> Vec<Effect> {
    logs.range = range;
    logs.tick(now);
    let Some(span) = range else { return Vec::new() };
    let from = Timestamp(now.0.saturating_sub_unsigned(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)));
    let oldest = logs.line(logs.ring.first()).map(|view| view.time());
    // The buffer has let lines go already: more would push out what is newer.
    let full = logs.ring.gone() > 0;
    if full || logs.following.is_none() || oldest.is_some_and(|oldest| oldest <= from) {
        return Vec::new();
    }
    vec![Effect::FollowSince(from)]
}

fn copy(logs: &Logs) -> Vec<Effect> {
    let line = logs.here.or(match logs.place {
        Place::Newest => logs.shown_to(logs.ring.end()),
        Place::At { line, .. } => logs.shown_to(line),
    });
    line.and_then(|line| logs.line(line)).map(|view| Effect::Copy(view.text.to_owned())).into_iter().collect()
}

fn save(logs: &Logs, now: Timestamp) -> Vec<Effect> {
    let Some(following) = &logs.following else { return Vec::new() };
    let name: String = format!("{}-{}.log", following.title(), now.rfc3339())
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') { c } else { '-' })
        .collect();
    vec![Effect::Save { name, text: logs.save() }]
}

/// The containers before, or back to those of now. Where nothing tells the two apart, nothing happens.
fn previous(logs: &mut Logs) -> Vec<Effect> {
    match logs.following.as_ref().and_then(Follow::turned) {
        Some(turned) => follow(logs, Some(turned)),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
