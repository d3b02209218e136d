//! One thing, opened: description, events, YAML, owners.
use std::borrow::Cow;

use super::{Fact, Pane};
use crate::domain::feed::Feed;
use crate::domain::level::Level;
use crate::domain::news::Inspection;
use crate::domain::object::Facts;
use crate::domain::settings::{Action, Role};
use crate::domain::time::Age;
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
        let mut keys = vec![Action::Back, Action::Describe, Action::ShowEvents, Action::Yaml, Action::Owners];
        if model.detail.as_ref().is_some_and(|detail| detail.tab == Tab::Owners) {
            keys.insert(0, Action::Open);
        }
        keys.extend([Action::Logs, Action::Filter, Action::Copy]);
        keys
    }
}

/// How many lines the open tab has.
pub fn len(detail: &Detail) -> usize {
    let Some(inspection) = &detail.inspection else { return 1 };
    match detail.tab {
        Tab::Describe => describe_len(inspection),
        Tab::Events => or_nothing(inspection, inspection.events.len()),
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

fn describe_len(inspection: &Inspection) -> usize {
    inspection.missing.len()
        + inspection.sections.iter().map(|section| section.lines.len() + 2).sum::<usize>()
}

/// The lines of the window, from `top` on.
pub fn lines(model: &Model, detail: &Detail, height: usize) -> Vec<Line> {
    let Some(inspection) = &detail.inspection else { return vec![vec![Fact::new("reading", Role::Dim)]] };
    match detail.tab {
        Tab::Describe => describe(inspection).skip(detail.top).take(height).collect(),
        Tab::Events if inspection.events.is_empty() => {
            window(nothing(inspection, "the server keeps no events about it"), detail, height)
        }
        Tab::Yaml if inspection.yaml.is_empty() => {
            window(nothing(inspection, "there is no YAML"), detail, height)
        }
        Tab::Owners if inspection.owners.is_empty() => {
            window(nothing(inspection, "nothing owns it, and it owns nothing"), detail, height)
        }
        Tab::Events => events(model, inspection).skip(detail.top).take(height).collect(),
        Tab::Yaml => inspection.yaml.lines().skip(detail.top).take(height).map(yaml).collect(),
        Tab::Owners => owners(model, detail, inspection).skip(detail.top).take(height).collect(),
    }
}

fn window(lines: Vec<Line>, detail: &Detail, height: usize) -> Vec<Line> {
    lines.into_iter().skip(detail.top).take(height).collect()
}

/// All lines as plain text: what is searched and copied.
pub fn plain(model: &Model, detail: &Detail) -> Vec<String> {
    let whole = Detail { top: 0, ..detail.clone() };
    let lines = lines(model, &whole, usize::MAX);
    lines.iter().map(|line| line.iter().map(|fact| fact.text.as_str()).collect()).collect()
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

fn events<'m>(model: &'m Model, inspection: &'m Inspection) -> impl Iterator<Item = Line> + 'm {
    inspection.events.iter().map(|object| match &object.facts {
        Facts::Event(event) => {
            let role = if event.warning { Role::Warning } else { Role::Text };
            let times = if event.count > 1 { format!(" ×{}", event.count) } else { String::new() };
            vec![
                Fact::new(format!("{:>4}  ", Age(model.now.since(event.last))), Role::Dim),
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
