//! The lines of the page that is shown. Of the time line only those of the window are made.
use super::stand;
use crate::domain::level::Level;
use crate::domain::settings::Role;
use crate::domain::text::clean;
use crate::incident::timeline::{Entry, Filter};
use crate::model::Model;
use crate::model::incident::{Page, Spot};
use crate::panes::Fact;
use crate::panes::text::wrapped;

/// One line in parts, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    pub text: Vec<Fact>,
    pub spot: Option<Spot>,
}

impl Line {
    pub fn new(text: Vec<Fact>) -> Line {
        Line { text, spot: None }
    }

    #[must_use]
    pub fn about(mut self, spot: Spot) -> Line {
        self.spot = Some(spot);
        self
    }
}

/// How many lines the page has.
pub fn count(model: &Model) -> usize {
    let screen = &model.incidents.screen;
    match screen.page {
        Page::TimeLine => screen.entries.len().max(1),
        Page::Stand | Page::Handover => whole(model).len(),
    }
}

/// The lines from this one on.
pub fn window(model: &Model, top: usize, height: usize) -> Vec<Line> {
    let screen = &model.incidents.screen;
    match screen.page {
        Page::TimeLine if screen.entries.is_empty() => {
            let all = screen.filter == Filter::default();
            let says = if all { "nothing was recorded" } else { "no line is like that" };
            vec![Line::new(vec![Fact::new(says, Role::Dim)])]
        }
        Page::TimeLine => {
            screen.entries.iter().skip(top).take(height).map(|entry| of_entry(model, entry)).collect()
        }
        Page::Stand | Page::Handover => whole(model).into_iter().skip(top).take(height).collect(),
    }
}

/// What a line is about.
pub fn spot(model: &Model, at: usize) -> Option<Spot> {
    let screen = &model.incidents.screen;
    match screen.page {
        Page::TimeLine => screen.entries.get(at).map(|entry| Spot::Entry(entry.entry.clone())),
        Page::Stand | Page::Handover => whole(model).into_iter().nth(at)?.spot,
    }
}

/// Where something stands now.
pub fn find(model: &Model, spot: &Spot) -> Option<usize> {
    let screen = &model.incidents.screen;
    match (screen.page, spot) {
        (Page::TimeLine, Spot::Entry(name)) => screen.entries.iter().position(|entry| entry.entry == *name),
        (Page::TimeLine, _) => None,
        _ => whole(model).iter().position(|line| line.spot.as_ref() == Some(spot)),
    }
}

fn whole(model: &Model) -> Vec<Line> {
    match model.incidents.screen.page {
        Page::Handover => handover(model),
        _ => stand::lines(model),
    }
}

/// As it is written, with its signs in their colours.
fn handover(model: &Model) -> Vec<Line> {
    let Some(handover) = &model.incidents.screen.handover else { return Vec::new() };
    let text = handover.paper(&model.zone).text();
    let width = model.incidents.screen.width;
    let mut lines = Vec::new();
    // Its title stands above it already.
    for line in text.lines().skip(2) {
        let trimmed = line.trim_start();
        let role = match trimmed.chars().next() {
            Some('✗') => Role::Bad,
            Some('?') => Role::Unknown,
            Some('▲') => Role::Warning,
            _ if !line.starts_with(' ') => Role::Title,
            _ => Role::Text,
        };
        let fact = vec![Fact::new(clean(line), role)];
        if line.is_empty() {
            lines.push(Line::default());
        } else {
            lines.extend(wrapped(fact, width).into_iter().map(Line::new));
        }
    }
    lines
}

/// `02:51:07 ★ step  jane  kubectl get pods: ok`
fn of_entry(model: &Model, entry: &Entry) -> Line {
    let role = match entry.level {
        Level::Bad => Role::Bad,
        Level::Warn => Role::Warning,
        Level::Unknown => Role::Unknown,
        Level::Fine | Level::Done => Role::Text,
    };
    let sign = match entry.level {
        Level::Fine | Level::Done => String::new(),
        level => format!("{} ", level.sign()),
    };
    let pin = if entry.pinned { if model.settings.ascii() { "* " } else { "★ " } } else { "  " };
    let who: String = entry.who.chars().take(10).collect();
    let text = vec![
        Fact::new(format!("{} ", entry.at.clock(&model.zone)), Role::Dim),
        Fact::new(pin, Role::Hit),
        Fact::new(format!("{:<9}", entry.kind.name()), Role::Dim),
        Fact::new(format!("{who:<10} "), Role::Dim),
        Fact::new(format!("{sign}{}", entry.words), role),
    ];
    Line::new(text).about(Spot::Entry(entry.entry.clone()))
}

/// The words of the line where you are, in full, for the foot.
pub fn about(model: &Model) -> Option<String> {
    let screen = &model.incidents.screen;
    let entry = screen.entries.get(screen.line).filter(|_| screen.page == Page::TimeLine)?;
    Some(entry.words.clone())
}
