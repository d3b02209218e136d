//! A small estate in trouble, built by hand: the facts that pure tests draw and press keys on.
use std::sync::Arc;

use firedeck::commands::tools::Tables;
use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::level::Level;
use firedeck::domain::news::{Branch, ClusterFacts, Inspection, News, Section, SectionLine, Seen};
use firedeck::domain::object::{
    Condition, Event, Facts, Kind, Node, Object, ObjectRef, Owner, Usage, Workload,
};
use firedeck::domain::pod::{Container, ContainerRole, ContainerState, Phase, Pod, Resources, Termination};
use firedeck::domain::settings::{Key, KeyCode};
use firedeck::domain::time::Timestamp;
use firedeck::model::Model;
use firedeck::model::msg::{Effect, Msg};
use firedeck::model::shelf::Shelved;
use firedeck::runbook::Document;
use firedeck::runbook::suggest::Index;
use firedeck::update::update;

/// Noon of some day.
pub const NOW: Timestamp = Timestamp(1_774_440_000_000);

pub fn ago(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 - seconds * 1000)
}

pub fn id(kind: Kind, namespace: &str, name: &str) -> ObjectRef {
    ObjectRef { context: "prod-eu".into(), kind, namespace: namespace.into(), name: name.into() }
}

/// A pod that runs and is well.
pub fn pod(namespace: &str, name: &str, node: &str) -> Pod {
    let mut parts = name.rsplitn(3, '-');
    let (_, hash, app) = (parts.next(), parts.next().unwrap_or("0"), parts.next().unwrap_or(name));
    let container = Container {
        name: "app".into(),
        role: ContainerRole::Main,
        image: format!("registry.example.com/{app}:7.2.9").into(),
        ready: true,
        restarts: 0,
        state: ContainerState::Running { since: ago(9 * 86_400) },
        last: None,
        requests: Resources { cpu_milli: Some(250), memory: Some(256 << 20) },
        limits: Resources { cpu_milli: Some(1000), memory: Some(512 << 20) },
    };
    Pod {
        id: id(Kind::Pod, namespace, name),
        uid: format!("uid-{name}").into(),
        created: ago(9 * 86_400),
        owner: Some(Owner {
            kind: "ReplicaSet".into(),
            name: format!("{app}-{hash}").into(),
            uid: "uid-rs".into(),
        }),
        labels: [("app".into(), app.into()), ("pod-template-hash".into(), hash.into())].into_iter().collect(),
        node: Some(node.into()),
        ip: Some("10.1.0.7".into()),
        deleting: None,
        phase: Phase::Running,
        reason: None,
        message: None,
        ready: Some(true),
        containers: [container].into(),
    }
}

/// The same, killed again and again.
pub fn crashing(mut pod: Pod, reason: &str, code: i32, restarts: u32, last: i64) -> Pod {
    pod.ready = Some(false);
    pod.created = ago(720);
    let container = &mut pod.containers[0];
    container.ready = false;
    container.restarts = restarts;
    container.state = ContainerState::Waiting { reason: "CrashLoopBackOff".into(), message: None };
    container.last =
        Some(Termination { reason: reason.into(), code, signal: None, finished: Some(ago(last)) });
    pod
}

pub fn pending(mut pod: Pod) -> Pod {
    pod.node = None;
    pod.phase = Phase::Pending;
    pod.ready = None;
    pod.reason = Some("Unschedulable".into());
    pod.message = Some("0/4 nodes are available: 4 Insufficient memory.".into());
    pod.containers[0].ready = false;
    pod.containers[0].state = ContainerState::Unknown;
    pod.created = ago(240);
    pod
}

pub fn node(name: &str, ready: Option<bool>) -> Object {
    let facts = Node {
        ready,
        roles: "worker".into(),
        version: "v1.36.3".into(),
        cpu_milli: 8000,
        memory: 32 << 30,
        pods: 110,
        ..Node::default()
    };
    Object {
        id: id(Kind::Node, "", name),
        uid: format!("uid-{name}").into(),
        created: ago(40 * 86_400),
        deleting: false,
        owner: None,
        facts: Facts::Node(facts),
    }
}

