//! Keys to actions, actions to the part of the board they belong to.
use super::realms::Part;
use super::{
    act, changes, detail, exercise, groups, incident, lines, overview, palette, realms, run, shelf, table,
    typing, wall,
};
use crate::domain::action::{Outcome, Verb};
use crate::domain::object::{Kind, Realm};
use crate::domain::settings::{Action, Key, KeyCode, Scope};
use crate::domain::time::Timestamp;
use crate::model::board::PaneKind;
use crate::model::detail::Tab;
use crate::model::filter::Filter;
use crate::model::incident::short;
use crate::model::msg::{Effect, MouseDid};
use crate::model::overlay::{Ask, Overlay};
use crate::model::{Deed, Model};
use crate::panes::layout::layout;
use crate::panes::{tables, things};

/// The keys of one read, in order.
pub fn pressed(model: &mut Model, keys: &[Key], at: Timestamp) -> Vec<Effect> {
    if model.wall {
        return keys.iter().flat_map(|key| on_the_wall(model, *key)).collect();
    }
    // Whoever presses a key has seen a row and means it.
    table::hold(model);
    let mut effects = Vec::new();
    for (n, key) in keys.iter().enumerate() {
        // A question takes the whole of a read, so that the rest of a burst never falls through to the board.
        if model.overlays.last() == Some(&Overlay::Question) {
            if n == 0 {
                effects.extend(act::keys(model, keys, at));
            }
            break;
        }
        model.asked_by = Some(*key);
        effects.extend(press(model, *key));
    }
    effects
}

/// The wall shows no rows to choose and no overlay: what could open there would only be in the way.
fn on_the_wall(model: &mut Model, key: Key) -> Vec<Effect> {
    match model.settings.keymap.action(Scope::Wall, key) {
        Some(Action::Quit) => vec![Effect::Quit],
        Some(Action::Back) if key.code == KeyCode::Char('q') => vec![Effect::Quit],
        Some(Action::Suspend) => vec![Effect::Suspend],
        Some(Action::Redraw) => vec![Effect::Redraw],
        Some(Action::Refresh) => vec![Effect::Retry],
        Some(action) => {
            wall::act(model, action);
            Vec::new()
        }
        None => Vec::new(),
    }
}

fn press(model: &mut Model, key: Key) -> Vec<Effect> {
    let action = model.meant(key);
    match model.overlays.last() {
        Some(Overlay::Question) => Vec::new(),
        Some(Overlay::Palette(_)) => palette::key(model, key, action),
        Some(Overlay::Line { .. }) => typing::key(model, key, action),
        Some(Overlay::Form(_)) => incident::key(model, key, action),
        Some(Overlay::Output(_)) => run::output::key(model, key, action),
        Some(Overlay::Exercise { .. }) => exercise::key(model, key, action),
        Some(Overlay::Help { .. } | Overlay::Deeds { .. } | Overlay::Columns { .. }) => {
            list_key(model, key, action)
        }
        None => action.map_or_else(Vec::new, |action| perform(model, action, key)),
    }
}

/// A paste is text: it goes where a line is typed, and nowhere else.
pub fn pasted(model: &mut Model, text: &str) -> Vec<Effect> {
    match model.overlays.last_mut() {
        Some(Overlay::Line { input, .. }) => {
            input.insert(text);
            typing::typed(model)
        }
        Some(Overlay::Palette(palette)) => {
            palette.input.insert(text);
            palette::refresh(model);
            Vec::new()
        }
        Some(Overlay::Form(form)) => {
            incident::pasted(form, text);
            Vec::new()
        }
        Some(Overlay::Question) => act::paste(model, text),
        _ => {
            model.say("pasted text does nothing here", false);
            Vec::new()
        }
    }
}

