//! The table of things: moving, sorting, filtering, changing its kind.
use super::{groups, realms};
use crate::domain::Text;
use crate::domain::feed::FeedState;
use crate::domain::news::ClusterFacts;
use crate::domain::object::{Kind, ObjectRef, Realm};
use crate::domain::settings::Action;
use crate::model::board::{KINDS, PaneKind};
use crate::model::filter::Filter;
use crate::model::listing::Sort;
use crate::model::msg::Effect;
use crate::model::{Dirty, Model};
use crate::panes::things::{self, Lens};
use crate::panes::{objects, pods, tables};

/// What ranks depend on now, borrowed beside the listings.
macro_rules! lens {
    ($model:expr, $kind:expr) => {{
        let same = $model.board.kind == $kind;
        Lens {
            filter: if same { &$model.board.filter } else { crate::update::table::everything() },
            faults: same && $model.board.faults,
            column: if same { things::sort_column($kind, $model.board.sort()) } else { None },
            nodes: &$model.nodes,
            usage: &$model.usage,
            node_usage: &$model.node_usage,
            several: $model.clusters.len() > 1,
            now: $model.now,
        }
    }};
}
pub(super) use lens;

/// The filter that lets everything pass.
pub(super) fn everything() -> &'static Filter {
    static ALL: std::sync::LazyLock<Filter> = std::sync::LazyLock::new(Filter::default);
    &ALL
}

/// Sorts and filters the shown kind anew.
pub fn reorder(model: &mut Model) {
    let kind = model.board.kind;
    if kind == Kind::AlertGroup {
        groups::rebuild(model);
        return model.mark_dirty(Dirty::Now);
    }
    let sort = model.board.sort();
    let lens = lens!(model, kind);
    if kind == Kind::Pod {
        model.pods.reorder(sort, |pod| pods::rank(&lens, pod));
    } else {
        let listing = model.objects.entry(kind).or_default();
        listing.reorder(sort, |object| objects::rank(&lens, object));
    }
    model.mark_dirty(Dirty::Now);
}

/// Works ranks out anew for pods that something else concerns: a node, a reading of the metrics.
pub fn rerank_pods(model: &mut Model, concerned: impl Fn(&crate::domain::pod::Pod) -> bool) {
    let lens = lens!(model, Kind::Pod);
    if model.pods.rerank(concerned, |pod| pods::rank(&lens, pod)) {
        model.mark_dirty(Dirty::Soon);
    }
}

/// Shows another kind. What was typed for the last one does not carry over.
pub fn show(model: &mut Model, kind: Kind) -> Vec<Effect> {
    let (before, kind) = (watched(model), groups::shown_as(model, kind));
    model.board.focus = PaneKind::Things;
    if model.board.kind == kind {
        let now = watched(model);
        return if now == before { Vec::new() } else { vec![Effect::Watch(now)] };
    }
    model.board.filter = Filter::default();
    model.board.faults = false;
    model.board.shift = 0;
    // The kind that is left shows everything again, ready for coming back.
    reorder(model);
    model.board.kind = kind;
    model.board.last.insert(kind.realm(), kind);
    reorder(model);
    // What was selected there may have gone meanwhile; nobody looks at it, so nobody is surprised.
    if things::selected(model).is_none() {
        go(model, 0);
    }
    vec![Effect::Watch(watched(model))]
}

/// The kinds of a realm, in the order in which `[` and `]` go round.
fn kinds_of(realm: Realm) -> &'static [Kind] {
    tables::of(realm).map_or(KINDS, |tables| tables.kinds())
}

/// The kind that a realm begins with.
pub fn first(model: &Model) -> Option<Kind> {
    kinds_of(model.board.kind.realm()).first().map(|kind| groups::shown_as(model, *kind))
}

/// To a realm's pane: what was shown there last, or its first kind.
pub fn realm(model: &mut Model, realm: Realm) -> Vec<Effect> {
    let last = model.board.last.get(&realm).copied();
    let kind = last.or_else(|| kinds_of(realm).first().copied());
    kind.map_or_else(Vec::new, |kind| show(model, kind))
}

