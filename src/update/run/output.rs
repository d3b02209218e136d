//! Reading what a command wrote: page by page, by stream, to what is looked for.
use super::{number, open as opened};
use crate::domain::settings::{Action, Key, KeyCode};
use crate::model::msg::Effect;
use crate::model::overlay::{Ask, Land, Overlay, Reading};
use crate::model::run::{Page, Stream};
use crate::model::{Dirty, Model};
use crate::update::typing;

/// About what a page holds, in bytes.
const PAGE: u64 = 64 << 10;
/// Lines that a page key moves.
const FAR: isize = 10;

/// All that the line here wrote; where it has not run yet, what was written last in this run.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    let Some((checklist, known)) = opened(model) else {
        model.say("nothing ran here yet", false);
        return Vec::new();
    };
    let here = checklist.here;
    let own = model.runs.order(known, number(here.step), here.command.map(number));
    let latest = || {
        let (step, command) = model.runs.latest(known)?;
        model.runs.order(known, step, command)
    };
    let Some(order) = own.or_else(latest) else {
        model.say("nothing of this runbook has run yet", false);
        return Vec::new();
    };
    model.runs.page = None;
    model.overlays.push(Overlay::Output(Reading::new(order)));
    turn(model, 0, Land::Top)
}

fn reading(model: &mut Model) -> Option<&mut Reading> {
    match model.overlays.last_mut() {
        Some(Overlay::Output(reading)) => Some(reading),
        _ => None,
    }
}

/// Has the page from there read.
fn turn(model: &mut Model, from: u64, land: Land) -> Vec<Effect> {
    let Some(reading) = reading(model) else { return Vec::new() };
    reading.land = land;
    let (order, stream) = (reading.order.clone(), reading.stream);
    // What a pane's session answered was never in a shell.
    if model.runs.held.values().any(|(held, _)| *held == order) {
        let lines = model.runs.tails.get(&order).map(|tail| tail.lines.clone()).unwrap_or_default();
        let lines = if stream == Stream::Out { lines } else { Vec::new() };
        return came(
            model,
            Page { order, stream, lines, from: 0, to: 0, total: 0, open: false, found: None },
        );
    }
    vec![Effect::ReadOutput { order, stream, from, find: None }]
}

/// A page was read.
pub(super) fn came(model: &mut Model, page: Page) -> Vec<Effect> {
    model.mark_dirty(Dirty::Now);
    let room = room(model);
    let Some(reading) = model.overlays.iter_mut().rev().find_map(|overlay| match overlay {
        Overlay::Output(reading) => Some(reading),
        _ => None,
    }) else {
        return Vec::new();
    };
    if page.order != reading.order || page.stream != reading.stream {
        return Vec::new();
    }
    if page.total == 0 && page.lines.is_empty() && !reading.chosen && reading.stream != Stream::Term {
        reading.stream = after(reading.stream);
        return turn(model, 0, Land::Top);
    }
    let last = page.lines.len().saturating_sub(room);
    reading.top = match (page.found, reading.land) {
        (Some(line), _) => line,
        (None, Land::Top) => 0,
        (None, Land::Bottom) => last,
    };
    model.runs.page = Some(page);
    Vec::new()
}

fn after(stream: Stream) -> Stream {
    match stream {
        Stream::Out => Stream::Err,
        Stream::Err => Stream::Term,
        Stream::Term => Stream::Out,
    }
}

/// Lines that have room.
fn room(model: &Model) -> usize {
    usize::from(model.size.1.saturating_sub(3))
}