/// Does what an action says, wherever it came from: a key, the palette, the mouse.
pub fn perform(model: &mut Model, action: Action, key: Key) -> Vec<Effect> {
    let before = model.board.focus;
    let effects = performed(model, action, key);
    match model.board.focus {
        PaneKind::Things | PaneKind::Logs if before == PaneKind::Checklist => {
            model.board.from_runbook = model.checklist.is_some();
        }
        PaneKind::Overview | PaneKind::Runbooks | PaneKind::Checklist => model.board.from_runbook = false,
        _ => {}
    }
    effects
}

fn performed(model: &mut Model, action: Action, key: Key) -> Vec<Effect> {
    if let Some(effects) = everywhere(model, action, key) {
        return effects;
    }
    let here = match model.board.focus {
        PaneKind::Things => table::act(model, action),
        // The table behind it is not seen: nothing there is meant.
        PaneKind::Overview => {
            overview::act(model, action).or_else(|| table::kinds(model, action)).or_else(|| {
                let key = model.key(Action::Enter);
                model.say(format!("nothing is done to a line of the overview: {key} opens it"), false);
                Some(Vec::new())
            })
        }
        PaneKind::Detail => detail::act(model, action).or_else(|| table::kinds(model, action)),
        PaneKind::Logs => lines::act(model, action),
        PaneKind::Incident => {
            incident::act(model, action).or_else(|| table::kinds(model, action)).or(Some(Vec::new()))
        }
        // The rows beside it are not where you are: nothing there is meant.
        PaneKind::Runbooks | PaneKind::Checklist => {
            let own = match model.board.focus {
                PaneKind::Runbooks => shelf::act(model, action),
                _ => run::act(model, action).or_else(|| shelf::read(model, action)),
            };
            own.or_else(|| table::kinds(model, action)).or(Some(Vec::new()))
        }
    };
    here.unwrap_or_else(|| on_thing(model, action))
}

/// Actions that mean the same in every pane.
fn everywhere(model: &mut Model, action: Action, key: Key) -> Option<Vec<Effect>> {
    match action {
        Action::Quit => return Some(quit(model)),
        Action::Back => return Some(back(model, key)),
        Action::Help => model.overlays.push(Overlay::Help { of: model.scope(), top: 0 }),
        Action::Palette => palette::open(model),
        Action::Filter | Action::Find => typing::open_line(model),
        Action::Include => typing::ask(model, Ask::Include, &lines::pattern(model, &Ask::Include)),
        Action::Exclude => typing::ask(model, Ask::Exclude, &lines::pattern(model, &Ask::Exclude)),
        Action::NextPane | Action::PrevPane => next_pane(model, action == Action::PrevPane),
        Action::Pane1 => return Some(table::realm(model, Realm::Kubernetes)),
        Action::Pane2 => model.board.focus = PaneKind::Logs,
        Action::Overview => return Some(overview::show(model)),
        Action::Runbooks => return Some(shelf::list(model)),
        Action::Containers => return Some(table::realm(model, Realm::Containers)),
        Action::Alerts => return Some(table::realm(model, Realm::Alerts)),
        Action::Database => return Some(table::realm(model, Realm::Database)),
        Action::Redis => return Some(table::realm(model, Realm::Redis)),
        Action::Vitals => return Some(table::realm(model, Realm::Vitals)),
        Action::Changes => return Some(table::realm(model, Realm::Changes)),
        Action::Zoom => model.board.zoomed = !model.board.zoomed,
        Action::Refresh => {
            model.say("trying again now", false);
            return Some(vec![Effect::Retry]);
        }
        Action::Redraw => return Some(vec![Effect::Redraw]),
        Action::Suspend => return Some(vec![Effect::Suspend]),
        Action::Outcomes => model.overlays.push(Overlay::Deeds { line: 0 }),
        Action::Exercise => exercise::open(model),
        Action::Columns => model.overlays.push(Overlay::Columns { line: 0 }),
        Action::Mouse => {
            model.board.mouse = !model.board.mouse;
            return Some(vec![Effect::SetMouse(model.board.mouse)]);
        }
        Action::Copy => return Some(copy(model)),
        other => return incident::everywhere(model, other),
    }
    Some(Vec::new())
}