/// Shows what a kind has in one namespace: a filter, so that `Esc` shows the others again.
pub fn within(model: &mut Model, kind: Kind, namespace: &str, context: Option<&str>) -> Vec<Effect> {
    let outside = |cluster: &ClusterFacts| {
        let views = |known: &Text| **known == *namespace;
        context.is_none_or(|context| *cluster.context == *context)
            && !cluster.namespaces.is_empty()
            && !cluster.namespaces.iter().any(views)
    };
    if !model.clusters.is_empty()
        && model
            .clusters
            .values()
            .filter(|cluster| context.is_none_or(|c| *cluster.context == *c))
            .all(outside)
    {
        model.say(
            format!("`{namespace}` is not in view: start with --namespace {namespace}, or --namespace all"),
            true,
        );
        return Vec::new();
    }
    let effects = show(model, kind);
    let several = model.clusters.len() > 1;
    let context = context.filter(|_| several).map_or_else(String::new, |context| format!(" ={context}"));
    // The space is for a word more, after `/`.
    filter(model, &format!("={namespace}{context} "));
    effects
}

/// Kinds beside pods and nodes that somebody looks at: in the table, or opened.
pub fn watched(model: &Model) -> Vec<Kind> {
    let opened = model.detail.as_ref().map(|detail| detail.target.kind);
    let glance = model.wall || model.board.focus == PaneKind::Overview || model.board.kind == Kind::Change;
    // With an overview to go back to, what happened meanwhile must have been seen, at the time it happened.
    let told: &[Kind] = if glance || tables::others_in_view(model) { TELL_OF_CHANGES } else { &[] };
    let mut kinds: Vec<Kind> = std::iter::once(groups::marking(model.board.kind))
        .chain(opened)
        .chain(told.iter().copied())
        .collect();
    // A lamp needs every answer, looked at or not.
    kinds.extend(realms::vitals::asked(model));
    // A runbook asks, or waits for what it changed.
    kinds.extend(model.runs.watched.iter().copied());
    kinds.retain(|kind| !matches!(kind, Kind::Pod | Kind::Node));
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// The kinds of a cluster that say what changed in it.
const TELL_OF_CHANGES: &[Kind] = &[
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::ReplicaSet,
    Kind::Hpa,
    Kind::Event,
    Kind::ConfigMap,
    Kind::Secret,
];

/// Whether anything may still come that was not seen: its kind is not watched, or not read to the end.
pub fn unread(model: &Model, kind: Kind) -> bool {
    let mut feeds = model.feeds.iter().filter(|(feed, _)| things::fed_by(kind, feed)).peekable();
    feeds.peek().is_none()
        || feeds.any(|(_, status)| matches!(status.state, FeedState::Connecting | FeedState::Loading))
}

pub fn step(model: &mut Model, by: isize) {
    match model.board.kind {
        Kind::Pod => model.pods.step(by),
        kind => model.objects.entry(kind).or_default().step(by),
    }
}

pub fn go(model: &mut Model, row: usize) {
    match model.board.kind {
        Kind::Pod => model.pods.go(row),
        kind => model.objects.entry(kind).or_default().go(row),
    }
}

fn height(model: &Model) -> isize {
    let rows = match model.board.kind {
        Kind::Pod => model.pods.height(),
        kind => model.listing(kind).map_or(0, crate::model::listing::Listing::height),
    };
    isize::try_from(rows.max(1)).unwrap_or(1)
}

fn offset(model: &Model) -> usize {
    match model.board.kind {
        Kind::Pod => model.pods.offset(),
        kind => model.listing(kind).map_or(0, crate::model::listing::Listing::offset),
    }
}

/// The selection stays where it is from now on.
pub fn hold(model: &mut Model) {
    match model.board.kind {
        Kind::Pod => model.pods.hold(),
        kind => model.objects.entry(kind).or_default().hold(),
    }
}

/// The row under the mouse.
pub fn click(model: &mut Model, row: usize) {
    let row = offset(model) + row;
    if row < things::numbers(model).0 {
        go(model, row);
    }
}

pub fn select(model: &mut Model, target: ObjectRef) {
    match target.kind {
        Kind::Pod => model.pods.select(target),
        Kind::Alert if model.board.kind == Kind::AlertGroup => groups::select(model, target),
        kind => model.objects.entry(kind).or_default().select(target),
    }
}

/// Moving, sorting and marking; says whether the action was one of these.
pub fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let page = height(model);
    match action {
        Action::Up => step(model, -1),
        Action::Down => step(model, 1),
        Action::HalfUp => step(model, -(page / 2).max(1)),
        Action::HalfDown => step(model, (page / 2).max(1)),
        Action::PageUp => step(model, -page),
        Action::PageDown => step(model, page),
        Action::Top => go(model, 0),
        Action::Bottom => go(model, usize::MAX),
        Action::Left => model.board.shift = model.board.shift.saturating_sub(1),
        Action::Right => {
            let last = things::all_columns(model.board.kind).len().saturating_sub(2);
            model.board.shift = (model.board.shift + 1).min(last);
        }
        Action::Mark => mark(model),
        Action::MarkAll => mark_all(model),
        Action::Unmark => unmark(model),
        Action::Faults => {
            model.board.faults = !model.board.faults;
            reorder(model);
        }
        Action::Sort => next_sort(model),
        Action::SortReverse => {
            let sort = model.board.sort();
            model.board.set_sort(Sort { reverse: !sort.reverse, ..sort });
            reorder(model);
        }
        _ => return kinds(model, action),
    }
    Some(Vec::new())
}

