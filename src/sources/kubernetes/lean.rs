//! Objects as thin as they can be read: metadata without managed fields, and only the fields that are shown.
//!
//! A pod is 12 kB of JSON, most of it managed fields and environment; everything that is not named here is
//! skipped while it is parsed and never allocated.
use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::core::DynamicResourceScope;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::intern::{Interner, own};
use crate::domain::Text;
use crate::domain::feed::Feed;
use crate::domain::news::{News, Seen};
use crate::domain::object::{Condition, Facts, Kind, Object, ObjectRef, Owner};
use crate::domain::quantity::Quantity;
use crate::domain::time::Timestamp;

/// A thin object: how it is read, and what becomes of it.
pub(super) trait Lean:
    kube::Resource<DynamicType = (), Scope = DynamicResourceScope>
    + Clone
    + fmt::Debug
    + serde::de::DeserializeOwned
    + Send
    + Sync
    + 'static
{
    const KIND: Kind;
    /// What the cockpit is told.
    type Fact: Send + 'static;

    fn reduce(self, context: &Text, known: &mut Interner) -> Self::Fact;
    fn news(feed: Feed, seen: Vec<Seen<Self::Fact>>) -> News;
}

/// Makes a type with a `metadata` field a `kube::Resource` of one of our kinds.
macro_rules! resource {
    ($type:ty, $kind:expr) => {
        impl kube::Resource for $type {
            type DynamicType = ();
            type Scope = kube::core::DynamicResourceScope;

            fn kind(_: &()) -> std::borrow::Cow<'_, str> {
                $kind.title().into()
            }
            fn group(_: &()) -> std::borrow::Cow<'_, str> {
                $kind.group().into()
            }
            fn version(_: &()) -> std::borrow::Cow<'_, str> {
                $kind.version().into()
            }
            fn plural(_: &()) -> std::borrow::Cow<'_, str> {
                $kind.plural().into()
            }
            fn meta(&self) -> &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
                &self.metadata
            }
            fn meta_mut(&mut self) -> &mut k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta {
                &mut self.metadata
            }
        }
    };
}
pub(super) use resource;

/// Says that a streamed list is complete; kube looks for it.
const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";
/// Which revision of a deployment this is.
pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";

/// Reads metadata without its managed fields, and of the annotations only those that are used.
pub(super) fn lean_meta<'de, D: Deserializer<'de>>(from: D) -> Result<ObjectMeta, D::Error> {
    from.deserialize_map(Meta)
}

struct Meta;

impl<'de> Visitor<'de> for Meta {
    type Value = ObjectMeta;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("object metadata")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<ObjectMeta, M::Error> {
        let mut meta = ObjectMeta::default();
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Name => meta.name = map.next_value()?,
                Key::Namespace => meta.namespace = map.next_value()?,
                Key::Uid => meta.uid = map.next_value()?,
                Key::ResourceVersion => meta.resource_version = map.next_value()?,
                Key::Generation => meta.generation = map.next_value()?,
                Key::CreationTimestamp => {
                    meta.creation_timestamp = map.next_value::<Option<Moment>>()?.and_then(time);
                }
                Key::DeletionTimestamp => {
                    meta.deletion_timestamp = map.next_value::<Option<Moment>>()?.and_then(time);
                }
                Key::Labels => meta.labels = map.next_value()?,
                Key::OwnerReferences => {
                    meta.owner_references = map.next_value()?;
                }
                Key::Annotations => {
                    meta.annotations = map.next_value::<Option<Annotations>>()?.map(|kept| kept.0);
                }
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(meta)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Key {
    Name,
    Namespace,
    Uid,
    ResourceVersion,
    Generation,
    CreationTimestamp,
    DeletionTimestamp,
    Labels,
    OwnerReferences,
    Annotations,
    #[serde(other)]
    Other,
}

struct Annotations(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Annotations {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Kept;
        impl<'de> Visitor<'de> for Kept {
            type Value = Annotations;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("annotations")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Annotations, M::Error> {
                let mut kept = BTreeMap::new();
                while let Some(key) = map.next_key::<String>()? {
                    if key == INITIAL_EVENTS_END || key == REVISION {
                        kept.insert(key, map.next_value()?);
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(Annotations(kept))
            }
        }
        from.deserialize_map(Kept)
    }
}

/// A time as text; one that cannot be read is no reason to lose the object.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moment(Option<Timestamp>);

impl Moment {
    pub(super) fn at(self) -> Option<Timestamp> {
        self.0
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Moment;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a time")
            }

            fn visit_str<E>(self, text: &str) -> Result<Moment, E> {
                Ok(Moment(Timestamp::parse(text)))
            }
        }
        from.deserialize_str(Text)
    }
}

/// What was read of an optional time.
pub(super) fn at(moment: Option<&Moment>) -> Option<Timestamp> {
    moment.and_then(|moment| moment.at())
}

fn time(moment: Moment) -> Option<Time> {
    k8s_openapi::jiff::Timestamp::from_millisecond(moment.0?.0).ok().map(Time)
}

/// A quantity, read without a detour through its text; what is none counts as not set.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Amount(pub Option<Quantity>);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct TextOrNumber;
        impl Visitor<'_> for TextOrNumber {
            type Value = Amount;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a quantity")
            }

