//! Every column of every kind sorts by what stands in it: numbers as numbers, what is not known last.
//!
//! Nothing here names a column. Things are made up at random from a few values each, and what a column sorts by is
//! held against what it shows; a column whose cells never differ has its field missing in `made` below.
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use firedeck::domain::Text;
use firedeck::domain::alert::{Alert, AlertFacts, AlertState, Matcher, Silence, Target};
use firedeck::domain::change::{Change, ChangeKind};
use firedeck::domain::container::{Container, ContainerState, End, Health};
use firedeck::domain::database::{
    Blocked, Counted, Database, DatabaseFacts, Place, Relation, Replica, ReplicaKind, Server, Session, State,
    Statement,
};
use firedeck::domain::feed::Feed;
use firedeck::domain::level::Level;
use firedeck::domain::news::Seen;
use firedeck::domain::object::{
    Certificate, Condition, Configuration, CronJob, Event, Facts, Hpa, Job, Kind, Node, Object, ObjectRef,
    Usage, Workload,
};
use firedeck::domain::pod;
use firedeck::domain::redis::node::{Keyspace, Memory, Replication, Role};
use firedeck::domain::redis::rates::Rates;
use firedeck::domain::redis::{KeyGroup, RedisClient, RedisFacts, RedisNode, SlowCall};
use firedeck::domain::settings::limit::{Bound, Fact, FactSource, Limit, Lines};
use firedeck::domain::time::Timestamp;
use firedeck::domain::vital::{Answer, Vital};
use firedeck::model::filter::Filter;
use firedeck::model::listing::SortKey;
use firedeck::model::{Meter, Model};
use firedeck::panes::things::{Lens, all_columns};
use firedeck::panes::{Column, objects, pods};

use crate::common::estate::NOW;

/// Columns that sort by more than they show, and why.
const MORE: &[(Kind, &str)] = &[
    // By when it ended, so that what died last is on top.
    (Kind::Pod, "LAST END"),
    // By how much it rose; the bars show how.
    (Kind::Vital, "TREND"),
];

/// How many of each kind.
const MANY: usize = 80;

/// A few values again and again, so that some are alike.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.roll(all.len())].clone()
    }

    fn n<T: TryFrom<u32>>(&mut self) -> T {
        let n = self.of(&[0_u32, 2, 9, 30, 100]);
        T::try_from(n).ok().expect("a small number")
    }

    fn some<T: TryFrom<u32>>(&mut self) -> Option<T> {
        if self.roll(4) == 0 { None } else { Some(self.n()) }
    }

    /// Sizes that are told apart however they are shortened.
    fn size(&mut self) -> u64 {
        self.of(&[2, 9, 30, 100]) << 20
    }

    fn word(&mut self) -> Text {
        self.of(&["beta", "alpha", "gamma"]).into()
    }

    fn words(&mut self) -> Text {
        self.of(&["", "beta", "alpha", "gamma"]).into()
    }

    fn yes(&mut self) -> bool {
        self.roll(2) == 0
    }

    fn at(&mut self) -> Timestamp {
        Timestamp(NOW.0 - self.of(&[2, 4, 7, 11]) * 3_600_000)
    }

    fn when(&mut self) -> Option<Timestamp> {
        if self.roll(4) == 0 { None } else { Some(self.at()) }
    }

    fn share(&mut self) -> Option<f32> {
        self.of(&[None, Some(2.0), Some(9.0), Some(30.0), Some(100.0)])
    }

    fn rate(&mut self) -> Option<f64> {
        self.share().map(f64::from)
    }

    fn span(&mut self) -> Option<Duration> {
        self.some().map(|n: u64| Duration::from_secs(n))
    }
}

fn conditions(dice: &mut Dice) -> Vec<Condition> {
    let failed = Condition {
        kind: "Failed".into(),
        met: Some(true),
        reason: dice.word(),
        message: "".into(),
        since: None,
    };
    dice.of(&[vec![], vec![failed]])
}