/// Turning to another kind, which works from an opened thing too.
pub fn kinds(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    Some(match action {
        Action::NextKind => turn(model, 1),
        Action::PrevKind => turn(model, kinds_of(model.board.kind.realm()).len().saturating_sub(1)),
        Action::Pods => show(model, Kind::Pod),
        Action::Deployments => show(model, Kind::Deployment),
        Action::Hpas => show(model, Kind::Hpa),
        Action::Nodes => show(model, Kind::Node),
        Action::Events => show(model, Kind::Event),
        Action::Certificates => show(model, Kind::Certificate),
        Action::GroupSessions => realms::database::group_by(model),
        Action::Rescue => realms::database::rescue(model),
        _ => return None,
    })
}

fn turn(model: &mut Model, by: usize) -> Vec<Effect> {
    let kinds = kinds_of(model.board.kind.realm());
    let at = kinds.iter().position(|kind| groups::shown_as(model, *kind) == model.board.kind).unwrap_or(0);
    let next = kinds.get((at + by) % kinds.len().max(1)).copied();
    next.map_or_else(Vec::new, |kind| show(model, kind))
}

/// The next column; after the last, trouble first again.
fn next_sort(model: &mut Model) {
    let kind = model.board.kind;
    let shown: Vec<usize> = {
        let columns = things::all_columns(kind).iter().enumerate();
        let told = |title: &str| match title {
            "CONTEXT" => model.clusters.len() > 1,
            title => !model.board.hides(title),
        };
        columns.filter(|(_, column)| told(column.title)).map(|(at, _)| at).collect()
    };
    let column = match model.board.sort().column {
        None => shown.first().copied(),
        Some(now) => shown.into_iter().find(|at| *at > now),
    };
    model.board.set_sort(Sort { column, reverse: false });
    reorder(model);
    let words = things::sort_column(kind, model.board.sort())
        .map_or("trouble first".into(), |title| format!("by {}", title.to_lowercase()));
    model.say(format!("sorted {words}"), false);
}

fn mark(model: &mut Model) {
    if let Some(target) = things::selected(model) {
        match target.kind {
            Kind::Pod => model.pods.toggle_mark(&target),
            Kind::AlertGroup => groups::mark(model, &target),
            kind => model.objects.entry(kind).or_default().toggle_mark(&target),
        }
        step(model, 1);
    }
}

fn mark_all(model: &mut Model) {
    match model.board.kind {
        Kind::Pod => model.pods.mark_shown(),
        kind => model.objects.entry(kind).or_default().mark_shown(),
    }
    let (marked, hidden) = things::marks(model);
    let hidden = if hidden > 0 { format!(", {hidden} of them hidden by the filter") } else { String::new() };
    model.say(format!("{marked} marked{hidden}"), false);
}

pub fn unmark(model: &mut Model) {
    match groups::marking(model.board.kind) {
        Kind::Pod => model.pods.unmark(),
        kind => model.objects.entry(kind).or_default().unmark(),
    }
}

/// Takes a new filter up while it is typed.
pub fn filter(model: &mut Model, text: &str) {
    let filter = Filter::new(text);
    if filter != model.board.filter {
        model.board.filter = filter;
        reorder(model);
        // What is looked for is at the top; the old selection may not even match.
        if things::selected(model).is_none_or(|_| row(model).is_none()) {
            go(model, 0);
        }
    }
}

fn row(model: &Model) -> Option<usize> {
    match model.board.kind {
        Kind::Pod => model.pods.row(),
        kind => model.listing(kind)?.row(),
    }
}
