//! What the sources said, taken into the model; only what is visible asks for a new drawing.
use std::collections::hash_map::Entry;

use super::table::{self, lens};
use super::{act, changes, detail, groups, lines, open, realms};
use crate::domain::Text;
use crate::domain::feed::{Feed, FeedState, FeedStatus};
use crate::domain::news::{News, Seen};
use crate::domain::object::{Facts, Kind, Object, ObjectRef, Realm, Usage};
use crate::domain::pod::Pod;
use crate::model::board::PaneKind;
use crate::model::listing::{Listing, Touched};
use crate::model::msg::Effect;
use crate::model::{Dirty, Meter, Model};
use crate::panes::things::{self, Lens};
use crate::panes::{fires, objects, pods};

pub fn take(model: &mut Model, batch: Vec<News>) -> Vec<Effect> {
    let mut effects = Vec::new();
    for news in batch {
        match news {
            News::Feed(feed, state) => feed_state(model, feed, state),
            News::Cluster(facts) => {
                model.clusters.insert(facts.context.clone(), facts);
                super::dress(model);
                model.mark_dirty(Dirty::Soon);
            }
            News::Place(feed, facts) => {
                model.places.insert(feed, facts);
                model.mark_dirty(Dirty::Soon);
            }
            News::Pods(feed, batch) => take_pods(model, &feed, batch),
            News::Objects(feed, batch) => {
                if let Feed::Objects(_, kind, _) = feed {
                    take_objects(model, &feed, kind, batch);
                }
            }
            News::Rows(feed, kind, batch) => take_objects(model, &feed, kind, batch),
            News::PodUsage(context, usage) => {
                model.drift.waiting.insert(context, usage);
                drifted(model);
            }
            News::NodeUsage(context, usage) => {
                model.node_usage.retain(|(other, _), _| *other != context);
                model
                    .node_usage
                    .extend(usage.into_iter().map(|(node, usage)| ((context.clone(), node), usage)));
                if model.board.kind == Kind::Node {
                    if matches!(things::sort_column(Kind::Node, model.board.sort()), Some("CPU" | "MEM")) {
                        table::reorder(model);
                    }
                    model.mark_dirty(Dirty::Soon);
                }
            }
            News::Logs(news) => effects.extend(lines::news(model, news)),
            News::Inspected(inspection) => detail::inspected(model, *inspection),
            News::Looked(question, findings) => act::looked(model, question, *findings),
            News::Acted(id, target, outcome) => effects.extend(act::acted(model, id, &target, outcome)),
        }
    }
    effects.extend(open::land(model));
    effects
}

fn feed_state(model: &mut Model, feed: Feed, state: FeedState) {
    let now = model.now;
    let live = matches!(state, FeedState::Live);
    let old = model.feeds.get(&feed);
    let same = old.is_some_and(|old| same_kind(&old.state, &state));
    let since = old.filter(|_| same).map_or(now, |old| old.since);
    let heard = if live { Some(now) } else { old.and_then(|old| old.heard) };
    // Back-off alone must not make the line tick: the same trouble is drawn again only with the clock.
    if old.is_none_or(|old| old.state != state || old.stale(&feed, now).is_some()) {
        model.mark_dirty(Dirty::Soon);
    }
    model.feeds.insert(feed, FeedStatus { state, since, heard });
}

