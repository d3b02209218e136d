//! Every kind but pods as rows.
use super::pods::bytes;
use super::things::Lens;
use super::{Cell, Column, Row, Width, order, tables};
use crate::domain::level::Level;
use crate::domain::object::{
    Certificate, CronJob, Event, Facts, Hpa, Job, Kind, Node, Object, Usage, Volume, Workload,
};
use crate::domain::quantity::Quantity;
use crate::domain::settings::Role;
use crate::domain::time::{Age, Timestamp};
use crate::model::Model;
use crate::model::listing::{Listing, Rank, SortKey};

const fn left(title: &'static str, width: Width, keep: u8) -> Column {
    Column { title, width, right: false, number: 0, keep }
}

const fn right(title: &'static str, width: u16, keep: u8) -> Column {
    Column { title, width: Width::Fixed(width), right: true, number: 0, keep }
}

const CONTEXT: Column = left("CONTEXT", Width::Share(8, 1), 6);
const NAMESPACE: Column = left("NAMESPACE", Width::Share(9, 2), 7);
const NAME: Column = left("NAME", Width::Share(16, 4), 20);
const AGE: Column = right("AGE", 4, 4);

const WORKLOADS: &[Column] = &[
    CONTEXT,
    NAMESPACE,
    NAME,
    right("READY", 9, 12),
    right("UPDATED", 7, 5),
    left("ROLLOUT", Width::Share(16, 4), 11),
    right("REVISION", 8, 2),
    left("IMAGE", Width::Share(14, 4), 8),
    AGE,
];
const REPLICA_SETS: &[Column] = &[
    CONTEXT,
    NAMESPACE,
    NAME,
    right("READY", 9, 12),
    right("REVISION", 8, 10),
    left("IMAGE", Width::Share(14, 4), 8),
    AGE,
];
const JOBS: &[Column] = &[
    CONTEXT,
    NAMESPACE,
    NAME,
    right("DONE", 7, 12),
    right("FAILED", 6, 10),
    left("STATUS", Width::Share(12, 4), 11),
    AGE,
];
const CRON_JOBS: &[Column] = &[
    CONTEXT,
    NAMESPACE,
    NAME,
    left("SCHEDULE", Width::Fixed(16), 12),
    left("STATUS", Width::Share(10, 3), 11),
    right("LAST", 8, 10),
    right("LAST OK", 8, 9),
    AGE,
];
const HPAS: &[Column] = &[
    CONTEXT,
    NAMESPACE,
    NAME,
    left("TARGET", Width::Share(12, 9), 9),
    right("REPLICAS", 8, 12),
    right("MIN", 4, 7),
    right("MAX", 4, 8),
    left("METRICS", Width::Share(15, 6), 11),
    left("STATUS", Width::Share(12, 3), 10),
    AGE,
];
const NODES: &[Column] = &[
    CONTEXT,
    NAME,
    left("STATUS", Width::Share(20, 5), 12),
    left("ROLES", Width::Fixed(14), 3),
    right("MAX PODS", 8, 3),
    right("CPU", 5, 10),
    right("MEM", 5, 10),
    left("VERSION", Width::Fixed(10), 2),
    AGE,
];
const EVENTS: &[Column] = &[
    CONTEXT,
    right("LAST", 4, 13),
    NAMESPACE,
    left("REASON", Width::Fixed(18), 12),
    left("ABOUT", Width::Share(16, 3), 11),
    right("COUNT", 5, 5),
    left("MESSAGE", Width::Fill(20), 14),
];
const CERTIFICATES: &[Column] = &[
    CONTEXT,
    NAMESPACE,
    NAME,
    left("STATUS", Width::Share(14, 4), 12),
    right("DAYS LEFT", 9, 13),
    left("SECRET", Width::Share(10, 2), 3),
    left("NAMES", Width::Share(12, 4), 6),
    AGE,
];
const CONFIGURATIONS: &[Column] = &[
    CONTEXT,
    NAMESPACE,
    NAME,
    left("STATUS", Width::Fixed(8), 12),
    left("KEYS", Width::Share(16, 6), 11),
    left("TYPE", Width::Share(10, 2), 5),
    AGE,
];
const VOLUMES: &[Column] = &[
    CONTEXT,
    NAME,
    left("STATUS", Width::Fixed(9), 12),
    right("SIZE", 7, 10),
    left("CLAIM", Width::Share(16, 5), 11),
    left("CLASS", Width::Share(8, 2), 5),
    left("THEN", Width::Fixed(7), 6),
    AGE,
];
const NAMESPACES: &[Column] = &[CONTEXT, NAME, left("STATUS", Width::Share(12, 2), 12), AGE];

