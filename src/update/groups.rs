//! Alerts in groups: one line for all that share a label, with its members below it where it is unfolded.
use std::collections::BTreeMap;

use super::table::{self, lens};
use crate::domain::Text;
use crate::domain::alert::{Alert, AlertFacts, Group};
use crate::domain::level::Level;
use crate::domain::object::{Facts, Kind, Object, ObjectRef};
use crate::domain::settings::Action;
use crate::model::board::PaneKind;
use crate::model::listing::{Listing, Rank};
use crate::model::msg::Effect;
use crate::model::overlay::Ask;
use crate::model::{Dirty, Model};
use crate::panes::objects;
use crate::panes::things::{self, Lens};

/// What alerts are grouped by until another label is chosen.
const USUAL: &str = "alertname";
/// So many labels are named to choose from.
const NAMED: usize = 6;

/// The kind whose rows bear the marks of a table: a group is marked where its members are.
pub fn marking(kind: Kind) -> Kind {
    if kind == Kind::AlertGroup { Kind::Alert } else { kind }
}

/// How a kind is shown now: alerts in groups, once that was asked for.
pub fn shown_as(model: &Model, kind: Kind) -> Kind {
    if kind == Kind::Alert && model.board.group.is_some() { Kind::AlertGroup } else { kind }
}

/// Works the groups out anew.
pub fn rebuild(model: &mut Model) {
    let Some(by) = model.board.group.clone() else { return };
    let all = tree(model, &by, &lens!(model, Kind::AlertGroup));
    let before = things::selected(model).filter(|_| model.board.kind == Kind::AlertGroup);
    let alone = before.as_ref().is_some_and(|id| group_of(model, id).is_none());
    let listing = model.objects.entry(Kind::AlertGroup).or_default();
    listing.replace(all);
    match before {
        Some(id) if id.kind == Kind::Alert => match folded(model, &id) {
            // Another came beside the one that somebody stands on: what is done next is still of that one.
            Some(group) if alone => {
                model.board.unfolded.insert(group);
                rebuild(model);
            }
            // What was folded away goes on as its group.
            Some(group) => table::select(model, group),
            None => {}
        },
        Some(id) => {
            if let Some(last) = last_of(model, &by, &id) {
                table::select(model, last);
            }
        }
        None => {}
    }
    if model.board.kind == Kind::AlertGroup {
        model.mark_dirty(Dirty::Soon);
    }
}

/// The one alert that is left of a group that is none any more.
fn last_of(model: &Model, by: &Text, group: &ObjectRef) -> Option<ObjectRef> {
    let listing = model.listing(Kind::AlertGroup)?;
    if listing.get(group).is_some() {
        return None;
    }
    let of = |object: &&Object| match &object.facts {
        Facts::Alerts(AlertFacts::Alert(alert)) => {
            Group::id(object.id.context.clone(), by, alert.shares(by)) == *group
        }
        _ => false,
    };
    listing.all().find(of).map(|object| object.id.clone())
}

type Member<'m> = (&'m Object, &'m Alert, Rank);