pub fn key(model: &mut Model, key: Key, action: Option<Action>) -> Vec<Effect> {
    let moved = match (key.code, key.ctrl) {
        (KeyCode::Up | KeyCode::Char('k'), false) => -1,
        (KeyCode::Down | KeyCode::Char('j'), false) => 1,
        (KeyCode::PageUp, _) | (KeyCode::Char('u'), true) => -FAR,
        (KeyCode::PageDown | KeyCode::Char(' '), _) | (KeyCode::Char('d'), true) => FAR,
        (KeyCode::Home | KeyCode::Char('g'), false) => {
            if let Some(reading) = reading(model) {
                reading.before.clear();
            }
            return turn(model, 0, Land::Top);
        }
        (KeyCode::End | KeyCode::Char('G'), false) => return end(model),
        (KeyCode::Tab, _) => return other(model),
        (KeyCode::Char('/'), false) => {
            let find = reading(model).map(|reading| reading.find.clone()).unwrap_or_default();
            typing::ask(model, Ask::FindOutput, &find);
            return Vec::new();
        }
        (KeyCode::Char('n'), false) => return next(model),
        _ if action == Some(Action::Close) => {
            model.overlays.pop();
            return Vec::new();
        }
        _ => return Vec::new(),
    };
    walk(model, moved)
}

/// Moves by lines, and on to the next page or back to the one before.
fn walk(model: &mut Model, moved: isize) -> Vec<Effect> {
    let room = room(model);
    let Some(page) = &model.runs.page else { return Vec::new() };
    let (from, to, ends) = (page.from, page.to, page.open || page.to >= page.total);
    let last = page.lines.len().saturating_sub(room);
    let Some(reading) = reading(model) else { return Vec::new() };
    let top = reading.top;
    if moved > 0 && top >= last && !ends {
        reading.before.push(from);
        return turn(model, to, Land::Top);
    }
    if moved < 0 && top == 0 && from > 0 {
        let before = reading.before.pop().unwrap_or(from.saturating_sub(PAGE));
        return turn(model, before, Land::Bottom);
    }
    reading.top = top.saturating_add_signed(moved).min(last.max(top.saturating_sub(usize::from(moved < 0))));
    Vec::new()
}

/// The last of it.
fn end(model: &mut Model) -> Vec<Effect> {
    let total = model.runs.page.as_ref().map_or(0, |page| page.total);
    if let Some(reading) = reading(model) {
        reading.before.clear();
    }
    turn(model, total.saturating_sub(PAGE), Land::Bottom)
}

/// Another of its streams.
fn other(model: &mut Model) -> Vec<Effect> {
    model.runs.page = None;
    let Some(reading) = reading(model) else { return Vec::new() };
    (reading.stream, reading.chosen) = (after(reading.stream), true);
    reading.before.clear();
    turn(model, 0, Land::Top)
}

/// Looks for this from here on.
pub fn find(model: &mut Model, text: &str) -> Vec<Effect> {
    let Some(reading) = reading(model) else { return Vec::new() };
    text.clone_into(&mut reading.find);
    let top = reading.top;
    found(model, top)
}

/// The next line with what is looked for.
fn next(model: &mut Model) -> Vec<Effect> {
    let Some(top) = reading(model).map(|reading| reading.top) else { return Vec::new() };
    found(model, top + 1)
}

/// Goes to the first line from there with what is looked for, on this page or a later one.
fn found(model: &mut Model, from: usize) -> Vec<Effect> {
    let Some(find) = reading(model).map(|reading| reading.find.clone()) else { return Vec::new() };
    let Some(page) = model.runs.page.as_ref().filter(|_| !find.is_empty()) else { return Vec::new() };
    let hit = page.lines.iter().enumerate().skip(from).find(|(_, line)| line.place(&find).is_some());
    let (here, to, ends) = (page.from, page.to, page.open || page.to >= page.total);
    if let Some((line, _)) = hit {
        if let Some(reading) = reading(model) {
            reading.top = line;
        }
        return Vec::new();
    }
    if ends {
        model.say(format!("`{find}` is in nothing that follows"), false);
        return Vec::new();
    }
    let Some(reading) = reading(model) else { return Vec::new() };
    reading.before.push(here);
    vec![Effect::ReadOutput {
        order: reading.order.clone(),
        stream: reading.stream,
        from: to,
        find: Some(find),
    }]
}
