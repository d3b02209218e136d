//! Things of every kind, made up from a few values each.
use std::time::Duration;

use firedeck::domain::Text;
use firedeck::domain::alert::{Alert, AlertFacts, AlertState, Matcher, Silence, Target};
use firedeck::domain::change::{Change, ChangeKind};
use firedeck::domain::container::{Container, ContainerState, End, Health};
use firedeck::domain::database::DatabaseFacts;
use firedeck::domain::level::Level;
use firedeck::domain::object::{
    Certificate, Condition, Configuration, CronJob, Event, Facts, Hpa, Job, Kind, Node, ObjectRef, Volume,
    Workload,
};
use firedeck::domain::pod;
use firedeck::domain::redis::RedisFacts;
use firedeck::domain::settings::limit::{Bound, Fact, FactSource, Limit, Lines};
use firedeck::domain::time::Timestamp;
use firedeck::domain::vital::{Answer, Vital};

use super::servers::{
    call, client, database, group, operation, redis_node, relation, replica, server, session, session_group,
    statement,
};
use crate::common::estate::NOW;

/// A few values again and again, so that some are alike.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides
    }

    pub(super) fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.roll(all.len())].clone()
    }

    pub(super) fn n<T: TryFrom<u32>>(&mut self) -> T {
        let n = self.of(&[0_u32, 2, 9, 30, 100]);
        T::try_from(n).ok().expect("a small number")
    }

    pub(super) fn some<T: TryFrom<u32>>(&mut self) -> Option<T> {
        if self.roll(4) == 0 { None } else { Some(self.n()) }
    }

    /// Sizes that are told apart however they are shortened.
    pub(super) fn size(&mut self) -> u64 {
        self.of(&[2, 9, 30, 100]) << 20
    }

    pub(super) fn word(&mut self) -> Text {
        self.of(&["beta", "alpha", "gamma"]).into()
    }

    pub(super) fn words(&mut self) -> Text {
        self.of(&["", "beta", "alpha", "gamma"]).into()
    }

    pub(super) fn yes(&mut self) -> bool {
        self.roll(2) == 0
    }

    pub(super) fn at(&mut self) -> Timestamp {
        Timestamp(NOW.0 - self.of(&[2, 4, 7, 11]) * 3_600_000)
    }

    pub(super) fn when(&mut self) -> Option<Timestamp> {
        if self.roll(4) == 0 { None } else { Some(self.at()) }
    }

    pub(super) fn share(&mut self) -> Option<f32> {
        self.of(&[None, Some(2.0), Some(9.0), Some(30.0), Some(100.0)])
    }

    pub(super) fn rate(&mut self) -> Option<f64> {
        self.share().map(f64::from)
    }

    pub(super) fn span(&mut self) -> Option<Duration> {
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
    let limit =
        Limit { fact: fact.clone(), document, lines: vec![Lines { from: line, to: line }], why: None };
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
pub(super) fn made(dice: &mut Dice, kind: Kind, nth: usize, name: &str) -> Facts {
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
        Kind::Volume => Facts::Volume(Volume {
            phase: dice.word(),
            size: dice.of(&["9Gi", "10Gi", "100Gi"]).into(),
            claim: dice.words(),
            class: dice.words(),
            then: dice.words(),
            message: "".into(),
        }),
        Kind::AlertGroup => unreachable!("groups keep an order of their own"),
        Kind::Alert => alert(dice),
        Kind::Silence => silence(dice),
        Kind::Target => target(dice),
        Kind::Session => Facts::Database(DatabaseFacts::Session(Box::new(session(dice, nth)))),
        Kind::SessionGroup => Facts::Database(DatabaseFacts::Group(Box::new(session_group(dice)))),
        Kind::Operation => Facts::Database(DatabaseFacts::Operation(Box::new(operation(dice, nth)))),
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

pub(super) fn some_pod(dice: &mut Dice, id: ObjectRef) -> pod::Pod {
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
        ip: None,
        deleting: None,
        phase: dice.of(&[pod::Phase::Running, pod::Phase::Pending]),
        reason: None,
        message: None,
        ready: Some(dice.yes()),
        containers: containers.into_iter().take(number).collect(),
    }
}