pub fn deployment(namespace: &str, name: &str, image: &str, ready: u32, desired: u32) -> Object {
    let progressing = Condition {
        kind: "Progressing".into(),
        met: Some(true),
        reason: "ReplicaSetUpdated".into(),
        message: "".into(),
        since: Some(ago(300)),
    };
    let facts = Workload {
        desired,
        current: desired,
        updated: desired,
        ready,
        available: ready,
        unavailable: desired - ready,
        generation: 14,
        observed: 14,
        revision: Some(14),
        images: vec![("app".into(), image.into())],
        selector: vec![("app".into(), name.into())],
        conditions: vec![progressing],
        ..Workload::default()
    };
    Object {
        id: id(Kind::Deployment, namespace, name),
        uid: format!("uid-{name}").into(),
        created: ago(40 * 86_400),
        deleting: false,
        owner: None,
        facts: Facts::Workload(facts),
    }
}

pub fn feed(kind: Kind) -> Feed {
    match kind {
        Kind::Pod => Feed::Pods("prod-eu".into(), "".into()),
        kind => Feed::Objects("prod-eu".into(), kind, "".into()),
    }
}

pub fn pods() -> Vec<Pod> {
    vec![
        crashing(pod("shop", "worker-5dc8f9b7d4-5rh92", "node-3"), "OOMKilled", 137, 6, 40),
        crashing(pod("billing", "rest-api-547bbd6c9f-fnwp2", "node-1"), "Error", 1, 4, 120),
        pod("mcp-prod", "gateway-864c5f7d9b-4bgqz", "node-2"),
        pending(pod("shop", "indexer-7c9f6d5b8-x2x2x", "")),
        pod("shop", "dashboard-6c9d8b7f5-x8f6h", "node-1"),
        pod("shop", "mcp-server-58d4c6b9f7-cqxmb", "node-4"),
    ]
}

/// Says a message and forgets the effects.
pub fn say(model: &mut Model, msg: Msg) -> Vec<Effect> {
    update(model, msg)
}

/// Keys one by one, as `Key::parse` reads them; each is a read of its own, long after the last picture.
pub fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    let keys = keys.split_whitespace().map(|key| Key::parse(key).expect("a key"));
    keys.flat_map(|key| say(model, Msg::Keys { keys: vec![key], at: ago(-5) })).collect()
}

pub fn type_text(model: &mut Model, text: &str) {
    for c in text.chars() {
        let keys = vec![Key::plain(KeyCode::Char(c))];
        say(model, Msg::Keys { keys, at: ago(-5) });
    }
}

pub fn news(model: &mut Model, batch: Vec<News>) -> Vec<Effect> {
    say(model, Msg::News(batch))
}

/// A cockpit of this size, connected, before any pod.
pub fn connected(columns: u16, rows: u16) -> Model {
    let mut model = Model { now: NOW, ..Model::default() };
    say(&mut model, Msg::Resized { columns, rows });
    say(&mut model, Msg::Tick(NOW));
    let facts = ClusterFacts {
        context: "prod-eu".into(),
        server: "https://10.0.0.1:6443".into(),
        version: Some("v1.36.3".into()),
        identity: Some("jane".into()),
        namespaces: Vec::new(),
        namespace_origin: "flag".into(),
        own_namespace: String::new(),
        rights: Some("edit".into()),
    };
    news(&mut model, vec![News::Cluster(facts), News::Feed(feed(Kind::Pod), FeedState::Loading)]);
    model
}

/// The same with the estate on it, live.
pub fn cockpit(columns: u16, rows: u16) -> Model {
    let mut model = connected(columns, rows);
    let nodes = [("node-1", Some(true)), ("node-2", None), ("node-3", Some(true)), ("node-4", Some(true))];
    let nodes: Vec<Seen<Object>> = nodes.iter().map(|(name, ready)| Seen::Is(node(name, *ready))).collect();
    let all: Vec<Seen<Pod>> =
        std::iter::once(Seen::Begin).chain(pods().into_iter().map(Seen::Is)).chain([Seen::End]).collect();
    let usage = vec![
        (id(Kind::Pod, "shop", "dashboard-6c9d8b7f5-x8f6h"), Usage { cpu_milli: 110, memory: 246 << 20 }),
        (id(Kind::Pod, "shop", "mcp-server-58d4c6b9f7-cqxmb"), Usage { cpu_milli: 70, memory: 266 << 20 }),
    ];
    news(
        &mut model,
        vec![
            News::Feed(feed(Kind::Node), FeedState::Live),
            News::Objects(feed(Kind::Node), nodes),
            News::Pods(feed(Kind::Pod), all),
            News::Feed(feed(Kind::Pod), FeedState::Live),
            News::PodUsage("prod-eu".into(), usage),
        ],
    );
    model
}