pub fn columns(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Pod => super::pods::COLUMNS,
        Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet => WORKLOADS,
        Kind::ReplicaSet => REPLICA_SETS,
        Kind::Job => JOBS,
        Kind::CronJob => CRON_JOBS,
        Kind::Hpa => HPAS,
        Kind::Node => NODES,
        Kind::Event => EVENTS,
        Kind::Certificate => CERTIFICATES,
        Kind::Namespace => NAMESPACES,
        Kind::Volume => VOLUMES,
        Kind::ConfigMap | Kind::Secret => CONFIGURATIONS,
        other => tables::of(other.realm()).map_or(NAMESPACES, |tables| tables.columns(other)),
    }
}

/// When people begin to renew a certificate by hand, in days.
const SOON: i64 = 30;

/// How bad it is now: a certificate that ends soon is no longer fine, whatever its issuer says.
fn level(now: Timestamp, object: &Object) -> Level {
    let level = object.level();
    match &object.facts {
        Facts::Certificate(Certificate { not_after: Some(end), .. }) => match days_left(now, *end) {
            ..0 => Level::Bad,
            0..=SOON => level.min(Level::Warn),
            _ => level,
        },
        _ => level,
    }
}

/// Whole days until a certificate ends that ends soon.
pub fn ends_in(model: &Model, object: &Object) -> Option<i64> {
    match &object.facts {
        Facts::Certificate(certificate) => {
            Some(days_left(model.now, certificate.not_after?)).filter(|days| *days <= SOON)
        }
        _ => None,
    }
}

fn days_left(now: Timestamp, end: Timestamp) -> i64 {
    (end.0 - now.0).div_euclid(86_400_000)
}

/// Where an object belongs under this lens.
pub fn rank(lens: &Lens<'_>, object: &Object) -> Rank {
    if let Some(tables) = tables::of(object.id.kind.realm()) {
        return tables::rank(lens, tables, object);
    }
    let level = level(lens.now, object);
    let key = match (lens.column, &object.facts) {
        // The newest event first, and what ends first, unless asked otherwise.
        (None, Facts::Event(_)) => key(lens, object, "LAST"),
        (None, Facts::Certificate(_)) => key(lens, object, "DAYS LEFT"),
        (None, _) => SortKey::Missing,
        (Some(title), _) => key(lens, object, title),
    };
    let mut all = vec![lens.place(&object.id), &*object.id.namespace, &*object.id.name];
    let status = object.status();
    all.push(status.as_ref());
    if let Facts::Event(event) = &object.facts {
        all.extend([&*event.reason, &*event.about, &*event.about_kind, &*event.message]);
    }
    if let Facts::Workload(workload) = &object.facts {
        all.extend(workload.images.iter().map(|(_, image)| &**image));
    }
    let mut own = vec![
        ("namespace", &*object.id.namespace),
        ("name", &*object.id.name),
        ("status", &*status),
        ("context", &*object.id.context),
    ];
    if let Facts::Event(event) = &object.facts {
        own.extend([("reason", &*event.reason), ("about", &*event.about), ("kind", &*event.about_kind)]);
    }
    let named = lens.named(own);
    all.extend(named.iter().map(String::as_str));
    // An event of the past is trouble only in its words; it does not make the pane red for ever.
    let old = lens.of_age(|name| match &object.facts {
        _ if name != "age" => None,
        Facts::Event(event) => Some(event.last),
        _ => Some(object.created),
    });
    Rank { level, key, shown: old && lens.shows(level, &all.iter().copied()) }
}

