//! Autoscalers, events, certificates, namespaces, volumes and configuration: what is read of them, and how they become an `Object`.
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Deserializer};

use super::intern::{Interner, message};
use super::lean::{Lean, LeanCondition, Moment, at, conditions, created, lean_meta, object, resource};
use super::workloads::count;
use crate::domain::Text;
use crate::domain::feed::Feed;
use crate::domain::news::{News, Seen};
use crate::domain::object::{Certificate, Configuration, Event, Facts, Hpa, Kind, Object, Volume};

/// The part of `Lean` that is the same for each.
macro_rules! lean {
    ($name:ident, $kind:expr, $reduce:expr) => {
        resource!($name, $kind);

        impl Lean for $name {
            const KIND: Kind = $kind;
            type Fact = Object;

            fn reduce(self, context: &Text, known: &mut Interner) -> Object {
                let facts = $reduce(&self, known);
                object($kind, &self.metadata, context, known, facts)
            }

            fn news(feed: Feed, seen: Vec<Seen<Object>>) -> News {
                News::Objects(feed, seen)
            }
        }
    };
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct HpaLite {
    #[serde(deserialize_with = "lean_meta")]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: HpaSpec,
    #[serde(default)]
    status: HpaStatus,
}

lean!(HpaLite, Kind::Hpa, hpa);

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct HpaSpec {
    scale_target_ref: Option<TargetRef>,
    min_replicas: Option<i64>,
    max_replicas: Option<i64>,
    metrics: Option<Vec<Metric>>,
}

#[derive(Debug, Clone, Deserialize)]
struct TargetRef {
    kind: String,
    name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct HpaStatus {
    current_replicas: Option<i64>,
    desired_replicas: Option<i64>,
    current_metrics: Option<Vec<Metric>>,
    conditions: Option<Vec<LeanCondition>>,
}

/// What is wanted and what is there have the same shape, but for `target` and `current`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metric {
    resource: Option<MetricSource>,
    container_resource: Option<MetricSource>,
    pods: Option<MetricSource>,
    object: Option<MetricSource>,
    external: Option<MetricSource>,
}

#[derive(Debug, Clone, Deserialize)]
struct MetricSource {
    name: Option<String>,
    metric: Option<MetricName>,
    #[serde(alias = "current")]
    target: Option<MetricValue>,
}

#[derive(Debug, Clone, Deserialize)]
struct MetricName {
    name: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetricValue {
    average_utilization: Option<i64>,
    average_value: Option<String>,
    value: Option<String>,
}

impl Metric {
    fn source(&self) -> Option<&MetricSource> {
        let one = self.resource.as_ref().or(self.container_resource.as_ref()).or(self.pods.as_ref());
        one.or(self.object.as_ref()).or(self.external.as_ref())
    }
}

impl MetricSource {
    fn name(&self) -> &str {
        self.name.as_deref().or(self.metric.as_ref().map(|metric| &*metric.name)).unwrap_or("metric")
    }

    fn value(&self) -> Option<String> {
        let value = self.target.as_ref()?;
        let percent = value.average_utilization.map(|percent| format!("{percent}%"));
        percent.or_else(|| value.average_value.clone()).or_else(|| value.value.clone())
    }
}

fn hpa(from: &HpaLite, known: &mut Interner) -> Facts {
    let HpaLite { spec, status, .. } = from;
    let target = spec.scale_target_ref.as_ref();
    let there = || status.current_metrics.iter().flatten().filter_map(Metric::source);
    let metrics = spec.metrics.iter().flatten().filter_map(Metric::source).map(|wanted| {
        // A metric that is not there is not zero.
        let now = there().find(|there| there.name() == wanted.name()).and_then(MetricSource::value);
        let now = now.unwrap_or_else(|| "–".into());
        let of = wanted.value().unwrap_or_else(|| "–".into());
        known.text(&format!("{} {now} of {of}", wanted.name()))
    });
    let metrics = metrics.collect();
    Facts::Hpa(Hpa {
        target: known
            .text(&target.map(|t| format!("{}/{}", t.kind.to_lowercase(), t.name)).unwrap_or_default()),
        min: count(spec.min_replicas.or(Some(1))),
        max: count(spec.max_replicas),
        current: count(status.current_replicas),
        desired: count(status.desired_replicas),
        metrics,
        conditions: conditions(status.conditions.as_ref(), known),
    })
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventLite {
    #[serde(deserialize_with = "lean_meta")]
    metadata: ObjectMeta,
    involved_object: Option<InvolvedObject>,
    #[serde(rename = "type")]
    kind: Option<String>,
    reason: Option<String>,
    message: Option<String>,
    count: Option<i64>,
    first_timestamp: Option<Moment>,
    last_timestamp: Option<Moment>,
    event_time: Option<Moment>,
    series: Option<Series>,
    source: Option<EventSource>,
    reporting_component: Option<String>,
}

lean!(EventLite, Kind::Event, event);

#[derive(Debug, Clone, Deserialize)]
struct InvolvedObject {
    kind: Option<String>,
    name: Option<String>,
    uid: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Series {
    count: Option<i64>,
    last_observed_time: Option<Moment>,
}

#[derive(Debug, Clone, Deserialize)]
struct EventSource {
    component: Option<String>,
}

/// Old events have a first and a last time and a count, new ones a time and a series.
fn event(from: &EventLite, known: &mut Interner) -> Facts {
    let about = from.involved_object.as_ref();
    let series = from.series.as_ref();
    let once = at(from.event_time.as_ref()).unwrap_or_else(|| created(&from.metadata));
    let first = at(from.first_timestamp.as_ref()).unwrap_or(once);
    let again = series.and_then(|series| at(series.last_observed_time.as_ref()));
    let component = from.source.as_ref().and_then(|source| source.component.as_deref());
    Facts::Event(Event {
        warning: from.kind.as_deref() == Some("Warning"),
        reason: known.text(from.reason.as_deref().unwrap_or_default()),
        message: message(from.message.as_deref()).unwrap_or_default(),
        about_kind: known.text(about.and_then(|about| about.kind.as_deref()).unwrap_or_default()),
        about: known.text(about.and_then(|about| about.name.as_deref()).unwrap_or_default()),
        about_uid: known.text(about.and_then(|about| about.uid.as_deref()).unwrap_or_default()),
        count: count(series.and_then(|series| series.count).or(from.count)).max(1),
        first,
        last: again.or_else(|| at(from.last_timestamp.as_ref())).unwrap_or(first),
        from: known.text(component.or(from.reporting_component.as_deref()).unwrap_or_default()),
    })
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct CertificateLite {
    #[serde(deserialize_with = "lean_meta")]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: CertificateSpec,
    #[serde(default)]
    status: CertificateStatus,
}

lean!(CertificateLite, Kind::Certificate, certificate);

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CertificateSpec {
    secret_name: Option<String>,
    common_name: Option<String>,
    dns_names: Option<Vec<String>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CertificateStatus {
    conditions: Option<Vec<LeanCondition>>,
    not_after: Option<Moment>,
    renewal_time: Option<Moment>,
}

fn certificate(from: &CertificateLite, known: &mut Interner) -> Facts {
    let CertificateLite { spec, status, .. } = from;
    let ready = status.conditions.iter().flatten().find(|condition| condition.kind == "Ready");
    let common = spec.common_name.iter().filter(|name| !name.is_empty());
    let mut names: Vec<Text> = Vec::new();
    for name in common.chain(spec.dns_names.iter().flatten()) {
        if !names.iter().any(|known| **known == **name) {
            names.push(known.text(name));
        }
    }
    Facts::Certificate(Certificate {
        ready: ready.and_then(LeanCondition::met),
        reason: known.text(ready.and_then(|condition| condition.reason.as_deref()).unwrap_or_default()),
        message: message(ready.and_then(|condition| condition.message.as_deref())).unwrap_or_default(),
        secret: known.text(spec.secret_name.as_deref().unwrap_or_default()),
        names,
        not_after: at(status.not_after.as_ref()),
        renewal: at(status.renewal_time.as_ref()),
    })
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct NamespaceLite {
    #[serde(deserialize_with = "lean_meta")]
    metadata: ObjectMeta,
    #[serde(default)]
    status: NamespaceStatus,
}

lean!(NamespaceLite, Kind::Namespace, namespace);

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct NamespaceStatus {
    phase: Option<String>,
}

fn namespace(from: &NamespaceLite, known: &mut Interner) -> Facts {
    Facts::Namespace { phase: known.text(from.status.phase.as_deref().unwrap_or_default()) }
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct VolumeLite {
    #[serde(deserialize_with = "lean_meta")]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: VolumeSpec,
    #[serde(default)]
    status: VolumeStatus,
}

lean!(VolumeLite, Kind::Volume, volume);

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct VolumeSpec {
    capacity: Option<BTreeMap<String, String>>,
    claim_ref: Option<ClaimRef>,
    storage_class_name: Option<String>,
    persistent_volume_reclaim_policy: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct ClaimRef {
    namespace: Option<String>,
    name: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct VolumeStatus {
    phase: Option<String>,
    message: Option<String>,
}

fn volume(from: &VolumeLite, known: &mut Interner) -> Facts {
    let VolumeLite { spec, status, .. } = from;
    let size = spec.capacity.iter().flatten().find(|(name, _)| *name == "storage").map(|(_, size)| &**size);
    let claim = spec.claim_ref.as_ref().map(|claim| {
        let [namespace, name] =
            [&claim.namespace, &claim.name].map(|part| part.as_deref().unwrap_or_default());
        format!("{namespace}/{name}")
    });
    Facts::Volume(Volume {
        phase: known.text(status.phase.as_deref().unwrap_or_default()),
        size: known.text(size.unwrap_or_default()),
        claim: known.text(&claim.unwrap_or_default()),
        class: known.text(spec.storage_class_name.as_deref().unwrap_or_default()),
        then: known.text(spec.persistent_volume_reclaim_policy.as_deref().unwrap_or_default()),
        message: message(status.message.as_deref()).unwrap_or_default(),
    })
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct ConfigMapLite {
    #[serde(deserialize_with = "lean_meta")]
    metadata: ObjectMeta,
    #[serde(default)]
    data: Option<BTreeMap<String, Marked>>,
    #[serde(default, rename = "binaryData")]
    binary: Option<BTreeMap<String, Marked>>,
}

lean!(ConfigMapLite, Kind::ConfigMap, config_map);

#[derive(Debug, Clone, Deserialize)]
pub(super) struct SecretLite {
    #[serde(deserialize_with = "lean_meta")]
    metadata: ObjectMeta,
    #[serde(default)]
    data: Option<BTreeMap<String, Marked>>,
    #[serde(default, rename = "type")]
    of: Option<String>,
}

lean!(SecretLite, Kind::Secret, secret);

/// A value that is not kept: only whether it is still the same.
#[derive(Debug, Clone, Copy)]
struct Marked(u64);

impl<'de> Deserialize<'de> for Marked {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // Seeded anew in each run: a short secret must not be guessed from its number.
        static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        Ok(Marked(SEED.hash_one(Cow::<str>::deserialize(from)?)))
    }
}

fn config_map(from: &ConfigMapLite, known: &mut Interner) -> Facts {
    let all = from.data.iter().flatten().chain(from.binary.iter().flatten());
    Facts::Configuration(Configuration {
        keys: all.map(|(key, mark)| (known.text(key), mark.0)).collect(),
        of: Text::default(),
    })
}

fn secret(from: &SecretLite, known: &mut Interner) -> Facts {
    Facts::Configuration(Configuration {
        keys: from.data.iter().flatten().map(|(key, mark)| (known.text(key), mark.0)).collect(),
        of: known.text(from.of.as_deref().unwrap_or_default()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    fn facts<K: Lean<Fact = Object>>(text: &str) -> Facts {
        serde_json::from_str::<K>(text).unwrap().reduce(&"lab".into(), &mut Interner::default()).facts
    }

    #[test]
    fn an_autoscaler_shows_each_metric_against_its_aim_and_a_missing_one_as_missing() {
        let text = r#"{"metadata":{"name":"web"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"web"},
            "maxReplicas":9,"metrics":[
              {"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":70}}},
              {"type":"Pods","pods":{"metric":{"name":"rps"},"target":{"type":"AverageValue","averageValue":"100"}}}]},
            "status":{"currentReplicas":3,"desiredReplicas":4,"currentMetrics":[
              {"type":"Resource","resource":{"name":"cpu","current":{"averageUtilization":43,"averageValue":"43m"}}}]}}"#;
        let Facts::Hpa(hpa) = facts::<HpaLite>(text) else { panic!("an hpa") };
        assert_eq!((&*hpa.target, hpa.min, hpa.max, hpa.desired), ("deployment/web", 1, 9, 4));
        assert_eq!(hpa.metrics.iter().map(|m| &**m).collect::<Vec<_>>(), ["cpu 43% of 70%", "rps – of 100"]);
    }

    #[test]
    fn events_of_both_ages_say_how_often_and_when() {
        let old = r#"{"metadata":{"name":"a.1"},"involvedObject":{"kind":"Pod","name":"a"},"type":"Warning",
            "reason":"BackOff","message":"back-off","count":12,"firstTimestamp":"2026-11-20T10:00:00Z",
            "lastTimestamp":"2026-11-20T10:09:00Z","eventTime":null,"source":{"component":"kubelet"}}"#;
        let new = r#"{"metadata":{"name":"a.2"},"involvedObject":{"kind":"Pod","name":"a"},"type":"Normal",
            "firstTimestamp":null,"lastTimestamp":null,"eventTime":"2026-11-20T10:00:00.000000Z",
            "series":{"count":3,"lastObservedTime":"2026-11-20T10:09:00Z"},"reportingComponent":"scheduler"}"#;
        let last = Timestamp::parse("2026-11-20T10:09:00Z").unwrap();
        let Facts::Event(old) = facts::<EventLite>(old) else { panic!("an event") };
        assert_eq!((old.warning, old.count, old.last, &*old.from), (true, 12, last, "kubelet"));
        let Facts::Event(new) = facts::<EventLite>(new) else { panic!("an event") };
        assert_eq!((new.warning, new.count, new.last, &*new.from), (false, 3, last, "scheduler"));
    }

    #[test]
    fn a_volume_that_nobody_claims_any_more_says_who_had_it() {
        let text = r#"{"metadata":{"name":"pv-1"},"spec":{"capacity":{"storage":"10Gi"},"storageClassName":"fast",
            "persistentVolumeReclaimPolicy":"Retain","claimRef":{"namespace":"shop","name":"data-0"}},
            "status":{"phase":"Released"}}"#;
        let facts = facts::<VolumeLite>(text);
        assert_eq!((facts.level(), &*facts.status()), (crate::domain::level::Level::Warn, "Released"));
        let Facts::Volume(volume) = facts else { panic!("a volume") };
        assert_eq!((&*volume.size, &*volume.claim, &*volume.then), ("10Gi", "shop/data-0", "Retain"));
    }

    #[test]
    fn of_a_secret_the_keys_are_kept_and_whether_a_value_is_another() {
        let read = |value: &str| {
            let text =
                format!(r#"{{"metadata":{{"name":"db"}},"type":"Opaque","data":{{"password":"{value}"}}}}"#);
            let Facts::Configuration(held) = facts::<SecretLite>(&text) else { panic!("a secret") };
            assert!(!format!("{held:?}").contains(value));
            held
        };
        let (one, same, other) = (read("aHVudGVyMg=="), read("aHVudGVyMg=="), read("aHVudGVyMw=="));
        assert_eq!((&*one.keys[0].0, &*one.of), ("password", "Opaque"));
        assert!(one == same && one != other);
    }

    #[test]
    fn a_certificate_that_cannot_be_issued_says_why() {
        let text = r#"{"metadata":{"name":"tls"},"spec":{"secretName":"tls","dnsNames":["a.example","b.example"]},
            "status":{"conditions":[{"type":"Ready","status":"False","reason":"DoesNotExist","message":"no secret"}]}}"#;
        let Facts::Certificate(cert) = facts::<CertificateLite>(text) else { panic!("a certificate") };
        assert_eq!((cert.ready, &*cert.reason, cert.names.len()), (Some(false), "DoesNotExist", 2));
    }
}