pub fn event(about: &ObjectRef, warning: bool, reason: &str, message: &str, count: u32, last: i64) -> Object {
    let facts = Event {
        warning,
        reason: reason.into(),
        message: message.into(),
        about_kind: about.kind.title().into(),
        about: about.name.clone(),
        about_uid: "uid".into(),
        count,
        first: ago(700),
        last: ago(last),
        from: "kubelet".into(),
    };
    Object {
        id: about.sibling(Kind::Event, format!("{}.{reason}", about.name).into()),
        uid: format!("uid-{reason}").into(),
        created: ago(700),
        deleting: false,
        owner: None,
        facts: Facts::Event(facts),
    }
}

/// What opening a pod that is killed again and again finds out.
pub fn inspection(target: &ObjectRef) -> Inspection {
    let line = |label: &str, value: &str, level: Level, indent: u8| SectionLine {
        label: label.into(),
        value: value.into(),
        level,
        indent,
    };
    let branch = |depth: u8, kind: Kind, name: &str, status: &str, level: Level| Branch {
        depth,
        kind: kind.title().into(),
        name: name.into(),
        status: status.into(),
        level,
        target: Some(target.sibling(kind, name.into())),
    };
    let app = target.name.rsplitn(3, '-').last().unwrap_or_default().to_owned();
    let set = target.name.rsplit_once('-').map_or("", |(set, _)| set).to_owned();
    let yaml: String = "key: value\n".repeat(40);
    Inspection {
        target: target.clone(),
        uid: Some("uid".into()),
        sections: vec![
            Section {
                title: "Pod".into(),
                lines: vec![
                    line("status", "CrashLoopBackOff", Level::Bad, 0),
                    line("node", "node-3", Level::Fine, 0),
                    line("started", "12m ago", Level::Fine, 0),
                ],
            },
            Section {
                title: "Container app".into(),
                lines: vec![
                    line("image", "registry.example.com/worker:7.3.0", Level::Fine, 0),
                    line("last end", "OOMKilled, exit code 137, 40s ago", Level::Bad, 0),
                    line("limits", "", Level::Fine, 0),
                    line("memory", "512 MiB", Level::Warn, 1),
                    line("cpu", "1 core", Level::Fine, 1),
                ],
            },
        ],
        yaml: format!(
            "apiVersion: v1\nkind: {}\nmetadata:\n  name: {}\n{yaml}",
            target.kind.title(),
            target.name
        ),
        events: vec![
            event(target, false, "Pulled", "Container image is already present on the machine", 1, 640),
            event(target, true, "BackOff", "Back-off restarting failed container app in pod", 17, 30),
        ],
        owners: vec![
            branch(0, Kind::Deployment, &app, "1 of 3 ready", Level::Bad),
            branch(1, Kind::ReplicaSet, &set, "1 of 3 ready", Level::Bad),
            branch(2, Kind::Pod, &target.name, "CrashLoopBackOff", Level::Bad),
        ],
        missing: vec!["metrics: needs get on pods.metrics.k8s.io".into()],
    }
}

/// The runbooks of the fixture, as they are once they were read.
pub fn shelve(model: &mut Model) {
    let text = include_str!("../fixtures/on-call.md");
    let document = firedeck::runbook::catalogue::read("runbooks/010-on-call.md", text, &Tables::default());
    shelve_all(model, vec![Arc::new(document)]);
}

pub fn shelve_all(model: &mut Model, documents: Vec<Arc<Document>>) {
    let index = Arc::new(Index::new(&documents));
    let shelved = Shelved { documents, failed: Vec::new(), notes: Vec::new(), index };
    say(model, Msg::Shelved(Box::new(shelved)));
}