fn same_kind(a: &FeedState, b: &FeedState) -> bool {
    // Trying again in between does not end an outage.
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

fn heard(model: &mut Model, feed: &Feed) {
    let now = model.now;
    if let Some(status) = model.feeds.get_mut(feed) {
        let stale = status.stale(feed, now).is_some();
        status.heard = Some(now);
        if stale {
            model.mark_dirty(Dirty::Soon);
        }
    }
}

fn take_pods(model: &mut Model, feed: &Feed, batch: Vec<Seen<Pod>>) {
    heard(model, feed);
    for seen in &batch {
        if let Seen::Gone(id) = seen {
            model.usage.remove(id);
        }
    }
    let lens = lens!(model, Kind::Pod);
    let waited = model.pods.is_empty();
    let touched = model.pods.apply(feed, batch, |pod| pods::rank(&lens, pod));
    let came = waited && !model.pods.is_empty();
    look(model, Kind::Pod, touched, came);
}

fn take_objects(model: &mut Model, feed: &Feed, kind: Kind, batch: Vec<Seen<Object>>) {
    heard(model, feed);
    let mut told = changes::before(model, &batch);
    if kind == Kind::Container {
        changes::remember(model, &batch);
    }
    if kind == Kind::Alert {
        realms::forget_ended(model, &batch);
    }
    let mut changed = if kind == Kind::Node { note_nodes(model, &batch) } else { Vec::new() };
    let lens = lens!(model, kind);
    let whole = batch.iter().any(|seen| matches!(seen, Seen::End));
    let listing = model.objects.entry(kind).or_default();
    let waited = listing.is_empty();
    // A new picture takes away what it does not name without a word.
    let stood: Vec<Object> = if !changes::comes_and_goes(kind) {
        Vec::new()
    } else if whole {
        listing.all().cloned().collect()
    } else {
        let gone = |seen: &Seen<Object>| match seen {
            Seen::Gone(id) => listing.get(id).cloned(),
            _ => None,
        };
        batch.iter().filter_map(gone).collect()
    };
    let touched = listing.apply(feed, batch, |object| objects::rank(&lens, object));
    let gone = stood.into_iter().filter(|object| listing.get(&object.id).is_none());
    told.extend(gone.map(|object| changes::deleted(model.now, object)));
    let came = waited && !listing.is_empty();
    look(model, kind, touched, came);
    if kind == Kind::Alert && model.board.kind == Kind::AlertGroup {
        groups::rebuild(model);
    }
    if kind == Kind::Alert {
        note_fires(model);
    }
    changes::add(model, told);
    if kind == Kind::ReplicaSet && whole {
        let told = changes::rollouts(model);
        changes::add(model, told);
    }
    if kind == Kind::Node && whole {
        changed.extend(forget_nodes(model, feed));
    }
    if !changed.is_empty() {
        table::rerank_pods(model, |pod| {
            pod.node.as_ref().is_some_and(|node| {
                changed.iter().any(|(context, name)| *context == pod.id.context && name == node)
            })
        });
    }
}

/// Puts those that fire in order, so that drawing need not.
fn note_fires(model: &mut Model) {
    let all = model.listing(Kind::Alert).into_iter().flat_map(Listing::all);
    let mut fires: Vec<_> = all.filter_map(|object| Some((fires::place(object)?, &object.id))).collect();
    fires.sort_unstable();
    let fires: Vec<ObjectRef> = fires.into_iter().map(|(_, id)| id.clone()).collect();
    if fires != model.firing {
        model.firing = fires;
        model.mark_dirty(Dirty::Soon);
    }
}

/// The vitals that other panes know the answer to.
pub fn answer_vitals(model: &mut Model) {
    let rows = realms::vitals::answers(model);
    if rows.is_empty() {
        return;
    }
    let lens = lens!(model, Kind::Vital);
    let listing = model.objects.entry(Kind::Vital).or_default();
    let rows = rows.into_iter().map(Seen::Is).collect();
    let touched = listing.apply(&Feed::Vitals, rows, |object| objects::rank(&lens, object));
    look(model, Kind::Vital, touched, false);
}

/// Remembers which nodes are ready; says whose word changed.
fn note_nodes(model: &mut Model, batch: &[Seen<Object>]) -> Vec<(Text, Text)> {
    let mut changed = Vec::new();
    for seen in batch {
        match seen {
            Seen::Is(object) => {
                if let Facts::Node(node) = &object.facts {
                    let key = (object.id.context.clone(), object.id.name.clone());
                    if model.nodes.insert(key.clone(), node.ready) != Some(node.ready) {
                        changed.push(key);
                    }
                }
            }
            Seen::Gone(id) => {
                // A node that was deleted runs nothing that can be known.
                let key = (id.context.clone(), id.name.clone());
                model.nodes.insert(key.clone(), None);
                changed.push(key);
            }
            Seen::Begin | Seen::End => {}
        }
    }
    changed
}

/// A new picture is whole: what it does not name went while nobody could see it.
fn forget_nodes(model: &mut Model, feed: &Feed) -> Vec<(Text, Text)> {
    let there = model.objects.get(&Kind::Node);
    let named = |node: &(Text, Text)| {
        let id = ObjectRef {
            context: node.0.clone(),
            kind: Kind::Node,
            namespace: Text::default(),
            name: node.1.clone(),
        };
        there.is_some_and(|listing| listing.get(&id).is_some())
    };
    let gone = model
        .nodes
        .iter()
        .filter(|(node, ready)| ready.is_some() && feed.context() == Some(&node.0) && !named(node));
    let gone: Vec<(Text, Text)> = gone.map(|(node, _)| node.clone()).collect();
    for node in &gone {
        model.nodes.insert(node.clone(), None);
    }
    gone
}

fn look(model: &mut Model, kind: Kind, touched: Touched, came: bool) {
    let shown = model.board.kind == kind && (!model.board.zoomed || model.board.focus == PaneKind::Things);
    if shown && came {
        // The first rows are what everybody waits for.
        model.mark_dirty(Dirty::Now);
    }
    // The lamp of the pods shows their trouble whatever is on the board.
    if (shown && (touched.window || touched.counts))
        || (touched.counts && (kind == Kind::Pod || kind.realm() != Realm::Kubernetes))
        || (touched.window && matches!(kind, Kind::Server | Kind::RedisNode))
    {
        model.mark_dirty(Dirty::Soon);
    }
}

/// Shows the readings that wait, once it is time.
pub fn drifted(model: &mut Model) {
    if model.drift.waiting.is_empty() || model.drift.waits(model.now) {
        return;
    }
    model.drift.shown = Some(model.now);
    for (context, usage) in std::mem::take(&mut model.drift.waiting) {
        take_usage(model, &context, usage);
    }
}

/// One reading for a whole context: what it does not name has no value, which is not zero.
fn take_usage(model: &mut Model, context: &Text, usage: Vec<(ObjectRef, Usage)>) {
    let round = model.usage.values().map(|meter| meter.round).max().unwrap_or(0).wrapping_add(1);
    for (id, now) in usage {
        let kib = u32::try_from(now.memory / 1024).unwrap_or(u32::MAX);
        match model.usage.entry(id) {
            Entry::Vacant(vacant) => {
                vacant.insert(Meter { now, past: [0, 0, 0, kib], round });
            }
            Entry::Occupied(mut known) => {
                let [_, a, b, c] = known.get().past;
                known.insert(Meter { now, past: [a, b, c, kib], round });
            }
        }
    }
    model.usage.retain(|id, meter| id.context != *context || meter.round == round);
    if model.board.kind == Kind::Pod {
        let sorted = things::sort_column(Kind::Pod, model.board.sort());
        if matches!(sorted, Some("CPU" | "MEM")) {
            table::rerank_pods(model, |_| true);
        }
        model.mark_dirty(Dirty::Soon);
    }
}