fn workload(dice: &mut Dice) -> Facts {
    Facts::Workload(Workload {
        desired: dice.n(),
        ready: dice.n(),
        updated: dice.n(),
        available: dice.n(),
        revision: dice.some(),
        images: dice.of(&[
            vec![],
            vec![("app".into(), "r.io/web:1".into())],
            vec![("app".into(), "db".into())],
        ]),
        conditions: conditions(dice),
        ..Workload::default()
    })
}

fn node(dice: &mut Dice) -> Facts {
    Facts::Node(Node {
        ready: dice.of(&[None, Some(true), Some(false)]),
        unschedulable: dice.yes(),
        roles: dice.words(),
        version: dice.of(&["v1.9.2", "v1.33.1", "v1.36.0"]).into(),
        cpu_milli: 10_000,
        memory: 100 << 20,
        pods: dice.n(),
        ..Node::default()
    })
}

fn event(dice: &mut Dice) -> Facts {
    Facts::Event(Event {
        warning: dice.yes(),
        reason: dice.word(),
        message: dice.word(),
        about_kind: "Pod".into(),
        about: dice.word(),
        about_uid: "".into(),
        count: dice.n(),
        first: NOW,
        last: dice.at(),
        from: dice.word(),
    })
}

fn alert(dice: &mut Dice) -> Facts {
    let alert = Alert {
        name: dice.word(),
        apart: dice.words(),
        state: dice.of(&[AlertState::Firing, AlertState::Pending, AlertState::Silenced, AlertState::Muted]),
        severity: dice.of(&["", "info", "warning", "critical"]).into(),
        since: dice.when(),
        value: dice.of(&[None, Some("9"), Some("100"), Some("30.5"), Some("-2")]).map(Text::from),
        receivers: dice.of(&[vec![], vec!["team".into()], vec!["pager".into()]]),
        seen_by: dice.of(&[vec!["one".into()], vec!["two".into()]]),
        not_seen_by: dice.of(&[vec![], vec![], vec!["three".into()]]),
        ..Alert::default()
    };
    Facts::Alerts(AlertFacts::Alert(Box::new(alert)))
}

fn silence(dice: &mut Dice) -> Facts {
    let matcher = |value: &str| Matcher::equals("alertname", value);
    let silence = Silence {
        matchers: dice.of(&[vec![matcher("x")], vec![matcher("a")]]),
        ends: dice.when().map(|at| Timestamp(2 * NOW.0 - at.0)),
        by: dice.words(),
        comment: dice.words(),
        state: dice.of(&["active", "pending", "expired"]).into(),
        holds: dice.n(),
        seen_by: dice.of(&[vec!["one".into()], vec!["two".into()]]),
        ..Silence::default()
    };
    Facts::Alerts(AlertFacts::Silence(Box::new(silence)))
}

fn target(dice: &mut Dice) -> Facts {
    let last = dice.when();
    let target = Target {
        job: dice.word(),
        instance: dice.word(),
        up: dice.of(&[None, Some(true), Some(false)]),
        error: dice.words(),
        last,
        took_ms: if last.is_some() { dice.n() } else { 0 },
        ..Target::default()
    };
    Facts::Alerts(AlertFacts::Target(Box::new(target)))
}

fn session(dice: &mut Dice, nth: usize) -> Session {
    let place = Place { root: 1, depth: 0, at: 0, blocks: dice.n() };
    Session {
        pid: i32::try_from(nth).expect("few") + 1,
        began: "".into(),
        backend: "".into(),
        user: dice.words(),
        database: dice.words(),
        application: dice.words(),
        client: dice.words(),
        state: dice.of(&[State::Active, State::Idle, State::InTransaction]),
        since: dice.when(),
        transaction: dice.when(),
        query_began: dice.when(),
        wait: dice.of(&[None, Some(("Lock".into(), "tuple".into())), Some(("IO".into(), "read".into()))]),
        xmin_age: dice.some(),
        query: dice.words(),
        blocked: dice.of(&[None, Some(Blocked { place, by: vec![] }), Some(Blocked { place, by: vec![7] })]),
        hidden: false,
        own: false,
        level: Level::Fine,
    }
}