fn tree(model: &Model, by: &Text, lens: &Lens<'_>) -> Vec<(Object, Level)> {
    let sort = model.board.sorts.iter().find(|(kind, _)| *kind == Kind::AlertGroup);
    let sort = sort.map_or_else(Default::default, |(_, sort)| *sort);
    let mut by_value: BTreeMap<&str, Vec<Member<'_>>> = BTreeMap::new();
    for object in model.listing(Kind::Alert).into_iter().flat_map(Listing::all) {
        if let Facts::Alerts(AlertFacts::Alert(alert)) = &object.facts {
            let rank = objects::rank(lens, object);
            if rank.shown {
                by_value.entry(alert.shares(by)).or_default().push((object, alert, rank));
            }
        }
    }
    let mut groups: Vec<(&str, Vec<Member<'_>>)> = by_value.into_iter().collect();
    for (_, members) in &mut groups {
        members.sort_by(|a, b| sort.compare(&a.2, &b.2).then_with(|| a.0.id.cmp(&b.0.id)));
    }
    let first = |members: &[Member<'_>]| members.first().map(|member| member.2.clone()).unwrap_or_default();
    groups.sort_by(|a, b| sort.compare(&first(&a.1), &first(&b.1)).then_with(|| a.0.cmp(b.0)));
    let mut rows = Vec::new();
    for (value, members) in groups {
        // One is no group: it stands for itself.
        if let [(object, _, rank)] = &*members {
            rows.push(((*object).clone(), rank.level));
            continue;
        }
        let group = row(model, by, value, &members);
        let unfolded = model.board.unfolded.contains(&group.id);
        rows.push((group.clone(), group.level()));
        if unfolded {
            rows.extend(members.into_iter().map(|(object, _, rank)| (object.clone(), rank.level)));
        }
    }
    rows
}

fn row(model: &Model, by: &Text, value: &str, members: &[Member<'_>]) -> Object {
    let context = members.first().map(|member| member.0.id.context.clone()).unwrap_or_default();
    let id = Group::id(context, by, value);
    let alerts: Vec<_> = members.iter().map(|(object, alert, _)| (&object.id, *alert)).collect();
    let group = Group::of(by.clone(), value.into(), &alerts, |id| model.acknowledged.contains_key(id));
    let group = Group { unfolded: model.board.unfolded.contains(&id), ..group };
    Object {
        uid: id.name.clone(),
        created: group.newest.unwrap_or_default(),
        deleting: false,
        owner: None,
        facts: Facts::Alerts(AlertFacts::Group(Box::new(group))),
        id,
    }
}

fn all(model: &Model) -> impl Iterator<Item = (&ObjectRef, &Group)> {
    model.listing(Kind::AlertGroup).into_iter().flat_map(Listing::all).filter_map(|object| {
        match &object.facts {
            Facts::Alerts(AlertFacts::Group(group)) => Some((&object.id, &**group)),
            _ => None,
        }
    })
}

/// The alerts that a row stands for.
pub fn members(model: &Model, target: &ObjectRef) -> Vec<ObjectRef> {
    if target.kind != Kind::AlertGroup {
        return vec![target.clone()];
    }
    let group = all(model).find(|(id, _)| *id == target);
    group.map_or_else(Vec::new, |(_, group)| group.members.clone())
}

fn group_of(model: &Model, alert: &ObjectRef) -> Option<ObjectRef> {
    model.board.group.as_ref()?;
    all(model).find(|(_, group)| group.members.contains(alert)).map(|(id, _)| id.clone())
}

/// The group of an alert that stands in no row of its own.
fn folded(model: &Model, alert: &ObjectRef) -> Option<ObjectRef> {
    let there = model.listing(Kind::AlertGroup).is_some_and(|listing| listing.get(alert).is_some());
    if there { None } else { group_of(model, alert) }
}

/// Puts the cursor on an alert, unfolding its group where that is in the way.
pub fn select(model: &mut Model, alert: ObjectRef) {
    if let Some(group) = folded(model, &alert) {
        model.board.unfolded.insert(group);
        rebuild(model);
    }
    model.objects.entry(Kind::AlertGroup).or_default().select(alert);
}

/// Marks all of a group's members, or takes their marks away when all have one.
pub fn mark(model: &mut Model, group: &ObjectRef) {
    let members = members(model, group);
    let listing = model.objects.entry(Kind::Alert).or_default();
    let whole = members.iter().all(|id| listing.marked().contains(id));
    for id in members.iter().filter(|id| whole || !listing.marked().contains(id)).cloned().collect::<Vec<_>>()
    {
        listing.toggle_mark(&id);
    }
}

/// What is done to the view itself, and to a group as a row.
pub fn act(model: &mut Model, action: Action, target: &ObjectRef) -> Option<Vec<Effect>> {
    match action {
        Action::Open if target.kind == Kind::AlertGroup => {
            if !model.board.unfolded.remove(target) {
                model.board.unfolded.insert(target.clone());
            }
            rebuild(model);
        }
        Action::Describe
        | Action::Yaml
        | Action::Owners
        | Action::ShowEvents
        | Action::Logs
        | Action::PreviousLogs
        | Action::Source
            if target.kind == Kind::AlertGroup =>
        {
            let key = model.key(Action::Open);
            model.say(format!("that is of one alert: {key} unfolds the group"), false);
        }
        _ => return None,
    }
    Some(Vec::new())
}

/// The view of all alerts: in groups or not, by which label, unfolded or not.
pub fn view(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    match action {
        Action::Group => {
            let by = if model.board.group.is_some() { None } else { Some(USUAL.into()) };
            return Some(turn_to(model, by));
        }
        Action::GroupBy => {
            let now = model.board.group.clone().unwrap_or_default();
            let title = format!("group alerts by which label ({}):", labels(model).join(", "));
            super::typing::ask(model, Ask::Value { title, action, natives: Vec::new() }, &now);
        }
        Action::FoldAll if model.board.kind == Kind::AlertGroup => {
            let groups: Vec<ObjectRef> = all(model).map(|(id, _)| id.clone()).collect();
            let whole = groups.iter().all(|id| model.board.unfolded.contains(id));
            model.board.unfolded.clear();
            if !whole {
                model.board.unfolded.extend(groups);
            }
            rebuild(model);
        }
        Action::FoldAll => {
            let key = model.settings.keymap.keys(Action::Group).first().map(ToString::to_string);
            model.say(
                format!("there are no groups here: {} groups alerts", key.unwrap_or_else(|| "group".into())),
                false,
            );
        }
        _ => return None,
    }
    Some(Vec::new())
}

/// The labels that alerts have, the most frequent first.
fn labels(model: &Model) -> Vec<String> {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for object in model.listing(Kind::Alert).into_iter().flat_map(Listing::all) {
        if let Facts::Alerts(AlertFacts::Alert(alert)) = &object.facts {
            for (name, _) in alert.labels.iter() {
                *count.entry(name).or_default() += 1;
            }
        }
    }
    let mut all: Vec<(&str, usize)> = count.into_iter().collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    all.into_iter().take(NAMED).map(|(name, _)| name.to_owned()).collect()
}

/// A label was typed; nothing is no groups.
pub fn by(model: &mut Model, label: &str) -> Vec<Effect> {
    let label = label.trim();
    if label.is_empty() {
        return turn_to(model, None);
    }
    let has = |object: &Object| match &object.facts {
        Facts::Alerts(AlertFacts::Alert(alert)) => alert.label(label).is_some(),
        _ => false,
    };
    let known =
        model.listing(Kind::Alert).is_some_and(|listing| listing.total() == 0 || listing.all().any(has));
    if !known && label != USUAL {
        model.say(format!("no alert has a label `{label}`; there are {}", labels(model).join(", ")), true);
        return Vec::new();
    }
    turn_to(model, Some(label.into()))
}

/// Shows alerts grouped so, or not at all. What was typed after `/` is of alerts, and stays.
fn turn_to(model: &mut Model, by: Option<Text>) -> Vec<Effect> {
    let old = model.board.kind;
    let kept = marking(old) == Kind::Alert;
    let (filter, faults) = (model.board.filter.clone(), model.board.faults);
    let was = things::selected(model).filter(|_| kept);
    let was = was.and_then(|id| members(model, &id).into_iter().next());
    if by != model.board.group {
        model.board.unfolded.clear();
        model.objects.remove(&Kind::AlertGroup);
    }
    model.board.group = by;
    let effects = if model.board.group.is_some() && old == Kind::AlertGroup {
        model.board.focus = PaneKind::Things;
        Vec::new()
    } else {
        table::show(model, Kind::Alert)
    };
    if kept {
        (model.board.filter, model.board.faults) = (filter, faults);
    }
    table::reorder(model);
    match was.map(|id| group_of(model, &id).unwrap_or(id)) {
        Some(id) => table::select(model, id),
        None => table::go(model, 0),
    }
    let words = model.board.group.as_ref().map_or("not grouped".into(), |by| format!("grouped by {by}"));
    model.say(format!("alerts {words}"), false);
    effects
}
