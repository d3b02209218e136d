//! What surrounds the panes: the header, the lamps, the rules, the last two lines.
use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

use super::style::Paint;
use crate::domain::feed::Feed;
use crate::domain::level::Level;
use crate::domain::settings::{Action, Key, Role, Scope};
use crate::model::Model;
use crate::model::board::PaneKind;
use crate::model::overlay::{Ask, Overlay};
use crate::panes::layout::Area;
use crate::panes::log_pane::LogPane;
use crate::panes::{Cut, Fact, Pane, header, state};

pub fn header(buffer: &mut Buffer, paint: &Paint<'_>, model: &Model, area: Area) {
    if area.is_empty() {
        return;
    }
    let inner = Area { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let warnings = header::warnings(model);
    let width: usize = warnings.iter().map(|fact| fact.text.chars().count() + 2).sum();
    let width = u16::try_from(width).unwrap_or(u16::MAX).min(inner.width);
    paint.facts(buffer, Area { width: inner.width - width, ..inner }, &header::place(model), "");
    let x = inner.x + inner.width - width + 2.min(width);
    paint.facts(buffer, Area { x, width, ..inner }, &warnings, "  ");
}

pub fn lamps(buffer: &mut Buffer, paint: &Paint<'_>, model: &Model, area: Area) {
    if area.is_empty() {
        return;
    }
    let mut x = area.x + 1;
    let (lamps, gap) = header::lamps_within(header::lamps(model), area.width.saturating_sub(2));
    for (level, words, focused) in lamps {
        let (sign, role) = match level {
            Level::Fine => (if paint.ascii { '+' } else { '✓' }, Role::Good),
            // Nothing is asked of it.
            Level::Done => (if paint.ascii { '.' } else { '·' }, Role::Dim),
            level => (paint.level(level), crate::panes::role(level)),
        };
        let room = (area.x + area.width).saturating_sub(x);
        x += paint.text(buffer, x, area.y, room, &format!("{sign} "), role);
        let words_role = if focused { Role::Focus } else { role_of_words(level) };
        x += paint.text(buffer, x, area.y, room.saturating_sub(2), &words, words_role) + gap;
    }
}

fn role_of_words(level: Level) -> Role {
    match level {
        Level::Fine => Role::Text,
        level => crate::panes::role(level),
    }
}

pub fn rule(buffer: &mut Buffer, paint: &Paint<'_>, area: Area) {
    let line = if paint.ascii { "-" } else { "─" };
    paint.text(buffer, area.x, area.y, area.width, &line.repeat(usize::from(area.width)), Role::Rule);
}

pub fn upright(buffer: &mut Buffer, paint: &Paint<'_>, area: Area) {
    for y in area.y..area.bottom() {
        paint.text(buffer, area.x, y, 1, if paint.ascii { "|" } else { "│" }, Role::Rule);
    }
}

/// A pane's first line: name, facts, and at the right the state of its feeds.
pub fn title(
    buffer: &mut Buffer,
    paint: &Paint<'_>,
    area: Area,
    name: &str,
    facts: &[Fact],
    state: &Fact,
    focused: bool,
) {
    let inner = Area { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let role = if focused { Role::Focus } else { Role::Title };
    let used = paint.text(buffer, inner.x, inner.y, inner.width, name, role) + 2;
    let wanted = u16::try_from(state.text.chars().count()).unwrap_or(u16::MAX);
    // Trouble may push the facts aside, but never all of them.
    let room = inner.width.saturating_sub(used);
    let state_width = wanted.min(room.saturating_sub(12).max(room / 2));
    let left = Area { x: inner.x + used, width: room.saturating_sub(state_width + 2), ..inner };
    paint.facts(buffer, left, facts, if paint.ascii { " | " } else { " · " });
    let x = inner.x + inner.width.saturating_sub(state_width);
    paint.text(buffer, x, inner.y, state_width, &state.text, state.role);
}

/// The first line of a pane of which nothing has to be said beside what it says of itself.
pub fn head(
    buffer: &mut Buffer,
    paint: &Paint<'_>,
    model: &Model,
    area: Area,
    pane: &dyn Pane,
    state: &Fact,
) {
    let focused = model.board.focus == pane.kind();
    title(buffer, paint, area, &pane.name(model), &pane.facts(model), state, focused);
}

/// The sign of the row where you are; hollow in a pane that has not the keys.
pub fn sign_here(paint: &Paint<'_>, focused: bool) -> char {
    if focused { paint.sign('▸', '>') } else { paint.sign('▹', '-') }
}

/// The row where you are; in a pane that has not the keys, its sign alone.
pub fn here(buffer: &mut Buffer, paint: &Paint<'_>, row: Area, focused: bool) {
    if focused {
        paint.blank(buffer, row, Role::Here);
    }
    let sign = sign_here(paint, focused).to_string();
    paint.on_line(buffer, Area { width: 1, ..row }, &sign, Role::Focus, Cut::End, focused);
}

/// The line above the keys: what is being typed, or what just happened. Says where the cursor is.
pub fn says(buffer: &mut Buffer, paint: &Paint<'_>, model: &Model, area: Area) -> Option<(u16, u16)> {
    if area.is_empty() {
        return None;
    }
    let inner = Area { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    if let Some(Overlay::Line { ask, input }) = model.overlays.last() {
        let prompt = prompt(ask);
        // What is typed has the room that it needs, up to half of the line.
        let typed = u16::try_from(input.text().width()).unwrap_or(u16::MAX).saturating_add(2);
        let most = inner.width.saturating_sub(typed.clamp(16, inner.width.max(32) / 2));
        let mut used = paint.text(buffer, inner.x, inner.y, most, &prompt, Role::Key);
        used += u16::from(used == most);
        let room = inner.width.saturating_sub(used + 1);
        // The end of a long line is what is being typed.
        let column = u16::try_from(input.column()).unwrap_or(u16::MAX);
        let skip = usize::from(column.saturating_sub(room));
        let mut visible: String = input.text().chars().skip(skip).collect();
        if matches!(ask, Ask::RunValue { name, .. } if crate::domain::secret::looks_secret(name)) {
            visible = "•".repeat(visible.chars().count());
        }
        paint.text(buffer, inner.x + used, inner.y, room, &visible, Role::Input);
        return Some((inner.x + used + column.min(room), inner.y));
    }
    if let Some(flash) = &model.flash {
        let role = if flash.bad { Role::Bad } else { Role::Text };
        paint.text(buffer, inner.x, inner.y, inner.width, &flash.text, role);
    } else if let Some(why) = &model.refused {
        let first = why.lines().next().unwrap_or_default();
        paint.text(
            buffer,
            inner.x,
            inner.y,
            inner.width,
            &format!("the old settings stand: {first}"),
            Role::Warning,
        );
    } else if let Some(deed) = model.deeds.iter().rev().find(|deed| !deed.outcome.is_final()) {
        paint.facts(buffer, inner, &super::help::deed_facts(model, deed), "  ");
    } else if let Some(due) = crate::panes::incident::clock::due(model) {
        paint.facts(buffer, inner, &due, "");
    }
    None
}

fn prompt(ask: &Ask) -> String {
    match ask {
        Ask::Filter => "/".into(),
        Ask::Find | Ask::FindText | Ask::FindOutput => "find ".into(),
        Ask::Runbooks => "find a runbook ".into(),
        Ask::Step => "go to step ".into(),
        Ask::Note => "note: ".into(),
        Ask::TimeLine => "lines with ".into(),
        // What is asked comes first: at the end it may have no room.
        Ask::CloseIncident { left } => format!("why is it closed ({left}): "),
        Ask::Include => "only ".into(),
        Ask::Exclude => "without ".into(),
        Ask::Value { title, .. } | Ask::RunValue { title, .. } => format!("{title} "),
        Ask::SkipReason { .. } => "why is it skipped: ".into(),
        Ask::CloseReason { left: 1 } => "1 step is left; why does it end: ".into(),
        Ask::CloseReason { left } => format!("{left} steps are left; why does it end: "),
        Ask::Command { beside: true, .. } => "run: ".into(),
        Ask::Command { .. } => "in its place: ".into(),
    }
}

/// From so many columns on the way out has room beside the keys.
const ROOMY: u16 = 100;

/// The last line: keys worth naming here.
pub fn keys(buffer: &mut Buffer, paint: &Paint<'_>, model: &Model, area: Area) {
    if area.is_empty() {
        return;
    }
    let mut x = area.x + 1;
    let end = (area.x + area.width).saturating_sub(1);
    let help = short(model, Action::Help, Scope::Board);
    let help_width = u16::try_from(help.0.len() + help.1.len() + 3).unwrap_or(8);
    // The way out comes last: where there is room it is kept for it.
    let way = crate::panes::keys::way(model);
    let way_width = u16::try_from(way.0.len() + way.1.len() + 1).unwrap_or(u16::MAX);
    let here = model.scope();
    // The line above is being typed: why it was not taken can only stand here.
    if let (Some(Overlay::Line { .. }), Some(flash)) = (model.overlays.last(), &model.flash)
        && flash.bad
    {
        paint.text(buffer, x, area.y, end.saturating_sub(x), &flash.text, Role::Bad);
        return;
    }
    let actions = match here {
        Scope::Input if matches!(model.overlays.last(), Some(Overlay::Palette(_))) => {
            vec![Action::Accept, Action::NextChoice, Action::Complete, Action::Cancel]
        }
        Scope::Input if matches!(model.overlays.last(), Some(Overlay::Form(_))) => {
            vec![Action::Accept, Action::Complete, Action::NextChoice, Action::Cancel]
        }
        Scope::Input => vec![Action::Accept, Action::Cancel],
        Scope::Help => vec![Action::Close],
        Scope::Question => Vec::new(),
        _ => crate::panes::pane(model.board.focus).map_or_else(Vec::new, |pane| pane.keys(model)),
    };
    // It is not named twice.
    let named = way.1 == "back" && actions.contains(&Action::Back);
    let kept =
        if area.width >= ROOMY && !named { help_width.saturating_add(way_width + 3) } else { help_width };
    for action in actions {
        let (key, word) = short(model, action, here);
        let width = u16::try_from(key.chars().count() + word.chars().count() + 4).unwrap_or(u16::MAX);
        if key.is_empty() || x.saturating_add(width) > end.saturating_sub(kept) {
            continue;
        }
        x += paint.text(buffer, x, area.y, end.saturating_sub(x), &key, Role::Key) + 1;
        x += paint.text(buffer, x, area.y, end.saturating_sub(x), &word, Role::Dim) + 3;
    }
    if here.parent().is_some() || here == Scope::Board {
        x += paint.text(buffer, x, area.y, end.saturating_sub(x), &help.0, Role::Key) + 1;
        x += paint.text(buffer, x, area.y, end.saturating_sub(x), &help.1, Role::Dim) + 3;
        if !named && x.saturating_add(way_width) <= end {
            x += paint.text(buffer, x, area.y, end - x, &way.0, Role::Key) + 1;
            paint.text(buffer, x, area.y, end.saturating_sub(x), way.1, Role::Dim);
        }
    }
}

/// A key and the shortest name of what it does.
fn short(model: &Model, action: Action, here: Scope) -> (String, String) {
    let keys = model.settings.keymap.keys(action);
    let key = keys.iter().min_by_key(|key| (key.to_string().len() > 5, action_order(action, key))).copied();
    let word = match action {
        Action::Help => "keys".into(),
        Action::Complete if matches!(model.overlays.last(), Some(Overlay::Form(_))) => "next line".into(),
        Action::SetAcknowledged
        | Action::SetMitigated
        | Action::SetResolved
        | Action::SetSeverity
        | Action::SetRole
        | Action::AddMeasure
        | Action::EndMeasure
        | Action::CloseIncident
        | Action::ReopenIncident => short_of(action),
        Action::Filter if matches!(here, Scope::Runbooks | Scope::Checklist | Scope::Text) => "find".into(),
        Action::Pane1 => "pods".into(),
        Action::Enter | Action::OpenRunbook => "open".into(),
        Action::Palette => "command".into(),
        Action::NextKind => "kinds".into(),
        Action::ShowEvents => "events".into(),
        other => other.name().replace('-', " "),
    };
    (key.map_or_else(String::new, |key| key.to_string()), word)
}

/// `acknowledged` of `set-acknowledged`, `close` of `close-incident`: on its own screen that is enough.
fn short_of(action: Action) -> String {
    let name = match action {
        // The key of alerts and that of an incident have one word.
        Action::SetAcknowledged => "acknowledge",
        action => action.name(),
    };
    let name = name.strip_prefix("set-").or_else(|| name.strip_prefix("add-")).unwrap_or(name);
    name.strip_suffix("-incident").unwrap_or(name).replace('-', " ")
}

/// The key that the table names first comes first.
fn action_order(action: Action, key: &Key) -> usize {
    action.default_keys().iter().position(|text| Key::parse(text).as_ref() == Some(key)).unwrap_or(9)
}

/// The logs pane with its title.
pub fn log(buffer: &mut Buffer, paint: &Paint<'_>, model: &Model, area: Area) {
    if area.is_empty() {
        return;
    }
    let focused = model.board.focus == PaneKind::Logs;
    let state = state::state_of(model, |feed| *feed == Feed::Logs);
    let state = match (model.feeds.contains_key(&Feed::Logs), model.logs.following.is_some()) {
        (true, true) => state,
        (false, true) => Fact::new("connecting", Role::Unknown),
        (_, false) => Fact::new("", Role::Dim),
    };
    title(buffer, paint, area, &LogPane.name(model), &LogPane.facts(model), &state, focused);
    let body = Area { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    if let Some(why) = LogPane::unread(model).filter(|_| !body.is_empty()) {
        paint.text(
            buffer,
            area.x + 3,
            body.y + body.height / 2,
            area.width.saturating_sub(4),
            &why,
            Role::Dim,
        );
        return;
    }
    super::logs::draw(buffer, super::rect(body), &model.logs, &model.zone, paint.ascii, &|role| {
        paint.style(role)
    });
}
