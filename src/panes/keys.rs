//! The keys of a place, from the one action table: the help and the README's table read this.
use unicode_width::UnicodeWidthStr;

use super::text::broken;
use super::{Fact, tables};
use crate::domain::object::Kind;
use crate::domain::settings::{Action, Key, KeyCode, Role, Scope};
use crate::model::Model;
use crate::model::board::PaneKind;

/// Cells for the keys of an action, in front of what it does.
const KEYS: usize = 20;
/// A column of the help is never narrower where there are several, and none is wider.
const COLUMN: usize = 60;
const WIDEST: usize = 112;
/// Cells between two columns.
const GAP: usize = 3;
/// Cells of a box around its words, and lines around them: its frame, and the line below it.
const FRAME: (usize, usize) = (4, 3);

/// Every key of a place and of the board around it, as lines for the screen: beside each other where they would not
/// all have room below each other, and folded where they would be cut.
pub fn page(model: &Model, of: Scope) -> Vec<Vec<Fact>> {
    let (columns, rows) = (usize::from(model.size.0), usize::from(model.size.1));
    let (wide, room) = (columns.saturating_sub(FRAME.0), rows.saturating_sub(FRAME.1));
    let most = ((wide + GAP) / (COLUMN + GAP)).max(1);
    let mut page = Vec::new();
    for beside in 1..=most {
        let width = ((wide + GAP) / beside).saturating_sub(GAP).min(WIDEST);
        page = abreast(&groups(model, of, width), beside, width);
        if page.len() <= room {
            break;
        }
    }
    page
}

/// Lines one below the other, put into so many columns of one width. No place's name stands at the foot of one.
fn abreast(groups: &[Vec<Vec<Fact>>], beside: usize, width: usize) -> Vec<Vec<Fact>> {
    if beside < 2 {
        return groups.concat();
    }
    let names: Vec<usize> = groups
        .iter()
        .scan(0, |at, group| {
            let name = *at;
            *at += group.len();
            Some(name)
        })
        .collect();
    let mut lines = groups.concat();
    let rows = lines.len().div_ceil(beside);
    let mut columns = Vec::new();
    let mut from = 0;
    while !lines.is_empty() {
        let last = columns.len() + 1 == beside;
        let mut take = if last { lines.len() } else { rows.min(lines.len()) };
        if take > 1 && take < lines.len() && names.contains(&(from + take - 1)) {
            take -= 1;
        }
        from += take;
        columns.push(lines.drain(..take).collect::<Vec<_>>());
    }
    let height = columns.iter().map(Vec::len).max().unwrap_or_default();
    let row = |at: usize| {
        let mut row: Vec<Fact> = Vec::new();
        for (n, column) in columns.iter().enumerate() {
            let before: usize = row.iter().map(|fact| fact.text.width()).sum();
            let Some(line) = column.get(at).filter(|line| !line.is_empty()) else { continue };
            row.push(Fact::new(" ".repeat((n * (width + GAP)).saturating_sub(before)), Role::Text));
            row.extend(line.iter().cloned());
        }
        row
    };
    (0..height).map(row).collect()
}

/// The keys of each place, below its name.
fn groups(model: &Model, of: Scope, width: usize) -> Vec<Vec<Vec<Fact>>> {
    let mut groups = Vec::new();
    // Where there is hardly any room, what is cut says more than what is folded.
    let room = if width < COLUMN { usize::MAX } else { width.saturating_sub(KEYS) };
    for scope in model.scopes(of) {
        let mut lines = Vec::new();
        for action in Action::ALL.iter().filter(|action| action.scope() == scope && is_here(model, **action))
        {
            let keys: Vec<String> =
                model.settings.keymap.keys(*action).iter().map(ToString::to_string).collect();
            if keys.is_empty() {
                continue;
            }
            let folded =
                if action.help().width() > room { broken(action.help(), room) } else { vec![action.help()] };
            for (at, piece) in folded.into_iter().enumerate() {
                let keys = if at == 0 { keys.join(" ") } else { String::new() };
                lines.push(vec![Fact::new(format!("  {keys:<18}"), Role::Key), Fact::new(piece, Role::Text)]);
            }
        }
        if !lines.is_empty() {
            lines.insert(0, vec![Fact::new(scope.name(), Role::Title)]);
            groups.push(lines);
        }
    }
    groups
}

/// What belongs to a demo alone is not named elsewhere.
pub fn is_here(model: &Model, action: Action) -> bool {
    action != Action::Exercise || model.exercise.is_some()
}

/// The key that goes back from a pane and leaves at the top; where it was given another meaning, the one that leaves.
pub fn leave(model: &Model) -> String {
    back(model).unwrap_or_else(|| model.key(Action::Quit))
}

/// The way out of here: its key, and whether it leads back or out of firedeck.
pub fn way(model: &Model) -> (String, &'static str) {
    let does = match model.board.focus {
        _ if back(model).is_none() => "leave",
        PaneKind::Overview => "leave",
        // It stays open when it is left by the other key.
        PaneKind::Checklist => "close",
        PaneKind::Things if is_top(model) => "leave",
        _ => "back",
    };
    (leave(model), does)
}

/// Nothing lies between this table and leaving.
fn is_top(model: &Model) -> bool {
    let board = &model.board;
    let marked = match board.kind {
        Kind::Pod => !model.pods.marked().is_empty(),
        kind => model.listing(kind).is_some_and(|rows| !rows.marked().is_empty()),
    };
    let narrowed = !board.filter.is_empty() || board.faults || board.zoomed || marked;
    let opened = model.detail.is_some() || board.from_runbook && model.checklist.is_some();
    board.kind == Kind::Pod && !narrowed && !opened && !tables::others_in_view(model)
}

/// Of the keys that go back only `q` leaves as well.
fn back(model: &Model) -> Option<String> {
    let keys = model.settings.keymap.keys(Action::Back);
    keys.iter().find(|key| key.code == KeyCode::Char('q')).map(Key::to_string)
}