fn server(dice: &mut Dice) -> Server {
    let standby = dice.yes();
    Server {
        version: dice.of(&["9.6.1", "12.22", "15.18"]).into(),
        standby,
        started: dice.at(),
        used: dice.n(),
        max: 100,
        growth: dice.some(),
        active: dice.n(),
        idle: dice.n(),
        in_transaction: dice.n(),
        blocked: dice.n(),
        xid_age: dice.some(),
        deadlocks: dice.some(),
        cache_hit: dice.share(),
        commits_per_second: dice.some(),
        lag: dice.some().filter(|_| standby).map(|hours: u64| Duration::from_hours(hours)),
        ..Server::default()
    }
}

fn replica(dice: &mut Dice) -> Replica {
    Replica {
        kind: dice.of(&[ReplicaKind::Sender, ReplicaKind::Slot, ReplicaKind::Receiver]),
        client: dice.words(),
        state: dice.word(),
        mode: dice.words(),
        behind: dice.of(&[None, Some(2 << 20), Some(9 << 20)]),
        lag: dice.span(),
        wal_status: dice.words(),
        slot: "".into(),
    }
}

fn statement(dice: &mut Dice) -> Statement {
    let mut counted = || Counted {
        calls: dice.n(),
        time: dice.of(&[0, 2_000, 90_000]),
        rows: dice.n(),
        hit: dice.n(),
        read: dice.n(),
    };
    let (total, lately) = (counted(), counted());
    Statement {
        database: dice.words(),
        user: dice.words(),
        query: dice.words(),
        total,
        lately: dice.yes().then_some((lately, Duration::from_mins(1))),
    }
}

fn relation(dice: &mut Dice) -> Relation {
    Relation {
        what: dice.of(&["table", "index"]).into(),
        of: dice.words(),
        bytes: dice.size(),
        live: dice.some(),
        dead: dice.some(),
        vacuumed: dice.when(),
        analyzed: dice.when(),
        scans: dice.some(),
        index_scans: dice.some(),
        unique: dice.yes(),
        valid: dice.yes(),
        xid_age: dice.some(),
    }
}

fn database(dice: &mut Dice) -> Database {
    Database {
        bytes: dice.some().map(|n: u64| n << 20),
        connections: dice.n(),
        limit: dice.of(&[None, Some(10), Some(100)]),
        xid_age: dice.some(),
        deadlocks: dice.some(),
        temp_bytes: dice.some().map(|n: i64| n << 20),
        cache_hit: dice.share(),
        commits: dice.some(),
        rollbacks: dice.some(),
    }
}

fn redis_node(dice: &mut Dice) -> RedisNode {
    let replication = Replication { lag_bytes: dice.some(), ..Replication::default() };
    RedisNode {
        server: dice.of(&["", "Redis 7.0.15", "Valkey 9.1.2"]).into(),
        role: dice.of(&[Role::Unknown, Role::Primary, Role::Replica, Role::Sentinel]),
        started: dice.when(),
        memory: Memory {
            used: dice.of(&[None, Some(2 << 20), Some(9 << 20), Some(30 << 20)]),
            max: dice.of(&[None, Some(0), Some(100 << 20)]),
            fragmentation: dice.rate(),
            ..Memory::default()
        },
        rates: Rates {
            growth_per_minute: dice.some().map(|n: i64| (n - 9) << 20),
            evicted: dice.rate(),
            hit_rate: dice.rate(),
            ..Rates::default()
        },
        ops: dice.some(),
        clients: dice.some(),
        max_clients: dice.of(&[None, Some(10_000)]),
        blocked: dice.some(),
        ping: dice.some().map(|middle: u32| (1, middle * 1000)),
        replication,
        keyspace: vec![Keyspace { number: 0, keys: 100, expires: dice.n(), average_ttl: None }],
        ..RedisNode::default()
    }
}