/// What a column sorts by: what it shows.
fn key(lens: &Lens<'_>, object: &Object, title: &str) -> SortKey {
    let many = |n: u32| order::most(u64::from(n));
    let lacks = |there: u32, wanted: u32| SortKey::Number(i64::from(there) - i64::from(wanted));
    match (title, &object.facts) {
        ("NAME", _) => SortKey::Text(object.id.name.clone()),
        ("NAMESPACE", _) => SortKey::Text(object.id.namespace.clone()),
        ("CONTEXT", _) => SortKey::Text(object.id.context.clone()),
        ("AGE", _) => order::newest(object.created),
        ("STATUS", Facts::Configuration(held)) if !object.deleting => {
            order::most(u64::try_from(held.keys.len()).ok())
        }
        ("STATUS" | "ROLLOUT", _) => order::text(&object.status()),
        ("READY", Facts::Workload(workload)) => lacks(workload.ready, workload.desired),
        ("UPDATED", Facts::Workload(workload)) => many(workload.updated),
        ("REVISION", Facts::Workload(workload)) => order::most(workload.revision),
        ("DONE", Facts::Job(job)) => lacks(job.succeeded, job.wanted),
        ("FAILED", Facts::Job(job)) => many(job.failed),
        ("LAST", Facts::CronJob(job)) => order::newest(job.last),
        ("LAST OK", Facts::CronJob(job)) => order::newest(job.last_success),
        ("REPLICAS", Facts::Hpa(hpa)) => many(hpa.current),
        ("MIN", Facts::Hpa(hpa)) => many(hpa.min),
        ("MAX", Facts::Hpa(hpa)) => many(hpa.max),
        ("MAX PODS", Facts::Node(node)) => many(node.pods),
        ("VERSION", Facts::Node(node)) => order::version(&node.version),
        ("CPU" | "MEM", Facts::Node(node)) => {
            let usage = lens.node_usage.get(&(object.id.context.clone(), object.id.name.clone()));
            usage.map_or(SortKey::Missing, |usage| {
                let (used, whole) = of_usage(usage, node, title);
                order::share(used, Some(whole))
            })
        }
        ("SIZE", Facts::Volume(volume)) => order::most(Quantity::parse(&volume.size).map(Quantity::units)),
        ("LAST", Facts::Event(event)) => order::newest(event.last),
        ("COUNT", Facts::Event(event)) => many(event.count),
        ("DAYS LEFT", Facts::Certificate(certificate)) => {
            certificate.not_after.map_or(SortKey::Missing, |at| SortKey::Number(at.0))
        }
        (title, _) => order::text(&words(object, title)),
    }
}

pub fn rows<'m>(model: &'m Model, listing: &'m Listing<Object>, titles: &[&'static str]) -> Vec<Row<'m>> {
    let selected = listing.selected();
    let rows = listing.window().map(|(object, rank)| Row {
        level: rank.level,
        here: selected == Some(&object.id),
        marked: tables::marked(model, listing, &object.id),
        cells: titles.iter().map(|title| cell(model, object, rank.level, title)).collect(),
    });
    rows.collect()
}

pub fn cell<'m>(model: &'m Model, object: &'m Object, level: Level, title: &str) -> Cell<'m> {
    if let Some(tables) = tables::of(object.id.kind.realm()) {
        return tables.cell(model, object, level, title);
    }
    match title {
        "CONTEXT" => Cell::new(&*object.id.context).role(Role::Dim),
        "NAMESPACE" => Cell::new(&*object.id.namespace),
        "NAME" => Cell::middle(&*object.id.name),
        "AGE" => Cell::new(Age(model.now.since(object.created)).to_string()).role(Role::Dim),
        "STATUS" | "ROLLOUT" => Cell::new(object.status().to_string()).role(super::role(level)),
        "REASON" => Cell::new(words(object, title)).role(super::role(level)),
        "IMAGE" | "ABOUT" => Cell::middle(words(object, title)),
        "LAST" | "LAST OK" | "DAYS LEFT" => Cell::new(moment(model.now, object, title)),
        "CPU" | "MEM" => node_use(model, object, title),
        _ => Cell::new(words(object, title)),
    }
}

/// A column's text where it does not depend on the time.
fn words(object: &Object, title: &str) -> String {
    match &object.facts {
        Facts::Workload(workload) => of_workload(workload, title),
        Facts::Job(job) => of_job(job, title),
        Facts::CronJob(job) => of_cron_job(job, title),
        Facts::Hpa(hpa) => of_hpa(hpa, title),
        Facts::Node(node) => of_node(node, title),
        Facts::Event(event) => of_event(event, title),
        Facts::Certificate(certificate) => of_certificate(certificate, title),
        Facts::Namespace { phase } => phase.to_string(),
        Facts::Volume(volume) => of_volume(volume, title),
        Facts::Configuration(held) if title == "TYPE" => held.of.to_string(),
        Facts::Configuration(held) => held.keys.iter().map(|(key, _)| &**key).collect::<Vec<_>>().join(", "),
        _ => String::new(),
    }
}

