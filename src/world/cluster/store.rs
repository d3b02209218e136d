//! All objects, each change under a number of its own, and the last changes for those who watch.
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};

use super::kinds::{self, Kind};
use super::refusal::Refusal;
use super::select::Selector;
use super::value::{Dig, name, namespace};
use crate::world::base::Dice;

/// Who missed more than this begins anew.
const TAPE: usize = 4_000;
/// More objects than this are refused.
const MOST: usize = 20_000;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub kind: usize,
    pub namespace: String,
    pub name: String,
}

impl Key {
    pub fn new(kind: usize, namespace: &str, name: &str) -> Key {
        Key { kind, namespace: namespace.into(), name: name.into() }
    }

    pub fn of(kind: usize, object: &Value) -> Key {
        Key::new(kind, namespace(object), name(object))
    }
}

/// What happened to one object.
#[derive(Debug, Clone)]
pub struct Change {
    pub version: u64,
    kind: usize,
    old: Option<Arc<Value>>,
    new: Option<Arc<Value>>,
}

#[derive(Debug)]
pub struct Store {
    pub kinds: Vec<Kind>,
    objects: BTreeMap<Key, Arc<Value>>,
    tape: VecDeque<Change>,
    version: u64,
    dice: Dice,
}

impl Store {
    pub fn new(seed: u64) -> Store {
        Store {
            kinds: kinds::built_in(),
            objects: BTreeMap::new(),
            tape: VecDeque::new(),
            version: 1000,
            dice: Dice::new(seed),
        }
    }

    pub fn version(&self) -> u64 {
        self.version
    }

    pub fn dice(&mut self) -> &mut Dice {
        &mut self.dice
    }