fn client(dice: &mut Dice, nth: usize) -> RedisClient {
    RedisClient {
        id: u64::try_from(nth).expect("few"),
        address: dice.word(),
        name: dice.words(),
        user: dice.words(),
        db: dice.n(),
        idle_since: dice.at(),
        flags: dice.of(&["", "b", "P"]).into(),
        command: dice.words(),
        memory: dice.some(),
        output: dice.n(),
        ..RedisClient::default()
    }
}

fn call(dice: &mut Dice) -> SlowCall {
    SlowCall {
        id: dice.n(),
        at: dice.at(),
        micros: dice.of(&[20_000, 300_000, 9_000_000]),
        command: dice.words(),
        client: dice.words(),
        client_name: dice.words(),
    }
}

fn group(dice: &mut Dice) -> KeyGroup {
    KeyGroup {
        name: dice.word(),
        single: dice.yes(),
        db: dice.n(),
        seen: dice.n(),
        sampled: dice.of(&[0, 100]),
        keys: dice.some(),
        bytes: dice.some(),
        lasting: dice.some(),
        whole: true,
    }
}

fn container(dice: &mut Dice) -> Container {
    let end = End { code: dice.of(&[0, 1, 137]), oom: false, at: dice.when() };
    Container {
        project: dice.words(),
        service: dice.words(),
        image: dice.of(&["r.io/web:1", "db:2"]).into(),
        version: dice.of(&["", "1.9.2", "1.10.0", "main"]).into(),
        state: dice.of(&[ContainerState::Running, ContainerState::Exited, ContainerState::Paused]),
        health: dice.of(&[None, Some(Health::Healthy), Some(Health::Starting), Some(Health::Unhealthy)]),
        failing: dice.n(),
        restarts: dice.some(),
        end: dice.of(&[None, Some(end)]),
        started: dice.when(),
        cpu_percent: dice.share(),
        memory: dice.of(&[None, Some(2 << 20), Some(9 << 20)]),
        memory_limit: dice.of(&[None, Some(30 << 20)]),
        ..Container::default()
    }
}

fn vital(dice: &mut Dice, name: &str) -> Vital {
    let fact = Fact {
        name: name.into(),
        source: dice.of(&[FactSource::Http, FactSource::Sql]),
        query: String::new(),
        on: None,
        unit: None,
        pick: None,
        every: Duration::from_secs(30),
        ok: None,
        warning: dice.of(&["> 9", "> 100"]).pipe(|text| Bound::parse(text).ok()),
        critical: None,
    };
    let document = dice.of(&["001", "003"]).into();
    let line = dice.of(&[9, 30, 100]);
    let limit = Limit { fact: fact.clone(), document, lines: vec![Lines { from: line, to: line }] };
    let mut vital = Vital::new(dice.n(), &fact, Some(&limit).filter(|_| dice.yes()));
    vital.answer = dice.of(&[
        Answer::Waiting,
        Answer::Value(2.0),
        Answer::Value(100.0),
        Answer::Value(30.0),
        Answer::Text("well".into()),
    ]);
    (vital.note, vital.level) = (dice.words(), Level::Fine);
    (vital.took_ms, vital.at) = (dice.of(&[None, Some(20), Some(90), Some(200), Some(3_000)]), dice.when());
    vital.past = (0..dice.roll(4)).map(|_| (NOW, f64::from(dice.n::<u32>()))).collect();
    vital
}

/// So that a value can be made into another where it stands.
trait Pipe: Sized {
    fn pipe<T>(self, into: impl FnOnce(Self) -> T) -> T {
        into(self)
    }
}

impl<T> Pipe for T {}

