//! One thing, opened: its tabs, its scrolling, the way back.
use super::{changes, table};
use crate::domain::news::Inspection;
use crate::domain::object::{Facts, Kind, ObjectRef};
use crate::domain::settings::Action;
use crate::domain::vital::{PASSAGE, Vital, describe};
use crate::model::board::PaneKind;
use crate::model::detail::{Detail, Tab};
use crate::model::msg::Effect;
use crate::model::{Dirty, Model};
use crate::panes::{gone, text};

/// Opens a thing, or another tab of the one that is open.
pub fn open(model: &mut Model, target: ObjectRef, tab: Tab) -> Vec<Effect> {
    model.board.focus = PaneKind::Detail;
    if let Some(detail) = &mut model.detail
        && detail.target == target
    {
        (detail.tab, detail.top, detail.shift, detail.line) = (tab, 0, 0, 0);
        return Vec::new();
    }
    let watched = table::watched(model);
    let mut detail = fresh(model, target.clone(), tab);
    if let Some(old) = model.detail.take() {
        detail.before = old.before;
        detail.before.push(old.target);
    }
    model.detail = Some(detail);
    turned_to(model, Some(target), &watched)
}

/// To what the document says of a vital: at once where it was read, else when it is.
pub fn passage(model: &mut Model, target: ObjectRef) -> Vec<Effect> {
    let of = model.listing(target.kind).and_then(|listing| listing.get(&target)).map(|object| &object.facts);
    match of {
        Some(Facts::Vital(vital)) if vital.document.is_empty() => {
            model.say(format!("{target} is the profile's own: no document names it"), false);
            return Vec::new();
        }
        Some(Facts::Vital(_)) => {}
        _ => {
            model.say(format!("no document names a limit of {} {target}", target.kind), false);
            return Vec::new();
        }
    }
    let effects = open(model, target, Tab::Describe);
    if let Some(detail) = &mut model.detail {
        detail.to_passage = true;
    }
    go_to_passage(model);
    effects
}

/// The wish holds until there is something to go to.
fn go_to_passage(model: &mut Model) {
    let Some(detail) = model.detail.as_ref().filter(|detail| detail.to_passage) else { return };
    let at = text::plain(model, detail).iter().position(|line| line.starts_with(PASSAGE));
    if let (Some(at), Some(detail)) = (at, &mut model.detail) {
        (detail.top, detail.to_passage) = (at, false);
    }
}

/// Nothing of it is read yet; of what is gone, what is still known.
fn fresh(model: &Model, target: ObjectRef, tab: Tab) -> Detail {
    let known = changes::last_seen(model, &target).map(|object| gone::inspection(model, object));
    Detail { inspection: known, ..Detail::new(target, tab) }
}

/// Reads the thing that is open now, and watches its kind: what can be done to it is worked out from that.
fn turned_to(model: &Model, target: Option<ObjectRef>, watched: &[Kind]) -> Vec<Effect> {
    let now = table::watched(model);
    let watch = (now != watched).then_some(Effect::Watch(now));
    std::iter::once(Effect::Inspect(target)).chain(watch).collect()
}

/// To the thing before, or closed.
pub fn back(model: &mut Model) -> Vec<Effect> {
    let watched = table::watched(model);
    let Some(detail) = &mut model.detail else { return Vec::new() };
    if let Some(before) = detail.before.pop() {
        let rest = std::mem::take(&mut detail.before);
        let tab = detail.tab;
        let mut earlier = fresh(model, before.clone(), tab);
        earlier.before = rest;
        model.detail = Some(earlier);
        return turned_to(model, Some(before), &watched);
    }
    close(model)
}

pub fn close(model: &mut Model) -> Vec<Effect> {
    let watched = table::watched(model);
    model.detail = None;
    model.board.focus = PaneKind::Things;
    turned_to(model, None, &watched)
}

