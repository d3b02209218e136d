//! One thing, opened: description, events, YAML, owners.
use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::{Fact, Pane};
use crate::domain::feed::Feed;
use crate::domain::level::Level;
use crate::domain::news::Inspection;
use crate::domain::object::{Facts, Kind};
use crate::domain::settings::{Action, Role};
use crate::domain::time::{Age, Timestamp};
use crate::model::Model;
use crate::model::board::PaneKind;
use crate::model::detail::{Detail, Tab};

/// A line of text in parts.
pub type Line = Vec<Fact>;

pub struct TextPane;

impl Pane for TextPane {
    fn kind(&self) -> PaneKind {
        PaneKind::Detail
    }

    fn name(&self, model: &Model) -> Cow<'static, str> {
        model.detail.as_ref().map_or("".into(), |detail| detail.target.kind.to_string().into())
    }

    fn fed_by(&self, _: &Feed, _: &Model) -> bool {
        false
    }

    fn facts(&self, model: &Model) -> Vec<Fact> {
        let Some(detail) = &model.detail else { return Vec::new() };
        let mut facts = vec![Fact::new(detail.target.to_string(), Role::Text)];
        for tab in Tab::ALL {
            // Brackets, so that the open one is told without colours too.
            facts.push(if tab == detail.tab {
                Fact::new(format!("[{}]", tab.title()), Role::Focus)
            } else {
                Fact::new(tab.title(), Role::Dim)
            });
        }
        facts
    }

    fn lamp(&self, _: &Model) -> (Level, String) {
        (Level::Fine, String::new())
    }

    fn keys(&self, model: &Model) -> Vec<Action> {
        match model.detail.as_ref().map(|detail| detail.target.kind) {
            Some(Kind::Alert) => {
                let mut keys = ALERT.to_vec();
                super::runbooks::offer(model, &mut keys);
                return keys;
            }
            Some(Kind::Silence) => return SILENCE.to_vec(),
            _ => {}
        }
        let mut keys = vec![Action::Back, Action::Describe, Action::ShowEvents, Action::Yaml, Action::Owners];
        if model.detail.as_ref().is_some_and(|detail| detail.tab == Tab::Owners) {
            keys.insert(0, Action::Open);
        }
        // A vital has no logs, and a document to be read.
        let vital = model.detail.as_ref().is_some_and(|detail| detail.target.kind == Kind::Vital);
        keys.extend([if vital { Action::Passage } else { Action::Logs }, Action::Filter, Action::Copy]);
        keys
    }
}

/// What is done with an alert or a silence that was opened: it has no logs, events or owners.
const ALERT: &[Action] = &[
    Action::Back,
    Action::Silence,
    Action::Acknowledge,
    Action::Held,
    Action::CopyRunbook,
    Action::Source,
    Action::Yaml,
    Action::Filter,
    Action::Copy,
];
const SILENCE: &[Action] = &[
    Action::Back,
    Action::Extend,
    Action::Expire,
    Action::Matchers,
    Action::Held,
    Action::Filter,
    Action::Copy,
];

/// How many lines the open tab has.
pub fn len(detail: &Detail) -> usize {
    let Some(inspection) = &detail.inspection else { return 1 };
    match detail.tab {
        Tab::Describe => describe(inspection).map(|line| wrapped(line, detail.width).len()).sum(),
        // An age takes the same room whatever it is.
        Tab::Events => or_nothing(
            inspection,
            events(Timestamp::default(), inspection).map(|line| wrapped(line, detail.width).len()).sum(),
        ),
        Tab::Yaml => or_nothing(inspection, inspection.yaml.lines().count()),
        Tab::Owners => or_nothing(inspection, inspection.owners.len()),
    }
}

/// So many lines, or those of [`nothing`].
fn or_nothing(inspection: &Inspection, lines: usize) -> usize {
    if lines == 0 { inspection.missing.len() + 1 } else { lines }
}

/// An empty tab says so, and what could not be read: no answer is not the same as none.
fn nothing(inspection: &Inspection, none: &str) -> Vec<Line> {
    let says = if inspection.missing.is_empty() {
        none.to_owned()
    } else {
        format!("{none}, or it could not be read")
    };
    std::iter::once(vec![Fact::new(says, Role::Dim)]).chain(missing(inspection)).collect()
}

