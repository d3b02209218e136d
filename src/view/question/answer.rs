//! How the question is answered: keys, or lines to type.
use super::page::Page;
use crate::domain::approval::{Field, Look, Question, Tier, phrase};
use crate::domain::settings::{Action, Key, KeyCode, Keymap, Role};
use crate::view::wrap::{tail, width, wrap};

pub(super) fn write(page: &mut Page, question: &Question, keymap: &Keymap) {
    let leave = (leaving(keymap, question.tier()), "leave it");
    let copy = (first(keymap, Action::CopyPlan), "copy");
    if matches!(question.look(), Look::Running) {
        keys(page, &[leave]);
        return;
    }
    if question.obstacle().is_some() {
        let mut spans = vec![page.span("cannot be run", Role::Bad), page.span("     ", Role::Text)];
        spans.extend([page.span(leave.0, Role::Key), page.span("  leave it", Role::Text)]);
        page.push(spans);
        return;
    }
    match question.tier() {
        Tier::Read => keys(page, &[("Enter".into(), "run it"), copy, leave]),
        Tier::Change => keys(page, &[(first(keymap, Action::Yes), "run it"), copy, leave]),
        Tier::Danger => {
            typed(page, question);
            let enter = if question.field() == Field::Reason { "run it" } else { "go on" };
            keys(page, &[("Enter".into(), enter), leave, ("Ctrl-U".into(), "clear")]);
        }
    }
}

/// The name to type and the reason. The name is never cut: what has to be typed has to be read.
fn typed(page: &mut Page, question: &Question) {
    let wanted = phrase(question.plan());
    let right = wanted.starts_with(question.typed().trim());
    let role = if right { Role::Input } else { Role::Bad };
    let field = question.field();
    let active = field == Field::Phrase;
    let (before, after) = ("type  ", "  to run it: ");
    let long = width(before) + width(&wanted) + width(after);
    if long + width(&wanted) < page.columns {
        let mut spans = vec![
            page.span(before, Role::Text),
            page.span(wanted, Role::Danger),
            page.span(after, Role::Text),
        ];
        spans.extend(line(page, question.typed(), page.columns - long, active, role));
        page.push(spans);
    } else {
        let short = width(before) + width(&wanted) <= page.columns;
        if short {
            page.push(vec![page.span(before, Role::Text), page.span(wanted, Role::Danger)]);
        } else {
            page.push(vec![page.span("to run it, type", Role::Text)]);
            for part in wrap(&wanted, page.columns, usize::MAX) {
                page.push(vec![page.span(part, Role::Danger)]);
            }
        }
        if active || !page.detail.tight {
            let indent = if short { width(before) } else { 2 };
            let mut spans = vec![page.span(format!("{:<indent$}", ">"), Role::Text)];
            let room = page.columns.saturating_sub(indent);
            spans.extend(line(page, question.typed(), room, active, role));
            page.push(spans);
        }
    }
    if field == Field::Reason || !page.detail.tight {
        let why = if question.wants_reason() { "your reason: " } else { "your reason (may be empty): " };
        let why = if width(why) + 12 > page.columns { "reason: " } else { why };
        let active = field == Field::Reason;
        let mut spans = vec![page.span(why, if active { Role::Text } else { Role::Dim })];
        let room = page.columns.saturating_sub(width(why));
        spans.extend(line(page, question.reason(), room, active, Role::Input));
        page.push(spans);
    }
}

/// The end of a typed line, with the place where it goes on.
fn line(page: &Page, text: &str, room: usize, active: bool, role: Role) -> Vec<ratatui::text::Span<'static>> {
    let mut spans = vec![page.span(tail(text, room.saturating_sub(1)), role)];
    if active {
        spans.push(page.span(page.paint.sign('▏', '_').to_string(), Role::Input));
    }
    spans
}

/// Keys and what they do, the last ones left out when there is no room for them.
fn keys(page: &mut Page, all: &[(String, &str)]) {
    let wide = |within: usize, gap: usize| {
        let own: usize = all.iter().map(|(key, help)| width(key) + within + width(help)).sum();
        own + gap * all.len().saturating_sub(1)
    };
    let (within, gap) = if wide(2, 5) <= page.columns { (2, 5) } else { (1, 3) };
    let mut spans = Vec::new();
    let mut used = 0;
    for (n, (key, help)) in all.iter().enumerate() {
        let before = if n == 0 { 0 } else { gap };
        used += before + width(key) + within + width(help);
        if used > page.columns && n > 0 {
            break;
        }
        spans.extend([
            page.span(" ".repeat(before), Role::Text),
            page.span(key.clone(), Role::Key),
            page.span(format!("{}{help}", " ".repeat(within)), Role::Text),
        ]);
    }
    page.push(spans);
}

fn first(keymap: &Keymap, action: Action) -> String {
    keymap.keys(action).first().map_or_else(|| "no key".to_owned(), ToString::to_string)
}

/// Esc, if it leaves; where a name is typed, letters do not.
fn leaving(keymap: &Keymap, tier: Tier) -> String {
    let keys = keymap.keys(Action::No);
    let esc = Key::plain(KeyCode::Esc);
    if keys.contains(&esc) {
        return esc.to_string();
    }
    let silent =
        |key: &&Key| tier != Tier::Danger || key.ctrl || key.alt || !matches!(key.code, KeyCode::Char(_));
    keys.iter().find(silent).map_or_else(|| esc.to_string(), ToString::to_string)
}
