//! All objects, each change under a number of its own, and the last changes for those who watch.
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};

use super::refusal::Refusal;
use super::select::Selector;
use super::value::{Dig, controller, name, namespace, uid};
use crate::world::base::Dice;

/// Who missed more than this begins anew.
const TAPE: usize = 4_000;
/// More objects than this are refused.
const MOST: usize = 20_000;

/// An object's kind as it calls it itself, and its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub kind: String,
    pub namespace: String,
    pub name: String,
}

impl Key {
    pub fn new(kind: &str, namespace: &str, name: &str) -> Key {
        Key { kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }

    pub fn of(object: &Value) -> Key {
        Key::new(object.text("/kind"), namespace(object), name(object))
    }
}

/// Kinds of changes and objects.
type News = Vec<(&'static str, Arc<Value>)>;
/// Objects and what is said of all of them.
type Page = (Vec<Arc<Value>>, Value);

/// What happened to one object.
#[derive(Debug, Clone)]
struct Change {
    version: u64,
    old: Option<Arc<Value>>,
    new: Option<Arc<Value>>,
}

#[derive(Debug)]
pub struct Store {
    objects: BTreeMap<Key, Arc<Value>>,
    tape: VecDeque<Change>,
    version: u64,
    pub dice: Dice,
}

impl Store {
    pub fn new(seed: u64) -> Store {
        Store { objects: BTreeMap::new(), tape: VecDeque::new(), version: 1000, dice: Dice::new(seed) }
    }

    pub fn version(&self) -> u64 {
        self.version
    }

    pub fn new_uid(&mut self) -> String {
        let (a, b) = (self.dice.roll(), self.dice.roll());
        let (c, d) = (a >> 16 & 0xffff, a & 0xfff);
        format!(
            "{:08x}-{c:04x}-4{d:03x}-{:04x}-{:012x}",
            a >> 32,
            b >> 48 & 0x3fff | 0x8000,
            b & 0xffff_ffff_ffff
        )
    }

    pub fn is_full(&self) -> bool {
        self.objects.len() >= MOST
    }

    pub fn get(&self, key: &Key) -> Option<&Arc<Value>> {
        self.objects.get(key)
    }

    pub fn find(&self, kind: &str, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.objects.get(&Key::new(kind, namespace, name))
    }

    /// Of one namespace, or of all where it is empty, in the order of their names.
    pub fn all(&self, kind: &str, namespace: &str) -> impl Iterator<Item = &Arc<Value>> {
        let from = Key::new(kind, namespace, "");
        let here = from.clone();
        let within = move |key: &Key| {
            key.kind == here.kind && (here.namespace.is_empty() || key.namespace == here.namespace)
        };
        self.objects.range(from..).take_while(move |(key, _)| within(key)).map(|(_, object)| object)
    }

    /// All of a kind as they are now, to change them.
    pub fn list(&self, kind: &str) -> Vec<Arc<Value>> {
        self.all(kind, "").cloned().collect()
    }

    /// The objects of a kind that this one controls.
    pub fn owned(&self, kind: &str, owner: &Value) -> Vec<Arc<Value>> {
        let mine = |one: &&Arc<Value>| controller(one).is_some_and(|(_, _, of)| of == uid(owner));
        self.all(kind, namespace(owner)).filter(mine).cloned().collect()
    }

    /// The pods that are meant.
    pub fn pods(&self, place: &str, meant: impl Fn(&Value) -> bool) -> Vec<Arc<Value>> {
        self.all("Pod", place).filter(|pod| meant(pod)).cloned().collect()
    }

    /// Which objects are like this.
    pub fn those(&self, like: impl Fn(&Value) -> bool) -> Vec<Key> {
        self.objects.iter().filter(|(_, object)| like(object)).map(|(key, _)| key.clone()).collect()
    }

    /// Writes an object under the next number; one that is the same keeps its own.
    pub fn set(&mut self, mut object: Value) -> Arc<Value> {
        let key = Key::of(&object);
        let old = self.objects.get(&key).cloned();
        if let Some(old) = &old {
            object.put("/metadata/resourceVersion", old.text("/metadata/resourceVersion"));
            if **old == object {
                return Arc::clone(old);
            }
        }
        self.version += 1;
        object.put("/metadata/resourceVersion", self.version.to_string());
        let object = Arc::new(object);
        self.objects.insert(key, Arc::clone(&object));
        self.record(old, Some(Arc::clone(&object)));
        object
    }

    /// Changes an object in place.
    pub fn edit(&mut self, key: &Key, change: impl FnOnce(&mut Value)) {
        if let Some(old) = self.objects.get(key) {
            let mut object = Value::clone(old);
            change(&mut object);
            self.set(object);
        }
    }

    pub fn take(&mut self, key: &Key) -> Option<Arc<Value>> {
        let mut old = self.objects.remove(key)?;
        self.version += 1;
        // A deletion has a number too, and the object that is told carries it.
        Arc::make_mut(&mut old).put("/metadata/resourceVersion", self.version.to_string());
        self.record(Some(Arc::clone(&old)), None);
        Some(old)
    }

    fn record(&mut self, old: Option<Arc<Value>>, new: Option<Arc<Value>>) {
        if self.tape.len() >= TAPE {
            self.tape.pop_front();
        }
        self.tape.push_back(Change { version: self.version, old, new });
    }

    /// Refuses a version of which the changes since are no longer known, or one of another world.
    fn known(&self, version: u64) -> Result<(), Refusal> {
        let oldest = self.tape.front().map_or(self.version, |first| first.version - 1);
        if (oldest..=self.version).contains(&version) {
            return Ok(());
        }
        Err(Refusal::new(410, "Expired", format!("too old resource version: {version} ({oldest})")))
    }

    /// What a watch is told after a version: the kind of change and the object.
    pub fn after(&self, version: u64, place: &Key, selector: &Selector) -> Result<News, Refusal> {
        self.known(version)?;
        let mine = |object: &&Arc<Value>| {
            object.text("/kind") == place.kind
                && (place.namespace.is_empty() || namespace(object) == place.namespace)
                && selector.fits(object)
        };
        let from = self.tape.partition_point(|change| change.version <= version);
        let told = self.tape.range(from..).filter_map(|change| {
            match (change.old.as_ref().filter(mine), change.new.as_ref().filter(mine)) {
                (None, Some(new)) => Some(("ADDED", Arc::clone(new))),
                (Some(_), Some(new)) => Some(("MODIFIED", Arc::clone(new))),
                // It is there, but no longer among those that are watched.
                (Some(old), None) => {
                    let mut gone = Value::clone(old);
                    gone.put("/metadata/resourceVersion", change.version.to_string());
                    Some(("DELETED", Arc::new(gone)))
                }
                (None, None) => None,
            }
        });
        Ok(told.collect())
    }

    /// A page of a list: the objects, and the version of the whole, where to go on and how many are left.
    pub fn page(&self, place: &Key, selector: &Selector, limit: usize, from: &str) -> Result<Page, Refusal> {
        let mut parts = from.splitn(3, '/');
        // All pages are of the time of the first, as far as whoever watches from there is concerned.
        let version = parts.next().filter(|version| !version.is_empty());
        let version = version.map_or(self.version, |version| version.parse().unwrap_or(0));
        self.known(version)?;
        let after = parts.next().zip(parts.next());
        let passed =
            |object: &&Arc<Value>| after.is_none_or(|after| (namespace(object), name(object)) > after);
        let mut all =
            self.all(&place.kind, &place.namespace).filter(passed).filter(|object| selector.fits(object));
        let limit = if limit == 0 { usize::MAX } else { limit };
        let items: Vec<Arc<Value>> = all.by_ref().take(limit).cloned().collect();
        let left = all.count();
        let mut meta = json!({"resourceVersion": version.to_string()});
        if let Some(last) = items.last().filter(|_| left > 0) {
            meta.put("/continue", format!("{version}/{}/{}", namespace(last), name(last)));
            meta.put("/remainingItemCount", left);
        }
        Ok((items, meta))
    }
}