fn change(dice: &mut Dice) -> Change {
    let target = ObjectRef {
        context: dice.word(),
        kind: Kind::Deployment,
        namespace: dice.words(),
        name: dice.word(),
    };
    Change {
        at: dice.at(),
        what: dice.of(&[ChangeKind::Rollout, ChangeKind::Alert]),
        target,
        says: dice.word(),
        level: Level::Fine,
        suspect: dice.yes(),
        was: None,
    }
}

/// One of a kind.
fn made(dice: &mut Dice, kind: Kind, nth: usize, name: &str) -> Facts {
    match kind {
        Kind::Pod => unreachable!("pods are made below"),
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet => workload(dice),
        Kind::Job => Facts::Job(Job {
            wanted: dice.n(),
            succeeded: dice.n(),
            failed: dice.n(),
            suspended: dice.yes(),
            conditions: conditions(dice),
            ..Job::default()
        }),
        Kind::CronJob => Facts::CronJob(CronJob {
            schedule: dice.word(),
            suspended: dice.yes(),
            active: dice.n(),
            last: dice.when(),
            last_success: dice.when(),
        }),
        Kind::Hpa => Facts::Hpa(Hpa {
            target: dice.word(),
            min: dice.n(),
            max: dice.n(),
            current: dice.n(),
            desired: dice.n(),
            metrics: dice.of(&[vec![], vec!["cpu".into()], vec!["memory".into()]]),
            conditions: vec![],
        }),
        Kind::Node => node(dice),
        Kind::Event => event(dice),
        Kind::Certificate => Facts::Certificate(Certificate {
            ready: dice.of(&[None, Some(true), Some(false)]),
            reason: dice.word(),
            secret: dice.words(),
            names: dice.of(&[vec![], vec!["a.example".into()], vec!["b.example".into()]]),
            not_after: dice
                .of(&[None, Some(2), Some(9), Some(30)])
                .map(|days: i64| Timestamp(NOW.0 + days * 86_400_000)),
            ..Certificate::default()
        }),
        Kind::Namespace => Facts::Namespace { phase: dice.of(&["Active", "Terminating"]).into() },
        Kind::ConfigMap | Kind::Secret => Facts::Configuration(Configuration {
            keys: dice.of(&[vec![], vec![("b".into(), 1)], vec![("a".into(), 1)]]),
            of: dice.words(),
        }),
        Kind::Alert => alert(dice),
        Kind::Silence => silence(dice),
        Kind::Target => target(dice),
        Kind::Session => Facts::Database(DatabaseFacts::Session(Box::new(session(dice, nth)))),
        Kind::Server => Facts::Database(DatabaseFacts::Server(Box::new(server(dice)))),
        Kind::Database => Facts::Database(DatabaseFacts::Database(Box::new(database(dice)))),
        Kind::Relation => Facts::Database(DatabaseFacts::Relation(Box::new(relation(dice)))),
        Kind::Statement => Facts::Database(DatabaseFacts::Statement(Box::new(statement(dice)))),
        Kind::Replica => Facts::Database(DatabaseFacts::Replica(Box::new(replica(dice)))),
        Kind::RedisNode => Facts::Redis(RedisFacts::Node(Box::new(redis_node(dice)))),
        Kind::Client => Facts::Redis(RedisFacts::Client(Box::new(client(dice, nth)))),
        Kind::SlowCall => Facts::Redis(RedisFacts::Slow(Box::new(call(dice)))),
        Kind::KeyGroup => Facts::Redis(RedisFacts::Keys(Box::new(group(dice)))),
        Kind::Container => Facts::Container(Box::new(container(dice))),
        Kind::Vital => Facts::Vital(Box::new(vital(dice, name))),
        Kind::Change => Facts::Change(Box::new(change(dice))),
    }
}