            fn visit_str<E>(self, text: &str) -> Result<Amount, E> {
                Ok(Amount(Quantity::parse(text)))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Amount, E> {
                Ok(Amount(Quantity::parse(&number.to_string())))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Amount, E> {
                Ok(Amount(Quantity::parse(&number.to_string())))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Amount, E> {
                Ok(Amount(Quantity::parse(&number.to_string())))
            }

            fn visit_unit<E>(self) -> Result<Amount, E> {
                Ok(Amount(None))
            }
        }
        from.deserialize_any(TextOrNumber)
    }
}

/// One of the conditions that most kinds have.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LeanCondition {
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default)]
    pub status: String,
    pub reason: Option<String>,
    pub message: Option<String>,
    pub last_transition_time: Option<Moment>,
}

impl LeanCondition {
    /// `None` is the API's `Unknown`.
    pub(super) fn met(&self) -> Option<bool> {
        match self.status.as_str() {
            "True" => Some(true),
            "False" => Some(false),
            _ => None,
        }
    }

    pub(super) fn reduce(&self, known: &mut Interner) -> Condition {
        Condition {
            kind: known.text(&self.kind),
            met: self.met(),
            reason: known.text(self.reason.as_deref().unwrap_or_default()),
            message: super::intern::message(self.message.as_deref()).unwrap_or_default(),
            since: at(self.last_transition_time.as_ref()),
        }
    }
}

/// The conditions of an object, all of them.
pub(super) fn conditions(from: Option<&Vec<LeanCondition>>, known: &mut Interner) -> Vec<Condition> {
    from.into_iter().flatten().map(|condition| condition.reduce(known)).collect()
}

/// Which object this metadata belongs to.
pub(super) fn identity(kind: Kind, meta: &ObjectMeta, context: &Text, known: &mut Interner) -> ObjectRef {
    ObjectRef {
        context: context.clone(),
        kind,
        namespace: known.text(meta.namespace.as_deref().unwrap_or_default()),
        name: own(meta.name.as_deref().unwrap_or_default()),
    }
}

/// An object with what all kinds have in common.
pub(super) fn object(
    kind: Kind,
    meta: &ObjectMeta,
    context: &Text,
    known: &mut Interner,
    facts: Facts,
) -> Object {
    Object {
        id: identity(kind, meta, context, known),
        uid: own(meta.uid.as_deref().unwrap_or_default()),
        created: created(meta),
        deleting: meta.deletion_timestamp.is_some(),
        owner: owner(meta, known),
        facts,
    }
}

/// The controller among the owners, else the first.
pub(super) fn owner(meta: &ObjectMeta, known: &mut Interner) -> Option<Owner> {
    let owners = meta.owner_references.as_ref()?;
    let owner = owners.iter().find(|owner| owner.controller == Some(true)).or_else(|| owners.first())?;
    Some(Owner { kind: known.text(&owner.kind), name: known.text(&owner.name), uid: known.text(&owner.uid) })
}

/// When it was made; the epoch when that cannot be told.
pub(super) fn created(meta: &ObjectMeta) -> Timestamp {
    meta.creation_timestamp.as_ref().map_or_else(Timestamp::default, moment)
}

pub(super) fn moment(time: &Time) -> Timestamp {
    Timestamp(time.0.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Thing {
        #[serde(deserialize_with = "lean_meta")]
        metadata: ObjectMeta,
    }

    #[test]
    fn managed_fields_are_skipped_and_the_end_of_a_streamed_list_is_kept() {
        let text = r#"{"metadata":{"name":"a","resourceVersion":"7","managedFields":[{"fieldsV1":{"f:x":{}}}],
            "annotations":{"k8s.io/initial-events-end":"true","note":"long"},"labels":null,
            "creationTimestamp":"2026-11-20T10:00:00Z"}}"#;
        let meta = serde_json::from_str::<Thing>(text).unwrap().metadata;
        assert_eq!(meta.managed_fields, None);
        assert_eq!(meta.annotations.unwrap().into_keys().collect::<Vec<_>>(), [INITIAL_EVENTS_END]);
        assert_eq!((meta.name.as_deref(), meta.resource_version.as_deref()), (Some("a"), Some("7")));
        assert!(meta.creation_timestamp.is_some());
    }

    #[test]
    fn a_time_that_cannot_be_read_does_not_lose_the_object() {
        let meta =
            serde_json::from_str::<Thing>(r#"{"metadata":{"name":"a","creationTimestamp":"yesterday"}}"#);
        assert_eq!(meta.unwrap().metadata.creation_timestamp, None);
    }
}