pub fn inspected(model: &mut Model, mut inspection: Inspection) {
    answered_elsewhere(model, &mut inspection);
    if inspection.sections.is_empty()
        && let Some(known) = changes::last_seen(model, &inspection.target)
    {
        // Of what is gone nothing more can be read: what was known stays, below why it is so.
        inspection = Inspection { missing: inspection.missing, ..gone::inspection(model, known) };
    }
    if let Some(detail) = &mut model.detail
        && detail.target == inspection.target
        && detail.inspection.as_ref() != Some(&inspection)
    {
        detail.inspection = Some(inspection);
        detail.top = detail.top.min(text::len(detail).saturating_sub(1));
        model.mark_dirty(Dirty::Soon);
        go_to_passage(model);
    }
}

/// What other panes know of a vital stands in its row alone: whoever asks the others has not heard of it.
fn answered_elsewhere(model: &Model, inspection: &mut Inspection) {
    let target = &inspection.target;
    let row = model.listing(target.kind).and_then(|listing| listing.get(target));
    let Some(Facts::Vital(vital)) = row.map(|row| &row.facts) else { return };
    if vital.at.is_none() || Vital::elsewhere(vital.source, &vital.query).is_none() {
        return;
    }
    if let Some(first) = inspection.sections.first_mut() {
        *first = describe::answer(vital);
    }
    inspection.sections.extend(describe::history(vital));
}

/// Scrolling and tabs; says whether the action was one of these.
pub fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let detail = model.detail.as_mut()?;
    let page = detail.height.max(1);
    let tab = match action {
        Action::Describe => Some(Tab::Describe),
        Action::ShowEvents => Some(Tab::Events),
        Action::Yaml => Some(Tab::Yaml),
        Action::Owners => Some(Tab::Owners),
        _ => None,
    };
    if let Some(tab) = tab {
        (detail.tab, detail.top, detail.shift, detail.line) = (tab, 0, 0, 0);
        return Some(Vec::new());
    }
    match action {
        Action::Up => scroll(detail, -1),
        Action::Down => scroll(detail, 1),
        Action::HalfUp => scroll(detail, -signed(page / 2)),
        Action::HalfDown => scroll(detail, signed(page / 2)),
        Action::PageUp => scroll(detail, -signed(page)),
        Action::PageDown => scroll(detail, signed(page)),
        Action::Top => scroll(detail, isize::MIN / 2),
        Action::Bottom => scroll(detail, isize::MAX / 2),
        Action::Left => detail.shift = detail.shift.saturating_sub(8),
        Action::Right => detail.shift = (detail.shift + 8).min(4_000),
        Action::Open => {
            let owners = detail.inspection.as_ref().map(|inspection| &inspection.owners);
            let target =
                owners.and_then(|owners| owners.get(detail.line)).and_then(|owner| owner.target.clone());
            return Some(match target {
                Some(target) if detail.tab == Tab::Owners && target != detail.target => {
                    let tab = Tab::Describe;
                    open(model, target, tab)
                }
                _ => Vec::new(),
            });
        }
        _ => return None,
    }
    Some(Vec::new())
}

fn signed(n: usize) -> isize {
    isize::try_from(n.max(1)).unwrap_or(1)
}

/// Moves the text, or in the tree the line where you are.
fn scroll(detail: &mut Detail, by: isize) {
    let total = text::len(detail);
    if detail.tab == Tab::Owners {
        detail.line = detail.line.saturating_add_signed(by).min(total.saturating_sub(1));
        let lowest = (detail.line + 1).saturating_sub(detail.height.max(1));
        detail.top = detail.top.clamp(lowest, detail.line.max(lowest));
        return;
    }
    detail.top = detail.top.saturating_add_signed(by).min(total.saturating_sub(detail.height.max(1)));
}

/// Finds the next line that has these words, from below the first shown line on, and round.
pub fn find(model: &mut Model, words: &str, on: bool) {
    let Some(detail) = &model.detail else { return };
    let needle = words.to_lowercase();
    let lines = text::plain(model, detail);
    let from = detail.top + usize::from(on);
    let hit = (0..lines.len())
        .map(|n| (from + n) % lines.len())
        .find(|at| lines[*at].to_lowercase().contains(&needle));
    let missed = hit.is_none() && !needle.is_empty();
    if let Some(detail) = &mut model.detail {
        detail.find = needle;
        if let Some(at) = hit {
            detail.top = at.min(lines.len().saturating_sub(detail.height.max(1)));
        }
    }
    if missed {
        model.say(format!("no line has `{words}`"), false);
    }
}
