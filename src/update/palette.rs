//! The command palette: actions and kinds by name, and `KIND NAMESPACE`.
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::{keys, table};
use crate::domain::object::Kind;
use crate::domain::settings::{Action, Key};
use crate::model::Model;
use crate::model::board::KINDS;
use crate::model::msg::Effect;
use crate::model::overlay::{Choice, Chosen, Overlay, Palette};
use crate::panes::tables;

pub fn open(model: &mut Model) {
    model.overlays.push(Overlay::Palette(Palette::default()));
    refresh(model);
}

/// Chooses anew what fits the typed text, the best first.
pub fn refresh(model: &mut Model) {
    let Some(Overlay::Palette(palette)) = model.overlays.last() else { return };
    let text = palette.input.text().to_owned();
    let choices = choices(model, &text);
    if let Some(Overlay::Palette(palette)) = model.overlays.last_mut() {
        palette.choices = choices;
        palette.line = 0;
    }
}

fn choices(model: &Model, text: &str) -> Vec<Choice> {
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(text, CaseMatching::Smart, Normalization::Smart);
    let mut found: Vec<(u32, Choice)> = Vec::new();
    let mut buffer = Vec::new();
    for (mut choice, more) in all(model) {
        let mut hits = Vec::new();
        let title = Utf32Str::new(&choice.title, &mut buffer);
        let mut score = pattern.indices(title, &mut matcher, &mut hits);
        // A name people type: `deploy`, `no`, `hpa`.
        if more.contains(&text) {
            score = Some(u32::MAX);
        }
        if score.is_none() {
            hits.clear();
            let mut second = Vec::new();
            score =
                pattern.score(Utf32Str::new(&choice.help, &mut second), &mut matcher).map(|score| score / 2);
        }
        if let Some(score) = score {
            choice.hits = hits;
            found.push((score, choice));
        }
    }
    found.sort_by(|(a, x), (b, y)| b.cmp(a).then_with(|| x.title.len().cmp(&y.title.len())));
    within(text).into_iter().chain(found.into_iter().map(|(_, choice)| choice)).collect()
}

/// `po shop`: a kind in one namespace, as other tools have it; `ns shop` is its pods.
fn within(text: &str) -> Option<Choice> {
    let (kind, namespace) = text.trim().split_once(' ')?;
    let namespace = namespace.trim();
    let kind = KINDS.iter().find(|known| known.plural() == kind || known.aliases().contains(&kind))?;
    let kind = if *kind == Kind::Namespace { Kind::Pod } else { *kind };
    if !kind.namespaced() || namespace.is_empty() || namespace.contains(' ') {
        return None;
    }
    Some(Choice {
        what: Chosen::Within(kind, namespace.to_owned()),
        title: text.trim().to_owned(),
        help: format!("{} in namespace {namespace}", kind.plural()),
        keys: String::new(),
        hits: Vec::new(),
    })
}

/// Every kind that can be shown: those of a cluster, and those of what the profile names.
fn kinds(model: &Model) -> impl Iterator<Item = Kind> + '_ {
    let others = tables::TABLES.iter().filter(|tables| tables::in_view(model, tables.realm()));
    KINDS.iter().copied().chain(others.flat_map(|tables| tables.kinds().iter().copied()))
}

/// Everything that has a name, with the short names people type for it.
fn all(model: &Model) -> Vec<(Choice, &'static [&'static str])> {
    let mut all = Vec::new();
    let named = |kind: &Kind| Action::ALL.iter().copied().find(|action| action.name() == kind.plural());
    for kind in kinds(model) {
        let kind = &kind;
        // A kind with an action of its own is one choice, not two.
        let keys = named(kind).map_or_else(Vec::new, |action| model.settings.keymap.keys(action));
        let choice = Choice {
            what: Chosen::Kind(*kind),
            title: kind.plural().into(),
            help: named(kind).map_or("show this kind", Action::help).into(),
            keys: keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            hits: Vec::new(),
        };
        all.push((choice, kind.aliases()));
    }
    let scopes = model.scopes(model.board_scope());
    let reachable =
        |action: &Action| scopes.contains(&action.scope()) && crate::panes::keys::is_here(model, *action);
    for action in Action::ALL.iter().filter(|action| reachable(action) && **action != Action::Palette) {
        if kinds(model).any(|kind| named(&kind) == Some(*action)) {
            continue;
        }
        let keys: Vec<String> = model.settings.keymap.keys(*action).iter().map(ToString::to_string).collect();
        let choice = Choice {
            what: Chosen::Action(*action),
            title: action.name().into(),
            help: action.help().into(),
            keys: keys.join(" "),
            hits: Vec::new(),
        };
        all.push((choice, &[]));
    }
    all
}

pub fn key(model: &mut Model, key: Key, action: Option<Action>) -> Vec<Effect> {
    let Some(Overlay::Palette(palette)) = model.overlays.last_mut() else { return Vec::new() };
    match action {
        Some(Action::NextChoice) => {
            palette.line = (palette.line + 1).min(palette.choices.len().saturating_sub(1));
        }
        Some(Action::PrevChoice) => palette.line = palette.line.saturating_sub(1),
        Some(Action::Complete) => {
            if let Some(choice) = palette.choices.get(palette.line) {
                palette.input = crate::model::input::Input::with(&choice.title);
                refresh(model);
            }
        }
        Some(Action::Cancel) => {
            model.overlays.pop();
        }
        Some(Action::Accept) => {
            let chosen = palette.choices.get(palette.line).map(|choice| choice.what.clone());
            model.overlays.pop();
            return chosen.map_or_else(Vec::new, |chosen| choose(model, &chosen));
        }
        _ => {
            if super::typing::edit(&mut palette.input, key) {
                refresh(model);
            }
        }
    }
    Vec::new()
}

fn choose(model: &mut Model, chosen: &Chosen) -> Vec<Effect> {
    match chosen {
        Chosen::Action(action) => keys::perform(model, *action, Key::char(':')),
        Chosen::Kind(kind) => show(model, *kind),
        Chosen::Within(kind, namespace) => table::within(model, *kind, namespace, None),
    }
}

fn show(model: &mut Model, kind: Kind) -> Vec<Effect> {
    model.board.focus = crate::model::board::PaneKind::Things;
    table::show(model, kind)
}