fn quit(model: &mut Model) -> Vec<Effect> {
    let going = || model.deeds.iter().filter(|deed| !deed.outcome.is_final());
    let shells = going().filter(|deed| matches!(deed.native.verb, Verb::Shell { .. })).count();
    // A drain is driven from here, and what has no answer yet, or waits for its turn, may not have been sent.
    let ours = |deed: &&Deed| {
        let unsent = deed.outcome == Outcome::Started || deed.outcome.is_in_line();
        unsent || matches!(deed.native.verb, Verb::Drain { .. })
    };
    let here = going().filter(|deed| !matches!(deed.native.verb, Verb::Shell { .. })).filter(ours).count();
    let others = going().count() - shells - here;
    let warned = model.flash.as_ref().is_some_and(|flash| flash.text.ends_with(AGAIN));
    if shells > 0 && !warned {
        model.say(format!("{OPEN_SHELLS}: {shells}; leaving ends them. {AGAIN}"), true);
        return Vec::new();
    }
    if here > 0 && !warned {
        model.say(
            format!("{STILL_GOING}: {}; leaving stops {here} of them half-way. {AGAIN}", here + others),
            true,
        );
        return Vec::new();
    }
    if others > 0 && !warned {
        model.say(format!("{STILL_GOING}: {others}; the cluster goes on with them. {AGAIN}"), true);
        return Vec::new();
    }
    if let Some(stays) = stays(model).filter(|_| !warned) {
        model.say(format!("{stays}. {AGAIN}"), true);
        return Vec::new();
    }
    vec![Effect::Quit]
}

/// What is still there when this cockpit is left, and is found again by the next one; an exercise ends with all of it.
fn stays(model: &Model) -> Option<String> {
    let next = model.exercise.is_none();
    let told = |what: String, then: &str| if next { format!("{what}: {then}") } else { what };
    let running: usize = model.runs.all.values().map(|known| known.run.in_flight().len()).sum();
    let commands = match running {
        0 => None,
        1 => Some(told("1 command goes on running".into(), "the next start finds it")),
        several => Some(told(format!("{several} commands go on running"), "the next start finds them")),
    };
    let settling = match model.runs.settling.values().filter(|one| !one.told).count() {
        0 => None,
        1 => Some(told("1 change has not settled yet".into(), "the next start looks on")),
        several => Some(told(format!("{several} changes have not settled yet"), "the next start looks on")),
    };
    let open = model.incidents.open().filter(|_| model.incidents.taken);
    let incident = open.map(|state| {
        let title = crate::domain::text::clean_to(&state.title, 40);
        let stays = format!("“{title}” stays open (#{})", short(&state.name));
        told(stays, "the next start goes on with it")
    });
    let all: Vec<String> = [commands, settling, incident].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join("; "))
}

const STILL_GOING: &str = "actions not yet settled";
const OPEN_SHELLS: &str = "shells still open";
/// How every warning ends that is given once.
const AGAIN: &str = "again to leave";

/// One layer back. Only `q` leaves the program, and only when there is nothing else to leave.
fn back(model: &mut Model, key: Key) -> Vec<Effect> {
    match model.board.focus {
        PaneKind::Detail => return detail::back(model),
        PaneKind::Logs => {
            if let Some(effects) = lines::back(model) {
                return effects;
            }
            return lines::close(model);
        }
        PaneKind::Overview if key.code == KeyCode::Char('q') => return quit(model),
        PaneKind::Overview => return Vec::new(),
        PaneKind::Runbooks => return shelf::back(model),
        PaneKind::Incident => return incident::back(model),
        PaneKind::Checklist => {
            // It stays open; `q` closes it.
            if key.code == KeyCode::Char('q') {
                model.checklist = None;
            }
            return shelf::leave(model);
        }
        PaneKind::Things => {}
    }
    if model.detail.is_some() {
        return detail::close(model);
    }
    let marked = !marks(model).is_empty();
    if marked {
        table::unmark(model);
    } else if !model.board.filter.is_empty() || model.board.faults {
        model.board.filter = Filter::default();
        model.board.faults = false;
        table::reorder(model);
    } else if model.board.zoomed {
        model.board.zoomed = false;
    } else if model.board.from_runbook && model.checklist.is_some() {
        model.board.focus = PaneKind::Checklist;
    } else if let Some(first) = table::first(model).filter(|first| *first != model.board.kind) {
        return table::show(model, first);
    } else if tables::others_in_view(model) {
        return overview::show(model);
    } else if model.board.kind != Kind::Pod {
        return table::show(model, Kind::Pod);
    } else if key.code == KeyCode::Char('q') {
        return quit(model);
    }
    Vec::new()
}

