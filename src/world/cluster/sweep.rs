//! What follows from definitions, and what is swept away: orphans, namespaces that go, and old events.
use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::Cluster;
use super::kinds::{self, DEFINITIONS, EVENTS, NAMESPACES, NODES, PODS};
use super::store::Key;
use super::value::{Dig, condition, controller, later, leaves, name, stamp, uid};

impl Cluster {
    /// Serves what the definitions define, and nothing that they no longer do.
    pub(super) fn define(&mut self) {
        let definitions: Vec<Arc<Value>> = self.store.all(DEFINITIONS, "").cloned().collect();
        // A kind keeps its number and its objects, but no path leads to it.
        self.store.kinds.iter_mut().filter(|kind| kind.defined).for_each(|kind| kind.version.clear());
        let now = self.now;
        for definition in definitions {
            if let Some(kind) = kinds::defined(&definition) {
                let same = |one: &&mut kinds::Kind| one.group == kind.group && one.plural == kind.plural;
                match self.store.kinds.iter_mut().find(same) {
                    Some(known) if known.defined => *known = kind,
                    Some(_) => {}
                    None => self.store.kinds.push(kind),
                }
            }
            self.store.edit(&Key::of(DEFINITIONS, &definition), |one| {
                condition(one, now, "NamesAccepted", "True", "NoConflicts", "no conflicts found");
                let why = "the initial names have been accepted";
                condition(one, now, "Established", "True", "InitialNamesAccepted", why);
            });
        }
    }

    pub(super) fn sweep(&mut self) {
        let leaving = self.store.all(NAMESPACES, "").filter(|one| leaves(one)).cloned();
        for namespace in leaving.collect::<Vec<_>>() {
            let inside = self.store.inside(name(&namespace));
            if inside.is_empty() {
                self.store.take(&Key::of(NAMESPACES, &namespace));
            }
            for key in inside {
                if self.store.get(&key).is_some_and(|one| !leaves(one)) {
                    self.drop(&key);
                }
            }
        }
        if std::mem::take(&mut self.orphaned) {
            let alive: BTreeSet<&str> = self.store.keys().map(|(_, object)| uid(object)).collect();
            let lost = |object: &Value| {
                controller(object).is_some_and(|(_, _, uid)| !alive.contains(uid)) && !leaves(object)
            };
            for key in self.store.those(lost) {
                self.drop(&key);
            }
        }
        if self.touched.is_some() {
            return;
        }
        // Pods of a node that is gone are gone with it.
        let homeless = |pod: &&Arc<Value>| {
            let node = pod.text("/spec/nodeName");
            !node.is_empty() && self.store.find(NODES, "", node).is_none()
        };
        let homeless: Vec<Key> =
            self.store.all(PODS, "").filter(homeless).map(|pod| Key::of(PODS, pod)).collect();
        for key in homeless {
            let _ = self.delete(&key, &serde_json::json!({"gracePeriodSeconds": 0}), false);
        }
        let old = stamp(later(self.now, -3600.0));
        // Those of clients may not say when they were seen.
        let seen = |one: &Arc<Value>| {
            let places =
                ["/lastTimestamp", "/metadata/creationTimestamp"].map(|place| one.text(place).to_owned());
            places.into_iter().max().unwrap_or_default()
        };
        let aged = |one: &Arc<Value>| (seen(one), Key::of(EVENTS, one));
        let mut all: Vec<(String, Key)> = self.store.all(EVENTS, "").map(aged).collect();
        all.sort();
        let most = all.len().saturating_sub(super::MOST_EVENTS);
        for (_, (_, key)) in all.iter().enumerate().filter(|(at, (seen, _))| *at < most || *seen < old) {
            self.store.take(key);
        }
    }
}