fn some_pod(dice: &mut Dice, id: ObjectRef) -> pod::Pod {
    let end = pod::Termination {
        reason: dice.of(&["OOMKilled", "Error"]).into(),
        code: 1,
        signal: None,
        finished: dice.when(),
    };
    let mut container = |name: &str| pod::Container {
        name: name.into(),
        role: pod::ContainerRole::Main,
        image: "web".into(),
        ready: dice.yes(),
        restarts: dice.n(),
        state: pod::ContainerState::Running { since: NOW },
        last: dice.of(&[None, Some(end.clone())]),
        requests: pod::Resources {
            cpu_milli: dice.of(&[None, Some(1000)]),
            memory: dice.of(&[None, Some(200 << 20)]),
        },
        limits: pod::Resources {
            cpu_milli: dice.of(&[None, Some(2000)]),
            memory: dice.of(&[None, Some(400 << 20)]),
        },
    };
    let containers = [container("a"), container("b")];
    let number = 1 + dice.roll(2);
    pod::Pod {
        id,
        uid: "".into(),
        created: dice.at(),
        owner: None,
        labels: [].into_iter().collect(),
        node: dice.of(&[None, Some("node-1".into()), Some("node-2".into()), Some("dead".into())]),
        deleting: None,
        phase: dice.of(&[pod::Phase::Running, pod::Phase::Pending]),
        reason: None,
        message: None,
        ready: Some(dice.yes()),
        containers: containers.into_iter().take(number).collect(),
    }
}