fn marks(model: &Model) -> Vec<crate::domain::object::ObjectRef> {
    act::marked(model)
}

fn next_pane(model: &mut Model, back: bool) {
    let mut panes = vec![PaneKind::Things];
    if model.checklist.is_some() {
        panes.insert(0, PaneKind::Checklist);
    }
    if tables::others_in_view(model) {
        panes.insert(0, PaneKind::Overview);
    }
    if model.detail.is_some() {
        panes.push(PaneKind::Detail);
    }
    if model.logs.following.is_some() {
        panes.push(PaneKind::Logs);
    }
    let at = panes.iter().position(|pane| *pane == model.board.focus).unwrap_or(0);
    let by = if back { panes.len() - 1 } else { 1 };
    model.board.focus = panes[(at + by) % panes.len()];
}

fn copy(model: &mut Model) -> Vec<Effect> {
    let text = match model.board.focus {
        PaneKind::Things => things::selected(model).map(|target| target.name.to_string()),
        PaneKind::Overview => None,
        PaneKind::Detail => {
            model.detail.as_ref().map(|detail| crate::panes::text::whole(model, detail).join("\n"))
        }
        PaneKind::Logs => lines::copied(model),
        PaneKind::Runbooks => shelf::place(model),
        PaneKind::Checklist => shelf::copied(model),
        PaneKind::Incident => incident::copied(model),
    };
    text.map_or_else(Vec::new, |text| vec![Effect::Copy(text)])
}

/// Opens or acts on the selected thing.
fn on_thing(model: &mut Model, action: Action) -> Vec<Effect> {
    if let Some(effects) = groups::view(model, action) {
        return effects;
    }
    let target = match (&model.detail, model.board.focus) {
        (Some(detail), PaneKind::Detail) => Some(detail.target.clone()),
        _ => things::selected(model),
    };
    let Some(target) = target else {
        if !matches!(action, Action::Open) {
            model.say(nothing_chosen(model), true);
        }
        return Vec::new();
    };
    if let Some(effects) = groups::act(model, action, &target) {
        return effects;
    }
    match action {
        Action::Acknowledge => realms::acknowledge(model, &target),
        Action::Source => realms::source(model, &target),
        Action::CopyRunbook => realms::runbook(model, &target),
        Action::Held => realms::held(model, &target),
        Action::Suspect => changes::suspect(model),
        Action::Open if target.kind == Kind::Change => overview::follow(model, &target),
        Action::Open if target.kind == Kind::Namespace && model.detail.is_none() => {
            table::within(model, Kind::Pod, &target.name, Some(&target.context))
        }
        Action::Open if target.kind == Kind::SessionGroup => realms::database::within(model, &target),
        // What runs is its session: there it is ended.
        Action::Open if target.kind == Kind::Operation => {
            detail::open(model, target.sibling(Kind::Session, target.name.clone()), Tab::Describe)
        }
        Action::Passage => detail::passage(model, target),
        Action::Open | Action::Describe => detail::open(model, target, Tab::Describe),
        Action::Yaml => detail::open(model, target, Tab::Yaml),
        Action::Owners => detail::open(model, target, Tab::Owners),
        Action::ShowEvents => detail::open(model, target, Tab::Events),
        Action::Logs => lines::follow(model, &target, false),
        Action::PreviousLogs => lines::follow(model, &target, true),
        Action::ServiceLogs => lines::follow_part(model, &target, Part::Service),
        Action::ProjectLogs => lines::follow_part(model, &target, Part::Project),
        Action::MarkService => realms::mark(model, &target, Part::Service),
        Action::MarkProject => realms::mark(model, &target, Part::Project),
        other => act::ask(model, other, &target),
    }
}