fn missing(inspection: &Inspection) -> impl Iterator<Item = Line> + '_ {
    inspection.missing.iter().map(|what| vec![Fact::new(format!("▲ {what}"), Role::Warning)])
}

/// The lines of the window, from `top` on.
pub fn lines(model: &Model, detail: &Detail, height: usize) -> Vec<Line> {
    let Some(inspection) = &detail.inspection else { return vec![vec![Fact::new("reading", Role::Dim)]] };
    match detail.tab {
        Tab::Describe => {
            let lines = describe(inspection).flat_map(|line| wrapped(line, detail.width));
            lines.skip(detail.top).take(height).collect()
        }
        Tab::Events if inspection.events.is_empty() => {
            window(nothing(inspection, "the server keeps no events about it"), detail, height)
        }
        Tab::Yaml if inspection.yaml.is_empty() => {
            window(nothing(inspection, "there is no YAML"), detail, height)
        }
        Tab::Owners if inspection.owners.is_empty() => {
            window(nothing(inspection, "nothing owns it, and it owns nothing"), detail, height)
        }
        Tab::Events => {
            let lines = events(model.now, inspection).flat_map(|line| wrapped(line, detail.width));
            lines.skip(detail.top).take(height).collect()
        }
        Tab::Yaml => inspection.yaml.lines().skip(detail.top).take(height).map(yaml).collect(),
        Tab::Owners => owners(model, detail, inspection).skip(detail.top).take(height).collect(),
    }
}

/// All lines as they were before they were wrapped: what is copied.
pub fn whole(model: &Model, detail: &Detail) -> Vec<String> {
    plain(model, &Detail { width: 0, ..detail.clone() })
}

fn window(lines: Vec<Line>, detail: &Detail, height: usize) -> Vec<Line> {
    lines.into_iter().skip(detail.top).take(height).collect()
}

/// All lines as plain text: what is searched.
pub fn plain(model: &Model, detail: &Detail) -> Vec<String> {
    let whole = Detail { top: 0, ..detail.clone() };
    let lines = lines(model, &whole, usize::MAX);
    lines.iter().map(|line| line.iter().map(|fact| fact.text.as_str()).collect()).collect()
}

/// Narrower than this, wrapped text cannot be read; it is cut then, and moved sideways.
const ROOM: usize = 16;

/// A line whose last part is too long for `width`, as several: the rest stands under where that part began.
pub(super) fn wrapped(mut line: Line, width: usize) -> Vec<Line> {
    let Some(last) = line.pop() else { return vec![line] };
    let before: usize = line.iter().map(|fact| fact.text.width()).sum();
    let hang = if line.is_empty() { 2 } else { before };
    let room = width.saturating_sub(hang);
    if room < ROOM || before + last.text.width() <= width {
        line.push(last);
        return vec![line];
    }
    let mut rows = Vec::new();
    for text in broken(&last.text, room) {
        let mut row = std::mem::take(&mut line);
        if !rows.is_empty() {
            row.push(Fact::new(" ".repeat(hang), Role::Text));
        }
        row.push(Fact::new(text, last.role));
        rows.push(row);
    }
    rows
}

/// A text in pieces of at most `room` columns, each as long as it can be: broken after a space, or where it must.
pub fn broken(mut text: &str, room: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    while text.width() > room {
        let (mut used, mut fits, mut space) = (0, 0, None);
        for (at, letter) in text.grapheme_indices(true) {
            used += letter.width();
            if letter == " " && at > 0 && used <= room + 1 {
                space = Some(at);
            }
            if used > room {
                break;
            }
            fits = at + letter.len();
        }
        let (head, tail) = match space {
            Some(at) => (text[..at].trim_end_matches(' '), text[at..].trim_start_matches(' ')),
            // Something wider than the room alone must still come to an end.
            None => text.split_at(fits.max(text.graphemes(true).next().map_or(text.len(), str::len))),
        };
        pieces.push(head);
        text = tail;
    }
    if !text.is_empty() || pieces.is_empty() {
        pieces.push(text);
    }
    pieces
}