    pub fn new_uid(&mut self) -> String {
        let (a, b) = (self.dice.roll(), self.dice.roll());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            a >> 32,
            a >> 16 & 0xffff,
            a & 0xfff,
            b >> 48 & 0x3fff | 0x8000,
            b & 0xffff_ffff_ffff
        )
    }

    pub fn kind(&self, at: usize) -> Option<&Kind> {
        self.kinds.get(at)
    }

    /// The kind of a path.
    pub fn served(&self, group: &str, version: &str, plural: &str) -> Option<usize> {
        self.kinds.iter().position(|one| one.group == group && one.version == version && one.plural == plural)
    }

    /// The kind of an object.
    pub fn kind_of(&self, object: &Value) -> Option<usize> {
        let (version, kind) = (object.text("/apiVersion"), object.text("/kind"));
        self.kinds.iter().position(|one| one.title == kind && one.api_version() == version)
    }

    pub fn get(&self, key: &Key) -> Option<&Arc<Value>> {
        self.objects.get(key)
    }

    pub fn find(&self, kind: usize, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.objects.get(&Key::new(kind, namespace, name))
    }

    /// Of one namespace, or of all where it is empty, in the order of their names.
    pub fn all(&self, kind: usize, namespace: &str) -> impl Iterator<Item = &Arc<Value>> {
        let from = Key::new(kind, namespace, "");
        let here = namespace.to_owned();
        self.objects
            .range(from..)
            .take_while(move |(key, _)| key.kind == kind && (here.is_empty() || key.namespace == here))
            .map(|(_, object)| object)
    }

    /// Everything in a namespace.
    pub fn inside(&self, namespace: &str) -> Vec<Key> {
        self.objects
            .keys()
            .filter(|key| key.namespace == namespace && !namespace.is_empty())
            .cloned()
            .collect()
    }

    /// The objects of a kind that this one controls.
    pub fn owned(&self, kind: usize, owner: &Value) -> Vec<Arc<Value>> {
        let uid = super::value::uid(owner);
        self.all(kind, namespace(owner))
            .filter(|one| super::value::controller(one).is_some_and(|(_, _, of)| of == uid))
            .cloned()
            .collect()
    }

    pub fn keys(&self) -> impl Iterator<Item = (&Key, &Arc<Value>)> {
        self.objects.iter()
    }

    /// Which objects are like this.
    pub fn those(&self, like: impl Fn(&Value) -> bool) -> Vec<Key> {
        self.objects.iter().filter(|(_, object)| like(object)).map(|(key, _)| key.clone()).collect()
    }

    pub fn is_full(&self) -> bool {
        self.objects.len() >= MOST
    }

    /// Writes an object under the next number; one that is the same keeps its own.
    pub fn set(&mut self, kind: usize, mut object: Value) -> Arc<Value> {
        let key = Key::of(kind, &object);
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
        self.record(kind, old, Some(Arc::clone(&object)));
        object
    }

    /// Changes an object in place.
    pub fn edit(&mut self, key: &Key, change: impl FnOnce(&mut Value)) {
        if let Some(old) = self.objects.get(key) {
            let mut object = Value::clone(old);
            change(&mut object);
            self.set(key.kind, object);
        }
    }

    pub fn take(&mut self, key: &Key) -> Option<Arc<Value>> {
        let mut old = self.objects.remove(key)?;
        self.version += 1;
        // A deletion has a number too, and the object that is told carries it.
        Arc::make_mut(&mut old).put("/metadata/resourceVersion", self.version.to_string());
        self.record(key.kind, Some(Arc::clone(&old)), None);
        Some(old)
    }

    fn record(&mut self, kind: usize, old: Option<Arc<Value>>, new: Option<Arc<Value>>) {
        if self.tape.len() >= TAPE {
            self.tape.pop_front();
        }
        self.tape.push_back(Change { version: self.version, kind, old, new });
    }

    /// What changed after a version, and what controls it; `None` when that is no longer known.
    pub fn touched(&self, version: u64) -> Option<BTreeSet<Key>> {
        if self.tape.front().is_some_and(|first| version + 1 < first.version) {
            return None;
        }
        let mut all = BTreeSet::new();
        let from = self.tape.partition_point(|change| change.version <= version);
        for change in
            self.tape.range(from..).filter(|change| !matches!(change.kind, kinds::EVENTS | kinds::LEASES))
        {
            for object in [&change.old, &change.new].into_iter().flatten() {
                all.insert(Key::of(change.kind, object));
                if let Some((kind, name, _)) = super::value::controller(object)
                    && let Some(kind) = self.kinds.iter().position(|one| one.title == kind)
                {
                    all.insert(Key::new(kind, namespace(object), name));
                }
            }
        }
        Some(all)
    }

    /// What a watch is told after a version: the kind of change and the object.
    pub fn after(
        &self,
        version: u64,
        kind: usize,
        place: &str,
        selector: &Selector,
    ) -> Result<Vec<(&'static str, Arc<Value>)>, Refusal> {
        let oldest = self.tape.front().map_or(self.version, |first| first.version - 1);
        if version < oldest {
            return Err(Refusal::expired(version, oldest));
        }
        let mine =
            |object: &Arc<Value>| (place.is_empty() || namespace(object) == place) && selector.fits(object);
        let from = self.tape.partition_point(|change| change.version <= version);
        let told = self.tape.range(from..).filter(|change| change.kind == kind).filter_map(|change| {
            let (was, is) =
                (change.old.as_ref().filter(|old| mine(old)), change.new.as_ref().filter(|new| mine(new)));
            match (was, is) {
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

    /// A page of a list: the objects, the version of the whole, where to go on and how many are left.
    pub fn page(
        &self,
        place: &Key,
        selector: &Selector,
        limit: usize,
        from: &str,
    ) -> Result<(Vec<Arc<Value>>, Value), Refusal> {
        let mut parts = from.splitn(3, '/');
        let begun = parts.next().and_then(|version| version.parse::<u64>().ok());
        let after = parts.next().zip(parts.next());
        if !from.is_empty() && (begun.is_none() || after.is_none()) {
            return Err(Refusal::bad("continue key is not valid"));
        }
        let oldest = self.tape.front().map_or(self.version, |first| first.version - 1);
        if let Some(old) = begun.filter(|begun| *begun < oldest) {
            return Err(Refusal::expired(old, oldest));
        }
        let passed =
            |object: &&Arc<Value>| after.is_none_or(|after| (namespace(object), name(object)) > after);
        let mut all =
            self.all(place.kind, &place.namespace).filter(passed).filter(|object| selector.fits(object));
        let limit = if limit == 0 { usize::MAX } else { limit };
        let items: Vec<Arc<Value>> = all.by_ref().take(limit).cloned().collect();
        let left = all.count();
        // All pages are of the time of the first, as far as whoever watches from there is concerned.
        let version = begun.unwrap_or(self.version);
        let mut meta = json!({"resourceVersion": version.to_string()});
        if let Some(last) = items.last().filter(|_| left > 0) {
            meta.put("/continue", format!("{version}/{}/{}", namespace(last), name(last)));
            if selector.is_empty() {
                meta.put("/remainingItemCount", left);
            }
        }
        Ok((items, meta))
    }
}