/// What each row shows and sorts by, column by column.
type Table = Vec<(&'static Column, Vec<(String, SortKey)>)>;

fn table(kind: Kind) -> Table {
    let mut dice = Dice(kind as u64 + 7);
    let mut model = Model { now: NOW, ..Model::default() };
    model.board.kind = kind;
    let ids: Vec<ObjectRef> = (0..MANY)
        .map(|nth| ObjectRef {
            context: dice.word(),
            kind,
            namespace: dice.word(),
            name: format!("{}-{nth}", dice.word()).into(),
        })
        .collect();
    for id in &ids {
        let usage = Usage { cpu_milli: dice.of(&[20, 300, 1000]), memory: dice.size() };
        if dice.roll(4) > 0 {
            model.usage.insert(id.clone(), Meter { now: usage, ..Meter::default() });
            model.node_usage.insert((id.context.clone(), id.name.clone()), usage);
        }
        model.nodes.insert((id.context.clone(), "dead".into()), Some(false));
    }
    let columns = all_columns(kind);
    let titles: Vec<&'static str> = columns.iter().map(|column| column.title).collect();
    let filter = Filter::default();
    let (nodes, usage, node_usage) = (model.nodes.clone(), model.usage.clone(), model.node_usage.clone());
    let lens = |column| Lens {
        filter: &filter,
        faults: false,
        column,
        nodes: &nodes,
        usage: &usage,
        node_usage: &node_usage,
        several: true,
        now: NOW,
    };
    let mut keys: HashMap<ObjectRef, Vec<SortKey>> = HashMap::new();
    if kind == Kind::Pod {
        let all: Vec<pod::Pod> = ids.iter().map(|id| some_pod(&mut dice, id.clone())).collect();
        for pod in &all {
            let own = titles.iter().map(|title| pods::rank(&lens(Some(title)), pod).key).collect();
            keys.insert(pod.id.clone(), own);
        }
        let feed = Feed::Pods("one".into(), "".into());
        let plain = lens(None);
        model.pods.apply(&feed, all.into_iter().map(Seen::Is).collect(), |pod| pods::rank(&plain, pod));
        model.pods.set_height(MANY);
    } else {
        let all: Vec<Object> = ids
            .iter()
            .enumerate()
            .map(|(nth, id)| Object {
                facts: made(&mut dice, kind, nth, &id.name),
                id: id.clone(),
                uid: "".into(),
                created: dice.at(),
                deleting: false,
                owner: None,
            })
            .collect();
        for object in &all {
            let own = titles.iter().map(|title| objects::rank(&lens(Some(title)), object).key).collect();
            keys.insert(object.id.clone(), own);
        }
        let plain = lens(None);
        let listing = model.objects.entry(kind).or_default();
        let rows = all.into_iter().map(Seen::Is).collect();
        listing.apply(&Feed::Changes, rows, |object| objects::rank(&plain, object));
        listing.set_height(MANY);
    }
    let (order, rows): (Vec<ObjectRef>, Vec<_>) = match model.listing(kind) {
        None => (model.pods.window().map(|(pod, _)| pod.id.clone()).collect(), pods::rows(&model, &titles)),
        Some(listing) => (
            listing.window().map(|(object, _)| object.id.clone()).collect(),
            objects::rows(&model, listing, &titles),
        ),
    };
    assert_eq!((order.len(), rows.len()), (MANY, MANY));
    let column = |at: usize| {
        let cells = order.iter().zip(&rows);
        cells.map(|(id, row)| (row.cells[at].text.trim().to_owned(), keys[id][at].clone())).collect()
    };
    columns.iter().enumerate().map(|(at, one)| (one, column(at))).collect()
}

/// Of `48M of 64M` the 48, its `M`, and the rest.
fn number(cell: &str) -> Option<(f64, String)> {
    let cell = cell.trim_start_matches(['~', '<', '+']);
    let end = cell
        .char_indices()
        .find(|(at, c)| !(c.is_ascii_digit() || *c == '.' || *c == ',' || (*c == '-' && *at == 0)));
    let (digits, rest) = cell.split_at(end.map_or(cell.len(), |(at, _)| at));
    Some((digits.replace(',', "").parse().ok()?, rest.to_owned()))
}

fn unknown(cell: &str) -> bool {
    matches!(cell, "" | "–" | "?" | "never" | "unknown")
}

fn lies(kind: Kind, column: &Column, rows: &[(String, SortKey)]) -> Option<String> {
    let different: BTreeSet<&str> = rows.iter().map(|(cell, _)| &**cell).collect();
    if different.len() < 2 {
        return Some(format!("shows the same of all ({different:?}): make its field up in this test"));
    }
    if MORE.contains(&(kind, column.title)) {
        return None;
    }
    if let Some((cell, key)) = rows.iter().find(|(cell, key)| unknown(cell) != (*key == SortKey::Missing)) {
        return Some(format!("what is not known is not last, or not said to be: `{cell}` sorts as {key:?}"));
    }
    if let Some((cell, key)) =
        rows.iter().find(|(cell, key)| number(cell).is_some() && matches!(key, SortKey::Text(_)))
    {
        return Some(format!("a number sorts as text: `{cell}` as {key:?}"));
    }
    let mut way = None;
    for (at, (a, x)) in rows.iter().enumerate() {
        for (b, y) in &rows[at + 1..] {
            if a == b && x != y {
                return Some(format!("sorts by something else: `{a}` twice, as {x:?} and {y:?}"));
            }
            let (SortKey::Number(n), SortKey::Number(m)) = (x, y) else {
                if a != b && x == y && !unknown(a) {
                    return Some(format!("`{a}` and `{b}` sort as the same, {x:?}"));
                }
                continue;
            };
            let (Some((p, rest)), Some((q, same))) = (number(a), number(b)) else { continue };
            if rest != same || p.total_cmp(&q).is_eq() {
                continue;
            }
            if n == m {
                return Some(format!("`{a}` and `{b}` sort as the same, {x:?}"));
            }
            let this = (p < q) == (n < m);
            if *way.get_or_insert(this) != this {
                return Some(format!("not in the order of its numbers: `{a}` and `{b}` as {n} and {m}"));
            }
        }
    }
    None
}

#[test]
fn every_column_of_every_kind_sorts_by_what_it_shows() {
    let mut all = Vec::new();
    for kind in Kind::ALL {
        for (column, rows) in table(*kind) {
            let told = lies(*kind, column, &rows);
            all.extend(told.map(|told| format!("{kind} {}: {told}", column.title)));
        }
    }
    assert!(all.is_empty(), "{} columns:\n{}", all.len(), all.join("\n"));
}