/// Why an action finds nothing to act on.
fn nothing_chosen(model: &Model) -> &'static str {
    if things::numbers(model).0 == 0 {
        "there is no row here to do that to"
    } else {
        "the selected row is gone: choose another one first"
    }
}

/// Lists that are only read or ticked.
fn list_key(model: &mut Model, key: Key, action: Option<Action>) -> Vec<Effect> {
    let moved: isize = match (key.code, key.ctrl) {
        (KeyCode::Up | KeyCode::Char('k'), false) => -1,
        (KeyCode::Down | KeyCode::Char('j'), false) => 1,
        (KeyCode::PageUp, _) | (KeyCode::Char('u'), true) => -10,
        (KeyCode::PageDown, _) | (KeyCode::Char('d'), true) => 10,
        (KeyCode::Char(' '), _) => return tick_column(model),
        _ => 0,
    };
    if moved == 0 {
        if action == Some(Action::Close) {
            model.overlays.pop();
        }
        return Vec::new();
    }
    let columns = things::all_columns(model.board.kind).len();
    let (deeds, room) =
        (model.deeds.len() + model.runs.done.len(), usize::from(model.size.1.saturating_sub(3)));
    let help = match model.overlays.last() {
        Some(Overlay::Help { of, .. }) => crate::panes::keys::page(model, *of).len().saturating_sub(room),
        _ => 0,
    };
    match model.overlays.last_mut() {
        Some(Overlay::Help { top, .. }) => *top = top.saturating_add_signed(moved).min(help),
        Some(Overlay::Deeds { line }) => {
            *line = line.saturating_add_signed(moved).min(deeds.saturating_sub(1));
        }
        Some(Overlay::Columns { line }) => *line = line.saturating_add_signed(moved).min(columns - 1),
        _ => {}
    }
    Vec::new()
}

fn tick_column(model: &mut Model) -> Vec<Effect> {
    if let Some(Overlay::Columns { line }) = model.overlays.last() {
        let kind = model.board.kind;
        // Without its name a row is nothing.
        if let Some(title) =
            things::all_columns(kind).get(*line).map(|column| column.title).filter(|title| *title != "NAME")
        {
            if model.board.hides(title) {
                model.board.hidden.retain(|(of, hidden)| (*of, *hidden) != (kind, title));
            } else {
                model.board.hidden.push((kind, title));
            }
        }
    }
    Vec::new()
}

pub fn mouse(model: &mut Model, column: u16, row: u16, what: MouseDid) -> Vec<Effect> {
    if model.wall || !model.overlays.is_empty() {
        return Vec::new();
    }
    let places = layout(model);
    let inside = |area: &crate::panes::layout::Area| {
        (area.x..area.x + area.width).contains(&column) && (area.y..area.bottom()).contains(&row)
    };
    let Some((pane, area)) = places.panes.iter().find(|(_, area)| inside(area)) else { return Vec::new() };
    model.board.focus = *pane;
    match (what, pane) {
        (MouseDid::Click, PaneKind::Things) if row >= things::first_row(model, *area) => {
            let first = things::first_row(model, *area);
            table::click(model, usize::from(row - first));
        }
        (MouseDid::Click, _) => {}
        (MouseDid::WheelUp, _) => {
            return (0..3).flat_map(|_| perform(model, Action::Up, Key::char('k'))).collect();
        }
        (MouseDid::WheelDown, _) => {
            return (0..3).flat_map(|_| perform(model, Action::Down, Key::char('j'))).collect();
        }
    }
    Vec::new()
}