fn of_workload(workload: &Workload, title: &str) -> String {
    match title {
        "READY" => format!("{}/{}", workload.ready, workload.desired),
        "UPDATED" => workload.updated.to_string(),
        "REVISION" => workload.revision.map_or_else(String::new, |n| n.to_string()),
        // The registry says the least; the tag says the most.
        _ => workload
            .images
            .iter()
            .map(|(_, image)| image.rsplit('/').next().unwrap_or(image))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn of_job(job: &Job, title: &str) -> String {
    match title {
        "DONE" => format!("{}/{}", job.succeeded, job.wanted),
        _ => job.failed.to_string(),
    }
}

fn of_cron_job(job: &CronJob, _title: &str) -> String {
    job.schedule.to_string()
}

fn of_hpa(hpa: &Hpa, title: &str) -> String {
    match title {
        "TARGET" => hpa.target.to_string(),
        "REPLICAS" if hpa.desired != hpa.current => format!("{} → {}", hpa.current, hpa.desired),
        "REPLICAS" => hpa.current.to_string(),
        "MIN" => hpa.min.to_string(),
        "MAX" => hpa.max.to_string(),
        _ => hpa.metrics.iter().map(|metric| &**metric).collect::<Vec<_>>().join(", "),
    }
}

fn of_node(node: &Node, title: &str) -> String {
    match title {
        "ROLES" => node.roles.to_string(),
        "MAX PODS" => node.pods.to_string(),
        _ => node.version.to_string(),
    }
}

fn of_event(event: &Event, title: &str) -> String {
    match title {
        "REASON" => event.reason.to_string(),
        "ABOUT" => format!("{}/{}", event.about_kind.to_lowercase(), event.about),
        "COUNT" => event.count.to_string(),
        _ => event.message.to_string(),
    }
}

fn of_certificate(certificate: &Certificate, title: &str) -> String {
    match title {
        "SECRET" => certificate.secret.to_string(),
        _ => certificate.names.iter().map(|name| &**name).collect::<Vec<_>>().join(", "),
    }
}

fn of_volume(volume: &Volume, title: &str) -> String {
    let text = match title {
        "SIZE" => &volume.size,
        "CLAIM" => &volume.claim,
        "CLASS" => &volume.class,
        "STATUS" => &volume.phase,
        _ => &volume.then,
    };
    text.to_string()
}

fn moment(now: Timestamp, object: &Object, title: &str) -> String {
    let ago = |at: Option<Timestamp>| at.map_or_else(|| "never".into(), |at| Age(now.since(at)).to_string());
    match (&object.facts, title) {
        (Facts::Event(event), _) => Age(now.since(event.last)).to_string(),
        (Facts::CronJob(job), "LAST") => ago(job.last),
        (Facts::CronJob(job), _) => ago(job.last_success),
        (Facts::Certificate(certificate), _) => certificate.not_after.map_or_else(
            || "–".into(),
            |end| match days_left(now, end) {
                ..0 => "expired".into(),
                days => days.to_string(),
            },
        ),
        _ => String::new(),
    }
}

/// What is used, of how much.
fn of_usage(usage: &Usage, node: &Node, title: &str) -> (u64, u64) {
    if title == "CPU" { (usage.cpu_milli, node.cpu_milli) } else { (usage.memory, node.memory) }
}

fn node_use<'m>(model: &Model, object: &Object, title: &str) -> Cell<'m> {
    let Facts::Node(node) = &object.facts else { return Cell::new("") };
    let key = (object.id.context.clone(), object.id.name.clone());
    let Some(usage) = model.node_usage.get(&key) else { return Cell::new("–").role(Role::Dim) };
    let (used, whole) = of_usage(usage, node, title);
    if whole == 0 {
        return Cell::new(if title == "CPU" { format!("{used}m") } else { bytes(used) });
    }
    let percent = used.saturating_mul(100) / whole;
    let cell = Cell::new(format!("{percent}%"));
    match percent {
        0..80 => cell,
        80..90 => cell.role(Role::Warning),
        _ => cell.role(Role::Bad),
    }
}