fn describe(inspection: &Inspection) -> impl Iterator<Item = Line> + '_ {
    let sections = inspection.sections.iter().flat_map(|section| {
        let width =
            section.lines.iter().map(|line| line.label.chars().count() + usize::from(line.indent) * 2).max();
        let width = width.unwrap_or(0).min(28);
        let head = std::iter::once(vec![Fact::new(section.title.clone(), Role::Title)]);
        let body = section.lines.iter().map(move |line| {
            let label = format!("{:indent$}{}", "", line.label, indent = usize::from(line.indent) * 2);
            let sign = match line.level {
                Level::Fine | Level::Done => String::new(),
                level => format!("{} ", level.sign()),
            };
            vec![
                Fact::new(format!("  {label:<width$}  "), Role::Dim),
                Fact::new(format!("{sign}{}", line.value), super::role(line.level)),
            ]
        });
        head.chain(body).chain(std::iter::once(Vec::new()))
    });
    missing(inspection).chain(sections)
}

fn events(now: Timestamp, inspection: &Inspection) -> impl Iterator<Item = Line> + '_ {
    inspection.events.iter().map(move |object| match &object.facts {
        Facts::Event(event) => {
            let role = if event.warning { Role::Warning } else { Role::Text };
            let times = if event.count > 1 { format!(" ×{}", event.count) } else { String::new() };
            vec![
                Fact::new(format!("{:>4}  ", Age(now.since(event.last))), Role::Dim),
                Fact::new(format!("{:<18} ", event.reason), role),
                Fact::new(format!("{}{times}", event.message), Role::Text),
            ]
        }
        _ => Vec::new(),
    })
}

fn yaml(line: &str) -> Line {
    let Some((key, value)) = line.split_once(": ") else {
        let role = if line.ends_with(':') { Role::Title } else { Role::Text };
        return vec![Fact::new(line, role)];
    };
    vec![Fact::new(format!("{key}: "), Role::Dim), Fact::new(value, Role::Text)]
}

fn owners<'m>(
    model: &'m Model,
    detail: &'m Detail,
    inspection: &'m Inspection,
) -> impl Iterator<Item = Line> + 'm {
    let branch = if model.settings.ascii() { "`- " } else { "└─ " };
    inspection.owners.iter().enumerate().map(move |(at, owner)| {
        let here = if at == detail.line { "▸ " } else { "  " };
        let bend = if owner.depth == 0 { "" } else { branch };
        let this =
            owner.name == detail.target.name && owner.kind.eq_ignore_ascii_case(detail.target.kind.title());
        vec![
            Fact::new(here, Role::Focus),
            Fact::new(
                format!("{:indent$}{bend}", "", indent = usize::from(owner.depth.saturating_sub(1)) * 3),
                Role::Rule,
            ),
            Fact::new(format!("{} ", owner.kind.to_lowercase()), Role::Dim),
            Fact::new(owner.name.to_string(), if this { Role::Title } else { Role::Text }),
            Fact::new(format!("  {}", owner.status), super::role(owner.level)),
        ]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(label: &str, value: &str, width: usize) -> Vec<String> {
        let line = vec![Fact::new(label, Role::Dim), Fact::new(value, Role::Text)];
        let rows = wrapped(line, width).into_iter();
        rows.map(|row| row.iter().map(|fact| fact.text.as_str()).collect()).collect()
    }

    #[test]
    fn a_long_value_goes_on_under_where_it_began() {
        assert_eq!(
            shown("  message  ", "back-off 5m0s restarting failed container", 36),
            ["  message  back-off 5m0s restarting", "           failed container"]
        );
        assert_eq!(shown("  image  ", "short", 36), ["  image  short"]);
    }

    #[test]
    fn a_word_longer_than_a_line_is_broken_and_nothing_is_lost() {
        let long = "registry.example.com/team/a-very-long-name-of-an-image@sha256:0123456789abcdef";
        let rows = shown("image ", long, 30);
        assert!(rows.iter().all(|row| row.width() <= 30), "{rows:?}");
        let again: String = rows.iter().map(|row| row.trim_start_matches("image ").trim_start()).collect();
        assert_eq!(again, long);
    }

    #[test]
    fn where_there_is_no_room_or_none_is_known_lines_stay_as_they_are() {
        for width in [0, 10, 20] {
            assert_eq!(shown("  message  ", "one two three four", width).len(), 1, "{width}");
        }
    }

    #[test]
    fn wide_letters_that_cannot_fit_come_to_an_end() {
        assert_eq!(broken("日本語", 1), ["日", "本", "語"]);
        assert_eq!(broken("", 5), [""]);
        assert_eq!(broken("a     b", 3), ["a", "b"]);
    }
}
